/** A running process is bound to another branch: it sees the other view, and so do its later children. */
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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

/** Evaluates a line of input and prints the result. */
const EVALUATOR = `
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

class Evaluator {
  readonly program = session.start('python3', ['-c', EVALUATOR]);
  readonly #lines = createInterface({ input: this.program.child.stdout! })[Symbol.asyncIterator]();

  async line(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  ask(expression: string): Promise<string> {
    this.program.child.stdin!.write(`${expression}\n`);
    return this.line();
  }

  async end(): Promise<void> {
    this.program.child.stdin!.end();
    assert.is(await this.program.status, 0);
    await this.program.allEnded;
  }
}

rebind('the process, the answers that its gate kept, and its children of every kind', async () => {
  const first = new Evaluator();
  const second = new Evaluator();
  assert.is(await first.line(), 'main');
  assert.is(await second.line(), 'main');
  assert.is(await first.ask('stat()'), 'False');
  const held = "globals().update(held=open('/v/a'))";
  await first.ask(held);

  assert.is(session.rebind(first.program.pid, 'side'), 'main');
  const answers = async (program: Evaluator) => {
    const out: string[] = [];
    for (const expression of ["text('/v/a')", 'stat()', "text('../a')", 'forked()', 'spawned()', 'script()'])
      out.push(await program.ask(expression));
    return out;
  };
  assert.equal(await answers(first), ['side', 'True', 'side', 'side', 'side', 'side']);
  assert.is(await first.ask('held.read()'), 'main', 'an open descriptor keeps its file');
  assert.equal(await answers(second), ['main', 'False', 'main', 'main', 'main', 'main']);
  await first.ask("open('/v/a', 'w').write('by one')");
  assert.is(core.fs.readFileSync('/v/a', 'utf8'), 'main');
  assert.is(core.fsFor('side').readFileSync('/v/a', 'utf8'), 'by one');
  core.fsFor('side').writeFileSync('/v/a', 'side');

  assert.is(await first.ask('replace()'), 'side', 'an exec keeps the binding');
  assert.is(session.rebind(first.program.pid, 'main'), 'side', 'and back again');
  assert.equal(await answers(first), ['main', 'False', 'main', 'main', 'main', 'main']);
  await first.end();
  await second.end();
});

rebind('a branch has no users once no process is bound to it', async () => {
  core.createBranch('brief');
  const first = new Evaluator();
  await first.line();
  session.rebind(first.program.pid, 'brief');
  assert.is(session.host.session.bindings.users('brief'), 1);
  session.rebind(first.program.pid, 'main');
  assert.is(session.host.session.bindings.users('brief'), 0);
  await first.end();
});

rebind('a pid that is not in the session is refused', () => {
  assert.is(session.rebind(process.pid, 'side'), undefined);
});

rebind.run();
