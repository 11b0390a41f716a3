/** Named scripts in the language of programs/ops.c; the kernel is the oracle for them. */
export const scripts: Readonly<Record<string, string>> = {
  'open: creation flags': `
    open %0 @/a O_RDONLY
    open %0 @/a O_RDWR|O_CREAT 0640
    stat @/a
    write %0 hello
    open %1 @/a O_RDWR|O_CREAT|O_EXCL 0600
    open %1 @/a O_WRONLY|O_TRUNC
    fstat %0
    open %2 @/a O_WRONLY|O_APPEND
    write %1 abc
    write %2 def
    cat @/a
    creat %3 @/b 0444
    write %3 still
    stat @/b
    open %4 @/missing/b O_RDWR|O_CREAT 0600
    open %4 @/a/b O_RDWR|O_CREAT 0600
    open %4 @/c O_RDONLY|O_CREAT|O_TRUNC 0600
    write %4 no
    open %5 @/umasked O_RDWR|O_CREAT 0666
    umask 077
    open %6 @/umasked2 O_RDWR|O_CREAT 0666
    stat @/umasked
    stat @/umasked2
    ls @`,
  'open: directories': `
    mkdir @/d 0755
    put @/f x
    open %0 @/d O_RDONLY
    open %1 @/d O_RDWR
    open %1 @/d O_WRONLY
    open %1 @/d O_RDONLY|O_CREAT
    open %1 @/d O_RDONLY|O_DIRECTORY
    open %2 @/f O_RDONLY|O_DIRECTORY
    open %2 @/d O_RDONLY|O_CREAT|O_DIRECTORY
    read %0 10
    write %0 x
    lseek %0 0 SEEK_SET
    ftruncate %0 0
    fstat %0
    open %3 @/d/ O_RDONLY
    open %4 @/f/ O_RDONLY
    open %4 @/n/ O_RDWR|O_CREAT 0600
    open %4 EMPTY O_RDONLY
    open %4 . O_RDONLY
    ls @`,
  'open: links': `
    put @/f x
    symlink f @/l
    symlink nowhere @/dangling
    symlink loop2 @/loop1
    symlink loop1 @/loop2
    open %0 @/l O_RDONLY
    open %1 @/l O_RDONLY|O_NOFOLLOW
    open %1 @/loop1 O_RDONLY
    open %1 @/dangling O_RDONLY
    open %1 @/dangling O_RDWR|O_CREAT|O_EXCL 0600
    open %1 @/dangling O_RDWR|O_CREAT 0600
    stat @/nowhere
    open %2 @/l O_PATH|O_NOFOLLOW
    fstat %2
    readlinkat %2 EMPTY
    open %3 @/f O_PATH
    fstat %3
    read %3 1
    ftruncate %3 0
    fchmod %3 0600
    close %3
    mkdir @/d 0755
    symlink d @/ld
    open %4 @/ld O_RDONLY|O_DIRECTORY
    open %5 @/ld O_RDONLY|O_DIRECTORY|O_NOFOLLOW
    open %5 @/ld/ O_RDONLY|O_NOFOLLOW
    lstat @/ld/
    lstat @/ld
    stat @/l
    stat @/dangling
    stat @/loop1`,
  'open: O_TMPFILE': `
    open %0 @ O_TMPFILE|O_RDWR 0600
    write %0 secret
    pread %0 10 0
    fstat %0
    ls @`,
  bytes: `
    open %0 @/f O_RDWR|O_CREAT 0644
    write %0 0123456789
    lseek %0 2 SEEK_SET
    read %0 3
    pread %0 4 6
    pwrite %0 AB 1
    lseek %0 0 SEEK_CUR
    lseek %0 -3 SEEK_END
    read %0 100
    read %0 100
    lseek %0 -1 SEEK_SET
    writev %0 one two
    lseek %0 0 SEEK_SET
    readv %0
    pwritev %0 zz 20
    fstat %0
    cat @/f
    ftruncate %0 4
    cat @/f
    ftruncate %0 8
    cat @/f
    ftruncate %0 -1
    truncate @/f 2
    cat @/f
    truncate @/f 100000
    stat @/f
    truncate @/missing 0
    truncate @ 0
    truncate @/f -5
    fallocate %0 0 0 200000
    fstat %0
    fallocate %0 FALLOC_FL_KEEP_SIZE 0 400000
    fstat %0
    posix_fallocate %0 0 300000
    fstat %0
    fsync %0
    open %1 @/f O_RDONLY
    write %1 x
    ftruncate %1 0
    open %2 @/f O_WRONLY
    read %2 1
    fill %2 50000
    stat @/f
    read 99 1
    write 99 x
    fstat 99
    ftruncate 99 0`,
  'bytes: append': `
    put @/f start
    open %0 @/f O_WRONLY|O_APPEND
    open %1 @/f O_RDWR
    write %0 -a
    lseek %1 0 SEEK_END
    write %1 -b
    write %0 -c
    cat @/f
    pwrite %0 -d 0
    cat @/f
    fcntl %0 F_GETFL 0
    fcntl %1 F_SETFL O_APPEND
    lseek %1 0 SEEK_SET
    write %1 -e
    cat @/f`,
  'bytes: from descriptor to descriptor': `
    put @/from abcdefghij
    open %0 @/from O_RDONLY
    open %1 @/to O_RDWR|O_CREAT 0644
    sendfile %1 %0 4
    copy_file_range %0 %1 3
    copy_file_range %0 %1 100
    cat @/to
    pipe %2 %3
    write %3 piped
    splice %2 %1 5
    cat @/to
    fstat %1
    copy_file_range %0 %0 1`,
  'bytes: a shared map': `
    put @/f ..........
    open %0 @/f O_RDWR
    map %0 mapped
    cat @/f
    pread %0 100 0
    fstat %0
    open %1 @/f O_RDONLY
    map %1 refused`,
  'a file without a name': `
    open %0 @/f O_RDWR|O_CREAT 0644
    write %0 bytes
    unlink @/f
    fstat %0
    pread %0 10 0
    write %0 more
    fstat %0
    fchmod %0 0600
    fstat %0
    ftruncate %0 3
    fstat %0
    stat @/f
    put @/f another
    fstat %0
    pread %0 10 0
    cat @/f`,
  'stat in its forms': `
    put @/f 12345
    mkdir @/d 0750
    symlink f @/l
    stat @/f
    stat @/l
    lstat @/l
    stat @/d
    stat @
    open %0 @/d O_RDONLY
    fstatat %0 ../f 0
    fstatat %0 ../l AT_SYMLINK_NOFOLLOW
    fstatat %0 EMPTY AT_EMPTY_PATH
    fstatat %0 EMPTY 0
    fstatat cwd f 0
    statx cwd @/f 0
    statx cwd @/l AT_SYMLINK_NOFOLLOW
    statx %0 EMPTY AT_EMPTY_PATH
    statx %0 ../l 0
    statx cwd @/missing 0
    statx cwd EMPTY 0
    open %1 @/f O_RDONLY
    fstatat %1 EMPTY AT_EMPTY_PATH
    statx %1 EMPTY AT_EMPTY_PATH
    fstatat %1 x 0
    fstatat 77 x 0
    stat EMPTY
    stat @/f/
    stat @/f/.
    stat @/f/..
    stat @/d/
    stat @/d/.
    stat @/d/..
    stat @//d///..//f
    stat @/./d/./../f
    stat ./f
    stat f
    stat d/../f
    lstat @/d/../l
    statfs @/f
    statfs @/missing
    same @/f @/l
    same @/d/.. @`,
  access: `
    put @/f x
    mkdir @/d 0755
    access @/f F_OK
    access @/f R_OK|W_OK
    access @/f X_OK
    chmod @/f 0755
    access @/f X_OK
    access @/d X_OK
    access @/missing F_OK
    access @/f 99
    faccessat cwd f R_OK 0
    faccessat cwd f R_OK AT_EACCESS
    faccessat2 cwd f R_OK AT_EACCESS
    faccessat2 cwd f R_OK AT_SYMLINK_NOFOLLOW
    symlink missing @/l
    access @/l F_OK
    faccessat2 cwd l F_OK AT_SYMLINK_NOFOLLOW
    open %0 @/d O_RDONLY
    faccessat %0 ../f F_OK 0`,
  directories: `
    mkdir @/d 0755
    mkdir @/d 0755
    mkdir @/d/e/f 0755
    mkdir @/d/e 0700
    stat @/d
    mkdir @/d/e/ 0755
    mkdir @/n/ 0755
    mkdir @/n/. 0755
    mkdir @/s 01777
    stat @/s
    put @/f x
    mkdir @/f 0755
    mkdir @/f/x 0755
    rmdir @/d
    rmdir @/f
    rmdir @/d/.
    rmdir @/d/..
    rmdir @/d/e/
    rmdir @/d
    rmdir @/d
    unlink @/n
    remove @/n
    remove @/f
    open %0 @/s O_RDONLY
    mkdirat %0 in 0755
    unlinkat %0 in 0
    unlinkat %0 in AT_REMOVEDIR
    unlinkat %0 in AT_REMOVEDIR
    rmdir @/s
    fstat %0
    getdents %0 1000
    openat %1 %0 x O_RDWR|O_CREAT 0600
    fstatat %0 . 0
    fstatat %0 .. 0
    ls @`,
  unlink: `
    put @/f x
    link @/f @/g
    stat @/f
    unlink @/f
    stat @/g
    unlink @/f
    symlink g @/l
    unlink @/l
    stat @/g
    unlink @/g/
    mkdir @/d 0755
    unlink @/d
    unlink @/d/
    unlink EMPTY
    ls @`,
  rename: `
    put @/a 1
    put @/b 22
    mkdir @/d 0755
    mkdir @/e 0755
    put @/e/x 3
    rename @/a @/b
    cat @/b
    rename @/a @/c
    rename @/b @/d
    rename @/d @/b
    rename @/d @/e
    rename @/e @/d
    ls @
    ls @/d
    rename @/d @/d/sub
    rename @/b @/b
    rename @/b @/d/x/
    rename @/b @/new/
    rename @/d @/new/
    ls @
    rename @/new/. @/z
    rename @ @/new/inside
    link @/b @/same
    rename @/b @/same
    ls @
    symlink b @/l
    rename @/l @/l2
    lstat @/l2
    rename @/missing/a @/b
    rename @/b @/missing/a
    rename @/b/x @/c`,
  'rename with flags': `
    put @/a 1
    put @/b 22
    mkdir @/d 0755
    renameat2 cwd a cwd b RENAME_NOREPLACE
    renameat2 cwd a cwd c RENAME_NOREPLACE
    renameat2 cwd b cwd d RENAME_EXCHANGE
    stat @/b
    cat @/d
    renameat2 cwd b cwd missing RENAME_EXCHANGE
    renameat2 cwd b cwd d RENAME_EXCHANGE|RENAME_NOREPLACE
    renameat2 cwd b cwd d 8000
    open %0 @/b O_RDONLY
    renameat cwd c %0 moved
    ls @/b
    renameat %0 moved cwd @/back
    ls @`,
  link: `
    put @/f x
    mkdir @/d 0755
    symlink f @/l
    link @/f @/d/g
    link @/f @/d/g
    link @/d @/dd
    link @/l @/l2
    lstat @/l2
    linkat cwd @/l cwd @/l3 AT_SYMLINK_FOLLOW
    lstat @/l3
    linkat cwd @/l cwd @/l4 0
    lstat @/l4
    link @/missing @/m
    link @/f @/missing/m
    link @/f @/f/x
    link @/f @/new/
    open %0 @/f O_RDONLY
    linkat %0 EMPTY cwd @/fromfd AT_EMPTY_PATH
    same @/f @/fromfd
    stat @/f
    linkat cwd @/f cwd @/x 1
    ls @`,
  symlink: `
    symlink target @/l
    symlink target @/l
    symlink EMPTY @/e
    symlink x @/missing/l
    readlink @/l
    readlink @/l 3
    readlink @
    readlink @/missing
    put @/f x
    readlink @/f
    symlinkat here cwd rel
    readlink rel
    lstat @/l
    symlink *4000*a @/long
    readlink @/long
    symlink *5000*a @/toolong
    symlink @/f @/abs
    cat @/abs
    readlink @/abs
    mkdir @/d 0755
    symlink ../f @/d/up
    cat @/d/up
    symlink d @/ld
    cat @/ld/up
    stat @/ld/../f
    put @/ld/new 1
    ls @/d
    unlink @/ld/
    rmdir @/ld
    chmod @/l 0600
    open %0 @ O_RDONLY
    readlinkat %0 l`,
  'modes and owners': `
    put @/f x
    chmod @/f 0600
    stat @/f
    chmod @/f 07777
    stat @/f
    open %0 @/f O_RDWR
    fchmod %0 0644
    fstat %0
    fchmodat cwd f 0600 0
    stat @/f
    symlink f @/l
    chmod @/l 0640
    stat @/f
    fchmodat cwd l 0640 AT_SYMLINK_NOFOLLOW
    chmod @/missing 0600
    chmod @ 0700
    stat @
    chown @/f 1000 1001
    stat @/f
    chmod @/f 06755
    chown @/f -1 1002
    stat @/f
    chown @/f 5 -1
    stat @/f
    lchown @/l 7 8
    lstat @/l
    stat @/f
    fchown %0 9 9
    fstat %0
    fchownat cwd l 3 3 AT_SYMLINK_NOFOLLOW
    lstat @/l
    fchownat %0 EMPTY 4 4 AT_EMPTY_PATH
    fstat %0
    chown @/missing 0 0
    mkdir @/g 0755
    chown @/g 0 50
    chmod @/g 02755
    mkdir @/g/sub 0755
    stat @/g/sub
    put @/g/file x
    stat @/g/file
    chmod @/f 04755
    open %1 @/f O_WRONLY
    write %1 y
    stat @/f`,
  'times set': `
    put @/f x
    mkdir @/d 0755
    symlink f @/l
    utimensat cwd f 100 200 300 400 0
    times @/f
    utimensat cwd f 0 UTIME_OMIT 7 8 0
    times @/f
    utimensat cwd l 1 2 3 4 AT_SYMLINK_NOFOLLOW
    times @/l
    times @/f
    utimensat cwd missing 1 2 3 4 0
    utimensat cwd f 1 2000000000 3 4 0
    open %0 @/f O_RDONLY
    futimens %0 1000 2000
    times @/f
    utimes @/f 50 60
    times @/f
    lutimes @/l 70 80
    times @/l
    utime @/f 11 12
    times @/f
    utime @/d 13 14
    times @/d
    utime @/missing 1 1
    utimensat cwd f -5 1 -6 2 0
    times @/f`,
  'times that follow changes': `
    put @/f x
    mkdir @/d 0755
    put @/d/x 1
    remember @/f
    chmod @/f 0600
    compare @/f
    remember @/f
    truncate @/f 10
    compare @/f
    remember @/f
    truncate @/f 10
    compare @/f
    remember @/f
    open %0 @/f O_WRONLY
    write %0 abc
    compare @/f
    remember @/f
    ftruncate %0 1
    compare @/f
    remember @/f
    link @/f @/g
    compare @/f
    remember @/f
    rename @/f @/h
    compare @/h
    remember @/h
    open %1 @/h O_WRONLY|O_TRUNC
    compare @/h
    remember @/d
    put @/d/y 2
    compare @/d
    remember @/d
    put @/d/y 3
    compare @/d
    remember @/d
    rename @/d/y @/d/z
    compare @/d
    remember @/d
    unlink @/d/z
    compare @/d
    remember @/d
    mkdir @/d/sub 0755
    compare @/d
    remember @/d
    chmod @/d/sub 0700
    compare @/d
    remember @/d
    symlink x @/d/l
    compare @/d
    remember @/h
    cat @/h
    compare @/h
    remember @/h
    setxattr @/h user.a b 0
    compare @/h`,
  listing: `
    mkdir @/d 0755
    ls @/d
    put @/d/one 1
    put @/d/two 2
    put @/d/.hidden 3
    mkdir @/d/sub 0755
    symlink one @/d/link
    mkfifo @/d/fifo 0600
    ls @/d
    scandir @/d
    open %0 @/d O_RDONLY
    mkdir @/narrow 0755
    put @/narrow/long-name-in-here x
    open %9 @/narrow O_RDONLY
    getdents %9 1
    getdents %9 24
    getdents %9 24
    lseek %9 0 SEEK_SET
    getdents %9 40
    getdents %0 32
    getdents %0 32
    lseek %0 0 SEEK_SET
    getdents %0 48
    lseek %0 0 SEEK_SET
    getdents %0 65536
    getdents %0 65536
    opendir %1 @/d
    readdir %1 2
    telldir %1
    readdir %1 100
    seekdir %1
    readdir %1 100
    rewinddir %1
    readdir %1 100
    rewinddir %1
    put @/d/late 4
    rest %1
    closedir %1
    put @/f x
    opendir %1 @/f
    opendir %1 @/missing
    open %2 @/f O_RDONLY
    getdents %2 100
    fdopendir %3 %2
    nftw @ 0
    nftw @/d/sub 0
    fts @
    glob @/d/*
    glob @/*/o*
    glob @/d/?wo
    glob @/nothing*`,
  'listing while it changes': `
    mkdir @/d 0755
    put @/d/a 1
    put @/d/b 1
    put @/d/c 1
    put @/d/e 1
    opendir %0 @/d
    readdir %0 3
    unlink @/d/a
    unlink @/d/b
    unlink @/d/c
    unlink @/d/e
    readdir %0 100
    rewinddir %0
    readdir %0 100
    rmdir @/d
    closedir %0`,
  'relative to descriptors': `
    mkdir @/d 0755
    mkdir @/d/e 0755
    open %0 @/d O_RDONLY|O_DIRECTORY
    openat %1 %0 f O_RDWR|O_CREAT 0644
    write %1 x
    mkdirat %0 sub 0755
    symlinkat f %0 l
    readlinkat %0 l
    fstatat %0 e/.. 0
    linkat %0 f %0 g 0
    renameat %0 g %0 h
    unlinkat %0 h 0
    fchmodat %0 f 0600 0
    fchownat %0 f 1 1 0
    utimensat %0 f 1 1 1 1 0
    faccessat %0 f R_OK 0
    openat %2 %1 x O_RDONLY
    openat %2 99 x O_RDONLY
    openat %2 99 @/d/f O_RDONLY
    mkdirat 99 x 0755
    rename @/d @/moved
    openat %3 %0 f O_RDONLY
    read %3 5
    fstatat %0 . 0
    openat %4 %0 .. O_RDONLY
    getdents %4 4096
    open %5 @/moved O_PATH|O_DIRECTORY
    openat %6 %5 f O_RDONLY
    read %6 5
    getdents %5 4096`,
  'working directory': `
    mkdir @/d 0755
    mkdir @/d/e 0755
    chdir @/d
    getcwd
    put f x
    ls .
    chdir e
    getcwd
    put ../g y
    ls ..
    chdir ..
    getcwd
    chdir missing
    chdir f
    getcwd
    open %0 e O_RDONLY
    fchdir %0
    getcwd
    fchdir 99
    open %1 ../f O_RDONLY
    fchdir %1
    getcwd 3
    rename @/d @/renamed
    getcwd
    stat ../f
    realpath .
    realpath ../f
    realpath ../missing
    chdir @
    rmdir @/renamed/e
    getcwd
    mkdir @/gone 0755
    chdir @/gone
    rmdir @/gone
    getcwd
    stat .
    stat ..
    ls .
    put x y
    mkdir q 0755
    chdir ..
    getcwd
    symlink renamed @/l
    chdir @/l
    getcwd
    chdir EMPTY`,
  realpath: `
    mkdir @/d 0755
    mkdir @/d/e 0755
    put @/d/f x
    symlink d @/l
    symlink @/l/e @/abs
    symlink loop @/loop
    realpath @
    realpath @/l
    realpath @/l/f
    realpath @/abs
    realpath @/abs/../f
    realpath @/d//./e/../f
    realpath @/missing
    realpath @/d/f/x
    realpath @/d/f/
    realpath @/loop
    realpath l/f`,
  duplicates: `
    open %0 @/f O_RDWR|O_CREAT 0644
    write %0 abcdef
    dup %1 %0
    lseek %1 1 SEEK_SET
    read %0 2
    dup2 %0 20
    fstat 20
    read 20 1
    dup2 %0 %0
    dup3 %0 %0 0
    dup3 %0 21 O_CLOEXEC
    fcntl 21 F_GETFD 0
    fcntl 20 F_GETFD 0
    close %0
    fstat 20
    read 21 1
    dup2 99 20
    fstat 20
    dup2 20 99999999
    dup 99
    dupfd %2 20 30
    fcntl %2 F_GETFL 0
    fstat %2
    close %2
    fstat %2
    close 99
    close -1
    pipe %3 %4
    dup2 %4 20
    fill 20 10
    read %3 20
    dup2 21 %3
    fstat %3
    close 20
    close 21
    open %5 @/f O_RDONLY
    open %6 @/f O_RDONLY|O_CLOEXEC
    fcntl %6 F_GETFD 0
    fcntl %5 F_GETFD 0
    openat %7 cwd . O_RDONLY|O_CLOEXEC|O_DIRECTORY
    fcntl %7 F_GETFD 0
    opendir %8 @
    readdir %8 1
    closedir %8`,
  'extended attributes': `
    put @/f x
    setxattr @/f user.one 1 0
    setxattr @/f user.two 22 XATTR_CREATE
    setxattr @/f user.two 33 XATTR_CREATE
    setxattr @/f user.two 333 XATTR_REPLACE
    setxattr @/f user.none 1 XATTR_REPLACE
    getxattr @/f user.two 100
    getxattr @/f user.two 0
    getxattr @/f user.two 1
    getxattr @/f user.none 100
    listxattr @/f 0
    listxattr @/f 3
    open %0 @/f O_RDONLY
    fgetxattr %0 user.one
    fsetxattr %0 user.three 3 0
    listxattr @/f 0
    removexattr @/f user.three
    removexattr @/f user.one
    flistxattr %0
    setxattr @/f user.three 1 0
    fremovexattr %0 user.one
    removexattr @/f user.one
    removexattr @/f user.two
    listxattr @/f 100
    setxattr @/f user.two 333 0
    symlink f @/l
    getxattr @/l user.two 100
    lgetxattr @/l user.two 100
    getxattr @/missing user.two 100
    setxattr @/f bogus 1 0
    setxattr @/f user.*300*x 1 0
    mkdir @/d 0755
    setxattr @/d user.d dir 0
    getxattr @/d user.d 100
    setxattr @/f trusted.x y 0
    getxattr @/f trusted.x 10
    getxattr @/f security.selinux 100
    rename @/f @/g
    getxattr @/g user.two 100`,
  locks: `
    open %0 @/f O_RDWR|O_CREAT 0644
    open %1 @/f O_RDWR
    flock %0 LOCK_EX|LOCK_NB
    flock %1 LOCK_EX|LOCK_NB
    flock %1 LOCK_SH|LOCK_NB
    flock %0 LOCK_UN
    flock %1 LOCK_SH|LOCK_NB
    lock %0 1
    lock_in_child %0 1
    lock %0 0
    lock_in_child %0 1`,
  "libc's makers of files": `
    mkstemp %0 @/tmpXXXXXX
    write %0 x
    fstat %0
    mkstemp %1 @/missing/tmpXXXXXX
    mkstemp %1 @/bad
    mkdtemp @/dirXXXXXX
    mkdtemp @/missing/dirXXXXXX
    stdio @/s w+ text
    stdio @/s r
    stdio @/s a+ more
    stdio @/s rx
    stdio @/missing r
    stdio @/new wx+ fresh
    stdio @/new wx+ fresh
    stat @/s`,
  'special files': `
    mkfifo @/p 0644
    mkfifo @/p 0644
    lstat @/p
    mknod @/r S_IFREG|0600 0
    stat @/r
    put @/r bytes
    cat @/r
    mknod @/d S_IFDIR|0755 0
    mkfifo @/missing/p 0600
    access @/p R_OK
    chmod @/p 0600
    rename @/p @/q
    ls @
    unlink @/q`,
  'names that are too long, or no names': `
    put @/*255*n x
    stat @/*255*n
    put @/*256*n x
    mkdir @/*256*n 0755
    stat @/*256*n
    open %0 @/*300*n O_RDONLY
    symlink a @/*256*n
    rename @/*255*n @/*256*n
    stat *5000*a
    open %0 *5000*a O_RDONLY
    chdir *4096*a
    open %0 NULL O_RDONLY
    stat NULL
    mkdir NULL 0755
    unlink NULL
    rename NULL @/a
    ls @`,
  'bytes in names': `
    put @/\u00e4\u00f6\u00fc\u20ac x
    ls @
    put @/a:b%c\\d"e'f x
    ls @
    stat @/\u00e4\u00f6\u00fc\u20ac`,
};
