/** The service on a socket: listens, returns its address, and delivers all pending events before it ends. */
import { existsSync, realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { ensurePrivateDirectory } from '../platform/private-directory.ts';
import { UserError } from '../user-error.ts';
import { createApp } from './app.ts';
import { parseListen } from './listen.ts';
import { isNatsLocation } from './store/nats-location.ts';
import { SqliteStore } from './store/sqlite-store.ts';
import type { Store } from './store/store.ts';
import { checkSyncInterval } from './sync-interval.ts';
import { checkScopes, createTokens, readTokens, type TokenEntry, Tokens } from './tokens.ts';
import { WatcherService } from './watcher-service.ts';

export interface ServeOptions {
  /** `HOST:PORT`. Default: 127.0.0.1:0, any free port. */
  readonly listen?: string;
  /** A file, or `nats://HOST:PORT/NAME`. */
  readonly store?: string;
  /** File with credentials for the NATS server. */
  readonly natsCredentials?: string;
  readonly tokenFile?: string;
  /** Scopes that may be watched. Default: everything. */
  readonly allow?: readonly string[];
  /** Seconds that watchers without an interval collect changes, 1 to 60. Default: until 100 ms without a change. */
  readonly syncInterval?: number;
  readonly log?: (line: string) => void;
}

export interface RunningService {
  readonly url: string;
  readonly tokenFile: string;
  readonly store: string;
  /** Idempotent. */
  close(): Promise<void>;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

export function stateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_STATE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), '.local', 'state'), 'shimfs');
}

function tokensFor(host: string, file: string): TokenEntry[] {
  if (existsSync(file)) return readTokens(file);
  if (!LOOPBACK.test(host))
    throw new UserError(
      `will not listen on ${host} without tokens: the token file ${file} does not exist`,
      'Write a token file, or start once with --listen 127.0.0.1:0, which creates it.',
    );
  return createTokens(file);
}

/** @throws UserError */
export async function serve(options: ServeOptions = {}): Promise<RunningService> {
  const { host, port } = parseListen(options.listen ?? '127.0.0.1:0');
  const { syncInterval } = options;
  if (syncInterval !== undefined) checkSyncInterval(syncInterval);
  checkScopes(options.allow ?? []);
  const log = options.log ?? (() => {});
  const file = (given: string | undefined, name: string): string =>
    given === undefined ? join(ensurePrivateDirectory(stateDirectory()), name) : resolve(given);
  const tokenFile = file(options.tokenFile, 'tokens.json');
  const entries = tokensFor(host, tokenFile);
  const { store, location, ownFiles } = await openStore(options, () => file(options.store, 'watchers.db'));
  if (store.notice) log(store.notice);
  const service = new WatcherService({
    store,
    ownFiles,
    log,
    ...(syncInterval !== undefined && { syncIntervalMs: syncInterval * 1000 }),
  });
  const app = createApp({
    service,
    tokens: new Tokens(entries, options.allow),
    host,
    report: (error) => log(`unexpected: ${(error as Error).stack ?? error}`),
  });
  const server = createServer(
    { maxHeaderSize: 16 * 1024, requestTimeout: 30_000 },
    getRequestListener(app.fetch),
  );
  try {
    await listen(server, host, port);
    await service.start();
  } catch (error) {
    server.close();
    await service.close();
    throw error;
  }
  const bound = (server.address() as AddressInfo).port;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}`,
    tokenFile,
    store: location,
    close: () => {
      closing ??= end(server, service);
      return closing;
    },
  };
}

interface OpenStore {
  readonly store: Store;
  readonly location: string;
  readonly ownFiles: readonly string[];
}

/** @param file path of the embedded store @throws UserError */
async function openStore(options: ServeOptions, file: () => string): Promise<OpenStore> {
  const { store: given = '', natsCredentials: credentials } = options;
  if (isNatsLocation(given)) {
    const { NatsStore } = await import('./store/nats-store.ts');
    const store = await NatsStore.open({
      location: given,
      ...(credentials !== undefined && { credentials }),
    });
    return { store, location: given, ownFiles: [] };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(given))
    throw new UserError(`'${given}' is not a store`, 'Give a file, or nats://HOST:PORT/NAME.', 2);
  if (credentials !== undefined)
    throw new UserError(
      '--nats-credentials needs --store nats://HOST:PORT/NAME',
      'Give such a store, or leave out the credentials.',
      2,
    );
  const location = file();
  if (!existsSync(dirname(location)))
    throw new UserError(
      `the directory of the store does not exist: ${dirname(location)}`,
      'Create it, or give a file in another directory by --store.',
    );
  const ownFiles = ['', '-wal', '-shm', '.lock'].map((suffix) =>
    join(realpathSync(dirname(location)), basename(location) + suffix),
  );
  return { store: new SqliteStore(location), location, ownFiles };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      reject(
        new UserError(
          `cannot listen on ${host}:${port} (${code})`,
          'End the program that uses this address, or give another by --listen.',
        ),
      ),
    );
    server.listen(port, host, done);
  });
}

/** How long a client may take to read its remaining events. */
const DRAIN_MS = 2000;

async function end(server: Server, service: WatcherService): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  await service.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}
