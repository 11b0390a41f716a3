/** python3: files, modules and packages of the tree. */
import { compare } from './support.ts';

const program = (source: string): string =>
  `cat > "$R/main.py" <<'E'\n${source}\nE\n"$PY" main.py; "$PY" "$R/main.py" > second; rm main.py second`;

await compare('python3', [
  {
    name: 'os and shutil',
    needs: ['python3'],
    script: String.raw`cat > main.py <<'E'
import os, shutil, stat, errno
os.makedirs('a/b/c'); open('a/f','w').write('x'*10); os.symlink('f','a/l'); os.link('a/f','a/h'); os.chmod('a/f',0o640)
print(sorted(os.listdir('a')), os.readlink('a/l'), os.stat('a/f').st_nlink, oct(os.stat('a/f').st_mode), os.path.realpath('a/l'))
for e in sorted(os.scandir('a'), key=lambda e: e.name): print(e.name, e.is_dir(), e.is_symlink(), e.inode() == os.lstat(e.path).st_ino)
shutil.copytree('a','k',symlinks=True); shutil.copy2('a/f','a/g'); print(os.stat('a/g').st_mtime_ns == os.stat('a/f').st_mtime_ns); shutil.move('a/g','k/b'); print([(d,sorted(s),sorted(f)) for d,s,f in sorted(os.walk('k'))])
os.utime('a/f',ns=(123456789012345678,987654321098765432)); print(os.stat('a/f').st_mtime_ns, os.stat('a/f').st_atime_ns)
fd=os.open('a',os.O_RDONLY|os.O_DIRECTORY); print(sorted(os.listdir(fd))); f=os.open('new',os.O_CREAT|os.O_RDWR,0o600,dir_fd=fd); os.write(f,b'hello'); os.pwrite(f,b'J',0); os.lseek(f,0,0); print(os.read(f,9), os.fstat(f).st_size); os.ftruncate(f,2); os.fsync(f); os.rename('new','newer',src_dir_fd=fd,dst_dir_fd=fd); os.unlink('newer',dir_fd=fd); print(os.fstat(f).st_nlink, os.readlink('/proc/self/fd/%d'%f).rsplit('/',1)[1]); os.close(f); os.fchdir(fd); print(os.getcwd()); os.chdir('..')
for call,args in ((os.mkdir,('a',)),(os.rmdir,('a',)),(os.open,('none',0)),(os.unlink,('a',)),(os.listdir,('a/f',)),(os.rename,('a','a/b/x')),(os.readlink,('a/f',)),(os.open,('a/f/x',0)),(os.mkdir,('n'*256,)),(os.link,('a','z'))):
    try: call(*args); print('?')
    except OSError as e: print(call.__name__, errno.errorcode[e.errno])
try: os.setxattr('a/f','user.k',b'v'); print(os.getxattr('a/f','user.k'), os.listxattr('a/f')); os.removexattr('a/f','user.k')
except OSError as e: print('xattr', 'none')
r,w=os.pipe(); s=open('a/f','rb'); print(os.sendfile(w,s.fileno(),0,4), os.read(r,9)); d=open('d','wb'); print(os.copy_file_range(s.fileno(),d.fileno(),10,0)); d.close(); print(os.path.getsize('d'))
os.posix_fallocate(os.open('d',os.O_RDWR),0,5000); print(os.path.getsize('d'), shutil.disk_usage('.').total > 0, os.statvfs('.').f_namemax, shutil.which('sh') is not None); shutil.rmtree('k'); os.removedirs('a/b/c'); print(sorted(os.listdir('.')))
import mmap
with open('m','w+b') as f:
    f.truncate(8192); m=mmap.mmap(f.fileno(),0); m[0:4]=b'mmap'; m.flush(); f.seek(0); print(f.read(4)); m.close()
import fcntl; f=open('m','r+'); fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB)
if os.fork()==0:
    try: fcntl.lockf(open('m','r+'),fcntl.LOCK_EX|fcntl.LOCK_NB); os._exit(0)
    except OSError as e: os._exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
E
"$PY" main.py`,
  },
  {
    name: 'pathlib, tempfile, glob, zipfile, tarfile, shelve, json, csv',
    needs: ['python3'],
    script:
      program(String.raw`import os, pathlib, tempfile, glob, zipfile, tarfile, json, filecmp, fileinput, dbm.dumb
p=pathlib.Path('.').resolve()/'d'; p.mkdir(exist_ok=True); (p/'x.txt').write_text('é text'); (p/'y.bin').write_bytes(bytes(range(256))); (p/'s').mkdir(exist_ok=True); (p/'s'/'z.txt').touch(mode=0o600)
print(sorted(str(q.relative_to(p)) for q in p.rglob('*.txt')), (p/'x.txt').stat().st_size, (p/'s').is_dir(), (p/'x.txt').samefile('d/x.txt'), glob.glob('d/*.bin'))
(p/'x.txt').rename(p/'w.txt'); (p/'w.txt').replace(p/'y.bin'); (p/'l').symlink_to('y.bin'); print((p/'l').read_text(), (p/'l').resolve().name); (p/'l').unlink()
with tempfile.NamedTemporaryFile(dir='.') as t: t.write(b'1'); t.flush(); print(os.path.getsize(t.name), oct(os.stat(t.name).st_mode))
with tempfile.TemporaryDirectory(dir='.') as t: open(t+'/f','w').close(); print(len(os.listdir(t)))
with tempfile.TemporaryFile(dir='.') as t: t.write(b'abc'); t.seek(0); print(t.read(), os.fstat(t.fileno()).st_nlink)
os.environ['TMPDIR']=str(p); tempfile.tempdir=None; print(tempfile.gettempdir()==str(p)); fd,name=tempfile.mkstemp(); os.close(fd); os.unlink(name)
with zipfile.ZipFile('z.zip','w') as z: z.writestr('in/a','A'*1000); z.write('d/y.bin')
with zipfile.ZipFile('z.zip') as z: print(z.namelist(), z.testzip()); z.extractall('unz')
print(filecmp.cmp('unz/d/y.bin','d/y.bin')); os.unlink('z.zip')
with tarfile.open('t.tar.gz','w:gz') as t: t.add('d')
with tarfile.open('t.tar.gz') as t: print(sorted(t.getnames()))
os.unlink('t.tar.gz'); db=dbm.dumb.open('db','c'); db['k']='v'; db.close(); print(dbm.dumb.open('db')['k'])
with open('lines','w',buffering=1) as f: f.write('1\n2\n3\n')
for line in fileinput.input('lines',inplace=True): print(line.strip()+'!')
print(open('lines').read(), sorted(os.listdir('.')))`),
  },
  {
    name: 'modules and packages of the tree, byte code, zipimport, subprocess, multiprocessing',
    needs: ['python3'],
    script: String.raw`unset PYTHONDONTWRITEBYTECODE
mkdir -p lib/pkg/sub; echo 'from .sub import deep; from . import data; name = __name__; here = __file__' > lib/pkg/__init__.py; echo 'value = 42' > lib/pkg/sub/deep.py; : > lib/pkg/sub/__init__.py; echo 'import importlib.resources as r; text = r.files(__package__).joinpath("d.txt").read_text()' > lib/pkg/data.py; printf resource > lib/pkg/d.txt; echo 'print("as main", __name__)' > lib/pkg/__main__.py
cat > run.py <<'E'
#!/usr/bin/env python3
import sys; sys.path.insert(0, sys.path[0] + '/lib'); import pkg; print(pkg.name, pkg.here, pkg.deep.value, pkg.data.text, __file__, sys.argv)
E
"$PY" run.py a; "$PY" "$R/run.py" b; ls lib/pkg/__pycache__ | wc -l; "$PY" run.py c; PYTHONPATH=lib "$PY" -m pkg; PYTHONPATH=$R/lib "$PY" -c 'import pkg.sub.deep as d; print(d.__file__)'; touch lib/pkg/d.txt; (cd lib && "$PY" -m zipfile -c ../p.zip pkg/); PYTHONPATH=p.zip "$PY" -m pkg; rm p.zip; find . -name __pycache__ -exec rm -r {} +; export PYTHONDONTWRITEBYTECODE=1
cat > mp.py <<'E'
import multiprocessing as mp, subprocess, os, concurrent.futures as cf, threading
def work(n):
    open(f'w{n}','w').write(str(n)); return n*n
if __name__ == '__main__':
    for how in ('fork','spawn'):
        with mp.get_context(how).Pool(3) as p: print(p.map(work, range(8)))
    print(subprocess.run(['cat','w3'],capture_output=True,text=True).stdout, subprocess.check_output('cat w4; pwd',shell=True,text=True)); print(subprocess.run(['sh','-c','echo $PWD; cat w5'],cwd='lib/..',stdout=open('o','w')).returncode, open('o').read()); os.mkdir('c'); print(subprocess.run(['pwd','-P'],cwd='c',capture_output=True,text=True).stdout, subprocess.run(['ls'],cwd='c',env={},close_fds=True).returncode)
    print(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn('/bin/cat',['cat','w6'],os.environ,file_actions=[(os.POSIX_SPAWN_OPEN,1,'sp',os.O_CREAT|os.O_WRONLY,0o644)]),0)[1]), open('sp').read(), os.system('cat w7 > sy'), os.popen('cat sy').read())
    with cf.ThreadPoolExecutor(8) as e: print(sum(e.map(work, range(200))))
    print(len([n for n in os.listdir('.') if n[0]=='w']))
E
"$PY" mp.py; rm w* o`,
    limitMs: 60_000,
  },
]);
