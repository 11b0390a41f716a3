/**
 * Scripts for kqueue programs that run in a session: preloaded gate, Frida's agent, a host in this process.
 *
 * A script's line is `[NAME:] COMMAND [=> ANSWER]`. NAME is a program's name (default: the first) or `host`, which runs
 * tree-changing commands in the core. `$D` is the case's own directory. An answer is compared literally, or as a
 * whole-line regular expression after `~`; the default is `ok`.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FsView } from '../../core/fs-view.ts';
import { buildFixtures, fixturesDirectory, includeDirectory } from '../../fixtures/build.ts';
import { buildAgent } from '../../injector/build.ts';
import type { FridaEngine } from '../../injector/engine/frida-engine.ts';
import { openEngine } from '../../injector/engine/select.ts';
import { agentScript } from '../../injector/run/agent-script.ts';
import { noteBits, noteNames } from '../fixtures/darwin/kevent-names.ts';
import { SELF } from '../support/self.ts';
import { compiled, type RunOptions, TestSession } from '../support/session.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const ANSWER_MS = 30_000;

/** A session whose programs get a real agent. @param engine default: the real engine */
export async function openBridge(engine: () => Promise<FridaEngine> = openEngine): Promise<TestSession> {
  // The test runner has built the agent; a suite that runs alone builds it.
  await buildAgent();
  const session = await TestSession.open({ engine, agentSource: agentScript });
  viewOf(session).mknod({ path: BARRIER }, 0o100666);
  return session;
}

/** The real engine, whose agents start with other options. */
export async function engineWith(options: Readonly<Record<string, unknown>>): Promise<FridaEngine> {
  const engine = await openEngine();
  return {
    info: () => engine.info(),
    close: () => engine.close(),
    inject: async (pid, source, onEvent) => {
      const script = await engine.inject(pid, source, onEvent);
      const post = (message: unknown): Promise<void> => {
        const { type, payload } = message as { type: string; payload: object };
        return script.post({ type, payload: { ...payload, ...options } });
      };
      return { pid, post, detach: () => script.detach() };
    },
  };
}

/** Changed to find out whether all earlier events have arrived. No program watches it. */
const BARRIER = '/v/barrier';

export function viewOf(session: TestSession, branch = 'main'): FsView {
  return session.core.view(branch, SELF);
}

/** A program of test/bridge/programs, linked as a Darwin program. */
export function program(name: string, flags: readonly string[] = []): string {
  const { directory } = buildFixtures();
  const programs = join(fixturesDirectory, 'programs');
  const hash = createHash('sha256');
  for (const file of readdirSync(programs).sort()) hash.update(readFileSync(join(programs, file)));
  return compiled(join(here, 'programs', `${name}.c`), [
    `-I${includeDirectory}`,
    '-fno-builtin-printf',
    `-DINCLUDED="${hash.digest('hex').slice(0, 16)}"`,
    `-L${directory}`,
    '-Wl,--no-as-needed',
    '-ldarwin',
    `-Wl,-rpath,${directory}`,
    ...flags,
  ]);
}

/** A running kqtable (or kqtree): a command, an answer. */
export class ScriptedProgram {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #waiting: Promise<unknown> = Promise.resolve();
  stderr = '';
  /** Its status; 128+n for a signal. */
  readonly status: Promise<number>;

  constructor(child: ChildProcess, status?: Promise<number>) {
    this.child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr?.on('data', (text) => (this.stderr += text));
    child.stdin?.on('error', () => undefined); // It may have been ended.
    this.status =
      status ??
      new Promise((resolve) =>
        child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 255))),
      );
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Sends a command. The answers are in the order of the commands. */
  send(command: string): Promise<string> {
    this.child.stdin?.write(`${command}\n`);
    const answer = this.#waiting.then(() => this.#next(command));
    this.#waiting = answer.catch(() => undefined);
    return answer;
  }

  /** The next line that is not an answer. */
  line(): Promise<string> {
    return this.#next('');
  }

  async #next(command: string): Promise<string> {
    let limit: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      limit = setTimeout(
        () => reject(new Error(`no answer to '${command}' within ${ANSWER_MS} ms ${this.stderr}`)),
        ANSWER_MS,
      );
    });
    try {
      const next = await Promise.race([this.#lines.next(), silence]);
      return next.done ? `(ended ${this.stderr.trim()})` : next.value;
    } finally {
      clearTimeout(limit);
    }
  }

  readonly #watched: string[] = [];

  /** Opens a path under a name and watches it; `heard` returns its bits by that name. */
  async watch(
    kq: string,
    name: string,
    path: string,
    how: { readonly mode?: string; readonly mask?: number } = {},
  ): Promise<void> {
    const { mode = 'evtonly', mask } = how;
    const bits = mask === undefined ? 'ALL' : noteNames(mask);
    const answers = [
      await this.send(`open ${name} ${path} ${mode}`),
      await this.send(`change ${kq} ${name} VNODE ADD|CLEAR ${bits} 0 ${this.#watched.push(name)}`),
    ];
    if (answers.some((answer) => answer !== 'ok'))
      throw new Error(`${path} cannot be watched: ${answers.join(', ')}`);
  }

  /** All pending events of a queue, as `NAME → bits`, after all earlier changes were delivered. */
  async heard(kq: string): Promise<Map<string, number>> {
    const sum = new Map<string, number>();
    await this.send(`chmod ${BARRIER} 0644`);
    for (;;) {
      const answer = await this.send(`wait ${kq} 64 0`);
      const events = [...answer.matchAll(/\[\S+ VNODE \S+ (\S+) 0 (\d+)\]/g)];
      if (!answer.startsWith('n=') || answer === 'n=0')
        return answer === 'n=0' ? sum : new Map([[answer, 0]]);
      for (const [, bits, udata] of events) {
        const name = this.#watched[Number(udata) - 1] ?? `udata ${udata}`;
        sum.set(name, (sum.get(name) ?? 0) | noteBits(bits!));
      }
    }
  }

  /** Ends it by closing its input. @returns its status */
  async end(): Promise<number> {
    this.child.stdin?.end();
    return this.status;
  }
}

