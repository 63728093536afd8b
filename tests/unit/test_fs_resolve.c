/*
 * tests/unit/test_fs_resolve.c - what a path means that a person has typed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/fs.h"
#include "lib/errno.h"
#include "lib/string.h"

static void test_resolve(void **state)
{
    static const struct {
        const char *cwd, *typed, *expected; /* NULL: an error */
        int err;
    } cases[] = {
        { "", "nvme0n1:/", "nvme0n1:/", 0 },
        { "", "nvme0n1:", "nvme0n1:/", 0 },
        { "", "nvme0n1:a//b/./c/", "nvme0n1:/a/b/c", 0 },
        { "", "/dev/nvme0n1:/a", "nvme0n1:/a", 0 },
        { "", "nvme0n1:/a/../../..", "nvme0n1:/", 0 },
        { "nvme0n1:/", "a", "nvme0n1:/a", 0 },
        { "nvme0n1:/a/b", "c", "nvme0n1:/a/b/c", 0 },
        { "nvme0n1:/a/b", "..", "nvme0n1:/a", 0 },
        { "nvme0n1:/a/b", "../../..", "nvme0n1:/", 0 },
        { "nvme0n1:/a/b", "../c/./d", "nvme0n1:/a/c/d", 0 },
        { "nvme0n1:/a/b", "/c", "nvme0n1:/c", 0 },
        { "nvme0n1:/a/b", "", "nvme0n1:/a/b", 0 },
        { "nvme0n1:/a/b", "nvme1n1:/x", "nvme1n1:/x", 0 },
        { "nvme0n1:/a", "...", "nvme0n1:/a/...", 0 },
        { "nvme0n1:/a", "b:c/d", "b:/c/d", 0 },
        { "nvme0n1:/a", "d/b:c", "nvme0n1:/a/d/b:c", 0 },
        { "", "a", NULL, -EINVAL },
        { "", "/a", NULL, -EINVAL },
        { "", "", NULL, -EINVAL },
        { "", ":/a", NULL, -EINVAL },
        { "", "a-disk-with-a-name-too-long:/", NULL, -ENAMETOOLONG },
        { "nvme0n1:/", "a\xff", NULL, -EILSEQ },
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int err = fs_resolve(cases[i].cwd, cases[i].typed, out, sizeof(out));

        if (err != cases[i].err || (!err && strcmp(out, cases[i].expected) != 0)) {
            fail_msg("'%s' + '%s': %d '%s'", cases[i].cwd, cases[i].typed, err, err ? "" : out);
        }
    }
    char longer[100] = "nvme0n1:/";
    memset(longer + 9, 'x', 60);
    longer[69] = '\0';
    assert_int_equal(fs_resolve("", longer, out, sizeof(out)), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
    };

    return cmocka_run_group_tests_name("fs resolve", tests, NULL, NULL);
}
