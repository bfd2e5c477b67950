#define _GNU_SOURCE
#include "CLinux.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

void linux_wait_on_word(uint32_t *word, uint32_t value) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

void linux_wake_word(uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

int linux_allowed_processors(int numbers[], int count_max) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return -1;
    int count = 0;
    for (int number = 0; number < CPU_SETSIZE; number++) {
        if (!CPU_ISSET(number, &allowed)) continue;
        if (count < count_max) numbers[count] = number;
        count++;
    }
    return count;
}

int linux_pin_to_processor(pid_t thread, int number) {
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    CPU_SET(number, &chosen);
    return sched_setaffinity(thread, sizeof chosen, &chosen);
}
