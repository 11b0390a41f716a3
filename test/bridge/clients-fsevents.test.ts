/**
 * Users of file events, each imitated by a program of its own (fixtures/clients), on a virtual tree through real injection
 * and on a real directory under the stand-in: both times the same reports.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { buildFixtures } from '../../fixtures/build.ts';
import { removeTree } from '../support/self.ts';
import { CLIENTS, type Client } from './client-reports.ts';
import { coreTree, playClient, RunningClient, realTree } from './client-run.ts';
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

/** Clients mostly wait, so that several play at once; each case tells of its own. */
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
virtual.after(async () => {
  await session.close();
  removeTree(scratch);
});

real.run();
virtual.run();
for (let i = 0; i < AT_ONCE; i++)
  void (async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next();
  })();
