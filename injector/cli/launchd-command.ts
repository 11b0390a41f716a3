/** `shimfs launchd`: the watcher service as a launch agent of macOS. On other systems: a systemd unit. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { LaunchAgent } from '../launchd/agent.ts';
import { UserError } from '../user-error.ts';
import { wholeNumber } from './options.ts';
import { print, printJson, printLine } from './output.ts';

interface Labelled {
  readonly label?: string;
}

interface InstallFlags {
  readonly config?: string;
  readonly label?: string;
  readonly directory?: string;
  readonly restrictDir?: string;
  readonly logFile?: string;
  readonly listen?: string;
  readonly keepAlive?: boolean;
  readonly runAtLoad?: boolean;
  readonly throttle?: number;
  readonly syncInterval?: number;
  readonly printSystemd?: boolean;
}

const LABEL = 'org.shimfs.serve';

export function addLaunchdCommand(program: Command): void {
  const example = 'shimfs launchd install --directory ~/project --sync-interval 2';
  const launchd = program
    .command('launchd')
    .description('Keep the watcher service running under launchd (macOS).')
    .addHelpText('after', `\nExample:\n  ${example}`);
  const add = (name: string, description: string): Command =>
    launchd
      .command(name)
      .description(description)
      .option('--label <name>', `reverse domain name of the agent (default: ${LABEL})`)
      .addHelpText('after', `\nExample:\n  ${name === 'install' ? example : `shimfs launchd ${name}`}`);
  add('install', 'Write the property list, load it, and wait until the service runs.')
    .option(
      '--config <file>',
      'JSON object with these options, with underscores instead of hyphens; options of the command line take precedence',
    )
    .option('--directory <dir>', 'working directory (default: your home directory)')
    .option('--restrict-dir <dir>', 'watch only below this directory (default: the working directory)')
    .option('--log-file <file>', 'relative to the working directory (default: .shimfs/serve.log)')
    .option('--listen <host:port>', 'address to listen on (default: 127.0.0.1:7077)')
    .option('--keep-alive', 'start the service again when it ends (default)')
    .option('--no-keep-alive', 'do not start it again')
    .option('--run-at-load', 'start the service at login (default)')
    .option('--no-run-at-load', 'do not start it at login')
    .option('--throttle <seconds>', 'least time between two starts, 1 to 86400 (default: 10)', wholeNumber)
    .option(
      '--sync-interval <seconds>',
      'how long the service collects changes for watchers without an interval of their own, 1 to 60',
      wholeNumber,
    )
    .option('--print-systemd', 'only print an equivalent unit for `systemd --user`')
    .action(install);
  add('uninstall', 'Stop the service and remove its property list.').action(async ({ label }: Labelled) =>
    printLine((await (await agent(label)).uninstall()) ? 'uninstalled' : 'was not installed'),
  );
  add('status', 'Print whether the service is installed and running; exit status 1 if it is not running.')
    .option('--json', 'one JSON object')
    .action(async ({ label, json }: Labelled & { json?: boolean }) => {
      const status = await (await agent(label)).status();
      if (json) await printJson(status);
      else {
        const { installed, pid } = status;
        await printLine(pid ? `running, pid ${pid}` : installed ? 'stopped' : 'not installed');
      }
      if (status.pid === undefined) process.exitCode = 1;
    });
  add('start', 'Start the service, or restart it if it is running.').action(async ({ label }: Labelled) =>
    printLine(`running, pid ${await (await agent(label)).start()}`),
  );
  add('stop', 'Stop the service.').action(async ({ label }: Labelled) =>
    printLine((await (await agent(label)).stop()) ? 'stopped' : 'was already stopped'),
  );
}

async function install(flags: InstallFlags): Promise<void> {
  const { systemdUnit, validate } = await import('../launchd/config.ts');
  const { readConfigFile } = await import('../launchd/config-file.ts');
  const { parseListen } = await import('../service/listen.ts');
  const file = flags.config === undefined ? {} : readConfigFile(flags.config);
  const label = flags.label ?? file.label ?? LABEL;
  const directory = resolve(flags.directory ?? file.directory ?? homedir());
  const syncInterval = flags.syncInterval ?? file.sync_interval;
  const listen = flags.listen ?? file.listen ?? '127.0.0.1:7077';
  parseListen(listen);
  const config = validate({
    label,
    directory,
    restrictDir: resolve(flags.restrictDir ?? file.restrict_dir ?? directory),
    logFile: flags.logFile ?? file.log_file ?? '.shimfs/serve.log',
    keepAlive: flags.keepAlive ?? file.keep_alive ?? true,
    runAtLoad: flags.runAtLoad ?? file.run_at_load ?? true,
    throttleSeconds: flags.throttle ?? file.throttle ?? 10,
    ...(syncInterval !== undefined && { syncInterval }),
    program: [process.execPath, resolve(process.argv[1]!), 'serve', '--listen', listen],
  });
  if (flags.printSystemd) return print(systemdUnit(config));
  const changed = await (await agent(label)).install(config);
  await printLine(changed ? 'installed' : 'was already installed');
}

async function agent(label = LABEL): Promise<LaunchAgent> {
  if (process.platform !== 'darwin')
    throw new UserError(
      'launchd exists only on macOS',
      'Use systemd: shimfs launchd install --print-systemd > ~/.config/systemd/user/shimfs.service && systemctl --user enable --now shimfs',
    );
  const { LaunchAgent: Agent } = await import('../launchd/agent.ts');
  const { systemLaunchctl } = await import('../launchd/launchctl.ts');
  return new Agent(label, {
    launchctl: systemLaunchctl,
    uid: process.getuid!(),
    directory: join(homedir(), 'Library', 'LaunchAgents'),
    wait: async (ms) => void (await wait(ms)),
  });
}
