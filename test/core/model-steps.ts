/** Random operations on a tree of a few names, each applied to the core and to the kernel. */
import * as real from 'node:fs';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { NodeFs } from '../../core/index.ts';

export type Face = NodeFs | typeof real;

export interface Pair {
  /** The core's `fs` for a user. */
  readonly core: (uid: number) => NodeFs;
  /** Both trees' root. */
  readonly base: string;
  /** Deep enough that `..` of random paths does not leave `base`. */
  readonly work: string;
}

const NAMES = ['a', 'b', 'c'];
const name = fc.constantFrom(...NAMES);
const step = fc.oneof({ weight: 12, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('.', '..') });
const path = fc
  .tuple(
    fc.array(step, { minLength: 1, maxLength: 3 }),
    fc.oneof(
      { weight: 9, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('/', '/.', '//') },
    ),
  )
  .map(([steps, tail]) => steps.filter((one, i) => one !== '..' || i > 0).join('/') + tail)
  .filter((text) => text !== '' && !text.startsWith('/'));
const target = fc.oneof(path, fc.constantFrom('.', '..', '../a', '../../b', 'missing/x', 'a/'));
const bytes = fc.constantFrom('', 'x', 'hello', 'some longer text than that');
/** Without root only modes that keep the owner in: a locked directory could not be compared. */
const mode =
  process.getuid?.() === 0
    ? fc.constantFrom(0o600, 0o644, 0o755, 0o4755, 0o777)
    : fc.constantFrom(0o700, 0o755, 0o777);
const flags = fc.constantFrom('r', 'r+', 'w', 'wx', 'w+', 'a', 'a+', 'ax');
const numericFlags = fc.constantFrom(0, 0o200000, 0o400000, 0o600000, 0o1000, 0o301, 0o100, 0o102, 0o500100);

/** The result in comparable form, or the error's code. */
function attempt(action: () => unknown): unknown {
  try {
    return { value: action() };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code };
  }
}

/** Runs `action` with the rights of `uid` and the group of the same number, if permitted. */
function asUser<T>(uid: number, action: () => T): T {
  const own = process.geteuid!();
  if (uid === own) return action();
  process.setegid!(uid);
  process.seteuid!(uid);
  try {
    return action();
  } finally {
    process.seteuid!(own);
    process.setegid!(own);
  }
}

export class Step implements fc.Command<object, Pair> {
  readonly label: string;
  readonly act: (fs: Face, at: (path: string) => string) => unknown;
  readonly uid: number;
  constructor(label: string, act: Step['act'], uid = process.getuid?.() ?? 0) {
    this.label = label;
    this.act = act;
    this.uid = uid;
  }
  check(): boolean {
    return true;
  }
  run(_: object, { core, work }: Pair): void {
    const at = (relative: string): string => `${work}/${relative}`;
    const expected = asUser(this.uid, () => attempt(() => this.act(real, at)));
    const actual = attempt(() => this.act(core(this.uid), at));
    assert.equal(actual, expected, `${this.label}: ${JSON.stringify(actual)} ≠ ${JSON.stringify(expected)}`);
  }
  toString(): string {
    return `${this.uid}: ${this.label}`;
  }
}

export const facts = (stat: real.Stats) => [
  stat.isFile(),
  stat.isDirectory(),
  stat.isSymbolicLink(),
  stat.mode,
  stat.nlink,
  stat.uid,
  stat.gid,
  stat.isDirectory() ? 0 : stat.size,
];

/** Opens, uses the descriptor although the name may be removed, and returns the result. */
function useDescriptor(fs: Face, file: string, flag: string | number, data: string): unknown {
  const fd = fs.openSync(file, flag, 0o640);
  const buffer = Buffer.alloc(8);
  const results = [
    attempt(() => fs.writeSync(fd, data)),
    attempt(() => fs.fstatSync(fd).isFile() && fs.unlinkSync(file)),
    attempt(() => fs.writeSync(fd, data, 3)),
    attempt(() => fs.readSync(fd, buffer, 0, 8, 1)),
    attempt(() => fs.ftruncateSync(fd, 4)),
    attempt(() => fs.fstatSync(fd).nlink),
    attempt(() => fs.readFileSync(fd, 'latin1')),
  ];
  fs.closeSync(fd);
  return [results, buffer.toString('latin1')];
}

