/** Metrics for Prometheus. They contain no paths, because every token may read them. */
import { Gauge, Registry } from 'prom-client';
import type { Watcher } from './watcher.ts';
import type { WatcherService } from './watcher-service.ts';

export function metricsOf(service: WatcherService): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name: `shimfs_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
  const sum = (of: (watcher: Watcher) => number) => () =>
    service.all().reduce((total, watcher) => total + of(watcher), 0);
  gauge('watchers', 'Watchers', () => service.all().length);
  gauge('system_watches', 'Watches of the operating system in use', () => service.systemWatches);
  gauge(
    'clients',
    'Clients that listen',
    sum((watcher) => watcher.fanOut.size),
  );
  gauge(
    'events_told',
    'Events since the start',
    sum((watcher) => watcher.published),
  );
  gauge(
    'events_retained',
    'Events retained',
    sum((watcher) => watcher.ring.count),
  );
  gauge(
    'bytes_retained',
    'Bytes of events retained',
    sum((watcher) => watcher.ring.bytes),
  );
  gauge(
    'slow_clients',
    'Clients let go because they were slow',
    sum((watcher) => watcher.fanOut.overflows),
  );
  gauge('store_failing', '1 while events are kept in memory only', () => (service.storeFailure ? 1 : 0));
  return registry;
}
