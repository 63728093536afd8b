/*
 * tests/unit/test_apps_line.c - the line editor: keys, history, completion, and what a terminal
 * shows after each of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apps/shell/line.h"
#include "lib/utf8.h"

#define PROMPT "carillon> "
#define MAX_COLUMNS 140

/* --- a terminal --------------------------------------------------------------------------- */

struct terminal {
    struct out out;
    unsigned columns;
    uint32_t row[MAX_COLUMNS]; /* the cursor's row only; nothing moves up */
    unsigned column;
    bool wrap_pending;
    unsigned rows_left, bells;
    enum { TEXT, ESCAPED, CSI } state;
    unsigned parameter;
    char pending[4];
    unsigned pending_len;
};

static void new_row(struct terminal *t)
{
    t->rows_left++;
    for (unsigned i = 0; i < MAX_COLUMNS; i++) {
        t->row[i] = ' ';
    }
}

static void show(struct terminal *t, uint32_t code)
{
    if (t->wrap_pending) {
        new_row(t);
        t->column = 0;
        t->wrap_pending = false;
    }
    t->row[t->column] = code;
    if (t->column + 1 < t->columns) {
        t->column++;
    } else {
        t->wrap_pending = true;
    }
}

static void csi(struct terminal *t, char final)
{
    unsigned n = t->parameter ? t->parameter : 1;

    t->wrap_pending = false;
    switch (final) {
    case 'C':
        t->column = MIN(t->column + n, t->columns - 1);
        break;
    case 'D':
        t->column = t->column > n ? t->column - n : 0;
        break;
    case 'K':
        for (unsigned i = t->column; i < MAX_COLUMNS; i++) {
            t->row[i] = ' ';
        }
        break;
    case 'H':
        t->column = 0;
        break;
    case 'J':
        new_row(t);
        break;
    default:
        fail_msg("CSI %c", final);
    }
}

static void terminal_byte(struct terminal *t, char c)
{
    uint32_t code;

    if (t->state == ESCAPED) {
        assert_int_equal(c, '[');
        t->state = CSI;
        t->parameter = 0;
    } else if (t->state == CSI) {
        if (c >= '0' && c <= '9') {
            t->parameter = t->parameter * 10 + (unsigned)(c - '0');
        } else {
            t->state = TEXT;
            csi(t, c);
        }
    } else if (c == 0x1b) {
        t->state = ESCAPED;
    } else if (c == '\a') {
        t->bells++;
    } else if (c == '\b') {
        t->column -= t->column > 0;
        t->wrap_pending = false;
    } else if (c == '\r' || c == '\n') {
        t->column = 0;
        t->wrap_pending = false;
        if (c == '\n') {
            new_row(t);
        }
    } else {
        t->pending[t->pending_len++] = c;
        if (utf8_decode(t->pending, t->pending_len, &code) > 0) {
            t->pending_len = 0;
            show(t, code);
        }
        assert_true(t->pending_len < 4);
    }
}

static void terminal_write(struct out *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        terminal_byte(container_of(out, struct terminal, out), text[i]);
    }
}

/* The cursor's row without blanks at its end. */
static const char *row_text(const struct terminal *t)
{
    static char text[MAX_COLUMNS * 4 + 1];
    size_t len = 0, end = 0;

    for (unsigned i = 0; i < t->columns; i++) {
        len += utf8_encode(t->row[i], text + len);
        end = t->row[i] != ' ' ? len : end;
    }
    text[end] = '\0';
    return text;
}

/* --- the editor under test ---------------------------------------------------------------- */

static struct terminal term;
static struct line line;

static void start(unsigned columns, line_complete_fn complete)
{
    memset(&term, 0, sizeof(term));
    term.out.write = terminal_write;
    term.columns = columns;
    new_row(&term);
    line_init(&line, &term.out, PROMPT, complete, NULL);
    line_start(&line);
}

static int set_up(void **state)
{
    (void)state;
    start(80, NULL);
    return 0;
}

/* Types bytes; a line that is done stands in the result, terminated, and a new one is started. */
static char done[LINE_BYTES];
static unsigned type_bytes(const char *bytes, size_t len)
{
    unsigned lines = 0;

    for (size_t i = 0; i < len; i++) {
        if (line_input(&line, (uint8_t)bytes[i]) == LINE_DONE) {
            strcpy(done, line.text);
            lines++;
            line_start(&line);
        }
    }
    return lines;
}

static unsigned type(const char *text)
{
    return type_bytes(text, strlen(text));
}

