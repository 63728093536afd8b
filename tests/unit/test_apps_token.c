/*
 * tests/unit/test_apps_token.c - splitting lines into commands and words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apps/shell/token.h"
#include "lib/errno.h"

static void words_are_split(void **state)
{
    static const struct {
        const char *text;
        int err;
        const char *words; /* each followed by | */
        bool in_word;
        char quote;
    } rows[] = {
        { "", 0, "", false, 0 },
        { "   \t ", 0, "", false, 0 },
        { "list", 0, "list|", true, 0 },
        { " read  nvme0n1\t0 8 ", 0, "read|nvme0n1|0|8|", false, 0 },
        { "cat 'a b' \"c d\"", 0, "cat|a b|c d|", true, 0 },
        { "cat a' 'b\" \"c", 0, "cat|a b c|", true, 0 },
        { "x \"say \\\"hi\\\" \\\\ \\n\"", 0, "x|say \"hi\" \\ \\n|", true, 0 },
        { "x 'a\\'", 0, "x|a\\|", true, 0 },
        { "x \\a \\'b'", 0, "x|\\a|\\b|", true, 0 },
        { "x '' \"\" y", 0, "x|||y|", true, 0 },
        { "x # all this 'is ignored", 0, "x|", false, 0 },
        { "# x", 0, "", false, 0 },
        { "x a#b '#c'", 0, "x|a#b|#c|", true, 0 },
        { "x\r", 0, "x|", false, 0 },
        { "cat \xc3\xa9\xe2\x82\xac", 0, "cat|\xc3\xa9\xe2\x82\xac|", true, 0 },
        { "cat 'abc", -EINVAL, "cat|abc|", true, '\'' },
        { "cat \"abc\\\"", -EINVAL, "cat|abc\"|", true, '"' },
        { "cat \"abc\\", -EINVAL, "cat|abc\\|", true, '"' },
        { "cat \xc3", -EILSEQ, "", false, 0 },
        { "cat '\xff'", -EILSEQ, "", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct token_words words;
        char joined[LINE_BYTES] = "";
        int err = token_split(rows[i].text, strlen(rows[i].text), &words);

        for (int w = 0; w < words.argc; w++) {
            strcat(strcat(joined, words.argv[w]), "|");
        }
        assert_null(words.argv[words.argc]);
        if (err != rows[i].err || strcmp(joined, rows[i].words) != 0 ||
            words.in_word != rows[i].in_word || words.quote != rows[i].quote) {
            fail_msg("'%s': %d '%s' %d %d", rows[i].text, err, joined, words.in_word, words.quote);
        }
    }
}

static void words_know_where_they_began(void **state)
{
    struct token_words words;

    (void)state;
    assert_int_equal(token_split(" a  'b c' d", 11, &words), 0);
    assert_int_equal(words.start[0], 1);
    assert_int_equal(words.start[1], 4);
    assert_int_equal(words.start[2], 10);
}

static void there_is_a_limit_to_everything(void **state)
{
    struct token_words words;
    char text[2 * LINE_BYTES];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(token_split(text, LINE_BYTES, &words), -ENAMETOOLONG);
    assert_int_equal(token_split(text, LINE_BYTES - 1, &words), 0);
    assert_int_equal(strlen(words.argv[0]), LINE_BYTES - 1);
    for (size_t i = 0; i < sizeof(text); i += 2) {
        text[i + 1] = ' ';
    }
    assert_int_equal(token_split(text, 2 * TOKEN_MAX_WORDS, &words), 0);
    assert_int_equal(words.argc, TOKEN_MAX_WORDS);
    assert_int_equal(token_split(text, 2 * TOKEN_MAX_WORDS + 1, &words), -ERANGE);
}

static void commands_are_separated(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        { "", 0 },
        { ";x", 0 },
        { "list", 4 },
        { "list;lspci", 4 },
        { "list ; lspci", 5 },
        { "cat 'a;b';x", 9 },
        { "cat \"a;b\";x", 9 },
        { "cat \"a\\\";b\";x", 11 },
        { "cat 'a\\';x", 8 },
        { "x # a;b\ny", 7 },
        { "x a#b;y", 5 },
        { "#;", 2 },
        { "list\nlspci", 4 },
        { "cat 'a\nb'", 6 },
        { "cat \"a\\", 7 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (token_command_len(rows[i].text) != rows[i].len) {
            fail_msg("'%s': %zu", rows[i].text, token_command_len(rows[i].text));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split),
        cmocka_unit_test(words_know_where_they_began),
        cmocka_unit_test(there_is_a_limit_to_everything),
        cmocka_unit_test(commands_are_separated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
