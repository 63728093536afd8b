/*
 * tests/fuzz/fuzz_shell_line.c - any bytes into the line editor, and each line it makes into the
 * word splitter and the numbers parser.
 */
#include <stdlib.h>
#include <string.h>

#include "apps/shell/token.h"
#include "lib/parse.h"
#include "lib/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void write_nowhere(struct out *out, const char *text, size_t len)
{
    (void)out;
    check(len == 0 || text != NULL);
}

/* Answers with a part of the line itself, so that it depends on the input. */
static void complete(void *ctx, const char *text, size_t cursor, struct line_completion *out)
{
    (void)ctx;
    check(cursor <= strlen(text) && cursor < LINE_BYTES);
    out->from = cursor;
    while (out->from > 0 && text[out->from - 1] != ' ') {
        out->from--;
    }
    out->count = (unsigned)(cursor % 3);
    memcpy(out->text, text, strlen(text) + 1);
    memcpy(out->matches, text, strlen(text) + 1);
    out->matches_len = strlen(text) + 1;
}

static void check_words(const char *text)
{
    while (*text != '\0') {
        struct token_words words;
        size_t len = token_command_len(text);
        int err = token_split(text, len, &words);

        for (int i = 0; i < words.argc; i++) {
            uint64_t value;
            bool truth;

            check(words.start[i] < len);
            check(err || utf8_is_valid(words.argv[i], strlen(words.argv[i])));
            err |= parse_size(words.argv[i], &value);
            err |= parse_time_ns(words.argv[i], 1, &value);
            err |= parse_bool(words.argv[i], &truth);
        }
        text += len + (text[len] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct line line;
    struct out out = { write_nowhere };
    char raw[2 * LINE_BYTES];

    line_init(&line, &out, "carillon> ", complete, NULL);
    line_start(&line);
    for (size_t i = 0; i < size; i++) {
        enum line_event event = line_input(&line, data[i]);

        check(line.len < LINE_BYTES && strlen(line.text) == line.len);
        check(line.cursor <= line.len && utf8_is_valid(line.text, line.len));
        check(utf8_is_valid(line.text, line.cursor));
        if (event == LINE_DONE) {
            check_words(line.text);
            line_start(&line);
        }
    }
    /* What comes from the kernel's command line has seen no editor. */
    size_t len = size < sizeof(raw) - 1 ? size : sizeof(raw) - 1;
    memcpy(raw, data, len);
    raw[len] = '\0';
    check_words(raw);
    return 0;
}
