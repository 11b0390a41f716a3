/** Many clients over sockets: each receives all events once and in order, and each frame is encoded once. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createParser } from 'eventsource-parser';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FanOut } from '../../../injector/service/fan-out.ts';
import { Ring } from '../../../injector/service/ring.ts';
import { OWNER, world } from './service-world.ts';

const CLIENTS = 200;
const EVENTS = 1000;

const fanOut = suite('fan-out');

class SocketClient {
  readonly ids: number[] = [];
  overflows = 0;
  readonly #response: IncomingMessage;
  #wake: () => void = () => {};
  #ready = false;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    const parser = createParser({
      onEvent: ({ event, id }) => {
        if (event === undefined) this.ids.push(Number(id));
        else if (event === 'overflow') this.overflows++;
        else if (event === 'bookmark') this.#ready = true;
      },
    });
    response.setEncoding('utf8').on('data', (text: string) => {
      parser.feed(text);
      this.#wake();
    });
    response.on('close', () => this.#wake());
  }

  static async connect(port: number): Promise<SocketClient> {
    const headers = { authorization: `Bearer ${OWNER}`, accept: 'text/event-stream' };
    const request = get({ port, host: '127.0.0.1', path: '/watchers/w/events', headers, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.is(response.statusCode, 200);
    const client = new SocketClient(response);
    await client.#until(() => client.#ready);
    return client;
  }

  async #until(enough: () => boolean): Promise<void> {
    while (!enough() && !this.#response.destroyed)
      await new Promise<void>((done) => {
        this.#wake = done;
      });
  }

  hears(count: number): Promise<void> {
    return this.#until(() => this.ids.length >= count);
  }

  /** Reads nothing more, or goes on. */
  sleep(asleep: boolean): void {
    if (asleep) this.#response.pause();
    else this.#response.resume();
  }

  close(): void {
    this.#response.destroy();
  }
}

fanOut(
  '200 clients over sockets, a thousand events: each once and in order; who sleeps a while too',
  async () => {
    const w = await world();
    await w.ask('PUT', '/watchers/w', { path: '/usr', latencyMs: 0 });
    const server = createServer(getRequestListener(w.app.fetch)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const clients: SocketClient[] = [];
    for (let n = 0; n < CLIENTS; n++) clients.push(await SocketClient.connect(port));
    const sleeper = clients[7]!;
    sleeper.sleep(true);
    for (let made = 0; made < EVENTS; ) {
      for (let n = 0; n < 50; n++) w.source.change(`/usr/f${made++}`);
      w.timers.advance(1);
      // Sockets take their turn.
      await clients[0]!.hears(made);
    }
    sleeper.sleep(false);
    await Promise.all(clients.map((client) => client.hears(EVENTS)));
    const all = Array.from({ length: EVENTS }, (_, n) => n + 1);
    for (const client of clients) assert.equal([client.ids, client.overflows], [all, 0]);
    assert.is(w.service.get('w').fanOut.size, CLIENTS);
    assert.is(w.source.sinks.size, 1, 'one watch for all');
    for (const client of clients) client.close();
    await w.service.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  },
);

fanOut('an event is encoded once for all clients', async () => {
  const ring = new Ring(0);
  const fan = new FanOut(ring, { queueBytes: 1 << 20, lastId: () => ring.newest?.id ?? 0 });
  const readers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const reader = fan.open(undefined).getReader();
      for (let frames = 0; frames < 2; frames++) await reader.read();
      return reader;
    }),
  );
  const event = { id: 1, time: 1, body: '{}' };
  ring.push(event);
  fan.publish([event]);
  const bytes = await Promise.all(readers.map(async (reader) => (await reader.read()).value!.buffer));
  for (const one of bytes) assert.is(one, bytes[0]);
  fan.end();
});

fanOut.run();
