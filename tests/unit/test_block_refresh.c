/*
 * tests/unit/test_block_refresh.c - disks follow the namespaces of a controller in service, and
 * whoever still holds a disk that is gone gets errors and no surprises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/block/block.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/model/host_rig.h"

struct scene {
    struct rig r;
    struct block_registry *reg;
};

static struct model_ns_config plain(uint32_t nsid, uint64_t blocks)
{
    return (struct model_ns_config){ .nsid = nsid, .blocks = blocks, .lbads = 9 };
}

/* An MBR with one partition. */
static void put_mbr(struct scene *s, uint32_t nsid, uint32_t first, uint32_t count)
{
    uint8_t mbr[512] = { 0 };

    mbr[446 + 4] = 0x83;
    for (unsigned i = 0; i < 4; i++) {
        mbr[446 + 8 + i] = (uint8_t)(first >> 8 * i);
        mbr[446 + 12 + i] = (uint8_t)(count >> 8 * i);
    }
    mbr[510] = 0x55;
    mbr[511] = 0xaa;
    model_media_write(s->r.hp->model, nsid, 0, mbr, sizeof(mbr));
}

static void start(struct scene *s)
{
    rig_init(&s->r);
    s->r.cfg.ns[0] = plain(1, 4096);
    s->r.cfg.ns[1] = plain(2, 8192);
    s->r.cfg.ns_count = 2;
    rig_open(&s->r);
    assert_int_equal(rig_attach(&s->r), 0);
    assert_int_equal(block_registry_create(&s->reg), 0);
    put_mbr(s, 2, 64, 1000);
    assert_int_equal(block_nvme_add(s->reg, s->r.ctrlr), 2);
    assert_int_equal(partition_scan(s->reg, block_find(s->reg, "nvme0n2")), PARTITIONS_MBR);
}

static void finish(struct scene *s)
{
    block_registry_destroy(s->reg);
    assert_int_equal(rig_close(&s->r), 0);
}

static int refresh(struct scene *s)
{
    assert_true(nvme_rescan_namespaces(s->r.ctrlr) >= 0);
    return block_nvme_refresh(s->reg, s->r.ctrlr);
}

static void nothing_new(void **state)
{
    (void)state;
    struct scene s;

    start(&s);
    struct block_dev *part = block_find(s.reg, "nvme0n2p1");
    assert_int_equal(refresh(&s), 0);
    assert_ptr_equal(block_find(s.reg, "nvme0n2p1"), part);
    finish(&s);
}

static void a_disk_that_is_gone(void **state)
{
    (void)state;
    struct scene s;
    uint8_t block[512] = { 0 };

    start(&s);
    struct block_dev *disk = block_find(s.reg, "nvme0n2"), *part = block_find(s.reg, "nvme0n2p1");
    assert_int_equal(block_arm(disk, "CAR0001"), 0);
    model_ns_remove(s.r.hp->model, 2);
    assert_int_equal(refresh(&s), 1);
    assert_null(block_find(s.reg, "nvme0n2"));
    assert_null(block_find(s.reg, "nvme0n2p1"));
    assert_non_null(block_find(s.reg, "nvme0n1"));
    assert_null(block_at(s.reg, 1));
    struct block_dev *held[] = { disk, part };
    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(block_info(held[i])->name, i ? "nvme0n2p1" : "nvme0n2");
        assert_false(block_info(held[i])->armed);
        assert_int_equal(block_read(held[i], 0, 1, block), -ENXIO);
        assert_int_equal(block_write(held[i], 0, 1, block), -ENXIO);
        assert_int_equal(block_read_bytes(held[i], 3, 7, block), -ENXIO);
        assert_int_equal(block_write_bytes(held[i], 3, 7, block), -ENXIO);
        assert_int_equal(block_flush(held[i]), -ENXIO);
        assert_int_equal(block_arm(held[i], "CAR0001"), -ENXIO);
    }
    finish(&s);
}

