// A started core's way from real mode to ring 3. Core 0 copies this to TRAMPOLINE_ADDRESS, fills in the parameters in
// the next page (Boot.h, boot_core_parameters) and sends INIT and SIPI.
#include "layout.h"

        .section .rodata.trampoline, "a", @progbits
        .globl  trampoline_start
        .globl  trampoline_end
        .code16
trampoline_start:
        cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movl    $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
        movl    %eax, %cr4
        movl    TRAMPOLINE_ROOT, %eax
        movl    %eax, %cr3
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $(EFER_LME | EFER_NXE), %eax
        wrmsr
        lgdtl   TRAMPOLINE_GDT_POINTER
        // Protection and paging at once: the next jump is already into long mode.
        movl    $(CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE), %eax
        movl    %eax, %cr0
        ljmpl   $SELECTOR_CODE0, $core_long_mode
trampoline_end:

        .section .stub.text, "ax", @progbits
        .code64
core_long_mode:
        movl    $SELECTOR_DATA0, %eax
        movl    %eax, %ss
        movq    TRAMPOLINE_RING0_STACK, %rsp
        movl    $SELECTOR_DATA3, %eax
        movl    %eax, %ds
        movl    %eax, %es
        xorl    %eax, %eax
        movl    %eax, %fs
        movl    %eax, %gs
        lidt    idt_pointer(%rip)
        movl    $SELECTOR_TSS, %eax
        ltr     %ax
        call    enable_vector_state
        movq    TRAMPOLINE_THREAD_AREA, %rax
        call    set_fs_base
        movq    TRAMPOLINE_CORE_INDEX, %rdi
        pushq   $SELECTOR_DATA3
        movq    TRAMPOLINE_RING3_STACK, %rax
        pushq   %rax
        pushq   $(RFLAGS_INTERRUPTS | 2)
        pushq   $SELECTOR_CODE3
        leaq    core_ring3_start(%rip), %rax
        pushq   %rax
        iretq

        .text
core_ring3_start:
        xorl    %ebp, %ebp
        call    core_main
        ud2
