// chokidar.mjs DIR MODULE: watches a tree and prints one line: the time at which it is ready (ns) and the memory used (bytes).
const [root, module] = process.argv.slice(2);
const { watch } = await import(module);
const before = process.memoryUsage().rss;
const began = process.hrtime.bigint();
const watcher = watch(root, { ignoreInitial: true });
await new Promise((resolve) => watcher.once('ready', resolve));
const took = process.hrtime.bigint() - began;
console.log(`${took} ${process.memoryUsage().rss - before}`);
process.stdin.resume().on('end', () => process.exit(0));
