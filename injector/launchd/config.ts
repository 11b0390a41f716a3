/** Configuration of the service under launchd or systemd: validation, property list and unit. */
import { posix } from 'node:path';
import { build } from 'plist';
import { checkSyncInterval } from '../service/sync-interval.ts';
import { UserError } from '../user-error.ts';

export interface LaunchdConfig {
  /** Reverse domain name of at least two parts. */
  readonly label: string;
  /** Working directory, which contains the log. */
  readonly directory: string;
  /** Only paths below it may be watched. */
  readonly restrictDir: string;
  /** Relative to `directory`. */
  readonly logFile: string;
  readonly keepAlive: boolean;
  readonly runAtLoad: boolean;
  /** Least time between two starts, seconds. */
  readonly throttleSeconds: number;
  /** Seconds that the service collects changes for watchers without an interval. Default: the service's. */
  readonly syncInterval?: number;
  /** Program by its absolute path, and its arguments; `commandOf` appends the service's options. */
  readonly program: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: neither file can contain them
const CONTROL = /[\x00-\x1f]/;

/** @throws UserError naming the field */
export function validate(config: LaunchdConfig): LaunchdConfig {
  const { label, directory, restrictDir, logFile, throttleSeconds, syncInterval, program } = config;
  const bad = (message: string, remedy: string): never => {
    throw new UserError(message, remedy, 2);
  };
  if (label.length > 200 || !/^[A-Za-z0-9][\w-]*(\.[A-Za-z0-9][\w-]*)+$/.test(label))
    bad(
      `the label '${label}' is not a reverse domain name`,
      'Give at least two parts, such as --label org.example.watcher.',
    );
  if (!posix.isAbsolute(directory))
    bad(`the directory '${directory}' is not absolute`, 'Give an absolute path by --directory.');
  if (!posix.isAbsolute(restrictDir))
    bad(
      `the directory to watch '${restrictDir}' is not absolute`,
      'Give an absolute path by --restrict-dir.',
    );
  const inside = posix.normalize(logFile);
  if (logFile === '' || posix.isAbsolute(logFile) || /^\.\.?(\/|$)/.test(inside) || logFile.endsWith('/'))
    bad(
      `the log file '${logFile}' is not a relative path below the directory`,
      'Give a path such as --log-file logs/watcher.log, which is below --directory.',
    );
  if (!Number.isInteger(throttleSeconds) || throttleSeconds < 1 || throttleSeconds > 86_400)
    bad(
      `'${throttleSeconds}' is not a number of seconds between two starts`,
      'Give 1 to 86400 by --throttle.',
    );
  if (syncInterval !== undefined) checkSyncInterval(syncInterval);
  if (!program[0] || !posix.isAbsolute(program[0]))
    bad(`the path of the program '${program[0]}' is not absolute`, 'Give its absolute path.');
  for (const text of [label, directory, restrictDir, logFile, ...program])
    if (CONTROL.test(text))
      bad(`${JSON.stringify(text)} contains a control character`, 'Choose a name without it.');
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

/** Quotes a word for systemd, and escapes its specifiers and variables. */
const word = (text: string): string =>
  `"${text.replace(/[\\"]/g, '\\$&').replace(/%/g, '%%').replace(/\$/g, '$$$$')}"`;

/** The unit for `systemd --user`. */
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
