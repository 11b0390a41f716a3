/** FSEvents of virtual paths in a program that uses the public API: the events, their time and their thread. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildFixtures } from '../../fixtures/build.ts';
import { delivered, logged, startStreams } from './fsevents-program.ts';
import { freshTree, hostCommand, openBridge, play, program, startBare, viewOf } from './support.ts';

const session = await openBridge();
const host = viewOf(session);
const subject = startStreams(session);
await subject.send('loop l');

/** A stream that runs on loop `l`. */
async function open(name: string, directory: string, flags = '0x12', latency = 0): Promise<void> {
  await play(
    `create ${name} now ${latency} ${flags} ${directory}
     schedule ${name} l
     start ${name} => 1`,
    { subject },
  );
}
const close = (name: string): Promise<void> =>
  play(`stop ${name}\nunschedule ${name} l\ninvalidate ${name}\nrelease ${name}`, { subject });

const RENAMED = 0x800;
const operations = suite('the program’s own changes');
/** Operation; events with FileEvents; events without. `$D` is removed from paths. */
const ROWS: readonly (readonly [script: string, files: string, directories: string])[] = [
  ['write $D/n hello', '/n 11100', '/'],
  ['write $D/f more', '/f 11000', '/'],
  ['truncate $D/f 2', '/f 10400', '/'],
  ['open a $D/f 01001\nput a xyz\nclose a', '/f 11400', '/'],
  ['open a $D/f 1\nput a xyz\nput a xyz\nclose a', '/f 11000', '/'],
  ['open a $D/f 1\nclose a', '', ''],
  ['open a $D/f 0\nclose a', '', ''],
  ['chmod $D/f 600', '/f 14000', '/'],
  ['chmod $D/d 700', '/d 24000', '/'],
  ['unlink $D/f', '/f 10200', '/'],
  ['mkdir $D/m', '/m 20100', '/'],
  ['rmdir $D/e', '/e 20200', '/'],
  ['symlink f $D/s', '/s 40100', '/'],
  ['rename $D/f $D/r', '/f 10800, /r 10800', '/'],
  ['rename $D/f $D/d/r', '/f 10800, /d/r 10800', '/, /d/'],
  ['rename $D/f $D/g', '/f 10800, /g 10800, /g 10800', '/'],
  ['rename $D/d $D/e', '/d 20800, /e 20800, /e 20800', '/'],
  ['link $D/f $D/l', '/l 110100,  20400', '/'],
];
for (const [script, files, directories] of ROWS)
  operations(script.replaceAll('\n', '; '), async () => {
    const D = freshTree(session);
    await open('files', D);
    await open('directories', D, '0x2');
    await play(script, { subject }, { D });
    const heard = async (name: string, flags: boolean): Promise<string> => {
      await subject.send(`flushsync ${name}`);
      const { events } = await delivered(subject, name);
      // In one batch or several: changes of an item, and of a directory, are combined here.
      const lines: [path: string, flags: number][] = [];
      for (const { path, flags: bits } of events) {
        const last = lines.at(-1);
        const name = path.replace(D, '');
        const folds = flags ? last?.[0] === name && !(bits & RENAMED) : lines.some(([one]) => one === name);
        if (!folds) lines.push([name, bits]);
        else if (flags) last![1] |= bits;
      }
      return lines.map(([name, bits]) => (flags ? `${name} ${bits.toString(16)}` : name)).join(', ');
    };
    assert.is(await heard('files', true), files);
    assert.is(await heard('directories', false), directories);
    await close('files');
    await close('directories');
  });
operations('changes by another process and by the host give the same events', async () => {
  const D = freshTree(session);
  await open('s', D);
  await session.sh(`echo more >> ${D}/f`);
  await subject.send('flushsync s');
  await session.sh(`mkdir ${D}/sub; mv ${D}/f ${D}/sub/f`);
  hostCommand(host, `append ${D}/g text`);
  await subject.send('flushsync s');
  assert.equal((await delivered(subject, 's')).lines(D), [
    '/f 11000',
    '/sub 20100',
    '/f 10800',
    '/sub/f 10800',
    '/g 11000',
  ]);
  await close('s');
});
operations('a change of a file is reported under all its names, each with its own id', async () => {
  const D = freshTree(session);
  // Enough links to need more than one id of the core.
  for (let i = 0; i < 9; i++) hostCommand(host, `link ${D}/f ${D}/d/l${i}`);
  await open('s', D);
  await open('below', `${D}/d`);
  const links = [...Array(9).keys()].map((i) => `/d/l${i}`);
  const names = ['/f', ...links].sort();
  const each = async (name: string): Promise<{ paths: string[]; flags: string[]; rising: boolean }> => {
    await subject.send(`flushsync ${name}`);
    const { events } = await delivered(subject, name);
    return {
      paths: [...new Set(events.map(({ path }) => path.replace(D, '')))].sort(),
      flags: [...new Set(events.map(({ flags }) => flags.toString(16)))],
      rising: events.every(({ id }, i) => i === 0 || id > events[i - 1]!.id),
    };
  };
  const written = { flags: ['111000'], rising: true };
  await session.sh(`echo more >> ${D}/d/l3`);
  assert.equal(await each('s'), { paths: names, ...written });
  assert.equal(await each('below'), { paths: links, ...written });
  const current = await subject.send('current');
  await play('write $D/f x', { subject }, { D });
  assert.equal(await each('s'), { paths: names, ...written });
  assert.equal(await each('below'), { paths: links, ...written });
  hostCommand(host, `chmod ${D}/f 0600`);
  hostCommand(host, `setxattr ${D}/f`);
  await subject.send('flushsync s');
  const { events } = await delivered(subject, 's');
  const owner = events.filter(({ flags }) => flags & 0x4000).map(({ path }) => path.replace(D, ''));
  const xattr = events.filter(({ flags }) => flags & 0x8000).map(({ path }) => path.replace(D, ''));
  assert.equal([owner, xattr.sort()], [['/f'], names]);
  // Also in a replay.
  await play(`create past ${current} 0 0x12 ${D}\nschedule past l\nstart past => 1`, { subject });
  const past = await delivered(subject, 'past', 11);
  assert.is(past.events.at(-1)!.flags, 0x10);
  assert.equal(
    past.events
      .slice(0, -1)
      .map(({ path }) => path.replace(D, ''))
      .sort(),
    names,
  );
  await close('past');
  await close('below');
  await close('s');
});
operations('a new link: its name, and the source name’s directory with its inode', async () => {
  const D = freshTree(session);
  await open('s', D, '0x53');
  hostCommand(host, `link ${D}/d/x ${D}/l`);
  await subject.send('flushsync s');
  const { events } = await delivered(subject, 's');
  assert.equal(
    events.map(({ path, flags, ino }) => [path, flags, ino]),
    [
      [`${D}/l`, 0x110100, host.stat({ path: `${D}/l` }).ino],
      [`${D}/d`, 0x20400, host.stat({ path: `${D}/d` }).ino],
    ],
  );
  await close('s');
});
operations('the halves of a rename: the same inode, consecutive ids, adjacent', async () => {
  const D = freshTree(session);
  const ino = host.stat({ path: `${D}/f` }).ino;
  await open('s', D, '0x53');
  await play('write $D/g x\nrename $D/f $D/d/f\nwrite $D/g x', { subject }, { D });
  await subject.send('flushsync s');
  const { events } = await delivered(subject, 's');
  const at = events.findIndex(({ path }) => path === `${D}/f`);
  const [from, to] = events.slice(at, at + 2);
  assert.equal([from!.ino, to!.ino, to!.path, to!.id - from!.id], [ino, ino, `${D}/d/f`, 1]);
  assert.ok(events.every(({ id }, i) => i === 0 || id > events[i - 1]!.id));
  await close('s');
});
operations.run();

