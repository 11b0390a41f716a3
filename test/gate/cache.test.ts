/**
 * The gate's cache is never stale: after any change by the host, by another process or by the process itself, the next
 * stat of a process that has a cached answer returns the new state.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsError } from '../../core/errors.ts';
import type { FsView } from '../../core/fs-view.ts';
import type { Program } from '../../injector/run/program.ts';
import { TestSession } from '../support/session.ts';

/** Reads commands from standard input, and prints a line for each. Uses stat and lstat, as any program does. */
const ASKER = `
import os, sys
def tell(call, path):
    try:
        s = call(path)
        return f"{s.st_ino} {s.st_mode:o} {s.st_nlink} {s.st_size} {s.st_mtime_ns} {s.st_uid}"
    except OSError as e:
        return e.strerror
for line in sys.stdin:
    verb, *args = line.split()
    if verb == "stat": print(tell(os.stat, args[0]), tell(os.lstat, args[0]), sep="|")
    elif verb == "append":
        with open(args[0], "a") as f: f.write("more")
        print("ok")
    elif verb == "hold":
        held = os.open(args[0], os.O_RDWR | os.O_CREAT); print("ok")
    elif verb == "put": os.pwrite(held, b"x" * int(args[0]), 0); print("ok")
    elif verb == "cut": os.ftruncate(held, int(args[0])); print("ok")
    elif verb == "drop": os.close(held); print("ok")
    else:
        try: getattr(os, verb)(*args); print("ok")
        except OSError as e: print(e.strerror)
    sys.stdout.flush()
`;

import { SELF } from '../support/self.ts';

class Asker {
  readonly program: Program;
  readonly #lines: AsyncIterator<string>;

  constructor(session: TestSession) {
    this.program = session.start('python3', ['-c', ASKER]);
    this.#lines = createInterface({ input: this.program.child.stdout! })[Symbol.asyncIterator]();
  }

  async say(line: string): Promise<string> {
    this.program.child.stdin!.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the asking program ended at '${line}'`);
    return value;
  }

  async end(): Promise<void> {
    this.program.child.stdin!.end();
    await once(this.program.child, 'close');
  }
}

function truth(view: FsView, path: string, follow: boolean): string {
  try {
    const { ino, mode, nlink, size, mtime, uid } = view.stat({ path }, { follow });
    return `${ino} ${mode.toString(8)} ${nlink} ${size} ${BigInt(mtime.sec) * 1_000_000_000n + BigInt(mtime.nsec)} ${uid}`;
  } catch (error) {
    if (error instanceof FsError && error.code === 'ENOENT') return 'No such file or directory';
    if (error instanceof FsError && error.code === 'ENOTDIR') return 'Not a directory';
    if (error instanceof FsError && error.code === 'ELOOP') return 'Too many levels of symbolic links';
    throw error;
  }
}

const NAMES = ['/v/a', '/v/b', '/v/d', '/v/d/a', '/v/d/e', '/v/d/e/b', '/v/l', '/v/l/a'];
const name = fc.constantFrom(...NAMES);

type Change = (view: FsView) => void;
const change: fc.Arbitrary<{ text: string; run: Change }> = fc.oneof(
  name.map((path) => ({ text: `create ${path}`, run: (v: FsView) => void v.mknod({ path }, 0o100644) })),
  name.map((path) => ({ text: `mkdir ${path}`, run: (v: FsView) => void v.mkdir({ path }) })),
  name.map((path) => ({ text: `unlink ${path}`, run: (v: FsView) => v.unlink({ path }) })),
  name.map((path) => ({ text: `rmdir ${path}`, run: (v: FsView) => v.rmdir({ path }) })),
  name.map((path) => ({ text: `chmod ${path}`, run: (v: FsView) => v.chmod({ path }, 0o700) })),
  fc
    .tuple(name, fc.nat(99))
    .map(([path, n]) => ({ text: `truncate ${path} ${n}`, run: (v: FsView) => v.truncate({ path }, n) })),
  fc.tuple(name, name).map(([from, to]) => ({
    text: `rename ${from} ${to}`,
    run: (v: FsView) => v.rename({ path: from }, { path: to }),
  })),
  fc.tuple(name, name).map(([from, to]) => ({
    text: `link ${from} ${to}`,
    run: (v: FsView) => void v.link({ path: from }, { path: to }),
  })),
  fc.tuple(name, name).map(([to, path]) => ({
    text: `symlink ${to} ${path}`,
    run: (v: FsView) => void v.symlink(to, { path }),
  })),
);

const cache = suite('cache');
let session: TestSession;
let view: FsView;
let asker: Asker;
let other: Asker;

cache.before(async () => {
  session = await TestSession.open();
  view = session.core.view('main', SELF);
  asker = new Asker(session);
  other = new Asker(session);
});
cache.after(async () => {
  await asker.end();
  await other.end();
  await session.close();
});

/** Twice: the second answer comes from the cache where the gate has it. */
async function check(path: string, after: string): Promise<void> {
  const expected = `${truth(view, path, true)}|${truth(view, path, false)}`;
  for (const time of ['asked', 'asked again'])
    assert.is(await asker.say(`stat ${path}`), expected, `${path}, ${time} after ${after}`);
}

cache('after random changes by the host every remembered path tells the truth', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 4, maxLength: 12 }), async (changes) => {
      for (const { text, run } of changes) {
        try {
          run(view);
        } catch (error) {
          if (!(error instanceof FsError)) throw error;
        }
        for (const path of NAMES) await check(path, text);
      }
    }),
    { numRuns: 40 },
  );
});

cache('another process changes names and bytes', async () => {
  await check('/v/p', 'nothing');
  for (const line of [
    'mkdir /v/p',
    'rmdir /v/p',
    'append /v/p',
    'append /v/p',
    'link /v/p /v/q',
    'unlink /v/p',
    'rename /v/q /v/p',
    'append /v/p',
  ]) {
    assert.is(await other.say(line), 'ok', line);
    await check('/v/p', line);
    await check('/v/q', line);
  }
});

cache('a descriptor held open for writing: sizes are never remembered', async () => {
  await check('/v/h', 'nothing');
  await other.say('hold /v/h');
  for (const line of ['put 10', 'put 5000', 'cut 3', 'put 4', 'cut 0', 'put 1', 'drop']) {
    assert.is(await other.say(line), 'ok', line);
    await check('/v/h', line);
  }
});

cache('its own changes', async () => {
  for (const line of [
    'mkdir /v/own',
    'append /v/own/f',
    'rename /v/own /v/own2',
    'unlink /v/own2/f',
    'rmdir /v/own2',
  ]) {
    assert.is(await asker.say(line), 'ok', line);
    for (const path of ['/v/own', '/v/own/f', '/v/own2', '/v/own2/f']) await check(path, line);
  }
});

cache('a whiteout, and the end of a branch behind it', async () => {
  await other.say('append /v/w');
  await check('/v/w', 'its creation');
  session.core.hide('main', '/v/w');
  await check('/v/w', 'a whiteout');
});

cache.run();
