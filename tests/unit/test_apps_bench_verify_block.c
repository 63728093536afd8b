/*
 * tests/unit/test_apps_bench_verify_block.c - checksums, contents of writes, and one verified
 * block: made, checked, and understood when a bit of it is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/bench/buffers.h"
#include "apps/bench/verify_block.h"
#include "lib/bytes.h"
#include "lib/crc32c.h"

static void crc32c_is_the_same_both_ways(void **state)
{
    uint8_t data[300];
    (void)state;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c_by_table(0, "123456789", 9), 0xe3069283);
    bench_random_fill(data, sizeof(data), 12345, 0);
    for (unsigned from = 0; from < 16; from++) {
        for (unsigned len = 0; from + len <= sizeof(data); len++) {
            assert_int_equal(crc32c(7, data + from, len), crc32c_by_table(7, data + from, len));
        }
    }
}

static void random_data_goes_on_anywhere(void **state)
{
    uint8_t whole[1024], part[512];
    (void)state;
    bench_random_fill(whole, sizeof(whole), 99, 0);
    bench_random_fill(part, sizeof(part), 99, 512);
    assert_memory_equal(whole + 512, part, sizeof(part));
    /* As fio 3.33 wrote it: the third group of a block with this seed. */
    bench_random_fill(whole, 64 + 32, UINT64_C(0x187a339a93949434), 0);
    assert_int_equal(load_le64(whole + 64), UINT64_C(0x7413ebf6d4852d94));
    assert_int_equal(load_le64(whole + 72), UINT64_C(0xe827d7eda90a5b28));
    assert_int_equal(load_le64(whole + 80), UINT64_C(0x5c3bc3e47d8f88bc));
    assert_int_equal(load_le64(whole + 88), UINT64_C(0x44639bd22699e3e4));
}

static void patterns_repeat_and_name_offsets(void **state)
{
    struct bench_bytes pattern = {.count = 11, .byte = {1, 0, 0, 0, 0, 0, 0, 0, 0, 'a', 'b'},
                                  .offset_at = {1 << 1}};
    uint8_t buf[40];
    (void)state;
    bench_bytes_fill(&pattern, buf, sizeof(buf), 0x2000);
    assert_memory_equal(buf, "\1\0\x20\0\0\0\0\0\0ab\1\0\x20\0\0\0\0\0\0ab\1\0\x20", 25);
    assert_memory_equal(buf + 22, buf, 18);
}

/* Every single bit of a block: found, and found where it is; with what the writer knows, with what
 * a later reader knows, and where the data cannot be made again. */
static void each_flipped_bit_is_located(void **state)
{
    static uint8_t buf[512], spare[512];
    struct bench_miscompare m;
    struct bench_verify_io io = {.verify = BENCH_VERIFY_CRC32C, .interval_bytes = sizeof(buf),
                                 .bytes = sizeof(buf), .offset = 1 << 20, .exact = true,
                                 .seed = 987654321, .job = 1, .number = 7,
                                 .time_ns = 5 * NS_PER_S + 3};
    (void)state;
    bench_verify_fill(&io, buf);
    for (unsigned i = 0; i < 3; i++) {
        io.exact = i == 0;
        if (i == 2) { /* data of nobody's seed */
            memset(buf + BENCH_VERIFY_HEADER_BYTES, 0x11, sizeof(buf) - BENCH_VERIFY_HEADER_BYTES);
            store_le32(buf + 40, ~crc32c(0, buf + BENCH_VERIFY_HEADER_BYTES,
                                         sizeof(buf) - BENCH_VERIFY_HEADER_BYTES));
        }
        assert_true(bench_verify_good(&io, buf, 0));
        for (unsigned bit = 0; bit < sizeof(buf) * 8; bit++) {
            buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(bench_verify_good(&io, buf, 0));
            bench_verify_diagnose(&io, buf, 0, spare, &m);
            if (i < 2 || bit / 8 < 40 || bit / 8 >= BENCH_VERIFY_HEADER_BYTES) {
                assert_true(m.located);
                assert_int_equal(m.first_wrong, bit / 8);
                assert_int_equal(m.wrong_bytes, 1);
                assert_int_equal(m.kind, bit / 8 < BENCH_VERIFY_HEADER_BYTES ? BENCH_WRONG_HEADER
                                                                            : BENCH_WRONG_BIT);
            }
            buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_is_the_same_both_ways),
        cmocka_unit_test(random_data_goes_on_anywhere),
        cmocka_unit_test(patterns_repeat_and_name_offsets),
        cmocka_unit_test(each_flipped_bit_is_located),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
