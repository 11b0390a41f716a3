/** A process is bound to another branch while it runs: it sees the other view, and so do its later children. */
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ProcessTable } from '../../../injector/host/session/process-table.ts';
import { TestSession } from '../../support/session.ts';

const session = await TestSession.open();
const { core } = session;
core.fs.writeFileSync('/v/a', 'main');
core.fs.mkdirSync('/v/d');
core.createBranch('side');
core.fsFor('side').writeFileSync('/v/a', 'side');
core.fsFor('side').writeFileSync('/v/only', 'side');

const rebind = suite('rebind');
rebind.after(() => session.close());

/** Does what it is told, a line each, and answers each with a line. */
const OBEDIENT = `
import os, subprocess, sys
def text(path):
    try: return open(path).read()
    except OSError as e: return e.strerror
def forked():
    r, w = os.pipe()
    if os.fork() == 0:
        os.write(w, text('/v/a').encode()); os._exit(0)
    os.close(w); out = os.read(r, 99).decode(); os.close(r); os.wait(); return out
def spawned():
    r, w = os.pipe()
    pid = os.posix_spawn('/bin/cat', ['cat', '/v/a'], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, w, 1)])
    os.close(w); out = os.read(r, 99).decode(); os.close(r); os.waitpid(pid, 0); return out
def script(): return subprocess.run(['sh', '-c', '(cat /v/a)'], capture_output=True, text=True).stdout
def stat(): return str(os.path.exists('/v/only'))
def replace(): os.execv(sys.executable, [sys.executable, '-c', sys.orig_argv[2]])
os.stat('/v/a'); os.chdir('/v/d')
print(text('/v/a'), flush=True)
for line in sys.stdin:
    print(eval(line), flush=True)
`;

class Obedient {
  readonly program = session.start('python3', ['-c', OBEDIENT]);
  readonly #lines = createInterface({ input: this.program.child.stdout! })[Symbol.asyncIterator]();

  async line(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  ask(what: string): Promise<string> {
    this.program.child.stdin!.write(`${what}\n`);
    return this.line();
  }

  async end(): Promise<void> {
    this.program.child.stdin!.end();
    assert.is(await this.program.status, 0);
    await this.program.allGone;
  }
}

rebind('the process, its remembered answers and its children of every kind', async () => {
  const one = new Obedient();
  const other = new Obedient();
  assert.is(await one.line(), 'main');
  assert.is(await other.line(), 'main');
  assert.is(await one.ask('stat()'), 'False');
  const held = "globals().update(held=open('/v/a'))";
  await one.ask(held);

  assert.is(session.host.session.rebind(one.program.pid, 'side'), 'main');
  const answers = async (who: Obedient) => {
    const out: string[] = [];
    for (const what of ["text('/v/a')", 'stat()', "text('../a')", 'forked()', 'spawned()', 'script()'])
      out.push(await who.ask(what));
    return out;
  };
  assert.equal(await answers(one), ['side', 'True', 'side', 'side', 'side', 'side']);
  assert.is(await one.ask('held.read()'), 'main', 'what was open stays what it was');
  assert.equal(await answers(other), ['main', 'False', 'main', 'main', 'main', 'main']);
  await one.ask("open('/v/a', 'w').write('by one')");
  assert.is(core.fs.readFileSync('/v/a', 'utf8'), 'main');
  assert.is(core.fsFor('side').readFileSync('/v/a', 'utf8'), 'by one');
  core.fsFor('side').writeFileSync('/v/a', 'side');

  assert.is(await one.ask('replace()'), 'side', 'an exec keeps it');
  assert.is(session.host.session.rebind(one.program.pid, 'main'), 'side', 'and back again');
  assert.equal(await answers(one), ['main', 'False', 'main', 'main', 'main', 'main']);
  await one.end();
  await other.end();
});

rebind('a branch is free once nobody is bound to it any more', async () => {
  core.createBranch('brief');
  const one = new Obedient();
  await one.line();
  session.host.session.rebind(one.program.pid, 'brief');
  assert.is(session.host.session.bindings.users('brief'), 1);
  session.host.session.rebind(one.program.pid, 'main');
  assert.is(session.host.session.bindings.users('brief'), 0);
  await one.end();
});

rebind('nobody of that number lives here', () => {
  assert.is(session.host.session.rebind(process.pid, 'side'), undefined);
});

rebind('a process of the same number that came later is none of it', async () => {
  class One {
    readonly peer: { pid: number };
    binding = 0;
    constructor(pid: number) {
      this.peer = { pid };
    }
    rebind(binding: number): void {
      this.binding = binding;
    }
  }
  const sleeper = new Obedient();
  await sleeper.line();
  const { pid } = sleeper.program;
  const table = new ProcessTable();
  const one = new One(pid);
  table.add(one);
  assert.is(table.bindingOf(pid, 0, 0), 0);
  assert.ok(table.bind(pid, 3));
  assert.is(one.binding, 3);
  assert.is(table.bindingOf(pid, 0, 0), 3, 'an exec');
  assert.is(table.bindingOf(process.pid, 0, pid), 3, 'a fork');
  assert.is(table.bindingOf(process.pid, 0, 0), 3, 'whose child says nothing new');
  await sleeper.end();
  assert.is(table.bindingOf(pid, 0, 0), 0, 'it has gone, and its number is anybody’s');
});

rebind.run();
