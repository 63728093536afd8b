/*
 * tests/unit/test_nvme_identify.c - namespaces and identity: what the driver makes of good Identify
 * data, and that no data, however hostile, brings it down.
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

enum expect { USABLE, UNUSABLE, ABSENT, PROTO, ANY };

struct hostile {
    const char *name;
    struct model_patch patches[4];
    enum expect expect; /* of namespace 1; ANY: no more than surviving */
};

#define CTRL(off, n, val) { .cns = 1, .offset = off, .len = n, .value = val }
#define NS(off, n, val)   { .cns = 0, .offset = off, .len = n, .value = val }
#define LIST(i, val)      { .cns = 2, .offset = 4 * (i), .len = 4, .value = val }
#define DESC(off, n, val) { .cns = 3, .offset = off, .len = n, .value = val }

static const struct hostile hostiles[] = {
    { "NN 0 although a namespace is active", { CTRL(IDC_NN, 4, 0) }, ANY },
    { "NN ffffffffh", { CTRL(IDC_NN, 4, 0xffffffff) }, USABLE },
    { "MDTS 255", { CTRL(IDC_MDTS, 1, 255) }, USABLE },
    { "MDTS 20: 4 GiB", { CTRL(IDC_MDTS, 1, 20) }, USABLE },
    { "SQES demands 128 bytes", { CTRL(IDC_SQES, 1, 0x77) }, PROTO },
    { "SQES at most 32 bytes", { CTRL(IDC_SQES, 1, 0x55) }, PROTO },
    { "CQES demands 32 bytes", { CTRL(IDC_CQES, 1, 0x55) }, PROTO },
    { "SQES and CQES all zero", { CTRL(IDC_SQES, 2, 0) }, ANY },
    { "serial number of zeros", { CTRL(IDC_SN, 8, 0), CTRL(IDC_SN + 8, 8, 0) }, USABLE },
    { "serial number of control characters",
      { CTRL(IDC_SN, 8, 0x1b07080a0d7f80ff), CTRL(IDC_SN + 8, 8, 0x0101010101010101),
        CTRL(IDC_SN + 16, 4, 0x5b1b5b1b) }, USABLE },
    { "RTD3E of an hour", { CTRL(IDC_RTD3E, 4, 3600000000U) }, USABLE },
    { "NSZE 0", { NS(IDN_NSZE, 8, 0) }, UNUSABLE },
    { "NSZE 2^64 - 1", { NS(IDN_NSZE, 8, UINT64_MAX) }, ANY },
    { "NUSE above NSZE", { NS(IDN_NUSE, 8, UINT64_MAX) }, USABLE },
    { "LBADS 0", { NS(IDN_LBAF0 + 2, 1, 0) }, UNUSABLE },
    { "LBADS 8", { NS(IDN_LBAF0 + 2, 1, 8) }, UNUSABLE },
    { "LBADS 31", { NS(IDN_LBAF0 + 2, 1, 31) }, UNUSABLE },
    { "LBADS 32", { NS(IDN_LBAF0 + 2, 1, 32) }, UNUSABLE },
    { "LBADS 64", { NS(IDN_LBAF0 + 2, 1, 64) }, UNUSABLE },
    { "LBADS 255", { NS(IDN_LBAF0 + 2, 1, 255) }, UNUSABLE },
    { "FLBAS points behind NLBAF", { NS(IDN_FLBAS, 1, 5) }, UNUSABLE },
    { "FLBAS 15 with NLBAF 255", { NS(IDN_FLBAS, 1, 0xf), NS(IDN_NLBAF, 1, 255) }, UNUSABLE },
    { "metadata claimed", { NS(IDN_LBAF0, 2, 8) }, UNUSABLE },
    { "protection information without room", { NS(IDN_LBAF0, 2, 4), NS(29, 1, 1) }, UNUSABLE },
    { "the whole structure of ones",
      { NS(0, 8, UINT64_MAX), NS(24, 8, UINT64_MAX), NS(IDN_LBAF0, 4, 0xffffffff) }, ANY },
    { "active list twice the same", { LIST(1, 1) }, ANY },
    { "active list descending", { LIST(0, 9), LIST(1, 1) }, ANY },
    { "active list names ffffffffh", { LIST(0, 0xffffffff) }, ANY },
    { "active list names an inactive namespace", { LIST(1, 2), LIST(2, 3) }, ANY },
    { "active list empty", { LIST(0, 0) }, ABSENT },
    { "descriptor of length 0", { DESC(1, 1, 0) }, USABLE },
    { "descriptor of length 255", { DESC(1, 1, 255), DESC(0, 1, 3) }, USABLE },
    { "descriptor of unknown type", { DESC(0, 1, 0x7f) }, USABLE },
    { "descriptors up to the last byte", { DESC(0, 4, 0xfd03), DESC(257, 4, 0xff03) }, USABLE },
};

static void read_somewhere(struct rig *r, struct nvme_ns *ns)
{
    uint8_t block[4096];
    uint64_t lbas[] = { 0, ns->block_count / 2, ns->block_count - 1 };

    if (ns->block_bytes > sizeof(block)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(lbas); i++) {
        int err = rig_read(r, ns, lbas[i], 1, block);
        assert_true(err == 0 || err == -EIO || err == -EINVAL || err == -ENXIO);
    }
}

