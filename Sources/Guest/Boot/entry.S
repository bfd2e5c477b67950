// Entry of the image: from what a VMM hands over to 64-bit ring 3, where everything else runs.
//
// Two ways in. The PVH note names `pvh_entry` (32-bit protected mode, EBX = hvm_start_info); the ELF header names
// `linux_entry` (64-bit long mode, RSI = boot_params, Linux x86 boot protocol 2.12). Both meet in `enter_ring3`.
//
// A machine made of the memory that another has left in `boot_suspend` (suspend.S) comes in by `pvh_entry` too, and
// returns from there.
#include "layout.h"

// MARK: PVH note (Xen docs/misc/pvh.pandoc: XEN_ELFNOTE_PHYS32_ENTRY = 18)
        .section .note.Xen, "a", @note
        .align  4
        .long   4
        .long   8
        .long   18
        .asciz  "Xen"
        .quad   pvh_entry

        .section .stub.text, "ax", @progbits

// MARK: 32-bit entry
        .code32
        .globl  pvh_entry
pvh_entry:
        cli
        cld
        movl    %ebx, %esi
        movl    $boot_page_map_level4, %eax
        movl    %eax, %cr3
        movl    $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
        movl    %eax, %cr4
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $(EFER_LME | EFER_NXE), %eax
        wrmsr
        movl    $(CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE), %eax
        movl    %eax, %cr0
        lgdt    gdt_pointer
        ljmp    $SELECTOR_CODE0, $long_mode

        .code64
long_mode:
        movl    $0, %edi
        jmp     enter_ring3

// MARK: 64-bit entry
        .globl  linux_entry
linux_entry:
        cli
        cld
        movq    $boot_page_map_level4, %rax
        movq    %rax, %cr3
        lgdt    gdt_pointer
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $EFER_NXE, %eax
        wrmsr
        movq    %cr4, %rax
        orq     $(CR4_OSFXSR | CR4_OSXMMEXCPT), %rax
        movq    %rax, %cr4
        movq    %cr0, %rax
        andq    $~(CR0_EM | CR0_TS), %rax
        orq     $(CR0_WP | CR0_NE | CR0_MP), %rax
        movq    %rax, %cr0
        movl    $1, %edi
        // fall through

// MARK: ring 0 to ring 3
// EDI = boot protocol (0 PVH, 1 Linux), RSI = its parameter block. Neither is touched until `kernel_main`.
enter_ring3:
        // Nothing here uses the two 8259 interrupt controllers, and as they come they deliver lines as vectors 0 to 15,
        // which are exceptions: Firecracker and QEMU's q35 do (Intel 8259A, operation command word 1).
        movb    $PIC_ALL_LINES, %al
        outb    %al, $PIC_PRIMARY_MASK
        outb    %al, $PIC_SECONDARY_MASK
        movl    $SELECTOR_DATA0, %eax
        movl    %eax, %ss
        leaq    boot_ring0_stack_top(%rip), %rsp
        movl    $SELECTOR_DATA3, %eax
        movl    %eax, %ds
        movl    %eax, %es
        xorl    %eax, %eax
        movl    %eax, %fs
        movl    %eax, %gs
        lidt    idt_pointer(%rip)
        // In saved memory the task state is marked as busy, and would be refused.
        movb    $TSS_AVAILABLE, gdt + SELECTOR_TSS + 5(%rip)
        movl    $SELECTOR_TSS, %eax
        ltr     %ax
        call    enable_vector_state
        leaq    boot_thread_area(%rip), %rax
        call    set_fs_base
        movq    suspended_root(%rip), %rax
        testq   %rax, %rax
        jnz     enter_resumed
        pushq   $SELECTOR_DATA3
        leaq    boot_ring3_stack_top(%rip), %rax
        pushq   %rax
        pushq   $(RFLAGS_INTERRUPTS | 2)
        pushq   $SELECTOR_CODE3
        leaq    ring3_start(%rip), %rax
        pushq   %rax
        iretq

// RAX = the page tables that were in force, which map the stub as well.
enter_resumed:
        movq    %rax, %cr3
        pushq   $SELECTOR_DATA3
        pushq   suspended_stack(%rip)
        pushq   $(RFLAGS_INTERRUPTS | 2)
        pushq   $SELECTOR_CODE3
        leaq    ring3_resume(%rip), %rax
        pushq   %rax
        iretq