export function startProgram(
  session: TestSession,
  options: RunOptions & { readonly command?: string } = {},
): ScriptedProgram {
  const started = session.start(options.command ?? program('kqtree'), [], options);
  return new ScriptedProgram(started.child, started.status);
}

/** The same without a session: the stand-in on the real file system. */
export function startBare(command: string = program('kqtree')): ScriptedProgram {
  return new ScriptedProgram(spawn(command, [], { stdio: 'pipe' }));
}

const at = (path: string) => ({ path });
function put(view: FsView, path: string, text: string, where: number | 'append'): void {
  view.write(view.stat(at(path)).ino, Buffer.from(text), 0, text.length, where);
}

/** The tree-changing commands of the script language, as the core runs them. */
const HOST_COMMANDS: Readonly<Record<string, (view: FsView, a: string, b: string, rest: string[]) => void>> =
  {
    create: (view, a) => void view.mknod(at(a), 0o100644),
    append: (view, a, b, rest) => put(view, a, [b, ...rest].join(' '), 'append'),
    put: (view, a, b, rest) => put(view, a, rest.join(' '), Number(b)),
    empty: (view, a) => put(view, a, '', 0),
    truncate: (view, a, b) => view.truncate(at(a), Number(b)),
    opentrunc: (view, a) => void view.openLocal(at(a), 0o1001),
    unlink: (view, a) => view.unlink(at(a)),
    rename: (view, a, b) => view.rename(at(a), at(b)),
    exchange: (view, a, b) => view.rename(at(a), at(b), 2),
    mkdir: (view, a) => void view.mkdir(at(a), 0o755),
    rmdir: (view, a) => view.rmdir(at(a)),
    link: (view, a, b) => void view.link(at(a), at(b)),
    symlink: (view, a, b) => void view.symlink(a, at(b)),
    chmod: (view, a, b) => view.chmod(at(a), Number(b.replace(/^0/, '0o'))),
    chown: (view, a) => view.chown(at(a), process.getuid?.() ?? 0, process.getgid?.() ?? 0),
    utimes: (view, a) => view.utimens(at(a), 'now', 'now'),
    setxattr: (view, a) => view.setxattr(at(a), 'user.note', Buffer.from('x')),
    removexattr: (view, a) => view.removexattr(at(a), 'user.note'),
  };

/** A tree-changing command of the script language, run by the core. */
export function hostCommand(view: FsView, line: string): string {
  const [command = '', a = '', b = '', ...rest] = line.split(' ');
  const run = HOST_COMMANDS[command];
  if (!run) throw new Error(`the host has no command '${command}': add it to HOST_COMMANDS`);
  run(view, a, b, rest);
  return 'ok';
}

const fits = (answer: string, expected: string): boolean =>
  expected.startsWith('~') ? new RegExp(`^(?:${expected.slice(1)})$`).test(answer) : answer === expected;

export interface Cast {
  readonly [name: string]: ScriptedProgram | FsView;
}

/** Plays a script. @throws Error with the lines that have a wrong answer */
export async function play(
  script: string,
  cast: Cast,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  const wrong: string[] = [];
  const first = Object.keys(cast)[0]!;
  for (const raw of script.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [said, expected = 'ok'] = line.split(/\s+=>\s+/);
    const named = /^(\w+): +(.*)$/.exec(said!);
    const target = cast[named?.[1] ?? first];
    if (!target) throw new Error(`'${line}': no program of this case is named '${named?.[1]}'`);
    let command = (named?.[2] ?? said!).replace(/\s+/g, ' ');
    for (const [name, value] of Object.entries(variables)) command = command.replaceAll(`$${name}`, value);
    const answer =
      target instanceof ScriptedProgram ? await target.send(command) : hostCommand(target, command);
    if (!fits(answer, expected)) wrong.push(`  ${said}\n    expected ${expected}\n    got      ${answer}`);
    if (answer.startsWith('(ended')) break;
  }
  if (wrong.length > 0) throw new Error(`\n${wrong.slice(0, 3).join('\n')}`);
}

let cases = 0;
/** A directory for the case, with the file `f` (hello), the empty file `g`, the directory `d` with `x`, the empty `e`. */
export function freshTree(session: TestSession): string {
  const view = viewOf(session);
  const directory = `/v/case${++cases}`;
  view.mkdir({ path: directory });
  for (const [name, text] of [
    ['f', 'hello'],
    ['g', ''],
    ['d/x', 'x'],
  ] as const) {
    if (name.startsWith('d/')) view.mkdir({ path: `${directory}/d` });
    view.writeFile(view.mknod({ path: `${directory}/${name}` }, 0o100644).ino, Buffer.from(text));
  }
  view.mkdir({ path: `${directory}/e` });
  return directory;
}
