/*
 * The virtual files behind descriptors that the process did not open itself: found after exec, and when a descriptor is
 * received, by the paths that they point at.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "connection.h"
#include "cwd.h"
#include "fd_index.h"
#include "file.h"
#include "mounts.h"
#include "namespace.h"
#include "os.h"
#include "proc_path.h"
#include "process.h"
#include "recovery.h"
#include "scratch.h"
#include "session.h"
#include "text.h"
#if defined(__linux__)
#include "linux/in_place.h"
#include "linux/watch.h"
#endif

struct origin {
  enum fd_kind kind;
  uint64_t oid, ino;
};

/* `<object dir>/o/<oid>` or `<object dir>/d/<binding>.<ino>`, perhaps with " (deleted)" behind. */
static struct origin origin_of(const char *target, size_t length) {
  struct origin none = {FD_FOREIGN, 0, 0}, o = none;
  size_t n = session.directory_length;
  if (length < n + 4 || !text_equal(target, session.directory, n) || target[n] != '/' || target[n + 2] != '/') return none;
  const char *at = target + n + 3;
  if (!text_parse(&at, &o.oid)) return none;
  if (target[n + 1] == SHIMFS_OBJECTS[0]) return o.kind = FD_FILE, o;
  if (target[n + 1] != SHIMFS_DIRECTORIES[0] || *at++ != '.' || !text_parse(&at, &o.ino)) return none;
  return o.kind = FD_DIRECTORY, o;
}

static void recover_one(int fd, struct origin o) {
  uint32_t flags = (uint32_t)sys(SYS_fcntl, fd, F_GETFL);
  if (o.kind == FD_DIRECTORY) fd_assign(fd, FD_DIRECTORY, o.ino, 0, 0, flags);
  if (o.kind != FD_FILE) return;
  const struct shimfs_reply *reply;
  struct request q = {.op = OP_INHERIT, .flags = REQUEST_FLAG_REPLY, .data = (const char *)&o.oid, .data_length = sizeof o.oid};
  if (host_begin(&q, &reply, NULL) >= 0)
    fd_assign(fd, (reply->mode & S_IFMT) == S_IFIFO ? FD_FIFO : FD_FILE, reply->ino, o.oid, reply->slot, flags);
  host_end();
}

#if defined(__linux__)
/*
 * A descriptor of the real directory that an overlay stands on. A directory is exchanged for the virtual one; a
 * file open for reading stays open in place. A file open for writing was opened outside of the session, by our starter.
 */
static void recover_real(int fd, const char *path) {
  uint32_t flags = (uint32_t)sys(SYS_fcntl, fd, F_GETFL);
  struct stat st;
  if (sys(SYS_fstat, fd, &st)) return;
  if ((st.st_mode & S_IFMT) == S_IFDIR) {
    long kept = sys(SYS_fcntl, fd, F_GETFD), virtual = on_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (virtual == LEFT_MOUNTS) host_end();
    /* Not in this view: better none than the real one. */
    if (virtual < 0) sys(SYS_close, fd);
    if (virtual < 0) return;
    sys(SYS_dup3, virtual, fd, kept & FD_CLOEXEC ? O_CLOEXEC : 0);
    fd_assign(fd, FD_DIRECTORY, fd_entry((int)virtual)->ino, 0, 0, flags);
    on_close(virtual);
    sys(SYS_close, virtual);
    return;
  }
  if ((st.st_mode & S_IFMT) == S_IFREG && (flags & O_ACCMODE) == O_RDONLY) adopt_in_place(fd, path, flags);
}

#endif

void fd_identify(int fd, const char *path, size_t length) {
  struct origin o = origin_of(path, length);
#if defined(__linux__)
  if (recover_watched(fd, path, length)) return;
  if (o.kind == FD_FOREIGN && session.overlays && under_mount(path)) recover_real(fd, path);
#endif
  recover_one(fd, o);
}

#if defined(__linux__)
/* A virtual program was started from its object: finds its inode, and restores its name. */
static void recover_executable(void) {
  char target[512];
  long n = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", target, sizeof target - 1);
  if (n <= 0) return;
  target[n] = 0;
  struct origin o = origin_of(target, (size_t)n);
  const struct shimfs_reply *reply;
  const char *path;
  if (o.kind != FD_FILE) {
    executable_ino = watched_executable(target, (size_t)n);
  } else {
    struct request q = {.op = OP_INHERIT, .flags = REQUEST_FLAG_REPLY, .data = (const char *)&o.oid, .data_length = sizeof o.oid};
    if (host_begin(&q, &reply, NULL) >= 0) executable_ino = reply->ino;
    host_end();
  }
  struct request where = {.op = OP_GETPATH, .dir = executable_ino};
  if (executable_ino && host_begin(&where, &reply, &path) >= 0) {
    char name[16] = "";
    size_t end = reply->data_length, start = end;
    while (start && path[start - 1] != '/') start--;
    bytes_copy(name, path + start, end - start < 15 ? end - start : 15);
    sys(SYS_prctl, 15 /* PR_SET_NAME */, name);
  }
  if (executable_ino) host_end();
}
#endif

void fd_recover_place(void) {
#if defined(__linux__)
  recover_executable();
#endif
  struct scratch *room = scratch_take();
  if (!room) gate_fail("the program is not started: there is no memory for the path of its working directory");
  char *target = room->path;
  long length = sys(SYS_getcwd, target, sizeof room->path);
  struct origin cwd = length > 0 ? origin_of(target, (size_t)length) : (struct origin){FD_FOREIGN, 0, 0};
  if (cwd.kind == FD_DIRECTORY) cwd_changed(cwd.ino);
#if defined(__linux__)
  else if (session.overlays && length > 0 && under_mount(target) && on_chdir(target) != 0)
    gate_fail("the program is not started: its working directory does not exist in this view");
#endif
  scratch_give(room);
}

void fd_recover(void) {
  each_descriptor(fd_identify);
  fd_recover_place();
}
