// Prints the events of Node's fs.watch for a directory: `KIND NAME`, after `ready`.
import { watch } from 'node:fs';

const [directory, how] = process.argv.slice(2);
const watcher = watch(directory, { recursive: how === 'recursive' }, (kind, name) => console.log(kind, name));
watcher.on('error', (error) => console.log('error', error.code));
console.log('ready');
