// The system calls that are left to a process once it has everything it needs (seccomp(2), classic BPF).
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { INSTRUCTION_COUNT_MAX = 256 };

struct program {
    struct sock_filter instructions[INSTRUCTION_COUNT_MAX];
    unsigned short count;
};

static void add(struct program *program, struct sock_filter instruction) {
    if (program->count < INSTRUCTION_COUNT_MAX) program->instructions[program->count] = instruction;
    program->count++;
}

static void load(struct program *program, size_t offset) {
    add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

static void answer(struct program *program, unsigned action) {
    add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/// The next `count` instructions are for a loaded word that is `value`.
static void if_equal(struct program *program, unsigned value, unsigned char count) {
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
}

/// The next `count` instructions are for a loaded word without any of the bits of `mask`.
static void if_clear(struct program *program, unsigned mask, unsigned char count) {
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, count, 0));
}

/// The low half of an argument; what is compared here has no high half, or the kernel ignores it.
static size_t argument(int index) { return offsetof(struct seccomp_data, args) + 8 * (size_t)index; }

/// Allows `call` when its argument is `value`.
static void allow_with(struct program *program, unsigned call, int index, unsigned value) {
    if_equal(program, call, 4);
    load(program, argument(index));
    if_equal(program, value, 1);
    answer(program, SECCOMP_RET_ALLOW);
    answer(program, SECCOMP_RET_KILL_PROCESS);
}

/// Allows `call` when the protection in its third argument makes nothing executable.
static void allow_without_execution(struct program *program, unsigned call) {
    if_equal(program, call, 4);
    load(program, argument(2));
    if_clear(program, PROT_EXEC, 1);
    answer(program, SECCOMP_RET_ALLOW);
    answer(program, SECCOMP_RET_KILL_PROCESS);
}

int linux_confine(const int calls[], int call_count, unsigned long only_ioctl) {
    struct program program = {.count = 0};
    load(&program, offsetof(struct seccomp_data, arch));
    if_equal(&program, AUDIT_ARCH_X86_64, 1);
    add(&program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
    answer(&program, SECCOMP_RET_KILL_PROCESS);
    load(&program, offsetof(struct seccomp_data, nr));
    for (int index = 0; index < call_count; index++) {
        if_equal(&program, (unsigned)calls[index], 1);
        answer(&program, SECCOMP_RET_ALLOW);
    }
    allow_with(&program, SYS_ioctl, 1, (unsigned)only_ioctl);
    allow_without_execution(&program, SYS_mmap);
    allow_without_execution(&program, SYS_mprotect);
    answer(&program, SECCOMP_RET_KILL_PROCESS);
    if (program.count > INSTRUCTION_COUNT_MAX) return E2BIG;

    struct sock_fprog filter = {.len = program.count, .filter = program.instructions};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    // For all threads of the process; a positive answer is the thread that could not be reached.
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    return result == 0 ? 0 : result < 0 ? errno : ESRCH;
}
