/* The process that this memory belongs to, and lines on its standard error. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

extern int self_pid; /* a vfork child, which shares this memory, has another */
extern uint32_t process_umask;

/* Before anything else of the gate. */
void process_start(void);
/* This memory is a vfork child's as well, and the child is running. */
bool in_vfork_child(void);
/* From now on a fork is noticed, however it was made. */
void process_watch_forks(void);
/* This memory is a fork child's copy that has not been put in order yet. */
bool process_forked(void);
/* It has been put in order: from now on it is this process's. */
void process_own(void);

/* A line on standard error. */
void gate_log(const char *text);
/* Logs the line and ends the process: a process is covered whole or does not run. */
void gate_fail(const char *text);
/* The value of a variable of the environment, or NULL. */
const char *gate_environment(const char *name);
