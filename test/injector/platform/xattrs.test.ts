/** Extended attributes of real files: the calls, and a replica that keeps them. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsCore } from '../../../core/index.ts';
import { DirectorySource } from '../../../core/watch/index.ts';
import { systemXattrs } from '../../../injector/platform/xattrs.ts';
import {
  branchOrigin,
  branchTarget,
  directoryOrigin,
  directoryTarget,
  Replicator,
  type ReplicatorOptions,
  type XattrPort,
} from '../../../injector/replicate.ts';

const attributes = suite<{ top: string }>('extended attributes');
attributes.before.each((world) => {
  world.top = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'xattrs-')));
});
attributes.after.each(({ top }) => fs.rmSync(top, { recursive: true, force: true }));

/** Whether the filesystem of the temporary directory has attributes. */
function unsupported(): string | undefined {
  const port = systemXattrs();
  if (!port) return 'koffi cannot be loaded here';
  const file = join(fs.mkdtempSync(join(tmpdir(), 'xattrs-')), 'probe');
  fs.writeFileSync(file, '');
  try {
    port.set(file, 'user.probe', Buffer.from('x'));
    return undefined;
  } catch (error) {
    return `${tmpdir()} keeps none (${(error as { code: string }).code})`;
  } finally {
    fs.rmSync(join(file, '..'), { recursive: true });
  }
}

const all = (port: XattrPort, path: string): Record<string, string> =>
  Object.fromEntries(
    port
      .list(path)
      .sort()
      .map((name) => [name, Buffer.from(port.get(path, name)).toString('latin1')]),
  );

