/**
 * Decides before a program's start whether it can be covered.
 *
 * A preloaded gate reaches a program only through its dynamic loader and its libc. A program without them would not
 * see the virtual tree, so it is refused with a reason. All facts come through `FileProbe`, so that every refusal is a
 * row in a test.
 */
import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { type ByteReader, type Elf, isElf, libcOf, type Machine, parseElf } from './elf.ts';
import { libc } from './libc.ts';
import { isMachO, type MachO, parseMachO } from './mach-o.ts';

export type Libc = 'glibc' | 'musl';

export type RefusalCode =
  | 'missing'
  | 'directory'
  | 'not-executable'
  | 'format'
  | 'architecture'
  | 'static'
  | 'go'
  | 'libc'
  | 'setuid'
  | 'protected'
  | 'script-depth';

export interface Covered {
  readonly ok: true;
  /** The given file, then the interpreter of each `#!` line; the program itself is last. */
  readonly chain: readonly string[];
  readonly libc?: Libc;
}

export interface Refused {
  readonly ok: false;
  readonly code: RefusalCode;
  readonly reason: string;
  readonly remedy: string;
  /** Exit status as of a shell: 127 for a missing file, 126 for a file that cannot be executed. */
  readonly exitStatus: 126 | 127;
}

export type Coverage = Covered | Refused;

