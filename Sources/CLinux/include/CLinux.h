// The few Linux calls that Swift cannot make by itself: what runs between fork and exec, and variadic functions.
#ifndef CLINUX_H
#define CLINUX_H

#include <sys/signalfd.h>
#include <sys/types.h>

/// Starts `path` with `arguments` (null-terminated) as a process that cannot outlive its parent: when the calling
/// *thread* ends, however it ends, the kernel kills the child. The child leads a process group of its own, so that a
/// Ctrl-C on the terminal reaches the parent alone, and starts with default signal dispositions and no signal blocked.
///
/// Descriptor `n` of the child is `descriptors[n]` for each `n` below `descriptor_count`; every other descriptor of the
/// parent must be close-on-exec.
///
/// Returns 0 and sets `*child`, or returns the errno of the step that failed, exec included; then no child is left.
int linux_spawn_bound(const char *path, char *const arguments[], const int descriptors[], int descriptor_count,
                      pid_t *child);

/// A pipe whose ends (reading, writing) are both close-on-exec; 0 or -1 with errno.
int linux_pipe(int ends[2]);

/// A duplicate, close-on-exec, of descriptor `number` of `process`, which the caller must be allowed to trace (a child
/// is); -1 with errno.
int linux_duplicate_descriptor(pid_t process, int number);

/// Whether /dev/kvm can be used: 0 when a VM could be created, otherwise the errno of the step that failed.
int linux_probe_kvm(void);

#endif
