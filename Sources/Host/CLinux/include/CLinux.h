// The few Linux calls that Swift cannot make by itself: what runs between fork and exec, and variadic functions.
#ifndef CLINUX_H
#define CLINUX_H

#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
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

/// Blocks while `*word` is `value`, unless somebody calls `linux_wake_word`; may return early.
void linux_wait_on_word(uint32_t *word, uint32_t value);

/// Wakes all threads of this process that wait on `word`.
void linux_wake_word(uint32_t *word);

/// The processors on which the calling thread may run, ascending; at most `count_max` of them are written to `numbers`.
/// Returns how many there are, or -1 with errno.
int linux_allowed_processors(int numbers[], int count_max);

/// Confines a thread (0: the calling one) to one processor; 0 or -1 with errno.
int linux_pin_to_processor(pid_t thread, int number);

/// A descriptor, close-on-exec and non-blocking, from which eight bytes can be read at any time; -1 with errno.
int linux_always_readable(void);

/// Takes the next connection of a listening socket, close-on-exec and non-blocking; -1 with errno.
int linux_accept(int listener);

/// What lseek(2) is to look for, by the numbers of linux/fs.h: the C library shows them to GNU programs alone.
static const int linux_seek_data = 3;
static const int linux_seek_hole = 4;

/// Locks the pages of a mapping once each is touched, and not before (mlock2 with MLOCK_ONFAULT); 0 or an errno.
int linux_lock_on_fault(void *address, size_t byte_count);

/// Leaves to all threads of this process the system calls in `calls`, `mmap` and `mprotect` that make nothing
/// executable, and the one `ioctl` request `only_ioctl`; any other call kills the process. There is no way back.
/// 0 or an errno.
int linux_confine(const int calls[], int call_count, unsigned long only_ioctl);

/// Opens the tap interface `name`, which is made if it is not there and the caller may; close-on-exec, non-blocking,
/// one Ethernet frame a read or write. -1 with errno.
int linux_open_tap(const char *name);

/// Gives a thread a name of up to 15 bytes.
void linux_name_thread(pthread_t thread, const char *name);

/// Whether /dev/kvm can be used: 0 when a VM could be created, otherwise the errno of the step that failed.
int linux_probe_kvm(void);

#endif
