/**
 * The system calls that the gate answers: one row for each, for Linux and for macOS.
 *
 * A row says where the call's paths are and whether a symbolic link at their end is followed, which is all that the
 * dispatcher needs (agent/gate/dispatcher.c), and the handler's call. In a handler, A1 to A6 are the arguments as
 * numbers, P1 to P6 as texts, B1 to B6 as addresses; `nr` and `a` are the call itself.
 */

/** Whether a symbolic link at the end of the first path is followed. */
export type Follow =
  | 'always'
  | 'never'
  /** By a flag in argument `flags`: followed unless AT_SYMLINK_NOFOLLOW, unless IN_DONT_FOLLOW, or with AT_SYMLINK_FOLLOW. */
  | 'unless-at'
  | 'unless-in'
  | 'if-at'
  /** By the O_ flags in argument `flags`, or in the struct open_how that it points at. */
  | 'open'
  | 'open-how';

/** How the kernel is asked for the same without following: it fails, or fills in a symbolic link's attributes. */
export type Unfollowed = 'none' | 'open' | 'lstat' | 'fstatat' | 'statx';

export interface CallRow {
  readonly name: string;
  /** Argument numbers, 1 to 6. Without `dir` a path is relative to the working directory. */
  readonly dir?: number;
  readonly path?: number;
  readonly dir2?: number;
  readonly path2?: number;
  readonly follow?: Follow;
  readonly flags?: number;
  readonly unfollowed?: Unfollowed;
  /** Only where there are overlays: a real file that is read in place may have been copied up. */
  readonly overlays?: true;
  /** The handler answers only for a virtual descriptor in this argument. */
  readonly fd?: number;
  /** It changes the working directory. */
  readonly chdir?: true;
  readonly handler: string;
}

export interface LinuxRow extends CallRow {
  /** Machines of the generic numbering (arm64) do not have it. */
  readonly legacy?: true;
}

/** Of macOS: functions of libSystem, interposed by name. */
export interface DarwinRow extends CallRow {
  readonly result: string;
  /** C types of the parameters. */
  readonly parameters: readonly string[];
  /** The C name of the function to call, where it is not `name`: several symbols have no name in C. */
  readonly native?: string;
  /** Its replacement is written by hand: it has variadic arguments. */
  readonly variadic?: true;
}

const row =
  (at: Partial<LinuxRow>) =>
  (name: string, handler: string, more: Partial<LinuxRow> = {}): LinuxRow => ({
    name,
    ...at,
    ...more,
    handler,
  });
/** A path is the first argument; the second, relative to the descriptor in the first; or a descriptor is; or there is neither. */
const path = row({ path: 1 });
const at = row({ dir: 1, path: 2 });
const fd = row({ fd: 1 });
const other = row({});
const OLD = { legacy: true } as const;
const NEVER = { follow: 'never' } as const;
const READ = { overlays: true } as const;

