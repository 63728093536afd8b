/*
 * arch/x86_64/power.h - switching off and restarting. Neither returns: what fails is followed by
 * the next way, and at the end the machine halts and says so. Controllers must be quiet before.
 */
#pragma once

#include "lib/compiler.h"

_Noreturn void power_off(void);
_Noreturn void power_reset(void);
