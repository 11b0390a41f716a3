/*
 * FdIndex: which of this process's descriptors are virtual, and which inode each stands for.
 *
 * The table is plain memory, so a fork child has it; after exec it is rebuilt from what the inherited
 * descriptors point at. A vfork child shares our memory but not our descriptors: it changes nothing here.
 */
#define _GNU_SOURCE
#include "gate.h"
#include "os.h"
#include "sys.h"

/* Entries by their numbers, in chunks: the first is always there, the others are mapped when a number in them is used. */
enum { CHUNK = 4096 };
uint8_t fd_kinds[MAX_FDS];
static struct fd_entry first_chunk[CHUNK], nothing;
static struct fd_entry *chunks[MAX_FDS / CHUNK] = {first_chunk};
static int highest = -1;

struct fd_entry *fd_entry(int fd) {
  struct fd_entry *chunk = __atomic_load_n(&chunks[fd / CHUNK], __ATOMIC_ACQUIRE);
  return chunk ? &chunk[fd % CHUNK] : &nothing;
}

bool fd_admits(long fd) {
  if (fd < 0 || fd >= MAX_FDS) return false;
  struct fd_entry **cell = &chunks[fd / CHUNK], *none = NULL;
  if (__atomic_load_n(cell, __ATOMIC_ACQUIRE)) return true;
  void *fresh = map_pages(CHUNK * sizeof(struct fd_entry));
  if (!fresh) return false;
  if (!__atomic_compare_exchange_n(cell, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    unmap_pages(fresh, CHUNK * sizeof(struct fd_entry));
  return true;
}

void fd_assign(int fd, enum fd_kind kind, uint64_t ino, uint64_t oid, uint32_t slot, uint32_t flags) {
  if (!fd_admits(fd)) return;
  *fd_entry(fd) = (struct fd_entry){.ino = ino, .oid = oid, .slot = slot, .flags = flags};
  __atomic_store_n(&fd_kinds[fd], (uint8_t)kind, __ATOMIC_RELEASE);
  if (fd > highest) highest = fd;
}

void fd_assign_in_place(int fd, const struct shimfs_reply *r, uint32_t flags) {
  fd_assign(fd, FD_FILE, r->ino, r->oid, UINT32_MAX, flags);
  if (!r->oid || !fd_admits(fd)) return;
  fd_entry(fd)->generation = r->slot;
  __atomic_store_n(&fd_entry(fd)->in_place, 1, __ATOMIC_RELEASE);
}

int fd_highest(void) { return highest; }

static void hold_object(uint64_t oid) {
  struct request q = {.op = OP_INHERIT, .data = (const char *)&oid, .data_length = sizeof oid};
  link_tell(&q);
}

static void give_up_object(uint64_t oid) {
  struct request q = {.op = OP_CLOSE, .a = oid};
  link_tell(&q);
}

void fd_duplicated(int from, int to) {
  if (in_vfork_child() || (unsigned)to >= MAX_FDS) return;
  if (fd_kind(from) == FD_FOREIGN) {
    fd_kinds[to] = FD_FOREIGN;
    return;
  }
  struct fd_entry *e = fd_entry(from);
  fd_assign(to, fd_kind(from), e->ino, e->oid, e->slot, e->flags);
  fd_entry(to)->generation = e->generation;
  fd_entry(to)->mapped = e->mapped;
  __atomic_store_n(&fd_entry(to)->in_place, e->in_place, __ATOMIC_RELEASE);
  if (e->oid && fd_kind(from) != FD_KQUEUE) hold_object(e->oid);
  agent_fd_duplicated(from, to);
}

void fd_closing(int fd) {
  enum fd_kind kind = fd_kind(fd);
  if (kind == FD_FOREIGN || in_vfork_child()) return;
  struct fd_entry e = *fd_entry(fd);
  if (e.watched || kind == FD_KQUEUE) agent_fd_closed(fd, kind);
  __atomic_store_n(&fd_kinds[fd], FD_FOREIGN, __ATOMIC_RELEASE);
  fd_entry(fd)->watched = 0;
  if (e.oid && kind != FD_KQUEUE) give_up_object(e.oid);
}

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
  struct request q = {.op = OP_INHERIT, .flags = 1, .data = (const char *)&o.oid, .data_length = sizeof o.oid};
  if (link_begin(&q, &reply, NULL) >= 0)
    fd_assign(fd, (reply->mode & S_IFMT) == S_IFIFO ? FD_FIFO : FD_FILE, reply->ino, o.oid, reply->slot, flags);
  link_end();
}

#if defined(__linux__)
/*
 * A descriptor of the real directory that an overlay stands on. A directory is exchanged for the virtual one; a
 * file open for reading is what it was, in place. One open for writing was opened outside, by whoever started us.
 */
static void recover_real(int fd, const char *path) {
  uint32_t flags = (uint32_t)sys(SYS_fcntl, fd, F_GETFL);
  struct stat st;
  if (sys(SYS_fstat, fd, &st)) return;
  if ((st.st_mode & S_IFMT) == S_IFDIR) {
    long kept = sys(SYS_fcntl, fd, F_GETFD), virtual = on_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (virtual == LEFT_MOUNTS) link_end();
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
/* A virtual program was started from its object: what it really is, and is called. */
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
    struct request q = {.op = OP_INHERIT, .flags = 1, .data = (const char *)&o.oid, .data_length = sizeof o.oid};
    if (link_begin(&q, &reply, NULL) >= 0) executable_ino = reply->ino;
    link_end();
  }
  struct request where = {.op = OP_GETPATH, .dir = executable_ino};
  if (executable_ino && link_begin(&where, &reply, &path) >= 0) {
    char name[16] = "";
    size_t end = reply->data_length, start = end;
    while (start && path[start - 1] != '/') start--;
    bytes_copy(name, path + start, end - start < 15 ? end - start : 15);
    sys(SYS_prctl, 15 /* PR_SET_NAME */, name);
  }
  if (executable_ino) link_end();
}
#endif

void fd_recover_place(void) {
#if defined(__linux__)
  recover_executable();
#endif
  char target[MAX_PATH];
  long length = sys(SYS_getcwd, target, sizeof target);
  struct origin cwd = length > 0 ? origin_of(target, (size_t)length) : (struct origin){FD_FOREIGN, 0, 0};
  if (cwd.kind == FD_DIRECTORY) virtual_cwd = cwd.ino;
#if defined(__linux__)
  else if (session.overlays && length > 0 && under_mount(target) && on_chdir(target) != 0)
    gate_fail("the program is not started: its working directory does not exist in this view");
#endif
}

void fd_recover(void) {
  each_descriptor(fd_identify);
  fd_recover_place();
}

/* Called with the link held, right after Hello on a new connection. */
void fd_inherit(void) {
  uint64_t oids[64];
  uint32_t n = 0;
  for (int fd = 0; fd <= highest; fd++) {
    if ((fd_kinds[fd] == FD_FILE || fd_kinds[fd] == FD_FIFO) && fd_entry(fd)->oid) oids[n++] = fd_entry(fd)->oid;
    if (n && (n == 64 || fd == highest)) {
      struct request q = {.op = OP_INHERIT, .data = (const char *)oids, .data_length = n * 8};
      link_tell_held(&q);
      n = 0;
    }
  }
}