static void check_screen(void)
{
    char expected[2 * LINE_BYTES];
    size_t column = strlen(PROMPT) + utf8_width(line.text, line.cursor);

    if (line.view != VIEW_WHOLE) {
        return;
    }
    size_t len = (size_t)snprintf(expected, sizeof(expected), PROMPT "%s", line.text);
    while (len > 0 && expected[len - 1] == ' ') {
        expected[--len] = '\0';
    }
    assert_string_equal(row_text(&term), expected);
    assert_int_equal(term.column, column);
}

struct key_row {
    const char *keys;
    const char *expected; /* the text, with | at the cursor */
};

static void check_keys(const struct key_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[LINE_BYTES + 1];

        set_up(NULL);
        type(rows[i].keys);
        snprintf(text, sizeof(text), "%.*s|%s", (int)line.cursor, line.text,
                 line.text + line.cursor);
        if (strcmp(text, rows[i].expected) != 0) {
            fail_msg("row %zu: '%s', not '%s'", i, text, rows[i].expected);
        }
        check_screen();
    }
}

static void keys_do_what_they_say(void **state)
{
    static const struct key_row rows[] = {
        { "abc", "abc|" },
        { "abc\x1b[D\x1b[DX", "aX|bc" },
        { "abc\x1bOD\x1bODX\x1bOCY", "aXbY|c" },
        { "abc\x02\x02\x06", "ab|c" },
        { "abc\x1b[HX", "X|abc" },
        { "abc\x1bOHX", "X|abc" },
        { "abc\x1b[1~X", "X|abc" },
        { "abc\x1b[7~X", "X|abc" },
        { "abc\x01X", "X|abc" },
        { "abc\x01\x1b[FX", "abcX|" },
        { "abc\x01\x1bOFX", "abcX|" },
        { "abc\x01\x1b[4~X", "abcX|" },
        { "abc\x01\x1b[8~X", "abcX|" },
        { "abc\x01\x05X", "abcX|" },
        { "abc\x01\x1b[3~", "|bc" },
        { "abc\x01\x04", "|bc" },
        { "abc\x04", "abc|" },
        { "abc\x7f", "ab|" },
        { "abc\x08\x08\x08\x08", "|" },
        { "abc\x1b[D\x7f", "a|c" },
        { "abcd\x02\x02\x0b", "ab|" },
        { "abcd\x02\x02\x15", "|cd" },
        { "one two  \x17X", "one X|" },
        { "one two\x17\x17\x17", "|" },
        { "one two three\x1b[1;5D\x1b[1;5DX", "one X|two three" },
        { "one two three\x01\x1b[1;5CX", "oneX| two three" },
        { "a\xc3\xa9z\x02\x02X", "aX|\xc3\xa9z" },
        { "a\xc3\xa9\x7f", "a|" },
        { "\xf0\x9f\x92\xbe\xe2\x82\xac\x01\x04", "|\xe2\x82\xac" },
        { "abc\x0c", "abc|" },
        { "abc\x03x", "x|" },
        { "\x04", "|" },
        /* unknown sequences leave nothing behind */
        { "a\x1b[5~\x1b[6~\x1b[15~\x1b[24;2~z", "az|" },
        { "a\x1bOP\x1bOSz", "az|" },
        { "a\x1b[[Az", "az|" },
        { "a\x1bxz", "az|" },
        { "a\x1b[?25hz", "az|" },
        { "a\x1b[200~z", "az|" },
        { "a\x1b[999999999999999999~z", "az|" },
        { "a\x1b[1;2;3;4;5Cz", "az|" },
        { "a\x1b\x1b[Dz", "z|a" },
        { "a\x0e\x10\x0f\x1c\x1dz", "az|" },
    };

    (void)state;
    check_keys(rows, ARRAY_SIZE(rows));
}

static void bytes_that_are_no_text_ring_the_bell(void **state)
{
    static const char *const bad[] = {"\x80", "\xc3(", "\xff\xff\xff\xff", "\xc2\x9b",
                                      "\xed\xa0\x80"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        set_up(NULL);
        type(bad[i]);
        type("a");
        assert_true(term.bells > 0);
        assert_string_equal(line.text, bad[i][1] == '(' ? "(a" : "a");
    }
}

static void every_line_end_ends_one_line(void **state)
{
    (void)state;
    assert_int_equal(type("one\r"), 1);
    assert_string_equal(done, "one");
    assert_int_equal(type("two\n"), 1);
    assert_int_equal(type("three\r\n"), 1);
    assert_int_equal(type("four\r\nfive\r\n"), 2);
    assert_string_equal(done, "five");
    assert_int_equal(type("\r\r"), 2);
    assert_int_equal(type(" \n\n"), 2);
    assert_string_equal(done, "");
    assert_int_equal(type("ab\x1b[D\r"), 1);
    assert_string_equal(done, "ab");
}

