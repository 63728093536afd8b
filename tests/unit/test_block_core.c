/*
 * tests/unit/test_block_core.c - the registry, range checks, byte access, arming, and NVMe
 * namespaces as disks on the software controller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/model/host_heap.h"
#include "tests/model/host_platform.h"
#include "tests/unit/gpt_image.h"

#include "drivers/block/block.h"
#include "drivers/nvme/nvme.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/out.h"
#include "lib/string.h"

#define GPT_SUB 1 /* the low byte of the LBA of the primary header */

static struct block_registry *reg;
static size_t heap_before;

static int set_up(void **state)
{
    (void)state;
    heap_before = heap_used_bytes();
    return block_registry_create(&reg);
}

static int tear_down(void **state)
{
    (void)state;
    block_registry_destroy(reg);
    return heap_used_bytes() == heap_before ? 0 : -1;
}

static struct block_dev *make(const char *name, uint64_t blocks, uint32_t block_bytes,
                              const char *serial)
{
    struct block_dev *dev;

    assert_int_equal(block_mem_create(reg, name, blocks, block_bytes, serial, &dev), 0);
    return dev;
}

static void test_registry(void **state)
{
    struct block_info info = { .part_index = 2 };
    struct block_dev *a, *b, *part, *other;

    (void)state;
    a = make("ram0", 100, 512, NULL);
    b = make("ram1", 100, 4096, NULL);
    assert_int_equal(block_mem_create(reg, "ram0", 10, 512, NULL, &other), -EEXIST);
    assert_int_equal(block_mem_create(reg, "", 10, 512, NULL, &other), -EINVAL);
    assert_int_equal(block_mem_create(reg, "a:b", 10, 512, NULL, &other), -EINVAL);
    assert_int_equal(block_mem_create(reg, "x", 10, 513, NULL, &other), -EINVAL);
    assert_int_equal(block_mem_create(reg, "x", 10, 256, NULL, &other), -EINVAL);
    assert_int_equal(block_mem_create(reg, "x", 0, 512, NULL, &other), -EINVAL);
    assert_int_equal(block_add_partition(reg, a, 10, 90, &info, &part), 0);
    assert_int_equal(block_add_partition(reg, a, 10, 90, &info, &other), -EEXIST);
    info.part_index = 3;
    assert_int_equal(block_add_partition(reg, a, 10, 91, &info, &other), -EINVAL);
    assert_int_equal(block_add_partition(reg, a, 100, 1, &info, &other), -EINVAL);
    assert_int_equal(block_add_partition(reg, a, 10, UINT64_MAX, &info, &other), -EINVAL);
    assert_int_equal(block_add_partition(reg, a, UINT64_MAX, 2, &info, &other), -EINVAL);
    assert_int_equal(block_add_partition(reg, part, 0, 1, &info, &other), -EINVAL);
    assert_ptr_equal(block_at(reg, 0), a);
    assert_ptr_equal(block_at(reg, 1), part);
    assert_ptr_equal(block_at(reg, 2), b);
    assert_null(block_at(reg, 3));
    assert_ptr_equal(block_find(reg, "/dev/ram0p2"), part);
    assert_null(block_find(reg, "ram0p3"));
    assert_ptr_equal(block_info(part)->parent, a);
    block_remove_partitions(reg, a);
    assert_ptr_equal(block_at(reg, 1), b);
}

static void test_ranges(void **state)
{
    static const struct {
        uint64_t lba, count;
        int err;
    } cases[] = {
        { 0, 1, 0 },        { 0, 100, 0 },
        { 99, 1, 0 },       { 0, 0, -EINVAL },
        { 0, 101, -EINVAL }, { 100, 1, -EINVAL },
        { 99, 2, -EINVAL }, { UINT64_MAX, 1, -EINVAL },
        { 1, UINT64_MAX, -EINVAL }, { UINT64_MAX, UINT64_MAX, -EINVAL },
    };
    static uint8_t buf[100 * 512];
    struct block_dev *dev = make("ram0", 100, 512, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(block_read(dev, cases[i].lba, cases[i].count, buf), cases[i].err);
        assert_int_equal(block_write(dev, cases[i].lba, cases[i].count, buf), cases[i].err);
    }
    assert_int_equal(block_read_bytes(dev, 51200, 0, buf), 0);
    assert_int_equal(block_read_bytes(dev, 51199, 2, buf), -EINVAL);
    assert_int_equal(block_read_bytes(dev, UINT64_MAX, 2, buf), -EINVAL);
    assert_int_equal(block_write_bytes(dev, 51200, 1, buf), -EINVAL);
}

