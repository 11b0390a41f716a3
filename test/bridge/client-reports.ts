/**
 * The reports that well-known users of file events make of the same changes, as a script for each client in
 * fixtures/clients: `CHANGE => REPORT; REPORT`, in order and without further reports.
 *
 * Changes: create, append, chmod, touch, unlink, mkdir, rmdir (paths below the root, `.` for the root itself), rename and
 * symlink (two paths), `leave PATH` (renamed out of the root) and `enter PATH` (back into it). `> TEXT` is a command to the
 * client, in which $R is its root. A report that begins with ~ is a regular expression.
 */
export interface Client {
  readonly name: string;
  /** Program of fixtures/clients. */
  readonly program: string;
  /** A directory beside the root. $R stands for the root. */
  readonly args?: readonly string[];
  readonly script: string;
  /** Reason why it runs on a virtual tree only. */
  readonly virtualOnly?: string;
}

export const CLIENTS: readonly Client[] = [
  {
    name: 'libuv, by dlsym: one stream, rebuilt when a directory is added',
    program: 'libuv',
    script: `
      create a => rename a
      append a => change a
      chmod a => change a
      touch a => change a
      rename a b => rename a; rename b
      mkdir d => rename d
      rename b d/b => rename b; rename d/b
      > watch $R/d => watching
      append d/b => change d/b; change b
      symlink d s => rename s
      unlink d/b => rename d/b; rename b
      rmdir d => rename d
      unlink s => rename s`,
  },
  {
    name: 'fsevents of npm: CF strings, the first kind that fits, the root watched',
    program: 'fsevents_npm',
    script: `
      create a => created file a
      append a => modified file a
      chmod a => unknown file a access
      touch a => unknown file a inode
      rename a b => moved file a; moved file b
      mkdir d => created directory d
      rename b d/b => moved file b; moved file d/b
      symlink d s => created symlink s
      unlink d/b => deleted file d/b
      rmdir d => deleted directory d
      unlink s => deleted symlink s
      leave . => moved directory .; root-changed unknown .`,
  },
  {
    name: '@parcel/watcher: the current state decides after several changes',
    program: 'parcel',
    args: ['-x', 'ignored'],
    script: `
      create a => create a
      append a => update a
      chmod a => update a
      touch a => update a
      rename a b => delete a; create b
      mkdir d => create d
      rename b d/b => delete b; create d/b
      mkdir ignored => ~create ignored
      create ignored/x
      append ignored/x
      symlink d s => create s
      unlink d/b => delete d/b
      rmdir d => delete d
      unlink s => delete s
      end => ~id \\d+`,
  },
  {
    name: 'watchdog: dictionaries, halves of a rename paired by inode, flushed from another thread',
    program: 'watchdog',
    script: `
      create a => created file a
      append a => modified file a
      chmod a => metadata file a
      touch a => metadata file a
      rename a b => moved file a b
      > flush => flushed
      mkdir d => created directory d
      rename b d/b => moved file b d/b
      symlink d s => created file s
      leave d/b => deleted file d/b
      enter d/c => created file d/c
      unlink d/c => deleted file d/c
      rmdir d => deleted directory d
      unlink s => deleted file s
      > flush => flushed`,
  },
  {
    name: 'fsnotify/fsevents: every flag, on a serial queue',
    program: 'fsnotify_fsevents',
    script: `
      > about => ~about history=(yes|no)
      create a => Created|IsFile a
      append a => Modified|IsFile a
      chmod a => ChangeOwner|IsFile a
      touch a => InodeMetaMod|IsFile a
      rename a b => Renamed|IsFile a; Renamed|IsFile b
      mkdir d => Created|IsDir d
      rename b d/b => Renamed|IsFile b; Renamed|IsFile d/b
      > flush => flushed
      symlink d s => Created|IsSymlink s
      unlink d/b => Removed|IsFile d/b
      rmdir d => Removed|IsDir d
      unlink s => Removed|IsSymlink s
      > about => ~about history=(yes|no)`,
  },
  {
    name: 'fsnotify/fsevents, relative to the device',
    program: 'fsnotify_fsevents',
    args: ['-d'],
    script: `
      > about => ~about history=(yes|no)
      create a => Created|IsFile a
      rename a b => Renamed|IsFile a; Renamed|IsFile b
      unlink b => Removed|IsFile b`,
  },
  {
    name: 'rjeczalik/notify: from an id taken before any stream, no events until HistoryDone',
    program: 'rjeczalik',
    script: `
      create a => create a
      append a => write a
      chmod a => meta a
      rename a b => rename a; rename b
      mkdir d => create d
      rename b d/b => rename b; rename d/b
      symlink d s => create s
      unlink d/b => remove d/b
      create d/b => create d/b
      unlink d/b => remove d/b
      rmdir d => remove d
      unlink s => remove s`,
  },
  {
    name: 'notify for Rust: a thread and a stream for each configuration, freed by release',
    program: 'notify_rs',
    script: `
      create a => create file a
      append a => data file a
      chmod a => meta file a
      touch a => meta file a
      rename a b => rename file a; rename file b
      mkdir d => create directory d
      > watch $R/d => watching
      rename b d/b => rename file b; rename file d/b
      symlink d s => create symlink s
      unlink d/b => remove file d/b
      rmdir d => remove directory d
      unlink s => remove symlink s`,
  },
  {
    name: 'watchman: a stream replaced inside its predecessor’s callback, from the last good id',
    program: 'watchman',
    args: ['-x', 'ignored'],
    script: `
      create a => changed a
      append a => changed a
      chmod a => changed a
      rename a b => changed a recursive; changed b recursive
      > flush => flushed
      mkdir ignored => ~changed ignored
      create ignored/x
      mkdir d => changed d
      rename b d/b => changed b recursive; changed d/b recursive
      unlink d/b => changed d/b
      rmdir d => changed d
      > flush => flushed
      leave . => changed . recursive; cancelled`,
  },
  {
    name: 'watchman, resumed after a loss',
    program: 'watchman',
    script: `
      create a => changed a
      > resync => resync asked
      create b => resynced; changed b
      create c => changed c
      unlink c => changed c`,
  },
  {
    name: 'watchman without file events: the directories in which something changed',
    program: 'watchman',
    args: ['-D'],
    script: `
      create a => changed .
      append a => changed .
      mkdir d => changed .
      rename a d/a => changed .; changed d
      chmod d/a => changed d
      unlink d/a => changed d
      rmdir d => changed .`,
  },
  {
    name: 'git fsmonitor--daemon: a cookie proves that all earlier events have arrived',
    program: 'git_fsmonitor',
    script: `
      create a => path a
      append a => path a
      > sync => synced
      rename a b => path a; path b
      mkdir d => path d/
      rename b d/b => path b; path d/b
      create .git/index
      unlink .git/index
      > sync => synced
      symlink d s => path s
      unlink d/b => path d/b
      rmdir d => path d/
      unlink s => path s
      rmdir .git => shutdown .git`,
  },
  {
    name: 'git fsmonitor--daemon ends when its root is removed',
    program: 'git_fsmonitor',
    script: `
      create a => path a
      leave . => shutdown root`,
  },
  {
    name: 'JetBrains: directories only, without a context, never torn down',
    program: 'jetbrains',
    script: `
      create a => DIRTY .
      append a => DIRTY .
      mkdir d => DIRTY .
      rename a d/a => DIRTY .; DIRTY d/
      chmod d/a => DIRTY d/
      unlink d/a => DIRTY d/
      rmdir d => DIRTY .`,
  },
  {
    name: 'fswatch: dictionaries, all bits of an item',
    program: 'fswatch',
    args: ['0.05'],
    script: `
      create a => a Created|IsFile
      append a => a Modified|IsFile
      chmod a => a ChangeOwner|IsFile
      touch a => a InodeMetaMod|IsFile
      rename a b => a Renamed|IsFile; b Renamed|IsFile
      mkdir d => d Created|IsDir
      rename b d/b => b Renamed|IsFile; d/b Renamed|IsFile
      symlink d s => s Created|IsSymlink
      unlink d/b => d/b Removed|IsFile
      rmdir d => d Removed|IsDir
      unlink s => s Removed|IsSymlink`,
  },
  {
    name: 'cardinal: from an id of its own, closures freed by release, streams stopped that never started',
    program: 'cardinal',
    args: ['0.02'],
    script: `
      create a => Created|IsFile a
      append a => Modified|IsFile a
      rename a b => Renamed|IsFile a; Renamed|IsFile b
      mkdir d => Created|IsDir d
      rename b d/b => Renamed|IsFile b; Renamed|IsFile d/b
      unlink d/b => Removed|IsFile d/b
      rmdir d => Removed|IsDir d
      end => ~id \\d+`,
  },
  {
    name: '.NET: a slash behind the root, renames paired by following ids, stopped twice',
    program: 'dotnet',
    script: `
      create a => Created a
      append a => Changed a
      chmod a => Changed a
      touch a => Changed a
      rename a b => Renamed a b
      mkdir d => Created d
      rename b d/b => Renamed b d/b
      chmod .
      symlink d s => Created s
      leave d/b => Deleted d/b
      enter d/c => Created d/c
      unlink d/c => Deleted d/c
      rmdir d => Deleted d
      unlink s => Deleted s
      leave . => Error`,
  },
  {
    name: 'efsw: nothing without an inode, moves paired by following ids, the queue drained at the end',
    program: 'efsw',
    script: `
      create a => Add a
      append a => Modified a
      chmod a => Modified a
      touch a => Modified a
      rename a b => Moved a b
      mkdir d => Add d
      rename b d/b => Moved b d/b
      symlink d s => Add s
      leave d/b => Delete d/b
      enter d/c => Add d/c
      unlink d/c => Delete d/c
      rmdir d => Delete d
      unlink s => Delete s`,
  },
  {
    name: 'zig build: a stream for each wait, an allocator of its own, garbage in the context’s version',
    program: 'zig_build',
    script: `
      create a => dirty a; waiting
      append a => dirty a; waiting
      rename a b => dirty a; dirty b; waiting
      mkdir d => dirty d; waiting
      rename b d/b => dirty b; dirty d/b; waiting
      unlink d/b => dirty d/b; waiting
      rmdir d => dirty d; waiting`,
  },
];
