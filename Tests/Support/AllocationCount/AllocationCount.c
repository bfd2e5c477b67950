#include "AllocationCount.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

bool allocation_count_is_available(void) { return false; }
void allocation_count_watch_thread(bool is_watched) { (void)is_watched; }
uint64_t allocation_count(void) { return 0; }

#else

// glibc's own, under the names that it keeps for programs which replace the others.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Thread_local bool is_thread_watched;
static atomic_uint_least64_t allocations;

static void count(void) {
    if (is_thread_watched) atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t count_of_elements, size_t size) {
    count();
    return __libc_calloc(count_of_elements, size);
}

void *realloc(void *block, size_t size) {
    count();
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    count();
    void *block = __libc_memalign(alignment, size);
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

bool allocation_count_is_available(void) { return true; }
void allocation_count_watch_thread(bool is_watched) { is_thread_watched = is_watched; }
uint64_t allocation_count(void) { return atomic_load(&allocations); }

#endif
