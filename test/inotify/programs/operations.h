/* Operations that change, open and read files. One line of `out` each; errors must be equal as well. */
#pragma once
#include "words.h"

static int parked[SLOTS][2]; /* of a child that holds descriptors: its pid, the pipe that ends it */

static void keep(int i, long fd) {
  done(fd);
  if (fd >= 0) fds[slot(i)] = (int)fd;
}

static long put(const char *path, const char *bytes, int flags) {
  int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | flags, 0644);
  if (fd < 0) return -1;
  long n = *bytes ? write(fd, bytes, strlen(bytes)) : 0;
  return close(fd) ? -1 : n;
}

static long cat(const char *path) {
  char buffer[4096];
  int fd = open(path, O_RDONLY | O_NONBLOCK); /* a FIFO would wait for company */
  long n;
  if (fd < 0) return -1;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) {}
  close(fd);
  return n;
}

static long list(const char *path) {
  DIR *stream = opendir(path);
  long n = 0;
  if (!stream) return -1;
  while (readdir(stream)) n++;
  closedir(stream);
  return n;
}

static long set_times(const char *path, int fd, int which) {
  struct timespec times[2] = {{1000000000, 5}, {1000000000, 7}};
  if (!(which & 1)) times[0].tv_nsec = UTIME_OMIT;
  if (!(which & 2)) times[1].tv_nsec = UTIME_OMIT;
  return path ? utimensat(AT_FDCWD, path, times, 0) : futimens(fd, times);
}

static long store_mapped(int fd, long size) {
  char *at = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return -1;
  at[0] ^= 1;
  msync(at, (size_t)size, MS_SYNC);
  return munmap(at, (size_t)size);
}

static long spliced(int from, int to, long n) {
  int pipes[2];
  if (pipe(pipes)) return -1;
  long moved = splice(from, NULL, pipes[1], NULL, (size_t)n, 0);
  int error = errno;
  if (moved > 0) moved = splice(pipes[0], NULL, to, NULL, (size_t)moved, 0), error = errno;
  close(pipes[0]), close(pipes[1]);
  errno = error;
  return moved;
}

/* A child that only holds its inherited descriptors, until its pipe ends. */
static void park(int i) {
  int pipes[2];
  if (pipe2(pipes, O_CLOEXEC)) {
    done(-1);
    return;
  }
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    char byte;
    close(pipes[1]);
    while (read(pipes[0], &byte, 1) < 0 && errno == EINTR) {}
    _exit(0);
  }
  close(pipes[0]);
  parked[i][0] = pid, parked[i][1] = pipes[1];
  done(pid);
}

static void unpark(int i) {
  if (!parked[i][0]) return;
  close(parked[i][1]);
  waitpid(parked[i][0], NULL, 0);
  parked[i][0] = 0;
}

static long execute(const char *path) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    char *const argv[] = {(char *)path, NULL};
    execv(path, argv);
    _exit(127);
  }
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) < 0) return -1;
  return WEXITSTATUS(status);
}

static long flood(const char *from, const char *to, long times) {
  for (long i = 0; i < times; i++)
    if (rename(i % 2 ? to : from, i % 2 ? from : to)) return -1;
  return 0;
}

static void forget_files(void) {
  for (int i = 0; i < SLOTS; i++) {
    unpark(i);
    if (fds[i] >= 0) close(fds[i]);
    fds[i] = -1;
  }
}

#define DO(verb, ...) \
  if (!strcmp(words[0], verb)) { \
    __VA_ARGS__; \
    return 1; \
  }
#define FD(i) ((int)number(i))

