"""openat2.py DIR: openat2(2) in every combination below DIR, one line a call; then what is there."""
import ctypes, errno, itertools, os, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
OPENAT2 = 437
AT_FDCWD = -100


def openat2(dirfd, path, flags, mode, resolve, extra=b''):
    how = struct.pack('QQQ', flags, mode, resolve) + extra
    fd = libc.syscall(OPENAT2, dirfd, path.encode(), how, len(how))
    if fd < 0:
        return errno.errorcode[ctypes.get_errno()]
    try:
        if os.path.isdir(f'/proc/self/fd/{fd}'):
            return 'dir ' + ('' if flags & os.O_PATH else ' '.join(sorted(os.listdir(fd))))
        data = '' if flags & (os.O_PATH | os.O_WRONLY) else os.read(fd, 20).decode()
        return f'ok {data} {os.fstat(fd).st_size}'
    finally:
        os.close(fd)


def prepare(top):
    os.makedirs(f'{top}/a/b')
    for name in ('f', 'a/g', 'a/b/h'):
        with open(f'{top}/{name}', 'w') as out:
            out.write(name)
    for target, name in (('a', 'link'), ('a/b/h', 'deep'), ('../f', 'a/up'), ('../../..', 'a/out'), ('loop', 'loop'),
                         ('/f', 'absolute'), ('/etc', 'etc'), ('nowhere', 'dangling')):
        os.symlink(target, f'{top}/{name}')


top = sys.argv[1]
prepare(top)
dirfd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
paths = ['f', './f', 'a/../f', 'a', 'a/', 'f/', 'link', 'link/', 'link/g', 'deep', 'a/up', 'a/out/x', '../x', 'a/../../x', 'loop', 'absolute',
         'etc/none', 'dangling', 'none', 'none/x', 'f/x', '', '.', '..', 'link/../f', 'a/b/../../link/b/h']
for resolve, path in itertools.product((0, 4, 8, 16, 12, 20, 1, 2), paths):
    if resolve in (0, 1, 2, 4) and path in ('absolute', '..', '../x', 'a/../../x', 'a/out/x'):
        continue  # leads out, where the two trees differ
    for flags in (os.O_RDONLY, os.O_RDONLY | os.O_NOFOLLOW, os.O_PATH, os.O_DIRECTORY):
        print(path, flags, resolve, openat2(dirfd, path, flags, 0, resolve))
for path, flags, mode, resolve in (('new', 0o101, 0o640, 0), ('a/new', 0o101, 0o600, 8), ('link/new2', 0o101, 0o600, 8), ('dangling', 0o101, 0o600, 8),
                                   ('dangling', 0o301, 0o600, 8), ('link/new3', 0o101, 0o600, 4), ('/rooted', 0o101, 0o600, 16), ('x', 0, 0o600, 0),
                                   ('x', 0o101, 0o1234567, 0), ('f', 1 << 40, 0, 0), ('f', 0, 0, 1 << 40), ('f', 0, 0, 24)):
    print(path, flags, mode, resolve, openat2(dirfd, path, flags, mode, resolve))
print('larger', openat2(dirfd, 'f', 0, 0, 0, bytes(8)), openat2(dirfd, 'f', 0, 0, 0, b'\1' + bytes(7)))
how = struct.pack('QQ', 0, 0)
print('small', libc.syscall(OPENAT2, dirfd, b'f', how, 16), errno.errorcode[ctypes.get_errno()])
for path in ('f', 'link/g', 'none'):
    print('by path', path, openat2(AT_FDCWD, f'{top}/{path}', 0, 0, 0))
print(sorted(os.listdir(top)), sorted(os.listdir(f'{top}/a')))
