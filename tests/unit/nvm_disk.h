/*
 * tests/unit/nvm_disk.h - drives of every geometry for tests of the NVM command set, and what must
 * lie on them: each block has a pattern of its own, so that a neighbour that was touched is seen.
 */
#pragma once

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

#define FILLED 64 /* blocks on each side of what a command touches that hold a pattern */

struct disk {
    const char *name;
    uint64_t blocks;
    uint8_t lbads, mdts;
    uint16_t metadata_bytes;
    bool extended;
    uint8_t pi_type;
};

static const struct disk disks[] = {
    { "512-byte blocks", 131072 + 300, 9, 5, 0, false, 0 },
    { "4 KiB blocks", 70000, 12, 5, 0, false, 0 },
    { "2^33 blocks", UINT64_C(1) << 33, 9, 5, 0, false, 0 },
    { "16 bytes of metadata apart", 131072, 9, 5, 16, false, 0 },
    { "16 bytes of metadata inside", 131072, 9, 5, 16, true, 0 },
    { "protection type 1 apart", UINT64_C(1) << 33, 9, 5, 8, false, 1 },
    { "protection type 2 inside", 131072, 12, 5, 8, true, 2 },
    { "protection type 3 in 16 bytes", 131072, 9, 5, 16, true, 3 },
};

static struct rig r;
static struct nvme_ns *ns;

static inline void open_disk(const struct disk *d)
{
    rig_init(&r);
    r.cfg.ns[0] = (struct model_ns_config){
        .nsid = 1, .blocks = d->blocks, .lbads = d->lbads, .metadata_bytes = d->metadata_bytes,
        .extended = d->extended, .pi_type = d->pi_type, .mssrl = 48, .mcl = 100, .msrc_0b = 2,
    };
    r.cfg.mdts = d->mdts;
    r.cfg.write_uncorrectable = r.cfg.verify = r.cfg.copy = r.cfg.lba_status = true;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    ns = rig_ns(&r, 1);
    rig_arm(&r, ns);
}

/* What lies on the disk around a range, before. */
static inline void fill(uint64_t lba, uint64_t count, bool whole)
{
    uint8_t block[4096];
    uint64_t first = lba > FILLED ? lba - FILLED : 0;
    uint64_t end = MIN(lba + count + FILLED, ns->block_count);

    for (uint64_t at = first; at < end; at++) {
        if (whole || at < lba + FILLED || at + FILLED >= lba + count) {
            rig_pattern(block, ns->block_bytes, at + 1);
            model_media_write(r.hp->model, 1, at * ns->block_bytes, block, ns->block_bytes);
        }
    }
}

static inline void fill_around(uint64_t lba, uint64_t count)
{
    fill(lba, count, count <= 2048);
}

static inline void expect_pattern(uint64_t lba)
{
    uint8_t block[4096], expected[4096];

    rig_pattern(expected, ns->block_bytes, lba + 1);
    model_media_read(r.hp->model, 1, lba * ns->block_bytes, block, ns->block_bytes);
    assert_memory_equal(block, expected, ns->block_bytes);
    assert_false(model_media_spoiled(r.hp->model, 1, lba));
}

static inline void expect_byte(uint64_t lba, uint8_t byte)
{
    uint8_t block[4096], expected[4096];

    memset(expected, byte, ns->block_bytes);
    model_media_read(r.hp->model, 1, lba * ns->block_bytes, block, ns->block_bytes);
    assert_memory_equal(block, expected, ns->block_bytes);
}

static inline unsigned sent(uint8_t opcode)
{
    return model_counters(r.hp->model)->by_opcode[1][opcode];
}
