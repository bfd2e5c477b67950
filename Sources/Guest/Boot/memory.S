// The memory routines that compiled code calls by name. String instructions are at full speed on every CPU with ERMS.
        .text
        .globl  memcpy
        .globl  memmove
memmove:
        movq    %rdi, %rax
        subq    %rsi, %rax
        cmpq    %rdx, %rax              // destination inside the source: copy from the end
        jb      1f
memcpy:
        movq    %rdi, %rax
        movq    %rdx, %rcx
        rep     movsb
        ret
1:      movq    %rdi, %rax
        testq   %rdx, %rdx
        jz      2f
        // Backwards in 8-byte steps while they fit: STD makes REP MOVSB run a byte a cycle and worse.
3:      cmpq    $8, %rdx
        jb      4f
        movq    -8(%rsi,%rdx), %rcx
        movq    %rcx, -8(%rdi,%rdx)
        subq    $8, %rdx
        jmp     3b
4:      testq   %rdx, %rdx
        jz      2f
5:      movb    -1(%rsi,%rdx), %cl
        movb    %cl, -1(%rdi,%rdx)
        decq    %rdx
        jnz     5b
2:      ret

        .globl  memset
memset:
        movq    %rdi, %r8
        movl    %esi, %eax
        movq    %rdx, %rcx
        rep     stosb
        movq    %r8, %rax
        ret
