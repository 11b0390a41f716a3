/** launchctl(1), which tests replace by a script of its answers. */
import { execFile } from 'node:child_process';

export interface LaunchctlAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Launchctl {
  run(...args: string[]): Promise<LaunchctlAnswer>;
}

export const systemLaunchctl: Launchctl = {
  run: (...args) =>
    new Promise((resolve) => {
      execFile('/bin/launchctl', args, { timeout: 30_000 }, (error, stdout, stderr) => {
        const status = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        resolve({ status, stdout, stderr: stderr || (error && status === -1 ? error.message : '') });
      });
    }),
};
