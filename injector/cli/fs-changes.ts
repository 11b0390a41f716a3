/** `shimfs fs write|append|truncate|mkdir|rm|mv|ln|chmod` */
import { posix } from 'node:path';
import type { AddCommand } from './fs-command.ts';
import { octalMode, wholeNumber } from './options.ts';
import { readStandardInput } from './output.ts';
import { type SessionContext, withSession } from './session-action.ts';

const umask = process.umask();

export function addFileChanges(add: AddCommand): void {
  add(
    'write <path>',
    'Replace the contents of a file with standard input; create the file if it does not exist.',
    'echo hi | shimfs fs write /v/a --session demo',
  ).action(withSession((context, path: string) => write(context, path, false)));
  add(
    'append <path>',
    'Append standard input to a file; create the file if it does not exist.',
    'echo more | shimfs fs append /v/a --session demo',
  ).action(withSession((context, path: string) => write(context, path, true)));
  add(
    'truncate <path>',
    'Cut or extend a file to a size in bytes.',
    'shimfs fs truncate /v/a 0 --session demo',
  )
    .argument('<size>', 'the new size in bytes', wholeNumber)
    .action(withSession(truncate));
  add('mkdir <paths...>', 'Create directories.', 'shimfs fs mkdir -p /v/a/b --session demo')
    .option('-p, --parents', 'create missing parents; accept directories that exist')
    .action(withSession(makeDirectories));
  add('rm <paths...>', 'Remove files.', 'shimfs fs rm -r /v/a --session demo')
    .option('-r, --recursive', 'remove directories and their contents, too')
    .action(withSession(remove));
  add(
    'mv <from> <to>',
    'Rename a file, or move it into a directory.',
    'shimfs fs mv /v/a /v/b --session demo',
  ).action(withSession(move));
  add('ln <target> <path>', 'Give a file another name.', 'shimfs fs ln -s ../a /v/d/link --session demo')
    .option('-s, --symbolic', 'create a symbolic link')
    .action(withSession(makeLink));
  add('chmod', 'Set permission bits.', 'shimfs fs chmod 755 /v/tool --session demo')
    .argument('<mode>', 'the permission bits, in octal', octalMode)
    .argument('<paths...>')
    .action(withSession(changeMode));
}

async function write({ client, branch }: SessionContext, path: string, append: boolean): Promise<void> {
  const { writeVirtual } = await import('../control/transfer.ts');
  await writeVirtual(client, path, readStandardInput(), { branch, append, umask });
}

async function truncate({ client, branch }: SessionContext, path: string, length: number): Promise<void> {
  await client.call('file.truncate', { path, branch, length });
}

async function makeDirectories(
  { client, branch }: SessionContext,
  paths: string[],
  { parents }: { parents?: boolean },
): Promise<void> {
  for (const path of paths) await client.call('file.mkdir', { path, branch, parents, umask });
}

async function remove(
  { client, branch }: SessionContext,
  paths: string[],
  { recursive }: { recursive?: boolean },
): Promise<void> {
  for (const path of paths) await client.call('file.remove', { path, branch, recursive });
}

/** As in mv(1) and ln(1): if `to` is a directory, the new name is inside it. */
async function newName({ client, branch }: SessionContext, name: string, to: string): Promise<string> {
  const existing = await client.call('file.stat', { path: to, branch }).catch(() => undefined);
  return existing?.type === 'directory' ? posix.join(to, posix.basename(name)) : to;
}

async function move(context: SessionContext, from: string, to: string): Promise<void> {
  const { client, branch } = context;
  await client.call('file.rename', { from, to: await newName(context, from, to), branch });
}

async function makeLink(
  context: SessionContext,
  target: string,
  to: string,
  { symbolic }: { symbolic?: boolean },
): Promise<void> {
  const { client, branch } = context;
  const path = await newName(context, target, to);
  if (symbolic) await client.call('file.symlink', { target, path, branch });
  else await client.call('file.link', { from: target, to: path, branch });
}

async function changeMode({ client, branch }: SessionContext, mode: number, paths: string[]): Promise<void> {
  for (const path of paths) await client.call('file.chmod', { path, branch, mode });
}
