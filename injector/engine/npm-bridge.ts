/**
 * The helper's program for npm's `frida` binding, with the same protocol as bridge.py, which is for the wheel.
 *
 * Started by npm-binding.ts with the module's URL as its argument. It imports only types from this project, so that
 * it starts fast.
 */
import { createReadStream, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { HelperCommand, HelperPhase, HelperReply } from './helper-protocol.ts';

const EXIT_NO_FRIDA = 3;
const GOODBYE_MS = 2000;
const SETTLE_MS = 500;
const SETTLE_STEP_MS = 1;

/** The part of the binding that is used here. */
interface Script {
  message: {
    connect(
      handler: (message: { type: string; payload?: unknown; description?: string; stack?: string }) => void,
    ): void;
  };
  logHandler: (level: string, text: string) => void;
  load(): Promise<void>;
  post(message: unknown): void;
  eternalize(): Promise<void>;
}
interface Session {
  detached: { connect(handler: (reason: string, crash: { summary: string } | null) => void): void };
  createScript(source: string, options: { name: string; runtime: string }): Promise<Script>;
  detach(): Promise<void>;
}
interface Frida {
  attach(pid: number, options: object, cancellable?: unknown): Promise<Session>;
  Cancellable: new () => { cancel(): void };
}

interface Injected {
  readonly number: number;
  readonly cancellable: { cancel(): void };
  session?: Session;
  script?: Script;
  toldEnd: boolean;
}

const table = new Map<number, Injected>();

function say(reply: HelperReply): void {
  let rest = Buffer.from(`${JSON.stringify(reply)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(4, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The host has ended; the end of the command pipe ends this process.
      if (code !== 'EAGAIN') return;
    }
  }
}

/** The binding reports errors only by their message; the Python binding has a class for each. */
function kindOf(error: Error): string {
  const kinds: [RegExp, string][] = [
    [/unable to find process|process not found/i, 'ProcessNotFoundError'],
    [/permission|access process|not permitted|restrictions/i, 'PermissionDeniedError'],
    [/cancel/i, 'OperationCancelledError'],
    [/timed? ?out|not responding|refused to load/i, 'ProcessNotRespondingError'],
    [/not supported|unsupported/i, 'NotSupportedError'],
    [/connection|transport|closed/i, 'TransportError'],
    [/session is gone|script is (gone|destroyed)/i, 'InvalidOperationError'],
  ];
  return kinds.find(([pattern]) => pattern.test(error.message))?.[1] ?? error.name;
}

function fail(id: number, error: unknown, phase: HelperPhase): void {
  const known = error instanceof Error ? error : new Error(String(error));
  say({ id, error: { kind: kindOf(known), message: known.message, phase } });
}

/** As in bridge.py: attach only once the main thread is blocked in a system call, within a limit. */
async function settle(pid: number): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  for (let last = ''; performance.now() < deadline; await delay(SETTLE_STEP_MS)) {
    let now: string;
    try {
      now = readFileSync(`/proc/${pid}/syscall`, 'utf8');
    } catch {
      return;
    }
    if (now === last && !now.startsWith('running')) return;
    last = now;
  }
}

async function inject(frida: Frida, command: Extract<HelperCommand, { op: 'inject' }>): Promise<void> {
  const injected: Injected = {
    number: command.script,
    cancellable: new frida.Cancellable(),
    toldEnd: false,
  };
  table.set(injected.number, injected);
  let phase: HelperPhase = 'attach';
  try {
    await settle(command.pid);
    // As in bridge.py: keep self-sent SIGSEGV and SIGBUS fatal, and ends right after a detach clean. A binding
    // too old to know the options ignores them.
    const session = await frida.attach(
      command.pid,
      { exceptor: 'off', exitMonitor: false },
      injected.cancellable,
    );
    injected.session = session;
    session.detached.connect((reason, crash) => {
      if (injected.toldEnd) return;
      injected.toldEnd = true;
      table.delete(injected.number);
      say({
        event: 'detached',
        script: injected.number,
        // The binding counts its reasons from a table of words such as `process-terminated`.
        reason: String(reason).toLowerCase().replaceAll('_', '-'),
        ...(crash ? { crash: crash.summary } : {}),
      });
    });
    phase = 'script';
    const script = await session.createScript(command.source, {
      name: command.name,
      runtime: command.runtime,
    });
    injected.script = script;
    script.logHandler = (level, text) => say({ event: 'log', script: injected.number, level, text });
    script.message.connect((message) => {
      if (message.type === 'send') {
        say({ event: 'message', script: injected.number, payload: message.payload });
      } else if (message.type === 'error') {
        say({
          event: 'error',
          script: injected.number,
          description: message.description ?? '',
          stack: message.stack,
        });
      }
    });
    await script.load();
    say({ id: command.id, ok: true });
  } catch (error) {
    table.delete(injected.number);
    await injected.session?.detach().catch(() => {});
    fail(command.id, error, phase);
  }
}

async function detach(command: Extract<HelperCommand, { op: 'detach' }>): Promise<void> {
  const injected = table.get(command.script);
  await injected?.session?.detach().catch(() => {});
  table.delete(command.script);
  say({ id: command.id, ok: true });
}

function post(command: Extract<HelperCommand, { op: 'post' }>): void {
  const script = table.get(command.script)?.script;
  try {
    if (!script) throw new Error('script is gone');
    script.post(command.payload);
    say({ id: command.id, ok: true });
  } catch (error) {
    fail(command.id, error, 'command');
  }
}

/** Scripts stay loaded, as in bridge.py: programs may be running through them. */
async function goodbye(): Promise<never> {
  setTimeout(() => process.exit(0), GOODBYE_MS);
  await Promise.all(
    [...table.values()].map(async ({ script, session }) => {
      await script?.eternalize().catch(() => {});
      await session?.detach().catch(() => {});
    }),
  );
  process.exit(0);
}

async function main(): Promise<void> {
  const [, , moduleUrl, version] = process.argv;
  let frida: Frida;
  try {
    const module = await import(moduleUrl);
    frida = module.default?.attach ? module.default : module;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message.split('\n')[0] : error}\n`);
    process.exit(EXIT_NO_FRIDA);
  }
  say({ ready: true, version });
  const lines = createInterface({ input: createReadStream('', { fd: 3, encoding: 'utf8' }) });
  lines.on('line', (line) => {
    const command: HelperCommand = JSON.parse(line);
    if (command.op === 'inject') void inject(frida, command);
    else if (command.op === 'detach') void detach(command);
    else if (command.op === 'post') post(command);
    else table.get(command.script)?.cancellable.cancel();
  });
  lines.on('close', goodbye);
}

await main();
