/**
 * The agent: Frida loads it into a process at the first virtual watch (or at attach). It translates the core's events
 * to kqueue, Dispatch and FSEvents. All decisions are made in kqueue/, dispatch/ and fsevents/, which are pure;
 * native/ connects them to the gate.
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

/** The host's first message. */
interface StartMessage {
  /** Path of the gate's library. */
  readonly gate: string;
  /** Value of the session variable; absent where the gate is preloaded and already running. */
  readonly session?: string;
  readonly notes: 'masked' | 'native';
  readonly fsevents?: StreamsOptions;
}

/**
 * Native code holds bare pointers to the callbacks. The global object references them: after `recv` has fired, nothing
 * else keeps this module's scope from being collected.
 */
const alive: unknown[] = [];
(globalThis as { shimfs?: unknown }).shimfs = alive;

function start(message: StartMessage): void {
  const gate = GateLibrary.find(message.gate);
  // Hook before the gate starts: a running gate without its hooks would cover the process only in part.
  const hooked =
    message.session === undefined ? [] : [...hookKqueue(gate), ...hookDispatch(gate), ...hookFsevents(gate)];
  if (message.session !== undefined) gate.start(message.session);
  const feed = new EventFeed();
  const watches = new InodeWatches();
  const kqueue = kqueueCallbacks(gate, feed, watches, { notes: message.notes });
  const dispatch = dispatchCallbacks(gate, feed, watches);
  const fsevents = fseventsCallbacks(gate, feed, message.fsevents);
  const { fdClosed, events, detach } = feedCallbacks(gate, feed, watches, [kqueue, dispatch, fsevents]);
  // Frida unloads the script when its client disconnects; from then on the program must not call into it.
  rpc.exports = { dispose: detach };
  const callbacks = {
    changes: kqueue.changes,
    drain: kqueue.drain,
    fd_closed: fdClosed,
    queue_closed: kqueue.queueClosed,
    events,
    dispatch: dispatch.dispatch,
  };
  alive.push(gate, callbacks, fsevents);

  gate.install(callbacks);
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