static void survives(void **state)
{
    const struct hostile *hostile = *state;
    struct rig r;

    rig_init(&r);
    r.cfg.patches = hostile->patches;
    while (r.cfg.patch_count < 4 && hostile->patches[r.cfg.patch_count].len) {
        r.cfg.patch_count++;
    }
    rig_open(&r);
    int err = rig_attach(&r);
    if (hostile->expect == PROTO) {
        assert_int_equal(err, -EPROTO);
    } else if (hostile->expect != ANY) {
        assert_int_equal(err, 0);
    }
    if (err == 0) {
        struct nvme_ns *ns = rig_ns(&r, 1);
        for (const char *c = nvme_info(r.ctrlr)->serial; *c; c++) {
            assert_true(*c >= ' ' && *c <= '~');
        }
        assert_true((hostile->expect == ABSENT) == !ns || hostile->expect == ANY);
        if (hostile->expect == USABLE || hostile->expect == UNUSABLE) {
            assert_int_equal(ns->usable, hostile->expect == USABLE);
            assert_int_equal(ns->unusable_why == NULL, ns->usable);
        }
        for (unsigned i = 0; i < nvme_ns_count(r.ctrlr); i++) {
            struct nvme_ns *each = nvme_ns_at(r.ctrlr, i);
            if (each->usable) {
                assert_true(each->max_blocks >= 1 && each->max_blocks <= 65536);
                assert_true(each->block_bytes == 1U << each->block_shift);
                read_somewhere(&r, each);
            }
        }
    } else {
        assert_null(r.ctrlr);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void counts_of_lba_formats_in_words(void **state)
{
    static const struct {
        uint8_t nlbaf;
        const char *why;
    } cases[] = {{0, "uses LBA format 5 and has 1 of them"},
                 {4, "uses LBA format 5 and has 5 of them"}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct model_patch patches[] = {NS(IDN_FLBAS, 1, 5),
                                              NS(IDN_NLBAF, 1, cases[i].nlbaf)};
        struct rig r;

        rig_init(&r);
        r.cfg.patches = patches;
        r.cfg.patch_count = 2;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        assert_string_equal(rig_ns(&r, 1)->unusable_why, cases[i].why);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void identity_in_words(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.serial = "  S 4 T  ";
    r.cfg.model = "A drive with a name of forty characters.";
    r.cfg.firmware = "12345678";
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    const struct nvme_info *info = nvme_info(r.ctrlr);
    assert_string_equal(info->model, r.cfg.model);
    assert_string_equal(info->firmware, "12345678");
    assert_non_null(strstr(info->serial, "S 4 T"));
    assert_int_not_equal(info->serial[strlen(info->serial) - 1], ' ');
    assert_int_equal(info->vs, 0x10400);
    assert_int_equal(info->max_transfer_bytes, 128 * 1024);
    assert_true(info->volatile_cache);
    assert_string_equal(nvme_name(r.ctrlr), "nvme0");
    assert_int_equal(rig_close(&r), 0);
}

static void sparse_namespaces(void **state)
{
    static const uint32_t nsids[] = { 1, 7, 256, 70000 };
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.ns_count = ARRAY_SIZE(nsids);
    for (unsigned i = 0; i < ARRAY_SIZE(nsids); i++) {
        r.cfg.ns[i] = (struct model_ns_config){ .nsid = nsids[i], .blocks = 1000 + i,
                                                .lbads = i & 1 ? 12 : 9 };
    }
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_ns_count(r.ctrlr), ARRAY_SIZE(nsids));
    assert_null(nvme_ns_at(r.ctrlr, ARRAY_SIZE(nsids)));
    for (unsigned i = 0; i < ARRAY_SIZE(nsids); i++) {
        struct nvme_ns *ns = nvme_ns_at(r.ctrlr, i);
        uint8_t block[4096];
        assert_int_equal(ns->nsid, nsids[i]);
        assert_int_equal(ns->block_count, 1000 + i);
        assert_int_equal(ns->block_bytes, i & 1 ? 4096 : 512);
        assert_int_equal(ns->eui64[7], (uint8_t)nsids[i]);
        assert_int_equal(ns->uuid[15], (uint8_t)nsids[i]);
        memset(block, (int)(i + 1), sizeof(block));
        rig_arm(&r, ns);
        assert_int_equal(rig_write(&r, ns, 5, 1, block), 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(nsids); i++) {
        struct nvme_ns *ns = nvme_ns_at(r.ctrlr, i);
        uint8_t block[4096];
        assert_int_equal(rig_read(&r, ns, 5, 1, block), 0);
        assert_int_equal(block[0], i + 1);
        assert_int_equal(block[ns->block_bytes - 1], i + 1);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void many_namespaces(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.ns_count = MODEL_MAX_NS;
    for (unsigned i = 0; i < MODEL_MAX_NS; i++) {
        r.cfg.ns[i] = (struct model_ns_config){ .nsid = i + 1, .blocks = 100, .lbads = 9 };
    }
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_ns_count(r.ctrlr), MODEL_MAX_NS);
    assert_int_equal(nvme_ns_at(r.ctrlr, 255)->nsid, 256);
    assert_int_equal(rig_close(&r), 0);
}

static void no_namespaces(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.ns_count = 0;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_ns_count(r.ctrlr), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void formats_with_metadata(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.ns_count = 3;
    r.cfg.ns[0] = (struct model_ns_config){ .nsid = 1, .blocks = 100, .lbads = 9, .format = 3 };
    r.cfg.ns[1] = (struct model_ns_config){ .nsid = 2, .blocks = 100, .lbads = 12,
                                            .metadata_bytes = 8 };
    r.cfg.ns[2] = (struct model_ns_config){ .nsid = 3, .blocks = 100, .lbads = 9,
                                            .metadata_bytes = 64, .extended = true, .format = 2 };
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_true(rig_ns(&r, 1)->usable);
    for (uint32_t nsid = 2; nsid <= 3; nsid++) {
        struct nvme_ns *ns = rig_ns(&r, nsid);
        struct rig_io rio;
        assert_false(ns->usable);
        assert_non_null(strstr(ns->unusable_why, "metadata"));
        assert_int_equal(ns->metadata_bytes, nsid == 2 ? 8 : 64);
        rig_io_make(&r, &rio, ns, NVME_IO_READ, 0, 1, 0);
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), -ENOTSUP);
        rig_io_free(&r, &rio);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void old_controllers_without_descriptors(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    rig_open(&r);
    struct model_rule rule = { .on = MODEL_ON_ADMIN, .match = ADM_IDENTIFY, .sub = 3,
                               .count = MODEL_FOREVER, .action = MODEL_DO_STATUS,
                               .value = ST_INVALID_FIELD | ST_DNR };
    model_add_rule(r.hp->model, &rule);
    assert_int_equal(rig_attach(&r), 0);
    assert_true(rig_ns(&r, 1)->usable);
    assert_int_equal(rig_close(&r), 0);
}

static void one_bad_namespace_among_good_ones(void **state)
{
    struct rig r;
    (void)state;

    rig_init(&r);
    r.cfg.ns_count = 3;
    for (unsigned i = 0; i < 3; i++) {
        r.cfg.ns[i] = (struct model_ns_config){ .nsid = i + 1, .blocks = 100, .lbads = 9 };
    }
    struct model_patch patch = { .cns = 0, .nsid = 2, .offset = IDN_LBAF0 + 2, .len = 1,
                                 .value = 3 };
    r.cfg.patches = &patch;
    r.cfg.patch_count = 1;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_true(rig_ns(&r, 1)->usable);
    assert_false(rig_ns(&r, 2)->usable);
    assert_true(rig_ns(&r, 3)->usable);
    assert_int_equal(rig_close(&r), 0);
}

static void random_identify_pages(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct model_patch patches[64];
        struct rng rng;
        struct rig r;
        rng_seed(&rng, seed);
        rig_init(&r);
        for (unsigned i = 0; i < ARRAY_SIZE(patches); i++) {
            static const uint16_t spans[] = { 384, 536, 32, 64 };
            uint8_t cns = (uint8_t)(seed % 4);
            uint16_t at = (uint16_t)rng_below(&rng, spans[cns]);
            /* The sizes of queue entries stay, or nothing else would be looked at. */
            patches[i] = (struct model_patch){ .cns = cns, .offset = at, .len = 1,
                                               .value = rng_next(&rng) };
        }
        r.cfg.patches = patches;
        r.cfg.patch_count = ARRAY_SIZE(patches);
        rig_open(&r);
        int err = rig_attach(&r);
        assert_true(err == 0 || err == -EPROTO || err == -EIO);
        for (unsigned i = 0; err == 0 && i < nvme_ns_count(r.ctrlr); i++) {
            struct nvme_ns *ns = nvme_ns_at(r.ctrlr, i);
            if (ns->usable) {
                read_somewhere(&r, ns);
            }
        }
        r.allow_violations = seed % 4 == 1; /* a drive that lies of MDTS may get too much */
        assert_int_equal(rig_close(&r), 0);
    }
}

static const struct CMUnitTest singles[] = {
    cmocka_unit_test(counts_of_lba_formats_in_words),
    cmocka_unit_test(identity_in_words),
    cmocka_unit_test(sparse_namespaces),
    cmocka_unit_test(many_namespaces),
    cmocka_unit_test(no_namespaces),
    cmocka_unit_test(formats_with_metadata),
    cmocka_unit_test(old_controllers_without_descriptors),
    cmocka_unit_test(one_bad_namespace_among_good_ones),
    cmocka_unit_test(random_identify_pages),
};

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(hostiles) + ARRAY_SIZE(singles)] = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(hostiles); i++) {
        tests[n++] = (struct CMUnitTest){ .name = hostiles[i].name, .test_func = survives,
                                          .initial_state = (void *)(uintptr_t)&hostiles[i] };
    }
    memcpy(tests + n, singles, sizeof(singles));
    return cmocka_run_group_tests_name("nvme identify", tests, NULL, NULL);
}
