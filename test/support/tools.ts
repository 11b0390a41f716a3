/** Programs of the system that some suites need: installed once if permitted; otherwise the suite prints its reason to skip. */
import { execFileSync } from 'node:child_process';

const isThere = (command: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Other suites may be installing: wait for them. */
const APT = ['-o', 'DPkg::Lock::Timeout=120', '-qq'];

function aptGet(...args: string[]): boolean {
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', [...APT, ...args], { stdio: 'ignore', env, timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether the command exists, or could be installed by Debian's package. Otherwise prints `skipped: …` with the remedy.
 *
 * @param what the tests that are skipped without it
 */
export function installed(command: string, debianPackage: string, what: string): boolean {
  if (isThere(command)) return true;
  if (process.getuid?.() === 0 && isThere('apt-get')) {
    if (!aptGet('install', '-y', '--no-install-recommends', debianPackage))
      aptGet('update') && aptGet('install', '-y', '--no-install-recommends', debianPackage);
    if (isThere(command)) return true;
  }
  console.log(`skipped: ${what}: this machine has no ${command} (apt install ${debianPackage})`);
  return false;
}
