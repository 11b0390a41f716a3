/*
 * The gate: a small library inside every covered process. It sees the file calls, lets foreign ones go on
 * untouched, and asks the host about those that concern a virtual file.
 *
 * Rules of this folder. Everything here may run in a signal handler, in a vfork child, on an 8 KiB stack and
 * with any lock of the program held: no malloc, no stdio, no libc call that is not a plain system call, no
 * lock held across fork, no floating point or vector register (a call site that was a `syscall` instruction
 * expects them preserved).
 */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "wire.h"

/* A handler's answer for "this call is not about a virtual file": the caller makes the native call. */
#define NOT_OURS ((long)0x8000000000000001)

#ifndef O_PATH
#define O_PATH 0 /* Linux's */
#endif

#define MAX_FDS SHIMFS_MAX_FDS
#define MAX_PATH 4096

/* ---- session: what the process was started with (session.c) ---- */

struct mount_point {
  const char *path; /* normalised, absolute, no trailing slash */
  uint32_t length;
};

struct session {
  bool active;   /* false: every call is foreign */
  bool overlays; /* some mounts exist on the real filesystem, too */
  uint32_t binding;
  uint32_t mount_count;
  struct mount_point mounts[SHIMFS_MAX_MOUNTS];
  volatile struct shimfs_shared *shared;
  volatile uint8_t *watched;
  volatile uint32_t *dirty;
  volatile uint32_t *generations;
  uint32_t rebindings; /* the shared page's, when `binding` was last known to be ours */
  const char *directory; /* the object directory, absolute */
  uint32_t directory_length;
  uint32_t owner; /* user id of the host */
  int keepalive; /* inherited by every descendant; the starter sees its end when the last has gone */
};
extern struct session session;

bool session_open(const char *directory, uint32_t binding);
bool session_host_alive(void);
/* For this process alone: it has found that nobody serves the session. The others find out for themselves. */
void session_lose(void);
/* The object directory's own name, without what leads to it. */
const char *session_base(void);
extern char session_value[SHIMFS_MAX_SESSION_VALUE]; /* of the environment variable */
extern char gate_path[SHIMFS_MAX_GATE_PATH];         /* of this library */
/* Writes `<object dir>/<area>/<name>` and a NUL. */
void session_object_path(char *out, const char *area, const char *name);
/* A name in the object directory, or an absolute one, as a host tells it: whole, with a NUL. 0 or -ENAMETOOLONG. */
long session_real_path(char *out, const char *name, size_t length);
/* Does the name, in the object directory, lie in a mirror (core/inotify)? */
bool session_mirrored(const char *name, size_t length);
#if defined(__linux__)
/* Takes over a descriptor, or finds the program, that a mirror's name leads to (linux/watch.c). */
bool recover_watched(int fd, const char *target, size_t length);
uint64_t watched_executable(const char *target, size_t length);
#endif
/* Before a child is started: the host may have bound this process to another branch. */
void binding_refresh(void);

/* ---- start (start.c) ---- */
extern uint32_t process_umask;
extern int self_pid; /* of the process this memory belongs to; a vfork child has another */
extern volatile int canary_calls, canary_armed; /* counted by the dispatcher while armed */
bool in_vfork_child(void);
void gate_fail(const char *what); /* says it on stderr and ends the process: never half covered */
void gate_say(const char *what);
const char *gate_environment(const char *name);

/* ---- link: the connection to the host (link.c) ---- */

struct request {
  uint16_t op;
  uint32_t flags, mode;
  uint64_t dir, dir2, a, b;
  const char *path, *path2, *data;
  uint32_t path_length, path2_length, data_length;
};

/*
 * One question, one answer. Blocks signals and takes the link's lock from begin to end, so the reply, which
 * lives in the link's own buffer, may be read in between.
 * link_begin returns the host's result (≥ 0 or -errno; -EIO when the host is gone).
 */
long link_begin(const struct request *q, const struct shimfs_reply **reply, const char **data);
void link_end(void);
/* For questions whose answer is only a number. */
long link_ask(const struct request *q);
/* For a question whose answer may bring a descriptor along (-1: none). */
long link_receive(const struct request *q, struct shimfs_reply *reply, int *passed);
/* No answer is expected. */
void link_tell(const struct request *q);
void link_start(void);
void link_start_child(void);
void link_stop(void);
void link_release_descriptor(void);
void link_after_fork(int parent_pid);
/* This memory is a fork child's copy that has not been put in order yet. */
bool link_forked(void);
/* A connection of its own in the given role, Hello exchanged; -errno on failure. */
int link_open(uint32_t role);
long link_exchange(int fd, const struct request *q);
/* For link.c's own use while it holds the link. */
void link_tell_held(const struct request *q);
/* A connection of ours stands in the way of dup2: put it elsewhere. */
void link_move_away(int fd);
uint64_t link_last_seq(void);
bool link_stands(void);

/* ---- lock (lock.c) ---- */
bool lock_take(uint32_t *lock);
void lock_give(uint32_t *lock);

