/*
 * tests/unit/test_nvme_io.c - reads, writes and flushes against a reference in memory; what
 * nvme_post refuses; PRPs of every length and offset; errors of the device and their errno.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "lib/rng.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

/* --- data, for several geometries ------------------------------------------------------------- */

struct geometry {
    const char *name;
    uint8_t lbads, mdts;
    uint64_t blocks;
    uint32_t entries;
    uint64_t jitter_ns;
    unsigned fetch_burst;
};

static const struct geometry geometries[] = {
    { "512-byte blocks, MDTS 128 KiB", 9, 5, 4096, 64, 0, 0 },
    { "512-byte blocks, MDTS 8 KiB, out of order", 9, 1, 4096, 128, 50000, 0 },
    { "512-byte blocks, no MDTS", 9, 0, 4096, 32, 0, 2 },
    { "4096-byte blocks, MDTS 128 KiB", 12, 5, 512, 64, 50000, 1 },
    { "4096-byte blocks, no MDTS", 12, 0, 512, 600, 0, 0 },
    { "64 KiB blocks", 16, 5, 64, 64, 20000, 0 },
};

static void geometry_start(struct rig *r, const struct geometry *g)
{
    rig_init(r);
    r->cfg.ns[0] = (struct model_ns_config){ .nsid = 1, .blocks = g->blocks, .lbads = g->lbads };
    r->cfg.mdts = g->mdts;
    r->cfg.jitter_ns = g->jitter_ns;
    r->cfg.fetch_burst = g->fetch_burst;
    r->opt.io_entries = g->entries;
    rig_open(r);
    assert_int_equal(rig_attach(r), 0);
    rig_arm(r, rig_ns(r, 1));
}

/* Random transfers at random places from buffers at random offsets, one at a time. */
static void random_transfers(void **state)
{
    const struct geometry *g = *state;
    struct rig r;
    struct rng rng;

    geometry_start(&r, g);
    struct nvme_ns *ns = rig_ns(&r, 1);
    size_t total = (size_t)(g->blocks << g->lbads);
    uint8_t *reference = calloc(1, total);
    rng_seed(&rng, g->blocks + g->mdts);
    for (int i = 0; i < 300; i++) {
        uint64_t lba = rng_below(&rng, g->blocks);
        uint64_t most = MIN(g->blocks - lba, (uint64_t)(1 << 20) >> g->lbads);
        uint32_t nlb = (uint32_t)(1 + rng_below(&rng, i % 3 ? MIN(most, (uint64_t)8) : most));
        bool write = rng_below(&rng, 2);
        struct rig_io rio;
        rig_io_make(&r, &rio, ns, write ? NVME_IO_WRITE : NVME_IO_READ, lba, nlb,
                    rng_below(&rng, 2048) * 4);
        uint8_t *data = rig_io_data(&rio);
        size_t bytes = (size_t)nlb << g->lbads;
        if (write) {
            rig_pattern(data, bytes, (uint64_t)i);
            memcpy(reference + (lba << g->lbads), data, bytes);
        }
        assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), 0);
        assert_memory_equal(data, reference + (lba << g->lbads), bytes);
        rig_io_free(&r, &rio);
    }
    uint8_t *media = malloc(total);
    model_media_read(r.hp->model, 1, 0, media, total);
    assert_memory_equal(media, reference, total);
    free(media);
    free(reference);
    assert_int_equal(rig_close(&r), 0);
}

/* --- PRPs ------------------------------------------------------------------------------------- */

static void every_offset_and_length(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.mdts = 2; /* 16 KiB */
    r.opt.io_entries = 256;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct nvme_ns *ns = rig_ns(&r, 1);
    uint8_t *image = malloc(64 * 1024);
    rig_pattern(image, 64 * 1024, 9);
    model_media_write(r.hp->model, 1, 0, image, 64 * 1024);
    for (uint32_t nlb = 1; nlb <= 70; nlb++) {
        static const uint64_t offsets[] = { 0, 4, 508, 512, 2048, 3584, 4092, 4096, 4100, 8188 };
        for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
            struct rig_io rio;
            rig_io_make(&r, &rio, ns, NVME_IO_READ, nlb % 7, nlb, offsets[i]);
            assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), 0);
            assert_memory_equal(rig_io_data(&rio), image + (size_t)512 * (nlb % 7), 512 * nlb);
            rig_io_free(&r, &rio);
        }
    }
    free(image);
    assert_int_equal(rig_close(&r), 0);
}

