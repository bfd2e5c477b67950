// What Swift sees of the boot stub: the gate to ring 0, pending interrupts, the image's bounds, and instructions that
// Swift has no spelling for.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "contract.h"

// MARK: The gate to ring 0 (traps.S)

enum boot_gate_function {
    boot_gate_wait = 0,
    boot_gate_load_page_tables = 1,
    boot_gate_write_msr = 2,
};

void boot_gate(uint32_t function, uint64_t argument1, uint64_t argument2);

/// Switches to the page tables whose root is at `address`. They must map the running code and its stack.
static inline void boot_load_page_tables(uint64_t address) { boot_gate(boot_gate_load_page_tables, address, 0); }

static inline void boot_write_msr(uint32_t index, uint64_t value) { boot_gate(boot_gate_write_msr, index, value); }

/// One byte a vector, set by the interrupt stub.
extern volatile uint8_t interrupt_pending[256];
/// Set with any of them; idling looks here.
extern volatile uint32_t interrupt_pending_any;

/// Reads and clears the pending mark of `vector`.
static inline bool boot_take_pending(uint8_t vector) {
    if (!interrupt_pending[vector]) return false;
    interrupt_pending[vector] = 0;
    return true;
}

/// Halts until an interrupt, unless `*word` is no longer `expected`: then returns at once. Whoever changes the word
/// and then sends an interrupt cannot be missed.
static inline void boot_wait(volatile uint32_t *word, uint32_t expected) {
    boot_gate(boot_gate_wait, (uint64_t)word, expected);
}

/// Halts core 0 until an interrupt; returns at once when one is already pending.
static inline void boot_idle(void) { boot_wait(&interrupt_pending_any, 0); }

static inline bool boot_is_any_pending(void) { return interrupt_pending_any; }

/// Clears the mark that keeps the gate from halting. Call it before looking at the vectors, never after.
static inline void boot_clear_pending_any(void) { interrupt_pending_any = 0; }

// MARK: Faults

