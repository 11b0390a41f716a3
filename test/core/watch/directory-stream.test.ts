/** Streams of real directories: the system's own watch, awaited without sleeping. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DirectorySource } from '../../../core/watch/directory-source.ts';
import { WatcherError } from '../../../core/watch/errors.ts';
import { EventStream, type EventStreamOptions } from '../../../core/watch/event-stream.ts';
import { EventWatcher } from '../../../core/watch/event-watcher.ts';

interface World {
  readonly top: string;
  readonly root: string;
  readonly source: DirectorySource;
}

const streams = suite<World>('streams of a real directory', {} as World);
const PATIENCE_MS = 10_000;

streams.before.each((world) => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'watch-')));
  const root = join(top, 'r');
  mkdirSync(root);
  Object.assign(world, { top, root, source: new DirectorySource({ inventory: true }) });
});
streams.after.each(({ top }) => rmSync(top, { recursive: true, force: true }));

/** Lines delivered, and a way to await a line. */
async function listen(world: World, options: EventStreamOptions = {}, path = world.root) {
  const lines: string[] = [];
  let wake = () => {};
  const short = (at: string) => at.replace(world.root, '') || '.';
  const stream = new EventStream(path, { source: world.source, latency: 20, ...options }, (batch) => {
    for (const { kind, path: at, from } of batch)
      lines.push(`${kind} ${from === undefined ? '' : `${short(from)} -> `}${short(at)}`);
    wake();
  });
  await stream.ready;
  const until = async (...wanted: string[]) => {
    const late = Date.now() + PATIENCE_MS;
    while (!wanted.every((line) => lines.includes(line))) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        const left = late - Date.now();
        timer = setTimeout(() => reject(new Error(`waited for ${wanted}; told ${lines}`)), Math.max(0, left));
      });
      clearTimeout(timer);
    }
  };
  const done = async () => {
    stream.close();
    await stream.closed;
  };
  return { stream, lines, until, done };
}

streams('create, change, mode, link, delete', async (world) => {
  const { root } = world;
  const { until, done } = await listen(world);
  const a = join(root, 'a');
  writeFileSync(a, '1');
  await until('create /a');
  writeFileSync(a, '12');
  await until('update /a');
  chmodSync(a, 0o600);
  await until('attrib /a');
  symlinkSync('nowhere', join(root, 'l'));
  await until('create /l');
  unlinkSync(a);
  await until('delete /a');
  await done();
});

streams('new directories, and their contents', async (world) => {
  const { root } = world;
  const { until, done } = await listen(world);
  mkdirSync(join(root, 'a/b/c'), { recursive: true });
  writeFileSync(join(root, 'a/b/c/f'), '');
  await until('create /a', 'create /a/b', 'create /a/b/c', 'create /a/b/c/f');
  writeFileSync(join(root, 'a/b/c/g'), '');
  await until('create /a/b/c/g');
  await done();
});

streams('a tree that is moved in is watched to its leaves', async (world) => {
  const { root, top } = world;
  mkdirSync(join(top, 'x/y/z'), { recursive: true });
  writeFileSync(join(top, 'x/y/f'), '');
  const { until, done, lines } = await listen(world);
  renameSync(join(top, 'x'), join(root, 'x'));
  await until('create /x', 'create /x/y', 'create /x/y/f', 'create /x/y/z');
  writeFileSync(join(root, 'x/y/z/late'), '');
  await until('create /x/y/z/late');
  assert.is(new Set(lines).size, lines.length, 'nothing is told twice');
  await done();
});

streams('a renamed directory is a single rename, and is watched under its new name', async (world) => {
  const { root } = world;
  mkdirSync(join(root, 'old/sub'), { recursive: true });
  writeFileSync(join(root, 'old/f'), '');
  const { until, done, lines } = await listen(world);
  renameSync(join(root, 'old'), join(root, 'new'));
  await until('rename /old -> /new');
  writeFileSync(join(root, 'new/sub/g'), '');
  await until('create /new/sub/g');
  assert.not(
    lines.some((line) => line.includes('old/')),
    `${lines}`,
  );
  rmSync(join(root, 'new'), { recursive: true });
  await until('delete /new');
  await done();
});

streams('a file that is renamed, also onto another file', async (world) => {
  const { root } = world;
  writeFileSync(join(root, 'a'), '1');
  writeFileSync(join(root, 'b'), '2');
  const { until, done } = await listen(world);
  renameSync(join(root, 'a'), join(root, 'c'));
  await until('rename /a -> /c');
  renameSync(join(root, 'c'), join(root, 'b'));
  await until('rename /c -> /b');
  await done();
});

streams('the root is removed, and there again', async (world) => {
  const { root } = world;
  const { until, done } = await listen(world, { watchRoot: true });
  rmSync(root, { recursive: true });
  await until('delete .', 'root-removed .');
  mkdirSync(root);
  await until('create .', 'rescan .');
  writeFileSync(join(root, 'a'), '');
  await until('create /a');
  await done();
});