/* Every offset and length over three blocks, against a plain array. */
static void test_bytes(void **state)
{
    struct block_info info = { .part_index = 1 };
    struct block_dev *dev = make("ram0", 8, 512, NULL), *part;
    uint8_t *data = block_mem_data(dev);
    uint8_t model[8 * 512], buf[2048];
    uint8_t stamp = 0;

    (void)state;
    memset(model, 0, sizeof(model));
    assert_int_equal(block_add_partition(reg, dev, 2, 4, &info, &part), 0);
    for (size_t offset = 0; offset < 1030; offset += 103) {
        for (size_t len = 0; len <= 1018; len += 1 + len / 7) {
            memset(buf, ++stamp, len);
            memset(model + 1024 + offset, stamp, len);
            assert_int_equal(block_write_bytes(part, offset, len, buf), 0);
            assert_memory_equal(data, model, sizeof(model));
            memset(buf, 0, sizeof(buf));
            assert_int_equal(block_read_bytes(part, offset, len, buf), 0);
            assert_memory_equal(buf, model + 1024 + offset, len);
        }
    }
}

static void test_arming(void **state)
{
    struct block_dev *dev = make("ram0", 8, 512, "SERIAL 1"), *part;
    struct block_info info = { .part_index = 1 };
    uint8_t buf[512] = { 1 };

    (void)state;
    assert_int_equal(block_add_partition(reg, dev, 0, 8, &info, &part), 0);
    assert_false(block_info(dev)->armed);
    assert_int_equal(block_write(part, 0, 1, buf), -EROFS);
    assert_int_equal(block_write_bytes(part, 3, 1, buf), -EROFS);
    assert_int_equal(block_arm(part, "SERIAL"), -EINVAL);
    assert_int_equal(block_arm(part, "SERIAL 12"), -EINVAL);
    assert_int_equal(block_arm(part, ""), -EINVAL);
    assert_false(block_info(part)->armed);
    assert_int_equal(block_arm(part, "SERIAL 1"), 0);
    assert_true(block_info(dev)->armed);
    assert_int_equal(block_write(part, 0, 1, buf), 0);
    block_disarm(dev);
    assert_int_equal(block_write(part, 0, 1, buf), -EROFS);
    assert_int_equal(((uint8_t *)block_mem_data(dev))[0], 1);
    assert_int_equal(block_flush(dev), 0);
}

/* --- NVMe ------------------------------------------------------------------------------------- */

struct nvme_world {
    struct host_clock clock;
    struct host_platform *hp;
    struct nvme_ctrlr *ctrlr;
};

static void nvme_start(struct nvme_world *w, const struct model_config *cfg)
{
    struct nvme_options opt = nvme_default_options();

    opt.max_io_qpairs = 1;
    opt.io_entries = 16;
    host_clock_init(&w->clock, false);
    w->hp = host_platform_create(cfg, &w->clock);
    assert_non_null(w->hp);
    assert_int_equal(nvme_attach("nvme0", &w->hp->plat, &opt, &w->ctrlr), 0);
}

static void nvme_stop(struct nvme_world *w)
{
    block_registry_destroy(reg);
    nvme_detach(w->ctrlr);
    for (unsigned i = 0; model_violation(w->hp->model, i); i++) {
        fail_msg("violation: %s", model_violation(w->hp->model, i));
    }
    assert_int_equal(w->hp->live, 0);
    host_platform_destroy(w->hp);
    assert_int_equal(block_registry_create(&reg), 0);
}

static void test_nvme(void **state)
{
    struct model_config cfg = model_default_config();
    struct nvme_world w;
    static uint8_t buf[600 * 512], back[600 * 512];
    struct dma_buf dma;

    (void)state;
    cfg.ns[1] = cfg.ns[0];
    cfg.ns[1].nsid = 7;
    cfg.ns[1].lbads = 12;
    cfg.ns[2] = cfg.ns[0];
    cfg.ns[2].nsid = 9;
    cfg.ns[2].metadata_bytes = 8;
    cfg.ns_count = 3;
    nvme_start(&w, &cfg);
    assert_int_equal(block_nvme_add(reg, w.ctrlr), 2);
    assert_null(block_find(reg, "nvme0n9"));
    struct block_dev *dev = block_find(reg, "nvme0n1");
    assert_non_null(dev);
    assert_string_equal(block_info(dev)->serial, nvme_info(w.ctrlr)->serial);
    assert_int_equal(block_info(block_find(reg, "nvme0n7"))->block_bytes, 4096);
    assert_ptr_equal(block_nvme_ns(dev), nvme_ns_at(w.ctrlr, 0));
    for (size_t i = 0; i < sizeof(buf); i++) {
        buf[i] = (uint8_t)(i * 31 + i / 512);
    }
    assert_int_equal(block_write(dev, 5, 600, buf), -EROFS);
    assert_int_equal(model_counters(w.hp->model)->blocks_written, 0);
    assert_int_equal(block_arm(dev, "wrong"), -EINVAL);
    assert_int_equal(block_arm(dev, block_info(dev)->serial), 0);
    assert_true(block_info(dev)->armed);
    assert_false(block_info(block_find(reg, "nvme0n7"))->armed);
    assert_int_equal(block_write(dev, 5, 600, buf), 0); /* through the bounce buffer */
    model_media_read(w.hp->model, 1, 5 * 512, back, sizeof(back));
    assert_memory_equal(back, buf, sizeof(buf));
    memset(back, 0, sizeof(back));
    assert_int_equal(block_read(dev, 5, 600, back), 0);
    assert_memory_equal(back, buf, sizeof(buf));
    assert_int_equal(block_read_bytes(dev, 5 * 512 + 7, 1500, back), 0);
    assert_memory_equal(back, buf + 7, 1500);
    /* A buffer the device knows is used as it is: larger than the bounce buffer, in one go. */
    assert_int_equal(nvme_dma_alloc(w.ctrlr, sizeof(buf), 4096, &dma), 0);
    assert_int_equal(block_read(dev, 5, 600, dma.va), 0);
    assert_memory_equal(dma.va, buf, sizeof(buf));
    assert_int_equal(block_read(dev, 5, 10, (uint8_t *)dma.va + 2), 0); /* not dword-aligned */
    assert_memory_equal((uint8_t *)dma.va + 2, buf, 10 * 512);
    nvme_dma_free(w.ctrlr, &dma);
    assert_int_equal(block_flush(dev), 0);
    assert_int_equal(model_counters(w.hp->model)->flushes, 1);
    nvme_stop(&w);
}

