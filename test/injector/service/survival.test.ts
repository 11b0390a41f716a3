/** The service killed, its disk full, its store damaged: with real processes, sockets and files. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openOwnSession } from '../../../injector/run/own-session.ts';
import { SELF } from '../../support/self.ts';
import { ResumingClient, type ServiceOptions, ServiceProcess, type Told } from './service-process.ts';

interface Place {
  dir: string;
  watched: string;
  options: ServiceOptions;
  /** Ends processes that a failed test leaves running. */
  running: Set<ServiceProcess>;
  clean: (() => void)[];
}

const survives = suite<Place>('the service survives');
survives.before.each((place) => {
  place.dir = realpathSync(mkdtempSync(join(tmpdir(), 'shimfs-survival-')));
  place.watched = join(place.dir, 'watched');
  mkdirSync(place.watched);
  const token = 'survival-token-survival-token';
  const tokenFile = join(place.dir, 'tokens.json');
  writeFileSync(tokenFile, JSON.stringify({ tokens: [{ name: 'me', token, scopes: ['*'] }] }), {
    mode: 0o600,
  });
  mkdirSync(join(place.dir, 'state'));
  const store = join(place.dir, 'state', 'store.db');
  place.options = { store, tokenFile, token };
  place.running = new Set();
  place.clean = [];
});
survives.after.each(async ({ dir, running, clean }) => {
  for (const one of running) await one.end('SIGKILL');
  for (const one of clean) one();
  rmSync(dir, { recursive: true, force: true });
});

async function start(place: Place, more: Partial<ServiceOptions> = {}): Promise<ServiceProcess> {
  const service = await ServiceProcess.start({ ...place.options, ...more });
  place.running.add(service);
  return service;
}

async function put(service: ServiceProcess, id: string, definition: object): Promise<void> {
  const answer = await service.ask('PUT', `/watchers/${id}`, { latencyMs: 1, ...definition });
  assert.is(answer.status, 201, await answer.text());
}

const ascends = (told: readonly Told[]): void => {
  for (const [i, { id }] of told.entries())
    if (i > 0) assert.ok(told[i - 1]!.id < id, `${told[i - 1]!.id} ${id}`);
};

survives('kill -9 with clients attached: all events of a session arrive, each once', async (place) => {
  const name = `survival-${process.pid}`;
  const host = await openOwnSession(name, { mounts: ['/v'] });
  try {
    const view = host.core.view('main', { ...SELF, umask: 0 });
    let made = 0;
    const make = (count: number): void => {
      for (let n = 0; n < count; n++) view.mkdir({ path: `/v/d${made++}` });
    };
    let service = await start(place);
    await put(service, 'v', { path: '/v', source: `session:${name}` });
    const clients = Array.from({ length: 5 }, () => new ResumingClient('v'));
    for (let life = 0; life < 2; life++) {
      for (const client of clients) await client.connect(service);
      const enough = made + 20;
      const heard = clients.map((client) => client.until((told) => told.length >= enough));
      // In bursts, so that it dies between two bursts, or in a burst.
      for (let burst = 0; burst < 10; burst++) {
        make(5);
        await new Promise(setImmediate);
      }
      await heard[life];
      await service.end('SIGKILL');
      await Promise.all(heard);
      for (const client of clients) await client.until(() => false);
      make(7);
      service = await start(place);
    }
    make(3);
    const all = Array.from({ length: made }, (_, n) => `/v/d${n}`);
    for (const client of clients) {
      await client.connect(service);
      assert.ok(await client.until((told) => told.length >= made));
      assert.equal(
        client.told.map(({ path }) => path),
        all,
      );
      ascends(client.told);
      await client.close();
    }
    await service.end('SIGTERM');
  } finally {
    await host.close();
  }
});

survives(
  'kill -9 with clients attached: of a directory all that was told, and that it has to be scanned',
  async (place) => {
    const { watched } = place;
    let service = await start(place);
    await put(service, 'w', { path: watched });
    const clients = Array.from({ length: 5 }, () => new ResumingClient('w'));
    let made = 0;
    for (let life = 0; life < 2; life++) {
      for (const client of clients) await client.connect(service);
      const before = made;
      for (let n = 0; n < 30; n++) writeFileSync(join(watched, `f${made++}`), '');
      const some = `/f${before + 10}`;
      // A client has received it; the others may have, or not.
      await clients[life]!.until((told) => told.some(({ path }) => path.endsWith(some)));
      await service.end('SIGKILL');
      for (const client of clients) await client.until(() => false);
      writeFileSync(join(watched, `unseen${life}`), '');
      service = await start(place);
    }
    for (const client of clients) {
      await client.connect(service);
      assert.ok(await client.until((told) => told.filter(({ action }) => action === 'rescan').length >= 2));
      ascends(client.told);
      assert.equal(client.told, clients[0]!.told);
      await client.close();
    }
    const paths = clients[0]!.told.filter(({ action }) => action === 'create').map(({ path }) => path);
    assert.is(new Set(paths).size, paths.length, 'nothing twice');
    await service.end('SIGTERM');
  },
);

