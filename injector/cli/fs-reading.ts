/** `shimfs fs ls|cat|stat` */

import { posix } from 'node:path';
import { encodePath } from '../../core/path-bytes.ts';
import type { NamedFile } from '../control/methods.ts';
import { longRow, statText } from './file-text.ts';
import type { AddCommand } from './fs-command.ts';
import { print, printJson, printLine, table } from './output.ts';
import { type SessionContext, withSession } from './session-action.ts';

export function addFileReading(add: AddCommand): void {
  add('ls [paths...]', 'List directories; without a path, the mounts.', 'shimfs fs ls -l /v --session demo')
    .option('-l, --long', 'print mode, links, owner, size and time, too')
    .option('--json', 'one JSON array of entries')
    .action(withSession(list));
  add('cat <paths...>', 'Write files to standard output.', 'shimfs fs cat /v/a --session demo > a').action(
    withSession(concatenate),
  );
  add(
    'stat <path>',
    'Show the attributes of a file. A symbolic link is not followed.',
    'shimfs fs stat /v/a --session demo --json',
  )
    .option('--json', 'one JSON object')
    .action(withSession(stat));
}

async function entriesOf({ client, branch }: SessionContext, path: string): Promise<NamedFile[]> {
  const { listVirtual } = await import('../control/tree-export.ts');
  const info = await client.call('file.stat', { path, branch, follow: false });
  const directory = info.type === 'directory' || (info.type === 'symlink' && path.endsWith('/'));
  if (!directory) return [{ name: path, ...info }];
  const entries: NamedFile[] = [];
  for await (const entry of listVirtual(client, path, branch)) entries.push(entry);
  return entries.sort((a, b) => Buffer.compare(encodePath(a.name), encodePath(b.name)));
}

async function mountsOf({ client, branch }: SessionContext): Promise<NamedFile[]> {
  const { mounts } = await client.call('session.describe', {});
  return Promise.all(
    mounts.map(async (path) => ({ name: path, ...(await client.call('file.stat', { path, branch })) })),
  );
}

async function list(context: SessionContext, paths: string[], flags: { long?: boolean }): Promise<void> {
  const sections: { path?: string; entries: NamedFile[] }[] = [];
  if (paths.length === 0) sections.push({ entries: await mountsOf(context) });
  for (const path of paths) sections.push({ path, entries: await entriesOf(context, path) });
  if (context.json) {
    const path = (at: string | undefined, name: string): string =>
      at === undefined || name.startsWith('/') ? name : posix.join(at, name);
    return printJson(
      sections.flatMap(({ path: at, entries }) =>
        entries.map((entry) => ({ ...entry, path: path(at, entry.name) })),
      ),
    );
  }
  for (const [i, { path, entries }] of sections.entries()) {
    if (sections.length > 1) await print(`${i > 0 ? '\n' : ''}${path}:\n`);
    const text = flags.long
      ? table(entries.map(longRow), [1, 2, 3, 4])
      : entries.map(({ name }) => `${name}\n`).join('');
    await print(encodePath(text));
  }
}

async function concatenate({ client, branch }: SessionContext, paths: string[]): Promise<void> {
  const { readVirtual } = await import('../control/transfer.ts');
  for (const path of paths) for await (const chunk of readVirtual(client, path, branch)) await print(chunk);
}

async function stat({ client, branch, json }: SessionContext, path: string): Promise<void> {
  const info = await client.call('file.stat', { path, branch, follow: false });
  if (json) return printJson({ path, ...info });
  await printLine(statText(path, info).trimEnd());
}
