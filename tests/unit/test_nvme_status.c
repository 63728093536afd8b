/*
 * tests/unit/test_nvme_status.c - every status of NVMe 1.4 through the decoder, as DW3 carries it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme.h"
#include "lib/errno.h"

struct range {
    unsigned sct, first, last;
};

/* Figures "Status Code - Generic Command Status Values" and following, §4.6.1.2: the codes that
 * are defined; everything else is reserved or of a vendor. */
static const struct range defined[] = {
    {0, 0x00, 0x16}, {0, 0x18, 0x22}, {0, 0x80, 0x84}, {1, 0x00, 0x03},
    {1, 0x05, 0x16}, {1, 0x18, 0x25}, {1, 0x80, 0x82}, {2, 0x80, 0x87},
    {3, 0x00, 0x03}, {3, 0x60, 0x60}, {3, 0x70, 0x71},
};

static bool is_defined(unsigned sct, unsigned sc)
{
    for (size_t i = 0; i < ARRAY_SIZE(defined); i++) {
        if (defined[i].sct == sct && sc >= defined[i].first && sc <= defined[i].last) {
            return true;
        }
    }
    return false;
}

/* A dword 3 with everything else set to its opposite, decoded as the driver decodes it. */
static uint16_t through_dw3(unsigned sct, unsigned sc, unsigned more, unsigned dnr)
{
    uint32_t dw3 = 0x1ffff; /* identifier and phase */

    dw3 |= (uint32_t)sc << 17 | (uint32_t)sct << 25 | (uint32_t)more << 30 | (uint32_t)dnr << 31;
    return (uint16_t)FIELD_GET(NVME_CQE_DW3_STATUS, dw3);
}

/* No bit of the code is lost on the way: 80h is not success. */
static void test_decode(void **state)
{
    (void)state;
    for (unsigned sct = 0; sct < 8; sct++) {
        for (unsigned sc = 0; sc < 256; sc++) {
            for (unsigned flags = 0; flags < 4; flags++) {
                uint16_t status = through_dw3(sct, sc, flags & 1, flags >> 1);

                assert_int_equal(FIELD_GET(NVME_STATUS_SC, status), sc);
                assert_int_equal(FIELD_GET(NVME_STATUS_SCT, status), sct);
                assert_int_equal(FIELD_GET(NVME_STATUS_MORE, status), flags & 1);
                assert_int_equal(FIELD_GET(NVME_STATUS_DNR, status), flags >> 1);
                assert_int_equal(FIELD_GET(NVME_STATUS_CODE, status), NVME_STATUS(sct, sc));
                if (sct || sc) {
                    assert_true(nvme_status_errno(status) < 0);
                    assert_string_not_equal(nvme_status_name(status), "Successful Completion");
                } else {
                    assert_int_equal(nvme_status_errno(status), 0);
                }
            }
        }
    }
}

static bool name_is_of_table(const char *name)
{
    return !strstr(name, "unknown") && !strstr(name, "reserved") && !strstr(name, "vendor");
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned sct = 0; sct < 8; sct++) {
        for (unsigned sc = 0; sc < 256; sc++) {
            const char *name = nvme_status_name((uint16_t)NVME_STATUS(sct, sc));

            assert_non_null(name);
            assert_int_equal(name_is_of_table(name), is_defined(sct, sc));
            /* No two codes share a name. */
            for (unsigned other = 0; other < sc && is_defined(sct, sc); other++) {
                if (is_defined(sct, other)) {
                    assert_string_not_equal(name,
                                            nvme_status_name((uint16_t)NVME_STATUS(sct, other)));
                }
            }
        }
    }
}