interface Disk {
  readonly before?: string;
  roomAgain(service: ServiceProcess): void;
}

/** A filesystem of 1 MiB if this user may mount it, otherwise a limit to the size of files. */
function smallDisk({ dir, clean }: Place): Disk {
  const at = join(dir, 'state');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', at], { stdio: 'pipe' });
    clean.push(() => execFileSync('umount', [at]));
    return { roomAgain: () => void execFileSync('mount', ['-o', 'remount,size=64m', at]) };
  } catch {
    return {
      before: 'ulimit -S -f 1024',
      roomAgain: ({ pid }) => void execFileSync('prlimit', ['--pid', `${pid}`, '--fsize=unlimited:']),
    };
  }
}

interface Health {
  readonly status: string;
  readonly notice: string | null;
  readonly store: { readonly status: string; readonly cause?: string };
}

survives(
  'a full disk: events are still published, the failure is reported, and all of them are stored when there is space',
  async (place) => {
    const { watched } = place;
    const disk = smallDisk(place);
    let service = await start(place, { before: disk.before });
    await put(service, 'w', { path: watched });
    const client = new ResumingClient('w');
    await client.connect(service);
    let made = 0;
    let seen = 0;
    const change = async (count = 25): Promise<void> => {
      const dir = join(watched, `${made}`);
      mkdirSync(dir);
      const paths = Array.from({ length: count }, () => join(dir, `${'long-'.repeat(40)}${made++}`));
      for (const path of paths) writeFileSync(path, '');
      const wanted = new Set(paths);
      const all = await client.until((told) => {
        for (const { path } of told.slice(seen)) wanted.delete(path);
        seen = told.length;
        return wanted.size === 0;
      });
      assert.ok(all, `${wanted.size} of ${made} not told: ${service.said.join('; ')}`);
    };
    const healthy = async (): Promise<Health> => service.json<Health>('/healthz');
    let health = await healthy();
    for (let round = 0; round < 40 && health.status === 'ok'; round++) {
      // Many at once: each round waits until its events are published.
      await change(250);
      health = await healthy();
    }
    assert.is(health.status, 'degraded', `${made} files, ${statSync(place.options.store).size} bytes`);
    assert.match(health.store.cause ?? '', /full|I\/O|disk/i);
    await change();
    assert.ok(service.said.some((line) => /the store fails, events are kept in memory only/.test(line)));
    disk.roomAgain(service);
    await change();
    assert.is((await healthy()).status, 'ok');
    const again = /the store works again, and has everything/;
    assert.ok(service.said.some((line) => again.test(line)) || (await healthy()).status === 'ok');
    await service.end('SIGKILL');
    service = await start(place);
    const { items } = await service.json<{ items: Told[] }>('/watchers/w/events?after=0&limit=10000');
    const kept = new Set(items.map(({ id }) => id));
    assert.ok(client.told.length >= made);
    assert.equal(
      client.told.filter(({ id }) => !kept.has(id)),
      [],
    );
    await service.end('SIGTERM');
  },
);

survives(
  'a damaged store: renamed, logged, reported by the API, and old cursors have expired',
  async (place) => {
    const { options, watched } = place;
    let service = await start(place);
    await put(service, 'w', { path: watched });
    const client = new ResumingClient('w');
    await client.connect(service);
    for (let n = 0; n < 200; n++) writeFileSync(join(watched, `f${n}`), '');
    await client.until((told) => told.some(({ path }) => path.endsWith('/f199')));
    const { epoch } = await service.json<{ epoch: string }>('/watchers/w');
    await service.end('SIGTERM');
    const fd = openSync(options.store, 'r+');
    // Not the header, which is checked first, but the pages after it.
    for (let at = 4096; at < statSync(options.store).size; at += 512)
      writeSync(fd, Buffer.alloc(256, 0xa5), 0, 256, at);
    closeSync(fd);
    service = await start(place);
    const { notice } = await service.json<Health>('/healthz');
    assert.match(notice ?? '', /was corrupted.*renamed to/);
    assert.ok(service.said.some((line) => line.includes('renamed to')));
    await put(service, 'w', { path: watched });
    const { id } = client.told.at(-1)!;
    const old = await service.ask('GET', `/watchers/w/events?after=${id}&epoch=${epoch}`);
    assert.is(old.status, 410);
    await service.end('SIGTERM');
  },
);

survives.run();