/* A primary GPT on blocks that cannot be read: the backup serves. Block 0 unreadable: an error. */
static void test_unreadable_table(struct nvme_world *w)
{
    struct model_rule unreadable = {
        .on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = GPT_SUB, .action = MODEL_DO_STATUS,
        .value = 0x281, .count = MODEL_FOREVER,
    };
    struct block_dev *dev = block_find(reg, "nvme0n1");
    uint64_t blocks = block_info(dev)->block_count;
    uint8_t *disk = calloc(blocks, 512);

    gpt_image_make(disk, blocks, 512);
    model_media_write(w->hp->model, 1, 0, disk, blocks * 512);
    free(disk);
    model_add_rule(w->hp->model, &unreadable);
    assert_int_equal(partition_scan(reg, dev), PARTITIONS_GPT_BACKUP);
    assert_non_null(block_find(reg, "nvme0n1p2"));
    unreadable.sub = 0;
    model_add_rule(w->hp->model, &unreadable);
    assert_int_equal(partition_scan(reg, dev), -ENODATA);
    assert_null(block_find(reg, "nvme0n1p2"));
}

static void assert_said(const char *text)
{
    static char said[4096];
    struct out_buf ob;

    out_buf_init(&ob, said, sizeof(said));
    log_dump(&ob.out);
    if (!strstr(said, text)) {
        fail_msg("'%s' is not in the log:\n%s", text, said);
    }
}

static void test_nvme_errors(void **state)
{
    struct model_config cfg = model_default_config();
    struct model_rule unreadable = {
        .on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = 9, .action = MODEL_DO_STATUS,
        .value = 0x281, .count = MODEL_FOREVER,
    };
    const struct model_rule no_flush = {
        .on = MODEL_ON_IO, .match = NVME_IO_FLUSH, .sub = MODEL_ANY, .action = MODEL_DO_STATUS,
        .value = 0x280, .count = MODEL_FOREVER,
    };
    struct nvme_world w;
    uint8_t buf[2 * 512];

    (void)state;
    nvme_start(&w, &cfg);
    assert_int_equal(block_nvme_add(reg, w.ctrlr), 1);
    struct block_dev *dev = block_find(reg, "nvme0n1");
    model_add_rule(w.hp->model, &unreadable);
    log_reset();
    assert_int_equal(block_read(dev, 9, 1, buf), -ENODATA);
    assert_said("nvme0n1: Read of LBA 9 failed: Unrecovered Read Error (sct 2, sc 81h)\n");
    log_reset();
    assert_int_equal(block_read(dev, 8, 1, buf), 0);
    assert_int_equal(block_read(dev, 9, 2, buf), -ENODATA);
    assert_said("nvme0n1: Read within LBA 9 to 10 failed: Unrecovered Read Error ");
    model_add_rule(w.hp->model, &no_flush);
    log_reset();
    assert_int_equal(block_flush(dev), -EIO);
    assert_said("nvme0n1: Flush failed: Write Fault (sct 2, sc 80h)\n");
    nvme_stop(&w);
    nvme_start(&w, &cfg);
    assert_int_equal(block_nvme_add(reg, w.ctrlr), 1);
    test_unreadable_table(&w);
    nvme_stop(&w);
    /* No memory for the bounce buffer, or at each allocation of the adapter. */
    for (unsigned n = 1; n <= 4; n++) {
        nvme_start(&w, &cfg);
        host_heap_fail_at(n);
        int count = block_nvme_add(reg, w.ctrlr);
        host_heap_fail_at(0);
        assert_true(count == -ENOMEM);
        nvme_stop(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_registry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ranges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_arming, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nvme, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nvme_errors, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
