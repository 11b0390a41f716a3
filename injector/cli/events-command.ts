/** `shimfs events`: what happens, or happened, in a session. */
import type { Command } from 'commander';
import type { EventLine, HistoryLost } from '../control/methods.ts';
import { branchOption, sessionOption, wholeNumber } from './options.ts';
import { print } from './output.ts';
import { type SessionContext, withSession } from './session-action.ts';

interface EventFlags {
  readonly since?: number;
  readonly follow?: boolean;
}

export function addEventsCommand(program: Command): void {
  program
    .command('events')
    .summary("print a session's changes")
    .description(
      "Print a session's changes, one a line, oldest first. Without --since: those still kept; with --follow alone:\n" +
        'those to come. Where older ones than asked for are gone, a line says so, and the exit status is 1.',
    )
    .addOption(sessionOption())
    .addOption(branchOption('only what that branch hears of (default: all, as they were caused)'))
    .option('--since <id>', 'those after the event of this id; 0 is the beginning', wholeNumber)
    .option('--follow', 'go on until the host ends, or Ctrl-C')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  shimfs events --session demo --since 0 --follow --json')
    .action(withSession(events));
}

async function events(
  { client, branch, json }: SessionContext,
  { since, follow }: EventFlags,
): Promise<void> {
  let lost = false;
  process.once('SIGINT', () => client.close());
  process.once('SIGTERM', () => client.close());
  const answer = client.stream('event.read', { since, branch, follow }, (item) => {
    if ('events' in item)
      return print(item.events.map((event) => (json ? jsonLine(event) : textLine(event))).join(''));
    lost = true;
    return print(lostLine(item.lost, json));
  });
  try {
    await answer;
  } catch (error) {
    // To follow has no other end than that of the connection.
    if (!follow || (error as { code?: string }).code !== 'EIO') throw error;
  }
  if (lost && !follow) process.exitCode = 1;
}

const jsonLine = (event: EventLine): string => `${JSON.stringify(event)}\n`;

function textLine({ id, kind, path, from, ino, pid, branch, time, detail }: EventLine): string {
  const names = from === undefined ? quoted(path) : `${quoted(from)} -> ${quoted(path)}`;
  const details = detail.length > 0 ? ` [${detail.join(' ')}]` : '';
  return `${id} ${new Date(time).toISOString()} ${branch} ${kind.padEnd(8)} ${names} ino=${ino} pid=${pid}${details}\n`;
}

/** A line break in a name must not make two lines of one event. */
const quoted = (path: string): string => (/[\s"\\\p{Cc}\p{Cs}]/u.test(path) ? JSON.stringify(path) : path);

function lostLine(lost: HistoryLost, json: boolean): string {
  if (json) return `${JSON.stringify({ lost })}\n`;
  const kept = lost.oldest > 0 ? `kept are ${lost.oldest} to ${lost.newest}` : 'none are kept';
  return `history lost: older events than asked for are gone, ${kept}\n`;
}
