/* Functions that libSystem exports and the public headers do not declare, or only under other names. */
#pragma once
#include <spawn.h>
#include <sys/types.h>
#include <sys/uio.h>

ssize_t pwrite_nocancel(int, const void *, size_t, off_t) __asm("_pwrite$NOCANCEL");
ssize_t writev_nocancel(int, const struct iovec *, int) __asm("_writev$NOCANCEL");
ssize_t pwritev_nocancel(int, const struct iovec *, int, off_t) __asm("_pwritev$NOCANCEL");
/* macOS 11: named here without its availability, because the interposing tuple is weak anyway. */
ssize_t pwritev_any(int, const struct iovec *, int, off_t) __asm("_pwritev");
int creat_nocancel(const char *, mode_t) __asm("_creat$NOCANCEL");
ssize_t __getdirentries64(int fd, void *to, size_t n, off_t *base);
int kevent_qos(int, const void *, int, void *, int, void *, size_t *, unsigned);
int guarded_kqueue_np(const void *guard, unsigned flags);

/* sys/xattr.h (xnu bsd/sys): not in the headers of every compiler at hand. */
enum { XATTR_NOFOLLOW_ = 1,
       XATTR_CREATE_ = 2,
       XATTR_REPLACE_ = 4 };
ssize_t getxattr(const char *, const char *, void *, size_t, uint32_t, int);
ssize_t fgetxattr(int, const char *, void *, size_t, uint32_t, int);
int setxattr(const char *, const char *, const void *, size_t, uint32_t, int);
int fsetxattr(int, const char *, const void *, size_t, uint32_t, int);
ssize_t listxattr(const char *, char *, size_t, int);
ssize_t flistxattr(int, char *, size_t, int);
int removexattr(const char *, const char *, int);
int fremovexattr(int, const char *, int);
