/*
 * lib/hwerror.h - what the hardware says of its own faults, in words: machine checks (Intel SDM
 * vol. 3 chapter 15) and the reasons of non-maskable interrupts (system control port B).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bitfield.h"

/* IA32_MCi_STATUS (§15.3.2.2). */
#define MC_STATUS_VALID     BIT64(63)
#define MC_STATUS_OVERFLOW  BIT64(62)
#define MC_STATUS_UC        BIT64(61) /* the hardware could not correct it */
#define MC_STATUS_ADDRESS   BIT64(58) /* IA32_MCi_ADDR holds an address */
#define MC_STATUS_PCC       BIT64(57) /* the state of the CPU may be corrupt */
#define MC_STATUS_MCA_CODE  GENMASK64(15, 0)

/* "uncorrected: memory controller: read on channel 2; CPU state corrupt".
 * text is terminated and cut at cap. */
void hwerror_format_machine_check(uint64_t status, char *text, size_t cap);

/* Bits 7 and 6 of port 61h: a system error (SERR#, also memory parity), an I/O channel check. */
#define PORT61_SERR  0x80
#define PORT61_IOCHK 0x40

/* The reason of an NMI in words. */
const char *hwerror_nmi_reason(uint8_t port61);

/* What was computed or read since may be wrong: the machine must stop. An NMI without a reason is
 * a button, a watchdog or a mistake, and the machine goes on. */
bool hwerror_nmi_is_fatal(uint8_t port61);