// Enables what the CPU has of x87, SSE, AVX and AVX-512 state. XCR0 bits are masked by CPUID leaf 0xD: an unsupported
// bit faults. A hypervisor that hides XSAVE from ring 0 runs ring 3 with the host's XCR0.
        .globl  enable_vector_state
enable_vector_state:
        pushq   %rbx
        movl    $1, %eax
        xorl    %ecx, %ecx
        cpuid
        btl     $26, %ecx
        jnc     1f
        movq    %cr4, %rax
        orq     $CR4_OSXSAVE, %rax
        movq    %rax, %cr4
        movl    $0xd, %eax
        xorl    %ecx, %ecx
        cpuid
        andl    $XCR0_WANTED, %eax
        xorl    %edx, %edx
        xorl    %ecx, %ecx
        xsetbv
1:      popq    %rbx
        ret

// RAX = the address that FS-relative accesses (the stack protector's guard at FS:0x28) start from.
        .globl  set_fs_base
set_fs_base:
        movq    %rax, %rdx
        shrq    $32, %rdx
        movl    $MSR_FS_BASE, %ecx
        wrmsr
        ret

        .text
ring3_start:
        xorl    %ebp, %ebp
        call    kernel_main
        ud2

// MARK: Descriptor tables and the first page tables
        .section .stub.data, "aw", @progbits
        .align  16
gdt:
        .quad   0
        .quad   0
        .quad   0x00af9b000000ffff      // 0x10 ring 0, 64-bit code
        .quad   0x00cf93000000ffff      // 0x18 ring 0, data
        .quad   0x00cffb000000ffff      // 0x20 ring 3, 32-bit code (unused; keeps Linux's numbering)
        .quad   0x00cff3000000ffff      // 0x28 ring 3, data
        .quad   0x00affb000000ffff      // 0x30 ring 3, 64-bit code
        .quad   0
        // 0x40 task state segment, 16 bytes; the linker script splits the address, which the assembler cannot
        .word   task_state_limit
        .word   task_state_base_low
        .byte   task_state_base_middle
        .byte   TSS_AVAILABLE
        .byte   0
        .byte   task_state_base_high
        .quad   0
gdt_end:

gdt_pointer:
        .word   gdt_end - gdt - 1
        .quad   gdt

// Task state: RSP0, and an I/O bitmap of zeros that opens every port to ring 3 (IOPL does not survive on every
// hypervisor; the bitmap does).
        .align  4096
        .globl  task_state
task_state:
        .long   0
        .quad   boot_ring0_stack_top
        .fill   90, 1, 0
        .word   io_bitmap - task_state
io_bitmap:
        .fill   8192, 1, 0
        .byte   0xff
task_state_end:
        .set    task_state_limit, task_state_end - task_state - 1

// Identity map of the first 4 GiB with 2 MiB pages, open to ring 3: enough to reach the kernel's own code, which then
// builds the real tables at full speed and loads them through the gate.
        .align  4096
boot_page_map_level4:
        .quad   boot_page_directory_pointers + (PAGE_PRESENT | PAGE_WRITE | PAGE_USER)
        .fill   511, 8, 0
boot_page_directory_pointers:
        .set    directory, 0
        .rept   4
        .quad   boot_page_directories + directory * 4096 + (PAGE_PRESENT | PAGE_WRITE | PAGE_USER)
        .set    directory, directory + 1
        .endr
        .fill   508, 8, 0
boot_page_directories:
        .set    page, 0
        .rept   2048
        .quad   page * 0x200000 + (PAGE_PRESENT | PAGE_WRITE | PAGE_USER | PAGE_LARGE)
        .set    page, page + 1
        .endr

// MARK: Stacks
        .section .stub.bss, "aw", @nobits
        .align  16
        .fill   STACK_RING0_BYTES, 1, 0
boot_ring0_stack_top:

        .section .bss.stacks, "aw", @nobits
        .align  4096
        .globl  boot_stack_guard
boot_stack_guard:
        .fill   4096, 1, 0
        .fill   STACK_RING3_BYTES, 1, 0
boot_ring3_stack_top:
        .globl  fault_stack_guard
fault_stack_guard:
        .fill   4096, 1, 0
        .fill   STACK_FAULT_BYTES, 1, 0
        .globl  fault_stack_top
fault_stack_top:
        .align  64
boot_thread_area:
        .fill   64, 1, 0
        .align  64
        .globl  early_pool
early_pool:
        .fill   EARLY_POOL_BYTES, 1, 0
        .globl  early_pool_end
early_pool_end:
