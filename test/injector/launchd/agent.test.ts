import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'plist';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LaunchAgent } from '../../../injector/launchd/agent.ts';
import { type LaunchdConfig, plistOf, systemdUnit, validate } from '../../../injector/launchd/config.ts';
import { readConfigFile } from '../../../injector/launchd/config-file.ts';
import type { LaunchctlAnswer } from '../../../injector/launchd/launchctl.ts';

const LABEL = 'org.example.watcher';
const TARGET = `gui/501/${LABEL}`;
const answer = (status: number, stderr = '', stdout = ''): LaunchctlAnswer => ({ status, stderr, stdout });
const ABSENT = answer(113, `Bad request.\nCould not find service "${LABEL}" in domain for user gui: 501\n`);
const OK = answer(0);
const running = (pid: number) =>
  answer(
    0,
    '',
    `${TARGET} = {\n\tactive count = 1\n\tstate = running\n\n\truns = 1\n\tpid = ${pid}\n\tlast exit code = (never exited)\n}\n`,
  );
const DEAD = answer(
  0,
  '',
  `${TARGET} = {\n\tactive count = 0\n\tstate = not running\n\n\truns = 3\n\tlast exit code = 78\n}\n`,
);

type Step = readonly [command: string, answer: LaunchctlAnswer];
const suiteOf = suite<{ dir: string }>('launchd');
suiteOf.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'shimfs-launchd-'));
});
suiteOf.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

/** Answers in the order of the script; anything else asked is a failure. */
function scripted(dir: string, steps: readonly Step[]) {
  const left = [...steps];
  const agent = new LaunchAgent(LABEL, {
    uid: 501,
    directory: join(dir, 'LaunchAgents'),
    wait: async () => {},
    launchctl: {
      async run(...args) {
        const [command, reply] = left.shift() ?? ['nothing', OK];
        assert.is(args.join(' '), command.replace('PLIST', agent.plist));
        return reply;
      },
    },
  });
  return { agent, left };
}

const config = (dir: string, more: Partial<LaunchdConfig> = {}): LaunchdConfig => ({
  label: LABEL,
  directory: join(dir, 'work'),
  restrictDir: join(dir, 'work/watched'),
  logFile: 'logs/serve.log',
  keepAlive: true,
  runAtLoad: true,
  throttleSeconds: 10,
  program: ['/usr/bin/node', '/opt/a & <b>/main.js', 'serve'],
  ...more,
});

const PRINT = `print ${TARGET}`;
const BOOTSTRAP = 'bootstrap gui/501 PLIST';
const BOOTOUT = `bootout ${TARGET}`;
const KICKSTART = `kickstart -k ${TARGET}`;

suiteOf('install, again, and with another configuration', async ({ dir }) => {
  const first = scripted(dir, [
    [PRINT, ABSENT],
    [BOOTSTRAP, OK],
    [PRINT, DEAD],
    [PRINT, running(7)],
    [PRINT, running(7)],
  ]);
  assert.is(await first.agent.install(config(dir)), true);
  assert.equal(first.left, []);
  assert.equal(parse(readFileSync(first.agent.plist, 'utf8')), parse(plistOf(config(dir))));
  assert.ok(existsSync(join(dir, 'work', 'logs')));
  const again = scripted(dir, [[PRINT, running(7)]]);
  assert.is(await again.agent.install(config(dir)), false);
  const other = scripted(dir, [
    [PRINT, running(7)],
    [BOOTOUT, answer(36, 'Boot-out failed: 36: Operation now in progress\n')],
    [PRINT, running(7)],
    [PRINT, ABSENT],
    [BOOTSTRAP, OK],
    [PRINT, running(8)],
    [PRINT, running(8)],
  ]);
  assert.is(await other.agent.install(config(dir, { throttleSeconds: 20 })), true);
  assert.equal(other.left, []);
  const gone = scripted(dir, [
    [PRINT, running(8)],
    [BOOTOUT, OK],
    [PRINT, ABSENT],
  ]);
  assert.is(await gone.agent.uninstall(), true);
  assert.not.ok(existsSync(gone.agent.plist));
  assert.is(await scripted(dir, [[PRINT, ABSENT]]).agent.uninstall(), false);
});

suiteOf('start and stop, each twice', async ({ dir }) => {
  const { agent } = scripted(dir, [[PRINT, ABSENT]]);
  try {
    await agent.start();
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /not installed/);
  }
  await scripted(dir, [
    [PRINT, ABSENT],
    [BOOTSTRAP, OK],
    [PRINT, running(7)],
    [PRINT, running(7)],
  ]).agent.install(config(dir));
  const started = scripted(dir, [
    [PRINT, ABSENT],
    [BOOTSTRAP, answer(5, 'Bootstrap failed: 5: Input/output error\n')],
    [PRINT, DEAD],
    [KICKSTART, OK],
    [PRINT, running(9)],
    [PRINT, running(9)],
  ]);
  assert.is(await started.agent.start(), 9);
  const stop = scripted(dir, [
    [BOOTOUT, OK],
    [PRINT, ABSENT],
  ]);
  assert.is(await stop.agent.stop(), true);
  const stopped = scripted(dir, [[BOOTOUT, answer(3, 'Boot-out failed: 3: No such process\n')]]);
  assert.is(await stopped.agent.stop(), false);
});