/* ---- protected descriptors (descriptor.c) ---- */
void protect_fd(int fd, bool on);
bool is_protected_fd(int fd);
/* Came with Frida: a mass close leaves it alone. */
void keep_fd(int fd);
/* The lowest protected or kept descriptor ≥ from; UINT_MAX when there is none. */
unsigned next_protected_fd(unsigned from);
int raise_fd(int fd, bool close_on_exec);

/* ---- FdIndex: descriptor → inode (fd_index.c) ---- */
enum fd_kind { FD_FOREIGN = 0, FD_FILE = 1, FD_DIRECTORY = 2, FD_KQUEUE = 3, FD_FIFO = 4 };
struct fd_entry {
  uint64_t ino;
  uint64_t oid;
  uint32_t slot;  /* of a directory: is it a mirror's? */
  uint32_t flags; /* O_* it was opened with */
  uint8_t watched; /* the agent holds a knote on this number */
  uint8_t in_place; /* a real file, read where it is: `oid` is the reader's number */
  uint8_t mapped;   /* in place, and mapped */
  uint32_t generation; /* in place: the inode's counter when it was last known not to be copied up */
};
extern uint8_t fd_kinds[MAX_FDS];
/* Of a descriptor that is not virtual: an entry of zeros. */
struct fd_entry *fd_entry(int fd);
/* Is there room to remember this number? Asked before a call that made it answers; `false`: close it, and fail. */
bool fd_admits(long fd);
static inline enum fd_kind fd_kind(long fd) {
  return (unsigned long)fd < MAX_FDS ? (enum fd_kind)fd_kinds[fd] : FD_FOREIGN;
}
static inline bool fd_virtual(long fd) {
  enum fd_kind k = fd_kind(fd);
  return k == FD_FILE || k == FD_DIRECTORY || k == FD_FIFO;
}
void fd_assign(int fd, enum fd_kind kind, uint64_t ino, uint64_t oid, uint32_t slot, uint32_t flags);
void fd_assign_in_place(int fd, const struct shimfs_reply *r, uint32_t flags);
int fd_highest(void);
void fd_duplicated(int from, int to);
void fd_closing(int fd); /* before the number is free again */
void fd_recover(void);   /* after exec: from what the descriptors point at */
void fd_recover_place(void); /* of that, the program's own name and its working directory */
/* Of a descriptor made elsewhere: remembers what it stands for, if the path it points at is the session's. */
void fd_identify(int fd, const char *path, size_t length);
void fd_inherit(void);   /* on a new connection: tell the host what we hold */

/* ---- agent (agent.c): what the gate tells the Frida agent, if there is one ---- */
void agent_fd_closed(int fd, enum fd_kind kind);
void agent_fd_duplicated(int from, int to);
void agent_after_fork(void);

/* ---- scratch (scratch.c): room for whole paths, off the stack ---- */
struct scratch {
  char path[MAX_PATH], link[MAX_PATH], plain[MAX_PATH];
};
struct scratch *scratch_take(void); /* NULL: no memory */
void scratch_give(struct scratch *s);

/* ---- paths (path.c) ---- */
struct place {
  uint64_t dir;
  const char *path;
  uint32_t length;
};
extern uint64_t virtual_cwd; /* inode, 0 when the working directory is foreign */
void cwd_changed(uint64_t ino);
uint64_t cwd_inode(void);
/* Is this about a virtual file? Fills `out`. An empty path is not: the kernel has the answer (ENOENT). */
bool place_of(long dirfd, const char *path, struct place *out);
/* The same with the AT_ flags of a call: an empty path may be `dirfd` itself, /proc/self/fd/N what it leads to. */
bool place_at(long dirfd, const char *path, long flags, struct place *out);
/* The inode behind a name of our own descriptors or working directory (proc_path.c); 0: it is none of these. */
uint64_t proc_inode(const char *path, const char **rest);
extern uint64_t executable_ino; /* of a virtual program */
/* Might it be one of those? */
static inline bool proc_like(const char *p) {
  if (p[0] != '/') return false;
  if (p[1] == 'p') return p[2] == 'r';
  return p[1] == 'd' && p[2] == 'e' && p[3] == 'v' && p[4] == '/' && (p[5] == 'f' || (p[5] == 's' && p[6] == 't'));
}
bool proc_executable(const char *path);
/* The same for a path that the kernel did not find: through symlinks, `..` and foreign directories. */
bool place_behind(long dirfd, const char *path, struct place *out, struct scratch *room);
/* Was it found before to lead nowhere near a mount? */
bool place_elsewhere(long dirfd, const char *path);
bool under_mount(const char *absolute);
/* Of a path's directory part. A relative one counts for the working directory it was asked in; 0: not to be remembered. */
uint64_t hash_directory(long dirfd, const char *path, size_t length);
/* Does a path that looks foreign lead into a mount? Asked before the native call where there are overlays (overlay.c). */
bool place_ahead(long dirfd, const char *path, bool follow, struct place *out, struct scratch *room);
/* Is that known not to be so, as long as the path does not end in a symbolic link? */
bool leads_nowhere(long dirfd, const char *path);
void overlay_forget(void);
/* A symlink came or a directory moved: what led nowhere may lead somewhere now. */
void paths_forget(void);
void paths_start(void); /* once the mounts are known */