static void a_line_that_is_too_long_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < LINE_BYTES + 50; i++) {
        type("x");
    }
    assert_int_equal(line.len, LINE_BYTES - 1);
    assert_int_equal(term.bells, 51);
    type("\x01\xe2\x82\xac");
    assert_int_equal(term.bells, 52);
    assert_int_equal(line.len, LINE_BYTES - 1);
    type("\x04\x04\xe2\x82\xac");
    assert_int_equal(term.bells, 53);
    type("\x04\xe2\x82\xac");
    assert_int_equal(term.bells, 53);
    assert_int_equal(line.len, LINE_BYTES - 1);
}

static void history_goes_back_and_forth(void **state)
{
    (void)state;
    type("first\rsecond\rsecond\r   \r\rthird\rdraft");
    type("\x1b[A");
    assert_string_equal(line.text, "third");
    type("\x10");
    assert_string_equal(line.text, "second");
    type("\x1bOA");
    assert_string_equal(line.text, "first");
    assert_int_equal(term.bells, 0);
    type("\x1b[A");
    assert_string_equal(line.text, "first");
    assert_int_equal(term.bells, 1);
    type("\x1b[B");
    assert_string_equal(line.text, "second");
    type("\x0e\x0e");
    assert_string_equal(line.text, "draft");
    type("\x1b[B");
    assert_int_equal(term.bells, 2);
    check_screen();
    type("\x1b[A!\r");
    assert_string_equal(done, "third!");
    type("\x1b[A\x1b[A");
    assert_string_equal(line.text, "third");
}

static void history_keeps_at_least_32_lines(void **state)
{
    char text[20];

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "line %d\r", i);
        type(text);
    }
    for (int i = 0; i < 32; i++) {
        type("\x1b[A");
        snprintf(text, sizeof(text), "line %d", 99 - i);
        assert_string_equal(line.text, text);
    }
    assert_int_equal(term.bells, 0);
    for (int i = 0; i < 50; i++) {
        type("\x1b[A");
    }
    assert_true(term.bells > 0);
}

/* --- completion --------------------------------------------------------------------------- */

static void complete_words(void *ctx, const char *text, size_t cursor, struct line_completion *out)
{
    static const char *const words[] = { "read", "reboot", "rescan", "rewrite", "list", "Name" };
    size_t common = 0;
    const char *first = NULL;

    (void)ctx;
    out->from = cursor;
    while (out->from > 0 && text[out->from - 1] != ' ') {
        out->from--;
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t len = cursor - out->from;

        if (strncasecmp(words[i], text + out->from, len) != 0) {
            continue;
        }
        if (!first) {
            first = words[i];
            common = strlen(first);
        }
        while (strncmp(first, words[i], common) != 0) {
            common--;
        }
        memcpy(out->matches + out->matches_len, words[i], strlen(words[i]) + 1);
        out->matches_len += strlen(words[i]) + 1;
        out->count++;
    }
    snprintf(out->text, sizeof(out->text), "%.*s%s", (int)common, first ? first : "",
             out->count == 1 ? " " : "");
}

static void tab_completes(void **state)
{
    (void)state;
    start(80, complete_words);
    type("li\t");
    assert_string_equal(line.text, "list ");
    type("r\t");
    assert_string_equal(line.text, "list re");
    assert_int_equal(term.bells, 0);
    unsigned rows = term.rows_left;
    type("\t");
    assert_int_equal(term.bells, 0);
    assert_int_equal(term.rows_left, rows + 2);
    check_screen();
    type("a\t");
    assert_string_equal(line.text, "list read ");
    type("q\t");
    assert_int_equal(term.bells, 1);
    assert_string_equal(line.text, "list read q");
    type("\x15re\x01\x06\x06\t"); /* nothing to add and another key before: the bell alone */
    assert_int_equal(term.bells, 2);
    type("\x15na\t");
    assert_string_equal(line.text, "Name ");
    check_screen();
    type("\x15li x\x02\x02\t"); /* in the middle */
    assert_string_equal(line.text, "list  x");
    check_screen();
}

/* --- the screen --------------------------------------------------------------------------- */

static void a_long_line_is_typed_plainly_and_edited_in_a_window(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        type("0123 ");
    }
    assert_int_equal(line.view, VIEW_WRAPPED);
    unsigned rows = term.rows_left;
    type("\x01");
    assert_int_equal(line.view, VIEW_WINDOW);
    assert_int_equal(term.rows_left, rows + 1);
    assert_true(utf8_width(row_text(&term), strlen(row_text(&term))) == 79);
    assert_int_equal(row_text(&term)[78], '>');
    assert_int_equal(term.column, strlen(PROMPT));
    for (int i = 0; i < 75; i++) {
        type("\x06");
    }
    assert_int_equal(row_text(&term)[strlen(PROMPT)], '<');
    type("\x0b");
    assert_int_equal(line.len, 75);
    type("\x15");
    assert_string_equal(row_text(&term), "carillon>");
    check_screen();
}

