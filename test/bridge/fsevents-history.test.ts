/** History, ids, mixed roots, branches, attach and the end of the host, for programs that use FSEvents' public API. */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildFixtures, includeDirectory } from '../../fixtures/build.ts';
import { openEngine } from '../../injector/engine/select.ts';
import { agentScript } from '../../injector/run/agent-script.ts';
import { compiled, TestSession } from '../support/session.ts';
import { type Delivered, delivered, startStreams } from './fsevents-program.ts';
import {
  engineWith,
  freshTree,
  hostCommand,
  openBridge,
  play,
  program,
  ScriptedProgram,
  startBare,
  viewOf,
} from './support.ts';

const session = await openBridge();
const host = viewOf(session);
const subject = startStreams(session);
await subject.send('loop l');

const HISTORY_DONE = 0x10;
const run = (name: string, since: string, directory: string, flags = '0x12'): Promise<void> =>
  play(`create ${name} ${since} 0 ${flags} ${directory}\nschedule ${name} l\nstart ${name} => 1`, {
    subject,
  });
const end = (name: string): Promise<void> =>
  play(`stop ${name}\ninvalidate ${name}\nrelease ${name}`, { subject });
const rises = ({ events }: Delivered): boolean =>
  events.every(({ id }, i) => i === 0 || id > events[i - 1]!.id);

const past = suite('the past');
past('since an id: the later events, HistoryDone, then live events', async () => {
  const D = freshTree(session);
  hostCommand(host, `create ${D}/before`);
  const id = await subject.send('current');
  hostCommand(host, `create ${D}/1`);
  hostCommand(host, `rename ${D}/1 ${D}/2`);
  await run('s', id, D);
  hostCommand(host, `create ${D}/3`);
  const heard = await delivered(subject, 's', 4);
  assert.equal(heard.lines(D), ['/1 10900', '/2 10800', ' 10', '/3 10100']);
  assert.ok(rises(heard) && heard.events[0]!.id > Number(id));
  await end('s');
});
past('the last id of a stream is the start of the next', async () => {
  const D = freshTree(session);
  await run('s', 'now', D);
  assert.is(await subject.send('latest s'), '18446744073709551615');
  hostCommand(host, `create ${D}/1`);
  const { events } = await delivered(subject, 's', 1);
  const latest = await subject.send('latest s');
  assert.is(Number(latest), events[0]!.id);
  await end('s');
  hostCommand(host, `create ${D}/2`);
  await run('s', latest, D);
  assert.equal((await delivered(subject, 's', 2)).lines(D), ['/2 10100', ' 10']);
  await end('s');
});
past('nothing of it for a stream from now on', async () => {
  const D = freshTree(session);
  await run('s', 'now', D);
  await subject.send('flushsync s');
  assert.is((await delivered(subject, 's')).events.length, 0);
  await end('s');
});
past('an id of another life: everything is to be scanned', async () => {
  const D = freshTree(session);
  await run('s', String(2 ** 52), D);
  assert.equal((await delivered(subject, 's', 2)).lines(D), [' 3', ' 10']);
  await end('s');
});
past('the device: a history with a name, ids by time, nothing to purge', async () => {
  const D = freshTree(session);
  const uuid = await subject.send(`uuid ${D}`);
  assert.match(uuid, /^[0-9a-f]{8}$/);
  assert.is(await subject.send(`uuid ${D}`), uuid);
  const soon = await subject.send(`before ${D} ${Date.now() / 1000 + 100}`);
  assert.ok(Number(soon) > 0 && Number(soon) <= Number(await subject.send('current')));
  assert.is(await subject.send(`before ${D} 1000`), '0');
  assert.is(await subject.send(`purge ${D}`), '0');
});
past.run();

