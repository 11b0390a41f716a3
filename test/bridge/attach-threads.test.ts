/**
 * Attaching to a process whose threads sleep in hooked system calls, or make them without pause: no call ends otherwise
 * than it would have without us. `BUSY_THREADS=128 BUSY_ATTACHES=200 npm test -- attach-threads` is the long form.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBridge, program } from './support.ts';

const BLOCKING = {
  accept: 'accept 1 0',
  accept4: 'accept4 1 0',
  recvfrom: 'recvfrom 5 0',
  recvmsg: 'recvmsg 5 0',
  open: 'open 1 0',
  'open-w': 'open-w 1 0',
  read: 'read 5 0',
  readv: 'readv 5 0',
  splice: 'splice 5 0',
  write: 'write 5 0',
  writev: 'writev 5 0',
  sendfile: 'sendfile 5 0',
  sendto: 'sendto 5 0',
  sendmsg: 'sendmsg 5 0',
  connect: 'connect 0 0',
  fcntl: 'fcntl 0 0',
} as const;
type Call = keyof typeof BLOCKING;

const BUSY_THREADS = Number(process.env.BUSY_THREADS ?? 32);
const BUSY_ATTACHES = Number(process.env.BUSY_ATTACHES ?? 4);

const session = await openBridge();
const attach = (pid: number): Promise<void> => session.attach(pid);

/** A program outside of the session, its lines in order. */
class Bare {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  send(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  /** The next line; how the program ended where there is none. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    return done ? `ended with ${await this.#end()}` : value;
  }

  async end(): Promise<string> {
    this.child.stdin!.end();
    return this.#end();
  }

  async #end(): Promise<string> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return String(child.signalCode ?? child.exitCode);
  }
}

const sleeping = suite('attach to a thread that sleeps in a system call');
const blocked = program('blocked', ['-pthread']);

/** @param during the call ends while the agent is being brought in; otherwise afterwards */
async function sleeps(call: Call, place: 'main' | 'thread', during: boolean): Promise<void> {
  const bare = new Bare(blocked, [call, place]);
  assert.is(await bare.line(), 'asleep');
  const attached = attach(bare.child.pid!);
  if (during) setImmediate(() => bare.send('go'));
  else {
    await attached;
    bare.send('go');
  }
  assert.is(await bare.line(), BLOCKING[call]);
  await attached;
  // Again, by way of the patched site.
  assert.is(await bare.line(), 'asleep');
  bare.send('go');
  assert.is(await bare.line(), BLOCKING[call], 'once patched');
  assert.is(await bare.end(), '0');
}

for (const call of Object.keys(BLOCKING) as Call[])
  sleeping(call, async () => {
    await sleeps(call, 'main', false);
    await sleeps(call, 'thread', true);
  });

for (const [mode, answer] of [
  ['handler', 'read -1 4'],
  ['restart', 'read 5 0'],
] as const)
  sleeping(`a signal's handler returns to the call (${mode})`, async () => {
    const bare = new Bare(blocked, ['read', 'thread', mode]);
    assert.is(await bare.line(), 'asleep');
    bare.send('signal');
    assert.is(await bare.line(), 'handling');
    await attach(bare.child.pid!);
    bare.send('leave');
    if (mode === 'restart') bare.send('go');
    assert.is(await bare.line(), answer);
    assert.is(await bare.end(), '0');
  });
sleeping.run();

const working = suite('attach to a process with threads that make system calls continuously');
working(`${BUSY_THREADS} threads, ${BUSY_ATTACHES} times`, async () => {
  const busy = program('busy', ['-pthread']);
  for (let i = 0; i < BUSY_ATTACHES; i++) {
    const bare = new Bare(busy, [String(BUSY_THREADS)]);
    assert.is(await bare.line(), 'busy');
    await attach(bare.child.pid!);
    bare.send('end');
    assert.match(await bare.line(), / 0 wrong$/, `attach ${i}`);
    assert.is(await bare.end(), '0');
  }
});
working.after(() => session.close());
working.run();
