"""listing.py DIR: listings that change the directory as they go."""
import ctypes, os, struct, sys

top = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)


def fresh(name, count=300):
    path = f'{top}/{name}'
    os.mkdir(path)
    for i in range(count):
        open(f'{path}/f{i}', 'w').close()
    return path


def entries(fd, size):
    """Names from getdents64(2) with a buffer of `size` bytes, as (name, d_off), the dots left out."""
    buffer = ctypes.create_string_buffer(size)
    while True:
        n = libc.syscall(217 if os.uname().machine == 'x86_64' else 61, fd, buffer, size)
        if n <= 0:
            return
        at = 0
        while at < n:
            offset, length = struct.unpack_from('=qH', buffer.raw, at + 8)
            name = buffer.raw[at + 19:at + length].split(b'\0', 1)[0].decode()
            at += length
            if name not in ('.', '..'):
                yield name, offset


for size in (80, 1024, 32768):
    d = fresh(f'rename{size}')
    fd = os.open(d, os.O_RDONLY)
    seen = []
    for name, _ in entries(fd, size):
        seen.append(name)
        os.rename(f'{d}/{name}', f'{d}/r-{name}')
    print('rename', size, len(seen), len(set(seen)), len(os.listdir(d)), all(not n.startswith('r-') for n in seen))
    os.lseek(fd, 0, os.SEEK_SET)
    print('rewind', len(list(entries(fd, size))))

d = fresh('create')
print('create', len([open(f'{d}/new-{e.name}', 'w').close() for e in os.scandir(d)]), len(os.listdir(d)))
d = fresh('link')
print('link', len([os.link(e.path, f'{d}/l-{e.name}') for e in os.scandir(d)]), len(os.listdir(d)))
d = fresh('remove')
print('remove', len([os.unlink(e.path) for e in os.scandir(d)]), os.listdir(d))

d = fresh('two')
one, two = os.open(d, os.O_RDONLY), os.open(d, os.O_RDONLY)
first, second = entries(one, 80), entries(two, 4096)
a = [next(first)[0] for _ in range(50)]
open(f'{d}/late', 'w').close()
b = [name for name, _ in second]
a += [name for name, _ in first]
print('two readers', len(a), 'late' in a, len(set(a)))
fd = os.open(d, os.O_RDONLY)
listed = list(entries(fd, 32768))
os.lseek(fd, listed[99][1], os.SEEK_SET)
print('seek', [name for name, _ in entries(fd, 32768)] == [name for name, _ in listed[100:]])
