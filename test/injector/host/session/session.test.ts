/** A session without sockets: invalidation, bindings, and the notifications of its listener. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generationIndex, OBJECT_NAMES } from '../../../../core/protocol.ts';
import { pid } from '../../../support/numbers.ts';
import { openPart } from '../part.ts';

const test = suite('session');

test('generations are raised before any later subscriber is notified', () => {
  const { session, close } = openPart();
  const { core, page } = session;
  core.fs.writeFileSync('/v/f', '');
  const ino = Number(core.fs.statSync('/v/f').ino);
  const dir = Number(core.fs.statSync('/v').ino);
  const values = (): number[] => [ino, dir].map((number) => page.generation(generationIndex(number)));
  const before = values();
  let during: number[] = [];
  core.subscribe(() => {
    during = values();
  });
  core.fs.renameSync('/v/f', '/v/g');
  assert.ok(during[0]! > before[0]! && during[1]! > before[1]!, `${before} ${during}`);
  close();
});

test('a placeholder is removed with its inode, in the bindings of that branch only', () => {
  const { session, close } = openPart();
  const { core, placeholders, bindings, objects } = session;
  core.fs.mkdirSync('/v/d');
  core.createBranch('side');
  const view = core.view('main', { pid: 0, ...core.owner, umask: 0 });
  const attr = view.stat({ path: '/v/d' });
  const [main, side] = [bindings.of('main'), bindings.of('side')];
  const names = [placeholders.of(main, attr), placeholders.of(side, attr)];
  assert.is(placeholders.of(main, attr), names[0], 'created once');
  assert.equal(
    names.map((name) => existsSync(join(objects, name))),
    [true, true],
  );
  // The branch keeps its directory.
  core.fsFor('side').writeFileSync('/v/d/x', '');
  core.fs.rmdirSync('/v/d');
  assert.equal(readdirSync(join(objects, OBJECT_NAMES.directories)), [`${side}.${attr.ino}`]);
  close();
});

test('rebinding a process reports the branch before, and notifies the listener once', () => {
  const { session, close } = openPart();
  const { core, processes, bindings } = session;
  core.createBranch('side');
  core.fsFor('side').writeFileSync('/v/only', '');
  const rebound: number[] = [];
  const connection = {
    peer: { pid: pid(7) },
    uid: 0,
    binding: bindings.of('main'),
    rebind(binding: number): void {
      rebound.push(binding);
      this.binding = binding;
    },
  };
  const notified: unknown[] = [];
  session.listen({
    writerClosed: () => undefined,
    rebound: (number, binding, difference) =>
      notified.push([number, binding, difference().map(({ path }) => path)]),
  });
  assert.is(session.rebind(pid(7), 'side'), undefined, 'not in the session yet');
  processes.add(connection);
  assert.is(session.rebind(pid(7), 'side'), 'main');
  const side = bindings.of('side');
  assert.equal(rebound, [side]);
  assert.equal(notified, [[7, side, ['/v/only']]]);
  assert.is(session.rebind(pid(7), 'main'), 'side');
  close();
});

test('an eager binding stays eager', () => {
  const { session, close } = openPart();
  const { core, processes, bindings } = session;
  core.createBranch('side');
  const connection = {
    peer: { pid: pid(7) },
    uid: 0,
    binding: bindings.eager('main'),
    rebind: () => undefined,
  };
  processes.add(connection);
  session.rebind(pid(7), 'side');
  assert.is(processes.bindingOf(pid(7), 0, 0), bindings.eager('side'));
  close();
});

test('the environment value names directory, binding and descriptor', () => {
  const { session, close } = openPart();
  session.core.createBranch('side');
  assert.is(session.environmentValue('side', 12), `${session.objects}:1:0012`);
  assert.throws(() => session.environmentValue('none'), /no branch 'none'/);
  close();
});

test.run();
