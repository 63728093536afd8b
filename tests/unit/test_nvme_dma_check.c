/*
 * tests/unit/test_nvme_dma_check.c - the watch over memory for devices: what it lets pass, what it
 * does not, and what it poisons.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme.h"
#include "drivers/nvme/nvme_dma_check.h"
#include "drivers/nvme/nvme_prp.h"
#include "drivers/nvme/nvme_spec.h"
#include "lib/compiler.h"

#define PAGE       4096u
#define DATA_IOVA  UINT64_C(0x10000000)
#define DATA_PAGES 1100u /* more than one page of a list names */
#define LIST_IOVA  UINT64_C(0x40000000)
#define BLOCK      512u

static struct dma_buf data, list;

static int set_up(void **state)
{
    (void)state;
    data = (struct dma_buf){calloc(DATA_PAGES, PAGE), DATA_IOVA, DATA_PAGES * PAGE};
    list = (struct dma_buf){calloc(4, PAGE), LIST_IOVA, 4 * PAGE};
    nvme_dma_check_add(&data);
    nvme_dma_check_add(&list);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nvme_dma_check_remove(&data);
    nvme_dma_check_remove(&list);
    free(data.va);
    free(list.va);
    return 0;
}

/* A read or write of len bytes at iova, described as the driver does it. */
static struct nvme_sqe command(uint8_t opcode, uint64_t iova, uint64_t len)
{
    struct nvme_sqe sqe = {.opcode = opcode, .cdw12 = (uint32_t)(len / BLOCK - 1)};
    uint64_t prp1, prp2;

    nvme_prp_build(iova, len, list.va, list.iova, &prp1, &prp2);
    sqe.prp1 = prp1;
    sqe.prp2 = prp2;
    return sqe;
}

static const char *check(const struct nvme_sqe *sqe)
{
    return nvme_dma_check_command(sqe, false, BLOCK);
}

static void what_lies_in_a_buffer_passes(void **state)
{
    static const uint64_t lengths[] = {BLOCK, PAGE, PAGE + BLOCK, 2 * PAGE, 3 * PAGE, 512 * PAGE,
                                       513 * PAGE, 514 * PAGE, 1050 * PAGE};
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        for (uint64_t offset = 0; offset < PAGE; offset += 1024) {
            struct nvme_sqe sqe = command(NVME_IO_WRITE, DATA_IOVA + offset, lengths[i]);
            assert_null(check(&sqe));
        }
    }
}

static void what_does_not_is_named(void **state)
{
    (void)state;
    struct nvme_sqe sqe = command(NVME_IO_WRITE, DATA_IOVA - PAGE, PAGE);
    assert_string_equal(check(&sqe), "PRP1");
    sqe = command(NVME_IO_WRITE, DATA_IOVA + (DATA_PAGES - 1) * PAGE, 2 * PAGE);
    assert_string_equal(check(&sqe), "PRP2");
    sqe = command(NVME_IO_WRITE, DATA_IOVA + (DATA_PAGES - 2) * PAGE, 3 * PAGE);
    assert_string_equal(check(&sqe), "an entry of its PRP list");
    sqe = command(NVME_IO_WRITE, DATA_IOVA, 3 * PAGE);
    sqe.prp2 = LIST_IOVA + 4 * PAGE;
    assert_string_equal(check(&sqe), "its PRP list");
    sqe = command(NVME_IO_WRITE, DATA_IOVA, 600 * PAGE);
    ((uint64_t *)list.va)[511] = 0x1000; /* the link to the second page */
    assert_string_equal(check(&sqe), "its PRP list");
    sqe = command(NVME_IO_WRITE, DATA_IOVA, PAGE);
    sqe.mptr = 0x1000;
    assert_string_equal(check(&sqe), "its metadata");
    sqe = (struct nvme_sqe){
        .opcode = NVME_IO_WRITE, .flags = 1 << 6, .prp1 = DATA_IOVA, .prp2 = DATA_PAGES * PAGE};
    assert_null(check(&sqe));
    sqe.prp2++;
    assert_string_equal(check(&sqe), "its SGL descriptor");
}

static void other_commands_begin_in_a_buffer(void **state)
{
    struct nvme_sqe sqe = {.opcode = NVME_ADM_IDENTIFY, .prp1 = LIST_IOVA + 3 * PAGE};
    (void)state;

    assert_null(nvme_dma_check_command(&sqe, true, 0));
    sqe.prp1 += 4;
    assert_string_equal(nvme_dma_check_command(&sqe, true, 0), "PRP2");
    sqe = (struct nvme_sqe){
        .opcode = NVME_ADM_GET_LOG_PAGE, .cdw10 = 0x7ff << 16, .prp1 = LIST_IOVA + 3 * PAGE};
    assert_string_equal(nvme_dma_check_command(&sqe, true, 0), "PRP2"); /* 8 KiB */
    sqe = (struct nvme_sqe){.opcode = 0x80};
    assert_null(nvme_dma_check_command(&sqe, true, 0));
    sqe.prp1 = 0x1000;
    assert_string_equal(nvme_dma_check_command(&sqe, true, 0), "PRP1");
}

static void only_the_destination_of_a_read_is_poisoned(void **state)
{
    const uint8_t *bytes = data.va;
    (void)state;

    struct nvme_sqe sqe = command(NVME_IO_WRITE, DATA_IOVA + 1024, 5 * PAGE);
    assert_null(check(&sqe));
    assert_int_equal(bytes[1024], 0);
    sqe.opcode = NVME_IO_READ;
    assert_null(check(&sqe));
    assert_int_equal(bytes[1023], 0);
    assert_int_equal(bytes[1024], NVME_DMA_POISON);
    assert_int_equal(bytes[1024 + 5 * PAGE - 1], NVME_DMA_POISON);
    assert_int_equal(bytes[1024 + 5 * PAGE], 0);
}

static void memory_given_back_is_poisoned_and_unknown(void **state)
{
    struct dma_buf other = {calloc(1, PAGE), 0x90000000, PAGE};
    struct nvme_sqe sqe = command(NVME_IO_WRITE, other.iova, PAGE);
    (void)state;

    nvme_dma_check_add(&other);
    assert_null(check(&sqe));
    nvme_dma_check_remove(&other);
    assert_string_equal(check(&sqe), "PRP1");
    assert_int_equal(((uint8_t *)other.va)[PAGE - 1], NVME_DMA_POISON);
    free(other.va);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_lies_in_a_buffer_passes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_commands_begin_in_a_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_destination_of_a_read_is_poisoned, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(memory_given_back_is_poisoned_and_unknown, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("DMA check", tests, NULL, NULL);
}