/* A range that ends beyond the namespace is refused before the first of its turns is done. */
static void refused_before_the_first_turn(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.opt.io_entries = 2;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct nvme_ns *ns = rig_ns(&r, 1);
    struct rig_io rio;
    rig_io_make(&r, &rio, ns, NVME_IO_READ, ns->block_count - 3 * ns->max_blocks,
                3 * ns->max_blocks, 0);
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, true), 0);
    uint64_t before = model_counters(r.hp->model)->io_commands;
    rio.io.lba++;
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, true), -EINVAL);
    assert_int_equal(model_counters(r.hp->model)->io_commands, before);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void lists_longer_than_a_page(void **state)
{
    /* 511, 512, 513, 514 entries after PRP1, and enough for several chained lists. */
    static const uint32_t pages[] = { 2, 3, 512, 513, 514, 515, 1024, 1025, 1026, 2048 };
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.mdts = 0;
    r.cfg.ns[0] = (struct model_ns_config){ .nsid = 1, .blocks = 4096, .lbads = 12 };
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct nvme_ns *ns = rig_ns(&r, 1);
    size_t total = (size_t)4096 * 2048;
    uint8_t *image = malloc(total);
    rig_pattern(image, total, 4);
    model_media_write(r.hp->model, 1, 0, image, total);
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        for (uint64_t offset = 0; offset < 4096; offset += 2044) {
            struct rig_io rio;
            rig_io_make(&r, &rio, ns, NVME_IO_READ, 0, pages[i], offset);
            assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), 0);
            assert_memory_equal(rig_io_data(&rio), image, (size_t)4096 * pages[i]);
            rig_io_free(&r, &rio);
        }
    }
    free(image);
    assert_int_equal(rig_close(&r), 0);
}

