// Prints chokidar's events of a tree: `KIND PATH`, relative; those of the initial scan come before `ready`.
import { relative } from 'node:path';
import { watch } from 'chokidar';

const [directory, how] = process.argv.slice(2);
const watcher = watch(directory, { ignoreInitial: how !== 'initial', usePolling: false });
watcher.on('all', (kind, path) => console.log(kind, relative(directory, path)));
watcher.on('error', (error) => console.log('error', error.message));
watcher.on('ready', () => console.log('ready'));