/** Numbers and arguments: the man pages of section 2. */
export const LINUX_CALLS: readonly LinuxRow[] = [
  path('open', 'on_open(AT_FDCWD, P1, A2, A3)', { ...OLD, follow: 'open', flags: 2, unfollowed: 'open' }),
  path('creat', 'on_open(AT_FDCWD, P1, O_CREAT | O_WRONLY | O_TRUNC, A2)', OLD),
  path('stat', 'on_stat(AT_FDCWD, P1, 0, B2)', { ...OLD, unfollowed: 'lstat' }),
  path('lstat', 'on_stat(AT_FDCWD, P1, AT_SYMLINK_NOFOLLOW, B2)', { ...OLD, ...NEVER }),
  path('access', 'on_access(AT_FDCWD, P1, A2, 0)', OLD),
  path('mkdir', 'on_path_op(OP_MKDIR, AT_FDCWD, P1, 0, A2, 0, 0)', { ...OLD, ...NEVER }),
  path('rmdir', 'on_path_op(OP_UNLINK, AT_FDCWD, P1, AT_REMOVEDIR, 0, 0, 0)', { ...OLD, ...NEVER }),
  path('unlink', 'on_path_op(OP_UNLINK, AT_FDCWD, P1, 0, 0, 0, 0)', { ...OLD, ...NEVER }),
  path('readlink', 'on_readlink(AT_FDCWD, P1, B2, A3)', { ...OLD, ...NEVER }),
  path('chmod', 'on_path_op(OP_CHMOD, AT_FDCWD, P1, 0, A2, 0, 0)', OLD),
  path('chown', 'on_path_op(OP_CHOWN, AT_FDCWD, P1, 0, 0, (uint32_t)A2, (uint32_t)A3)', OLD),
  path('lchown', 'on_path_op(OP_CHOWN, AT_FDCWD, P1, AT_SYMLINK_NOFOLLOW, 0, (uint32_t)A2, (uint32_t)A3)', {
    ...OLD,
    ...NEVER,
  }),
  path('mknod', 'on_path_op(OP_MKNOD, AT_FDCWD, P1, 0, A2, A3, 0)', { ...OLD, ...NEVER }),
  path('utime', 'set_seconds(P1, B2)', OLD),
  path('utimes', 'set_times(AT_FDCWD, P1, B2, true, 0)', OLD),
  at('futimesat', 'set_times(A1, P2, B3, true, 0)', OLD),
  other('dup2', 'duplicate_onto(nr, a)', OLD),
  other('rename', 'on_rename(AT_FDCWD, P1, AT_FDCWD, P2, 0)', { ...OLD, path: 1, path2: 2, ...NEVER }),
  other('link', 'on_link(AT_FDCWD, P1, AT_FDCWD, P2, 0)', { ...OLD, path: 1, path2: 2, ...NEVER }),
  other('symlink', 'on_symlink(P1, AT_FDCWD, P2)', { ...OLD, path: 2, ...NEVER }),

  at('openat', 'on_open(A1, P2, A3, A4)', { follow: 'open', flags: 3, unfollowed: 'open' }),
  at('openat2', 'on_openat2(A1, P2, B3, A4)', { follow: 'open-how', flags: 3 }),
  at('newfstatat', 'on_stat(A1, P2, A4, B3)', { follow: 'unless-at', flags: 4, unfollowed: 'fstatat' }),
  at('statx', 'on_statx(A1, P2, A3, A4, B5)', { follow: 'unless-at', flags: 3, unfollowed: 'statx' }),
  at('faccessat', 'on_access(A1, P2, A3, 0)'),
  at('faccessat2', 'on_access(A1, P2, A3, A4)', { follow: 'unless-at', flags: 4 }),
  at('mkdirat', 'on_path_op(OP_MKDIR, A1, P2, 0, A3, 0, 0)', NEVER),
  at(
    'unlinkat',
    'A3 & ~(long)AT_REMOVEDIR ? NOT_OURS : on_path_op(OP_UNLINK, A1, P2, (uint32_t)A3, 0, 0, 0)',
    NEVER,
  ),
  at('readlinkat', 'on_readlink(A1, P2, B3, A4)', NEVER),
  at('fchmodat', 'on_path_op(OP_CHMOD, A1, P2, 0, A3, 0, 0)'),
  at('fchmodat2', 'on_path_op(OP_CHMOD, A1, P2, A4, A3, 0, 0)', { follow: 'unless-at', flags: 4 }),
  at('fchownat', 'on_path_op(OP_CHOWN, A1, P2, A5, 0, (uint32_t)A3, (uint32_t)A4)', {
    follow: 'unless-at',
    flags: 5,
  }),
  at('utimensat', 'on_utimens(A1, P2, B3, A4)', { follow: 'unless-at', flags: 4 }),
  at('mknodat', 'on_path_op(OP_MKNOD, A1, P2, 0, A3, A4, 0)', NEVER),
  at('renameat', 'on_rename(A1, P2, A3, P4, 0)', { dir2: 3, path2: 4, ...NEVER }),
  at('renameat2', 'on_rename(A1, P2, A3, P4, A5)', { dir2: 3, path2: 4, ...NEVER }),
  at(
    'linkat',
    'A5 & ~(long)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) ? NOT_OURS : on_link(A1, P2, A3, P4, (uint32_t)A5)',
    { dir2: 3, path2: 4, follow: 'if-at', flags: 5 },
  ),
  other('symlinkat', 'on_symlink(P1, A2, P3)', { dir: 2, path: 3, ...NEVER }),
  path('truncate', 'on_path_op(OP_TRUNCATE, AT_FDCWD, P1, 0, 0, A2, 0)'),
  path('statfs', 'on_statfs(-1, P1, B2)'),
  path('chdir', 'change_directory(nr, a)', { chdir: true }),
  other('chroot', 'on_chroot(P1, a)'),
  path('getxattr', 'on_getxattr(-1, P1, P2, B3, A4, true)'),
  path('lgetxattr', 'on_getxattr(-1, P1, P2, B3, A4, false)', NEVER),
  path('setxattr', 'on_setxattr(-1, P1, P2, P3, A4, A5, true)'),
  path('lsetxattr', 'on_setxattr(-1, P1, P2, P3, A4, A5, false)', NEVER),
  path('listxattr', 'on_listxattr(-1, P1, B2, A3, true)'),
  path('llistxattr', 'on_listxattr(-1, P1, B2, A3, false)', NEVER),
  path('removexattr', 'on_removexattr(-1, P1, P2, true)'),
  path('lremovexattr', 'on_removexattr(-1, P1, P2, false)', NEVER),
  other('execve', 'on_execve(AT_FDCWD, P1, B2, B3, 0)'),
  other('execveat', 'on_execve(A1, P2, B3, B4, A5)'),

  fd('fstat', 'on_fstat(A1, B2)'),
  fd('fchmod', 'on_fd_op(OP_CHMOD, A1, A2, 0, 0)'),
  fd('fchown', 'on_fd_op(OP_CHOWN, A1, 0, (uint32_t)A2, (uint32_t)A3)'),
  fd('ftruncate', 'truncate_descriptor(A1, A2)'),
  fd('fstatfs', 'on_statfs(A1, NULL, B2)'),
  other('fchdir', 'on_fchdir(A1)'),
  other('getcwd', 'on_getcwd(B1, A2)'),
  other('getdents64', 'fd_kind(A1) == FD_FOREIGN ? list_foreign(A1, B2, A3) : on_getdents(A1, B2, A3)'),
  fd('fgetxattr', 'on_getxattr(A1, NULL, P2, B3, A4, true)'),
  fd('fsetxattr', 'on_setxattr(A1, NULL, P2, P3, A4, A5, true)'),
  fd('flistxattr', 'on_listxattr(A1, NULL, B2, A3, true)'),
  fd('fremovexattr', 'on_removexattr(A1, NULL, P2, true)'),
  other('close', 'on_close(A1)'),
  other('close_range', 'close_some(A1, A2, A3)'),
  other('dup', 'duplicate(nr, a)'),
  other('dup3', 'duplicate_onto(nr, a)'),
  other('fcntl', 'control_descriptor(a)'),
  other('umask', 'change_umask(A1)'),
  other('setuid', 'change_credentials(nr, a)'),
  other('setgid', 'change_credentials(nr, a)'),
  other('setreuid', 'change_credentials(nr, a)'),
  other('setregid', 'change_credentials(nr, a)'),
  other('setresuid', 'change_credentials(nr, a)'),
  other('setresgid', 'change_credentials(nr, a)'),
  other('setfsuid', 'change_credentials(nr, a)'),
  other('setfsgid', 'change_credentials(nr, a)'),
  other('setgroups', 'change_credentials(nr, a)'),
  fd('write', 'write_to(nr, A1, a)'),
  fd('pwrite64', 'write_to(nr, A1, a)'),
  fd('writev', 'write_to(nr, A1, a)'),
  fd('pwritev', 'write_to(nr, A1, a)'),
  fd('pwritev2', 'write_to(nr, A1, a)'),
  fd('fallocate', 'write_to(nr, A1, a)'),
  other('sendfile', 'write_from(nr, A2, A1, a)'),
  other('copy_file_range', 'write_from(nr, A1, A3, a)'),
  other('splice', 'write_from(nr, A1, A3, a)'),

  other('bind', 'socket_call_to(nr, a)'),
  other('connect', 'socket_call_to(nr, a)'),
  other('sendto', 'socket_call_to(nr, a)'),
  other('sendmsg', 'socket_call_to(nr, a)'),
  other('getsockname', 'socket_call_from(nr, a)'),
  other('getpeername', 'socket_call_from(nr, a)'),
  other('accept', 'socket_call_from(nr, a)'),
  other('accept4', 'socket_call_from(nr, a)'),
  other('recvfrom', 'socket_call_from(nr, a)'),
  other('recvmsg', 'socket_call_from(nr, a)'),
  other('recvmmsg', 'receive_many(a)'),
  other('pidfd_getfd', 'take_descriptor(a)'),
  /* Programs fall back where the kernel has no rings. */
  other('io_uring_setup', '-ENOSYS'),
  other('inotify_add_watch', 'on_inotify_add_watch(A1, P2, A3)', { path: 2, follow: 'unless-in', flags: 3 }),
  other('fanotify_mark', 'on_fanotify_mark(A4, P5)', { dir: 4, path: 5 }),

  other('mmap', 'map_file(nr, a)'),
  other('munmap', 'unmap(A1, A2)'),
  other('mprotect', '(memory_changed(), NOT_OURS)'),
  other('mremap', 'remap(A1, A2)'),
  other('msync', '(mapping_synced(A1, A2), NOT_OURS)'),
  other('exit_group', 'end_process()'),

  other('read', 'read_from(A1)', READ),
  other('readv', 'read_from(A1)', READ),
  other('pread64', 'read_from(A1)', READ),
  other('preadv', 'read_from(A1)', READ),
  other('preadv2', 'read_from(A1)', READ),
  other('lseek', 'read_from(A1)', READ),
];

