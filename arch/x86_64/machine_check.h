/*
 * arch/x86_64/machine_check.h - errors that the CPU finds in itself, its caches and its memory
 * (Intel SDM vol. 3 chapter 15). Uncorrected ones come as an exception and end in a panic;
 * corrected ones are looked for now and then.
 */
#pragma once

#include <stdbool.h>

#include "lib/out.h"

/* Lets the calling CPU report all it can. What its banks still hold is from before this start: it
 * is logged when say is true, and cleared. */
void machine_check_init(bool say);

/* Logs the corrected errors of the calling CPU as warnings, and clears them. */
void machine_check_poll(void);

/* The banks of the calling CPU that hold an error, a line each: for panics. */
void machine_check_print(struct out *out);