static void a_disk_that_is_new(void **state)
{
    (void)state;
    struct scene s;
    uint8_t block[512];

    start(&s);
    struct model_ns_config more = plain(5, 2048);
    model_ns_set(s.r.hp->model, &more);
    put_mbr(&s, 5, 100, 200);
    assert_int_equal(refresh(&s), 1);
    assert_int_equal(block_info(block_find(s.reg, "nvme0n5"))->block_count, 2048);
    assert_int_equal(block_read(block_find(s.reg, "nvme0n5p1"), 199, 1, block), 0);
    assert_int_equal(refresh(&s), 0);
    finish(&s);
}

static void a_disk_of_another_size(void **state)
{
    (void)state;
    struct scene s;
    uint8_t block[512];

    start(&s);
    struct block_dev *disk = block_find(s.reg, "nvme0n2");
    struct model_ns_config less = plain(2, 1064), one_less = plain(2, 1063);
    model_ns_set(s.r.hp->model, &less);
    assert_int_equal(refresh(&s), 1);
    assert_ptr_equal(block_find(s.reg, "nvme0n2"), disk);
    assert_int_equal(block_info(disk)->block_count, 1064);
    assert_int_equal(block_read(disk, 1063, 1, block), 0);
    assert_int_equal(block_read(disk, 1064, 1, block), -EINVAL);
    assert_non_null(block_find(s.reg, "nvme0n2p1")); /* it just fits */
    model_ns_set(s.r.hp->model, &one_less);
    assert_int_equal(refresh(&s), 1);
    assert_null(block_find(s.reg, "nvme0n2p1"));
    finish(&s);
}

static void a_disk_of_another_format(void **state)
{
    (void)state;
    struct scene s;
    uint8_t block[4096];

    start(&s);
    struct block_dev *old = block_find(s.reg, "nvme0n1");
    struct model_ns_config now = { .nsid = 1, .blocks = 512, .lbads = 12, .format = 1 };
    model_ns_set(s.r.hp->model, &now);
    assert_int_equal(refresh(&s), 2);
    struct block_dev *disk = block_find(s.reg, "nvme0n1");
    assert_ptr_not_equal(disk, old);
    assert_int_equal(block_info(disk)->block_bytes, 4096);
    assert_int_equal(block_read(disk, 511, 1, block), 0);
    assert_int_equal(block_read(old, 0, 1, block), -ENXIO);
    finish(&s);
}

/* All disks go and come, many times: no memory is lost, no device address leaks. */
static void to_and_fro(void **state)
{
    (void)state;
    struct scene s;
    uint8_t block[512];

    start(&s);
    for (unsigned i = 0; i < 10; i++) {
        model_ns_remove(s.r.hp->model, 1);
        model_ns_remove(s.r.hp->model, 2);
        assert_int_equal(refresh(&s), 2);
        assert_null(block_at(s.reg, 0));
        struct model_ns_config first = plain(1, 1000 + i), second = plain(2, 2000 + i);
        model_ns_set(s.r.hp->model, &first);
        model_ns_set(s.r.hp->model, &second);
        assert_int_equal(refresh(&s), 2);
        assert_int_equal(block_read(block_find(s.reg, "nvme0n2"), 1999 + i, 1, block), 0);
    }
    finish(&s);
}

static void sizes_that_are_none(void **state)
{
    (void)state;
    struct block_registry *reg;
    struct block_dev *disk;

    assert_int_equal(block_registry_create(&reg), 0);
    assert_int_equal(block_mem_create(reg, "ram0", 128, 512, NULL, &disk), 0);
    assert_int_equal(block_resize(reg, disk, 0), -EINVAL);
    assert_int_equal(block_resize(reg, disk, UINT64_MAX / 512 + 1), -EINVAL);
    assert_int_equal(block_info(disk)->block_count, 128);
    struct block_info part = { .part_index = 1 };
    struct block_dev *dev;
    assert_int_equal(block_add_partition(reg, disk, 1, 10, &part, &dev), 0);
    assert_int_equal(block_resize(reg, dev, 5), -EINVAL);
    block_registry_destroy(reg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_new),
        cmocka_unit_test(a_disk_that_is_gone),
        cmocka_unit_test(a_disk_that_is_new),
        cmocka_unit_test(a_disk_of_another_size),
        cmocka_unit_test(a_disk_of_another_format),
        cmocka_unit_test(to_and_fro),
        cmocka_unit_test(sizes_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
