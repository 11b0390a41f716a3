/** Entering a branch: private branches, their end, and the refusal of deleted branches. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestSession } from '../../../support/session.ts';

const { enterBranch } = await import('../../../../injector/host/session/branch-entry.ts');
const { ControlClient } = await import('../../../../injector/control/client.ts');
const test = suite('private branch');
const session = await TestSession.open();
const { host, core } = session;
const client = await ControlClient.connect(host.session.name);
test.after(async () => {
  client.close();
  await host.close();
});
const names = (): string[] => core.listBranches().map(({ name }) => name);

test('a run that hides nothing enters the branch itself', () => {
  const entry = enterBranch(host.session, 'main', []);
  assert.is(entry.branch, 'main');
  assert.is(entry.binding, 0);
  assert.is(host.session.bindings.users('main'), 1);
  entry.leave();
  entry.leave();
  assert.is(host.session.bindings.users('main'), 0);
});

test('a run that hides a path gets a private branch, deleted at its end', () => {
  core.fs.writeFileSync('/v/secret', '');
  core.fs.writeFileSync('/v/open', '');
  const entry = enterBranch(host.session, 'main', ['/v/secret']);
  assert.equal(core.fsFor(entry.branch).readdirSync('/v'), ['open']);
  assert.equal(core.fs.readdirSync('/v'), ['secret', 'open']);
  core.fs.writeFileSync('/v/later', '');
  assert.ok(core.fsFor(entry.branch).existsSync('/v/later'));
  entry.leave();
  assert.equal(names(), ['main']);
  assert.not.ok(host.session.bindings.has(entry.binding));
});

test('a path that cannot be hidden leaves no branch behind', () => {
  assert.throws(() => enterBranch(host.session, 'main', ['/v/open', '/v/absent']), /ENOENT/);
  assert.throws(() => enterBranch(host.session, 'main', ['/etc']), /outside every mount/);
  assert.equal(names(), ['main']);
});

test('a private branch stays while a program uses it', async () => {
  const entry = enterBranch(host.session, 'main', ['/v/open']);
  const program = session.start('bash', ['-c', ': > /v/mine; echo in; read -r x; ls /v'], {
    branch: entry.branch,
  });
  await new Promise((resolve) => program.child.stdout!.once('data', resolve));
  entry.leave();
  assert.ok(names().includes(entry.branch));
  const idle = new Promise<void>((resolve) => host.session.bindings.onIdle(entry.branch, resolve));
  let output = '';
  program.child.stdout!.on('data', (text) => {
    output += text;
  });
  program.child.stdin!.end('\n');
  assert.is(await program.status, 0);
  assert.match(output, /mine\n/);
  await idle;
  assert.ok(names().includes(entry.branch), 'the grace period of a program that starts another program');
});

test('a branch in use is not deleted', async () => {
  core.createBranch('used');
  const entry = enterBranch(host.session, 'used', []);
  try {
    await client.call('branch.delete', { name: 'used' });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /in use by 1/);
  }
  entry.leave();
  await client.call('branch.delete', { name: 'used' });
  assert.not.ok(names().includes('used'));
});

test('the number of a deleted branch is refused, even if the name exists again', () => {
  core.createBranch('again');
  const first = host.session.bindings.of('again');
  core.deleteBranch('again');
  host.session.bindings.forget('again');
  core.createBranch('again');
  assert.is.not(host.session.bindings.of('again'), first);
  assert.not.ok(host.session.bindings.has(first));
  assert.throws(() => host.session.bindings.of('never'), /no branch 'never'/);
});

test('the branch is deleted when the command that entered it disconnects', async () => {
  const other = await ControlClient.connect(host.session.name);
  const { branch } = await other.call('session.enter', { hide: ['/v/secret'] });
  assert.ok(names().includes(branch));
  other.close();
  await other.ended;
  while (names().includes(branch)) await new Promise((resolve) => setImmediate(resolve));
});

test.run();
