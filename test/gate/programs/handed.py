"""handed.py DIR: names by way of our own descriptors, and descriptors handed over by another process."""
import array, ctypes, os, socket, struct, sys

top = sys.argv[1]
os.makedirs(f'{top}/d')
with open(f'{top}/f', 'w') as out:
    out.write('text')
d = os.open(f'{top}/d', os.O_RDONLY)
for base in (f'/proc/self/fd/{d}', f'/dev/fd/{d}', f'/proc/{os.getpid()}/fd/{d}'):
    os.mkdir(f'{base}/sub')
    os.symlink('target', f'{base}/link')
    os.mkfifo(f'{base}/fifo')
    os.link(f'{top}/f', f'{base}/hard')
    os.rename(f'{base}/hard', f'{base}/moved')
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(f'{base}/socket')
    print(sorted(os.listdir(f'{top}/d')), os.readlink(f'{base}/link'), open(f'{base}/moved').read())
    for name in ('link', 'fifo', 'moved', 'socket'):
        os.unlink(f'{base}/{name}')
    os.rmdir(f'{base}/sub')
    print(os.listdir(f'{top}/d'))
os.chdir(f'{top}/d')
os.mkdir('/proc/self/cwd/sub')
print(os.listdir('.'), os.path.exists(f'{top}/d/sub'))

one, two = socket.socketpair()
if os.fork() == 0:
    socket.send_fds(one, [b'x'], [os.open(f'{top}/d', os.O_RDONLY), os.open(f'{top}/f', os.O_RDWR)])
    os._exit(0)
os.wait()
data, fds, _, _ = socket.recv_fds(two, 1, 2)
print(os.listdir(fds[0]), os.stat('sub', dir_fd=fds[0]).st_ino == os.stat(f'{top}/d/sub').st_ino)
os.fchmod(fds[1], 0o640)
os.ftruncate(fds[1], 2)
print(oct(os.stat(f'{top}/f').st_mode), os.stat(f'{top}/f').st_size, os.fstat(fds[1]).st_ino == os.stat(f'{top}/f').st_ino)

PIDFD_OPEN, PIDFD_GETFD = 434, 438
libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(PIDFD_OPEN, os.getpid(), 0)
copy = libc.syscall(PIDFD_GETFD, pidfd, d, 0)
print(copy >= 0 and os.listdir(copy))
