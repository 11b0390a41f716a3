/** The service as a launch agent of a user's session. Everything here may be done twice. */
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
  /** Of its last run, if that has ended. */
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

  /** Write the plist, load it, and see it run. @returns whether anything changed @throws UserError */
  async install(config: LaunchdConfig): Promise<boolean> {
    const text = plistOf(validate(config));
    const before = await this.status();
    if (this.#installedText() === text && before.pid !== undefined) return false;
    mkdirSync(dirname(join(config.directory, config.logFile)), { recursive: true });
    mkdirSync(this.#parts.directory, { recursive: true });
    const next = `${this.plist}.next`;
    writeFileSync(next, text, { mode: 0o644 });
    // launchd keeps what it has read: loaded again, it reads anew.
    if (before.loaded) await this.#bootout();
    renameSync(next, this.plist);
    await this.#bootstrap();
    if (config.runAtLoad || config.keepAlive) await this.#started();
    return true;
  }

  /** @returns whether there was anything */
  async uninstall(): Promise<boolean> {
    const { installed, loaded } = await this.status();
    if (loaded) await this.#bootout();
    rmSync(this.plist, { force: true });
    return installed || loaded;
  }

  /** Running already: started anew. @returns its pid @throws UserError */
  async start(): Promise<number> {
    const { installed, loaded } = await this.status();
    if (!installed) throw new UserError(`${this.#label} is not installed`, 'shimfs launchd install');
    if (!loaded) await this.#bootstrap();
    const answer = await this.#parts.launchctl.run('kickstart', '-k', this.#target);
    if (answer.status !== 0) throw this.#failed('kickstart', answer);
    return this.#started();
  }

  /** @returns false if it was stopped already */
  async stop(): Promise<boolean> {
    return this.#bootout();
  }

  async #bootstrap(): Promise<void> {
    const answer = await this.#parts.launchctl.run('bootstrap', this.#domain, this.plist);
    // Loaded already is told as an input/output error, like much else: look.
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
    throw new UserError(`${this.#label} does not stop`, `Look: launchctl print ${this.#target}`);
  }

  /** A pid, and not only for a moment. */
  async #started(): Promise<number> {
    let last: AgentStatus | undefined;
    let before: number | undefined;
    for (let n = 0; n < POLLS; n++) {
      last = await this.status();
      if (last.pid !== undefined && last.pid === before) return last.pid;
      before = last.pid;
      await this.#parts.wait(POLL_MS);
    }
    const how = last?.lastExit === undefined ? '' : ` (its last run ended with ${last.lastExit})`;
    throw new UserError(`${this.#label} does not run${how}`, 'Its log says why.');
  }

  #failed(what: string, { status, stderr }: LaunchctlAnswer): UserError {
    const remedy =
      status === NO_SESSION
        ? 'Log in at the screen of the machine: the service belongs to that session.'
        : `Look: launchctl print ${this.#target}`;
    return new UserError(`launchctl ${what} failed (${status}): ${stderr.trim()}`, remedy);
  }
}
