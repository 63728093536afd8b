/*
 * lib/log.c - a ring of messages.
 *
 * The ring holds whole records, a header and its text; when a new one does not fit, the oldest go.
 * Positions count bytes since the start and never wrap, so a reader that was overtaken notices.
 * The sink is called without the lock: it may be slow, and no CPU shall wait for it but the one
 * that had something to say.
 */
#include "lib/log.h"

#include "lib/spinlock.h"
#include "lib/string.h"

#define RING_BYTES 65536 /* a power of two */
#define TEXT_BYTES 480   /* of one message; more is cut */
#define LINE_BYTES (TEXT_BYTES + 48)

struct record {
    uint64_t now_ns;
    uint16_t len; /* bytes of text that follow */
    uint8_t level;
};

static struct {
    uint64_t (*now_ns)(void);
    struct out *sink;
    enum log_level sink_level;

    /* guarded by lock */
    struct spinlock lock;
    uint64_t head; /* where the next record goes */
    uint64_t tail; /* the oldest record */
    uint8_t ring[RING_BYTES];
} state;

static void ring_put(uint64_t pos, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    size_t at = (size_t)(pos % RING_BYTES);
    size_t first = MIN(len, RING_BYTES - at);

    memcpy(state.ring + at, bytes, first);
    memcpy(state.ring, bytes + first, len - first);
}

static void ring_get(uint64_t pos, void *data, size_t len)
{
    uint8_t *bytes = data;
    size_t at = (size_t)(pos % RING_BYTES);
    size_t first = MIN(len, RING_BYTES - at);

    memcpy(bytes, state.ring + at, first);
    memcpy(bytes + first, state.ring, len - first);
}

static void append(const struct record *record, const char *text)
{
    size_t need = sizeof(*record) + record->len;

    spin_lock(&state.lock);
    while (RING_BYTES - (state.head - state.tail) < need) {
        struct record oldest;

        ring_get(state.tail, &oldest, sizeof(oldest));
        state.tail += sizeof(oldest) + oldest.len;
    }
    ring_put(state.head, record, sizeof(*record));
    ring_put(state.head + sizeof(*record), text, record->len);
    state.head += need;
    spin_unlock(&state.lock);
}

/* The record at *pos, or the oldest one when that is gone. Moves *pos behind it. */
static bool next(uint64_t *pos, struct record *record, char *text)
{
    spin_lock(&state.lock);
    *pos = MAX(*pos, state.tail);
    bool found = *pos < state.head;
    if (found) {
        ring_get(*pos, record, sizeof(*record));
        ring_get(*pos + sizeof(*record), text, record->len);
        text[record->len] = '\0';
        *pos += sizeof(*record) + record->len;
    }
    spin_unlock(&state.lock);
    return found;
}

static void write_line(struct out *out, const struct record *record, const char *text)
{
    static const char *const prefix[] = { "error: ", "warning: ", "", "" };
    char line[LINE_BYTES];
    uint64_t us = record->now_ns / NS_PER_US;

    size_t len = str_format(line, sizeof(line), "[%5llu.%06llu] %s%s\n",
                            (unsigned long long)(us / 1000000),
                            (unsigned long long)(us % 1000000), prefix[record->level], text);
    out_write(out, line, MIN(len, sizeof(line) - 1));
}

/* One line: the newline at the end goes, other control characters become blanks. */
static size_t make_one_line(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == '\n') {
        text[--len] = '\0';
    }
    for (size_t i = 0; i < len; i++) {
        if ((uint8_t)text[i] < ' ' || text[i] == 0x7f) {
            text[i] = ' ';
        }
    }
    return len;
}

void log_message(enum log_level level, const char *fmt, ...)
{
    char text[TEXT_BYTES];
    va_list args;

    va_start(args, fmt);
    size_t len = str_vformat(text, sizeof(text), fmt, args);
    va_end(args);
    if (len >= sizeof(text)) {
        str_copy(text + sizeof(text) - 4, 4, "...");
    }

    struct record record = {
        .now_ns = state.now_ns ? state.now_ns() : 0,
        .level = level <= LOG_DEBUG ? (uint8_t)level : LOG_DEBUG,
        .len = (uint16_t)make_one_line(text),
    };
    append(&record, text);
    struct out *sink = state.sink;
    if (sink && level <= state.sink_level) {
        write_line(sink, &record, text);
    }
}

void log_set_clock(uint64_t (*now_ns)(void))
{
    state.now_ns = now_ns;
}

void log_set_sink(struct out *sink, enum log_level max_level)
{
    state.sink_level = max_level;
    state.sink = sink;
}

void log_dump(struct out *out)
{
    struct record record;
    char text[TEXT_BYTES];
    uint64_t pos = 0;

    while (next(&pos, &record, text)) {
        write_line(out, &record, text);
    }
}

void log_break_lock(void)
{
    atomic_store_explicit(&state.lock.held, false, memory_order_release);
}

void log_reset(void)
{
    spin_lock(&state.lock);
    state.head = 0;
    state.tail = 0;
    spin_unlock(&state.lock);
    state.now_ns = NULL;
    state.sink = NULL;
    state.sink_level = LOG_ERROR;
}
