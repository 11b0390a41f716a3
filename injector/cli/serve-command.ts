/** `shimfs serve`: watchers for programs that speak HTTP, with events kept for those who come back. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { collect, wholeNumber } from './options.ts';
import { printLine } from './output.ts';

interface ServeFlags {
  readonly listen: string;
  readonly store?: string;
  readonly natsCredentials?: string;
  readonly tokenFile?: string;
  readonly allow?: string[];
  readonly syncInterval?: number;
  readonly json?: boolean;
}

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .summary('serve watchers over HTTP')
    .description(
      'Serve watchers of real directories and of sessions over HTTP, and keep their events for consumers that come\n' +
        'back. Prints `ready URL` when it serves; ends on Ctrl-C or SIGTERM. The API is described at URL/docs/.',
    )
    .option('--listen <host:port>', 'where to listen; port 0 is any free one', '127.0.0.1:0')
    .option(
      '--store <file|url>',
      'where events and watchers are kept: a file (default: in the state directory),\n' +
        'or nats://HOST:PORT/NAME, a NATS server with JetStream',
    )
    .option('--nats-credentials <file>', 'for that server: a .creds file, or the seed of an nkey')
    .option('--token-file <file>', 'who may ask for what; made at the first start, readable by you alone')
    .option('--allow <path>', 'watch nothing but what is below; or session:NAME; may be repeated', collect)
    .option(
      '--sync-interval <seconds>',
      'how long changes are collected for watchers that name no interval, 1 to 60 (default: 100 ms of silence)',
      wholeNumber,
    )
    .option('--json', 'the line as one JSON object')
    .addHelpText('after', '\nExample:\n  shimfs serve --listen 127.0.0.1:7077 --allow ~/project')
    .action(serveCommand);
}

async function serveCommand({ json, allow, ...flags }: ServeFlags): Promise<void> {
  const told = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
  });
  const { serve } = await import('../service/server.ts');
  const running = await serve({
    ...flags,
    allow: allow?.map((path) => (path.startsWith('session:') ? path : resolve(path))),
    say: (line) => void process.stderr.write(`shimfs: ${line}\n`),
  });
  try {
    const { url, tokenFile, store } = running;
    await printLine(json ? JSON.stringify({ ready: url, tokenFile, store }) : `ready ${url}`);
    await told;
  } finally {
    await running.close();
  }
}
