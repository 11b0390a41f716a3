/** `shimfs serve`: watchers over HTTP; stored events let a consumer resume after a break. */
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
      'Serve watchers of real directories and of sessions over HTTP, and store their events, so that a consumer can\n' +
        'resume. Prints `ready URL` when the service accepts requests; ends on Ctrl-C or SIGTERM. URL/docs/ describes\n' +
        'the API.',
    )
    .option('--listen <host:port>', 'address to listen on; port 0 takes any free port', '127.0.0.1:0')
    .option(
      '--store <file|url>',
      'storage of events and watchers: a file (default: in the state directory),\n' +
        'or nats://HOST:PORT/NAME, a NATS server with JetStream',
    )
    .option('--nats-credentials <file>', 'for the NATS server: a .creds file, or the seed of an nkey')
    .option('--token-file <file>', 'tokens and their rights; created at the first start with mode 0600')
    .option(
      '--allow <path>',
      'watch only below this directory, or session:NAME for a session; may be repeated',
      collect,
    )
    .option(
      '--sync-interval <seconds>',
      'how long the service collects changes for watchers without an interval of their own, 1 to 60\n' +
        '(default: until 100 ms pass without a change)',
      wholeNumber,
    )
    .option('--json', 'print the `ready` line as one JSON object')
    .addHelpText('after', '\nExample:\n  shimfs serve --listen 127.0.0.1:7077 --allow ~/project')
    .action(serveCommand);
}

async function serveCommand({ json, allow, ...flags }: ServeFlags): Promise<void> {
  const signalled = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
  });
  const { serve } = await import('../service/server.ts');
  const running = await serve({
    ...flags,
    allow: allow?.map((path) => (path.startsWith('session:') ? path : resolve(path))),
    log: (line) => void process.stderr.write(`shimfs: ${line}\n`),
  });
  try {
    const { url, tokenFile, store } = running;
    await printLine(json ? JSON.stringify({ ready: url, tokenFile, store }) : `ready ${url}`);
    await signalled;
  } finally {
    await running.close();
  }
}