/// The registers at a fault, as `fault` in traps.S saves them.
struct boot_fault_frame {
    uint64_t cr2;
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

// MARK: The image (kernel.ld)

extern const uint8_t image_start[], image_end[];
extern const uint8_t stub_text_start[], stub_text_end[], stub_data_end[];
extern const uint8_t text_start[], text_end[];
extern const uint8_t rodata_start[], rodata_end[];
extern const uint8_t data_start[], data_end[];
extern const uint8_t symbols_start[], symbols_end[];
extern const uint8_t boot_stack_guard[], fault_stack_guard[], fault_stack_top[];
extern uint8_t early_pool[], early_pool_end[];

/// Addresses of the image's parts; each part is page aligned and ends where the next one may begin.
struct boot_image {
    uint64_t start, end;
    /// The ring-0 stub: code, then data.
    uint64_t stub_text_start, stub_text_end, stub_data_end;
    uint64_t text_start, text_end;
    uint64_t rodata_start, rodata_end;
    uint64_t data_start, data_end;
    uint64_t symbols_start, symbols_end;
    /// One page below each ring-3 stack.
    uint64_t boot_stack_guard, fault_stack_guard, fault_stack_top;
    /// Memory for allocations before the memory map is known.
    uint64_t early_pool_start, early_pool_end;
};

static inline struct boot_image boot_image(void) {
    return (struct boot_image){
        .start = (uint64_t)image_start, .end = (uint64_t)image_end,
        .stub_text_start = (uint64_t)stub_text_start, .stub_text_end = (uint64_t)stub_text_end,
        .stub_data_end = (uint64_t)stub_data_end,
        .text_start = (uint64_t)text_start, .text_end = (uint64_t)text_end,
        .rodata_start = (uint64_t)rodata_start, .rodata_end = (uint64_t)rodata_end,
        .data_start = (uint64_t)data_start, .data_end = (uint64_t)data_end,
        .symbols_start = (uint64_t)symbols_start, .symbols_end = (uint64_t)symbols_end,
        .boot_stack_guard = (uint64_t)boot_stack_guard, .fault_stack_guard = (uint64_t)fault_stack_guard,
        .fault_stack_top = (uint64_t)fault_stack_top,
        .early_pool_start = (uint64_t)early_pool, .early_pool_end = (uint64_t)early_pool_end,
    };
}

// MARK: Starting other cores (trampoline.S)

extern const uint8_t trampoline_start[], trampoline_end[];

/// What a starting core is given, in the page after the trampoline's. One core starts at a time.
struct boot_core_parameters {
    uint64_t page_table_root;
    uint16_t gdt_limit;
    uint64_t gdt_base __attribute__((packed, aligned(2)));
    uint16_t reserved[3];
    uint64_t ring0_stack_top, ring3_stack_top;
    uint64_t thread_area;
    uint64_t core_index;
};
_Static_assert(sizeof(struct boot_core_parameters) == 0x38, "layout.h gives the offsets of these fields");

static inline struct boot_core_parameters *boot_core_parameters(void) {
    return (struct boot_core_parameters *)TRAMPOLINE_PARAMETERS;
}

/// Copies the trampoline to its page. Before the final page tables, which make it read-only.
static inline void boot_place_trampoline(void) {
    __builtin_memcpy((void *)TRAMPOLINE_ADDRESS, trampoline_start, trampoline_end - trampoline_start);
}

enum { boot_gdt_bytes = 80, boot_tss_bytes = 104 + 8192 + 1, boot_wake_vector = 33 };

/// Fills in a core's own descriptor table (`boot_gdt_bytes`) and task state (`boot_tss_bytes`, zeroed): segments are
/// those of core 0, the I/O bitmap opens every port.
void boot_make_core_tables(void *gdt, void *task_state, uint64_t ring0_stack_top);

// MARK: Suspending (suspend.S)

/// Ends the machine with the wish that its memory be kept, and returns in a machine made of that memory: on core 0, in
/// ring 3, with interrupts enabled, with the page tables whose root is at `page_table_root`, and with nothing else of
/// what the processor and its devices had been told. Answers the physical address of what whoever resumed it has left
/// for it, or zero when nobody took the wish and the machine is as it was.
uint64_t boot_suspend(uint64_t page_table_root);

// MARK: Instructions

static inline uint64_t boot_rdtsc(void) { return __builtin_ia32_rdtsc(); }

static inline void boot_pause(void) { __builtin_ia32_pause(); }

struct boot_cpuid_result { uint32_t eax, ebx, ecx, edx; };

static inline struct boot_cpuid_result boot_cpuid(uint32_t leaf, uint32_t subleaf) {
    struct boot_cpuid_result r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

static inline void boot_out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void boot_out32(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t boot_in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/// Writes `count` bytes to one port with a single string instruction, which costs one exit rather than one a byte.
static inline void boot_out8_string(uint16_t port, const uint8_t *bytes, uint64_t count) {
    __asm__ volatile("rep outsb" : "+S"(bytes), "+c"(count) : "d"(port) : "memory");
}

/// Has the host make the page at `address` writable; whatever is there, and whoever writes to it, is not disturbed.
static inline void boot_touch(uint64_t address) {
    __asm__ volatile("lock orb $0, (%0)" : : "r"(address) : "memory", "cc");
}

static inline uint32_t boot_mmio_read32(uint64_t address) { return *(volatile uint32_t *)address; }

static inline void boot_mmio_write32(uint64_t address, uint32_t value) { *(volatile uint32_t *)address = value; }

/// Fills `value` from RDRAND; false when the instruction had nothing after ten tries (SDM vol. 1, 7.3.17.1).
static inline bool boot_rdrand(uint64_t *value) {
    for (int attempt = 0; attempt < 10; attempt++) {
        unsigned char ok;
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(ok));
        if (ok) return true;
    }
    return false;
}

/// Calls the code at `address`.
static inline void boot_call(uint64_t address) { ((void (*)(void))address)(); }

static inline uint64_t boot_frame_pointer(void) { return (uint64_t)__builtin_frame_address(0); }
