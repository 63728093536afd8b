; boot/header.asm - the multiboot2 header (Multiboot2 §3.1), by which GRUB knows the kernel.
;
; The relocatable tag is what keeps GRUB from copying the image over memory of the firmware: only
; with it does GRUB look into the memory map. There is no framebuffer tag and no console tag: GRUB
; leaves the display as it is, and the console is the serial line.

%include "boot/layout.inc"

MAGIC           equ 0xe85250d6
ARCH_I386       equ 0                   ; 32-bit protected mode

section .multiboot2 progbits alloc noexec nowrite align=8
header:
        dd      MAGIC, ARCH_I386, header_end - header
        dd      -(MAGIC + ARCH_I386 + (header_end - header))

        ; module alignment (§3.1.13)
        align 8, db 0
        dw      6, 0
        dd      8

        ; relocatable (§3.1.14): min, max, align, preference: as low as possible
        align 8, db 0
        dw      10, 0
        dd      24
        dd      0x100000, 0xffffffff, 0x200000, 1

        ; end of tags
        align 8, db 0
        dw      0, 0
        dd      8
header_end:
