/*
 * tests/unit/test_nvme_nvm.c - the NVM command set against the model's media: every command with a
 * range on no block, one, the last, the whole disk, past the end, across 2^32 and above 65536
 * blocks. A count that is one off touches a neighbour, which is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/unit/nvm_disk.h"

typedef int (*range_fn)(struct nvme_qpair *qp, struct nvme_nvm *nvm);

struct ranged {
    const char *name;
    range_fn run;
    uint8_t opcode;
    bool reads; /* data from the disk; else to it, or none */
    bool has_data;
};

static const struct ranged commands[] = {
    { "Read", nvme_nvm_read, NVM_READ, true, true },
    { "Write", nvme_nvm_write, NVM_WRITE, false, true },
    { "Compare", nvme_nvm_compare, NVM_COMPARE, false, true },
    { "Verify", nvme_nvm_verify, NVM_VERIFY, false, false },
    { "Write Zeroes", nvme_nvm_write_zeroes, NVM_WRITE_ZEROES, false, false },
    { "Write Uncorrectable", nvme_nvm_write_uncorrectable, NVM_WRITE_UNCORRECTABLE, false, false },
};

static uint8_t prinfo_of(const struct ranged *c)
{
    uint8_t prinfo = nvme_pi_default_prinfo(ns);

    if (c->opcode == NVM_VERIFY) {
        return prinfo & 7;
    }
    return c->opcode == NVM_WRITE_ZEROES ? prinfo & NVME_PRINFO_PRACT : prinfo;
}

static struct nvme_nvm make(const struct ranged *c, uint64_t lba, uint64_t count, size_t blocks)
{
    unsigned type = nvme_pi_type(ns);
    struct nvme_nvm nvm = {
        .ns = ns, .lba = lba, .count = count, .prinfo = prinfo_of(c),
        .tags.ref = type == 1 || type == 2 ? (uint32_t)lba : 0,
    };

    if (c->opcode == NVM_WRITE_UNCORRECTABLE) {
        nvm.prinfo = 0;
    }
    nvm.data = calloc(blocks ? blocks : 1, ns->block_bytes);
    nvm.metadata = calloc(blocks ? blocks : 1, MAX(ns->metadata_bytes, 1U));
    if (c->opcode == NVM_WRITE) {
        memset(nvm.data, 0xab, blocks * ns->block_bytes);
    }
    for (size_t i = 0; i < blocks && c->opcode == NVM_COMPARE; i++) {
        rig_pattern((uint8_t *)nvm.data + i * ns->block_bytes, ns->block_bytes, lba + i + 1);
        if (ns->metadata_bytes && nvme_pi_type(ns)) {
            memset((uint8_t *)nvm.metadata + i * ns->metadata_bytes, 0xff, ns->metadata_bytes);
        }
    }
    return nvm;
}

static void done_with(struct nvme_nvm *nvm)
{
    free(nvm->data);
    free(nvm->metadata);
}

/* Block i of the range, afterwards. */
static void expect_effect(const struct ranged *c, const struct nvme_nvm *nvm, uint64_t i)
{
    uint8_t expected[4096];

    switch (c->opcode) {
    case NVM_READ:
        rig_pattern(expected, ns->block_bytes, nvm->lba + i + 1);
        assert_memory_equal((uint8_t *)nvm->data + i * ns->block_bytes, expected, ns->block_bytes);
        break;
    case NVM_WRITE:
        expect_byte(nvm->lba + i, 0xab);
        break;
    case NVM_WRITE_ZEROES:
        expect_byte(nvm->lba + i, 0);
        break;
    case NVM_WRITE_UNCORRECTABLE:
        assert_true(model_media_spoiled(r.hp->model, 1, nvm->lba + i));
        break;
    default:
        expect_pattern(nvm->lba + i);
        break;
    }
}

/* Runs c on a range that is right; its blocks have the effect and its neighbours have not. */
static void works(const struct ranged *c, uint64_t lba, uint64_t count)
{
    size_t blocks = c->has_data ? (size_t)count : 0;
    struct nvme_nvm nvm = make(c, lba, count, blocks);

    fill(lba, count, c->opcode == NVM_COMPARE);
    int err = c->run(rig_qp(&r), &nvm);
    if (err || nvm.done != count) {
        fail_msg("%s of %llu at %llu: %d, status %x, %llu done", c->name,
                 (unsigned long long)count, (unsigned long long)lba, err, nvm.res.status,
                 (unsigned long long)nvm.done);
    }
    for (uint64_t i = 0; i < MIN(count, (uint64_t)FILLED); i++) {
        expect_effect(c, &nvm, i);
        expect_effect(c, &nvm, count - 1 - i);
    }
    if (lba) {
        expect_pattern(lba - 1);
    }
    if (lba + count < ns->block_count) {
        expect_pattern(lba + count);
    }
    done_with(&nvm);
}

