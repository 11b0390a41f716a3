/**
 * The embedded store: one SQLite file.
 *
 * Every append is a transaction in the write-ahead log, so a killed service loses no published event. Ids are reserved
 * in advance: after a kill the next run begins above all ids that were published but could not be written.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, existsSync, openSync, renameSync } from 'node:fs';
import Database from 'libsql';
import { type FileLock, tryLock } from '../../platform/file-lock.ts';
import { UserError } from '../../user-error.ts';
import type { Retained } from '../ring.ts';
import type { Store, StoredWatcher } from './store.ts';

/** More ids than a run uses; 2^53 ids are enough for two million runs. */
const RESERVED = 2 ** 32;

const SCHEMA = `
create table if not exists meta (key text primary key, value text not null) without rowid;
create table if not exists watchers (
  id text primary key, definition text not null, origin integer not null, dropped integer not null,
  cursor text
) without rowid;
create table if not exists events (
  watcher text not null, id integer not null, time integer not null, body text not null,
  primary key (watcher, id)
) without rowid;
`;

type Db = InstanceType<typeof Database>;

function openDatabase(file: string): Db {
  // Created here with its mode: SQLite would create it readable, until a chmod.
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const db = new Database(file);
  try {
    db.exec('pragma journal_mode = wal');
    db.exec('pragma synchronous = normal');
    const check = db.prepare('pragma quick_check').get() as { quick_check: string };
    if (check.quick_check !== 'ok')
      throw Object.assign(new Error(check.quick_check), { code: 'SQLITE_CORRUPT' });
    db.exec(SCHEMA);
    const columns = db.prepare('pragma table_info(watchers)').all() as { name: string }[];
    if (!columns.some(({ name }) => name === 'cursor'))
      db.exec('alter table watchers add column cursor text');
    db.prepare("insert or replace into meta values ('format', '1')").run();
    for (const { definition } of db.prepare('select definition from watchers').all() as {
      definition: string;
    }[])
      JSON.parse(definition);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** Whether the file itself is damaged, and not the disk, its permissions or a lock the cause. */
function isCorrupted(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return /CORRUPT|NOTADB/.test(code) || /malformed|not a database|no such column/i.test(message);
}

function renameDamaged(file: string, stamp: number): string {
  let renamed = `${file}.corrupted-${stamp}`;
  for (let n = 2; existsSync(renamed); n++) renamed = `${file}.corrupted-${stamp}-${n}`;
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(file + suffix)) renameSync(file + suffix, renamed + suffix);
  return renamed;
}

export class SqliteStore implements Store {
  readonly epoch: string;
  readonly startId: number;
  readonly notice: string | undefined;
  readonly #db: Db;
  readonly #lock: FileLock;

  /** @throws UserError if another service uses it, or it cannot be written */
  constructor(file: string, now: () => number = Date.now) {
    // SQLite's own lock outlives `close` until its statements are garbage-collected.
    const lock = hold(`${file}.lock`, file);
    let db: Db;
    let notice: string | undefined;
    try {
      db = openDatabase(file);
    } catch (error) {
      if (!isCorrupted(error)) {
        lock.release();
        throw cannotOpen(file, error);
      }
      const renamed = renameDamaged(file, Math.floor(now()));
      // The report of the check can list many pages.
      const why = (error as Error).message.replaceAll('\n', '; ').slice(0, 160);
      notice = `the store ${file} was corrupted (${why}); it was renamed to ${renamed}. It contained all watchers: create them again`;
      db = openDatabase(file);
    }
    this.#db = db;
    this.#lock = lock;
    this.notice = notice;
    this.epoch = this.#meta('epoch') ?? this.#setMeta('epoch', randomUUID());
    const last = this.#meta('last');
    this.startId = Number(last ?? this.#meta('reserved') ?? 0);
    this.#setMeta('reserved', String(this.startId + RESERVED));
    this.#db.prepare("delete from meta where key = 'last'").run();
  }

  #meta(key: string): string | undefined {
    const row = this.#db.prepare('select value from meta where key = ?').get(key);
    return (row as { value: string } | undefined)?.value;
  }

  #setMeta(key: string, value: string): string {
    this.#db.prepare('insert or replace into meta values (?, ?)').run(key, value);
    return value;
  }

  watchers(): readonly StoredWatcher[] {
    const rows = this.#db
      .prepare('select id, definition, origin, dropped, cursor from watchers order by id')
      .all();
    return (rows as (Omit<StoredWatcher, 'droppedThrough'> & { dropped: number })[]).map(
      ({ id, definition, origin, dropped, cursor }) => ({
        id,
        definition,
        origin,
        droppedThrough: dropped,
        cursor,
      }),
    );
  }

  events(watcher: string): readonly Retained[] {
    const rows = this.#db.prepare('select id, time, body from events where watcher = ? order by id');
    return (rows.all(watcher) as Retained[]).map(({ id, time, body }) => ({ id, time, body }));
  }

  #all(work: () => void): void {
    this.#db.exec('begin');
    try {
      work();
      this.#db.exec('commit');
    } catch (error) {
      try {
        this.#db.exec('rollback');
      } catch {
        // SQLite has rolled back by itself, as for a full disk: the first error is the cause to report.
      }
      throw error;
    }
  }

  putWatcher({ id, definition, origin, droppedThrough, cursor }: StoredWatcher): void {
    this.#db
      .prepare(
        'insert or replace into watchers (id, definition, origin, dropped, cursor) values (?, ?, ?, ?, ?)',
      )
      .run(id, definition, origin, droppedThrough, cursor);
  }

  deleteWatcher(id: string): void {
    this.#all(() => {
      this.#db.prepare('delete from events where watcher = ?').run(id);
      this.#db.prepare('delete from watchers where id = ?').run(id);
    });
  }

  #insert(watcher: string, events: readonly Retained[]): void {
    const insert = this.#db.prepare('insert into events values (?, ?, ?, ?)');
    for (const { id, time, body } of events) insert.run(watcher, id, time, body);
  }

  append({ id, droppedThrough, cursor }: StoredWatcher, events: readonly Retained[]): void {
    this.#all(() => {
      this.#insert(id, events);
      if (droppedThrough > 0)
        this.#db.prepare('delete from events where watcher = ? and id <= ?').run(id, droppedThrough);
      if (droppedThrough > 0 || cursor !== null)
        this.#db
          .prepare('update watchers set dropped = ?, cursor = ? where id = ?')
          .run(droppedThrough, cursor, id);
    });
  }

  rewrite(watcher: StoredWatcher, events: readonly Retained[]): void {
    this.#all(() => {
      this.putWatcher(watcher);
      this.#db.prepare('delete from events where watcher = ?').run(watcher.id);
      this.#insert(watcher.id, events);
    });
  }

  close(lastId: number): void {
    try {
      this.#setMeta('last', String(lastId));
    } finally {
      this.#db.close();
      this.#lock.release();
    }
  }
}

function hold(path: string, file: string): FileLock {
  let lock: FileLock | undefined;
  try {
    lock = tryLock(path);
  } catch (error) {
    throw cannotOpen(file, error);
  }
  if (lock) return lock;
  throw new UserError(
    `another service has the store ${file}`,
    'End that one, or give this one another file by --store.',
  );
}

function cannotOpen(file: string, error: unknown): UserError {
  return new UserError(
    `cannot open the store ${file}: ${(error as Error).message}`,
    'Look at its directory and the space there, or give another file by --store.',
  );
}
