/** The gate's cache for an overlay agrees with the host, after changes by any program, also of the real files. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FsError } from '../../core/errors.ts';
import { Op } from '../../core/protocol.ts';
import { HANDLERS } from '../../injector/host/gate/requests.ts';
import { directory, plant } from '../core/overlay/trees.ts';
import { python } from '../programs/support.ts';
import { SELF } from '../support/self.ts';
import { TestSession } from '../support/session.ts';

const below = directory();
const PLAN = { a: 'a', b: 'bb', 'd/f': 'f', 'd/e/g': 'g', s: { to: 'd' } };
plant(below, PLAN);
const session = await TestSession.open({ overlays: [below] });
const view = session.core.view('main', { ...SELF, umask: 0 });

let questions = 0;
const answer = HANDLERS[Op.Stat]!;
HANDLERS[Op.Stat] = (q, c) => {
  questions++;
  return answer(q, c);
};

const ASKER = `
import os, sys
def tell(call, path):
    try:
        s = call(path)
        return f"{s.st_ino} {s.st_mode:o} {s.st_nlink} {s.st_size} {s.st_mtime_ns} {s.st_uid}"
    except OSError as e: return str(e.errno)
for line in sys.stdin:
    print("|".join(tell(call, p) for p in line.split() for call in (os.stat, os.lstat)), flush=True)
`;
const program = session.start(python ?? 'python3', ['-c', ASKER], { cwd: below });
const lines = createInterface({ input: program.child.stdout! })[Symbol.asyncIterator]();
const ask = async (paths: readonly string[]): Promise<string[]> => {
  program.child.stdin!.write(`${paths.join(' ')}\n`);
  return String((await lines.next()).value).split('|');
};

const ERRNO: Record<string, number> = { ENOENT: 2, ENOTDIR: 20, ELOOP: 40 };
function truth(path: string): string[] {
  const at = { path: path.startsWith('/') ? path : `${below}/${path}` };
  return [true, false].map((follow) => {
    try {
      const s = view.stat(at, { follow });
      const mtime = BigInt(s.mtime.sec) * 1_000_000_000n + BigInt(s.mtime.nsec);
      return `${s.ino} ${s.mode.toString(8)} ${s.nlink} ${s.size} ${mtime} ${s.uid}`;
    } catch (error) {
      return String(ERRNO[(error as FsError).code]);
    }
  });
}

const NAMES = ['a', 'b', 'd', 'd/f', 'd/e', 'd/e/g', 'n', 'n/x', 's', 's/f', 'd/n'];
const PATHS = [...NAMES, ...NAMES.map((name) => `${below}/${name}`)];

const cache = suite('remembered answers of an overlay');
cache.after(async () => {
  program.child.stdin!.end();
  assert.is(await program.status, 0);
  await session.close();
  rmSync(below, { recursive: true });
});

cache('a second time hardly anybody asks the host', async () => {
  session.core.fs.mkdirSync(`${below}/own`);
  session.core.fs.writeFileSync(`${below}/own/x`, 'x');
  const paths = ['a', 'd/f', `${below}/d/e/g`, 's/f', 'own/x', 'own/missing'];
  const first = await ask(paths);
  const before = questions;
  for (let i = 0; i < 5; i++) assert.equal(await ask(paths), first);
  // Two names may happen to share a place, and drive each other out.
  assert.ok(questions - before < (5 * first.length) / 2, `${questions - before} questions`);
  assert.equal(first, paths.flatMap(truth));
  writeFileSync(`${below}/a`, 'changed underneath');
  assert.equal(await ask(['a']), truth('a'));
  assert.ok(questions > before);
});

type Step = readonly [name: string, run: () => void];
const name = fc.constantFrom(...NAMES);
const attempt = (run: () => void) => (): void => {
  try {
    run();
  } catch {
    // Not everything can be done to everything.
  }
};
let clock = 1_700_000_000;
const both = (real: string) =>
  fc.tuple(name, name, fc.constantFrom('real', 'virtual')).map(([one, two, where]): Step => {
    const [p, q] = [`${below}/${one}`, `${below}/${two}`];
    const fs = session.core.fs;
    const deed: Record<string, [() => void, () => void]> = {
      write: [() => writeFileSync(p, `${clock++}`), () => fs.writeFileSync(p, `v${clock++}`)],
      remove: [() => rmSync(p, { recursive: true }), () => fs.rmSync(p, { recursive: true })],
      // A copied-up directory whose real directory is renamed appears at two paths; the first lookup decides the order.
      rename: [() => (lstatSync(p).isDirectory() ? undefined : renameSync(p, q)), () => fs.renameSync(p, q)],
      mkdir: [() => mkdirSync(p), () => fs.mkdirSync(p)],
      chmod: [
        () => chmodSync(p, clock++ % 2 ? 0o700 : 0o755),
        () => fs.chmodSync(p, clock++ % 2 ? 0o711 : 0o750),
      ],
      link: [() => linkSync(p, q), () => fs.linkSync(p, q)],
      symlink: [() => symlinkSync(one, q), () => fs.symlinkSync(one, q)],
      times: [() => utimesSync(p, clock, clock++), () => fs.utimesSync(p, clock, clock++)],
    };
    return [`${where} ${real} ${one} ${two}`, attempt(deed[real]![where === 'real' ? 0 : 1])];
  });
const step = fc.oneof(
  ...['write', 'remove', 'rename', 'mkdir', 'chmod', 'link', 'symlink', 'times'].map(both),
);

cache('never stale, whatever is done above and underneath', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
      session.core.discardBranch('main');
      session.host.session.page.outdateAll();
      for (const one of ['a', 'b', 'd', 'n', 's', 'own'])
        rmSync(`${below}/${one}`, { recursive: true, force: true });
      plant(below, PLAN);
      const said: string[] = [];
      for (const [what, run] of steps) {
        await ask(PATHS);
        run();
        said.push(what);
        const got = await ask(PATHS);
        const want = PATHS.flatMap(truth);
        const wrong = got.flatMap((one, i) =>
          one === want[i] ? [] : [`${PATHS[i >> 1]} ${i % 2}: ${one}, not ${want[i]}`],
        );
        assert.is(wrong.join('; '), '', `${said.join('\n')}\n${wrong.join('\n')}`);
        assert.equal(await ask(PATHS), got);
      }
    }),
    {
      numRuns: Number(process.env.RUNS ?? 25),
      includeErrorInReport: true,
      endOnFailure: process.env.SHRINK === undefined,
    },
  );
});

cache.run();
