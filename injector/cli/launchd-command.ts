/** `shimfs launchd`: the watcher service as a launch agent; elsewhere, what to use instead. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { LaunchAgent } from '../launchd/agent.ts';
import { UserError } from '../user-error.ts';
import { wholeNumber } from './options.ts';
import { print, printJson, printLine } from './output.ts';

interface InstallFlags {
  readonly label: string;
  readonly directory: string;
  readonly log: string;
  readonly listen: string;
  readonly keepAlive: boolean;
  readonly runAtLoad: boolean;
  readonly throttle: number;
  readonly printSystemd?: boolean;
}

const LABEL = 'org.shimfs.serve';

export function addLaunchdCommand(program: Command): void {
  const example = 'shimfs launchd install --directory ~/project';
  const launchd = program
    .command('launchd')
    .description('Keep the watcher service running under launchd (macOS).')
    .addHelpText('after', `\nExample:\n  ${example}`);
  const add = (name: string, description: string): Command =>
    launchd
      .command(name)
      .description(description)
      .option('--label <name>', 'reverse domain name of the agent', LABEL)
      .addHelpText('after', `\nExample:\n  ${name === 'install' ? example : `shimfs launchd ${name}`}`);
  add('install', 'Write its property list, load it, and see it run.')
    .option('--directory <dir>', 'where it works; nothing else is watched', homedir())
    .option('--log <file>', 'below the directory', '.shimfs/serve.log')
    .option('--listen <host:port>', 'where it listens', '127.0.0.1:7077')
    .option('--no-keep-alive', 'do not start it again when it ends')
    .option('--no-run-at-load', 'do not start it at login')
    .option('--throttle <seconds>', 'seconds between two starts at least', wholeNumber, 10)
    .option('--print-systemd', 'only print a unit for `systemd --user` that does the same')
    .action(install);
  add('uninstall', 'Stop it and remove its property list.').action(async ({ label }: { label: string }) =>
    printLine((await (await agent(label)).uninstall()) ? 'uninstalled' : 'was not installed'),
  );
  add('status', 'Say whether it is installed and runs; exit status 1 if not.')
    .option('--json', 'one JSON object')
    .action(async ({ label, json }: { label: string; json?: boolean }) => {
      const status = await (await agent(label)).status();
      if (json) await printJson(status);
      else {
        const { installed, pid } = status;
        await printLine(pid ? `running, pid ${pid}` : installed ? 'stopped' : 'not installed');
      }
      if (status.pid === undefined) process.exitCode = 1;
    });
  add('start', 'Start it, anew if it runs.').action(async ({ label }: { label: string }) =>
    printLine(`running, pid ${await (await agent(label)).start()}`),
  );
  add('stop', 'Stop it.').action(async ({ label }: { label: string }) =>
    printLine((await (await agent(label)).stop()) ? 'stopped' : 'was stopped already'),
  );
}

async function install(flags: InstallFlags): Promise<void> {
  const { label, listen, keepAlive, runAtLoad, throttle, log } = flags;
  const directory = resolve(flags.directory);
  const { systemdUnit, validate } = await import('../launchd/config.ts');
  const config = validate({
    label,
    directory,
    logFile: log,
    keepAlive,
    runAtLoad,
    throttleSeconds: throttle,
    program: [process.execPath, resolve(process.argv[1]!), 'serve', '--listen', listen, '--allow', directory],
  });
  if (flags.printSystemd) return print(systemdUnit(config));
  const changed = await (await agent(label)).install(config);
  await printLine(changed ? 'installed' : 'was installed already');
}

async function agent(label: string): Promise<LaunchAgent> {
  if (process.platform !== 'darwin')
    throw new UserError(
      'launchd is only on macOS',
      'Here: shimfs launchd install --print-systemd > ~/.config/systemd/user/shimfs.service && systemctl --user enable --now shimfs',
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