static void splits_at_mdts(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.mdts = 3; /* 32 KiB: 64 blocks */
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct nvme_ns *ns = rig_ns(&r, 1);
    assert_int_equal(ns->max_blocks, 64);
    static const struct {
        uint32_t nlb, commands;
    } rows[] = { { 1, 1 }, { 64, 1 }, { 65, 2 }, { 128, 2 }, { 129, 3 }, { 31 * 64, 31 } };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct rig_io rio;
        uint64_t before = model_counters(r.hp->model)->io_commands;
        rig_io_make(&r, &rio, ns, NVME_IO_READ, 100, rows[i].nlb, 0);
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
        assert_int_equal(nvme_qpair_outstanding(rig_qp(&r)), rows[i].commands);
        assert_int_equal(rio.done, 0);
        assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
        assert_int_equal(rio.done, 1);
        assert_int_equal(rio.io.err, 0);
        assert_int_equal(model_counters(r.hp->model)->io_commands - before, rows[i].commands);
        rig_io_free(&r, &rio);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void larger_than_the_queue_in_turns(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.mdts = 1; /* 8 KiB */
    r.opt.io_entries = 2;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct nvme_ns *ns = rig_ns(&r, 1);
    uint8_t *out = malloc(MIB);
    uint8_t *in = malloc(MIB);
    rig_pattern(out, MIB, 5);
    rig_arm(&r, ns);
    assert_int_equal(rig_write(&r, ns, 77, MIB / 512, out), 0);
    assert_int_equal(rig_read(&r, ns, 77, MIB / 512, in), 0);
    assert_memory_equal(in, out, MIB);
    struct rig_io rio;
    rig_io_make(&r, &rio, ns, NVME_IO_READ, 0, 64, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -EINVAL);
    rig_io_free(&r, &rio);
    free(out);
    free(in);
    assert_int_equal(rig_close(&r), 0);
}

/* --- places ----------------------------------------------------------------------------------- */

static void beyond_32_bits(void **state)
{
    static const uint64_t lbas[] = { 0xfffffffe, 0xffffffff, 0x100000000, 0x123456789a,
                                     (UINT64_C(1) << 54) - 8 };
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.ns[0].blocks = UINT64_C(1) << 54;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct nvme_ns *ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
    assert_int_equal(ns->block_count, UINT64_C(1) << 54);
    for (size_t i = 0; i < ARRAY_SIZE(lbas); i++) {
        uint8_t data[4096];
        uint8_t seen[4096];
        rig_pattern(data, sizeof(data), i);
        assert_int_equal(rig_write(&r, ns, lbas[i], 8, data), 0);
        model_media_read(r.hp->model, 1, lbas[i] * 512, seen, sizeof(seen));
        assert_memory_equal(seen, data, sizeof(data));
    }
    assert_int_equal(rig_close(&r), 0);
}

struct refused {
    const char *name;
    uint64_t lba;
    uint32_t nlb;
    uint64_t iova_offset;
    uint8_t opcode;
    int err;
};

/* A namespace of 131072 blocks, armed. */
static const struct refused refused[] = {
    { "the block after the last", 131072, 1, 0, NVME_IO_READ, -EINVAL },
    { "over the end", 131071, 2, 0, NVME_IO_READ, -EINVAL },
    { "LBA 2^64 - 1", UINT64_MAX, 1, 0, NVME_IO_READ, -EINVAL },
    { "a sum that wraps", UINT64_MAX - 1, 4, 0, NVME_IO_WRITE, -EINVAL },
    { "no blocks", 0, 0, 0, NVME_IO_READ, -EINVAL },
    { "no blocks to write", 5, 0, 0, NVME_IO_WRITE, -EINVAL },
    { "an odd address", 0, 1, 1, NVME_IO_READ, -EINVAL },
    { "an address aligned to 2", 0, 1, 2, NVME_IO_READ, -EINVAL },
    { "more commands than slots", 0, 131072, 0, NVME_IO_READ, -EINVAL },
    { "2^32 - 1 blocks", 0, UINT32_MAX, 0, NVME_IO_READ, -EINVAL },
    { "an opcode that is none of the three", 0, 1, 0, 0x99, -EINVAL },
    { "the last block, which is right", 131071, 1, 0, NVME_IO_READ, 0 },
};

static void post_refuses(void **state)
{
    const struct refused *row = *state;
    struct rig r;
    struct rig_io rio;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
    rig_io_make(&r, &rio, ns, row->opcode, row->lba, MIN(row->nlb, (uint32_t)8), 0);
    rio.io.nlb = row->nlb;
    rio.io.iova += row->iova_offset;
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), row->err);
    if (row->err) {
        assert_int_equal(nvme_qpair_outstanding(rig_qp(&r)), 0);
        nvme_ring(rig_qp(&r));
        assert_int_equal(model_counters(r.hp->model)->sq_doorbells, 0);
        assert_int_equal(rio.done, 0);
    } else {
        assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    }
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* --- arming ----------------------------------------------------------------------------------- */

static void arming(void **state)
{
    static const char *const wrong[] = { "", "CAR", "CAR0001 ", "car0001", "CAR00012", "*" };
    struct rig r;
    uint8_t block[512] = { 1, 2, 3 };
    uint8_t seen[512];
    (void)state;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    assert_false(ns->armed);
    assert_int_equal(rig_write(&r, ns, 0, 1, block), -EROFS);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(nvme_ns_arm(ns, wrong[i]), -EINVAL);
        assert_false(ns->armed);
    }
    assert_int_equal(rig_write(&r, ns, 0, 1, block), -EROFS);
    assert_int_equal(model_counters(r.hp->model)->by_opcode[1][NVM_WRITE], 0);
    assert_int_equal(nvme_ns_arm(ns, "CAR0001"), 0);
    assert_int_equal(rig_write(&r, ns, 0, 1, block), 0);
    assert_int_equal(nvme_ns_arm(ns, "other"), -EINVAL);
    assert_true(ns->armed);
    nvme_ns_disarm(ns);
    assert_int_equal(rig_write(&r, ns, 0, 1, block), -EROFS);
    assert_int_equal(rig_read(&r, ns, 0, 1, seen), 0);
    assert_memory_equal(seen, block, 512);
    assert_int_equal(rig_close(&r), 0);
}

