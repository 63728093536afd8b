/*
 * tests/unit/test_nvme_command.c - any I/O command, as it is: its gate, its limits, its results and
 * time-outs; fused pairs; that a ring entry is clean afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_command.h"
#include "drivers/nvme/nvme_nvm.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

static struct rig r;
static struct nvme_ns *ns;

static void start(uint16_t acwu_0b)
{
    rig_init(&r);
    r.cfg.fused = true;
    r.cfg.acwu_0b = acwu_0b;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    ns = rig_ns(&r, 1);
}

static struct nvme_command read_of(uint64_t lba, uint8_t *data, size_t len)
{
    return (struct nvme_command){
        .cmd = {.opcode = NVME_IO_READ, .nsid = 1, .cdw10 = (uint32_t)lba,
                .cdw12 = (uint32_t)(len / 512 - 1)},
        .dir = NVME_TO_HOST, .data = data, .len = len,
    };
}

static void moves_data_and_gives_results(void **state)
{
    uint8_t data[1024], expected[1024];

    (void)state;
    start(0);
    rig_pattern(expected, sizeof(expected), 3);
    model_media_write(r.hp->model, 1, 512 * 6, expected, sizeof(expected));
    struct nvme_command c = read_of(6, data, sizeof(data));
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), 0);
    assert_memory_equal(data, expected, sizeof(data));
    c.cmd.nsid = 9;
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -ENXIO);
    assert_int_equal(c.res.status & 0x7ff, ST_INVALID_NS);
    assert_int_equal(rig_close(&r), 0);
}

static void gate_and_shape(void **state)
{
    static uint8_t big[256 * 1024];
    uint8_t data[512] = {0};
    struct nvme_command w = {.cmd = {.opcode = NVME_IO_WRITE, .nsid = 1},
                             .dir = NVME_TO_DEVICE, .data = data, .len = 512};
    struct nvme_command vendor = {.cmd = {.opcode = 0x99, .nsid = 1}};
    uint64_t before;

    (void)state;
    start(0);
    before = model_counters(r.hp->model)->io_commands;
    assert_int_equal(nvme_io_command(rig_qp(&r), &w, 0), -EROFS);
    assert_int_equal(nvme_io_command(rig_qp(&r), &vendor, 0), -EROFS);
    struct nvme_command c = read_of(0, data, 512);
    c.cmd.flags = 1;
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -EINVAL);
    c = read_of(0, data, 512);
    c.dir = NVME_NO_DATA;
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -EINVAL);
    c = read_of(0, NULL, 512);
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -EINVAL);
    c = read_of(0, big, sizeof(big)); /* MDTS is 128 KiB */
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -EINVAL);
    assert_int_equal(model_counters(r.hp->model)->io_commands, before);
    rig_arm(&r, ns);
    assert_int_equal(nvme_io_command(rig_qp(&r), &w, 0), 0);
    assert_int_equal(rig_close(&r), 0);
}

/* A busy queue could come by an entry that is not clean yet. */
static void not_on_a_busy_queue(void **state)
{
    uint8_t data[512];
    struct rig_io rio;

    (void)state;
    start(0);
    rig_io_make(&r, &rio, ns, NVME_IO_READ, 0, 1, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    struct nvme_command c = read_of(0, data, 512);
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -EBUSY);
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* DW2, DW3 and DW13 to DW15 of a command must not be found in a later one: once around the ring. */
static void entries_are_clean_afterwards(void **state)
{
    uint8_t data[512];

    (void)state;
    start(0);
    for (unsigned i = 0; i < 40; i++) {
        struct nvme_command c = read_of(0, data, 512);
        c.cmd.cdw13 = c.cmd.cdw14 = c.cmd.cdw15 = 0xffffffff;
        c.cmd.cdw2 = c.cmd.cdw3 = 1;
        assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), 0);
    }
    assert_int_equal(model_violations(r.hp->model), 40); /* reserved DW2 and DW3, as asked for */
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(rig_read(&r, ns, i, 1, data), 0);
    }
    assert_int_equal(model_violations(r.hp->model), 40);
    model_forgive(r.hp->model);
    assert_int_equal(rig_close(&r), 0);
}

static void overdue_by_its_own_time_out(void **state)
{
    static const struct model_rule lost = {.on = MODEL_ON_IO, .match = NVM_READ, .sub = MODEL_ANY,
                                           .action = MODEL_DO_DROP};
    uint8_t data[512];

    (void)state;
    start(0);
    model_add_rule(r.hp->model, &lost);
    struct nvme_command c = read_of(0, data, 512);
    uint64_t before_ns = host_clock_peek(&r.clock);
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 50 * NS_PER_MS), -ETIMEDOUT);
    assert_true(host_clock_peek(&r.clock) - before_ns < NS_PER_S); /* not the usual 2 s */
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), 0); /* after a reset */
    assert_int_equal(rig_close(&r), 0);
}

static void a_device_that_dies(void **state)
{
    static const struct model_rule dies = {.on = MODEL_ON_IO, .match = NVM_READ, .sub = MODEL_ANY,
                                           .action = MODEL_DO_ALL_ONES};
    uint8_t data[512];

    (void)state;
    start(0);
    model_add_rule(r.hp->model, &dies);
    struct nvme_command c = read_of(0, data, 512);
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -ESHUTDOWN);
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -ESHUTDOWN);
    assert_int_equal(rig_close(&r), 0);
}

