/** Access rules as tables; model.test.ts compares them with the kernel in random operations if run as root. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { constants as C, type Caller, type FsView } from '../../core/index.ts';
import { outcome, setup } from './fixture.ts';

const OWNER: Caller = { pid: 1, uid: 1000, gid: 1000, umask: 0 };
const MATE: Caller = { pid: 2, uid: 1001, gid: 1001, groups: [1000], umask: 0 };
const OTHER: Caller = { pid: 3, uid: 1002, gid: 1002, umask: 0 };
const WHO = { owner: OWNER, mate: MATE, other: OTHER };
type Who = keyof typeof WHO;

const at = (path: string) => ({ path });
const RW = C.R_OK | C.W_OK;

/** /d and its files belong to OWNER; each file is named for its mode. */
function scene() {
  const { core, view: root } = setup({ owner: { uid: 0, gid: 0 } });
  root.chmod(at('/'), 0o777);
  const views = Object.fromEntries(
    Object.entries(WHO).map(([name, who]) => [name, core.view('main', who)]),
  ) as Record<Who, FsView>;
  for (const [path, mode] of [
    ['/open', 0o755],
    ['/private', 0o700],
    ['/sticky', 0o1777],
    ['/group', 0o2775],
    ['/blind', 0o711],
  ] as const) {
    views.owner.mkdir(at(path), 0o777);
    views.owner.chmod(at(path), mode);
    for (const name of ['600', '640', '644', '755']) {
      const file = at(`${path}/${name}`);
      views.owner.openLocal(file, C.O_CREAT | C.O_WRONLY, Number.parseInt(name, 8));
    }
  }
  return { ...views, root };
}

type Views = ReturnType<typeof scene>;

const ACCESS: [path: string, mode: number, owner: string, mate: string, other: string][] = [
  ['/open/600', C.R_OK, 'ok', 'EACCES', 'EACCES'],
  ['/open/640', C.R_OK, 'ok', 'ok', 'EACCES'],
  ['/open/640', C.W_OK, 'ok', 'EACCES', 'EACCES'],
  ['/open/644', RW, 'ok', 'EACCES', 'EACCES'],
  ['/open/644', C.F_OK, 'ok', 'ok', 'ok'],
  ['/open/755', C.X_OK, 'ok', 'ok', 'ok'],
  ['/open/644', C.X_OK, 'EACCES', 'EACCES', 'EACCES'],
  ['/private/644', C.F_OK, 'ok', 'EACCES', 'EACCES'],
  ['/private/none', C.F_OK, 'ENOENT', 'EACCES', 'EACCES'],
  ['/blind/644', C.R_OK, 'ok', 'ok', 'ok'],
];

const Permission = suite('permission');

for (const [path, mode, ...expect] of ACCESS)
  Permission(`access ${path} ${mode}`, () => {
    const views = scene();
    const got = (['owner', 'mate', 'other'] as const).map((who) =>
      outcome(() => views[who].access(at(path), mode)),
    );
    assert.equal(got, expect);
  });

