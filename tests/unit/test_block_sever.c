/*
 * tests/unit/test_block_sever.c - disks whose controller ends: they leave the registry, handles of
 * them stay valid and answer -ENXIO, everything behind them is given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/block/block.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "tests/model/host_heap.h"
#include "tests/model/host_rig.h"

struct world {
    struct rig r[2];
    struct block_registry *reg;
    size_t heap_before;
};

static void open_world(struct world *w)
{
    w->heap_before = heap_used_bytes();
    assert_int_equal(block_registry_create(&w->reg), 0);
    for (unsigned i = 0; i < 2; i++) {
        rig_init(&w->r[i]);
        w->r[i].shared_heap = true;
        w->r[i].cfg.ns[1] = w->r[i].cfg.ns[0];
        w->r[i].cfg.ns[1].nsid = 2;
        w->r[i].cfg.ns_count = 2;
        rig_open(&w->r[i]);
        assert_int_equal(rig_attach(&w->r[i]), 0);
        nvme_rename(w->r[i].ctrlr, i ? "nvme1" : "nvme0");
        assert_int_equal(block_nvme_add(w->reg, w->r[i].ctrlr), 2);
    }
}

static void close_world(struct world *w)
{
    block_registry_destroy(w->reg);
    assert_int_equal(rig_close(&w->r[0]), 0);
    assert_int_equal(rig_close(&w->r[1]), 0);
    assert_int_equal(heap_used_bytes(), w->heap_before);
}

static void test_handles_outlive_the_controller(void **state)
{
    struct block_info part_info = {.part_index = 1};
    struct block_dev *disk, *part;
    const struct block_ops *ops;
    uint8_t block[4096];
    struct world w;

    (void)state;
    open_world(&w);
    disk = block_find(w.reg, "nvme0n1");
    assert_int_equal(block_add_partition(w.reg, disk, 8, 100, &part_info, &part), 0);
    assert_int_equal(block_arm(disk, w.r[0].cfg.serial), 0);
    assert_int_equal(block_read(part, 0, 1, block), 0);
    assert_int_equal(block_nvme_remove(w.reg, w.r[0].ctrlr), 2);
    assert_int_equal(block_nvme_remove(w.reg, w.r[0].ctrlr), 0);
    nvme_detach(w.r[0].ctrlr); /* its disks must not be in need of it any more */
    w.r[0].ctrlr = NULL;

    assert_null(block_find(w.reg, "nvme0n1"));
    assert_null(block_find(w.reg, "nvme0n2"));
    assert_null(block_find(w.reg, "nvme0n1p1"));
    struct block_dev *const handles[] = {disk, part};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(block_read(handles[i], 0, 1, block), -ENXIO);
        assert_int_equal(block_write(handles[i], 0, 1, block), -ENXIO);
        assert_int_equal(block_read_bytes(handles[i], 7, 9, block), -ENXIO);
        assert_int_equal(block_write_bytes(handles[i], 7, 9, block), -ENXIO);
        assert_int_equal(block_flush(handles[i]), -ENXIO);
        assert_int_equal(block_arm(handles[i], w.r[0].cfg.serial), -ENXIO);
        block_disarm(handles[i]);
        assert_false(block_info(handles[i])->armed);
        assert_null(block_nvme_ns(handles[i]));
        assert_null(block_context(handles[i], &ops));
    }
    assert_int_equal(block_read(block_find(w.reg, "nvme1n2"), 0, 1, block), 0);
    close_world(&w);
}

/* A disk whose namespace had gone before is still in need of its controller. */
static void test_disks_removed_earlier(void **state)
{
    struct world w;

    (void)state;
    open_world(&w);
    struct block_dev *early = block_find(w.reg, "nvme0n2");
    block_remove(w.reg, early);
    assert_int_equal(block_nvme_remove(w.reg, w.r[0].ctrlr), 1);
    nvme_detach(w.r[0].ctrlr);
    w.r[0].ctrlr = NULL;
    assert_null(block_nvme_ns(early));
    assert_non_null(block_find(w.reg, "nvme1n1"));
    close_world(&w);
}

/* The name is free: the drive comes back under it. */
static void test_comes_back(void **state)
{
    uint8_t block[512];
    struct world w;

    (void)state;
    open_world(&w);
    struct block_dev *old = block_find(w.reg, "nvme0n1");
    assert_int_equal(block_arm(old, w.r[0].cfg.serial), 0);
    assert_int_equal(block_nvme_remove(w.reg, w.r[0].ctrlr), 2);
    nvme_detach(w.r[0].ctrlr);
    assert_int_equal(rig_attach(&w.r[0]), 0);
    assert_int_equal(block_nvme_add(w.reg, w.r[0].ctrlr), 2);
    struct block_dev *fresh = block_find(w.reg, "nvme0n1");
    assert_ptr_not_equal(fresh, old);
    assert_false(block_info(fresh)->armed);
    assert_int_equal(block_write(fresh, 0, 1, block), -EROFS);
    assert_int_equal(block_read(fresh, 0, 1, block), 0);
    assert_int_equal(block_read(old, 0, 1, block), -ENXIO);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handles_outlive_the_controller),
        cmocka_unit_test(test_disks_removed_earlier),
        cmocka_unit_test(test_comes_back),
    };
    return cmocka_run_group_tests_name("block sever", tests, NULL, NULL);
}
