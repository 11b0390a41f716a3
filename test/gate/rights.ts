/** Scripts for test/gate/programs/ops.c about permissions. Each begins in its own directory, `@`. */

const MODES = ['000', '111', '222', '333', '444', '555', '666', '777', '077', '007', '700', '070'];

/** Operations on a file and on a directory. */
const onFile = (path: string): string => `
    stat ${path}
    open %0 ${path} O_RDONLY 0
    close %0
    open %0 ${path} O_WRONLY 0
    close %0
    open %0 ${path} O_RDWR|O_APPEND 0
    close %0
    open %0 ${path} O_WRONLY|O_TRUNC|O_CREAT 0644
    close %0
    open %0 ${path} O_PATH 0
    close %0
    access ${path} R_OK
    access ${path} W_OK
    access ${path} X_OK
    access ${path} R_OK|W_OK
    access ${path} F_OK
    truncate ${path} 1
    getxattr ${path} user.k 100
    setxattr ${path} user.k v 0
    listxattr ${path} 100
    removexattr ${path} user.k
`;
const onDirectory = (path: string): string => `
    stat ${path}
    ls ${path}
    stat ${path}/in
    lstat ${path}/missing
    cat ${path}/in
    readlink ${path}/in
    open %0 ${path} O_RDONLY|O_DIRECTORY 0
    fstatat %0 in 0
    openat %1 %0 in O_RDONLY 0
    close %1
    unlinkat %0 missing 0
    close %0
    access ${path} R_OK
    access ${path} W_OK
    access ${path} X_OK
    access ${path}/in W_OK
    put ${path}/new x
    mkdir ${path}/d 0755
    symlink x ${path}/s
    link ${path}/in ${path}/l
    mkfifo ${path}/p 0644
    rename ${path}/in ${path}/moved
    rename ${path}/moved ${path}/in
    rename ${path}/new outside
    rename outside ${path}/new
    unlink ${path}/new
    rmdir ${path}/d
    unlink ${path}/s
    unlink ${path}/l
    unlink ${path}/p
    chmod ${path}/in 0600
    truncate ${path}/in 2
    utimensat cwd ${path}/in 1 2 3 4 0
    realpath ${path}/in
    chdir ${path}
    getcwd
    stat in
    stat ..
    chdir @
`;

const own: Record<string, string> = Object.fromEntries([
  ...MODES.map((mode) => [
    `an own file of mode ${mode}`,
    `put @/f text\n chmod @/f 0${mode}\n ${onFile('@/f')}\n unlink @/f`,
  ]),
  ...MODES.map((mode) => [
    `an own directory of mode ${mode}`,
    `mkdir @/d 0755\n put @/d/in text\n chmod @/d 0${mode}\n ${onDirectory('@/d')}\n chmod @/d 0755\n ls @/d`,
  ]),
  [
    'what only root may',
    `
    put @/f text
    chown @/f 0 -1
    chown @/f -1 0
    chown @/f -1 -1
    lchown @/f 1 1
    mknod @/b 060600
    mknod @/p 010600
    setxattr @/f trusted.k v 0
    setxattr @/f security.k v 0
    setxattr @/f user.k v 0
    getxattr @/f trusted.k 10
    `,
  ],
  [
    'set-ID bits and writes',
    `
    put @/f text
    chmod @/f 06755
    stat @/f
    open %0 @/f O_WRONLY 0
    write %0 more
    fstat %0
    fchmod %0 06755
    ftruncate %0 1
    fstat %0
    fchmod %0 02644
    pwrite %0 x 0
    fstat %0
    close %0
    chmod @/f 04755
    truncate @/f 0
    stat @/f
    chown @/f -1 -1
    stat @/f
    `,
  ],
  [
    'a right that was had when it was opened',
    `
    put @/f text
    open %0 @/f O_RDWR 0
    chmod @/f 0
    read %0 2
    write %0 xx
    fstat %0
    fchmod %0 0400
    ftruncate %0 1
    futimens %0 1 2 3 4
    fsetxattr %0 user.k v 0
    open %1 @/f O_WRONLY 0
    mkdir @/d 0755
    put @/d/in text
    open %2 @/d O_RDONLY|O_DIRECTORY 0
    chmod @/d 0
    list %2
    openat %3 %2 in O_RDONLY 0
    fchdir %2
    chmod @/d 0755
    `,
  ],
  [
    'on the way to a file',
    `
    mkdir @/a 0755
    mkdir @/a/b 0755
    put @/a/b/f text
    symlink a/b/f @/l
    chmod @/a 0600
    stat @/a/b/f
    stat @/l
    lstat @/l
    open %0 @/l O_RDONLY 0
    access @/a/b/f F_OK
    realpath @/l
    unlink @/a/b/f
    rename @/a/b/f @/g
    rename @/a/b @/b
    chdir @/a/b
    stat @/a/../l
    mkdir @/a/x 0755
    chmod @/a 0100
    stat @/a/b/f
    ls @/a
    cat @/l
    chmod @/a 0755
    `,
  ],
]) as Record<string, string>;