const d =
  (base: Partial<DarwinRow>) =>
  (
    result: string,
    name: string,
    parameters: string,
    handler: string,
    more: Partial<DarwinRow> = {},
  ): DarwinRow => ({ name, result, parameters: parameters.split(', '), ...base, ...more, handler });
const dPath = d({ path: 1 });
const dAt = d({ dir: 1, path: 2 });
const dFd = d({ fd: 1 });
const dOther = d({});
const VARIADIC = { variadic: true } as const;
const TEXT = 'const char *';

/** libSystem's names, in two forms where a cancellation point has a twin (`_open$NOCANCEL`: darwin/native.h). */
export const DARWIN_CALLS: readonly DarwinRow[] = [
  dPath('int', 'open', `${TEXT}, int, int`, 'open_file(AT_FDCWD, P1, A2, A3)', VARIADIC),
  dPath('int', 'open_nocancel', `${TEXT}, int, int`, 'open_file(AT_FDCWD, P1, A2, A3)', VARIADIC),
  dAt('int', 'openat', `int, ${TEXT}, int, int`, 'open_file(A1, P2, A3, A4)', VARIADIC),
  dAt('int', 'openat_nocancel', `int, ${TEXT}, int, int`, 'open_file(A1, P2, A3, A4)', VARIADIC),
  dOther('int', 'close', 'int', 'on_close(A1)'),
  dOther('int', 'close_nocancel', 'int', 'on_close(A1)'),
  dOther('int', 'dup', 'int', 'duplicate(nr, a)'),
  dOther('int', 'dup2', 'int, int', 'duplicate_onto(nr, a)'),
  dOther('int', 'fcntl', 'int, int, long', 'control(nr, a)', VARIADIC),
  dOther('int', 'fcntl_nocancel', 'int, int, long', 'control(nr, a)', VARIADIC),
  ...['write', 'write_nocancel'].map((name) =>
    dFd('ssize_t', name, 'int, const void *, size_t', 'write_to(nr, A1, a)'),
  ),
  ...['pwrite', 'pwrite_nocancel'].map((name) =>
    dFd('ssize_t', name, 'int, const void *, size_t, off_t', 'write_to(nr, A1, a)'),
  ),
  ...['writev', 'writev_nocancel'].map((name) =>
    dFd('ssize_t', name, 'int, const struct iovec *, int', 'write_to(nr, A1, a)'),
  ),
  dFd('ssize_t', 'pwritev', 'int, const struct iovec *, int, off_t', 'write_to(nr, A1, a)', {
    native: 'pwritev_any',
  }),
  dFd('ssize_t', 'pwritev_nocancel', 'int, const struct iovec *, int, off_t', 'write_to(nr, A1, a)'),
  dPath('int', 'stat', `${TEXT}, struct stat *`, 'on_stat(AT_FDCWD, P1, 0, B2)'),
  dPath(
    'int',
    'lstat',
    `${TEXT}, struct stat *`,
    'on_stat(AT_FDCWD, P1, WIRE_AT_SYMLINK_NOFOLLOW, B2)',
    NEVER,
  ),
  dFd('int', 'fstat', 'int, struct stat *', 'on_fstat(A1, B2)'),
  dAt('int', 'fstatat', `int, ${TEXT}, struct stat *, int`, 'on_stat(A1, P2, wire_at_flags(A4), B3)'),
  dPath('int', 'statfs', `${TEXT}, struct statfs *`, 'on_statfs(-1, P1, B2)'),
  dFd('int', 'fstatfs', 'int, struct statfs *', 'on_statfs(A1, NULL, B2)'),
  dPath('int', 'access', `${TEXT}, int`, 'on_access(AT_FDCWD, P1, A2 & 7, 0)'),
  dAt('int', 'faccessat', `int, ${TEXT}, int, int`, 'on_access(A1, P2, A3 & 7, wire_at_flags(A4))'),
  dPath('int', 'mkdir', `${TEXT}, mode_t`, 'on_path_op(OP_MKDIR, AT_FDCWD, P1, 0, A2, 0, 0)', NEVER),
  dAt('int', 'mkdirat', `int, ${TEXT}, mode_t`, 'on_path_op(OP_MKDIR, A1, P2, 0, A3, 0, 0)', NEVER),
  dPath('int', 'rmdir', TEXT, 'on_path_op(OP_UNLINK, AT_FDCWD, P1, WIRE_AT_REMOVEDIR, 0, 0, 0)', NEVER),
  dPath('int', 'unlink', TEXT, 'on_path_op(OP_UNLINK, AT_FDCWD, P1, 0, 0, 0, 0)', NEVER),
  dAt(
    'int',
    'unlinkat',
    `int, ${TEXT}, int`,
    'on_path_op(OP_UNLINK, A1, P2, wire_at_flags(A3), 0, 0, 0)',
    NEVER,
  ),
  dPath(
    'int',
    'mkfifo',
    `${TEXT}, mode_t`,
    'on_path_op(OP_MKNOD, AT_FDCWD, P1, 0, S_IFIFO | (uint32_t)A2, 0, 0)',
    NEVER,
  ),
  dOther('int', 'rename', `${TEXT}, ${TEXT}`, 'on_rename(AT_FDCWD, P1, AT_FDCWD, P2, 0)', {
    path: 1,
    path2: 2,
    ...NEVER,
  }),
  dAt('int', 'renameat', `int, ${TEXT}, int, ${TEXT}`, 'on_rename(A1, P2, A3, P4, 0)', {
    dir2: 3,
    path2: 4,
    ...NEVER,
  }),
  dOther(
    'int',
    'renamex_np',
    `${TEXT}, ${TEXT}, unsigned`,
    'on_rename(AT_FDCWD, P1, AT_FDCWD, P2, wire_rename_flags(A3))',
    { path: 1, path2: 2, ...NEVER },
  ),
  dAt(
    'int',
    'renameatx_np',
    `int, ${TEXT}, int, ${TEXT}, unsigned`,
    'on_rename(A1, P2, A3, P4, wire_rename_flags(A5))',
    { dir2: 3, path2: 4, ...NEVER },
  ),
  /* Darwin's link(2) follows. */
  dOther('int', 'link', `${TEXT}, ${TEXT}`, 'on_link(AT_FDCWD, P1, AT_FDCWD, P2, WIRE_AT_SYMLINK_FOLLOW)', {
    path: 1,
    path2: 2,
  }),
  dAt('int', 'linkat', `int, ${TEXT}, int, ${TEXT}, int`, 'on_link(A1, P2, A3, P4, wire_at_flags(A5))', {
    dir2: 3,
    path2: 4,
  }),
  dOther('int', 'symlink', `${TEXT}, ${TEXT}`, 'on_symlink(P1, AT_FDCWD, P2)', { path: 2, ...NEVER }),
  dOther('int', 'symlinkat', `${TEXT}, int, ${TEXT}`, 'on_symlink(P1, A2, P3)', {
    dir: 2,
    path: 3,
    ...NEVER,
  }),
  dPath('ssize_t', 'readlink', `${TEXT}, char *, size_t`, 'on_readlink(AT_FDCWD, P1, B2, A3)', NEVER),
  dAt('ssize_t', 'readlinkat', `int, ${TEXT}, char *, size_t`, 'on_readlink(A1, P2, B3, A4)', NEVER),
  dPath('int', 'chmod', `${TEXT}, mode_t`, 'on_path_op(OP_CHMOD, AT_FDCWD, P1, 0, A2, 0, 0)'),
  dPath(
    'int',
    'lchmod',
    `${TEXT}, mode_t`,
    'on_path_op(OP_CHMOD, AT_FDCWD, P1, WIRE_AT_SYMLINK_NOFOLLOW, A2, 0, 0)',
    NEVER,
  ),
  dFd('int', 'fchmod', 'int, mode_t', 'on_fd_op(OP_CHMOD, A1, A2, 0, 0)'),
  dAt(
    'int',
    'fchmodat',
    `int, ${TEXT}, mode_t, int`,
    'on_path_op(OP_CHMOD, A1, P2, wire_at_flags(A4), A3, 0, 0)',
  ),
  dPath(
    'int',
    'chown',
    `${TEXT}, uid_t, gid_t`,
    'on_path_op(OP_CHOWN, AT_FDCWD, P1, 0, 0, (uint32_t)A2, (uint32_t)A3)',
  ),
  dPath(
    'int',
    'lchown',
    `${TEXT}, uid_t, gid_t`,
    'on_path_op(OP_CHOWN, AT_FDCWD, P1, WIRE_AT_SYMLINK_NOFOLLOW, 0, (uint32_t)A2, (uint32_t)A3)',
    NEVER,
  ),
  dFd('int', 'fchown', 'int, uid_t, gid_t', 'on_fd_op(OP_CHOWN, A1, 0, (uint32_t)A2, (uint32_t)A3)'),
  dAt(
    'int',
    'fchownat',
    `int, ${TEXT}, uid_t, gid_t, int`,
    'on_path_op(OP_CHOWN, A1, P2, wire_at_flags(A5), 0, (uint32_t)A3, (uint32_t)A4)',
  ),
  dPath('int', 'utimes', `${TEXT}, const struct timeval *`, 'set_microtimes(AT_FDCWD, P1, B2, 0)'),
  dPath(
    'int',
    'lutimes',
    `${TEXT}, const struct timeval *`,
    'set_microtimes(AT_FDCWD, P1, B2, WIRE_AT_SYMLINK_NOFOLLOW)',
    NEVER,
  ),
  dFd('int', 'futimes', 'int, const struct timeval *', 'set_microtimes(A1, NULL, B2, 0)'),
  dAt(
    'int',
    'utimensat',
    `int, ${TEXT}, const struct timespec *, int`,
    'plausible(P2) ? set_times(A1, P2, B3, wire_at_flags(A4)) : NOT_OURS',
  ),
  dFd('int', 'futimens', 'int, const struct timespec *', 'set_times(A1, NULL, B2, 0)'),
  dPath('int', 'truncate', `${TEXT}, off_t`, 'on_path_op(OP_TRUNCATE, AT_FDCWD, P1, 0, 0, A2, 0)'),
  dFd('int', 'ftruncate', 'int, off_t', 'truncate_descriptor(A1, A2)'),
  dPath('int', 'chdir', TEXT, 'on_chdir(P1)', { chdir: true }),
  dOther('int', 'fchdir', 'int', 'on_fchdir(A1)'),
  dOther('mode_t', 'umask', 'mode_t', 'change_umask(A1)'),
  dPath(
    'ssize_t',
    'getxattr',
    `${TEXT}, ${TEXT}, void *, size_t, uint32_t, int`,
    'attribute(GET, -1, P1, P2, B3, A4, A5, A6)',
  ),
  dFd(
    'ssize_t',
    'fgetxattr',
    `int, ${TEXT}, void *, size_t, uint32_t, int`,
    'attribute(GET, A1, NULL, P2, B3, A4, A5, A6)',
  ),
  dPath(
    'int',
    'setxattr',
    `${TEXT}, ${TEXT}, const void *, size_t, uint32_t, int`,
    'attribute(SET, -1, P1, P2, B3, A4, A5, A6)',
  ),
  dFd(
    'int',
    'fsetxattr',
    `int, ${TEXT}, const void *, size_t, uint32_t, int`,
    'attribute(SET, A1, NULL, P2, B3, A4, A5, A6)',
  ),
  dPath(
    'ssize_t',
    'listxattr',
    `${TEXT}, char *, size_t, int`,
    'list_attributes(-1, P1, B2, A2 ? A3 : 0, !(A4 & XATTR_NOFOLLOW_))',
  ),
  dFd(
    'ssize_t',
    'flistxattr',
    'int, char *, size_t, int',
    'list_attributes(A1, NULL, B2, A2 ? A3 : 0, true)',
  ),
  dPath('int', 'removexattr', `${TEXT}, ${TEXT}, int`, 'attribute(REMOVE, -1, P1, P2, NULL, 0, 0, A3)'),
  dFd('int', 'fremovexattr', `int, ${TEXT}, int`, 'attribute(REMOVE, A1, NULL, P2, NULL, 0, 0, A3)'),
  dOther('ssize_t', '__getdirentries64', 'int, void *, size_t, off_t *', 'entries(a)'),
  /* Their users fall back to the plain calls (fts, copyfile, Foundation). */
  ...['chflags', 'lchflags'].map((name) =>
    dPath('int', name, `${TEXT}, unsigned`, 'unsupported_path(AT_FDCWD, P1)'),
  ),
  dFd('int', 'fchflags', 'int, unsigned', 'unsupported_descriptor(A1)'),
  dPath('int', 'getattrlist', `${TEXT}, void *, void *, size_t, unsigned`, 'unsupported_path(AT_FDCWD, P1)'),
  dFd('int', 'fgetattrlist', 'int, void *, void *, size_t, unsigned', 'unsupported_descriptor(A1)'),
  dAt(
    'int',
    'getattrlistat',
    `int, ${TEXT}, void *, void *, size_t, unsigned long`,
    'unsupported_path(A1, P2)',
  ),
  dFd('int', 'getattrlistbulk', 'int, void *, void *, size_t, uint64_t', 'unsupported_descriptor(A1)'),
  dPath('int', 'setattrlist', `${TEXT}, void *, void *, size_t, unsigned`, 'unsupported_path(AT_FDCWD, P1)'),
  dFd('int', 'fsetattrlist', 'int, void *, void *, size_t, unsigned', 'unsupported_descriptor(A1)'),
  dOther('int', 'clonefile', `${TEXT}, ${TEXT}, uint32_t`, 'unsupported_paths(AT_FDCWD, P1, AT_FDCWD, P2)'),
  dOther('int', 'clonefileat', `int, ${TEXT}, int, ${TEXT}, uint32_t`, 'unsupported_paths(A1, P2, A3, P4)'),
  dOther('int', 'fclonefileat', `int, int, ${TEXT}, uint32_t`, 'unsupported_paths(A1, NULL, A2, P3)'),
];