/* @returns whether the word is an operation */
static int operate(void) {
  static char bytes[65536];
  DO("creat", int fd = open(text(1), O_WRONLY | O_CREAT | O_EXCL, 0644); done(fd < 0 ? -1 : close(fd)))
  DO("put", done(put(text(1), text(2), O_TRUNC)))
  DO("append", done(put(text(1), text(2), O_APPEND)))
  DO("cat", done(cat(text(1))))
  DO("list", done(list(text(1))))
  DO("mkdir", done(mkdir(text(1), words[2] ? (mode_t)number(2) : 0755)))
  DO("mknod", done(mknod(text(1), (mode_t)number(2) | 0644, 0)))
  DO("unlink", done(unlink(text(1))))
  DO("rmdir", done(rmdir(text(1))))
  DO("remove", done(remove(text(1))))
  DO("rename", done(rename(text(1), text(2))))
  DO("rename2", done(renameat2(AT_FDCWD, text(1), AT_FDCWD, text(2), (unsigned)number(3))))
  DO("link", done(link(text(1), text(2))))
  DO("linkat", done(linkat(FD(1), text(2), AT_FDCWD, text(3), FD(4))))
  DO("symlink", done(symlink(text(1), text(2))))
  DO("chmod", done(chmod(text(1), (mode_t)number(2))))
  DO("fchmod", done(fchmod(FD(1), (mode_t)number(2))))
  DO("chown", done(chown(text(1), (uid_t)-1, (gid_t)-1)))
  DO("chown-self", done(chown(text(1), getuid(), getgid())))
  DO("lchown-self", done(lchown(text(1), getuid(), getgid())))
  DO("fchown-self", done(fchown(FD(1), getuid(), getgid())))
  DO("utime", done(set_times(text(1), -1, 3)))
  DO("atime", done(set_times(text(1), -1, 1)))
  DO("mtime", done(set_times(text(1), -1, 2)))
  DO("notime", done(set_times(text(1), -1, 0)))
  DO("touch", done(utimensat(AT_FDCWD, text(1), NULL, 0)))
  DO("ltouch", done(utimensat(AT_FDCWD, text(1), NULL, AT_SYMLINK_NOFOLLOW)))
  DO("futime", done(set_times(NULL, FD(1), 3)))
  DO("setxattr", done(setxattr(text(1), text(2), text(3), strlen(text(3)), 0)))
  DO("fsetxattr", done(fsetxattr(FD(1), text(2), text(3), strlen(text(3)), 0)))
  DO("rmxattr", done(removexattr(text(1), text(2))))
  DO("getxattr", done(getxattr(text(1), text(2), bytes, sizeof bytes)))
  DO("truncate", done(truncate(text(1), number(2))))
  DO("ftruncate", done(ftruncate(FD(1), number(2))))
  DO("open", keep(1, open(text(2), FD(3), (mode_t)number_or(4, 0644))))
  DO("openat", keep(1, openat(FD(2), text(3), FD(4), (mode_t)number_or(5, 0644))))
  DO("close", done(close(FD(1))); fds[slot(1)] = -1)
  DO("read", say(read(FD(1), bytes, (size_t)number(2))))
  DO("pread", say(pread(FD(1), bytes, (size_t)number(2), number(3))))
  DO("readv", struct iovec v[2] = {{bytes, 2}, {bytes + 2, (size_t)number(2)}}; say(readv(FD(1), v, 2)))
  DO("write", say(write(FD(1), text(2), strlen(text(2)))))
  DO("pwrite", say(pwrite(FD(1), text(2), strlen(text(2)), number(3))))
  DO("writev", struct iovec v[2] = {{(char *)text(2), strlen(text(2))}, {(char *)text(3), strlen(text(3))}};
     say(writev(FD(1), v, 2)))
  DO("lseek", say(lseek(FD(1), number(2), FD(3))))
  DO("fsync", done(fsync(FD(1))))
  DO("dup", keep(2, dup(FD(1))))
  DO("dup2", done(dup2(FD(1), FD(2))))
  DO("fdup", keep(2, fcntl(FD(1), F_DUPFD_CLOEXEC, 0)))
  DO("fallocate", done(fallocate(FD(1), FD(2), number(3), number(4))))
  DO("posix_fallocate", errno = posix_fallocate(FD(1), number(2), number(3)); done(errno ? -1 : 0))
  DO("copy_file_range", say(copy_file_range(FD(1), NULL, FD(2), NULL, (size_t)number(3), 0)))
  DO("sendfile", say(sendfile(FD(1), FD(2), NULL, (size_t)number(3))))
  DO("splice", say(spliced(FD(1), FD(2), number(3))))
  DO("store", done(store_mapped(FD(1), number(2))))
  DO("getdents", int more = 0; while (syscall(SYS_getdents64, FD(1), bytes, sizeof bytes) > 0) more++; say(more))
  DO("stat", struct stat s; done(stat(text(1), &s)))
  DO("access", done(access(text(1), F_OK)))
  DO("readlink", done(readlink(text(1), bytes, sizeof bytes)))
  DO("realpath", done(realpath(text(1), NULL) ? 0 : -1))
  DO("chdir", done(chdir(text(1))))
  DO("execute", say(execute(text(1))))
  DO("park", park(slot(1)))
  DO("unpark", unpark(slot(1)); done(0))
  DO("flood", done(flood(text(1), text(2), number(3))))
  DO("fence", static unsigned odd; done(chmod(fence, (odd ^= 1) ? 0600 : 0644)))
  return 0;
}
#undef DO
#undef FD
