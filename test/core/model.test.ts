/**
 * The kernel is the oracle: random operations on a core and on a real directory, through the same interface.
 *
 * After each operation the results and error codes must be equal, at the end the trees; and the core's events alone
 * must reproduce the resulting tree.
 */
import * as real from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { constants, FsCore, type FsEvent, type NodeFs } from '../../core/index.ts';
import { connection } from '../support/numbers.ts';
import { removeTree } from '../support/self.ts';
import { commands, commandsOfUsers, type Face, facts } from './model-steps.ts';
import { replay } from './replay.ts';

function tree(fs: Face, base: string): unknown[] {
  const found: unknown[] = [];
  const visit = (path: string): void => {
    const stat = fs.lstatSync(path) as real.Stats;
    const content = stat.isFile() ? fs.readFileSync(path, 'latin1') : '';
    const link = stat.isSymbolicLink() ? fs.readlinkSync(path) : '';
    found.push([path, ...facts(stat), content, link]);
    if (stat.isDirectory()) for (const name of fs.readdirSync(path).sort()) visit(`${path}/${name}`);
  };
  visit(base);
  return found;
}

/** Everything below the root with its inode, as the core has it. */
function known(fs: NodeFs): unknown[] {
  const found: unknown[] = [];
  const visit = (path: string): void => {
    for (const name of fs.readdirSync(path === '' ? '/' : path)) {
      const at = `${path}/${name}`;
      const stat = fs.lstatSync(at);
      const type = stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'file';
      found.push([at, stat.ino, type]);
      if (stat.isDirectory()) visit(at);
    }
  };
  visit('');
  return found.sort();
}

const lines = (rows: unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

interface Variant {
  readonly name: string;
  readonly runs: number;
  readonly steps?: typeof commands;
  readonly shared?: boolean;
  /** Branch to work in, over a live main; snapshots are taken in between. */
  readonly branch?: string;
}

const VARIANTS: readonly Variant[] = [
  { name: 'in a single layer', runs: 200 },
  { name: 'in a branch over a live one and snapshots', runs: 150, branch: 'over' },
  { name: 'with the bytes in object files', runs: 60, shared: true },
  { name: 'in a branch, with the bytes in object files', runs: 60, shared: true, branch: 'over' },
  { name: 'as several users', runs: 200, steps: commandsOfUsers },
  { name: 'as several users in a branch', runs: 100, steps: commandsOfUsers, branch: 'over' },
];

const scratch = real.mkdtempSync(`${real.existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/shimfs-model-`);
real.chmodSync(scratch, 0o755);

/** Every regular file is opened natively, some of them stay open. */
function promoteAll(core: FsCore, branch: string, base: string): void {
  const view = core.view(branch, { pid: 9, uid: 0, gid: 0, umask: 0 });
  for (const [path, isFile] of tree(core.fsFor(branch, { uid: 0, gid: 0 }), base) as [string, boolean][]) {
    if (!isFile) continue;
    const { attr } = view.open({ path }, constants.O_RDONLY);
    if (attr.ino % 2) core.opened(attr.oid, connection(9));
  }
}

function run(variant: Variant, id: string, steps: Iterable<fc.Command<object, never>>): void {
  const base = `${scratch}/${id}`;
  const work = `${base}/x/y`;
  const branch = variant.branch ?? 'main';
  const core = new FsCore({
    backstore: variant.shared
      ? { kind: 'shared', directory: `${scratch}/objects-${id}` }
      : { kind: 'memory' },
  });
  const events: FsEvent[] = [];
  if (variant.branch) core.createBranch(branch);
  core.subscribe((event) => events.push(event), { branch });
  // The tree begins in the lower branch and is changed in the upper.
  for (const one of [core.fs, real]) {
    one.mkdirSync(`${work}/a/b`, { recursive: true });
    one.writeFileSync(`${work}/a/c`, 'lower');
    one.linkSync(`${work}/a/c`, `${work}/c`);
  }
  const below = lines(tree(core.fs, base));
  const faces = new Map<number, NodeFs>();
  let done = 0;
  const face = (uid: number): NodeFs => {
    if (++done % 7 === 0 && variant.branch) core.snapshot(branch, `after ${done}`);
    if (done % 5 === 0 && variant.shared) promoteAll(core, branch, base);
    if (!faces.has(uid)) faces.set(uid, core.fsFor(branch, { uid, gid: uid }));
    return faces.get(uid)!;
  };
  try {
    fc.modelRun(() => ({ model: {}, real: { core: face, base, work } as never }), steps as never);
    const all = core.fsFor(branch, { uid: 0, gid: 0 });
    assert.is(lines(tree(all, base)), lines(tree(real, base)));
    const told = [...replay(events)].map(([path, { ino, type }]) => [path, ino, type]).sort();
    assert.is(lines(told), lines(known(all)));
    if (variant.branch) assert.is(lines(tree(core.fs, base)), below, 'the lower branch is as it was');
  } finally {
    core.close();
    removeTree(base);
    real.rmSync(`${scratch}/objects-${id}`, { recursive: true, force: true });
  }
}

const Model = suite('core against the kernel');
const umask = process.umask(0o022);
if (process.getuid?.() === 0) process.setgroups!([]);

Model.after(() => {
  removeTree(scratch);
  process.umask(umask);
});

const seed = process.env.FC_SEED === undefined ? {} : { seed: Number(process.env.FC_SEED) };

for (const [v, variant] of VARIANTS.entries()) {
  if (variant.steps && process.getuid?.() !== 0) {
    console.log(`not run: ${variant.name} (only root can become another user)`);
    continue;
  }
  Model(`does what tmpfs does, ${variant.name}`, () => {
    let runs = 0;
    const property = fc.property(
      fc.commands(variant.steps ?? commands, { maxCommands: 60, size: '+2' }),
      (steps) => run(variant, `${v}-${runs++}`, steps as never),
    );
    const details = fc.check(property, { numRuns: variant.runs, ...seed });
    const why = details.errorInstance as { details?: string } | null;
    assert.not(details.failed, `${fc.defaultReportMessage(details)}\n${why?.details ?? why}`);
  });
}

Model.run();
