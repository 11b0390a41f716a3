// Prints the events of @parcel/watcher for a tree: `KIND PATH`, relative, after `ready`.
import { relative } from 'node:path';
import { subscribe } from '@parcel/watcher';

const [directory] = process.argv.slice(2);
const heard = (error, events) => {
  if (error) console.log('error', error.message);
  for (const { type, path } of events ?? []) console.log(type, relative(directory, path));
};
await subscribe(directory, heard, { backend: 'inotify' });
console.log('ready');
