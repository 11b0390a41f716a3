/** What the service is under launchd or systemd, validated, and the files that say it. */
import { posix } from 'node:path';
import { build } from 'plist';
import { checkSyncInterval } from '../service/sync-interval.ts';
import { UserError } from '../user-error.ts';

export interface LaunchdConfig {
  /** Reverse DNS, two parts at least. */
  readonly label: string;
  /** Where it works; its log lies below. */
  readonly directory: string;
  /** Nothing but what is below is watched. */
  readonly restrictDir: string;
  /** Relative to `directory`. */
  readonly logFile: string;
  readonly keepAlive: boolean;
  readonly runAtLoad: boolean;
  /** Seconds between two starts at least. */
  readonly throttleSeconds: number;
  /** Seconds that changes are collected for watchers that name no interval. Default: the service's own. */
  readonly syncInterval?: number;
  /** What is run, by absolute path; what the service is to do is added to it. */
  readonly program: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** @throws UserError naming the field */
export function validate(config: LaunchdConfig): LaunchdConfig {
  const { label, directory, restrictDir, logFile, throttleSeconds, syncInterval, program } = config;
  const bad = (what: string, remedy: string): never => {
    throw new UserError(what, remedy, 2);
  };
  if (label.length > 200 || !/^[A-Za-z0-9][\w-]*(\.[A-Za-z0-9][\w-]*)+$/.test(label))
    bad(`the label '${label}' is no reverse domain name`, 'Two parts at least, as in org.example.watcher.');
  if (!posix.isAbsolute(directory))
    bad(`the directory '${directory}' is not absolute`, 'Give its whole path.');
  if (!posix.isAbsolute(restrictDir))
    bad(`the directory to watch '${restrictDir}' is not absolute`, 'Give its whole path by --restrict-dir.');
  const inside = posix.normalize(logFile);
  if (logFile === '' || posix.isAbsolute(logFile) || /^\.\.?(\/|$)/.test(inside) || logFile.endsWith('/'))
    bad(
      `the log file '${logFile}' is not a relative path below the directory`,
      'As in logs/watcher.log: it lies below --directory.',
    );
  if (!Number.isInteger(throttleSeconds) || throttleSeconds < 1 || throttleSeconds > 86_400)
    bad(`'${throttleSeconds}' is no number of seconds between starts`, 'Between 1 and 86400.');
  if (syncInterval !== undefined) checkSyncInterval(syncInterval);
  if (!program[0] || !posix.isAbsolute(program[0]))
    bad('the program is not absolute', 'Give its whole path.');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what neither file can hold
  if ([label, directory, restrictDir, logFile, ...program].some((text) => /[\x00-\x1f]/.test(text)))
    bad('a value holds a control character', 'Leave it out.');
  return config;
}

/** The whole command. */
export const commandOf = ({ program, restrictDir, syncInterval }: LaunchdConfig): string[] => [
  ...program,
  ...['--allow', restrictDir],
  ...(syncInterval === undefined ? [] : ['--sync-interval', `${syncInterval}`]),
];

export function plistOf(config: LaunchdConfig): string {
  const log = posix.join(config.directory, config.logFile);
  return build({
    Label: config.label,
    LimitLoadToSessionType: 'Aqua',
    ProgramArguments: commandOf(config),
    WorkingDirectory: config.directory,
    EnvironmentVariables: { ...config.environment },
    RunAtLoad: config.runAtLoad,
    KeepAlive: config.keepAlive,
    ThrottleInterval: config.throttleSeconds,
    StandardOutPath: log,
    StandardErrorPath: log,
  });
}

/** As systemd reads words: quoted, with neither specifiers nor variables. */
const word = (text: string): string =>
  `"${text.replace(/[\\"]/g, '\\$&').replace(/%/g, '%%').replace(/\$/g, '$$$$')}"`;

/** The same for `systemd --user`. */
export function systemdUnit(config: LaunchdConfig): string {
  const plain = (path: string): string => path.replace(/%/g, '%%');
  const log = plain(posix.join(config.directory, config.logFile));
  return [
    '[Unit]',
    'Description=shimfs watcher service',
    '',
    '[Service]',
    `ExecStart=${commandOf(config).map(word).join(' ')}`,
    `WorkingDirectory=${plain(config.directory)}`,
    ...Object.entries(config.environment ?? {}).map(
      ([name, value]) => `Environment=${word(`${name}=${value}`).replace(/\$\$/g, '$')}`,
    ),
    `Restart=${config.keepAlive ? 'always' : 'no'}`,
    `RestartSec=${config.throttleSeconds}`,
    `StandardOutput=append:${log}`,
    `StandardError=append:${log}`,
    '',
    ...(config.runAtLoad ? ['[Install]', 'WantedBy=default.target', ''] : []),
  ].join('\n');
}
