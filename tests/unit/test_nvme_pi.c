/*
 * tests/unit/test_nvme_pi.c - metadata and end-to-end protection information: what is generated
 * here passes the model's checks and the other way round, each kind of error is found by either,
 * and plain block I/O works where protection information is all the metadata there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_nvm.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define BLOCKS 5
#define FULL_CHECK (NVME_PRINFO_GUARD | NVME_PRINFO_APP | NVME_PRINFO_REF)

struct format {
    const char *name;
    uint8_t lbads, type;
    uint16_t metadata_bytes;
    bool extended, first, usable;
};

static const struct format formats[] = {
    { "type 1 apart", 9, 1, 8, false, false, true },
    { "type 1 inside", 9, 1, 8, true, false, true },
    { "type 2 inside, 4 KiB", 12, 2, 8, true, false, true },
    { "type 3 apart", 9, 3, 8, false, false, true },
    { "type 1 at the end of 16 bytes", 9, 1, 16, false, false, false },
    { "type 1 at the beginning of 16 bytes", 9, 1, 16, true, true, false },
    { "type 3 at the beginning of 64 bytes, 4 KiB", 12, 3, 64, false, true, false },
};

static struct rig r;
static struct nvme_ns *ns;
static uint8_t *data, *meta;

static void open_format(const struct format *f)
{
    rig_init(&r);
    r.cfg.ns[0] = (struct model_ns_config){
        .nsid = 1, .blocks = UINT64_C(1) << 33, .lbads = f->lbads,
        .metadata_bytes = f->metadata_bytes, .extended = f->extended, .pi_type = f->type,
        .pi_first = f->first,
    };
    r.cfg.verify = true;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
    data = calloc(BLOCKS, ns->block_bytes);
    meta = calloc(BLOCKS, ns->metadata_bytes);
}

static void close_format(void)
{
    free(data);
    free(meta);
    assert_int_equal(rig_close(&r), 0);
}

/* What may be checked: the reference tag of type 3 means nothing to the device. */
static uint8_t checks(void)
{
    return nvme_pi_type(ns) == 3 ? FULL_CHECK & ~NVME_PRINFO_REF : FULL_CHECK;
}

static struct nvme_nvm make(uint64_t lba, uint8_t prinfo)
{
    return (struct nvme_nvm){
        .ns = ns, .lba = lba, .count = BLOCKS, .prinfo = prinfo, .data = data, .metadata = meta,
        .tags = {.ref = (uint32_t)lba, .app = 0xbeef, .mask = 0xffff},
    };
}

/* Metadata around protection information is the caller's. */
static void fill_buffers(uint64_t seed)
{
    rig_pattern(data, (size_t)BLOCKS * ns->block_bytes, seed);
    rig_pattern(meta, (size_t)BLOCKS * ns->metadata_bytes, seed + 1);
}

/* Across 2^32, where the reference tag wraps. */
#define LBA (UINT64_C(0x100000000) - 2)

static void ours_passes_the_device(void **state)
{
    struct nvme_pi_mismatch mismatch;

    open_format(*state);
    fill_buffers(7);
    struct nvme_nvm w = make(LBA, checks());
    nvme_pi_generate(ns, &w.tags, data, meta, BLOCKS);
    assert_int_equal(nvme_nvm_write(rig_qp(&r), &w), 0);
    uint8_t *sent_data = malloc((size_t)BLOCKS * ns->block_bytes);
    uint8_t *sent_meta = malloc((size_t)BLOCKS * ns->metadata_bytes);
    memcpy(sent_data, data, (size_t)BLOCKS * ns->block_bytes);
    memcpy(sent_meta, meta, (size_t)BLOCKS * ns->metadata_bytes);
    fill_buffers(8);

    struct nvme_nvm rd = make(LBA, checks());
    assert_int_equal(nvme_nvm_read(rig_qp(&r), &rd), 0);
    assert_memory_equal(data, sent_data, (size_t)BLOCKS * ns->block_bytes);
    assert_memory_equal(meta, sent_meta, (size_t)BLOCKS * ns->metadata_bytes);
    assert_true(nvme_pi_check(ns, FULL_CHECK, &rd.tags, data, meta, BLOCKS, &mismatch));
    assert_int_equal(nvme_nvm_compare(rig_qp(&r), &w), 0);
    assert_int_equal(nvme_nvm_verify(rig_qp(&r), &w), 0);
    meta[ns->metadata_bytes] ^= 1; /* of the second block */
    assert_int_equal(nvme_nvm_compare(rig_qp(&r), &w), -EIO);
    for (unsigned i = 0; i < BLOCKS; i++) {
        uint8_t one[64];
        model_metadata_read(r.hp->model, 1, LBA + i, one);
        assert_memory_equal(one, sent_meta + (size_t)i * ns->metadata_bytes, ns->metadata_bytes);
    }
    free(sent_data);
    free(sent_meta);
    close_format();
}