const ACTS: [name: string, act: (view: FsView) => unknown, owner: string, mate: string, other: string][] = [
  ['list a searchable directory', (v) => v.readdir(at('/blind')), 'ok', 'EACCES', 'EACCES'],
  ["create in another's", (v) => v.mkdir(at('/open/n')), 'ok', 'EACCES', 'EACCES'],
  ['create by group', (v) => v.mkdir(at('/group/n')), 'ok', 'ok', 'EACCES'],
  ['unlink in sticky', (v) => v.unlink(at('/sticky/644')), 'ok', 'EPERM', 'EPERM'],
  ['rename in sticky', (v) => v.rename(at('/sticky/644'), at('/sticky/n')), 'ok', 'EPERM', 'EPERM'],
  ['unlink by group', (v) => v.unlink(at('/group/600')), 'ok', 'ok', 'EACCES'],
  ['chmod', (v) => v.chmod(at('/open/644'), 0o600), 'ok', 'EPERM', 'EPERM'],
  ['give away', (v) => v.chown(at('/open/644'), 1001, -1), 'EPERM', 'EPERM', 'EPERM'],
  ["change to a group of one's own", (v) => v.chown(at('/open/644'), -1, 1000), 'ok', 'EPERM', 'EPERM'],
  ['change to a foreign group', (v) => v.chown(at('/open/644'), -1, 5), 'EPERM', 'EPERM', 'EPERM'],
  ['touch what one may write', (v) => v.utimens(at('/sticky'), 'now', 'now'), 'ok', 'ok', 'ok'],
  ['touch what one may not', (v) => v.utimens(at('/open/644'), 'now', 'now'), 'ok', 'EACCES', 'EACCES'],
  ['set times', (v) => v.utimens(at('/sticky'), 'omit', { sec: 1, nsec: 0 }), 'ok', 'EPERM', 'EPERM'],
  ['truncate', (v) => v.truncate(at('/open/644'), 0), 'ok', 'EACCES', 'EACCES'],
  ['open to write', (v) => v.open(at('/open/644'), C.O_RDWR), 'ok', 'EACCES', 'EACCES'],
  ['open to truncate', (v) => v.open(at('/open/644'), C.O_TRUNC), 'ok', 'EACCES', 'EACCES'],
  ['open without access time', (v) => v.open(at('/open/644'), C.O_NOATIME), 'ok', 'EPERM', 'EPERM'],
  ['set an attribute', (v) => v.setxattr(at('/open/644'), 'user.a', Buffer.of(1)), 'ok', 'EACCES', 'EACCES'],
  [
    'set a trusted one',
    (v) => v.setxattr(at('/open/644'), 'trusted.a', Buffer.of(1)),
    'EPERM',
    'EPERM',
    'EPERM',
  ],
  ['read a trusted one', (v) => v.getxattr(at('/open/644'), 'trusted.a'), 'ENODATA', 'ENODATA', 'ENODATA'],
];

for (const [name, act, ...expect] of ACTS)
  Permission(name, () => {
    const got = (['owner', 'mate', 'other'] as const).map((who) => {
      const views: Views = scene();
      return outcome(() => act(views[who]));
    });
    assert.equal(got, expect);
  });

Permission('root may do everything but execute a file without an x bit', () => {
  const { root } = scene();
  for (const path of ['/private/600', '/open/600']) root.access(at(path), RW);
  assert.is(
    outcome(() => root.access(at('/open/644'), C.X_OK)),
    'EACCES',
  );
  root.access(at('/private'), RW | C.X_OK);
});

Permission('new files are masked by the umask, and inherit the group of setgid directories', () => {
  const { core, view: root } = setup({ owner: { uid: 0, gid: 0 } });
  root.chmod(at('/'), 0o777);
  const view = core.view('main', { ...OWNER, umask: 0o027 });
  const { mode } = view.mkdir(at('/d'), 0o777);
  assert.is(mode & 0o7777, 0o750);
  root.mkdir(at('/g'));
  root.chown(at('/g'), 1000, 77);
  root.chmod(at('/g'), 0o2777);
  const sub = view.mkdir(at('/g/d'));
  const file = view.open(at('/g/f'), C.O_CREAT, 0o666).attr;
  assert.equal([sub.gid, sub.mode & 0o7777, file.gid, file.mode & 0o7777], [77, 0o2750, 77, 0o640]);
  assert.equal([file.uid, view.symlink('x', at('/l')).mode & 0o777], [1000, 0o777]);
});

Permission('a changed owner or a foreign write takes setuid away', () => {
  const { root, owner, other } = scene();
  const mode = () => root.stat(at('/open/755')).mode & 0o7777;
  root.chmod(at('/open/755'), 0o6757);
  other.write(root.stat(at('/open/755')).ino, Buffer.from('x'), 0, 1, 0);
  assert.is(mode(), 0o757);
  root.chmod(at('/open/755'), 0o6755);
  root.chown(at('/open/755'), 1000, 1000);
  assert.is(mode(), 0o755);
  owner.chown(at('/open/755'), -1, -1);
});

Permission.run();