/* Every code of the table has a sentence of its own; the others have a general one. */
static void test_meanings(void **state)
{
    (void)state;
    for (unsigned sct = 0; sct < 8; sct++) {
        for (unsigned sc = 0; sc < 256; sc++) {
            const char *text = nvme_status_meaning((uint16_t)NVME_STATUS(sct, sc));
            size_t len = strlen(text);

            assert_true(len >= 15 && len <= 95);
            assert_true(text[0] >= 'A' && text[0] <= 'Z' && text[len - 1] == '.');
            assert_int_equal(is_defined(sct, sc),
                             !strstr(text, "does not define") && !strstr(text, "Only the drive"));
            for (unsigned other = 0; other < sc && is_defined(sct, sc); other++) {
                if (is_defined(sct, other)) {
                    assert_string_not_equal(text,
                                            nvme_status_meaning((uint16_t)NVME_STATUS(sct, other)));
                }
            }
        }
    }
    assert_string_equal(nvme_status_meaning(0x4080), nvme_status_meaning(NVME_SC_LBA_OUT_OF_RANGE));
}

static void test_errnos(void **state)
{
    static const struct {
        uint16_t status;
        int err;
    } cases[] = {
        {NVME_SC_LBA_OUT_OF_RANGE, -EIO},
        {NVME_SC_UNRECOVERED_READ_ERROR, -ENODATA},
        {NVME_SC_WRITE_FAULT, -EIO},
        {NVME_SC_NAMESPACE_WRITE_PROTECTED, -EROFS},
        {NVME_SC_CAPACITY_EXCEEDED, -ENOSPC},
        {NVME_SC_ABORT_REQUESTED, -ECANCELED},
        {NVME_SC_INVALID_NAMESPACE_OR_FORMAT, -ENXIO},
        {NVME_STATUS(7, 0xff), -EIO},
        {NVME_SC_DEALLOCATED_OR_UNWRITTEN, -ENODATA},
        {NVME_STATUS(5, 0), -EIO},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(nvme_status_errno(cases[i].status), cases[i].err);
        assert_int_equal(nvme_status_errno(cases[i].status | (uint16_t)NVME_STATUS_DNR),
                         cases[i].err);
    }
}

static void test_format(void **state)
{
    char buf[128], small[8];

    (void)state;
    nvme_status_format(0x4002, buf, sizeof(buf));
    assert_string_equal(buf, "Invalid Field in Command (sct 0, sc 02h, do not retry)");
    nvme_status_format(0x4080, buf, sizeof(buf));
    assert_string_equal(buf, "LBA Out of Range (sct 0, sc 80h, do not retry)");
    nvme_status_format(NVME_SC_UNRECOVERED_READ_ERROR | (uint16_t)NVME_STATUS_MORE, buf,
                       sizeof(buf));
    assert_string_equal(buf, "Unrecovered Read Error (sct 2, sc 81h, more in the error log)");
    nvme_status_format(NVME_STATUS(7, 0xc1), buf, sizeof(buf));
    assert_string_equal(buf, "vendor specific status (sct 7, sc C1h)");
    nvme_status_format(0x4002, small, sizeof(small));
    assert_string_equal(small, "Invalid");
}

static void test_opcodes(void **state)
{
    char buf[64];

    (void)state;
    nvme_opcode_format(true, NVME_ADM_IDENTIFY, buf, sizeof(buf));
    assert_string_equal(buf, "Identify");
    nvme_opcode_format(false, NVME_IO_READ, buf, sizeof(buf));
    assert_string_equal(buf, "Read");
    nvme_opcode_format(false, NVME_IO_FLUSH, buf, sizeof(buf));
    assert_string_equal(buf, "Flush");
    nvme_opcode_format(true, 0xc0, buf, sizeof(buf));
    assert_string_equal(buf, "admin opcode C0h (vendor)");
    nvme_opcode_format(false, 0x91, buf, sizeof(buf));
    assert_string_equal(buf, "I/O opcode 91h (vendor)");
    nvme_opcode_format(true, 0x33, buf, sizeof(buf));
    assert_string_equal(buf, "admin opcode 33h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),  cmocka_unit_test(test_names),
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_errnos),  cmocka_unit_test(test_format),
        cmocka_unit_test(test_opcodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