static void the_devices_passes_ours(void **state)
{
    struct nvme_pi_mismatch mismatch;

    open_format(*state);
    fill_buffers(9);
    struct nvme_nvm w = make(LBA, NVME_PRINFO_PRACT);
    assert_int_equal(nvme_nvm_write(rig_qp(&r), &w), 0);
    memset(meta, 0, (size_t)BLOCKS * ns->metadata_bytes);
    struct nvme_nvm rd = make(LBA, 0);
    assert_int_equal(nvme_nvm_read(rig_qp(&r), &rd), 0);
    if (!nvme_pi_check(ns, FULL_CHECK, &rd.tags, data, meta, BLOCKS, &mismatch)) {
        fail_msg("block %u: %s %x, not %x", mismatch.block, mismatch.field, mismatch.found,
                 mismatch.expected);
    }
    close_format();
}

struct damage {
    unsigned at; /* byte of the tuple */
    uint8_t prinfo;
    uint16_t status;
    const char *field;
};

/* Each field that is wrong on the media is found by who checks it, and only then. */
static void damage_is_found(void **state)
{
    static const struct damage damages[] = {
        { 0, NVME_PRINFO_GUARD, ST_GUARD, "guard" },
        { 1, NVME_PRINFO_GUARD, ST_GUARD, "guard" },
        { 3, NVME_PRINFO_APP, ST_APP_TAG, "application tag" },
        { 7, NVME_PRINFO_REF, ST_REF_TAG, "reference tag" },
    };
    const struct format *f = *state;
    struct nvme_pi_mismatch mismatch;
    uint8_t good[64], bad[64];

    open_format(f);
    fill_buffers(3);
    struct nvme_nvm nvm = make(LBA, checks());
    nvme_pi_generate(ns, &nvm.tags, data, meta, BLOCKS);
    assert_int_equal(nvme_nvm_write(rig_qp(&r), &nvm), 0);
    model_metadata_read(r.hp->model, 1, LBA + 3, good);
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        const struct damage *d = &damages[i];
        if (d->prinfo == NVME_PRINFO_REF && f->type == 3) {
            continue;
        }
        memcpy(bad, good, sizeof(bad));
        bad[(f->first ? 0 : ns->metadata_bytes - 8) + d->at] ^= 4;
        model_metadata_write(r.hp->model, 1, LBA + 3, bad);
        nvm.prinfo = d->prinfo;
        assert_int_not_equal(nvme_nvm_read(rig_qp(&r), &nvm), 0);
        assert_int_equal(nvm.res.status & 0x7ff, d->status);
        assert_int_not_equal(nvme_nvm_verify(rig_qp(&r), &nvm), 0);
        assert_int_equal(nvm.res.status & 0x7ff, d->status);
        nvm.prinfo = checks() & (uint8_t)~d->prinfo;
        assert_int_equal(nvme_nvm_read(rig_qp(&r), &nvm), 0);
        assert_false(nvme_pi_check(ns, d->prinfo, &nvm.tags, data, meta, BLOCKS, &mismatch));
        assert_int_equal(mismatch.block, 3);
        assert_string_equal(mismatch.field, d->field);
        assert_int_not_equal(mismatch.found, mismatch.expected);
        if (d->field[0] == 'r') {
            assert_int_equal(mismatch.expected, nvm.tags.ref + 3);
        }
        assert_true(nvme_pi_check(ns, nvm.prinfo, &nvm.tags, data, meta, BLOCKS, &mismatch));
    }
    close_format();
}

/* A write whose protection information is wrong does not reach the media. */
static void a_wrong_write_is_refused(void **state)
{
    uint8_t before[4096], after[4096];

    open_format(*state);
    fill_buffers(3);
    struct nvme_nvm nvm = make(40, NVME_PRINFO_GUARD);
    nvme_pi_generate(ns, &nvm.tags, data, meta, BLOCKS);
    data[0] ^= 1;
    model_media_read(r.hp->model, 1, 40 * ns->block_bytes, before, ns->block_bytes);
    assert_int_not_equal(nvme_nvm_write(rig_qp(&r), &nvm), 0);
    assert_int_equal(nvm.res.status & 0x7ff, ST_GUARD);
    model_media_read(r.hp->model, 1, 40 * ns->block_bytes, after, ns->block_bytes);
    assert_memory_equal(before, after, ns->block_bytes);
    close_format();
}

