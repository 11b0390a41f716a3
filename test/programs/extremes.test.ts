/** Deep trees, long and strange names, long paths, full directories, large sparse files, a quota. */
import { compare } from './support.ts';

await compare('extremes', [
  {
    name: '400 levels deep',
    needs: ['python3', 'find'],
    script: String.raw`
"$PY" -c "
import os
for i in range(400): os.mkdir('d'); os.chdir('d')
open('leaf','w').write('deep'); print(len(os.getcwd()) - len(os.environ['R']))"
p=$(printf 'd/%.0s' $(seq 400)); cat "${'$'}{p}leaf"; find . -name leaf | wc -c; du -a | wc -l; ls -R | wc -l; cp -r d e; diff -r d e; cd "$p"; pwd | wc -c; echo up > ../up; cd "$R"; tar --sort=name -cf t.tar d; tar tf t.tar | wc -l; rm -rf d e; tar xf t.tar; find d -type d | wc -l; rm -rf d t.tar; mkdir -p "$p"; (cd "$p"; cd ..; rmdir d; ls); rm -r d; ls | wc -l`,
  },
  {
    name: 'names of 255 bytes, with newlines, of no valid UTF-8',
    needs: ['python3', 'find'],
    script: String.raw`
n=$(printf 'n%.0s' $(seq 255)); echo long > "$n"; cat "$n"; mv "$n" x; ln x "$n"; touch "${'$'}{n}n" 2>&1 | tail -c 19; mkdir "d$n" 2>&1 | tail -c 19; touch -- $'new\nline' ' lead' 'trail ' '-dash' $'tab\t' $'bad\xff\xfe' $'\x80' 'ünï' '"quote"' 'back\slash' '*?[' $'\x01'; ls -1b | tail -n +2; find . -print0 | sort -z | md5sum; ls | od -c | tail -1; for f in *; do cat -- "$f" > /dev/null; done; cp -a . ../copy-$$ 2>/dev/null && rm -rf ../copy-$$; "$PY" -c "
import os
for n in sorted(os.listdir(b'.')): os.rename(n, n + b'~' if len(n) < 255 else n); 
print(sorted(os.listdir(b'.'))); os.symlink(b'\xff\n', b'l\xfe'); print(os.readlink(b'l\xfe')); print([os.fsencode(n) for n in sorted(os.listdir('.'))] == sorted(os.listdir(b'.')))
os.mkdir(b'\xc3\x28'); os.chdir(b'\xc3\x28'); print(os.getcwdb()[-2:]); open(b'\xed\xa0\x80', 'w').close()"; tar --sort=name -cf - . | tar tf - | wc -l; find . -name $'*\n*' | wc -l`,
  },
  {
    name: 'paths of 4095 bytes and more',
    needs: ['python3'],
    script: String.raw`cat > p.py <<'E'
import os, errno
root = os.environ['R']; part = 'p' * 200; at = root
while len(at) + 201 < 4000: at += '/' + part; os.mkdir(at)
for total in (4094, 4095, 4096, 4097):
    path = at + '/' + 'f' * (total - len(at) - 1)
    for call in (lambda: os.close(os.open(path, os.O_CREAT | os.O_RDWR)), lambda: os.stat(path), lambda: os.rename(path, path), lambda: os.unlink(path)):
        try: call(); print(total, 'ok')
        except OSError as e: print(total, errno.errorcode[e.errno])
slashes = root + '/' * (4095 - len(root) - 4) + 'p.py'
for p in (slashes, '/' + slashes, './' * 2000 + 'p.py', './' * 2046 + 'p.py', 'none/../p.py'):
    try: print(os.path.getsize(p) > 0)
    except OSError as e: print(errno.errorcode[e.errno])
os.chdir(at)
for i in range(5): os.mkdir(part); os.chdir(part)
open('far', 'w').write('x'); print(os.listdir('.'))
try: print(len(os.getcwd()) > 4096)
except OSError as e: print(errno.errorcode[e.errno])
for l in (4095, 4096):
    try: os.symlink('t' * l, 'l%d' % l); print(len(os.readlink('l%d' % l)))
    except OSError as e: print(errno.errorcode[e.errno])
E
"$PY" p.py; rm -rf p*; ls -A | wc -l`,
  },
  {
    name: '20 000 files in one directory',
    needs: ['python3', 'find'],
    script: String.raw`
"$PY" -c "
for i in range(20000): open('f%d' % i, 'w').close()"
ls | wc -l; find . -type f | sort | md5sum; "$PY" -c "
import os
print(len(set(os.listdir('.'))), sum(e.stat().st_size for e in os.scandir('.')))
d = os.scandir('.'); n = 0
for e in d: n += 1; os.unlink(e.path)
print(n, len(os.listdir('.')))"; ls -A | wc -l`,
    limitMs: 120_000,
  },
  {
    name: 'a sparse file of 1 GiB',
    needs: ['python3'],
    script: String.raw`
truncate -s 1G s; stat -c '%s %b' s; printf x | dd of=s bs=1 seek=500000000 conv=notrunc status=none; stat -c '%s %b' s; "$PY" -c "
import os
f = os.open('s', os.O_RDWR); print(os.lseek(f, 0, os.SEEK_DATA), os.lseek(f, 500000000, os.SEEK_HOLE)); os.pwrite(f, b'end', (1 << 32) + 5); print(os.fstat(f).st_size, os.pread(f, 3, (1 << 32) + 5)); os.ftruncate(f, 1 << 30)
import mmap; m = mmap.mmap(f, 1 << 30); m[(1 << 30) - 1] = 7; print(m[500000000]); m.close()"
cp --sparse=always s c; stat -c '%s' c; du c | cut -f1; cmp -n 1000000 -i 499500000 s c && echo same; fallocate -l 1M a; stat -c '%s %b' a; fallocate -p -o 0 -l 64K a; stat -c '%s %b' a; rm s c; ls`,
    limitMs: 60_000,
  },
]);
