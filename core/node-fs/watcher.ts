/** fs.watch over the core's events. */
import type { EventEmitter } from 'node:events';
import { EventKind, type EventSink, type FsEvent } from '../events/fs-event.ts';
import type { FsView } from '../fs-view.ts';
import type { Place } from '../walk.ts';

type Listener = (event: 'rename' | 'change', name: string) => void;

/** The name under which a watcher of `root` is notified of `path`; null if the path is out of its scope. */
function nameWithin(root: string, path: string, recursive: boolean): string | null {
  if (path === root) return path.slice(path.lastIndexOf('/') + 1);
  const prefix = root === '/' ? '/' : `${root}/`;
  if (!path.startsWith(prefix)) return null;
  const name = path.slice(prefix.length);
  return recursive || !name.includes('/') ? name : null;
}

const isNaming = (event: FsEvent): boolean =>
  event.kind === EventKind.Created || event.kind === EventKind.Removed || event.kind === EventKind.Renamed;

/** @param rest options and listener as fs.watch takes them */
export function watcher(
  view: FsView,
  subscribe: (sink: EventSink) => () => void,
  place: Place,
  rest: readonly unknown[],
  emitter: EventEmitter,
): EventEmitter {
  const root = view.realpath(place);
  const options = rest.find((one): one is { recursive?: boolean } => typeof one === 'object' && one !== null);
  const listener = rest.find((one): one is Listener => typeof one === 'function');
  if (listener) emitter.on('change', listener);
  const stop = subscribe((event) => {
    for (const path of event.from === undefined ? [event.path] : [event.from, event.path]) {
      const name = nameWithin(root, path, options?.recursive ?? false);
      if (name !== null) emitter.emit('change', isNaming(event) ? 'rename' : 'change', name);
    }
  });
  return Object.assign(emitter, {
    close() {
      stop();
      emitter.emit('close');
    },
    ref: () => emitter,
    unref: () => emitter,
  });
}
