/** node: fs of every kind, modules of the tree, worker threads. */
import { compare } from './support.ts';

await compare('node', [
  {
    name: 'fs, sync',
    script: String.raw`cat > main.cjs <<'E'
const fs = require('fs'), path = require('path');
fs.mkdirSync('a/b/c', { recursive: true }); fs.writeFileSync('a/f', 'text'); fs.appendFileSync('a/f', ' more'); console.log(fs.readFileSync('a/f', 'utf8'), fs.existsSync('a/none'));
fs.symlinkSync('f', 'a/l'); fs.linkSync('a/f', 'a/h'); console.log(fs.readlinkSync('a/l'), fs.realpathSync('a/l'), fs.realpathSync.native('a/l'), fs.statSync('a/f').nlink, fs.lstatSync('a/l').isSymbolicLink());
console.log(fs.readdirSync('a', { withFileTypes: true }).map((d) => [d.name, d.isDirectory()]).sort(), fs.readdirSync('.', { recursive: true }).sort());
const fd = fs.openSync('a/f', 'r+'); fs.writeSync(fd, 'TE', 0); const b = Buffer.alloc(6); console.log(fs.readSync(fd, b, 0, 6, 0), b.toString(), fs.fstatSync(fd).size); fs.ftruncateSync(fd, 3); fs.fsyncSync(fd); fs.futimesSync(fd, 1, 2); fs.fchmodSync(fd, 0o600); fs.closeSync(fd);
const s = fs.statSync('a/f', { bigint: true }); console.log(s.size, s.mtimeNs, (s.mode & 0o777n).toString(8)); fs.copyFileSync('a/f', 'a/g'); fs.renameSync('a/g', 'a/b/g'); fs.cpSync('a', 'k', { recursive: true, verbatimSymlinks: true }); console.log(fs.readdirSync('k', { recursive: true }).sort());
for (const [name, ...args] of [['mkdirSync', 'a'], ['rmdirSync', 'a'], ['readFileSync', 'none'], ['readFileSync', 'a'], ['readdirSync', 'a/f'], ['unlinkSync', 'a'], ['openSync', 'a/f', 'wx'], ['renameSync', 'a', 'a/b/x'], ['accessSync', 'none'], ['readlinkSync', 'a/f'], ['copyFileSync', 'a/f', 'a/h', 1]]) try { fs[name](...args); console.log('?'); } catch (e) { console.log(name, e.code, e.syscall); }
const d = fs.opendirSync('a'); let n = 0; while (d.readSync()) n++; d.closeSync(); console.log(n, fs.mkdtempSync('t-').length, typeof fs.statfsSync('.').bavail); fs.rmSync('k', { recursive: true }); fs.truncateSync('a/h', 1); for (const t of fs.readdirSync('.').filter((x) => x.startsWith('t-'))) fs.rmdirSync(t); console.log(fs.readdirSync('.').sort());
E
"$NODE" main.cjs`,
  },
  {
    name: 'fs, promises, callbacks and streams',
    script: String.raw`cat > main.mjs <<'E'
import fs from 'node:fs'; import * as p from 'node:fs/promises'; import { pipeline } from 'node:stream/promises'; import zlib from 'node:zlib'; import readline from 'node:readline'; import crypto from 'node:crypto';
await p.mkdir('d/e', { recursive: true }); await Promise.all(Array.from({ length: 200 }, (_, i) => p.writeFile('d/f' + i, 'n' + i))); console.log((await p.readdir('d')).length, (await Promise.all(Array.from({ length: 200 }, (_, i) => p.readFile('d/f' + i, 'utf8')))).join('').length);
const h = await p.open('h', 'w+'); await h.write('hello\nworld\n'); await h.appendFile('x'); console.log((await h.stat()).size); await h.datasync(); await h.close(); for await (const l of (await p.open('h')).readLines()) console.log(l);
await p.writeFile('big', Buffer.alloc(3e6, 'abc')); await pipeline(fs.createReadStream('big'), zlib.createGzip(), fs.createWriteStream('big.gz')); await pipeline(fs.createReadStream('big.gz'), zlib.createGunzip(), fs.createWriteStream('big2')); console.log(Buffer.compare(await p.readFile('big'), await p.readFile('big2'))); const hash = crypto.createHash('md5'); for await (const c of fs.createReadStream('big', { start: 10, end: 2000000, highWaterMark: 1000 })) hash.update(c); console.log(hash.digest('hex')); await p.rm('big.gz');
const w = fs.createWriteStream('log', { flags: 'a' }); for (let i = 0; i < 1000; i++) w.write(i + '\n'); await new Promise((r) => w.end(r)); let n = 0; for await (const _ of readline.createInterface({ input: fs.createReadStream('log') })) n++; console.log(n);
await p.cp('d', 'k', { recursive: true }); console.log((await p.readdir('k')).length); await p.rm('k', { recursive: true, force: true }); for await (const e of await p.opendir('d')) if (e.isFile()) await p.unlink('d/' + e.name); console.log(await p.readdir('d')); await p.symlink('h', 's'); console.log(await p.readlink('s'), (await p.lstat('s')).isSymbolicLink(), await p.realpath('s')); await p.lutimes('s', 1, 2); console.log((await p.lstat('s')).mtimeMs); await p.rename('h', 'i'); await p.access('s').catch((e) => console.log(e.code)); fs.readv(fs.openSync('i'), [Buffer.alloc(2), Buffer.alloc(3)], 0, (e, r) => console.log(e, r));
E
"$NODE" main.mjs`,
    limitMs: 60_000,
  },
  {
    name: 'require and import from the tree, workers, children',
    script: String.raw`mkdir -p node_modules/dep/lib node_modules/esm lib; echo '{"name":"dep","main":"lib/index.js"}' > node_modules/dep/package.json; echo 'module.exports = { dep: __filename, up: require("../other") };' > node_modules/dep/lib/index.js; echo 'exports.x = 1' > node_modules/dep/other.js; echo '{"name":"esm","type":"module","exports":"./m.js"}' > node_modules/esm/package.json; echo 'export const url = import.meta.url; export default 7' > node_modules/esm/m.js; echo '{"k":[1]}' > lib/data.json; ln -s ../lib/real.cjs node_modules/linked.cjs; echo 'module.exports = __filename' > lib/real.cjs
cat > main.cjs <<'E'
console.log(require('dep'), require('./lib/data.json'), require.resolve('dep'), require('linked.cjs'), __dirname, process.cwd()); try { require('./none') } catch (e) { console.log(e.code) }
import('esm').then(async (m) => { console.log(m.default, m.url); const { Worker, isMainThread } = require('worker_threads'); const out = await Promise.all(Array.from({ length: 4 }, (_, i) => new Promise((r, j) => new Worker('./w.cjs', { workerData: i }).on('message', r).on('error', j)))); console.log(out);
const cp = require('child_process'); console.log(cp.execFileSync('cat', ['w2'], { encoding: 'utf8' }), cp.execSync('pwd; cat w1', { cwd: 'lib/..', encoding: 'utf8' }), cp.spawnSync('pwd', ['-P'], { cwd: 'lib', encoding: 'utf8' }).stdout); cp.fork('./lib/child.cjs', ['arg'], { cwd: 'lib', stdio: 'inherit' }).on('message', (x) => console.log('child', x)); });
E
echo 'const fs = require("fs"), { parentPort, workerData } = require("worker_threads"); for (let i = 0; i < 50; i++) fs.writeFileSync("w" + workerData, String(i)); parentPort.postMessage(fs.readFileSync("w" + workerData, "utf8"))' > w.cjs; echo 'process.send([process.argv.slice(2), require("fs").readdirSync("."), process.cwd()])' > lib/child.cjs
"$NODE" main.cjs; "$NODE" "$R/main.cjs" | md5sum > /dev/null; cd lib; "$NODE" ../main.cjs 2>/dev/null | head -1 || true; cd ..; printf '#!/usr/bin/env node\nconsole.log("script", __filename)\n' > exe.cjs; chmod +x exe.cjs; PATH="$(dirname "$NODE"):$PATH" ./exe.cjs; rm w0 w1 w2 w3; echo 'console.log("from stdin", process.cwd())' | "$NODE" -`,
    limitMs: 60_000,
  },
]);