export interface Stranger {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  /** Owner and group: `me` both, `group` and `further` root's file in a group of mine, `mine` my file in another's group. */
  readonly who: 'me' | 'root' | 'group' | 'further' | 'mine';
}

const file = (path: string, mode: number, who: Stranger['who']): Stranger => ({
  path,
  type: 'file',
  mode,
  who,
});
const dir = (path: string, mode: number, who: Stranger['who']): Stranger => ({
  path,
  type: 'directory',
  mode,
  who,
});

/** Parents first. Root creates them, so a directory's permissions apply only to other users. */
export const strangers: readonly Stranger[] = [
  file('f644', 0o644, 'root'),
  file('f600', 0o600, 'root'),
  file('f666', 0o666, 'root'),
  file('f4755', 0o4777, 'root'),
  file('g060', 0o060, 'group'),
  file('g606', 0o606, 'group'),
  file('x640', 0o640, 'further'),
  file('x606', 0o606, 'further'),
  file('mine', 0o664, 'mine'),
  { path: 'link', type: 'symlink', mode: 0, who: 'root' },
  dir('closed', 0o755, 'root'),
  file('closed/in', 0o644, 'me'),
  dir('shut', 0o700, 'root'),
  file('shut/in', 0o644, 'me'),
  dir('open', 0o777, 'root'),
  file('open/in', 0o644, 'root'),
  dir('sticky', 0o1777, 'root'),
  file('sticky/in', 0o644, 'root'),
  file('sticky/own', 0o644, 'me'),
  dir('sticky/dir', 0o777, 'root'),
  dir('mysticky', 0o1777, 'me'),
  file('mysticky/in', 0o644, 'root'),
  dir('setgid', 0o2777, 'further'),
];

/** Whether another's file may be linked to is a setting of the machine (fs.protected_hardlinks). */
const withoutLinks = (script: string): string => script.replaceAll(/^ *link .*$/gm, '');

/** In the directory with the strangers. */
const theirs: Record<string, string> = {
  ...Object.fromEntries(
    ['f644', 'f600', 'f666', 'g060', 'g606', 'x640', 'x606', 'mine', 'link', 'f4755'].map((name) => [
      `another's file: ${name}`,
      `${onFile(`@/${name}`)}
    open %0 @/${name} O_RDONLY|O_NOATIME 0
    chmod @/${name} 0644
    chown @/${name} 65534 -1
    chown @/${name} -1 65534
    chown @/${name} -1 43210
    utimensat cwd @/${name} 1 2 3 4 0
    utimensat cwd @/${name} 0 UTIME_NOW 0 UTIME_NOW 0
    utimensat cwd @/${name} 0 UTIME_OMIT 0 UTIME_OMIT 0
    utimensat cwd @/${name} 0 UTIME_OMIT 0 UTIME_NOW 0
    stat @/${name}`,
    ]),
  ),
  ...Object.fromEntries(
    ['closed', 'shut', 'open'].map((name) => [
      `another's directory: ${name}`,
      withoutLinks(onDirectory(`@/${name}`)),
    ]),
  ),
  'a sticky directory of another': `
    unlink @/sticky/in
    rename @/sticky/in @/sticky/x
    rename @/sticky/own @/sticky/in
    rename @/sticky/own @/sticky/mine
    rename @/sticky/mine @/open/mine
    rename @/sticky/in @/open/x
    rename @/open/mine @/sticky/in
    rename @/open/mine @/sticky/own
    rmdir @/sticky/dir
    rename @/sticky/dir @/sticky/dir2
    renameat2 cwd @/sticky/own cwd @/sticky/in RENAME_EXCHANGE
    put @/sticky/new x
    unlink @/sticky/new
    unlink @/sticky/own
    chmod @/sticky 0755
    ls @/sticky`,
  'an own sticky directory': `
    unlink @/mysticky/in
    ls @/mysticky`,
  'the group of a directory': `
    put @/setgid/f x
    stat @/setgid/f
    mkdir @/setgid/d 0755
    stat @/setgid/d
    chmod @/setgid/f 02755
    stat @/setgid/f
    chmod @/setgid/d 02755
    stat @/setgid/d`,
  'a set-user-ID file that somebody else writes': `
    stat @/f4755
    open %0 @/f4755 O_WRONLY 0
    write %0 x
    fstat %0
    fchmod %0 0755`,
};

export const rights = { own, theirs };