const mixed = suite('real and virtual roots');
mixed('events of both in one rising sequence, with the history of both', async () => {
  const D = freshTree(session);
  const real = realpathSync(mkdtempSync(join(tmpdir(), 'mixed-')));
  await run('s', 'now', `${D} ${real}`);
  const seen: Delivered[] = [];
  for (let i = 0; i < 5; i++) {
    hostCommand(host, `create ${D}/${i}`);
    seen.push(await delivered(subject, 's', 1));
    writeFileSync(join(real, `${i}`), '');
    seen.push(await delivered(subject, 's', 1));
  }
  const events = seen.flatMap((one) => one.events);
  assert.ok(
    events.some(({ path }) => path.startsWith(real)) && events.some(({ path }) => path.startsWith(D)),
  );
  assert.ok(events.every(({ id }, i) => i === 0 || id > events[i - 1]!.id));
  assert.is(
    seen.reduce((sum, { wrong }) => sum + wrong, 0),
    0,
  );
  await end('s');
  rmSync(real, { recursive: true });
});
mixed('one HistoryDone, after both', async () => {
  const D = freshTree(session);
  const real = realpathSync(mkdtempSync(join(tmpdir(), 'mixed-')));
  const id = await subject.send('current');
  hostCommand(host, `create ${D}/1`);
  await run('s', id, `${D} ${real}`);
  const { events } = await delivered(subject, 's', 2);
  assert.is(events.filter(({ flags }) => flags & HISTORY_DONE).length, 1);
  assert.is(events.at(-1)!.flags, HISTORY_DONE);
  await end('s');
  rmSync(real, { recursive: true });
});
mixed('real changes that a mount hides are not reported', async () => {
  const real = realpathSync(mkdtempSync(join(tmpdir(), 'shadow-')));
  mkdirSync(join(real, 'over'));
  mkdirSync(join(real, 'open'));
  const other = await TestSession.open({
    overlays: [join(real, 'over')],
    engine: openEngine,
    agentSource: agentScript,
  });
  const reader = startStreams(other);
  await play(`loop l\ncreate s now 0 0x12 ${real}\nschedule s l\nstart s => 1`, { reader });
  writeFileSync(join(real, 'over', 'hidden'), '');
  await play(`write ${real}/over/mine x`, { reader });
  writeFileSync(join(real, 'open', 'seen'), '');
  // The system's events are in order: when the first visible event has arrived, the hidden ones were dropped.
  const heard: string[] = [];
  while (!heard.some((path) => path.endsWith('/open/seen')))
    heard.push(...(await delivered(reader, 's', 1)).events.map(({ path }) => path));
  await reader.send('flushsync s');
  heard.push(...(await delivered(reader, 's')).events.map(({ path }) => path));
  assert.ok(heard.includes(`${real}/over/mine`), heard.join(' '));
  assert.not(heard.some((path) => path.endsWith('hidden')));
  assert.is(await reader.end(), 0);
  await other.close();
  rmSync(real, { recursive: true });
});
mixed.run();

const branches = suite('branches');
branches('each process gets the changes of its own view', async () => {
  const D = freshTree(session);
  session.core.createBranch('side');
  const side = startStreams(session, session.start(program('fsstream'), [], { branch: 'side' }));
  const sideView = viewOf(session, 'side');
  await play(`loop l\ncreate s now 0 0x12 ${D}\nschedule s l\nstart s => 1`, { side });
  await run('s', 'now', D);
  // The branch has its own copy of `f`, which hides changes below.
  hostCommand(sideView, `append ${D}/f side`);
  hostCommand(host, `append ${D}/f main`);
  hostCommand(sideView, `unlink ${D}/g`);
  hostCommand(host, `chmod ${D}/g 0600`);
  hostCommand(host, `create ${D}/both`);
  await subject.send('flushsync s');
  await side.send('flushsync s');
  assert.equal((await delivered(subject, 's')).lines(D), ['/f 11000', '/g 14000', '/both 10100']);
  assert.equal((await delivered(side, 's')).lines(D), ['/f 11000', '/g 10200', '/both 10100']);
  const id = await subject.send('current');
  hostCommand(sideView, `create ${D}/only-side`);
  hostCommand(host, `create ${D}/only-main`);
  hostCommand(sideView, `unlink ${D}/only-main`);
  await play(`create p ${id} 0 0x12 ${D}\nschedule p l\nstart p => 1`, { side });
  assert.equal((await delivered(side, 'p', 3)).lines(D), ['/only-side 10100', '/only-main 10300', ' 10']);
  await end('s');
  assert.is(await side.end(), 0);
});
branches('a program that resumes in a newer branch gets the changes from before its creation', async () => {
  const D = freshTree(session);
  const id = await subject.send('current');
  hostCommand(host, `create ${D}/before`);
  session.core.createBranch('younger');
  const younger = startStreams(session, session.start(program('fsstream'), [], { branch: 'younger' }));
  hostCommand(viewOf(session, 'younger'), `unlink ${D}/f`);
  await play(`loop l\ncreate s ${id} 0 0x12 ${D}\nschedule s l\nstart s => 1`, { younger });
  assert.equal((await delivered(younger, 's', 3)).lines(D), ['/before 10100', '/f 10200', ' 10']);
  assert.is(await younger.end(), 0);
});
branches.run();