static void refused(const struct ranged *c, uint64_t lba, uint64_t count)
{
    struct nvme_nvm nvm = make(c, lba, count, 8);
    uint64_t before = model_counters(r.hp->model)->io_commands;

    assert_int_equal(c->run(rig_qp(&r), &nvm), -EINVAL);
    assert_int_equal(nvm.done, 0);
    assert_int_equal(model_counters(r.hp->model)->io_commands, before);
    done_with(&nvm);
}

static void ranges_of_every_command(void **state)
{
    const struct disk *d = *state;
    uint64_t last = d->blocks - 1;

    open_disk(d);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct ranged *c = &commands[i];

        works(c, 0, 1);
        works(c, 1, 1);
        works(c, last, 1);
        works(c, last - 1, 2);
        works(c, 300, 17);
        works(c, 1000, 1024); /* several commands of 128 KiB */
        if (d->blocks > UINT32_MAX) {
            works(c, UINT64_C(0xffffffff), 1);
            works(c, UINT64_C(0x100000000), 1);
            works(c, UINT64_C(0xfffffffe), 5);
            works(c, UINT64_C(0xffffff00), 600);
        }
        refused(c, 0, 0);
        refused(c, last, 0);
        refused(c, last, 2);
        refused(c, last + 1, 1);
        refused(c, 0, last + 2);
        refused(c, UINT64_MAX, 1);
        refused(c, UINT64_MAX, 2);
        refused(c, 1, UINT64_MAX);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* 65535, 65536 and 65537 blocks, and all there are: the split has no gap and no overlap. */
static void counts_around_65536_and_whole_disks(void **state)
{
    open_disk(&disks[0]);
    (void)state;
    works(&commands[2], 5, 65537);
    assert_int_equal(sent(NVM_COMPARE), 257); /* of 128 KiB */
    for (size_t i = 3; i < ARRAY_SIZE(commands); i++) {
        const struct ranged *c = &commands[i];
        unsigned before = sent(c->opcode);

        works(c, 5, 65535);
        assert_int_equal(sent(c->opcode) - before, 1);
        works(c, 5, 65536);
        assert_int_equal(sent(c->opcode) - before, 2);
        works(c, 5, 65537);
        assert_int_equal(sent(c->opcode) - before, 4);
        works(c, 0, ns->block_count);
        assert_int_equal(sent(c->opcode) - before, 7);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void whole_disk_of_more_than_2_to_the_32(void **state)
{
    static const struct disk d = { "", (UINT64_C(1) << 32) + 65537, 9, 5, 0, false, 0 };

    (void)state;
    open_disk(&d);
    struct nvme_nvm nvm = make(&commands[4], 0, ns->block_count, 0);
    fill_around(UINT64_C(1) << 32, 1);
    assert_int_equal(nvme_nvm_write_zeroes(rig_qp(&r), &nvm), 0);
    assert_int_equal(sent(NVM_WRITE_ZEROES), 65536 + 2);
    expect_byte(UINT64_C(1) << 32, 0);
    done_with(&nvm);
    assert_int_equal(rig_close(&r), 0);
}

static void limits_of_the_command_set_split(void **state)
{
    (void)state;
    rig_init(&r);
    r.cfg.css |= 1 << 6;
    r.cfg.verify = r.cfg.write_uncorrectable = true;
    r.cfg.vsl = 1;  /* 8 KiB: 16 blocks */
    r.cfg.wzsl = 2; /* 32 blocks */
    r.cfg.wusl = 3; /* 64 blocks */
    r.cfg.dmrl = 3;
    r.cfg.dmrsl = 100;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
    for (size_t i = 3; i < ARRAY_SIZE(commands); i++) {
        works(&commands[i], 7, 65);
    }
    assert_int_equal(sent(NVM_VERIFY), 5);
    assert_int_equal(sent(NVM_WRITE_ZEROES), 3);
    assert_int_equal(sent(NVM_WRITE_UNCORRECTABLE), 2);

    const struct nvme_nvm_span spans[] = {{.lba = 0, .count = 250}, {.lba = 1000, .count = 100}};
    struct nvme_result res;
    unsigned done;
    assert_int_equal(nvme_nvm_dsm(rig_qp(&r), ns, spans, 2, 4, &res, &done), 0);
    assert_int_equal(done, 2);
    assert_int_equal(sent(NVM_DSM), 2); /* 100 + 100 + 50, 100 */
    assert_int_equal(model_counters(r.hp->model)->blocks_deallocated, 350);
    assert_int_equal(rig_close(&r), 0);
}

static void not_offered_or_not_armed(void **state)
{
    struct nvme_result res;
    unsigned done;
    uint64_t copied;
    const struct nvme_nvm_span span = {.lba = 0, .count = 1};

    (void)state;
    rig_start(&r);
    ns = rig_ns(&r, 1);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        struct nvme_nvm nvm = make(&commands[i], 0, 1, 1);
        bool offered = commands[i].opcode != NVM_VERIFY &&
                       commands[i].opcode != NVM_WRITE_UNCORRECTABLE;
        bool harmless = commands[i].opcode == NVM_READ || commands[i].opcode == NVM_COMPARE;
        int err = commands[i].run(rig_qp(&r), &nvm);
        if (harmless) {
            assert_true(err == 0 || err == -EIO);
        } else {
            assert_int_equal(err, offered ? -EROFS : -ENOTSUP);
            assert_int_equal(sent(commands[i].opcode), 0);
        }
        done_with(&nvm);
    }
    assert_int_equal(nvme_nvm_dsm(rig_qp(&r), ns, &span, 1, 4, &res, &done), -EROFS);
    assert_int_equal(nvme_nvm_copy(rig_qp(&r), ns, 9, &span, 1, 0, &res, &copied), -ENOTSUP);
    assert_int_equal(sent(NVM_DSM), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void flags_travel(void **state)
{
    (void)state;
    open_disk(&disks[0]);
    struct nvme_nvm nvm = make(&commands[1], 3, 2, 2);
    nvm.flags = NVME_NVM_FUA | NVME_NVM_LR;
    assert_int_equal(nvme_nvm_write(rig_qp(&r), &nvm), 0);
    assert_int_equal(model_counters(r.hp->model)->fua, 1);
    nvm.flags = 0;
    assert_int_equal(nvme_nvm_write(rig_qp(&r), &nvm), 0);
    assert_int_equal(model_counters(r.hp->model)->fua, 1);
    done_with(&nvm);
    assert_int_equal(rig_close(&r), 0);
}

/* --- errors of the device --------------------------------------------------------------------- */

static void an_error_says_how_far_it_came(void **state)
{
    (void)state;
    open_disk(&disks[0]);
    model_media_spoil(r.hp->model, 1, 700);
    struct nvme_nvm nvm = make(&commands[0], 0, 1000, 1000);
    assert_int_equal(nvme_nvm_read(rig_qp(&r), &nvm), -ENODATA);
    assert_int_equal(nvm.done, 512); /* two commands of 256 blocks */
    assert_int_equal(nvm.res.status & 0x7ff, ST_UNRECOVERED_READ);
    done_with(&nvm);

    nvm = make(&commands[3], 0, 1000, 0);
    assert_int_equal(nvme_nvm_verify(rig_qp(&r), &nvm), -ENODATA);
    done_with(&nvm);
    nvm = make(&commands[1], 700, 1, 1);
    assert_int_equal(nvme_nvm_write(rig_qp(&r), &nvm), 0);
    done_with(&nvm);
    nvm = make(&commands[3], 0, 1000, 0);
    assert_int_equal(nvme_nvm_verify(rig_qp(&r), &nvm), 0); /* until it is written */
    done_with(&nvm);
    assert_int_equal(rig_close(&r), 0);
}

static void compare_finds_one_different_bit(void **state)
{
    (void)state;
    open_disk(&disks[0]);
    fill_around(10, 4);
    struct nvme_nvm nvm = make(&commands[2], 10, 4, 4);
    assert_int_equal(nvme_nvm_compare(rig_qp(&r), &nvm), 0);
    ((uint8_t *)nvm.data)[4 * 512 - 1] ^= 1;
    assert_int_equal(nvme_nvm_compare(rig_qp(&r), &nvm), -EIO);
    assert_int_equal(nvm.res.status & 0x7ff, ST_COMPARE);
    done_with(&nvm);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(disks) + 16];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
        tests[n++] = (struct CMUnitTest){.name = disks[i].name,
                                         .test_func = ranges_of_every_command,
                                         .initial_state = (void *)(uintptr_t)&disks[i]};
    }
    const struct CMUnitTest others[] = {
        cmocka_unit_test(counts_around_65536_and_whole_disks),
        cmocka_unit_test(whole_disk_of_more_than_2_to_the_32),
        cmocka_unit_test(limits_of_the_command_set_split),
        cmocka_unit_test(not_offered_or_not_armed),
        cmocka_unit_test(flags_travel),
        cmocka_unit_test(an_error_says_how_far_it_came),
        cmocka_unit_test(compare_finds_one_different_bit),
    };
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        tests[n++] = others[i];
    }
    return _cmocka_run_group_tests("nvme nvm", tests, n, NULL, NULL);
}