const missing = unsupported();
if (missing !== undefined) console.log(`skipped: extended attributes: ${missing}`);
else {
  const port = systemXattrs()!;
  const text = (value: string): Buffer => Buffer.from(value, 'latin1');

  attributes('set, list, get, remove; links are not followed; errors have codes', ({ top }) => {
    const file = join(top, 'f');
    fs.writeFileSync(file, '');
    port.set(file, 'user.a', text('\0\xff'));
    port.set(file, 'user.empty', text(''));
    assert.equal(all(port, file), { 'user.a': '\0\xff', 'user.empty': '' });
    port.remove(file, 'user.a');
    assert.equal(all(port, file), { 'user.empty': '' });
    fs.symlinkSync('f', join(top, 'l'));
    assert.equal(port.list(join(top, 'l')), []);
    const code = (call: () => unknown): string => {
      try {
        call();
        return 'none';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    assert.is(
      code(() => port.get(file, 'user.a')),
      'ENODATA',
    );
    assert.is(
      code(() => port.remove(file, 'user.a')),
      'ENODATA',
    );
    assert.is(
      code(() => port.list(join(top, 'nothing'))),
      'ENOENT',
    );
  });

  const made = (top: string, more: Partial<ReplicatorOptions> = {}) => {
    const [src, dst] = [join(top, 'src'), join(top, 'dst')];
    fs.mkdirSync(src, { recursive: true });
    const source = new DirectorySource();
    const options = { origin: directoryOrigin(src, source), target: directoryTarget(dst), scanInterval: 0 };
    return { src, dst, make: () => new Replicator({ ...options, latency: 5, ...more }) };
  };

  attributes(
    'a replica has those of files and directories, at the start, live, and after a scan',
    async ({ top }) => {
      let wake: (line: string) => void = () => {};
      const { src, dst, make } = made(top, {
        onProgress: ({ last }) => wake(`${last.action} ${last.path}`),
      });
      fs.mkdirSync(join(src, 'd'));
      fs.writeFileSync(join(src, 'd/f'), 'bytes', { mode: 0o444 });
      fs.symlinkSync('d/f', join(src, 'l'));
      fs.chmodSync(join(src, 'd/f'), 0o644);
      port.set(join(src, 'd/f'), 'user.colour', text('red'));
      fs.chmodSync(join(src, 'd/f'), 0o444);
      port.set(join(src, 'd'), 'user.kind', text('folder'));
      const one = make();
      await one.start();
      assert.equal(all(port, join(dst, 'd/f')), { 'user.colour': 'red' });
      assert.equal(all(port, join(dst, 'd')), { 'user.kind': 'folder' });
      assert.is(fs.statSync(join(dst, 'd/f')).mode & 0o777, 0o444);
      const acts: string[] = [];
      wake = (line) => acts.push(line);
      await one.scan();
      assert.equal(acts, [], 'a scan of what is in step does nothing');
      // Live: an attribute is added, changed and removed; the bytes are not copied again.
      const inode = fs.statSync(join(dst, 'd/f')).ino;
      fs.chmodSync(join(src, 'd/f'), 0o644);
      port.set(join(src, 'd/f'), 'user.size', text('9'));
      port.set(join(src, 'd/f'), 'user.colour', text('blue'));
      const told = new Promise<void>((resolve) => {
        wake = (line) => {
          if (line === 'attributes d/f' && all(port, join(dst, 'd/f'))['user.colour'] === undefined)
            resolve();
        };
      });
      port.remove(join(src, 'd/f'), 'user.colour');
      await told;
      await one.idle();
      assert.equal(all(port, join(dst, 'd/f')), { 'user.size': '9' });
      assert.is(fs.statSync(join(dst, 'd/f')).ino, inode);
      // A scan undoes another program's changes of the replica, in a read-only file, too.
      port.set(join(dst, 'd'), 'user.stray', text('x'));
      fs.chmodSync(join(src, 'd/f'), 0o400);
      await one.scan();
      port.set(join(src, 'd'), 'user.kind', text('other'));
      fs.chmodSync(join(dst, 'd/f'), 0o600);
      port.remove(join(dst, 'd/f'), 'user.size');
      fs.chmodSync(join(dst, 'd/f'), 0o400);
      await one.scan();
      assert.equal(all(port, join(dst, 'd')), { 'user.kind': 'other' });
      assert.equal(all(port, join(dst, 'd/f')), { 'user.size': '9' });
      assert.is(fs.statSync(join(dst, 'd/f')).mode & 0o777, 0o400);
      await one.stop();
    },
  );

  attributes('from a branch to a directory, and back', async ({ top }) => {
    const core = new FsCore();
    core.fs.mkdirSync('/v');
    core.fs.writeFileSync('/v/f', 'bytes');
    const view = core.view('main', { pid: 0, uid: 0, gid: 0, umask: 0 });
    view.setxattr({ path: '/v/f' }, 'user.a', text('1'));
    view.setxattr({ path: '/v/f' }, 'trusted.b', text('2'));
    const { dst, make } = made(top, { origin: branchOrigin(core, 'main', '/v') });
    const out = make();
    await out.start();
    view.setxattr({ path: '/v' }, 'user.c', text('3'));
    await out.idle();
    assert.equal(all(port, join(dst, 'f')), { 'user.a': '1' });
    assert.equal(all(port, dst), { 'user.c': '3' });
    await out.stop();
    const back = new Replicator({
      origin: directoryOrigin(dst, new DirectorySource()),
      target: branchTarget(core, 'main', '/w'),
      scanInterval: 0,
    });
    await back.start();
    assert.equal(view.listxattr({ path: '/w/f' }), ['user.a']);
    assert.equal(view.getxattr({ path: '/w' }, 'user.c').toString(), '3');
    await back.stop();
  });

  attributes(
    'a target that refuses an attribute gets the bytes, and the refusal is reported',
    async ({ top }) => {
      const full: XattrPort = {
        ...port,
        set(path, name, value) {
          if (name === 'user.big') throw Object.assign(new Error('ENOSPC: made up'), { code: 'ENOSPC' });
          port.set(path, name, value);
        },
      };
      const errors: string[] = [];
      const { src, dst, make } = made(top, {
        target: directoryTarget(join(top, 'dst'), full),
        backoff: { first: 1, most: 600_000, tries: 3 },
        onError: (error, path) => errors.push(`${path} ${(error as { code?: string }).code}`),
      });
      fs.writeFileSync(join(src, 'f'), 'bytes', { mode: 0o640 });
      port.set(join(src, 'f'), 'user.a', text('1'));
      port.set(join(src, 'f'), 'user.big', text('2'));
      const one = make();
      await one.start();
      assert.is(fs.readFileSync(join(dst, 'f'), 'utf8'), 'bytes');
      assert.is(fs.statSync(join(dst, 'f')).mode & 0o777, 0o640);
      assert.ok(errors.length > 0 && errors.every((line) => line === 'f ENOSPC'), errors.join());
      await one.stop();
    },
  );

  for (const which of ['origin', 'target'] as const)
    attributes(
      `an ${which} that keeps none leaves those of the other side alone`.replace('an t', 'a t'),
      async ({ top }) => {
        const refuse = (): never => {
          throw Object.assign(new Error('ENOTSUP: made up'), { code: 'ENOTSUP' });
        };
        const none: XattrPort = { list: refuse, get: refuse, set: refuse, remove: refuse };
        const { src, dst, make } = made(top);
        fs.writeFileSync(join(src, 'f'), 'bytes');
        const first = make();
        await first.start();
        await first.stop();
        const [own, other] = which === 'origin' ? [src, dst] : [dst, src];
        port.set(join(other, 'f'), 'user.a', text('1'));
        const acts: string[] = [];
        const again = new Replicator({
          origin: directoryOrigin(src, new DirectorySource(), which === 'origin' ? none : port),
          target: directoryTarget(dst, which === 'target' ? none : port),
          scanInterval: 0,
          onProgress: ({ last }) => acts.push(last.action),
        });
        await again.start();
        assert.equal(acts, []);
        assert.equal(all(port, join(other, 'f')), { 'user.a': '1' });
        assert.equal(all(port, join(own, 'f')), {});
        await again.stop();
      },
    );
}

attributes.run();