const ways = suite('ways in and out');
ways('attached to while it runs', async () => {
  const bare = startBare(program('fsstream'));
  assert.is(await bare.send('loop l'), 'ok');
  const D = freshTree(session);
  await session.attach(bare.pid);
  await play(`create s now 0 0x53 ${D}\nschedule s l\nstart s => 1`, { bare });
  hostCommand(host, `create ${D}/n`);
  assert.equal((await delivered(bare, 's', 1)).lines(D), ['/n 10100']);
  await play(`chmod ${D}/n 600\nflushsync s`, { bare });
  assert.equal((await delivered(bare, 's')).lines(D), ['/n 14000']);
  await play('stop s\ninvalidate s\nrelease s\nwaitreleased s => released 1 wrong 0', { bare });
  assert.is(await bare.end(), 0);
});
for (const how of ['attached to', 'preloaded'])
  ways(`the framework loaded late, into a program ${how}`, async () => {
    // The program links no framework.
    const command = compiled(fileURLToPath(new URL('programs/late.c', import.meta.url)), [
      `-I${includeDirectory}`,
    ]);
    const { library } = buildFixtures();
    const D = freshTree(session);
    const run = how === 'preloaded' ? session.start(command, [library]) : undefined;
    const late = run
      ? new ScriptedProgram(run.child, run.status)
      : new ScriptedProgram(spawn(command, [library], { stdio: 'pipe' }));
    if (!run) await session.attach(late.pid);
    assert.is(await late.send('load'), 'loaded');
    assert.is(await late.send(D), 'started');
    hostCommand(host, `create ${D}/n`);
    assert.is(await late.line(), `${D}/n 10100`);
    assert.is(await late.end(), 0);
  });
ways('flags that cling to their path, where a test wants them', async () => {
  const sticky = await openBridge(() => engineWith({ fsevents: { sticky: true } }));
  const reader = startStreams(sticky);
  const D = freshTree(sticky);
  await play(`loop l\ncreate s now 0 0x12 ${D}\nschedule s l\nstart s => 1`, { reader });
  hostCommand(viewOf(sticky), `create ${D}/n`);
  assert.equal((await delivered(reader, 's', 1)).lines(D), ['/n 10100']);
  hostCommand(viewOf(sticky), `unlink ${D}/n`);
  assert.equal((await delivered(reader, 's', 1)).lines(D), ['/n 10300']);
  assert.is(await reader.end(), 0);
  await sticky.close();
});
ways(
  'the end of the host is reported as a forced unmount, and streams can be torn down without it',
  async () => {
    const other = await openBridge();
    const reader = startStreams(other);
    const D = freshTree(other);
    await play(
      `loop l
     loop bare 1
     create s now 5 0x14 ${D}
     schedule s l
     start s => 1
     create q now 0 0x10 ${D}
     queue q one
     start q => 1
     create b now 0 0x10 ${D}
     schedule b bare
     start b => 1`,
      { reader },
    );
    await other.close();
    assert.equal((await delivered(reader, 's', 2)).lines(D), [' 20', ' 3']);
    assert.equal((await delivered(reader, 'q', 1)).lines(D), [' 3']);
    await play(
      `stop s
     invalidate s
     release s
     waitreleased s => released 1 wrong 0
     queue q none
     invalidate q
     release q
     waitreleased q => released 1 wrong 0
     invalidate b
     waitended bare => ended
     release b
     create late now 0 0x10 ${D} => NULL`,
      { reader },
    );
    assert.is(await reader.end(), 0);
  },
);
ways('a child by fork leaves its parent’s streams alone', async () => {
  const D = freshTree(session);
  await run('s', 'now', D);
  assert.is(await subject.send(`forked ${D}/child`), 'child 0');
  await subject.send('flushsync s');
  assert.equal((await delivered(subject, 's')).lines(D), ['/child 10100']);
  await end('s');
});
ways.after(async () => {
  assert.is(await subject.end(), 0);
  await session.close();
});
ways.run();
