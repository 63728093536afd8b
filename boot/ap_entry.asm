; boot/ap_entry.asm - the start of every CPU but the first (Intel SDM vol. 3 §8.4).
;
; smp.c copies ap_start .. ap_end to a page below 1 MiB and fills in the fields at its end. A CPU
; arrives there in real mode with cs = page >> 4, goes to long mode in one step and finds its own
; stack by its APIC identifier. So a CPU that comes late finds its place, or none and halts.

%include "boot/layout.inc"

extern smp_enter
extern smp_slots
extern smp_slot_count
extern apic_mode_x2
extern apic_mmio

global ap_start
global ap_end
global ap_field_cr3
global ap_gdtr
global ap_far

section .rodata
align 16
bits 16
ap_start:
        cli
        cld
        mov     ax, cs
        mov     ds, ax
        ; A 16-bit lgdt would cut the base to 24 bits.
        o32 lgdt [ap_gdtr - ap_start]

        ; Caches come up as INIT left them: on, from here on.
        mov     eax, CR4_VALUE
        mov     cr4, eax
        mov     eax, [ap_field_cr3 - ap_start]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        xor     edx, edx
        mov     eax, EFER_LME_NXE
        wrmsr
        mov     eax, CR0_VALUE
        mov     cr0, eax
        jmp     far dword [ap_far - ap_start]

bits 64
ap_long:
        mov     rax, ap_high
        jmp     rax

align 8
ap_gdt:
        dq      0
        dq      0x00af9b000000ffff      ; 64-bit code
        dq      0x00cf93000000ffff      ; data
ap_gdtr:
        dw      ap_gdtr - ap_gdt - 1
        dd      ap_gdt - ap_start       ; plus the page, by smp.c
ap_far:
        dd      ap_long - ap_start      ; plus the page, by smp.c
        dw      SEL_CODE64
        align 4
ap_field_cr3:
        dd      0
ap_end:

section .text
bits 64
ap_high:
        mov     ax, SEL_DATA
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        xor     eax, eax
        mov     fs, ax
        mov     gs, ax

        ; Who am I? The mode of the local APIC follows that of the first CPU.
        mov     ecx, MSR_APIC_BASE
        rdmsr
        test    eax, APIC_BASE_EXTD
        jnz     .x2
        cmp     byte [rel apic_mode_x2], 0
        je      .x1
        or      eax, APIC_BASE_EXTD
        wrmsr
.x2:
        mov     ecx, MSR_X2APIC_ID
        rdmsr
        jmp     .find
.x1:
        mov     rdx, [rel apic_mmio]
        mov     eax, [rdx + 0x20]
        shr     eax, 24

        ; smp_slots: pairs of APIC identifier and stack, 16 bytes each.
.find:
        mov     rdx, smp_slots
        mov     ecx, [rel smp_slot_count]
.next:
        test    ecx, ecx
        jz      .nobody
        cmp     [rdx], eax
        je      .found
        add     rdx, 16
        dec     ecx
        jmp     .next
.found:
        mov     rsp, [rdx + 8]
        test    rsp, rsp
        jz      .nobody
        fninit
        mov     rdi, smp_slots
        sub     rdx, rdi
        shr     rdx, 4
        mov     edi, edx                ; the CPU's number
        xor     ebp, ebp                ; ends a back-trace
        push    rbp                     ; as a return address: C expects the stack so
        jmp     smp_enter
.nobody:
        cli
        hlt
        jmp     .nobody
