#include "include/contract.h"

// Constants shared by the assembly files of the boot stub. Selector numbers are Linux's: a paravirtual hypervisor that
// runs ring 3 natively expects a guest's user segments at these places.
#define SELECTOR_CODE0 0x10
#define SELECTOR_DATA0 0x18
#define SELECTOR_DATA3 0x2b
#define SELECTOR_CODE3 0x33
#define SELECTOR_TSS   0x40
// The access byte of a 64-bit task state segment that is not in use.
#define TSS_AVAILABLE  0x89

#define CR0_PE (1 << 0)
#define CR0_MP (1 << 1)
#define CR0_EM (1 << 2)
#define CR0_TS (1 << 3)
#define CR0_NE (1 << 5)
#define CR0_WP (1 << 16)
#define CR0_PG (1 << 31)
#define CR4_PAE (1 << 5)
#define CR4_OSFXSR (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define CR4_OSXSAVE (1 << 18)

#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)
#define EFER_NXE (1 << 11)
#define MSR_FS_BASE 0xc0000100

#define PAGE_PRESENT (1 << 0)
#define PAGE_WRITE   (1 << 1)
#define PAGE_USER    (1 << 2)
#define PAGE_LARGE   (1 << 7)

// x87, SSE, AVX and the three AVX-512 components of XCR0 (SDM vol. 1, 13.1).
#define XCR0_WANTED 0xe7

#define LAPIC_EOI 0xfee000b0

// The mask registers of the two 8259 interrupt controllers, and what masks every line.
#define PIC_PRIMARY_MASK   0x21
#define PIC_SECONDARY_MASK 0xa1
#define PIC_ALL_LINES      0xff

#define RFLAGS_INTERRUPTS (1 << 9)

// Sizes of the stacks, in bytes. The ring-3 stacks have an unmapped guard page below them.
#define STACK_RING0_BYTES 0x4000
#define STACK_RING3_BYTES 0x100000
#define STACK_FAULT_BYTES 0x10000

// Where core 0 leaves things for a starting core, in the second of its two pages.
#define TRAMPOLINE_ROOT (TRAMPOLINE_PARAMETERS + 0x00)
#define TRAMPOLINE_GDT_POINTER (TRAMPOLINE_PARAMETERS + 0x08)
#define TRAMPOLINE_RING0_STACK (TRAMPOLINE_PARAMETERS + 0x18)
#define TRAMPOLINE_RING3_STACK (TRAMPOLINE_PARAMETERS + 0x20)
#define TRAMPOLINE_THREAD_AREA (TRAMPOLINE_PARAMETERS + 0x28)
#define TRAMPOLINE_CORE_INDEX (TRAMPOLINE_PARAMETERS + 0x30)

// Wakes a halted core and leaves no mark.
#define WAKE_VECTOR 33

// What the interrupt controller delivers when an interrupt is gone before it is taken; such a one is not acknowledged
// (SDM vol. 3, 10.9).
#define SPURIOUS_VECTOR 255

// Serves allocations until the memory map has been read.
#define EARLY_POOL_BYTES 0x10000

// What `boot_gate` can be asked for.
#define GATE_WAIT 0
#define GATE_LOAD_PAGE_TABLES 1
#define GATE_WRITE_MSR 2
