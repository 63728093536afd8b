/*
 * apps/shell/complete.h - what Tab offers: commands, subcommands, controllers, disks, files.
 */
#pragma once

#include "apps/shell/line.h"

/* A line_complete_fn; ctx is the struct shell. A name that needs quotes gets them; the only match
 * is followed by a blank, unless more of the path can follow. */
void shell_complete_line(void *ctx, const char *text, size_t cursor, struct line_completion *out);