const constant = (word: string): string => word.toUpperCase().replace(/-/g, '_');

/** `X(name, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits, handler)` */
function shape(call: CallRow): string {
  const at = [call.dir, call.path, call.dir2, call.path2, call.fd].map((argument) => argument ?? 0);
  const follow = `FOLLOW_${constant(call.follow ?? 'always')}`;
  const bits = [call.overlays && 'CALL_OF_OVERLAYS', call.chdir && 'CALL_CHANGES_DIRECTORY'].filter(Boolean);
  const unfollowed = `UNFOLLOWED_${constant(call.unfollowed ?? 'none')}`;
  return `X(${[call.name, ...at, follow, call.flags ?? 0, unfollowed, bits.join(' | ') || '0', call.handler].join(', ')})`;
}

/** `X(name, native, result, (types and names), names…)` */
function replacement(call: DarwinRow): string {
  const names = call.parameters.map((_, i) => `p${i + 1}`);
  const declared = call.parameters.map((type, i) => `${type} ${names[i]}`);
  return `X(${call.name}, ${call.native ?? call.name}, ${call.result}, (${declared.join(', ')}), ${names.join(', ')})`;
}

/** `X(name, native(arguments of *a in their types))` */
function native(call: DarwinRow): string {
  const given = call.parameters.map((type, i) => `(${type})a->a${i + 1}`);
  return `X(${call.name}, ${call.native ?? call.name}(${given.join(', ')}))`;
}

const macro = (name: string, rows: readonly string[]): string =>
  [`#define ${name}(X)`, ...rows.map((one) => `  ${one}`)].join(' \\\n');

/** `call_table.h`: the rows as macros. */
export function callsHeader(): string {
  const legacy = LINUX_CALLS.filter((call) => call.legacy);
  const general = LINUX_CALLS.filter((call) => !call.legacy);
  return [
    '/* Generated from core/gate/system-calls.ts. Do not edit. */',
    '#pragma once',
    macro('LEGACY_CALLS', legacy.map(shape)),
    macro('GENERAL_CALLS', general.map(shape)),
    macro('DARWIN_CALLS', DARWIN_CALLS.map(shape)),
    macro('DARWIN_NATIVE_CALLS', DARWIN_CALLS.map(native)),
    macro('DARWIN_REPLACEMENTS', DARWIN_CALLS.filter((call) => !call.variadic).map(replacement)),
    '',
  ].join('\n');
}