export const commands = [
  fc.tuple(path, mode).map(([p, m]) => new Step(`mkdir ${p}`, (fs, at) => void fs.mkdirSync(at(p), m))),
  path.map((p) => new Step(`mkdir -p ${p}`, (fs, at) => void fs.mkdirSync(at(p), { recursive: true }))),
  path.map((p) => new Step(`rmdir ${p}`, (fs, at) => fs.rmdirSync(at(p)))),
  path.map((p) => new Step(`unlink ${p}`, (fs, at) => fs.unlinkSync(at(p)))),
  fc.tuple(path, path).map(([p, q]) => new Step(`rename ${p} ${q}`, (fs, at) => fs.renameSync(at(p), at(q)))),
  fc.tuple(path, path).map(([p, q]) => new Step(`rename ${p} ${q}`, (fs, at) => fs.renameSync(at(p), at(q)))),
  fc.tuple(path, path).map(([p, q]) => new Step(`link ${p} ${q}`, (fs, at) => fs.linkSync(at(p), at(q)))),
  fc.tuple(target, path).map(([t, p]) => new Step(`symlink ${t} ${p}`, (fs, at) => fs.symlinkSync(t, at(p)))),
  path.map((p) => new Step(`readlink ${p}`, (fs, at) => fs.readlinkSync(at(p)))),
  path.map((p) => new Step(`realpath ${p}`, (fs, at) => fs.realpathSync.native(at(p)))),
  path.map((p) => new Step(`stat ${p}`, (fs, at) => facts(fs.statSync(at(p)) as real.Stats))),
  path.map((p) => new Step(`lstat ${p}`, (fs, at) => facts(fs.lstatSync(at(p)) as real.Stats))),
  path.map((p) => new Step(`readdir ${p}`, (fs, at) => fs.readdirSync(at(p)).sort())),
  path.map((p) => new Step(`access ${p}`, (fs, at) => fs.accessSync(at(p)))),
  fc.tuple(path, bytes).map(([p, b]) => new Step(`write ${p} ${b}`, (fs, at) => fs.writeFileSync(at(p), b))),
  fc.tuple(path, bytes).map(([p, b]) => new Step(`append ${p}`, (fs, at) => fs.appendFileSync(at(p), b))),
  path.map((p) => new Step(`read ${p}`, (fs, at) => fs.readFileSync(at(p), 'utf8'))),
  fc
    .tuple(path, fc.constantFrom(0, 3, 100))
    .map(([p, n]) => new Step(`truncate ${p} ${n}`, (fs, at) => fs.truncateSync(at(p), n))),
  fc.tuple(path, mode).map(([p, m]) => new Step(`chmod ${p}`, (fs, at) => fs.chmodSync(at(p), m))),
  path.map((p) => new Step(`utimes ${p}`, (fs, at) => fs.utimesSync(at(p), 1000, 2000))),
  path.map((p) => new Step(`utimes? ${p}`, (fs, at) => fs.statSync(at(p)).mtimeMs === 2_000_000)),
  fc.tuple(path, path).map(
    ([p, q]) =>
      new Step(`copy ${p} ${q}`, (fs, at) => {
        // The remains of libuv's copy of a directory are not modelled.
        if (!fs.statSync(at(p)).isDirectory()) fs.copyFileSync(at(p), at(q));
      }),
  ),
  fc
    .tuple(path, fc.oneof(flags, numericFlags), bytes)
    .map(([p, f, b]) => new Step(`use ${p} ${f}`, (fs, at) => useDescriptor(fs, at(p), f, b))),
];

const user = fc.constantFrom(0, 1000, 1000, 1001, 1001);
const rights = fc.constantFrom(0, 0o600, 0o644, 0o700, 0o070, 0o755, 0o777, 0o1777, 0o2775, 0o2777, 0o6755);

/** access checks the real identity, realpath is libc's own walk, and Linux may protect hard links. */
const ROOT_ONLY = /^(access|link|realpath)/;

/** The same as different users, with modes that exclude some of them. Requires root. */
export const commandsOfUsers = [
  ...commands.map((command) =>
    fc
      .tuple(command, user)
      .map(([step, uid]) => new Step(step.label, step.act, ROOT_ONLY.test(step.label) ? 0 : uid)),
  ),
  ...[0, 1, 2].map(() =>
    fc
      .tuple(path, rights, user)
      .map(([p, m, u]) => new Step(`chmod ${p} ${m.toString(8)}`, (fs, at) => fs.chmodSync(at(p), m), u)),
  ),
  fc
    .tuple(path, user, user, user)
    .map(([p, o, g, u]) => new Step(`chown ${p} ${o} ${g}`, (fs, at) => fs.chownSync(at(p), o, g), u)),
];
