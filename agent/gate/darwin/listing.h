/* Directory streams that stand on a virtual directory (listing.c). */
#pragma once
#include <dirent.h>

DIR *my_opendir(const char *path);
DIR *my_fdopendir(int fd);
struct dirent *my_readdir(DIR *d);
int my_readdir_r(DIR *d, struct dirent *entry, struct dirent **result);
int my_closedir(DIR *d);
long my_telldir(DIR *d);
void my_seekdir(DIR *d, long place);
void my_rewinddir(DIR *d);