suiteOf('a service that dies at once, and a user without a session, are reported', async ({ dir }) => {
  const dies = scripted(dir, [
    [PRINT, ABSENT],
    [BOOTSTRAP, OK],
    ...Array.from({ length: 50 }, (): Step => [PRINT, DEAD]),
  ]);
  const noSession = scripted(dir, [
    [PRINT, ABSENT],
    [BOOTSTRAP, answer(125, 'Bootstrap failed: 125: Domain does not support specified action\n')],
    [PRINT, ABSENT],
  ]);
  for (const [{ agent }, message] of [
    [dies, /does not keep running.*78/],
    [noSession, /bootstrap failed \(status 125\)/],
  ] as const) {
    let said = '';
    await agent.install(config(dir)).catch((error: Error) => {
      said = error.message;
    });
    assert.match(said, message);
  }
});

suiteOf('invalid configurations', ({ dir }) => {
  const bad: Partial<LaunchdConfig>[] = [
    { label: 'watcher' },
    { label: 'org..x' },
    { label: '../x.y' },
    { label: 'org.a b' },
    { logFile: '/var/log/x' },
    { logFile: '../x' },
    { logFile: 'a/../../x' },
    { logFile: '' },
    { directory: 'work' },
    { restrictDir: 'watched' },
    { restrictDir: '/a\nb' },
    { syncInterval: 0 },
    { syncInterval: 61 },
    { syncInterval: 1.5 },
    { syncInterval: Number.NaN },
    { throttleSeconds: 0 },
    { throttleSeconds: 1.5 },
    { program: ['node'] },
    { program: ['/bin/a', 'b\nc'] },
  ];
  for (const more of bad) assert.throws(() => validate(config(dir, more)), undefined, JSON.stringify(more));
  validate(config(dir));
});

suiteOf('values are quoted in both files', () => {
  const one = config('/w', { program: ['/bin/a b', '50%', '$HOME', '"x"'] });
  const parsed = parse(plistOf(one)) as Record<string, unknown>;
  assert.equal(parsed.ProgramArguments, [...one.program, '--allow', '/w/work/watched']);
  assert.is(parsed.StandardOutPath, '/w/work/logs/serve.log');
  assert.match(
    systemdUnit(one),
    'ExecStart="/bin/a b" "50%%" "$$HOME" "\\"x\\"" "--allow" "/w/work/watched"\n',
  );
  assert.match(systemdUnit(one), 'Restart=always\nRestartSec=10\n');
});

suiteOf('each named value is in the property list', () => {
  const more = { keepAlive: false, runAtLoad: false, throttleSeconds: 7, syncInterval: 3, restrictDir: '/r' };
  const parsed = parse(plistOf(config('/w', more))) as Record<string, unknown>;
  assert.is(parsed.Label, LABEL);
  assert.is(parsed.WorkingDirectory, '/w/work');
  assert.is(parsed.StandardErrorPath, '/w/work/logs/serve.log');
  assert.is(parsed.KeepAlive, false);
  assert.is(parsed.RunAtLoad, false);
  assert.is(parsed.ThrottleInterval, 7);
  const command = (parsed.ProgramArguments as string[]).slice(config('/w').program.length);
  assert.equal(command, ['--allow', '/r', '--sync-interval', '3']);
});

/** Runs the command line with `args`. */
function install(...args: string[]) {
  const cli = ['--import', 'tsx', 'injector/cli/main.ts', 'launchd', 'install', '--print-systemd'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...cli, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

suiteOf('a configuration file, and options that go before it', ({ dir }) => {
  const file = join(dir, 'agent.json');
  const save = (what: unknown): void => writeFileSync(file, JSON.stringify(what));
  save({
    label: LABEL,
    directory: '/w',
    restrict_dir: '/w/watched',
    log_file: 'a.log',
    listen: '[::1]:7000',
    keep_alive: false,
    run_at_load: false,
    throttle: 20,
    sync_interval: 5,
  });
  const plain = install('--config', file);
  assert.is(plain.status, 0, plain.stderr);
  for (const part of [
    '"--listen" "[::1]:7000" "--allow" "/w/watched" "--sync-interval" "5"\n',
    'WorkingDirectory=/w\n',
    'Restart=no\nRestartSec=20\n',
    'StandardOutput=append:/w/a.log\n',
  ])
    assert.ok(plain.stdout.includes(part), plain.stdout);
  assert.not.match(plain.stdout, /WantedBy/);
  const over = install('--config', file, '--sync-interval', '9', '--restrict-dir', '/o', '--keep-alive');
  assert.ok(over.stdout.includes('"--allow" "/o" "--sync-interval" "9"\n'), over.stdout);
  assert.match(over.stdout, 'Restart=always\n');
  save({ sync_interval: 0 });
  const refused = install('--config', file);
  assert.is(refused.status, 2, refused.stderr);
  assert.match(refused.stderr, /'0' is not a sync interval/);
  for (const [what, why] of [
    [{ sync_interval: '5' }, /sync_interval/],
    [{ keep_alive: 1 }, /keep_alive/],
    [{ keepalive: true }, /keepalive/],
    [[], /configuration .* is invalid/],
  ] as const) {
    save(what);
    assert.throws(() => readConfigFile(file), why, JSON.stringify(what));
  }
  assert.throws(() => readConfigFile(join(dir, 'none')), /cannot read/);
});

suiteOf.run();
