/** The three forms of core.fs, and Node's own code on top of them. */
import * as real from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsCore, type NodeFs } from '../../../core/index.ts';

type Face = NodeFs | typeof real;

/** Each on the core and on the real filesystem: the results must be equal. */
const SCRIPTS: Record<string, (fs: Face, dir: string) => unknown | Promise<unknown>> = {
  callbacks: (fs, dir) =>
    new Promise((resolve) => {
      const order: unknown[] = ['called'];
      fs.writeFile(`${dir}/f`, 'text', (error) => {
        order.push(error);
        fs.readFile(`${dir}/f`, 'utf8', (_, text) => {
          order.push(text);
          fs.stat(`${dir}/none`, (missing, stat) => {
            order.push(missing?.code, missing?.syscall, stat);
            fs.exists(`${dir}/f`, (there) => resolve([...order, there]));
          });
        });
      });
      order.push('returned');
    }),
  'reading and writing by callback': (fs, dir) =>
    new Promise((resolve) => {
      const fd = fs.openSync(`${dir}/f`, 'w+');
      fs.write(fd, Buffer.from('bytes'), 0, 5, 0, (_, written) => {
        const into = Buffer.alloc(8);
        fs.read(fd, into, 1, 5, 0, (_error, n, buffer) => {
          fs.closeSync(fd);
          resolve([written, n, buffer === into, into.toString('latin1')]);
        });
      });
    }),
  'a callback is required': (fs, dir) => {
    try {
      (fs.stat as unknown as (path: string) => void)(dir);
      return 'went through';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  },
  promises: async (fs, dir) => {
    const { promises } = fs as typeof real;
    await promises.mkdir(`${dir}/a/b`, { recursive: true });
    await promises.writeFile(`${dir}/a/b/f`, 'one');
    await promises.appendFile(`${dir}/a/b/f`, 'two');
    const missing = await promises.readFile(`${dir}/none`).catch((error) => error.code);
    return [await promises.readFile(`${dir}/a/b/f`, 'utf8'), await promises.readdir(`${dir}/a`), missing];
  },
  'file handles': async (fs, dir) => {
    const handle = await (fs as typeof real).promises.open(`${dir}/f`, 'w+');
    const { bytesWritten } = await handle.write(Buffer.from('abcdef'));
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(3), 0, 3, 2);
    await handle.truncate(4);
    const { size } = await handle.stat();
    await handle.close();
    return [bytesWritten, bytesRead, buffer.toString(), size];
  },
  streams: async (fs, dir) => {
    const out = fs.createWriteStream(`${dir}/f`);
    out.write('some ');
    out.end('text');
    await new Promise<void>((resolve) => out.on('close', () => resolve()));
    await pipeline(fs.createReadStream(`${dir}/f`, { start: 5 }), fs.createWriteStream(`${dir}/g`));
    let text = '';
    for await (const chunk of fs.createReadStream(`${dir}/g`, 'utf8')) text += chunk;
    return [text, fs.readFileSync(`${dir}/f`, 'utf8')];
  },
  'a stream of what is not there': (fs, dir) =>
    new Promise((resolve) => {
      fs.createReadStream(`${dir}/none`).on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    }),
  'listing with types, and recursively': (fs, dir) => {
    fs.mkdirSync(`${dir}/a/b`, { recursive: true });
    fs.writeFileSync(`${dir}/a/f`, '');
    fs.symlinkSync('f', `${dir}/a/l`);
    const typed = fs
      .readdirSync(`${dir}/a`, { withFileTypes: true })
      .map((one) => [
        one.name,
        one.isDirectory(),
        one.isFile(),
        one.isSymbolicLink(),
        one.parentPath === `${dir}/a`,
      ]);
    return [typed.sort(), (fs.readdirSync(dir, { recursive: true }) as string[]).sort()];
  },
  'listing in other encodings': (fs, dir) => {
    fs.writeFileSync(Buffer.from(`${dir}/caf\xe9`, 'latin1'), 'x');
    const [name] = fs.readdirSync(dir, { encoding: 'buffer' }) as Buffer[];
    return [name.toString('hex'), fs.readFileSync(Buffer.concat([Buffer.from(`${dir}/`), name]), 'utf8')];
  },
  opendir: async (fs, dir) => {
    for (const name of ['a', 'b', 'c']) fs.writeFileSync(`${dir}/${name}`, name);
    const found: string[] = [];
    for await (const entry of await (fs as typeof real).promises.opendir(dir)) found.push(entry.name);
    const handle = fs.opendirSync(dir);
    found.push(...[1, 2, 3].map(() => handle.readSync()!.name), String(handle.readSync()));
    handle.closeSync();
    return found.sort();
  },
  'stats of both kinds': (fs, dir) => {
    fs.writeFileSync(`${dir}/f`, 'x');
    fs.utimesSync(`${dir}/f`, 1.5, new Date(2500));
    const { mtimeMs, atimeMs, mtime, size, mode } = fs.statSync(`${dir}/f`);
    const big = fs.statSync(`${dir}/f`, { bigint: true });
    return [mtimeMs, atimeMs, mtime.toISOString(), size, mode, String(big.mtimeNs), String(big.size)];
  },
  'what does not exist': (fs, dir) => [
    fs.statSync(`${dir}/none`, { throwIfNoEntry: false }),
    fs.existsSync(`${dir}/none`),
    fs.existsSync(dir),
  ],
  rm: (fs, dir) => {
    fs.mkdirSync(`${dir}/a/b`, { recursive: true });
    fs.writeFileSync(`${dir}/a/b/f`, '');
    const code = (action: () => void) => {
      try {
        action();
        return 'ok';
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    };
    return [
      code(() => fs.rmSync(`${dir}/a`)),
      code(() => fs.rmSync(`${dir}/none`)),
      code(() => fs.rmSync(`${dir}/none`, { force: true })),
      code(() => fs.rmSync(`${dir}/a`, { recursive: true })),
      fs.readdirSync(dir),
    ];
  },
  mkdtemp: (fs, dir) => {
    const made = fs.mkdtempSync(`${dir}/t-`);
    return [made.length - dir.length, made.startsWith(`${dir}/t-`), fs.statSync(made).mode];
  },
  copying: (fs, dir) => {
    fs.writeFileSync(`${dir}/f`, 'text', { mode: 0o640 });
    fs.copyFileSync(`${dir}/f`, `${dir}/g`);
    let code = '';
    try {
      fs.copyFileSync(`${dir}/f`, `${dir}/g`, 1);
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code!;
    }
    return [fs.readFileSync(`${dir}/g`, 'utf8'), fs.statSync(`${dir}/g`).mode, code];
  },
  'descriptors: wrong ones, wrong ways': (fs, dir) => {
    const code = (action: () => unknown) => {
      try {
        return action();
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    };
    const r = fs.openSync(`${dir}/f`, 'w');
    const results = [
      code(() => fs.readSync(r, Buffer.alloc(1), 0, 1, 0)),
      code(() => fs.closeSync(r)),
      code(() => fs.fstatSync(r)),
      code(() => fs.openSync(`${dir}/f`, 'nonsense')),
      code(() => fs.readFileSync(dir)),
      code(() => fs.openSync('/a\0b', 'r')),
    ];
    const d = fs.openSync(dir, 'r');
    results.push(code(() => fs.readSync(d, Buffer.alloc(1), 0, 1, 0)));
    fs.closeSync(d);
    return results;
  },
  vectors: (fs, dir) => {
    const fd = fs.openSync(`${dir}/f`, 'w+');
    const written = fs.writevSync(fd, [Buffer.from('ab'), Buffer.from('cde')]);
    const into = [Buffer.alloc(1), Buffer.alloc(3), Buffer.alloc(9)];
    const read = fs.readvSync(fd, into, 0);
    fs.closeSync(fd);
    return [written, read, into.map((buffer) => buffer.toString('latin1'))];
  },
  'URLs and encodings of data': (fs, dir) => {
    fs.writeFileSync(new URL(`file://${dir}/a%20b`), '68656c6c6f', 'hex');
    return [fs.readFileSync(`${dir}/a b`, 'base64'), fs.readFileSync(`${dir}/a b`, { encoding: 'latin1' })];
  },
};

const Faces = suite('core.fs');

for (const [name, script] of Object.entries(SCRIPTS))
  Faces(name, async () => {
    const dir = mkdtempSync(`${tmpdir()}/shimfs-face-`);
    try {
      const core = new FsCore();
      core.fs.mkdirSync(dir, { recursive: true });
      assert.equal(await script(core.fs, dir), await script(real, dir));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

Faces('watch reports names and kinds', () => {
  const { fs } = new FsCore();
  fs.mkdirSync('/d/sub', { recursive: true });
  const seen: string[] = [];
  const watcher = fs.watch('/d', (kind, name) => seen.push(`${kind} ${name}`));
  fs.writeFileSync('/d/f', 'x');
  fs.writeFileSync('/d/sub/deep', 'x');
  fs.renameSync('/d/f', '/d/g');
  watcher.close();
  fs.unlinkSync('/d/g');
  assert.equal(seen, ['rename f', 'change f', 'rename f', 'rename g']);
});

Faces('replacing a file is one change', () => {
  const core = new FsCore();
  core.fs.writeFileSync('/f', 'one');
  let events = 0;
  core.subscribe(() => events++);
  core.fs.writeFileSync('/f', 'two');
  assert.is(events, 1);
});

Faces('a removed file is read through its descriptor until it is closed', () => {
  const core = new FsCore();
  core.fs.writeFileSync('/f', 'still here');
  const fd = core.fs.openSync('/f', 'r+');
  core.fs.unlinkSync('/f');
  assert.is(core.fs.readFileSync(fd, 'utf8'), 'still here');
  assert.is(core.content.used, 10);
  core.fs.closeSync(fd);
  assert.is(core.content.used, 0);
});

Faces.run();
