/** The service as a launch agent of a user's session. All operations are idempotent. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../user-error.ts';
import { type LaunchdConfig, plistOf, validate } from './config.ts';
import type { Launchctl, LaunchctlAnswer } from './launchctl.ts';

export interface AgentParts {
  readonly launchctl: Launchctl;
  readonly uid: number;
  /** ~/Library/LaunchAgents */
  readonly directory: string;
  wait(ms: number): Promise<void>;
}

export interface AgentStatus {
  readonly installed: boolean;
  readonly loaded: boolean;
  readonly pid: number | undefined;
  /** Exit status of the last run, if it has ended. */
  readonly lastExit: number | undefined;
}

const NO_SUCH_PROCESS = 3;
const NO_SUCH_SERVICE = 113;
const IN_PROGRESS = 36;
const NO_SESSION = 125;
const POLL_MS = 100;
const POLLS = 50;

export class LaunchAgent {
  readonly #label: string;
  readonly #parts: AgentParts;
  readonly plist: string;

  constructor(label: string, parts: AgentParts) {
    this.#label = label;
    this.#parts = parts;
    this.plist = join(parts.directory, `${label}.plist`);
  }

  get #domain(): string {
    return `gui/${this.#parts.uid}`;
  }

  get #target(): string {
    return `${this.#domain}/${this.#label}`;
  }

  #installedText(): string | undefined {
    try {
      return readFileSync(this.plist, 'utf8');
    } catch {
      return undefined;
    }
  }

  async status(): Promise<AgentStatus> {
    const installed = this.#installedText() !== undefined;
    const { status, stdout } = await this.#parts.launchctl.run('print', this.#target);
    if (status !== 0) return { installed, loaded: false, pid: undefined, lastExit: undefined };
    const field = (name: string): number | undefined => {
      const value = new RegExp(`^\\s*${name} = (\\d+)`, 'm').exec(stdout)?.[1];
      return value === undefined ? undefined : Number(value);
    };
    return { installed, loaded: true, pid: field('pid'), lastExit: field('last exit code') };
  }

  /** Writes the plist, loads it, and waits until the service runs. @returns whether anything changed @throws UserError */
  async install(config: LaunchdConfig): Promise<boolean> {
    const text = plistOf(validate(config));
    const before = await this.status();
    if (this.#installedText() === text && before.pid !== undefined) return false;
    mkdirSync(dirname(join(config.directory, config.logFile)), { recursive: true });
    mkdirSync(this.#parts.directory, { recursive: true });
    const next = `${this.plist}.next`;
    writeFileSync(next, text, { mode: 0o644 });
    // launchd reads a plist only when it loads it.
    if (before.loaded) await this.#bootout();
    renameSync(next, this.plist);
    await this.#bootstrap();
    if (config.runAtLoad || config.keepAlive) await this.#started();
    return true;
  }

  /** @returns whether it was installed or loaded */
  async uninstall(): Promise<boolean> {
    const { installed, loaded } = await this.status();
    if (loaded) await this.#bootout();
    rmSync(this.plist, { force: true });
    return installed || loaded;
  }

  /** Restarts a service that is running. @returns its pid @throws UserError */
  async start(): Promise<number> {
    const { installed, loaded } = await this.status();
    if (!installed)
      throw new UserError(`${this.#label} is not installed`, 'Install it: shimfs launchd install');
    if (!loaded) await this.#bootstrap();
    const answer = await this.#parts.launchctl.run('kickstart', '-k', this.#target);
    if (answer.status !== 0) throw this.#failed('kickstart', answer);
    return this.#started();
  }

  /** @returns false if it was not running */
  async stop(): Promise<boolean> {
    return this.#bootout();
  }

  async #bootstrap(): Promise<void> {
    const answer = await this.#parts.launchctl.run('bootstrap', this.#domain, this.plist);
    // launchctl reports an input/output error when it is already loaded, and for other failures, too.
    if (answer.status !== 0 && !(await this.status()).loaded) throw this.#failed('bootstrap', answer);
  }

  async #bootout(): Promise<boolean> {
    const answer = await this.#parts.launchctl.run('bootout', this.#target);
    const { status, stderr } = answer;
    if (status === NO_SUCH_PROCESS || status === NO_SUCH_SERVICE || /No such process/.test(stderr))
      return false;
    if (status !== 0 && status !== IN_PROGRESS) throw this.#failed('bootout', answer);
    for (let n = 0; n < POLLS; n++) {
      if (!(await this.status()).loaded) return true;
      await this.#parts.wait(POLL_MS);
    }
    throw new UserError(
      `${this.#label} did not stop in ${(POLLS * POLL_MS) / 1000} s`,
      `See its state: launchctl print ${this.#target}`,
    );
  }

  /** @returns the pid, once two polls in a row see it @throws UserError */
  async #started(): Promise<number> {
    let last: AgentStatus | undefined;
    let before: number | undefined;
    for (let n = 0; n < POLLS; n++) {
      last = await this.status();
      if (last.pid !== undefined && last.pid === before) return last.pid;
      before = last.pid;
      await this.#parts.wait(POLL_MS);
    }
    const status = last?.lastExit === undefined ? '' : ` (its last run ended with status ${last.lastExit})`;
    throw new UserError(
      `${this.#label} does not keep running${status}`,
      'See its log: .shimfs/serve.log in its directory, or the file given by --log-file.',
    );
  }

  #failed(command: string, { status, stderr }: LaunchctlAnswer): UserError {
    const remedy =
      status === NO_SESSION
        ? 'Log in at the screen of the machine: the service belongs to that login session.'
        : `See its state: launchctl print ${this.#target}`;
    return new UserError(`launchctl ${command} failed (status ${status}): ${stderr.trim()}`, remedy);
  }
}