static void flush_and_fua(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    assert_int_equal(rig_flush(&r, ns), 0);
    assert_int_equal(model_counters(r.hp->model)->flushes, 1);
    rig_arm(&r, ns);
    rig_io_make(&r, &rio, ns, NVME_IO_WRITE, 8, 8, 0);
    rio.io.flags = NVME_IOF_FUA;
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), 0);
    assert_int_equal(model_counters(r.hp->model)->fua, 1);
    rio.io.flags = 0;
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), 0);
    assert_int_equal(model_counters(r.hp->model)->fua, 1);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* --- errors of the device --------------------------------------------------------------------- */

struct failure {
    const char *name;
    uint16_t status;
    int err;
};

static const struct failure failures[] = {
    { "Unrecovered Read Error", ST_UNRECOVERED_READ, -ENODATA },
    { "Unrecovered Read Error, do not retry", ST_UNRECOVERED_READ | ST_DNR, -ENODATA },
    { "Internal Error", ST_INTERNAL, -EIO },
    { "Invalid Field", ST_INVALID_FIELD | ST_DNR, -EIO },
    { "Data Transfer Error", ST_DATA_TRANSFER, -EIO },
    { "vendor specific", 0x7c0, -EIO },
    { "path related", 0x371, -EIO },
    { "a status nobody knows", 0x5ff, -EIO },
    { "More bit set", 0x2000 | ST_INTERNAL, -EIO },
};

