// Counts the heap allocations of chosen threads. The functions of the malloc family below stand in for the C library's
// in the whole test program and hand every call on to it.
#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdbool.h>
#include <stdint.h>

/// Whether allocations can be counted here: sanitizers bring an allocator of their own.
bool allocation_count_is_available(void);

/// From now on, or no longer, the calling thread's allocations count.
void allocation_count_watch_thread(bool is_watched);

/// Allocations of watched threads so far.
uint64_t allocation_count(void);

#endif
