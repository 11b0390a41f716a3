/** Errors and identities that random operations are unlikely to cover. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { constants as C, decodePath, type FsView, MountExit } from '../../core/index.ts';
import { names, outcome, plant, put, setup } from './fixture.ts';

const LONG_NAME = 'n'.repeat(256);
const TREE = ['/f', '/d/', '/d/x', '/e/'];
const at = (path: string) => ({ path });

const ROWS: [name: string, act: (view: FsView) => unknown, code: string][] = [
  ['empty path', (v) => v.stat(at('')), 'ENOENT'],
  ['unknown directory inode', (v) => v.stat({ dir: 999, path: 'x' }), 'ENOENT'],
  ['a file as directory inode', (v) => v.stat({ dir: v.stat(at('/f')).ino, path: 'x' }), 'ENOTDIR'],
  ['long name', (v) => v.mkdir(at(`/${LONG_NAME}`)), 'ENAMETOOLONG'],
  ['long name in bytes', (v) => v.mkdir(at(`/${'é'.repeat(128)}`)), 'ENAMETOOLONG'],
  ['longest name', (v) => v.mkdir(at(`/${LONG_NAME.slice(1)}`)), 'ok'],
  ['long path', (v) => v.stat(at('/d/..'.repeat(820))), 'ENAMETOOLONG'],
  ['longest path', (v) => v.stat(at('/d/..'.repeat(819))), 'ok'],
  ['exchange with nothing', (v) => v.rename(at('/f'), at('/none'), C.RENAME_EXCHANGE), 'ENOENT'],
  ['exchange of parent and child', (v) => v.rename(at('/d'), at('/d/x'), C.RENAME_EXCHANGE), 'EINVAL'],
  ['exchange of child and parent', (v) => v.rename(at('/d/x'), at('/d'), C.RENAME_EXCHANGE), 'EINVAL'],
  ['exchange of file and directory', (v) => v.rename(at('/f'), at('/d'), C.RENAME_EXCHANGE), 'ok'],
  ['no replace', (v) => v.rename(at('/f'), at('/e'), C.RENAME_NOREPLACE), 'EEXIST'],
  ['no replace, free', (v) => v.rename(at('/f'), at('/n'), C.RENAME_NOREPLACE), 'ok'],
  ['both flags', (v) => v.rename(at('/f'), at('/n'), 3), 'EINVAL'],
  ['unknown flag', (v) => v.rename(at('/f'), at('/n'), 8), 'EINVAL'],
  ['device node', (v) => v.mknod(at('/n'), C.S_IFCHR | 0o600, 0x103), 'ok'],
  [
    'open of a device',
    (v) => {
      v.mknod(at('/n'), C.S_IFBLK | 0o600, 0x700);
      v.open(at('/n'), 0);
    },
    'ENXIO',
  ],
  ['directory node', (v) => v.mknod(at('/n'), C.S_IFDIR | 0o700), 'EPERM'],
  ['socket node', (v) => v.mknod(at('/n'), C.S_IFSOCK | 0o700), 'ok'],
  ['empty link', (v) => v.symlink('', at('/n')), 'ENOENT'],
  ['long link', (v) => v.symlink('x'.repeat(4096), at('/n')), 'ENAMETOOLONG'],
  ['negative length', (v) => v.truncate(at('/f'), -1), 'EINVAL'],
  ['length of a directory', (v) => v.truncate(at('/d'), 0), 'EISDIR'],
  ['xattr without namespace', (v) => v.setxattr(at('/f'), 'plain', Buffer.of(1)), 'ENOTSUP'],
  ['xattr without name', (v) => v.setxattr(at('/f'), 'user.', Buffer.of(1)), 'ENOTSUP'],
  ['xattr that is not there', (v) => v.getxattr(at('/f'), 'user.a'), 'ENODATA'],
  ['xattr removed that is not there', (v) => v.removexattr(at('/f'), 'user.a'), 'ENODATA'],
  ['xattr replaced', (v) => v.setxattr(at('/f'), 'user.a', Buffer.of(1), C.XATTR_REPLACE), 'ENODATA'],
  [
    'xattr created twice',
    (v) => {
      v.setxattr(at('/f'), 'user.a', Buffer.of(1), C.XATTR_CREATE);
      v.setxattr(at('/f'), 'user.a', Buffer.of(1), C.XATTR_CREATE);
    },
    'EEXIST',
  ],
  ['xattr too large', (v) => v.setxattr(at('/f'), 'user.a', Buffer.alloc(65537)), 'E2BIG'],
  ['xattr name too long', (v) => v.setxattr(at('/f'), `user.${LONG_NAME}`, Buffer.of(1)), 'ERANGE'],
  ['times out of range', (v) => v.utimens(at('/f'), { sec: 0, nsec: 1e9 }, 'omit'), 'EINVAL'],
  ['read a directory', (v) => v.readFile(v.stat(at('/d')).ino), 'EISDIR'],
  ['list a file', (v) => v.readdir(at('/f')), 'ENOTDIR'],
  ['read what is no link', (v) => v.readlink(at('/f')), 'EINVAL'],
  ['remove the root', (v) => v.rmdir(at('/')), 'EBUSY'],
  ['move the root', (v) => v.rename(at('/'), at('/d/r')), 'EBUSY'],
  [
    'forty links',
    (v) => {
      v.symlink('f', at('/l1'));
      for (let i = 2; i <= 40; i++) v.symlink(`l${i - 1}`, at(`/l${i}`));
      v.stat(at('/l40'));
    },
    'ok',
  ],
  [
    'forty-one links',
    (v) => {
      v.symlink('f', at('/l1'));
      for (let i = 2; i <= 41; i++) v.symlink(`l${i - 1}`, at(`/l${i}`));
      v.stat(at('/l41'));
    },
    'ELOOP',
  ],
  [
    'a name in a removed directory',
    (v) => {
      const { ino } = v.stat(at('/e'));
      v.rmdir(at('/e'));
      v.mkdir({ dir: ino, path: 'x' });
    },
    'ENOENT',
  ],
  [
    'a removed directory by number',
    (v) => {
      const { ino } = v.stat(at('/e'));
      v.rmdir(at('/e'));
      assert.is(v.stat({ dir: ino, path: '' }).nlink, 0);
      assert.is(v.stat({ dir: ino, path: '..' }).ino, 1);
      assert.equal(v.readdir({ dir: ino, path: '' }), []);
    },
    'ok',
  ],
];

const Errors = suite('errors');

for (const [name, act, code] of ROWS)
  Errors(name, () => {
    const { view } = setup();
    plant(view, TREE);
    assert.is(
      outcome(() => act(view)),
      code,
    );
  });

Errors("carry code, number, operation and path, as Node's do", () => {
  const { view } = setup();
  try {
    view.rename({ path: '/a' }, { path: '/b' });
    assert.unreachable();
  } catch (error) {
    const { code, errno, syscall, path, dest, message } = error as NodeJS.ErrnoException & { dest: string };
    assert.equal([code, errno, syscall, path, dest], ['ENOENT', -2, 'rename', '/a', '/b']);
    assert.is(message, "ENOENT: no such file or directory, rename '/a' -> '/b'");
  }
});

Errors('inode numbers are never used again', () => {
  const { view } = setup();
  const seen = new Set<number>();
  for (let i = 0; i < 100; i++) {
    const ino = put(view, '/f', 'x');
    assert.not(seen.has(ino));
    seen.add(ino);
    view.unlink({ path: '/f' });
  }
});

Errors('names that are not UTF-8 are names', () => {
  const { view } = setup();
  const name = decodePath(Buffer.from('ff00fe'.replace('00', '41'), 'hex'));
  put(view, `/${name}`, 'x');
  put(view, `/${decodePath(Buffer.from('ff41', 'hex'))}`, 'y');
  assert.is(names(view, '/').length, 2);
  assert.is(view.realpath({ path: `//${name}` }), `/${name}`);
});

// Mounts: paths outside are the real system's.

const EXITS: [path: string, exit: string][] = [
  ['/', '/'],
  ['/x/y', '/x/y'],
  ['/proj', '/proj'],
  ['/proj/other/f', '/proj/other/f'],
  ['/proj/v/..', '/proj'],
  ['/proj/v/../other/./g/', '/proj/other/./g/'],
  ['/proj/v/d/../../../etc/passwd', '/etc/passwd'],
  ['/proj/v/abs', '/etc/hosts'],
  ['/proj/v/absdir/hosts', '/etc/hosts'],
  ['/proj/v/up/z', '/proj/z'],
];
const STAYS = [
  '/proj/v',
  '/proj/v/',
  '/proj/v/../v/f',
  '/proj/../proj/v/f',
  '/proj/v/../../proj/v/d/../f',
  '/proj/v/back',
];

const Mounts = suite('mounts');

function mounted() {
  const made = setup({ mounts: ['/proj/v', '/w'] });
  plant(made.view, ['/proj/v/d/', '/proj/v/f']);
  made.view.symlink('/etc/hosts', { path: '/proj/v/abs' });
  made.view.symlink('/etc', { path: '/proj/v/absdir' });
  made.view.symlink('..', { path: '/proj/v/up' });
  made.view.symlink('/w/../proj/v/f', { path: '/proj/v/back' });
  return made;
}

for (const [path, exit] of EXITS)
  Mounts(`${path} leads out to ${exit}`, () => {
    const { view } = mounted();
    try {
      view.stat({ path });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, MountExit);
      assert.is((error as MountExit).path, exit);
    }
  });

for (const path of STAYS)
  Mounts(`${path} stays inside`, () => {
    assert.is(mounted().view.stat({ path }).type.length > 0, true);
  });

Mounts('roots can be neither removed, moved nor hidden', () => {
  const { core, view } = mounted();
  for (const act of [
    () => view.rmdir({ path: '/w' }),
    () => view.rename({ path: '/w' }, { path: '/proj/v/w' }),
    () => core.hide('main', '/w'),
  ])
    assert.is(outcome(act), 'EBUSY');
});

Mounts('making something outside is for the real filesystem', () => {
  const { view } = mounted();
  assert.throws(
    () => view.mkdir({ path: '/proj/new' }),
    (error: unknown) => error instanceof MountExit,
  );
});

Mounts('outside does not exist for in-process users', () => {
  const { core } = mounted();
  assert.not(core.fs.existsSync('/etc/hosts'));
  assert.throws(() => core.fs.readFileSync('/etc/hosts'), /ENOENT/);
});

Errors.run();
Mounts.run();