static void no_memory(void **state)
{
    static const struct model_rule full = {.on = MODEL_ON_DMA_ALLOC, .match = MODEL_ANY,
                                           .sub = MODEL_ANY, .action = MODEL_DO_FAIL};
    uint8_t data[512];

    (void)state;
    start(0);
    model_add_rule(r.hp->model, &full);
    struct nvme_command c = read_of(0, data, 512);
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), -ENOMEM);
    assert_int_equal(nvme_io_command(rig_qp(&r), &c, 0), 0);
    assert_int_equal(rig_close(&r), 0);
}

/* --- fused ------------------------------------------------------------------------------------ */

static int compare_and_write(uint64_t lba, uint32_t count, uint8_t *old, uint8_t *new,
                             struct nvme_nvm nvms[2])
{
    nvms[0] = (struct nvme_nvm){.ns = ns, .lba = lba, .count = count, .data = old};
    nvms[1] = (struct nvme_nvm){.ns = ns, .lba = lba, .count = count, .data = new};
    return nvme_nvm_compare_and_write(rig_qp(&r), &nvms[0], &nvms[1]);
}

static void compare_and_write_in_one(void **state)
{
    uint8_t old[4 * 512], new[4 * 512], seen[4 * 512];
    struct nvme_nvm nvms[2];

    (void)state;
    start(3);
    rig_pattern(old, sizeof(old), 1);
    rig_pattern(new, sizeof(new), 2);
    model_media_write(r.hp->model, 1, 512 * 5, old, sizeof(old));
    assert_int_equal(compare_and_write(5, 4, old, new, nvms), -EROFS);
    rig_arm(&r, ns);
    assert_int_equal(nvme_nvm_fused_max(ns), 4);
    for (unsigned i = 0; i < 20; i++) { /* around the ring: the pair may lie across its end */
        bool even = i % 2 == 0;
        assert_int_equal(compare_and_write(5, 4, even ? old : new, even ? new : old, nvms), 0);
        assert_int_equal(nvms[0].done, 4);
        assert_int_equal(nvms[1].done, 4);
        model_media_read(r.hp->model, 1, 512 * 5, seen, sizeof(seen));
        assert_memory_equal(seen, even ? new : old, sizeof(seen));
    }
    assert_int_equal(rig_close(&r), 0);
}

static void a_difference_stops_the_write(void **state)
{
    uint8_t old[512], new[512], seen[512];
    struct nvme_nvm nvms[2];

    (void)state;
    start(3);
    rig_arm(&r, ns);
    rig_pattern(old, sizeof(old), 1);
    rig_pattern(new, sizeof(new), 2);
    model_media_write(r.hp->model, 1, 0, old, sizeof(old));
    old[511] ^= 0x80;
    assert_int_equal(compare_and_write(0, 1, old, new, nvms), -EIO);
    assert_int_equal(nvms[0].res.status & 0x7ff, ST_COMPARE);
    assert_int_equal(nvms[1].res.status & 0x7ff, ST_FAILED_FUSED);
    assert_int_equal(nvms[0].done, 0);
    assert_int_equal(nvms[1].done, 0);
    old[511] ^= 0x80;
    model_media_read(r.hp->model, 1, 0, seen, sizeof(seen));
    assert_memory_equal(seen, old, sizeof(seen));
    assert_int_equal(rig_close(&r), 0);
}

static void fused_limits(void **state)
{
    uint8_t old[3 * 512] = {0}, new[3 * 512] = {0};
    struct nvme_nvm nvms[2];

    (void)state;
    start(1);
    rig_arm(&r, ns);
    uint64_t before = model_counters(r.hp->model)->io_commands;
    assert_int_equal(compare_and_write(0, 3, old, new, nvms), -EINVAL); /* ACWU: two blocks */
    assert_int_equal(compare_and_write(0, 0, old, new, nvms), -EINVAL);
    assert_int_equal(compare_and_write(ns->block_count - 1, 2, old, new, nvms), -EINVAL);
    assert_int_equal(model_counters(r.hp->model)->io_commands, before);
    assert_int_equal(compare_and_write(ns->block_count - 2, 2, old, new, nvms), 0);
    assert_int_equal(rig_close(&r), 0);
    rig_start(&r); /* without fused operations */
    ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
    assert_int_equal(compare_and_write(0, 1, old, new, nvms), -ENOTSUP);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_data_and_gives_results),
        cmocka_unit_test(gate_and_shape),
        cmocka_unit_test(not_on_a_busy_queue),
        cmocka_unit_test(entries_are_clean_afterwards),
        cmocka_unit_test(overdue_by_its_own_time_out),
        cmocka_unit_test(a_device_that_dies),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(compare_and_write_in_one),
        cmocka_unit_test(a_difference_stops_the_write),
        cmocka_unit_test(fused_limits),
    };
    return cmocka_run_group_tests_name("nvme command", tests, NULL, NULL);
}
