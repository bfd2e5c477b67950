// Descriptor tables for cores other than the first, made like those that entry.S lays out for it.
#include "Boot.h"

enum { tss_descriptor_index = 8, tss_available = 0x89 };

void boot_make_core_tables(void *gdt, void *task_state, uint64_t ring0_stack_top) {
    // The segments of entry.S, whose own copy ring 3 cannot read.
    static const uint64_t segments[tss_descriptor_index] = {
        0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff, 0,
    };
    uint64_t *descriptors = gdt;
    for (int index = 0; index < tss_descriptor_index; index++) descriptors[index] = segments[index];
    uint64_t base = (uint64_t)task_state;
    uint64_t limit = boot_tss_bytes - 1;
    descriptors[tss_descriptor_index] = (limit & 0xffff) | (base & 0xffffff) << 16 | (uint64_t)tss_available << 40 |
                                        (limit >> 16) << 48 | (base >> 24 & 0xff) << 56;
    descriptors[tss_descriptor_index + 1] = base >> 32;

    uint8_t *state = task_state;
    __builtin_memcpy(state + 4, &ring0_stack_top, sizeof ring0_stack_top);
    uint16_t bitmap_offset = 104;
    __builtin_memcpy(state + 102, &bitmap_offset, sizeof bitmap_offset);
    state[boot_tss_bytes - 1] = 0xff;
}