static void whatever_is_typed_the_screen_shows_it(void **state)
{
    static const char *const keys[] = {
        "a", "b", " ", "\xc3\xa9", "\xe2\x82\xac", "word ", "\x1b[D", "\x1b[C", "\x01", "\x05",
        "\x7f", "\x1b[3~", "\x17", "\x1b[A", "\x1b[B", "\x0c", "\t", "\x1b[1;5D", "\x1b[1;5C",
        "\x02", "\x06", "long text of thirty characters", "\x0b", "\x15", "\x03", "\r", "\xff",
        "\x1b[D\x1b[D\x1b[D",
    };
    uint32_t seed = 12345;

    (void)state;
    for (unsigned columns = 80; columns <= MAX_COLUMNS; columns += 30) {
        start(columns, complete_words);
        for (int i = 0; i < 30000; i++) {
            seed = seed * 1664525 + 1013904223;
            /* Rarely the keys that empty the line, so that it can grow. */
            size_t limit = (seed >> 8) % 20 == 0 ? ARRAY_SIZE(keys) : ARRAY_SIZE(keys) - 6;
            type(keys[(seed >> 16) % limit]);
            assert_true(utf8_is_valid(line.text, line.len));
            assert_int_equal(strlen(line.text), line.len);
            check_screen();
            if (line.view == VIEW_WINDOW) {
                /* The character at the cursor is the one under the terminal's cursor. */
                uint32_t code = ' ';

                if (line.cursor < line.len) {
                    assert_true(
                        utf8_decode(line.text + line.cursor, line.len - line.cursor, &code) > 0);
                }
                assert_int_equal(term.row[term.column], code);
                if (line.cursor == line.len) { /* and no column is wasted */
                    assert_int_equal(term.column, LINE_COLUMNS - 1);
                }
            }
        }
    }
}

/* A message comes in between: it has a row of its own, and the line looks as before. */
static void a_message_leaves_the_line_whole(void **state)
{
    static const char *const typed[] = { "", "abc", "abc\x1b[D\x1b[D", "gr\xc3\xbc\xc3\x9f",
                                         "abc  " };
    char long_text[151] = "";

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(typed); i++) {
        start(80, NULL);
        type(typed[i]);
        unsigned rows = term.rows_left;
        line_hide(&line);
        assert_string_equal(row_text(&term), "");
        out_puts(&term.out, "a message\n");
        line_show(&line);
        assert_int_equal(term.rows_left, rows + 1);
        check_screen();
        type("x");
        check_screen();
    }
    memset(long_text, 'y', 150);
    start(80, NULL);
    type(long_text); /* it has wrapped: where it began nobody knows, so it is shown on a new row */
    line_hide(&line);
    out_puts(&term.out, "a message\n");
    line_show(&line);
    assert_int_equal(line.view, VIEW_WINDOW);
    assert_int_equal(strncmp(row_text(&term), PROMPT "<yyy", strlen(PROMPT) + 4), 0);
}

/* A script that waits for the prompt must not take it for a new one. */
static void a_prompt_that_is_shown_again_is_not_a_prompt(void **state)
{
    (void)state;
    char text[256];
    struct out_buf ob;

    out_buf_init(&ob, text, sizeof(text));
    line_init(&line, &ob.out, PROMPT, NULL, NULL);
    line_start(&line);
    assert_string_equal(text, PROMPT);
    line_hide(&line);
    line_show(&line);
    assert_null(strstr(text + strlen(PROMPT), PROMPT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_do_what_they_say, set_up),
        cmocka_unit_test_setup(bytes_that_are_no_text_ring_the_bell, set_up),
        cmocka_unit_test_setup(every_line_end_ends_one_line, set_up),
        cmocka_unit_test_setup(a_line_that_is_too_long_is_refused, set_up),
        cmocka_unit_test_setup(history_goes_back_and_forth, set_up),
        cmocka_unit_test_setup(history_keeps_at_least_32_lines, set_up),
        cmocka_unit_test_setup(tab_completes, set_up),
        cmocka_unit_test_setup(a_long_line_is_typed_plainly_and_edited_in_a_window, set_up),
        cmocka_unit_test_setup(whatever_is_typed_the_screen_shows_it, set_up),
        cmocka_unit_test_setup(a_message_leaves_the_line_whole, set_up),
        cmocka_unit_test_setup(a_prompt_that_is_shown_again_is_not_a_prompt, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