const shapes = suite('shapes');
for (const [name, flags, ino] of [
  ['bytes', '0x12', false],
  ['CFString', '0x13', false],
  ['CFDictionary with the inode', '0x53', true],
  ['CFDictionary of directories', '0x43', false],
] as const)
  shapes(name, async () => {
    const D = freshTree(session);
    await open('s', D, flags);
    hostCommand(host, `create ${D}/näme`);
    const { events } = await delivered(subject, 's', 1);
    assert.is(events[0]!.path, flags === '0x43' ? `${D}/` : `${D}/näme`);
    assert.is(events[0]!.ino, ino ? host.stat({ path: `${D}/näme` }).ino : 0);
    await close('s');
  });
shapes('an array without callbacks, whose strings are freed', async () => {
  const D = freshTree(session);
  await open('s', D, '0x12p');
  hostCommand(host, `create ${D}/n`);
  assert.equal((await delivered(subject, 's', 1)).lines(D), ['/n 10100']);
  await close('s');
});
shapes('a root by a symbolic link and with a slash at its end: paths as they really are', async () => {
  const D = freshTree(session);
  hostCommand(host, `symlink ${D}/d ${D}/way`);
  await open('s', `${D}/way/`);
  hostCommand(host, `create ${D}/d/n`);
  assert.equal((await delivered(subject, 's', 1)).lines(D), ['/d/n 10100']);
  assert.is(await subject.send('paths s'), `${D}/way/ `);
  await close('s');
});
shapes('relative to the device', async () => {
  const D = freshTree(session);
  await play(`create s now 0 0x12r ${D} ${D.slice(1)}\nschedule s l\nstart s => 1\ndevice s => 1`, {
    subject,
  });
  hostCommand(host, `create ${D}/n`);
  assert.equal((await delivered(subject, 's', 1)).lines(), [`${D.slice(1)}/n 10100`]);
  await close('s');
});
shapes.run();

const places = suite('places');
places('on a queue, one callback at a time', async () => {
  const D = freshTree(session);
  for (const queue of ['serial', 'global']) {
    await play(`create s now 0 0x12 ${D}\nqueue s ${queue}\nstart s => 1\nslow s 2`, { subject });
    for (let i = 0; i < 20; i++) hostCommand(host, `create ${D}/${queue}${i}`);
    const { events, wrong } = await delivered(subject, 's', 20);
    assert.is(events.length, 20);
    assert.is(wrong, 0);
    await play('queue s none\nstop s\ninvalidate s\nrelease s\nwaitreleased s => released 1 wrong 0', {
      subject,
    });
  }
});
places('a stream keeps its loop running, and the loop ends with the stream', async () => {
  const D = freshTree(session);
  await play(`loop bare 1\ncreate s now 0 0x12 ${D}\nschedule s bare\nstart s => 1`, { subject });
  hostCommand(host, `create ${D}/n`);
  const heard = await delivered(subject, 's', 1);
  assert.is(heard.place, 'bare');
  await play('isended bare => 0\nstop s\ninvalidate s\nwaitended bare => ended\nrelease s', { subject });
});
places('in a mode that does not run, events wait', async () => {
  const D = freshTree(session);
  await play(`create s now 0 0x12 ${D}\nschedule s l other.mode\nstart s => 1`, { subject });
  await open('seen', D);
  hostCommand(host, `create ${D}/n`);
  assert.is((await delivered(subject, 'seen', 1)).events.length, 1);
  assert.is((await delivered(subject, 's')).events.length, 0);
  await subject.send('schedule s l');
  assert.is((await delivered(subject, 's', 1)).events.length, 1);
  await close('seen');
  await play('invalidate s\nrelease s', { subject });
});
places('in the common modes, and on two loops: each event once', async () => {
  const D = freshTree(session);
  await play(`loop m\ncreate s now 0 0x12 ${D}\nschedule s l common\nschedule s m\nstart s => 1`, {
    subject,
  });
  for (let i = 0; i < 30; i++) hostCommand(host, `create ${D}/${i}`);
  const { events, wrong } = await delivered(subject, 's', 30);
  assert.equal([events.length, wrong], [30, 0]);
  await play('invalidate s\nrelease s', { subject });
});
places('events from a stopped period are delivered after the restart', async () => {
  const D = freshTree(session);
  await open('s', D);
  hostCommand(host, `create ${D}/1`);
  await delivered(subject, 's', 1);
  await subject.send('stop s');
  hostCommand(host, `create ${D}/2`);
  await subject.send('start s');
  hostCommand(host, `create ${D}/3`);
  assert.equal((await delivered(subject, 's', 2)).lines(D), ['/2 10100', '/3 10100']);
  await close('s');
});
places(
  'a flush delivers on the calling thread, latency or not; inside of a callback it returns',
  async () => {
    const D = freshTree(session);
    await open('s', D, '0x10', 1000);
    await play('write $D/n x\nflushsync s', { subject }, { D });
    const heard = await delivered(subject, 's');
    assert.equal([heard.lines(D), heard.callbacks, heard.place], [['/n 11100'], 1, 'main']);
    await play('inside s flush\nwrite $D/n x\nflushsync s', { subject }, { D });
    assert.equal((await delivered(subject, 's')).lines(D), ['/n 11000']);
    const last = await subject.send('flushasync s');
    assert.is(await subject.send('latest s'), last);
    await close('s');
  },
);
places.run();