/* ---- handlers, by noun; each returns ≥ 0, -errno or NOT_OURS ---- */
struct arguments; /* platform's saved registers */

long on_open(long dirfd, const char *path, long flags, long mode);
long on_stat(long dirfd, const char *path, long flags, struct stat *out);
long on_statx(long dirfd, const char *path, long flags, unsigned mask, void *out);
long on_fstat(long fd, struct stat *out);
long on_access(long dirfd, const char *path, long mode, long flags);
long on_path_op(uint16_t op, long dirfd, const char *path, uint32_t flags, uint32_t mode, uint64_t a, uint64_t b);
long on_fd_op(uint16_t op, long fd, uint32_t mode, uint64_t a, uint64_t b);
long on_rename(long fromdir, const char *from, long todir, const char *to, uint32_t flags);
long on_link(long fromdir, const char *from, long todir, const char *to, uint32_t flags);
long on_symlink(const char *target, long dirfd, const char *path);
long on_readlink(long dirfd, const char *path, char *out, size_t size);
long on_utimens(long dirfd, const char *path, const struct timespec *times, long flags);
long on_getxattr(long dirfd, const char *path, const char *name, void *value, size_t size, bool follow);
long on_setxattr(long dirfd, const char *path, const char *name, const void *value, size_t size, uint32_t flags, bool follow);
long on_listxattr(long dirfd, const char *path, char *list, size_t size, bool follow);
long on_removexattr(long dirfd, const char *path, const char *name, bool follow);
long on_getdents(long fd, void *out, size_t size);
long on_statfs(long fd, const char *path, void *out);
long on_chdir(const char *path);
long on_fchdir(long fd);
long on_getcwd(char *out, size_t size);
long on_close(long fd);
/* A write to a virtual file's descriptor: native, with the mark before and the ring after it. */
long native_write(long nr, long fd, const struct arguments *a);
/* The platform's call as it would have been without us (linux/calls.c, darwin/calls.c). */
long native_call(long nr, const struct arguments *a);
/* Linux: mount points stand in the listing of their parent (linux/listing.c). */
void listing_start(void);
#if defined(__linux__)
/* A real file of an overlay, read in place (linux/in_place.c): moves on to its copy, if there is one by now. */
void follow_copy(long fd);
void follow_copies(void);
void adopt_in_place(int fd, const char *path, uint32_t flags);
/* Opens the real FIFO that a virtual one stands for, made when it is first wanted (linux/special.c). May block. */
long open_fifo(const char *real, long flags);
#endif
/* Returns only on failure. */
long on_execve(long dirfd, const char *path, char *const argv[], char *const envp[], long flags);

/*
 * The path leads out of the mounts (a symlink, or `..` at a root). The link is still held and
 * link_exit_path() tells the real path; whoever sees this copies it, ends the link, and makes the native call.
 */
#define LEFT_MOUNTS ((long)0x8000000000000002)
const char *link_exit_path(uint32_t *length);

/* ---- what stat said before (cache.c) ---- */
struct place;
/* Fills `out` with the host's earlier answer to the same question, if it still holds. */
bool cache_find(const struct place *p, uint32_t flags, struct shimfs_reply *out);
/* Remembers an answer whose data names what it depends on. Called with the link held. */
void cache_keep(const struct place *p, uint32_t flags, const struct shimfs_reply *reply, const char *data);

/* ---- small text (text.c) ---- */
size_t text_length(const char *s);
bool text_equal(const char *a, const char *b, size_t n);
void bytes_copy(void *to, const void *from, size_t n);
void bytes_zero(void *to, size_t n);
char *text_number(char *out, uint64_t value); /* returns the end */
bool text_parse(const char **at, uint64_t *out);

/* ---- the program's memory (linux/memory.c): what the kernel would answer EFAULT for ---- */
#if defined(__linux__)
bool readable(const void *p, size_t n);
bool readable_byte(const void *p);
/* May overwrite the first bytes. */
bool writable(void *p, size_t n);
/* The text's length, `limit` when it is longer, or -EFAULT. */
long readable_text(const char *s, size_t limit);
#endif

/* Addresses the kernel would answer EFAULT for must not fault in us: the obvious ones go to the kernel. */
#if defined(__aarch64__) && defined(__linux__)
enum { ADDRESS_BITS = 52 }; /* 48, and up to 52 where the kernel is built so; the stack is near the top */
#else
enum { ADDRESS_BITS = 47 };
#endif
static inline bool plausible(const void *p) {
  return (uintptr_t)p >= 4096 && (uintptr_t)p < (uintptr_t)1 << ADDRESS_BITS;
}
#if !defined(__linux__)
static inline bool readable_byte(const void *p) { return plausible(p); }
static inline bool readable(const void *p, size_t n) { return !n || plausible(p); }
static inline bool writable(void *p, size_t n) { return !n || plausible(p); }
static inline long readable_text(const char *s, size_t limit) {
  size_t n = plausible(s) ? text_length(s) : 0;
  return !plausible(s) ? -EFAULT : n < limit ? (long)n : (long)limit;
}
#endif
