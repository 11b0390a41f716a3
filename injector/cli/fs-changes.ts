/** `shimfs fs write|append|truncate|mkdir|rm|mv|ln|chmod` */
import { posix } from 'node:path';
import type { AddCommand } from './fs-command.ts';
import { octalMode, sizeArgument } from './options.ts';
import { readStandardInput } from './output.ts';
import { type SessionContext, withSession } from './session-action.ts';

const umask = process.umask();

export function addFileChanges(add: AddCommand): void {
  add(
    'write <path>',
    'Replace a file by standard input, making it if need be.',
    'echo hi | shimfs fs write /v/a --session demo',
  ).action(withSession((context, path: string) => write(context, path, false)));
  add(
    'append <path>',
    'Add standard input to a file, making it if need be.',
    'echo more | shimfs fs append /v/a --session demo',
  ).action(withSession((context, path: string) => write(context, path, true)));
  add(
    'truncate <path> <size>',
    'Cut or extend a file to a size in bytes.',
    'shimfs fs truncate /v/a 0 --session demo',
  ).action(withSession((context, path: string, size: string) => truncate(context, path, size)));
  add('mkdir <paths...>', 'Make directories.', 'shimfs fs mkdir -p /v/a/b --session demo')
    .option('-p, --parents', 'make missing parents, and take what is there already')
    .action(withSession(makeDirectories));
  add('rm <paths...>', 'Remove files.', 'shimfs fs rm -r /v/a --session demo')
    .option('-r, --recursive', 'directories too, with all that is in them')
    .action(withSession(remove));
  add('mv <from> <to>', 'Rename, or move into a directory.', 'shimfs fs mv /v/a /v/b --session demo').action(
    withSession(move),
  );
  add('ln <target> <path>', 'Give a file another name.', 'shimfs fs ln -s ../a /v/d/link --session demo')
    .option('-s, --symbolic', 'make a symbolic link')
    .action(withSession(makeLink));
  add(
    'chmod <mode> <paths...>',
    'Set permission bits, in octal.',
    'shimfs fs chmod 755 /v/tool --session demo',
  ).action(withSession(changeMode));
}

async function write({ client, branch }: SessionContext, path: string, append: boolean): Promise<void> {
  const { writeVirtual } = await import('../control/transfer.ts');
  await writeVirtual(client, path, readStandardInput(), { branch, append, umask });
}

async function truncate({ client, branch }: SessionContext, path: string, size: string): Promise<void> {
  await client.call('file.truncate', { path, branch, length: sizeArgument(size) });
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

/** As mv(1) and ln(1) have it: a directory as the goal means a name inside it. */
async function goal({ client, branch }: SessionContext, name: string, to: string): Promise<string> {
  const there = await client.call('file.stat', { path: to, branch }).catch(() => undefined);
  return there?.type === 'directory' ? posix.join(to, posix.basename(name)) : to;
}

async function move(context: SessionContext, from: string, to: string): Promise<void> {
  const { client, branch } = context;
  await client.call('file.rename', { from, to: await goal(context, from, to), branch });
}

async function makeLink(
  context: SessionContext,
  target: string,
  to: string,
  { symbolic }: { symbolic?: boolean },
): Promise<void> {
  const { client, branch } = context;
  const path = await goal(context, target, to);
  if (symbolic) await client.call('file.symlink', { target, path, branch });
  else await client.call('file.link', { from: target, to: path, branch });
}

async function changeMode({ client, branch }: SessionContext, mode: string, paths: string[]): Promise<void> {
  const bits = octalMode(mode);
  for (const path of paths) await client.call('file.chmod', { path, branch, mode: bits });
}