const ends = suite('ends');
for (const actions of [
  'stop',
  'stop,again,unschedule,invalidate,release',
  'invalidate',
  'release',
  'invalidate,release',
])
  ends(`inside its callback: ${actions}`, async () => {
    const D = freshTree(session);
    await open('s', D);
    await subject.send(`inside s ${actions}`);
    hostCommand(host, `create ${D}/1`);
    await delivered(subject, 's', 1);
    for (let i = 2; i < 6; i++) hostCommand(host, `create ${D}/${i}`);
    if (!actions.includes('release')) await play('stop s\nrelease s', { subject });
    await play('waitreleased s => released 1 wrong 0', { subject });
    const { events, wrong } = await delivered(subject, 's');
    assert.equal([events.length, wrong], [0, 0]);
  });
ends(
  'from another thread, while its callback runs: the stream lives until the callback returns',
  async () => {
    const D = freshTree(session);
    await open('s', D);
    await play('inside s outlive', { subject });
    hostCommand(host, `create ${D}/1`);
    await delivered(subject, 's', 1);
    await play('stop s\ninvalidate s\nrelease s\nwaitreleased s => released 1 wrong 0', { subject });
  },
);
ends('from other threads, while events arrive', async () => {
  const D = freshTree(session);
  await open('steady', D);
  assert.is(await subject.send(`churn ${D} l 40`), 'heard');
  await subject.send('flushsync steady');
  const { wrong, events } = await delivered(subject, 'steady');
  assert.is(wrong, 0);
  assert.ok(events.length > 0);
  await close('steady');
});
ends('of the program during a callback', async () => {
  const other = startStreams(session);
  const D = freshTree(session);
  await play(
    `loop l
     create s now 0.5 0x10 $D
     schedule s l
     start s => 1
     create q now 0 0x12 $D
     queue q one
     start q => 1
     slow q 300
     write $D/n x`,
    { other },
    { D },
  );
  assert.is(await other.end(), 0);
});
ends.run();