streams('the root moves', async (world) => {
  const { root, top } = world;
  const { until, done } = await listen(world, { watchRoot: true });
  renameSync(root, join(top, 'q'));
  await until(`root-moved . -> ${join(top, 'q')}`);
  renameSync(join(top, 'q'), root);
  await until('rescan .');
  writeFileSync(join(root, 'a'), '');
  await until('create /a');
  await done();
});

streams('a directory above the root moves', async (world) => {
  const { root, top } = world;
  const deep = join(root, 'p/d');
  mkdirSync(deep, { recursive: true });
  const { until, done } = await listen(world, { watchRoot: true }, deep);
  renameSync(join(root, 'p'), join(top, 'pp'));
  await until('root-removed /p/d');
  renameSync(join(top, 'pp'), join(root, 'p'));
  await until('rescan /p/d');
  await done();
});

streams('streams share the watch of a directory, and of a directory above', async (world) => {
  const { root, source } = world;
  mkdirSync(join(root, 'd'));
  const one = await listen(world);
  const two = await listen(world);
  const below = await listen(world, {}, join(root, 'd'));
  assert.is(source.watches, 1);
  writeFileSync(join(root, 'd/a'), '');
  await Promise.all([one.until('create /d/a'), two.until('create /d/a'), below.until('create /d/a')]);
  await one.done();
  await two.done();
  assert.is(source.watches, 1);
  await below.done();
  assert.is(source.watches, 0);
});

streams('a wider watch takes over', async (world) => {
  const { root, source } = world;
  mkdirSync(join(root, 'd'));
  const below = await listen(world, {}, join(root, 'd'));
  const wide = await listen(world);
  writeFileSync(join(root, 'd/a'), '');
  await Promise.all([below.until('create /d/a'), wide.until('create /d/a')]);
  await below.done();
  await wide.done();
  assert.is(source.watches, 0);
});

streams('a path that is not there', async (world) => {
  const stream = new EventStream(join(world.root, 'none'), { source: world.source });
  const error = await stream.ready.then(
    () => null,
    (reason) => reason,
  );
  assert.instance(error, WatcherError);
  assert.is(error.code, 'ENOENT');
  await stream.closed;
  assert.is(world.source.watches, 0);
});

streams('a symbolic link to the root: paths without it', async (world) => {
  const { root, top } = world;
  symlinkSync(root, join(top, 'link'));
  const { until, done } = await listen(world, { ignore: ['skip'] }, join(top, 'link'));
  writeFileSync(join(root, 'skip'), '');
  writeFileSync(join(root, 'a'), '');
  await until('create /a');
  await done();
});

streams('since: rescan, then live', async (world) => {
  const { until, done, lines } = await listen(world, { since: 1 });
  await until('rescan .', 'history-done .');
  writeFileSync(join(world.root, 'a'), '');
  await until('create /a');
  assert.equal(lines, ['rescan .', 'history-done .', 'create /a']);
  await done();
});

streams('ids ascend and are times', async ({ source }) => {
  const before = Date.now();
  const { root } = { root: realpathSync(mkdtempSync(join(tmpdir(), 'watch-'))) };
  const watcher = EventWatcher.spawn(root, { source });
  await watcher.ready;
  writeFileSync(join(root, 'a'), '');
  const { value } = await watcher[Symbol.asyncIterator]().next();
  const time = watcher.eventIdToTimestamp(value?.lastId ?? 0) ?? 0;
  assert.ok(time >= before && time <= Date.now());
  assert.ok(watcher.currentEventId() >= (value?.lastId ?? 0));
  watcher.close();
  await watcher.closed;
  rmSync(root, { recursive: true });
});

streams('descriptors are given back, and respawn works', async (world) => {
  if (process.platform !== 'linux') {
    console.log('skipped: descriptors are counted in /proc');
    return;
  }
  const descriptors = () => readdirSync('/proc/self/fd').length;
  // @parcel/watcher 2.6 leaks one end of a pipe whenever the last watch of a process ends.
  const other = await listen(world, {}, world.top);
  const cycle = async (name: string) => {
    const dir = join(tmpdir(), `watch-${process.pid}-${name}`);
    mkdirSync(dir);
    const { until, done } = await listen(world, {}, dir);
    assert.is(world.source.watches, 2);
    writeFileSync(join(dir, 'f'), '');
    await until(`create ${dir}/f`);
    await done();
    rmSync(dir, { recursive: true });
  };
  await cycle('first');
  const before = descriptors();
  for (let i = 0; i < 5; i++) await cycle(`${i}`);
  assert.is(descriptors(), before);
  await other.done();
  assert.is(world.source.watches, 0);
});

streams.run();
