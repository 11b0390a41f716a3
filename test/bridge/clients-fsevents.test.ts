/**
 * Users of file events, each imitated by a program (fixtures/clients), on a virtual tree through real injection and on a
 * real directory under the stand-in: both with the same reports.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildFixtures } from '../../fixtures/build.ts';
import { removeTree } from '../support/self.ts';
import { CLIENTS, type Client } from './client-reports.ts';
import { coreTree, playClient, RunningClient, realTree, type Tree } from './client-run.ts';
import { openBridge, viewOf } from './support.ts';

const { client: built } = buildFixtures();
const session = await openBridge();
const view = viewOf(session);
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'clients-')));

const argsOf = (client: Client, root: string): string[] => [
  root,
  ...(client.args ?? []).map((arg) => arg.replaceAll('$R', root)),
];

async function onVirtualTree(client: Client, place: number): Promise<void> {
  const root = `/v/client${place}`;
  view.mkdir({ path: root });
  view.mkdir({ path: `${root}/.git` });
  const program = session.start(built(client.program), argsOf(client, root));
  const running = new RunningClient(program.child);
  try {
    await playClient(running, client.script, coreTree(view), root, `/v/outside${place}`);
  } finally {
    running.kill();
  }
}

async function onRealDirectory(client: Client, place: number): Promise<void> {
  const root = join(scratch, `client${place}`);
  mkdirSync(join(root, '.git'), { recursive: true });
  const running = new RunningClient(spawn(built(client.program), argsOf(client, root), { stdio: 'pipe' }));
  try {
    await playClient(running, client.script, realTree, root, join(scratch, `outside${place}`));
  } finally {
    running.kill();
  }
}

/** Clients mostly wait, so several cases run concurrently; each reports its own failure. */
const AT_ONCE = 4;
const waiting: (() => Promise<void>)[] = [];

function whenItsTurnComes(play: () => Promise<void>): () => Promise<void> {
  const played = new Promise<void>((resolve, reject) => {
    waiting.push(() => play().then(resolve, reject));
  });
  played.catch(() => undefined);
  return () => played;
}

const real = suite('file event clients on a real directory, under the stand-in');
const virtual = suite('file event clients on a virtual tree');
CLIENTS.forEach((client, place) => {
  if (client.virtualOnly) console.log(`skipped: ${client.name} on a real directory, ${client.virtualOnly}`);
  else
    real(
      client.name,
      whenItsTurnComes(() => onRealDirectory(client, place)),
    );
});
CLIENTS.forEach((client, place) => {
  virtual(
    client.name,
    whenItsTurnComes(() => onVirtualTree(client, place)),
  );
});
/** Lines of a client that ends by itself or at the end of its input, without `ready` and `done`. */
async function linesOf(child: ChildProcess): Promise<string[]> {
  const running = new RunningClient(child);
  running.end();
  const lines: string[] = [];
  for (let line = await running.line('more'); line !== '(ended)'; line = await running.line('more')) {
    lines.push(line);
    if (line.startsWith('(silence')) break;
  }
  running.kill();
  assert.is(lines.at(-1), 'done', `${lines.join(', ')} ${running.stderr}`);
  return lines.filter((line) => line !== 'ready' && line !== 'done');
}

/** Changes made while no client ran are replayed from a stored id. Their order is not specified. */
async function resumes(
  start: (program: string, args: readonly string[]) => ChildProcess,
  tree: Tree,
  root: string,
): Promise<void> {
  tree.create(`${root}/old`);
  const [parcel] = await linesOf(start('parcel', [root]));
  const [cardinal] = await linesOf(start('cardinal', [root, '0']));
  tree.create(`${root}/new`);
  tree.append(`${root}/old`);
  const since = (line: string | undefined): string => /^id (\d+)$/.exec(line ?? '')?.[1] ?? `no id: ${line}`;
  const told = await linesOf(start('parcel', [root, '-s', since(parcel)]));
  assert.equal(told.sort(), ['create new', 'update old']);
  const again = start('cardinal', [root, '0', since(cardinal)]);
  const running = new RunningClient(again);
  try {
    // Replayed events can precede `ready`.
    const heard: string[] = [];
    for (let i = 0; i < 3; i++) heard.push(await running.line('what was missed'));
    assert.equal(heard.sort(), ['Created|IsFile new', 'Modified|IsFile old', 'ready']);
    running.end();
    assert.match(await running.line('an id'), /^id \d+$/);
    assert.is(await running.line('done'), 'done');
  } finally {
    running.kill();
  }
}
const resumed = suite('file event clients that were away');
// On a real directory the stand-in's history across processes consists of the files' times.
resumed('on a virtual tree', async () => {
  view.mkdir({ path: '/v/resumed' });
  await resumes((program, args) => session.start(built(program), args).child, coreTree(view), '/v/resumed');
});
resumed.after(async () => {
  await session.close();
  removeTree(scratch);
});

real.run();
virtual.run();
resumed.run();
for (let i = 0; i < AT_ONCE; i++)
  void (async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next();
  })();
