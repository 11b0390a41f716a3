/** A headless Chromium from the system: Debian's, installed by apt-get where we may. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { platform } from 'node:os';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const place = (): string | undefined => PLACES.find((path) => existsSync(path));
const run = promisify(execFile);

/** Tried once by each process. */
async function install(): Promise<string | undefined> {
  if (platform() !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return 'install chromium (Debian and Ubuntu: `apt install chromium`)';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', 'update'], { env });
    const args = [
      '-qq',
      '-y',
      '-o',
      'DPkg::Lock::Timeout=120',
      '--no-install-recommends',
      'install',
      'chromium',
    ];
    await run('apt-get', args, { env, maxBuffer: 64 * 1024 * 1024 });
    return undefined;
  } catch (error) {
    const said = (error as { stderr?: string }).stderr ?? String(error);
    return `apt-get could not install chromium: ${said.trim().split('\n').at(-1)}`;
  }
}

/** @returns a browser, or the reason for its absence and a remedy */
export async function openChromium(): Promise<Browser | { readonly remedy: string }> {
  const remedy = place() ? undefined : await install();
  const executablePath = place();
  if (!executablePath) return { remedy: remedy ?? 'install chromium' };
  // Its own sandbox needs rights that root in a container lacks; it shows only pages of this project.
  const args = ['--disable-gpu', '--disable-dev-shm-usage', '--no-sandbox'];
  return chromium.launch({ executablePath, headless: true, args, timeout: 120_000 });
}
