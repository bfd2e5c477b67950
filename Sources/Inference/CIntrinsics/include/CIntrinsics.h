// Processor instructions that Swift cannot name itself.
//
// Intrinsics that are functions in <immintrin.h> reach Swift by their own names; those that are macros (their last
// operand is an immediate) get a function here that says what the immediate means. Each block exists only
// where its instruction set is enabled, so a target that was not compiled for AVX-512 cannot use it by accident.
#ifndef C_INTRINSICS_H
#define C_INTRINSICS_H

#include <immintrin.h>
#include <stdint.h>

#define INTRINSIC static inline __attribute__((always_inline))

typedef struct {
    uint32_t eax, ebx, ecx, edx;
} processor_identification;

INTRINSIC processor_identification processor_identification_leaf(uint32_t leaf, uint32_t subleaf) {
    processor_identification result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
    return result;
}

/// XCR0: the register states that the operating system saves. Only where CPUID says OSXSAVE.
INTRINSIC uint64_t extended_control_register_0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

/// Tells the processor that this is a loop that waits for another core.
INTRINSIC void spin_pause(void) { _mm_pause(); }

/// Cycles at a constant rate, in step on all cores.
INTRINSIC uint64_t timestamp_counter(void) { return __rdtsc(); }

#ifdef __AVX2__

INTRINSIC __m128 upper_half_float(__m256 v) { return _mm256_extractf128_ps(v, 1); }
INTRINSIC __m128i upper_half_integer(__m256i v) { return _mm256_extracti128_si256(v, 1); }

/// All bits of the lanes in which two vectors are equal.
INTRINSIC __m256 equal_lanes(__m256 a, __m256 b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }

/// Eight floats as binary16, rounded to nearest even.
INTRINSIC __m128i binary16_from_float(__m256 v) {
    return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

#endif

#ifdef __AVX512VNNI__

/// Asks for the cache line at `address`, which need not be mapped, into the second-level cache.
INTRINSIC void prefetch_for_later(const void *address) { _mm_prefetch((const char *)address, _MM_HINT_T1); }

/// Of two registers of four 128-bit lanes each, lanes 0 and 2 (1 and 3) of the first, then those of the second.
INTRINSIC __m512i even_lanes(__m512i a, __m512i b) { return _mm512_shuffle_i32x4(a, b, 0x88); }
INTRINSIC __m512i odd_lanes(__m512i a, __m512i b) { return _mm512_shuffle_i32x4(a, b, 0xdd); }

#endif

#endif
