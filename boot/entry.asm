; boot/entry.asm - from GRUB's 32-bit protected mode to C in long mode (Multiboot2 §3.3).
;
; On entry: eax = magic, ebx = boot information, paging off, interrupts off; the stack is undefined
; and the image may lie at any 4 KiB boundary below 4 GiB. All addresses here are offsets to ebp,
; the place of image_start, until paging makes the link addresses true.
;
; The first page tables: 4 GiB one to one in 2 MiB pages, and the kernel window in 4 KiB pages. They
; stay in use; paging_init() puts the rights in and adds the memory above 4 GiB.

%include "boot/layout.inc"

extern kmain
extern image_start

global entry32
global boot_magic
global boot_info_addr
global boot_tsc
global image_phys
global boot_pml4
global boot_pd_low
global boot_pt_window
global boot_pdpt_low
global boot_stack_guard
global boot_stack_top

PAGE            equ 4096
LARGE           equ 0x200000
PTE_P_W         equ 0x003
PDE_LARGE       equ 0x083
BOOT_STACK      equ 65536

; Physical address of a symbol, as an operand relative to ebp.
%define REL(sym) ebp + (sym) - KERNEL_BASE

section .text.entry progbits alloc exec nowrite align=16
bits 32
entry32:
        cli
        cld
        ; The only memory that is surely ours is the reserved field of the boot information, which
        ; serves as a stack of four bytes to learn where we are.
        lea     esp, [ebx + 8]
        call    .here
.here:
        pop     ebp
        sub     ebp, .here - KERNEL_BASE
        lea     esp, [REL(boot_stack_top)]

        mov     [REL(boot_magic)], eax
        mov     [REL(boot_info_addr)], ebx
        mov     [REL(image_phys)], ebp
        rdtsc
        mov     [REL(boot_tsc)], eax
        mov     [REL(boot_tsc) + 4], edx

        call    check_cpu
        call    build_tables

        ; Everything is set, not changed: the firmware's values differ from path to path.
        mov     eax, CR4_VALUE
        mov     cr4, eax
        lea     eax, [REL(boot_pml4)]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        xor     edx, edx
        mov     eax, EFER_LME_NXE
        wrmsr
        mov     eax, CR0_VALUE
        mov     cr0, eax

        ; The descriptor table by its physical address, which also the window can reach.
        lea     eax, [REL(boot_gdt)]
        mov     [REL(boot_gdtr) + 2], eax
        lgdt    [REL(boot_gdtr)]
        lea     eax, [REL(entry64)]
        push    dword SEL_CODE64
        push    eax
        retf

; Long mode, no-execute pages and SSE2 are needed.
check_cpu:
        mov     eax, 0x80000000
        cpuid
        cmp     eax, 0x80000001
        jb      .no
        mov     eax, 0x80000001
        cpuid
        and     edx, (1 << 29) | (1 << 20)
        cmp     edx, (1 << 29) | (1 << 20)
        jne     .no
        ret
.no:
        lea     esi, [REL(no_long_mode)]
.next:
        lodsb
        test    al, al
        jz      .halt
        mov     ah, al
        mov     ecx, 100000             ; a serial port that is not there must not hold us
.wait:
        mov     dx, 0x3fd
        in      al, dx
        test    al, 0x20
        loopz   .wait
        mov     al, ah
        mov     dx, 0x3f8
        out     dx, al
        jmp     .next
.halt:
        hlt
        jmp     .halt

; The tables lie in .bss, which the boot loader has cleared.
build_tables:
        lea     eax, [REL(boot_pdpt_low)]
        or      eax, PTE_P_W
        mov     [REL(boot_pml4)], eax
        lea     eax, [REL(boot_pdpt_window)]
        or      eax, PTE_P_W
        mov     [REL(boot_pml4) + 511 * 8], eax

        lea     edi, [REL(boot_pdpt_low)]
        lea     eax, [REL(boot_pd_low)]
        mov     ecx, 4
        call    fill_tables

        lea     edi, [REL(boot_pd_low)]
        mov     eax, PDE_LARGE
        mov     ecx, 4 * 512
.large:
        mov     [edi], eax
        add     edi, 8
        add     eax, LARGE
        loop    .large

        lea     edi, [REL(boot_pdpt_window) + 510 * 8]
        lea     eax, [REL(boot_pd_window)]
        mov     ecx, 1
        call    fill_tables
        lea     edi, [REL(boot_pd_window) + (KERNEL_PHYS / LARGE) * 8]
        lea     eax, [REL(boot_pt_window)]
        mov     ecx, WINDOW_TABLES
        call    fill_tables
        lea     edi, [REL(boot_pt_window)]
        mov     eax, ebp
        mov     ecx, WINDOW_TABLES * 512
        ; falls through: every page of the window

; ecx entries at edi, for the pages at eax and following.
fill_tables:
        or      eax, PTE_P_W
.next:
        mov     [edi], eax
        add     edi, 8
        add     eax, PAGE
        loop    .next
        ret

bits 64
entry64:
        mov     ax, SEL_DATA
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        xor     eax, eax
        mov     fs, ax
        mov     gs, ax
        mov     rax, .high
        jmp     rax
.high:
        mov     rsp, boot_stack_top
        lgdt    [rel high_gdtr]
        fninit
        xor     ebp, ebp                ; ends a back-trace
        push    rbp                     ; as a return address: C expects the stack so
        jmp     kmain

section .rodata
no_long_mode:
        db      "Carillon needs a 64-bit x86 CPU with no-execute pages.", 13, 10, 0

section .data
align 8
boot_gdt:
        dq      0
        dq      0x00af9b000000ffff      ; 64-bit code
        dq      0x00cf93000000ffff      ; data
boot_gdt_end:
boot_gdtr:
        dw      boot_gdt_end - boot_gdt - 1
        dq      0
high_gdtr:
        dw      boot_gdt_end - boot_gdt - 1
        dq      boot_gdt

boot_magic:     dd 0
boot_info_addr: dd 0
image_phys:     dq 0
boot_tsc:       dq 0

section .bss nobits alloc noexec write align=4096
boot_pml4:        resb PAGE
boot_pdpt_low:    resb PAGE
boot_pd_low:      resb 4 * PAGE
boot_pdpt_window: resb PAGE
boot_pd_window:   resb PAGE
boot_pt_window:   resb WINDOW_TABLES * PAGE
boot_stack_guard: resb PAGE
                  resb BOOT_STACK
boot_stack_top:
