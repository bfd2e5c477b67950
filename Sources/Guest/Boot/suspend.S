// Leaves a machine and comes back in another one that is made of the first one's memory. Only memory is carried over:
// what a function's caller expects in registers is on the stack, and everything else is made as at a boot (entry.S).
#include "layout.h"

        .text
// `boot_suspend(page_table_root)`: see Boot.h.
        .globl  boot_suspend
boot_suspend:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, suspended_stack(%rip)
        movq    %rdi, suspended_root(%rip)
        movl    $EXIT_SUSPENDED, %eax
        outl    %eax, $EXIT_PORT
        // Nobody listens there: the machine goes on as it was.
        xorl    %esi, %esi
        // fall through

// RSI = what the monitor handed over at the entry, RSP = `suspended_stack`.
        .globl  ring3_resume
ring3_resume:
        movq    $0, suspended_root(%rip)
        movq    %rsi, %rax
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret

        .bss
        .align  8
        .globl  suspended_root
// Not zero while the memory is one to be resumed.
suspended_root:
        .quad   0
        .globl  suspended_stack
suspended_stack:
        .quad   0
