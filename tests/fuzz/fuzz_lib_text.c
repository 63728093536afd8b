/*
 * tests/fuzz/fuzz_lib_text.c - the kernel's command line, and numbers, sizes and times as people
 * and scripts write them.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/assert.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/out.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "lib/utf8.h"

#define TEXT_BYTES 4096
#define UNUSED     UINT64_C(0x5ca1ab1e0ddba115)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cmdline(const char *line)
{
    static const char *const keys[] = {"run", "quiet", "cpus", "x", ""};
    char value[32];

    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        memset(value, 'x', sizeof(value));
        bool found = cmdline_get(line, keys[i], value, sizeof(value));

        assert(strnlen(value, sizeof(value)) < sizeof(value));
        assert(found || value[0] == '\0');
        assert(cmdline_get(line, keys[i], value, 1) == found && value[0] == '\0');
        (void)cmdline_has(line, keys[i]);
    }
}

/* On failure the value is untouched; what is written out and read again is the same. */
static void check_number(const char *text)
{
    uint64_t value = UNUSED, again = 0;
    char number[32];
    int err = parse_u64(text, &value);

    assert(err == 0 || ((err == -EINVAL || err == -ERANGE) && value == UNUSED));
    if (!err) {
        str_format(number, sizeof(number), "%llu", (unsigned long long)value);
        assert(parse_u64(number, &again) == 0 && again == value);
        str_format(number, sizeof(number), "0x%llx", (unsigned long long)value);
        assert(parse_u64(number, &again) == 0 && again == value);
        assert(parse_u64_max(text, value, &again) == 0 && again == value);
        assert(value == 0 || parse_u64_max(text, value - 1, &again) == -ERANGE);
        assert(parse_size(text, &again) == 0 && again == value);
    }
}

static void check_units(const char *text)
{
    uint64_t bytes = UNUSED, thousands = UNUSED, ns = UNUSED;
    bool truth;
    int err = parse_size(text, &bytes);

    assert(err == 0 || bytes == UNUSED);
    if (parse_size_1000(text, &thousands) == 0 && err == 0) {
        assert(thousands <= bytes);
    }
    err = parse_time_ns(text, NS_PER_S, &ns);
    assert(err == 0 || ns == UNUSED);
    (void)!parse_bool(text, &truth);
}

static void check_hex(const char *text)
{
    uint8_t buf[16];
    unsigned len = sizeof(buf);
    int err = parse_hex_bytes(text, buf, &len);

    assert(err || len <= sizeof(buf));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_BYTES];
    size_t len = MIN(size, sizeof(text) - 1);

    memcpy(text, data, len);
    text[len] = '\0';
    check_cmdline(text);
    check_number(text);
    check_units(text);
    check_hex(text);
    if (utf8_is_valid(text, len)) { /* so is every part that ends where a character does */
        assert(utf8_is_valid(text, 0));
    }
    return 0;
}
