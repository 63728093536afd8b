/*
 * apps/shell/line.h - a line editor over bytes: what a person types goes in, what the screen should
 * show comes out, and now and then a line is done. It knows no console and no commands.
 *
 * Input is UTF-8 with the escape sequences of VT100 and its descendants. Output uses CR, BS, BEL
 * and a few sequences (CSI C, D and K; CSI H and J to clear the screen). It never asks for the
 * width of the screen: 80 columns or more serve. A line typed at its end may wrap around as the
 * terminal likes; once such a long line is edited elsewhere, it moves to a row of its own and only
 * the part around the cursor is shown, with "<" and ">" where more text lies.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/out.h"

#define LINE_BYTES 1024 /* with the terminator */
#define LINE_HISTORY 32
#define LINE_COLUMNS 80
#define LINE_MATCHES_BYTES 4096

/* What Tab found. */
struct line_completion {
    unsigned count;        /* matches; 0: the bell rings and nothing else is looked at */
    size_t from;           /* text[from..cursor) is replaced */
    char text[LINE_BYTES]; /* by this: what all matches have in common, or the only one, finished */
    bool more;             /* there are more matches than in the list */
    size_t matches_len;
    char matches[LINE_MATCHES_BYTES]; /* names to list, each with its terminator */
};

/* Looks for matches for the text before the cursor. text is terminated; out is zeroed before. */
typedef void (*line_complete_fn)(void *ctx, const char *text, size_t cursor,
                                 struct line_completion *out);

enum line_event {
    LINE_NOTHING, /* go on */
    LINE_DONE,    /* line->text is a whole line, without its end */
};

struct line {
    struct out *out;    /* borrowed */
    const char *prompt; /* ASCII, borrowed */
    line_complete_fn complete;
    void *complete_ctx;

    char text[LINE_BYTES]; /* terminated; valid UTF-8 without control characters */
    size_t len;
    size_t cursor; /* a byte offset at the start of a code point */

    enum { VIEW_WHOLE, VIEW_WRAPPED, VIEW_WINDOW } view;
    enum { ESC_NONE, ESC_START, ESC_CSI, ESC_SS3, ESC_SKIP_ONE } escape;
    unsigned parameters[2]; /* the first and the last number of a CSI sequence */
    unsigned parameter;     /* the one being read */
    char pending[4]; /* an incomplete code point */
    unsigned pending_len;
    bool after_cr; /* a LF now belongs to the CR before it */
    bool after_tab;

    char history[LINE_HISTORY][LINE_BYTES]; /* a ring */
    unsigned history_count;                 /* ever added */
    unsigned history_back;                  /* how far back the person is; 0: at the draft */
    char draft[LINE_BYTES];
    struct line_completion completion;
};

/* complete may be NULL. */
void line_init(struct line *line, struct out *out, const char *prompt, line_complete_fn complete,
               void *complete_ctx);

/* Shows the prompt and starts an empty line. */
void line_start(struct line *line);

/* Something else wants to write whole lines: takes the line off the screen, shows it again on the
 * row where the cursor is then. Scripts that wait for the prompt are not misled: when it is shown
 * again, a control sequence lies between its bytes. */
void line_hide(struct line *line);
void line_show(struct line *line);

/* Takes one byte. After LINE_DONE the text is the caller's until the next line_start(). */
enum line_event line_input(struct line *line, uint8_t byte);