static void device_error(void **state)
{
    const struct failure *row = *state;
    struct rig r;
    struct rig_io rio;
    struct nvme_qpair_stats stats;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    struct model_rule rule = { .on = MODEL_ON_IO, .match = NVM_READ, .sub = MODEL_ANY,
                               .action = MODEL_DO_STATUS, .value = row->status,
                               .count = MODEL_FOREVER };
    model_add_rule(r.hp->model, &rule);
    rig_io_make(&r, &rio, ns, NVME_IO_READ, 0, 8, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    assert_int_equal(rio.done, 1);
    if (row->err != rio.io.err && !(row->err == -EIO && rio.io.err < 0)) {
        fail_msg("%s", errno_name(rio.io.err));
    }
    assert_int_equal(rio.io.status, row->status);
    nvme_qpair_stats(rig_qp(&r), &stats);
    assert_true(stats.errors >= 1);
    model_clear_rules(r.hp->model);
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), 0);
    assert_int_equal(rio.io.err, 0);
    assert_int_equal(rio.io.status, 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void deallocation(void **state)
{
    uint8_t block[512], zeroes[512] = { 0 };
    struct rig_io rio;
    struct rig r;
    (void)state;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    rig_io_make(&r, &rio, ns, NVME_IO_DSM, 100, 50000, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -EROFS);
    rig_arm(&r, ns);
    for (uint64_t lba = 99; lba <= 50100; lba += 50001) { /* one before, one after */
        rig_pattern(block, sizeof(block), lba);
        assert_int_equal(rig_write(&r, ns, lba, 1, block), 0);
        assert_int_equal(rig_write(&r, ns, lba == 99 ? 100 : 50099, 1, block), 0);
    }
    /* Longer than any transfer, and still one command with one range. */
    uint64_t before = model_counters(r.hp->model)->io_commands;
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    assert_int_equal(rio.io.err, 0);
    assert_int_equal(model_counters(r.hp->model)->io_commands - before, 1);
    assert_int_equal(model_counters(r.hp->model)->deallocations, 1);
    assert_int_equal(model_counters(r.hp->model)->blocks_deallocated, 50000);
    assert_int_equal(rig_read(&r, ns, 100, 1, block), 0);
    assert_memory_equal(block, zeroes, sizeof(block));
    assert_int_equal(rig_read(&r, ns, 50099, 1, block), 0);
    assert_memory_equal(block, zeroes, sizeof(block));
    assert_int_equal(rig_read(&r, ns, 99, 1, block), 0);
    assert_memory_not_equal(block, zeroes, sizeof(block));
    assert_int_equal(rig_read(&r, ns, 50100, 1, block), 0);
    assert_memory_not_equal(block, zeroes, sizeof(block));

    rio.io.lba = ns->block_count - 1;
    rio.io.nlb = 2;
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -EINVAL);
    rio.io.nlb = 1;
    assert_int_equal(nvme_io_sync(rig_qp(&r), &rio.io, false), 0);
    assert_int_equal(model_counters(r.hp->model)->deallocations, 2);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void deallocation_is_not_everywhere(void **state)
{
    static const struct model_patch patch = { .cns = 1, .offset = IDC_ONCS, .len = 2 };
    struct rig_io rio;
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.patches = &patch;
    r.cfg.patch_count = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    rig_arm(&r, rig_ns(&r, 1));
    assert_false(nvme_can(r.ctrlr, NVME_CAN_DSM));
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_DSM, 0, 8, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -ENOTSUP);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void one_part_of_many_fails(void **state)
{
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_init(&r);
    r.cfg.mdts = 1; /* 16 blocks */
    r.cfg.jitter_ns = 100000;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    struct model_rule rule = { .on = MODEL_ON_IO, .match = NVM_READ, .sub = 48,
                               .action = MODEL_DO_STATUS, .value = ST_UNRECOVERED_READ };
    model_add_rule(r.hp->model, &rule);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 128, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
    assert_int_equal(rio.done, 1);
    assert_int_equal(rio.io.err, -ENODATA);
    assert_int_equal(rio.io.status & 0x7ff, ST_UNRECOVERED_READ);
    assert_int_equal(nvme_qpair_outstanding(rig_qp(&r)), 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

static void a_write_protected_medium(void **state)
{
    struct rig r;
    uint8_t block[512] = { 0 };
    (void)state;

    rig_init(&r);
    r.cfg.ns[0].read_only = true;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    rig_arm(&r, rig_ns(&r, 1));
    assert_true(rig_write(&r, rig_ns(&r, 1), 0, 1, block) < 0);
    assert_int_equal(rig_close(&r), 0);
}

static void two_queues_do_not_mix(void **state)
{
    struct rig r;
    struct rig_io a, b;
    (void)state;

    rig_start(&r);
    struct nvme_ns *ns = rig_ns(&r, 1);
    rig_io_make(&r, &a, ns, NVME_IO_READ, 0, 8, 0);
    rig_io_make(&r, &b, ns, NVME_IO_READ, 8, 8, 0);
    assert_int_equal(nvme_post(nvme_qpair_at(r.ctrlr, 0), &a.io), 0);
    assert_int_equal(nvme_post(nvme_qpair_at(r.ctrlr, 1), &b.io), 0);
    nvme_ring(nvme_qpair_at(r.ctrlr, 0));
    nvme_ring(nvme_qpair_at(r.ctrlr, 1));
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + NS_PER_MS);
    assert_int_equal(nvme_reap(nvme_qpair_at(r.ctrlr, 0), 10), 1);
    assert_int_equal(a.done, 1);
    assert_int_equal(b.done, 0);
    assert_int_equal(nvme_reap(nvme_qpair_at(r.ctrlr, 1), 10), 1);
    assert_int_equal(b.done, 1);
    rig_io_free(&r, &a);
    rig_io_free(&r, &b);
    assert_int_equal(rig_close(&r), 0);
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(every_offset_and_length),
    cmocka_unit_test(lists_longer_than_a_page),
    cmocka_unit_test(splits_at_mdts),
    cmocka_unit_test(larger_than_the_queue_in_turns),
    cmocka_unit_test(refused_before_the_first_turn),
    cmocka_unit_test(beyond_32_bits),
    cmocka_unit_test(arming),
    cmocka_unit_test(flush_and_fua),
    cmocka_unit_test(deallocation),
    cmocka_unit_test(deallocation_is_not_everywhere),
    cmocka_unit_test(one_part_of_many_fails),
    cmocka_unit_test(a_write_protected_medium),
    cmocka_unit_test(two_queues_do_not_mix),
};

#define ADD(table, fn)                                                                            \
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {                                              \
        tests[n++] = (struct CMUnitTest){ .name = (table)[i].name, .test_func = fn,               \
                                          .initial_state = (void *)(uintptr_t)&(table)[i] };      \
    }

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(geometries) + ARRAY_SIZE(refused) + ARRAY_SIZE(failures) +
                            ARRAY_SIZE(singles)] = { 0 };
    size_t n = 0;

    ADD(geometries, random_transfers)
    ADD(refused, post_refuses)
    ADD(failures, device_error)
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme io", tests, NULL, NULL);
}
