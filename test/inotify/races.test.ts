/** Names that move while they are opened, because a watch begins, or a watched file is changed. */
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compiled, type Ran, TestSession } from '../support/session.ts';

const races = suite('inotify: races');
const session = await TestSession.open();
races.after(() => session.close());
const crawler = compiled(fileURLToPath(new URL('programs/crawler.c', import.meta.url)));
const churn = compiled(fileURLToPath(new URL('programs/churn.c', import.meta.url)));

/** Runs `work` to its end while `watcher` repeats. */
async function during(watcher: readonly string[], work: readonly (readonly string[])[]): Promise<void> {
  const other = session.start(churn, watcher);
  let said = '';
  other.child.stderr?.on('data', (text) => (said += text));
  const all: Ran[] = await Promise.all(work.map((args) => session.run(churn, args)));
  other.child.kill('SIGTERM');
  assert.is(await other.status, 0, said);
  for (const { status, stdout, stderr } of all) assert.is(status, 0, `${stdout}${stderr}`);
}

races('files created and used while their directories begin to be watched', async () => {
  await session.sh('mkdir /v/made');
  await during(
    ['watch', '/v/made'],
    [
      ['make', '/v/made', 'a', '300'],
      ['make', '/v/made', 'b', '300'],
    ],
  );
});

races('a file read while it is replaced, and its directory watched', async () => {
  await session.sh('mkdir /v/saved; printf 0000 > /v/saved/f');
  await during(
    ['watch', '/v/saved'],
    [
      ['save', '/v/saved', '300'],
      ['load', '/v/saved', '600'],
    ],
  );
});

races('a file written by its descriptor while it is renamed', async () => {
  await session.sh('mkdir /v/moved; : > /v/moved/f');
  await during(
    ['watch', '/v/moved'],
    [
      ['append', '/v/moved', '300'],
      ['shuffle', '/v/moved', '301'],
    ],
  );
  const { stdout } = await session.sh('cat /v/moved/f /v/moved/g 2> /dev/null | wc -c');
  assert.is(stdout.trim(), '300');
});

races('a crawl: watched, then listed, no file created meanwhile is missed', async () => {
  const directories = 150;
  await session.sh(
    `mkdir /v/tree; cd /v/tree; for d in $(seq ${directories}); do mkdir -p t$d/u; echo > t$d/f; done`,
  );
  const crawling = session.run(crawler, ['/v/tree', String(3 * directories)], { limitMs: 60_000 });
  const making = session.sh(
    `cd /v/tree; for d in $(seq ${directories} -1 1); do echo > t$d/u/new; mkdir t$d/made; echo > t$d/made/in; done`,
    { limitMs: 60_000 },
  );
  const [{ stdout, stderr }, made] = await Promise.all([crawling, making]);
  assert.equal([made.status, made.stderr], [0, '']);
  assert.is(stdout, `crawling\nfound ${3 * directories}\n`, stderr);
});

races.run();
