/**
 * The watcher service over sockets: 200 clients of one watcher, a thousand events a second.
 *
 * Three processes: the service, the clients, and this process, which changes files.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { serve } from '../../injector/service/server.ts';
import type { Row } from './row.ts';
import { quantile } from './stats.ts';

const CLIENTS = 200;
const PER_SECOND = 1000;
const SECONDS = 10;
const EVENTS = PER_SECOND * SECONDS;
/** Overlapping watchers of the service, besides the watcher with clients. */
const OVERLAPPING = 20;
const GROUP = 'Watcher service';

interface Heard {
  /** Total events that the clients received. */
  readonly events: number;
  readonly lost: number;
  readonly twice: number;
  readonly unordered: number;
  readonly overflows: number;
  /** From the change to its arrival, milliseconds, for every hundredth event. */
  readonly delays: number[];
  readonly ms: number;
}

/** Clients: each counts its events until it has all. */
async function listen(url: string, token: string): Promise<void> {
  const delays: number[] = [];
  let events = 0;
  let unordered = 0;
  let twice = 0;
  let overflows = 0;
  let first = 0;
  let ready = 0;
  const one = (): Promise<number> =>
    new Promise((done, fail) => {
      const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
      const request = get(`${url}/watchers/w/events`, { headers, agent: false }, (response) => {
        let rest = '';
        let last = '';
        let mine = 0;
        response.setEncoding('utf8').on('data', (text: string) => {
          const frames = (rest + text).split('\n\n');
          rest = frames.pop() ?? '';
          for (const frame of frames) {
            if (frame.startsWith('event: bookmark') && mine === 0 && ++ready === CLIENTS)
              process.send?.('ready');
            if (frame.startsWith('event: overflow')) overflows++;
            if (!frame.startsWith('id: ')) continue;
            const id = frame.slice(4, 24);
            if (id === last) twice++;
            else if (id < last) unordered++;
            last = id;
            first ||= Date.now();
            events++;
            if (mine++ % 100 === 0) delays.push(Date.now() - Number(/at-(\d+)/.exec(frame)?.[1]));
          }
          if (mine >= EVENTS) request.destroy();
        });
        response.on('close', () => done(EVENTS - mine));
      });
      request.on('error', fail);
    });
  const lost = (await Promise.all(Array.from({ length: CLIENTS }, one))).reduce((a, b) => a + b, 0);
  const heard: Heard = { events, lost, twice, unordered, overflows, delays, ms: Date.now() - first };
  process.send?.(heard);
  await once(process, 'disconnect');
}

async function serveHere(dir: string): Promise<void> {
  const tokenFile = join(dir, 'tokens.json');
  const running = await serve({ store: join(dir, 'store.db'), tokenFile });
  process.send?.(running.url);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpu: (user + system) / 1e6, rss: process.memoryUsage().rss });
  });
  await once(process, 'disconnect');
  await running.close();
}

/** A process and its output, in order. */
class Helper {
  readonly child: ChildProcess;
  readonly #said: unknown[] = [];
  #wake: () => void = () => {};
  #gone = false;

  constructor(...args: string[]) {
    this.child = fork(fileURLToPath(import.meta.url), args, { execArgv: ['--import', 'tsx'] });
    this.child.on('message', (message) => {
      this.#said.push(message);
      this.#wake();
    });
    this.child.once('exit', () => {
      this.#gone = true;
      this.#wake();
    });
  }

  async hear<T>(): Promise<T> {
    while (this.#said.length === 0) {
      if (this.#gone) throw new Error('a process of the measure ended early');
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
    return this.#said.shift() as T;
  }

  async end(): Promise<void> {
    if (this.#gone) return;
    const exit = once(this.child, 'exit');
    this.child.disconnect();
    await exit;
  }
}

async function putWatchers(url: string, headers: Record<string, string>, watched: string): Promise<void> {
  const put = async (id: string, path: string): Promise<void> => {
    const definition = { path, latencyMs: 20, maxLatencyMs: 50, retention: { events: 2 * EVENTS } };
    const body = JSON.stringify(definition);
    const { status } = await fetch(`${url}/watchers/${id}`, { method: 'PUT', headers, body });
    if (status !== 201) throw new Error(`the service refused a watcher with status ${status}`);
  };
  await put('w', watched);
  for (let n = 0; n < OVERLAPPING; n++) await put(`o${n}`, n % 2 ? watched : join(watched, 'sub'));
}

export async function serviceBench(): Promise<Row[]> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'service-bench-')));
  const watched = join(dir, 'watched');
  mkdirSync(join(watched, 'sub'), { recursive: true });
  const service = new Helper('serve', dir);
  let clients: Helper | undefined;
  try {
    const url = await service.hear<string>();
    const { token } = JSON.parse(readFileSync(join(dir, 'tokens.json'), 'utf8')).tokens[0] as {
      token: string;
    };
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    await putWatchers(url, headers, watched);
    const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
    const watches = Number(/^shimfs_system_watches (\d+)/m.exec(metrics)?.[1]);
    clients = new Helper('listen', url, token);
    await clients.hear();
    const usage = async (): Promise<{ cpu: number; rss: number }> => {
      service.child.send('usage');
      return service.hear();
    };
    const before = await usage();
    await change(watched);
    const heard = await clients.hear<Heard>();
    const after = await usage();
    if (heard.lost + heard.twice + heard.unordered + heard.overflows > 0)
      throw new Error(`not each event once and in order: ${JSON.stringify({ ...heard, delays: [] })}`);
    const row = (name: string, unit: string, ours: number, more: Partial<Row> = {}): Row => ({
      group: GROUP,
      name,
      unit,
      ours,
      ...more,
    });
    const load = `${CLIENTS} clients × ${PER_SECOND} events/s for ${SECONDS} s`;
    const rate = heard.events / (heard.ms / 1000);
    return [
      row(`${load}: delivered, each once and in order`, 'events/s', rate, {
        peer: CLIENTS * PER_SECOND,
        ratio: rate / (CLIENTS * PER_SECOND),
        goal: { ratioLeast: 0.95 },
        note: 'peer: what was offered',
      }),
      row('the same: from the change to the client, median', 'ms', quantile(heard.delays, 0.5), {
        note: '20 to 50 ms of it are the coalescing interval',
      }),
      row('the same: 99 %', 'ms', quantile(heard.delays, 0.99)),
      row('the same: processor time of the service for a second', 's', (after.cpu - before.cpu) / SECONDS),
      row('the same: resident memory of the service', 'MiB', after.rss / 1048576),
      row(`system watches of ${OVERLAPPING + 1} overlapping watchers`, '', watches, { goal: { most: 1 } }),
    ];
  } finally {
    await clients?.end();
    await service.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Files whose names contain their creation time, at an even pace. */
async function change(dir: string): Promise<void> {
  const began = performance.now();
  for (let made = 0; made < EVENTS; ) {
    const due = Math.min(EVENTS, Math.floor(((performance.now() - began) / 1000) * PER_SECOND));
    for (; made < due; made++) writeFileSync(join(dir, `f${made}-at-${Date.now()}`), '');
    await new Promise((done) => setTimeout(done, 2));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [role, ...args] = process.argv.slice(2);
  if (role === 'serve') await serveHere(args[0]!);
  else if (role === 'listen') await listen(args[0]!, args[1]!);
  else process.stdout.write(`${JSON.stringify(await serviceBench(), null, 2)}\n`);
}
