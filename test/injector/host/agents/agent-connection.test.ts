/** The connection to an agent that does not read. */
import { connect, createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventFeed } from '../../../../agent/events/event-feed.ts';
import { AgentConnection } from '../../../../injector/host/agents/agent-connection.ts';
import { pid } from '../../../support/numbers.ts';
import { event } from '../events.ts';

const slow = suite('an agent that does not read');
slow('above the limit, events for subtree watches are dropped and reported as lost', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const agent = connect((server.address() as { port: number }).port, '127.0.0.1');
  agent.pause();
  const socket = await accepted;
  const connection = new AgentConnection(socket, pid(1), 0);
  const long = 'x'.repeat(3000);
  const count = 60_000;
  // Each of another inode, so that none can be folded into another.
  for (let i = 0; i < count; i++) connection.send(event(`/v/${long}`, { id: i + 1, ino: 100 + i }), true);

  const feed = new EventFeed();
  let events = 0;
  let losses = 0;
  let last = 0;
  const seen = new Promise<void>((resolve) => {
    feed.listen({
      event: (frame) => {
        events++;
        last = frame.id;
        if (frame.ino === 1) resolve();
      },
      batchEnd: () => undefined,
      feedEnded: () => undefined,
      lost: () => losses++,
    });
  });
  agent.on('data', (chunk) => {
    feed.push(chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.length) as ArrayBuffer);
    if (losses === 1) {
      losses++;
      connection.send(event('/v/end', { id: count + 1, ino: 1 }), true);
    }
  });
  agent.resume();
  await seen;
  assert.is(losses, 2, 'reported once');
  assert.ok(events < count, `${events}`);
  assert.is(last, count + 1);
  agent.destroy();
  socket.destroy();
  server.close();
});
slow.run();
