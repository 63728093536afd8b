; arch/x86_64/isr.asm - one entry per interrupt vector.
;
; Exceptions save every register into a struct trap_frame. Device interrupts save what the C
; calling convention lets a function change; their handlers use no SSE registers.

extern exception_handle
extern interrupt_dispatch
global isr_table

EXCEPTIONS      equ 32
; Exceptions for which the CPU pushes an error code (Intel SDM vol. 3 table 6-1).
ERROR_CODES     equ (1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) \
                    | (1 << 17) | (1 << 21) | (1 << 29) | (1 << 30)

section .text
bits 64

%assign vector 0
%rep EXCEPTIONS
isr_%+vector:
%if ((ERROR_CODES >> vector) & 1) == 0
        push    0
%endif
        push    vector
        jmp     exception_entry
%assign vector vector + 1
%endrep
%rep 256 - EXCEPTIONS
isr_%+vector:
        push    vector
        jmp     interrupt_entry
%assign vector vector + 1
%endrep

exception_entry:
        push    rax
        push    rbx
        push    rcx
        push    rdx
        push    rsi
        push    rdi
        push    rbp
        push    r8
        push    r9
        push    r10
        push    r11
        push    r12
        push    r13
        push    r14
        push    r15
        cld
        mov     rdi, rsp
        call    exception_handle
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     r11
        pop     r10
        pop     r9
        pop     r8
        pop     rbp
        pop     rdi
        pop     rsi
        pop     rdx
        pop     rcx
        pop     rbx
        pop     rax
        add     rsp, 16                 ; vector, error code
        iretq

interrupt_entry:
        push    rax
        push    rcx
        push    rdx
        push    rsi
        push    rdi
        push    r8
        push    r9
        push    r10
        push    r11
        cld
        mov     edi, [rsp + 9 * 8]      ; the vector
        mov     rsi, [rsp + 10 * 8]     ; what was interrupted: its instruction
        mov     rdx, rbp                ; and its frame
        sub     rsp, 8                  ; the calling convention wants it aligned to 16
        call    interrupt_dispatch
        add     rsp, 8
        pop     r11
        pop     r10
        pop     r9
        pop     r8
        pop     rdi
        pop     rsi
        pop     rdx
        pop     rcx
        pop     rax
        add     rsp, 8
        iretq

section .rodata
align 8
isr_table:
%assign vector 0
%rep 256
        dq      isr_%+vector
%assign vector vector + 1
%endrep