const bad = suite('bad input');
bad('calls that the header forbids have no effect', async () => {
  const D = freshTree(session);
  await play(
    `create never now 0 0x12 $D
     start never => 0
     flushsync never
     flushasync never => 0
     stop never
     stop never
     invalidate never
     schedule never l
     start never => 0
     release never
     waitreleased never => released 1 wrong 0
     create late now -1 0x12 $D/missing
     schedule late l
     start late => 1
     exclude late $D/x => 0`,
    { subject },
    { D },
  );
  hostCommand(host, `mkdir ${D}/missing`);
  hostCommand(host, `create ${D}/missing/n`);
  assert.equal((await delivered(subject, 'late', 2)).lines(D), ['/missing 20100', '/missing/n 10100']);
  await close('late');
  await subject.send('stop late');
  await logged(subject, 'FSEventStreamStart: the stream is not scheduled');
  await logged(subject, 'FSEventStreamSchedule: the stream has been invalidated and cannot be scheduled');
  await logged(subject, 'FSEventStreamStop: the stream has been released');
});
bad('nine exclusions are none, eight are heeded', async () => {
  const D = freshTree(session);
  await play(
    `create s now 0 0x12 $D\nexclude s 1 2 3 4 5 6 7 8 9 => 0\nexclude s $D/d => 1\nschedule s l\nstart s => 1`,
    { subject },
    { D },
  );
  await play('write $D/d/x y\nwrite $D/f y\nflushsync s', { subject }, { D });
  assert.equal((await delivered(subject, 's')).lines(D), ['/f 11000']);
  await close('s');
});
bad('more paths than may be', async () => {
  const D = freshTree(session);
  // Only the answer line is limited, not the array.
  const paths = Array.from({ length: 40 }, (_, i) => `${D}/${i}`).join(' ');
  await play(`create s now 0 0x12 ${paths}\nschedule s l\nstart s => 1`, { subject });
  hostCommand(host, `create ${D}/39`);
  assert.equal((await delivered(subject, 's', 1)).lines(D), ['/39 10100']);
  await close('s');
});
bad.run();

const control = suite('negative control');
control('without the bridge the same program gets no events of the virtual tree', async () => {
  const D = freshTree(session);
  const bare = startBare(program('fsstream'));
  await play(`loop l\ncreate s now 0 0x12 ${D}\nschedule s l\nstart s => 1`, { bare });
  hostCommand(host, `create ${D}/n`);
  const real = mkdtempSync(join(tmpdir(), 'bare-'));
  // A real change whose event arrives later, which proves that the silence before it was long enough.
  await play(`create r now 0 0x12 ${real}\nschedule r l\nstart r => 1\nwrite ${real}/x y`, { bare });
  assert.ok((await delivered(bare, 'r', 1)).events.length > 0);
  assert.is((await delivered(bare, 's')).events.length, 0);
  rmSync(real, { recursive: true });
  await bare.end();
});
control('a stream of real paths is the system’s own: no agent is loaded', async () => {
  const real = mkdtempSync(join(tmpdir(), 'real-'));
  const other = startStreams(session);
  await play(`loop l\ncreate s now 0 0x12 ${real}\nschedule s l\nstart s => 1`, { other });
  writeFileSync(join(real, 'x'), 'y');
  assert.ok((await delivered(other, 's', 1)).events.every(({ path }) => path.startsWith(real)));
  const pid = Number(await other.send('pid'));
  assert.not.ok(session.hasAgent(pid));
  assert.is(await other.end(), 0);
  rmSync(real, { recursive: true });
});
control('a client that asks for the functions by name', async () => {
  const D = freshTree(session);
  const { library } = buildFixtures();
  const run = session.start(program('fsstream', ['-DBY_NAME']), [library]);
  const other = startStreams(session, run);
  await play(`loop l\ncreate s now 0 0x12 ${D}\nschedule s l\nstart s => 1`, { other });
  hostCommand(host, `create ${D}/n`);
  assert.equal((await delivered(other, 's', 1)).lines(D), ['/n 10100']);
  await play('stop s\ninvalidate s\nrelease s', { other });
  assert.is(await other.end(), 0);
});
control.after(async () => {
  assert.is(await subject.end(), 0);
  await session.close();
});
control.run();
