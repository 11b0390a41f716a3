/** Checks of the machine and its installed software. */
import { readYamaScope } from '../engine/failure.ts';
import { describeEngines } from '../engine/select.ts';
import { type CommandRunner, runCommand } from '../engine/venv.ts';
import { systemProbe } from '../platform/executable.ts';
import { libc } from '../platform/libc.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** `engines` in package.json. */
const NODE_WANTED = [20, 19] as const;

export function checkNode(version: string = process.versions.node): Check {
  const [major, minor] = version.split('.').map(Number);
  const enough = major > NODE_WANTED[0] || (major === NODE_WANTED[0] && minor >= NODE_WANTED[1]);
  return enough
    ? ok('node', version)
    : fail('node', `${version} is too old`, `Install Node ${NODE_WANTED.join('.')} or newer.`);
}

export function checkPlatform(
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): Check {
  const description = platform === 'linux' ? `linux ${arch} (${systemProbe().libc})` : `${platform} ${arch}`;
  const known = (platform === 'linux' || platform === 'darwin') && (arch === 'x64' || arch === 'arm64');
  return known
    ? ok('platform', description)
    : fail('platform', `${description} is not supported`, 'Use Linux or macOS on x86-64 or arm64.');
}

export async function checkPython(run: CommandRunner = runCommand): Promise<Check> {
  const name = 'python3 + venv';
  try {
    const result = await run('python3', [
      '-c',
      'import platform, venv, ensurepip; print(platform.python_version())',
    ]);
    if (result.status === 0) return ok(name, result.output.trim());
    return warn(
      name,
      "python3 lacks its venv module: virtual files can be watched only with npm's frida",
      'Debian and Ubuntu: `apt install python3-venv`.',
    );
  } catch {
    return warn(
      name,
      "python3 is missing: virtual files can be watched only with npm's frida",
      'Install Python 3.8 or newer with its venv module.',
    );
  }
}

/** Which engine is installed or can be downloaded. Downloads nothing. */
export async function checkEngines(run: CommandRunner = runCommand): Promise<Check> {
  const name = 'frida engine';
  const engines = await describeEngines(run);
  const usable =
    engines.find(({ state }) => state === 'ready') ?? engines.find((e) => e.state === 'fetchable');
  if (usable) return ok(name, `${usable.adapter}: ${usable.detail}`);
  return warn(
    name,
    `there is none, so virtual files cannot be watched: ${engines.map(({ detail }) => detail).join('; ')}`,
    engines.map(({ remedy }) => remedy).join(' Or: '),
  );
}

const YAMA: Record<number, string> = {
  0: 'attach works for all processes of the same user',
  1: 'attach works only for descendants, and for programs that `shimfs run` starts',
  2: 'attach works only for root',
  3: 'attach is forbidden until the next boot',
};

export function checkPtrace(
  scope: number | undefined = readYamaScope(),
  root: boolean = process.getuid?.() === 0,
): Check {
  const name = 'ptrace';
  if (scope === undefined) return ok(name, `no Yama: ${YAMA[0]}`);
  const detail = `kernel.yama.ptrace_scope is ${scope}: ${YAMA[scope] ?? 'an unknown restriction'}`;
  if (scope === 0 || (root && scope < 3)) return ok(name, detail);
  if (scope === 1) {
    return warn(name, detail, 'For `shimfs attach`: sudo sysctl kernel.yama.ptrace_scope=0, or run as root.');
  }
  return warn(
    name,
    `${detail}; virtual files cannot be watched`,
    'sudo sysctl kernel.yama.ptrace_scope=1, or run as root.',
  );
}

export async function checkCompiler(
  run: CommandRunner = runCommand,
  command: string = process.env.CC ?? 'cc',
): Promise<Check> {
  const name = 'C compiler';
  const remedy =
    'Install one (Debian and Ubuntu: `apt install gcc libc6-dev`; macOS: `xcode-select --install`).';
  try {
    const result = await run(command, ['--version']);
    if (result.status === 0) return ok(name, result.output.split('\n')[0].trim());
    return fail(name, `${command} does not work: ${result.output.trim().split('\n')[0]}`, remedy);
  } catch {
    return fail(name, `${command} is missing, and the gate is compiled with it`, remedy);
  }
}

export function checkKoffi(load: () => unknown = libc): Check {
  try {
    load();
    return ok('koffi', 'koffi can be loaded, and finds the C library');
  } catch (error) {
    return fail(
      'koffi',
      (error as Error).message,
      'Run `npm install` again with optional packages: they contain its binary.',
    );
  }
}
