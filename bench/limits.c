// limits THREADS: what this machine can do at most, as one JSON object: bytes read from memory a second, and int8
// multiply-accumulates a second with VNNI (null where the processor or the compiler's target has none). Each is the
// best of several tries by THREADS pinned threads.
//
// The yardstick of every share that the benchmarks report: decode cannot read weights faster than the first, prefill
// cannot multiply faster than the second.

#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum {
    THREAD_COUNT_MAX = 64,
    TRY_COUNT = 5,
    // Far more than any cache holds.
    BYTES_PER_THREAD = 512 << 20,
    PRODUCT_ROUNDS = 20 * 1000 * 1000,
    // Enough independent accumulators to hide an instruction's latency.
    ACCUMULATOR_COUNT = 12,
    MACS_PER_PRODUCT = 64,
};

static pthread_barrier_t barrier;
static int thread_count;
static uint64_t sink;

struct task {
    pthread_t thread;
    int number;
    double (*work)(void *memory);
    void *memory;
    double amount;
    double seconds[TRY_COUNT];
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

/// Reads all of the thread's memory; returns bytes.
static double read_memory(void *memory) {
    const uint64_t *words = memory;
    uint64_t sums[8] = {0};
    for (size_t index = 0; index < BYTES_PER_THREAD / sizeof *words; index += 8)
        for (int lane = 0; lane < 8; lane++) sums[lane] += words[index + lane];
    for (int lane = 0; lane < 8; lane++) __atomic_fetch_xor(&sink, sums[lane], __ATOMIC_RELAXED);
    return BYTES_PER_THREAD;
}

#ifdef __AVX512VNNI__
/// Multiplies and accumulates in registers; returns products.
static double multiply(void *memory) {
    (void)memory;
    __m512i sums[ACCUMULATOR_COUNT], left = _mm512_set1_epi8(3), right = _mm512_set1_epi8(5);
    for (int index = 0; index < ACCUMULATOR_COUNT; index++) sums[index] = _mm512_set1_epi32(index);
    for (int round = 0; round < PRODUCT_ROUNDS / ACCUMULATOR_COUNT; round++) {
        for (int index = 0; index < ACCUMULATOR_COUNT; index++)
            sums[index] = _mm512_dpbusd_epi32(sums[index], left, right);
        // Keeps the compiler from working the loop out.
        __asm__ volatile("" : "+v"(left), "+v"(right));
    }
    for (int index = 1; index < ACCUMULATOR_COUNT; index++) sums[0] = _mm512_add_epi32(sums[0], sums[index]);
    __atomic_fetch_xor(&sink, (uint64_t)_mm512_reduce_add_epi32(sums[0]), __ATOMIC_RELAXED);
    return (double)(PRODUCT_ROUNDS / ACCUMULATOR_COUNT) * ACCUMULATOR_COUNT * MACS_PER_PRODUCT;
}
#endif

static void *run(void *argument) {
    struct task *task = argument;
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(task->number, &processors);
    pthread_setaffinity_np(pthread_self(), sizeof processors, &processors);
    for (int try = 0; try < TRY_COUNT; try++) {
        pthread_barrier_wait(&barrier);
        double start = now();
        task->amount = task->work(task->memory);
        pthread_barrier_wait(&barrier);
        task->seconds[try] = now() - start;
    }
    return NULL;
}

/// The best try's total amount a second.
static double best(double (*work)(void *), struct task *tasks) {
    for (int number = 0; number < thread_count; number++) {
        tasks[number].number = number;
        tasks[number].work = work;
        if (pthread_create(&tasks[number].thread, NULL, run, &tasks[number]) != 0) exit(71);
    }
    double total = 0, found = 0;
    for (int number = 0; number < thread_count; number++) {
        pthread_join(tasks[number].thread, NULL);
        total += tasks[number].amount;
    }
    for (int try = 0; try < TRY_COUNT; try++) {
        double rate = total / tasks[0].seconds[try];
        if (rate > found) found = rate;
    }
    return found;
}

int main(int argument_count, char **arguments) {
    thread_count = argument_count > 1 ? atoi(arguments[1]) : 1;
    if (thread_count < 1 || thread_count > THREAD_COUNT_MAX) {
        fprintf(stderr, "usage: limits THREADS (1 to %d)\n", THREAD_COUNT_MAX);
        return 64;
    }
    static struct task tasks[THREAD_COUNT_MAX];
    pthread_barrier_init(&barrier, NULL, thread_count);
    for (int number = 0; number < thread_count; number++) {
        void *memory = mmap(NULL, BYTES_PER_THREAD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return 71;
        madvise(memory, BYTES_PER_THREAD, MADV_HUGEPAGE);
        for (size_t offset = 0; offset < BYTES_PER_THREAD; offset += 64) ((char *)memory)[offset] = (char)offset;
        tasks[number].memory = memory;
    }
    printf("{\"threads\": %d, \"read_bytes_per_second\": %.4g, ", thread_count, best(read_memory, tasks));
#ifdef __AVX512VNNI__
    printf("\"vnni_macs_per_second\": %.4g}\n", best(multiply, tasks));
#else
    printf("\"vnni_macs_per_second\": null}\n");
#endif
    return 0;
}
