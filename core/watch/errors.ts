/** Errors of watchers. */

/** `cause` is the error of the system or the backend. */
export class WatcherError extends Error {
  /** Operation that failed, such as `watch`. */
  readonly op: string;
  /** Path that it was given. */
  readonly path: string;
  constructor(op: string, path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${op} '${path}': ${why}`, { cause });
    this.name = 'WatcherError';
    this.op = op;
    this.path = path;
  }

  /** POSIX code, if the cause has one. */
  get code(): string | undefined {
    return (this.cause as { code?: string } | undefined)?.code;
  }
}

/** The watcher was stopped before the call, which therefore cannot succeed. */
export class ErrWatcherStopped extends Error {
  constructor() {
    super('the watcher is stopped');
    this.name = 'ErrWatcherStopped';
  }
}
