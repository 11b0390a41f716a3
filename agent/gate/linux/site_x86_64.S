/*
 * Where a patched `syscall` instruction of libc lands, by way of its trampoline (patch_x86_64.c):
 *
 *     lea  -128(%rsp), %rsp     step over the red zone
 *     mov  $resume, %r11        the site's next instruction
 *     call shimfs_site_entry
 *
 * The kernel clobbers rax, rcx and r11 only; so do we. The frame description tells an unwinder that we were
 * called from the site itself, so a thread that is cancelled in here runs its clean-up handlers.
 */
    .text
    .globl  shimfs_site_entry
    .hidden shimfs_site_entry
    .type   shimfs_site_entry, @function
    .p2align 4
shimfs_site_entry:
    .cfi_startproc
    .cfi_def_cfa rsp, 136
    push    %r11
    .cfi_adjust_cfa_offset 8
    .cfi_offset rip, -144
    push    %rdi
    .cfi_adjust_cfa_offset 8
    push    %rsi
    .cfi_adjust_cfa_offset 8
    push    %rdx
    .cfi_adjust_cfa_offset 8
    push    %r10
    .cfi_adjust_cfa_offset 8
    push    %r8
    .cfi_adjust_cfa_offset 8
    push    %r9
    .cfi_adjust_cfa_offset 8
    push    %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_offset rbp, -200
    mov     %rsp, %rbp
    .cfi_def_cfa_register rbp
    and     $-16, %rsp
    mov     %rax, %rdi
    lea     8(%rbp), %rsi
    cld
    call    shimfs_dispatch
    mov     %rbp, %rsp
    .cfi_def_cfa_register rsp
    pop     %rbp
    .cfi_adjust_cfa_offset -8
    pop     %r9
    .cfi_adjust_cfa_offset -8
    pop     %r8
    .cfi_adjust_cfa_offset -8
    pop     %r10
    .cfi_adjust_cfa_offset -8
    pop     %rdx
    .cfi_adjust_cfa_offset -8
    pop     %rsi
    .cfi_adjust_cfa_offset -8
    pop     %rdi
    .cfi_adjust_cfa_offset -8
    pop     %r11
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size   shimfs_site_entry, . - shimfs_site_entry
    .section .note.GNU-stack, "", @progbits
