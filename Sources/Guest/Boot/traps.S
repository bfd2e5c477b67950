// The ring-0 stub: interrupt and exception entries, and the gate through which ring 3 asks for the few things only
// ring 0 can do. On paravirtual hypervisors ring 0 is emulated at about 0.7 us an instruction, so every path is short.
#include "layout.h"

        .section .stub.text, "ax", @progbits
        .code64

// MARK: Interrupts
// Each vector from 32 up marks its byte in `interrupt_pending`; the executor looks there. Nothing else happens here.
        .altmacro
        .macro  interrupt_entry vector
        .align  16
interrupt_\vector:
        .if     \vector == WAKE_VECTOR
        jmp     interrupt_acknowledge
        .elseif \vector == SPURIOUS_VECTOR
        iretq
        .else
        movb    $1, interrupt_pending + \vector(%rip)
        jmp     interrupt_end
        .endif
        .endm

        .globl  interrupt_entries
        .align  16
interrupt_entries:
        .set    vector, 32
        .rept   224
        interrupt_entry %vector
        .set    vector, vector + 1
        .endr

interrupt_end:
        movl    $1, interrupt_pending_any(%rip)
interrupt_acknowledge:
        pushq   %rax
        movl    $LAPIC_EOI, %eax
        movl    $0, (%rax)
        popq    %rax
        iretq

// MARK: Exceptions
// Vectors 8, 10-14, 17, 21, 29 and 30 push an error code (SDM vol. 3, 6.13); the others get a zero in its place.
        .macro  exception_entry vector
        .align  16
exception_\vector:
        .if     (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21) || \
            (\vector == 29) || (\vector == 30)
        .else
        pushq   $0
        .endif
        pushq   $\vector
        .if     \vector == 13
        jmp     general_protection
        .else
        jmp     fault
        .endif
        .endm

        .globl  exception_entries
        .align  16
exception_entries:
        .set    vector, 0
        .rept   32
        exception_entry %vector
        .set    vector, vector + 1
        .endr

// `boot_gate(function, argument 1, argument 2)`: its HLT faults in ring 3, and the fault handler knows the address.
        .text
        .globl  boot_gate
boot_gate:
boot_gate_trap:
        hlt
        ret

        .section .stub.text, "ax", @progbits
// Stack: vector, error code, RIP, CS, RFLAGS, RSP, SS.
general_protection:
        cmpq    $boot_gate_trap, 16(%rsp)
        jne     fault
        testl   %edi, %edi
        jnz     1f
        // Wait while the word at RSI equals EDX. The check and the HLT are one step to interrupts: they are off until
        // STI, whose shadow covers HLT.
        cmpl    %edx, (%rsi)
        jne     gate_return
        sti
        hlt
        cli
        jmp     gate_return
1:      cmpl    $GATE_LOAD_PAGE_TABLES, %edi
        jne     2f
        movq    %rsi, %cr3
        jmp     gate_return
2:      cmpl    $GATE_WRITE_MSR, %edi
        jne     fault
        movl    %esi, %ecx
        movl    %edx, %eax
        shrq    $32, %rdx
        wrmsr
gate_return:
        addq    $16, %rsp
        incq    (%rsp)
        iretq

// Saves the registers and enters `kernel_fault(frame)` in ring 3, on a stack of its own. A fault inside that report
// stops the machine from here.
fault:
        btsl    $0, fault_seen(%rip)
        jc      stop
        pushq   %rax
        pushq   %rbx
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %rbp
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %cr2, %rax
        pushq   %rax
        cld
        movq    %rsp, %rsi
        leaq    fault_frame(%rip), %rdi
        movl    $23, %ecx
        rep     movsq
        leaq    fault_frame(%rip), %rdi
        pushq   $SELECTOR_DATA3
        leaq    fault_stack_top(%rip), %rax
        pushq   %rax
        pushq   $(RFLAGS_INTERRUPTS | 2)
        pushq   $SELECTOR_CODE3
        leaq    fault_ring3(%rip), %rax
        pushq   %rax
        iretq

// Ends the VM with failure: by the exit port, the reset line, or a halt for ever.
stop:
        movl    $EXIT_FAILED, %eax
        outl    %eax, $EXIT_PORT
        movb    $RESET_COMMAND, %al
        outb    %al, $RESET_PORT
1:      cli
        hlt
        jmp     1b

        .text
fault_ring3:
        xorl    %ebp, %ebp
        call    kernel_fault
        ud2

// MARK: Interrupt descriptor table
// The linker script splits the two table addresses; the stub lies in one 64 KiB block below 4 GiB, entries 16 bytes
// apart.
        .section .stub.data, "aw", @progbits
        .align  16
idt:
        .set    vector, 0
        .rept   32
        .word   exception_entries_low + vector * 16
        .word   SELECTOR_CODE0
        .word   0x8e00
        .word   exception_entries_high
        .quad   0
        .set    vector, vector + 1
        .endr
        .set    vector, 0
        .rept   224
        .word   interrupt_entries_low + vector * 16
        .word   SELECTOR_CODE0
        .word   0x8e00
        .word   interrupt_entries_high
        .quad   0
        .set    vector, vector + 1
        .endr
idt_end:
        .globl  idt_pointer
idt_pointer:
        .word   idt_end - idt - 1
        .quad   idt

        .bss
        .align  64
        .globl  interrupt_pending
interrupt_pending:
        .fill   256, 1, 0
        .globl  interrupt_pending_any
interrupt_pending_any:
        .fill   8, 1, 0
fault_seen:
        .fill   8, 1, 0
fault_frame:
        .fill   23, 8, 0
