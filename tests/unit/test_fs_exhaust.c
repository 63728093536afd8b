/*
 * tests/unit/test_fs_exhaust.c - reading a file through every layer, while the n-th thing goes
 * wrong, for every n there is: allocations, commands, register reads. What is read is right, or an
 * error; nothing is left behind; and the same file can be read when the fault is over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fat_image.h"

#include "fs/fs.h"
#include "lib/errno.h"
#include "tests/model/host_heap.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define MOST        600
#define LIFE_MAX_NS (300 * NS_PER_S)

struct fault {
    const char *name;
    struct model_rule rule; /* nth is filled in; none: the heap */
    bool for_good;          /* of the heap */
};

#define RULE(where, ...) { .on = where, .match = MODEL_ANY, .sub = MODEL_ANY, __VA_ARGS__ }

static const struct fault faults[] = {
    { .name = "heap allocation n fails" },
    { .name = "heap allocation n and all after it fail", .for_good = true },
    { .name = "DMA allocation n fails", .rule = RULE(MODEL_ON_DMA_ALLOC, .action = MODEL_DO_FAIL) },
    { .name = "I/O command n is not readable",
      .rule = RULE(MODEL_ON_IO, .action = MODEL_DO_STATUS, .value = ST_UNRECOVERED_READ) },
    { .name = "I/O command n fails for good",
      .rule = RULE(MODEL_ON_IO, .action = MODEL_DO_STATUS, .value = ST_INTERNAL | ST_DNR) },
    { .name = "I/O command n is never answered",
      .rule = RULE(MODEL_ON_IO, .action = MODEL_DO_DROP) },
    { .name = "I/O command n is answered again later",
      .rule = RULE(MODEL_ON_IO, .action = MODEL_DO_DUPLICATE, .value = 25000) },
    { .name = "fatal status at I/O command n", .rule = RULE(MODEL_ON_IO, .action = MODEL_DO_CFS) },
    { .name = "gone at I/O command n", .rule = RULE(MODEL_ON_IO, .action = MODEL_DO_ALL_ONES) },
    { .name = "admin command n fails",
      .rule = RULE(MODEL_ON_ADMIN, .action = MODEL_DO_STATUS, .value = ST_INTERNAL) },
    { .name = "gone at register read n",
      .rule = RULE(MODEL_ON_REG_READ, .action = MODEL_DO_ALL_ONES) },
};

struct life {
    struct rig r;
    struct block_registry *reg;
    struct fs *fs;
};

static void init(struct life *l)
{
    uint8_t *image = calloc(FAT_IMAGE_SECTORS, 512);

    (void)fat_image_make(image, 512);
    memset(l, 0, sizeof(*l));
    rig_init(&l->r);
    l->r.opt.io_entries = 8;
    l->r.opt.io_timeout_ns = l->r.opt.admin_timeout_ns = NS_PER_S;
    l->r.cfg.mdts = 1;
    l->r.cfg.ready_ns = l->r.cfg.disable_ns = l->r.cfg.shutdown_ns = 1000;
    l->r.cfg.ns[0].blocks = FAT_IMAGE_SECTORS;
    rig_open(&l->r);
    model_media_write(l->r.hp->model, 1, 0, image, (size_t)FAT_IMAGE_SECTORS * 512);
    free(image);
}

/* An error, or the file as it is. */
static int read_file(struct life *l)
{
    struct fs_file *file;
    uint8_t data[FAT_IMAGE_BIG_BYTES];
    size_t got = 0;
    int err = fs_open(l->fs, "nvme0n1:/BIG.BIN", &file);

    if (err) {
        assert_int_not_equal(err, -ENOENT); /* what cannot be read is not absent */
        return err;
    }
    assert_int_equal(fs_size(file), FAT_IMAGE_BIG_BYTES);
    err = fs_read(file, 0, data, sizeof(data), &got);
    fs_close(file);
    if (!err) {
        assert_int_equal(got, FAT_IMAGE_BIG_BYTES);
        for (uint32_t i = 0; i < FAT_IMAGE_BIG_BYTES; i++) {
            assert_int_equal(data[i], fat_image_big_byte(i));
        }
    }
    return err;
}

static int count_entry(void *arg, const struct fs_entry *entry)
{
    (void)entry;
    ++*(unsigned *)arg;
    return 0;
}

static int read_directory(struct life *l)
{
    unsigned entries = 0;
    int err = fs_list(l->fs, "nvme0n1:/", count_entry, &entries);

    assert_true(err || entries == FAT_IMAGE_ROOT_FILES);
    return err;
}

/* 0: everything went well. */
static int live(struct life *l)
{
    struct block_dev *disk;
    int err = rig_attach(&l->r);

    if (err || block_registry_create(&l->reg)) {
        return -EIO;
    }
    if (fs_create(l->reg, &l->fs) || block_nvme_add(l->reg, l->r.ctrlr) < 1) {
        return -EIO;
    }
    disk = block_find(l->reg, "nvme0n1");
    err = partition_scan(l->reg, disk);
    int err_list = read_directory(l);
    int err_read = read_file(l);
    return err < 0 ? err : err_list ? err_list : err_read;
}

static void end(struct life *l)
{
    fs_destroy(l->fs);
    l->fs = NULL;
    if (l->reg) {
        block_registry_destroy(l->reg);
        l->reg = NULL;
    }
    nvme_detach(l->r.ctrlr);
    l->r.ctrlr = NULL;
}

static bool set_fault(struct life *l, const struct fault *fault, unsigned n)
{
    struct model_rule rule = fault->rule;
    bool heap = rule.action == MODEL_DO_NOTHING;

    rule.nth = n;
    if (!heap) {
        model_add_rule(l->r.hp->model, &rule);
    } else if (fault->for_good) {
        host_heap_fail_from(n);
    } else {
        host_heap_fail_at(n);
    }
    return heap;
}

static void every_nth(void **state)
{
    const struct fault *fault = *state;
    struct life *l = malloc(sizeof(*l));
    bool reached = true;
    unsigned n;

    for (n = 1; reached && n < MOST; n++) {
        init(l);
        bool heap = set_fault(l, fault, n);
        int err = live(l);
        reached = heap ? host_heap_calls() >= n : model_rules_fired(l->r.hp->model) > 0;
        assert_true(reached || err == 0);
        assert_true(host_clock_peek(&l->r.clock) < LIFE_MAX_NS);
        end(l);
        host_heap_fail_at(0);
        model_clear_rules(l->r.hp->model);
        model_power_cut(l->r.hp->model);
        assert_int_equal(live(l), 0);
        end(l);
        assert_int_equal(rig_close(&l->r), 0);
    }
    assert_in_range(n, 8, MOST - 1);
    free(l);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(faults)] = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        tests[i] = (struct CMUnitTest){ .name = faults[i].name, .test_func = every_nth,
                                        .initial_state = (void *)(uintptr_t)&faults[i] };
    }
    return cmocka_run_group_tests_name("fs exhaust", tests, NULL, NULL);
}
