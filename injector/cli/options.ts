/** Options that several commands share, and the parsers of their values. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Import } from '../run/own-session.ts';
import { UsageError } from './failure.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `4096`, `64k`, `16M`, `1G` */
export function byteCount(value: string): number {
  const match = /^(\d+)([kmg]?)$/i.exec(value);
  const bytes = match ? Number(match[1]) * UNITS[match[2]!.toLowerCase()]! : Number.NaN;
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError('Give bytes: 4096, 64k, 16M or 1G.');
  return bytes;
}

export function wholeNumber(value: string): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError('Give a whole number.');
  return number;
}

export function octalMode(value: string): number {
  if (!/^[0-7]{1,4}$/.test(value)) throw new InvalidArgumentError('Give it in octal, such as 644 or 1777.');
  return Number.parseInt(value, 8);
}

export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `DIR:P`, divided at the last colon: a virtual path contains no colon. */
export function collectImport(value: string, before: readonly Import[] = []): Import[] {
  const at = value.lastIndexOf(':');
  const added = { from: value.slice(0, at), to: value.slice(at + 1).replace(/(?<=.)\/+$/, '') };
  if (at <= 0 || !added.to.startsWith('/'))
    throw new InvalidArgumentError('Give DIR:P, a directory and the absolute virtual path for its contents.');
  return [...before, added];
}

export function collectVariable(
  value: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = value.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError('Give NAME=VALUE.');
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

export const sessionOption = (): Option =>
  new Option('--session <name>', 'name of the session, as given to `shimfs host`');
export const branchOption = (description = 'the branch to use (default: main)'): Option =>
  new Option('--branch <name>', description);

/** Options that describe the tree of a session. */
export function addSessionOptions(command: Command): Command {
  return command
    .option('--mount <path>', 'absolute path of an empty virtual directory; may be repeated', collect)
    .option(
      '--overlay <dir>',
      'real directory to show at its own path; changes stay in the session; may be repeated',
      collect,
    )
    .option(
      '--import <dir:path>',
      'real directory to copy to a virtual path first; may be repeated',
      collectImport,
    )
    .addOption(
      new Option(
        '--max-bytes <n>',
        'limit for the bytes of all virtual files together: 4096, 64k, 16M, 1G',
      ).argParser(byteCount),
    );
}

/** Options that decide how programs are covered. */
export function addCoverageOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--agent <when>',
        'load the agent into a program at its first watch (lazy), or at its start (always)',
      ).choices(['lazy', 'always']),
    )
    .addOption(
      new Option(
        '--notes <which>',
        'report to a kqueue watcher only the NOTE_ bits that it asked for (masked), or all bits that the kernel sets (native)',
      ).choices(['masked', 'native']),
    )
    .addOption(
      new Option('--engine <name>', "which Frida to use: PyPI's, npm's, or the first that works").choices([
        'auto',
        'python',
        'npm',
      ]),
    )
    .option(
      '--allow-uncovered',
      'run programs that cannot be covered on the real files, instead of refusing them',
    );
}

export interface SessionFlags {
  readonly session?: string;
  readonly mount?: string[];
  readonly overlay?: string[];
  readonly import?: Import[];
  readonly maxBytes?: number;
  readonly agent?: 'lazy' | 'always';
  readonly notes?: 'masked' | 'native';
  readonly engine?: 'auto' | 'python' | 'npm';
  readonly allowUncovered?: boolean;
}

export const ownSession = (flags: SessionFlags) => ({
  mounts: flags.mount,
  overlays: flags.overlay,
  imports: flags.import,
  maxBytes: flags.maxBytes,
  agent: flags.agent,
  notes: flags.notes,
  engine: flags.engine,
  allowUncovered: flags.allowUncovered,
});

/** Either a session is named, or a new session is described; never both. @throws UsageError */
export function requireSessionOrMount(flags: SessionFlags, command: string): void {
  const described = ['mount', 'overlay', 'import', 'maxBytes', 'notes', 'engine'].filter(
    (name) => flags[name as keyof SessionFlags] !== undefined,
  );
  if (flags.session !== undefined && described.length > 0)
    throw new UsageError(
      `--session and --${described[0] === 'maxBytes' ? 'max-bytes' : described[0]} exclude each other`,
      'Give --mount, --overlay, --import, --max-bytes, --notes and --engine to `shimfs host`, which opens the session.',
    );
  if (flags.session === undefined && !flags.mount && !flags.overlay && !flags.import)
    throw new UsageError(
      'the virtual tree would be empty: give --mount, --overlay, --import or --session',
      `Example: shimfs ${command}`,
    );
}

export function requireSession(flags: { readonly session?: string }): string {
  if (flags.session !== undefined) return flags.session;
  throw new UsageError(
    '--session is missing',
    'Give the name of a session that `shimfs host --session NAME` keeps.',
  );
}
