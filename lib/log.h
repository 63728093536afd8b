/*
 * lib/log.h - what happened, in order: a ring of messages that `dmesg` shows, and any sink that
 * wants them as they come. One log per program; safe on every CPU, not in an NMI.
 *
 * An error is logged once, where a fact becomes a decision, in words; layers between pass it on.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/out.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_message(enum log_level level, const char *fmt, ...) printf_like(2, 3);

#define log_error(...) log_message(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_message(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_DEBUG, __VA_ARGS__)

/* The clock that stamps messages, in nanoseconds since power-on; NULL stamps zero. */
void log_set_clock(uint64_t (*now_ns)(void));

/* Messages at this level and more urgent ones also go to sink at once; NULL: to nobody.
 * A message is one line; the newline is added. */
void log_set_sink(struct out *sink, enum log_level max_level);

/* Writes all messages still in the ring, oldest first, as "[    1.234567] text". */
void log_dump(struct out *out);

/* The log's lock is nobody's any more: the CPU that held it has been stopped. For panics. */
void log_break_lock(void);

/* Forgets every message and sets no clock and no sink. For tests. */
void log_reset(void);
