/*
 * Where a patched `svc #0` of libc lands, by way of its trampoline (patch_aarch64.c):
 *
 *     stp  x29, x30, [sp, #-32]!
 *     stp  x16, x17, [sp, #16]
 *     ldr  x17, resume          the site's next instruction
 *     ldr  x16, entry
 *     blr  x16                  shimfs_site_entry
 *
 * The kernel changes x0 only, and keeps the condition flags; so do we. (Vector registers: the gate is compiled
 * without them.)
 *
 * For an unwinder we were called from the site itself. A site's function may be a leaf that still needs its own
 * x30, so the return address has a column of its own, x17, and x30 is what it was at the site. The frame
 * record {x29, resume} says the same to unwinders that follow frame pointers.
 */
    .text
    .globl  shimfs_site_entry
    .hidden shimfs_site_entry
    .type   shimfs_site_entry, %function
    .p2align 4
shimfs_site_entry:
    .cfi_startproc
    .cfi_return_column 17
    .cfi_def_cfa sp, 32
    .cfi_offset x29, -32
    .cfi_offset x30, -24
    sub     sp, sp, #176
    .cfi_adjust_cfa_offset 176
    stp     x29, x17, [sp, #160]
    .cfi_offset x17, -40
    add     x29, sp, #160
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    mrs     x9, nzcv
    stp     x18, x30, [sp, #128]
    str     x9, [sp, #144]
    mov     x1, sp
    mov     x0, x8
    bl      shimfs_dispatch
    ldr     x9, [sp, #144]
    ldp     x18, x30, [sp, #128]
    msr     nzcv, x9
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldr     x1, [sp, #8]
    ldp     x29, x17, [sp, #160]
    add     sp, sp, #176
    .cfi_adjust_cfa_offset -176
    .cfi_same_value x17
    ret
    .cfi_endproc
    .size   shimfs_site_entry, . - shimfs_site_entry
    .section .note.GNU-stack, "", %progbits