static void unwritten_blocks_are_not_checked(void **state)
{
    struct nvme_pi_mismatch mismatch;

    open_format(*state);
    struct nvme_nvm nvm = make(1000, checks());
    assert_int_equal(nvme_nvm_read(rig_qp(&r), &nvm), 0);
    assert_true(nvme_pi_check(ns, FULL_CHECK, &nvm.tags, data, meta, BLOCKS, &mismatch));
    assert_int_equal(nvme_nvm_verify(rig_qp(&r), &nvm), 0);
    close_format();
}

/* The block layer's way: with 8 bytes the device inserts and strips, with more it is not for it. */
static void plain_io(void **state)
{
    const struct format *f = *state;
    struct nvme_pi_mismatch mismatch;
    struct rig_io rio;

    open_format(f);
    assert_int_equal(ns->usable, f->usable);
    if (!f->usable) {
        assert_non_null(strstr(ns->unusable_why, "bytes of metadata per block"));
        rig_io_make(&r, &rio, ns, NVME_IO_READ, 0, 1, 0);
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -ENOTSUP);
        rig_io_free(&r, &rio);
        close_format();
        return;
    }
    fill_buffers(5);
    assert_int_equal(rig_write(&r, ns, LBA, BLOCKS, data), 0);
    struct nvme_nvm nvm = make(LBA, 0);
    nvm.tags.ref = f->type == 3 ? 0 : (uint32_t)LBA;
    nvm.tags.app = 0;
    uint8_t *seen = calloc(BLOCKS, ns->block_bytes);
    nvm.data = seen;
    assert_int_equal(nvme_nvm_read(rig_qp(&r), &nvm), 0);
    assert_memory_equal(seen, data, (size_t)BLOCKS * ns->block_bytes);
    assert_true(nvme_pi_check(ns, FULL_CHECK, &nvm.tags, seen, meta, BLOCKS, &mismatch));
    memset(seen, 0, ns->block_bytes);
    assert_int_equal(rig_read(&r, ns, LBA, BLOCKS, seen), 0);
    assert_memory_equal(seen, data, (size_t)BLOCKS * ns->block_bytes);
    meta[0] ^= 1;
    model_metadata_write(r.hp->model, 1, LBA, meta);
    assert_int_not_equal(rig_read(&r, ns, LBA, BLOCKS, seen), 0); /* it is checked, too */
    assert_int_equal(rig_flush(&r, ns), 0);
    free(seen);
    close_format();
}

/* Long plain transfers are split, and each part has its own reference tag. */
static void plain_io_is_split(void **state)
{
    const uint32_t count = 1000;
    uint8_t *big;

    open_format(*state);
    big = malloc((size_t)count * ns->block_bytes);
    rig_pattern(big, (size_t)count * ns->block_bytes, 6);
    assert_int_equal(rig_write(&r, ns, LBA - 500, count, big), 0);
    struct nvme_nvm nvm = {.ns = ns, .lba = LBA - 500, .count = count,
                           .prinfo = (uint8_t)(nvme_pi_default_prinfo(ns) & 7),
                           .tags.ref = (uint32_t)(LBA - 500)};
    assert_int_equal(nvme_nvm_verify(rig_qp(&r), &nvm), 0);
    assert_int_equal(rig_read(&r, ns, LBA - 500, count, big), 0);
    free(big);
    close_format();
}

static void prinfo_needs_protection(void **state)
{
    uint8_t block[512] = {0};

    (void)state;
    rig_start(&r);
    ns = rig_ns(&r, 1);
    struct nvme_nvm nvm = {.ns = ns, .count = 1, .data = block, .prinfo = NVME_PRINFO_GUARD};
    assert_int_equal(nvme_nvm_read(rig_qp(&r), &nvm), -EINVAL);
    nvm.prinfo = 0x10;
    assert_int_equal(nvme_nvm_read(rig_qp(&r), &nvm), -EINVAL);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    static const CMUnitTestFunction functions[] = {
        ours_passes_the_device,   the_devices_passes_ours,          damage_is_found,
        a_wrong_write_is_refused, unwritten_blocks_are_not_checked, plain_io,
    };
    struct CMUnitTest tests[ARRAY_SIZE(formats) * ARRAY_SIZE(functions) + 5];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(functions); k++) {
            tests[n++] = (struct CMUnitTest){.name = formats[i].name,
                                             .test_func = functions[k],
                                             .initial_state = (void *)(uintptr_t)&formats[i]};
        }
        if (formats[i].usable) {
            tests[n++] = (struct CMUnitTest){.name = formats[i].name,
                                             .test_func = plain_io_is_split,
                                             .initial_state = (void *)(uintptr_t)&formats[i]};
        }
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(prinfo_needs_protection);
    return _cmocka_run_group_tests("nvme pi", tests, n, NULL, NULL);
}
