/** Two watchers of one path in two branches: each is notified of changes in its own view, and of nothing else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SELF } from '../support/self.ts';
import { TestSession } from '../support/session.ts';
import { Talker } from './talker.ts';
import { watchscript } from './transcript.ts';

const branches = suite('inotify: branches');
const session = await TestSession.open();
session.core.createBranch('try');
const program = watchscript();
const start = (branch: string): Talker =>
  new Talker(session.start(program, ['/v', '/dev/shm'], { branch }).child);
/** Without reads: a file copied up from another branch is notified there as read. */
const CHANGES = 'MODIFY|ATTRIB|CREATE|DELETE|MOVE|DELETE_SELF|MOVE_SELF|CLOSE_WRITE';
let scripts = 0;

/** Both watch the directory of a script, which has a file `f`, a directory `d` and `d/g`. */
async function both(mask = CHANGES): Promise<{ main: Talker; other: Talker; base: string }> {
  const name = `b${scripts++}`;
  const base = `/v/${name}`;
  const [main, other] = [start('main'), start('try')];
  const view = session.core.view('main', SELF);
  view.mkdir({ path: base });
  view.mknod({ path: `${base}.fence` }, 0o100644);
  for (const talker of [main, other]) await talker.say(`again ${name}`);
  await main.say('put @/f x', 'mkdir @/d', 'put @/d/g y');
  const places = { w: '@', f: '@/f', d: '@/d' };
  const watches = Object.entries(places).map(([name, path]) => `watch ${name} ${path} ${mask}`);
  for (const talker of [main, other]) assert.equal(await talker.say(...watches), ['new', 'new', 'new']);
  return { main, other, base };
}
async function end(...talkers: readonly Talker[]): Promise<void> {
  await Promise.all(talkers.map((one) => one.end()));
}

branches.after(() => session.close());

branches('a creation in one branch does not notify the other', async () => {
  const { main, other } = await both();
  await other.say('creat @/new', 'mkdir @/dir', 'rename @/new @/dir/new', 'unlink @/dir/new');
  assert.equal(await main.heard(), []);
  const said = await other.heard();
  assert.ok(said.includes('w CREATE new') && said.includes('w CREATE|ISDIR dir'), said.join('\n'));
  await end(main, other);
});

branches('a creation in the parent notifies both', async () => {
  const { main, other } = await both();
  await main.say('put @/new x', 'rename @/new @/newer', 'unlink @/newer', 'mkdir @/dir');
  const changes = (said: string[]): string[] => said.filter((line) => /CREATE|DELETE|MOVED/.test(line));
  const wanted = [
    'w CREATE new',
    'w MOVED_FROM new cookie=1',
    'w MOVED_TO newer cookie=1',
    'w DELETE newer',
    'w CREATE|ISDIR dir',
  ];
  assert.equal(changes(await main.heard()), wanted);
  assert.equal(changes(await other.heard()), wanted);
  await end(main, other);
});

branches('a write notifies the branch that owns the copy', async () => {
  const { main, other } = await both();
  await other.say('append @/f more');
  assert.equal(await main.heard(), []);
  assert.ok((await other.heard()).includes('f MODIFY'));
  // From now on the branch has its own copy of the file.
  await main.say('append @/f other', 'chmod @/f 0600');
  assert.ok((await main.heard()).includes('f MODIFY'));
  assert.equal(await other.heard(), []);
  await end(main, other);
});

branches('a whiteout is a removal in its branch, and hides later changes of the parent', async () => {
  const { main, other } = await both();
  await other.say('unlink @/f');
  assert.equal(await other.heard(), ['f ATTRIB', 'f DELETE_SELF', 'f IGNORED', 'w DELETE f']);
  assert.equal(await other.say('watch x @/f ALL_EVENTS', 'watch y @/f/z ALL_EVENTS'), ['ENOENT', 'ENOENT']);
  await main.say('append @/f y', 'chmod @/f 0600');
  assert.ok((await main.heard()).includes('f ATTRIB'));
  await main.say('unlink @/f');
  assert.ok((await main.heard()).includes('w DELETE f'));
  assert.equal(await other.heard(), []);
  await end(main, other);
});

branches('a file over a whiteout is a creation', async () => {
  const { main, other } = await both();
  await other.say('unlink @/f', 'drain', 'put @/f anew');
  assert.equal(await other.heard(), ['w CREATE f', 'w MODIFY f', 'w CLOSE_WRITE f']);
  assert.equal(await main.heard(), []);
  await end(main, other);
});

branches('a directory below, watched in both', async () => {
  const { main, other } = await both();
  await main.say('creat @/d/h');
  assert.ok((await main.heard()).includes('d CREATE h'));
  assert.ok((await other.heard()).includes('d CREATE h'));
  await other.say('unlink @/d/g', 'rename @/d/h @/d/i');
  assert.equal(await other.heard(), ['d DELETE g', 'd MOVED_FROM h cookie=1', 'd MOVED_TO i cookie=1']);
  assert.equal(await main.heard(), []);
  await end(main, other);
});

branches('the host changes one branch', async () => {
  const { main, other, base } = await both();
  session.core.view('try', SELF).mkdir({ path: `${base}/by-host` });
  assert.equal(await other.heard(), ['w CREATE|ISDIR by-host']);
  assert.equal(await main.heard(), []);
  session.core.view('main', SELF).rename({ path: `${base}/f` }, { path: `${base}/moved` });
  const wanted = ['w MOVED_FROM f cookie=1', 'w MOVED_TO moved cookie=1', 'f MOVE_SELF'];
  assert.equal(await main.heard(), wanted);
  await end(main, other);
});

branches('open and close notify the branch in which they happen', async () => {
  const { main, other } = await both('ALL_EVENTS');
  await main.say('cat @/f');
  assert.equal(await main.heard(), [
    'w OPEN f',
    'f OPEN',
    'w ACCESS f',
    'f ACCESS',
    'w CLOSE_NOWRITE f',
    'f CLOSE_NOWRITE',
  ]);
  assert.equal(await other.heard(), []);
  await end(main, other);
});

branches.run();
