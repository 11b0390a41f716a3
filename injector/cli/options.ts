/** Options that several commands share, and what their values mean. */
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

/** The same for what is read only once the command runs. @throws UsageError */
export function sizeArgument(value: string): number {
  if (/^\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new UsageError(`'${value}' is no size`, 'Give bytes, as a whole number.');
}

export function octalMode(value: string): number {
  if (!/^[0-7]{1,4}$/.test(value))
    throw new UsageError(`'${value}' is no mode`, 'Give it in octal, such as 644 or 1777.');
  return Number.parseInt(value, 8);
}

export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `DIR:P`. The virtual path holds no colon, so the last one divides. */
export function collectImport(value: string, before: readonly Import[] = []): Import[] {
  const at = value.lastIndexOf(':');
  const one = { from: value.slice(0, at), to: value.slice(at + 1).replace(/(?<=.)\/+$/, '') };
  if (at <= 0 || !one.to.startsWith('/'))
    throw new InvalidArgumentError('Give DIR:P, a directory and the absolute virtual path for it.');
  return [...before, one];
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
  new Option('--session <name>', 'the session, as `shimfs host` named it');
export const branchOption = (what = 'the branch to work in (default: main)'): Option =>
  new Option('--branch <name>', what);

/** What a session is made of. */
export function addSessionOptions(command: Command): Command {
  return command
    .option('--mount <path>', 'absolute path at which the virtual tree stands; may be repeated', collect)
    .option(
      '--overlay <dir>',
      'show a real directory at its own path, and keep all changes in the session; may be repeated',
      collect,
    )
    .option(
      '--import <dir:path>',
      'copy a real directory to a virtual path first; may be repeated',
      collectImport,
    )
    .addOption(
      new Option('--max-bytes <n>', 'bytes that all virtual files together may hold').argParser(byteCount),
    );
}

/** How programs are taken into it. */
export function addCoverageOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--agent <when>', 'bring the agent at the first watch, or at once').choices([
        'lazy',
        'always',
      ]),
    )
    .addOption(
      new Option(
        '--notes <which>',
        'tell kqueue watchers what they asked for, or all the kernel would set',
      ).choices(['masked', 'native']),
    )
    .addOption(new Option('--engine <name>', 'where Frida comes from').choices(['auto', 'python', 'npm']))
    .option(
      '--allow-uncovered',
      'run what cannot be covered outside the virtual tree, instead of refusing it',
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

/** A session is named, or one is described; never both. @throws UsageError */
export function requireSessionOrMount(flags: SessionFlags, command: string): void {
  const described = ['mount', 'overlay', 'import', 'maxBytes', 'notes', 'engine'].filter(
    (name) => flags[name as keyof SessionFlags] !== undefined,
  );
  if (flags.session !== undefined && described.length > 0)
    throw new UsageError(
      `--session and --${described[0] === 'maxBytes' ? 'max-bytes' : described[0]} exclude each other`,
      'A session has what its host was given: see `shimfs host --help`.',
    );
  if (flags.session === undefined && !flags.mount && !flags.overlay && !flags.import)
    throw new UsageError(
      'nothing would be virtual: give --mount, --overlay, --import or --session',
      `Example: shimfs ${command}`,
    );
}

export function requireSession(flags: { readonly session?: string }): string {
  if (flags.session !== undefined) return flags.session;
  throw new UsageError('--session is missing', 'Name the session that `shimfs host --session S` keeps.');
}
