/** `shimfs branch diff`, `commit` and `discard`: a branch's changes to the overlaid directories. */
import type { OverlayLine } from '../control/methods.ts';
import { UserError } from '../user-error.ts';
import { print, printJson, printLine } from './output.ts';
import type { SessionContext } from './session-action.ts';

const LETTERS = { added: 'A', modified: 'M', attributes: 'P', deleted: 'D' } as const;

const CONFLICTS = {
  changed: 'the real file was changed',
  created: 'a real file was created',
  removed: 'the real file was removed',
} as const;

/** Quotes a name that contains a line break, so that a change stays on one line. */
const quoted = (path: string): string => (/[\s"\\\p{Cc}\p{Cs}]/u.test(path) ? JSON.stringify(path) : path);

function lineOf({ kind, path, type, conflict }: OverlayLine): string {
  const slash = type === 'directory' ? '/' : '';
  return `${LETTERS[kind]} ${quoted(path + slash)}${conflict ? `  (conflict: ${CONFLICTS[conflict]})` : ''}`;
}

export async function diffBranch(
  { client, branch, json }: SessionContext,
  name: string | undefined,
  flags: { readonly patch?: boolean },
): Promise<void> {
  const all: OverlayLine[] = [];
  await client.stream('branch.diff', { branch: name ?? branch, patch: flags.patch }, (item) => {
    if ('patch' in item) return print(item.patch);
    if (!json) return print(item.changes.map((change) => `${lineOf(change)}\n`).join(''));
    all.push(...item.changes);
  });
  if (json && !flags.patch) await printJson(all);
}

/** Prints the changes that were applied and those that were not. Fails unless all were applied. */
export async function commitBranch(
  { client, branch, json }: SessionContext,
  name: string | undefined,
  flags: { readonly force?: boolean },
): Promise<void> {
  const result = await client.call('branch.commit', { branch: name ?? branch, force: flags.force });
  const { applied, failed, conflicts } = result;
  if (json) await printJson(result);
  else {
    for (const change of applied) await printLine(lineOf(change));
    for (const change of conflicts) await printLine(lineOf(change));
    for (const { path, reason } of failed) await printLine(`! ${quoted(path)}  (not applied: ${reason})`);
  }
  if (conflicts.length > 0)
    throw new UserError(
      `nothing was applied: ${count(conflicts.length, 'path')} ${conflicts.length === 1 ? 'was' : 'were'} changed in the real directory after the branch copied ${conflicts.length === 1 ? 'it' : 'them'}`,
      "Compare both versions. --force overwrites the real directory's version.",
    );
  if (failed.length > 0)
    throw new UserError(
      `${count(failed.length, 'change')} of ${applied.length + failed.length} could not be applied, and ${failed.length === 1 ? 'stays' : 'stay'} in the branch`,
      'Remove the causes, then commit again: it applies the remaining changes.',
    );
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

export async function discardBranch(
  { client, branch }: SessionContext,
  name: string | undefined,
): Promise<void> {
  await client.call('branch.discard', { branch: name ?? branch });
}
