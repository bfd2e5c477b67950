#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { DESCRIPTOR_COUNT_MAX = 16 };

// Runs in the child, in the parent's memory. Only async-signal-safe calls: another thread may hold any lock.
static int become(const char *path, char *const arguments[], const int descriptors[], int count, pid_t parent) {
    if (setpgid(0, 0) != 0) return errno;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
    // The parent may have died before the request was in place; nobody would send the signal then.
    if (getppid() != parent) return ESRCH;

    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0) return errno;

    // Out of the way first: a source may itself be one of the numbers about to be assigned.
    int sources[DESCRIPTOR_COUNT_MAX];
    for (int number = 0; number < count; number++) {
        sources[number] = fcntl(descriptors[number], F_DUPFD_CLOEXEC, count);
        if (sources[number] < 0) return errno;
    }
    for (int number = 0; number < count; number++)
        if (dup2(sources[number], number) < 0) return errno;

    execve(path, arguments, environ);
    return errno;
}

int linux_spawn_bound(const char *path, char *const arguments[], const int descriptors[], int descriptor_count,
                      pid_t *child) {
    if (descriptor_count < 0 || descriptor_count > DESCRIPTOR_COUNT_MAX) return EINVAL;
    sigset_t all, before;
    sigfillset(&all);
    // No handler of ours may run in the child, which has our memory until it is another program.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    volatile int failure = 0;
    // Not fork: copying the page tables of a program of this size takes half a millisecond.
    pid_t process = vfork();
    if (process == 0) {
        failure = become(path, arguments, descriptors, descriptor_count, parent);
        _exit(127);
    }
    if (process < 0) failure = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (process > 0 && failure != 0) waitpid(process, NULL, 0);
    if (failure == 0) *child = process;
    return failure;
}

int linux_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

int linux_duplicate_descriptor(pid_t process, int number) {
    int handle = (int)syscall(SYS_pidfd_open, process, 0);
    if (handle < 0) return -1;
    int duplicate = (int)syscall(SYS_pidfd_getfd, handle, number, 0);
    int failure = errno;
    close(handle);
    errno = failure;
    return duplicate;
}

int linux_always_readable(void) {
    int descriptor = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return -1;
    // Each read takes one: this lasts for centuries.
    uint64_t count = UINT64_MAX - 1;
    if (write(descriptor, &count, sizeof count) == sizeof count) return descriptor;
    int failure = errno;
    close(descriptor);
    errno = failure;
    return -1;
}

int linux_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int linux_lock_on_fault(void *address, size_t byte_count) {
    return syscall(SYS_mlock2, address, byte_count, MLOCK_ONFAULT) == 0 ? 0 : errno;
}

void linux_name_thread(pthread_t thread, const char *name) {
    pthread_setname_np(thread, name);
}

int linux_open_tap(const char *name) {
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    if (strlen(name) >= sizeof request.ifr_name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(request.ifr_name, name);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) return -1;
    if (ioctl(device, TUNSETIFF, &request) == 0) return device;
    int failure = errno;
    close(device);
    errno = failure;
    return -1;
}

int linux_probe_kvm(void) {
    int device = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (device < 0) return errno;
    int failure = 0;
    if (ioctl(device, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
        failure = ENOSYS;
    } else {
        int machine = ioctl(device, KVM_CREATE_VM, 0);
        if (machine < 0) failure = errno;
        else close(machine);
    }
    close(device);
    return failure;
}
