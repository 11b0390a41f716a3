/** `shimfs events`: prints the events of a session. */
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
    .summary("print a session's events")
    .description(
      "Print a session's events, one per line, oldest first. Without options: all events that the host still has;\n" +
        'with --follow and without --since: new events only. If the host no longer has all events after --since, a\n' +
        'line reports it, and the exit status is 1.',
    )
    .addOption(sessionOption())
    .addOption(branchOption('only the events that programs in this branch receive (default: all events)'))
    .option('--since <id>', 'the events after the event with this id; 0 for the beginning', wholeNumber)
    .option('--follow', 'continue with new events until the host ends, or Ctrl-C')
    .option('--json', 'one JSON object per line')
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
    // --follow ends only with the connection.
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

/** Quotes a name that contains a line break, so that an event stays on one line. */
const quoted = (path: string): string => (/[\s"\\\p{Cc}\p{Cs}]/u.test(path) ? JSON.stringify(path) : path);

function lostLine(lost: HistoryLost, json: boolean): string {
  if (json) return `${JSON.stringify({ lost })}\n`;
  const kept = lost.oldest > 0 ? `it has ${lost.oldest} to ${lost.newest}` : 'it has none';
  return `history lost: the host no longer has all events after --since, ${kept}\n`;
}
