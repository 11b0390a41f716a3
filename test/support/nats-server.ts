/**
 * A real NATS server for tests, built once from the Go module proxy into the user's cache.
 *
 * Without Go, or if the build fails, there is no server, and `remedy` has the next step.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheDirectory } from '../../injector/engine/venv.ts';
import { lock } from '../../injector/platform/file-lock.ts';
import { ensurePrivateDirectory } from '../../injector/platform/private-directory.ts';

const VERSION = 'v2.15.2';

export type Built = { readonly program: string } | { readonly remedy: string };

const run = (command: string, args: readonly string[], env: Record<string, string>) =>
  new Promise<string | undefined>((done) => {
    execFile(command, args, { env: { ...process.env, ...env }, timeout: 280_000 }, (error, _, stderr) =>
      done(error ? stderr.trim().split('\n').at(-1) || error.message : undefined),
    );
  });

/** @returns the program, or why there is none */
export async function natsServer(): Promise<Built> {
  const cache = ensurePrivateDirectory(cacheDirectory());
  const directory = join(cache, `nats-server-${VERSION}`);
  const program = join(directory, 'nats-server');
  if (existsSync(program)) return { program };
  const held = await lock(`${directory}.lock`);
  try {
    if (existsSync(program)) return { program };
    const draft = `${directory}.draft-${process.pid}`;
    mkdirSync(draft);
    try {
      const module = `github.com/nats-io/nats-server/v2@${VERSION}`;
      const failure = await run('go', ['install', module], { GOBIN: draft, CGO_ENABLED: '0' });
      if (failure !== undefined)
        return { remedy: `no NATS server (${failure}): install Go, and let it reach its module proxy` };
      renameSync(draft, directory);
      return { program };
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  } finally {
    held.release();
  }
}

/** A port that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export interface NatsOptions {
  readonly port: number;
  /** Where its streams are: another run with the same finds them. */
  readonly directory: string;
  /** More of its configuration. */
  readonly config?: string;
}

export class NatsProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves once it takes connections. */
  static async start(program: string, { port, directory, config = '' }: NatsOptions): Promise<NatsProcess> {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, 'nats.conf');
    writeFileSync(
      file,
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(directory)}, sync_interval: always }\n${config}\n`,
    );
    const child = spawn(program, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    const lines = createInterface(child.stderr!);
    const seen: string[] = [];
    for await (const line of lines) {
      seen.push(line);
      if (line.includes('Server is ready')) {
        // The output is not read any more: the server must not block on it.
        child.stderr!.resume();
        return new NatsProcess(child);
      }
    }
    throw new Error(`the NATS server did not start:\n${seen.join('\n')}`);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exit;
  }
}