/** The facts about the system that are needed here. */
export interface FileProbe {
  readonly platform: NodeJS.Platform;
  readonly machine: Machine;
  /** The libc the gate was built for. */
  readonly libc: Libc;
  readonly uid: number;
  readonly gid: number;
  stat(path: string): Pick<Stats, 'mode' | 'uid' | 'gid'> | undefined;
  executable(path: string): boolean;
  hasCapabilities(path: string): boolean;
  /** Undefined if it may not be read. */
  open<T>(path: string, use: (read: ByteReader) => T): T | undefined;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o10;
const SHELL = '/bin/sh';
const SCRIPT_DEPTH = 4;
/** BINPRM_BUF_SIZE: the kernel reads no more of a `#!` line. */
const SHEBANG_BYTES = 256;

const refuse = (code: RefusalCode, reason: string, remedy: string): Refused => ({
  ok: false,
  code,
  reason,
  remedy,
  exitStatus: code === 'missing' ? 127 : 126,
});

const UNCOVERED =
  'Use a dynamically linked build of it, or let it run outside the virtual tree with --allow-uncovered.';

/** @param path from `resolveCommand` */
export function coverage(path: string, probe: FileProbe = systemProbe()): Coverage {
  return follow(path, [], probe);
}

function follow(path: string, before: readonly string[], probe: FileProbe): Coverage {
  const chain = [...before, path];
  const unfit = checkFile(path, before.at(-1), probe);
  if (unfit) return unfit;
  if (probe.platform !== 'linux' && probe.platform !== 'darwin') return { ok: true, chain };
  const told = probe.open(path, (read) => {
    const head = read(0, SHEBANG_BYTES);
    if (probe.platform === 'darwin')
      return isMachO(head) ? { mach: parseMachO(read, probe.machine) } : { script: head };
    return isElf(head) ? { elf: parseElf(read) } : { script: head };
  });
  if (told === undefined) {
    return refuse('not-executable', `${path} may not be read, so it cannot be checked`, `chmod +r ${path}`);
  }
  if ('script' in told && told.script) return followScript(path, told.script, chain, probe);
  if ('mach' in told && told.mach) return checkMachO(path, told.mach, probe) ?? { ok: true, chain };
  if (!('elf' in told) || !told.elf)
    return refuse('format', `${path} is a damaged program file`, 'Install it anew.');
  return checkElf(path, told.elf, probe) ?? { ok: true, chain, libc: probe.libc };
}

function followScript(path: string, head: Uint8Array, chain: readonly string[], probe: FileProbe): Coverage {
  // The shell executes a text without a #! line, as with execvp(3).
  const interpreter = shebang(head) ?? (head.includes(0) ? undefined : SHELL);
  if (interpreter === undefined) {
    return refuse(
      'format',
      `${path} is neither a program for this system nor a script`,
      'Name a program of this system.',
    );
  }
  if (chain.length > SCRIPT_DEPTH) {
    return refuse('script-depth', `${chain[0]} leads through more than ${SCRIPT_DEPTH} #! lines`, UNCOVERED);
  }
  return follow(interpreter, chain, probe);
}

/** The interpreter of a `#!` line; undefined without such a line. */
export function shebang(head: Uint8Array): string | undefined {
  if (head[0] !== 0x23 || head[1] !== 0x21) return undefined;
  const line = new TextDecoder().decode(head).slice(2).split('\n', 1)[0];
  return /^[ \t]*([^ \t\0]+)/.exec(line)?.[1];
}

function checkFile(path: string, script: string | undefined, probe: FileProbe): Refused | undefined {
  const by = script === undefined ? '' : `, which ${script} names in its #! line,`;
  const stat = probe.stat(path);
  if (!stat) return refuse('missing', `${path}${by} does not exist`, 'Check the path and its spelling.');
  const type = stat.mode & S_IFMT;
  if (type === S_IFDIR) return refuse('directory', `${path}${by} is a directory`, 'Name a program in it.');
  if (type !== S_IFREG) return refuse('not-executable', `${path}${by} is no regular file`, 'Name a program.');
  if (!probe.executable(path)) {
    return refuse('not-executable', `${path}${by} is not executable`, `If it is a program: chmod +x ${path}`);
  }
  return checkPrivileges(path, stat, probe);
}

/** A program that gains rights from its file ignores preload variables (AT_SECURE). */
function checkPrivileges(
  path: string,
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
  probe: FileProbe,
): Refused | undefined {
  const gains = [
    ...((mode & S_ISUID) !== 0 && uid !== probe.uid ? [`setuid to user ${uid}`] : []),
    // setgid without group execution is the mark of mandatory locking, not a gain.
    ...((mode & S_ISGID) !== 0 && (mode & S_IXGRP) !== 0 && gid !== probe.gid
      ? [`setgid to group ${gid}`]
      : []),
    ...(probe.uid !== 0 && probe.hasCapabilities(path) ? ['given capabilities by its file'] : []),
  ];
  if (gains.length === 0) return undefined;
  return refuse(
    'setuid',
    `${path} is ${gains.join(' and ')}, and such programs ignore preloaded libraries`,
    'Run it as the user it changes to, or use a copy without these rights.',
  );
}

function checkElf(path: string, elf: Elf, probe: FileProbe): Refused | undefined {
  if (elf.bits !== 64) {
    return refuse('architecture', `${path} is a 32-bit program`, 'Use a 64-bit build of it.');
  }
  if (!elf.littleEndian || elf.machine !== probe.machine) {
    return refuse(
      'architecture',
      `${path} is a program for another kind of machine than this ${probe.machine}`,
      'Use a build for this machine.',
    );
  }
  if (elf.go) {
    return refuse(
      'go',
      `${path} is a Go program: Go calls the kernel directly, past the C library`,
      'A Go program cannot be covered; --allow-uncovered lets it run outside the virtual tree.',
    );
  }
  // A loader that is executed directly preloads the gate into the program that it runs.
  if (elf.interpreter === undefined && libcOf(path) === probe.libc) return undefined;
  if (elf.interpreter === undefined) {
    return refuse('static', `${path} is statically linked: no library can be preloaded into it`, UNCOVERED);
  }
  const its = libcOf(elf.interpreter);
  if (its !== probe.libc) {
    return refuse(
      'libc',
      `${path} runs on ${its === 'unknown' ? `an unknown loader (${elf.interpreter})` : its}, and the gate is built for ${probe.libc}`,
      `Use a build of it for ${probe.libc}.`,
    );
  }
  return undefined;
}

const COPY =
  'Use a build of your own or from a package manager; or a copy that is signed anew: codesign -f -s - COPY.';
const NOT_INSERTED: Record<NonNullable<MachO['refusal']>, string> = {
  platform: 'is part of macOS, and System Integrity Protection keeps inserted libraries out of it',
  restricted: 'is marked as restricted, and dyld inserts no library into it',
  hardened: 'has the hardened runtime without the entitlement to take DYLD_ variables',
  'library-validation': 'accepts only libraries signed by its own team',
};

function checkMachO(path: string, mach: MachO, probe: FileProbe): Refused | undefined {
  if (!mach.machines.includes(probe.machine)) {
    return refuse(
      'architecture',
      `${path} is a program for another kind of machine than this ${probe.machine}`,
      'Use a build for this machine.',
    );
  }
  if (!mach.dynamic) return refuse('static', `${path} is not started by dyld`, UNCOVERED);
  return mach.refusal && refuse('protected', `${path} ${NOT_INSERTED[mach.refusal]}`, COPY);
}

/** Searches PATH for `name` by the rules of execvp(3). Undefined: not found. */
export function resolveCommand(
  name: string,
  searchPath: string = process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  cwd: string = process.cwd(),
  probe: Pick<FileProbe, 'stat' | 'executable'> = systemProbe(),
): string | undefined {
  if (name === '') return undefined;
  if (name.includes('/')) return isAbsolute(name) ? name : resolve(cwd, name);
  let denied: string | undefined;
  for (const entry of searchPath.split(':')) {
    // An empty entry means the current directory.
    const candidate = join(resolve(cwd, entry), name);
    const stat = probe.stat(candidate);
    if (!stat || (stat.mode & S_IFMT) === S_IFDIR) continue;
    if (probe.executable(candidate)) return candidate;
    denied ??= candidate;
  }
  // "Not executable" explains more than "not found".
  return denied;
}

let system: FileProbe | undefined;

export function systemProbe(): FileProbe {
  system ??= {
    platform: process.platform,
    machine: process.arch === 'x64' || process.arch === 'arm64' ? process.arch : 'other',
    libc: ownLibc(),
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    stat: (path) => {
      try {
        return statSync(path, { throwIfNoEntry: false });
      } catch {
        // A directory without search permission, or a loop of links: counts as missing.
        return undefined;
      }
    },
    executable: (path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    },
    hasCapabilities: (path) => libc().getxattr(path, 'security.capability') > 0,
    open: withReader,
  };
  return system;
}

/** The gate is built for the libc that Node itself uses. */
function ownLibc(): Libc {
  if (process.platform !== 'linux') return 'glibc';
  const own = withReader(process.execPath, parseElf)?.interpreter;
  return own !== undefined && libcOf(own) === 'musl' ? 'musl' : 'glibc';
}

function withReader<T>(path: string, use: (read: ByteReader) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return use((offset, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
    });
  } finally {
    closeSync(fd);
  }
}
