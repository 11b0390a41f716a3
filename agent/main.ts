/**
 * The agent: comes into a process at its first virtual watch (or is attached), and translates the core's
 * events into what the program listens to. Everything that decides is in kqueue/ and its like, without Frida.
 */

import { EventFeed } from './events/event-feed.ts';
import { InodeWatches } from './events/inode-watches.ts';
import type { StreamsOptions } from './fsevents/streams.ts';
import { dispatchCallbacks } from './native/dispatch-callbacks.ts';
import { hookDispatch } from './native/dispatch-hooks.ts';
import { feedCallbacks } from './native/feed-callbacks.ts';
import { fseventsCallbacks } from './native/fsevents-callbacks.ts';
import { hookFsevents } from './native/fsevents-hooks.ts';
import { GateLibrary } from './native/gate-library.ts';
import { kqueueCallbacks } from './native/kqueue-callbacks.ts';
import { hookKqueue } from './native/kqueue-hooks.ts';

/** What the host posts to begin. */
interface StartMessage {
  /** Path of the gate's library. */
  readonly gate: string;
  /** The session variable's value, for a process in which the gate is not running yet. */
  readonly session?: string;
  readonly notes: 'masked' | 'native';
  readonly fsevents?: StreamsOptions;
}

/**
 * Native code holds bare pointers to the callbacks. They hang on the global object: once `recv` has fired, nothing
 * else would keep this module's scope from being collected.
 */
const alive: unknown[] = [];
(globalThis as { shimfs?: unknown }).shimfs = alive;

function start(message: StartMessage): void {
  const gate = GateLibrary.find(message.gate);
  // Hooks first: a gate that is running where its hooks are missing would be half a cover.
  const hooked =
    message.session === undefined ? [] : [...hookKqueue(gate), ...hookDispatch(gate), ...hookFsevents(gate)];
  if (message.session !== undefined) gate.start(message.session);
  const feed = new EventFeed();
  const watches = new InodeWatches();
  const kqueue = kqueueCallbacks(gate, feed, watches, { notes: message.notes });
  const dispatch = dispatchCallbacks(gate, feed, watches);
  const fsevents = fseventsCallbacks(gate, feed, message.fsevents);
  const { fdClosed, events, leave } = feedCallbacks(gate, feed, watches, [kqueue, dispatch, fsevents]);
  // Frida takes the script out when its other end has gone; the program must not call into it then.
  rpc.exports = { dispose: leave };
  // In the order of struct shimfs_agent.
  const pointers = [kqueue.changes, kqueue.drain, fdClosed, kqueue.queueClosed, events, dispatch.dispatch];
  alive.push(gate, pointers, fsevents);

  gate.install(pointers);
  gate.connect();
  send({ type: 'ready', hooked });
}

recv('start', (message: { payload: StartMessage }) => {
  try {
    start(message.payload);
  } catch (error) {
    send({ type: 'failed', reason: String((error as Error).message ?? error) });
  }
});
