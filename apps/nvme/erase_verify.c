/*
 * apps/nvme/erase_verify.c - looks at blocks before and after an erasure: the first, the last, and
 * some between that a seeded generator chooses, so that the same seed chooses the same ones.
 *
 * What a block reads as afterwards depends on the drive and the method: zeroes, ones, noise after a
 * change of keys, or an error. So a sample is good when it is blank or not what it was.
 */
#include "apps/nvme/erase.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/rng.h"
#include "lib/string.h"

#define EDGE_BLOCKS   16  /* at each end */
#define RANDOM_BLOCKS 1024
#define CHUNK_BYTES   (128 * KIB)
#define PERCENT       100

static struct block_dev *disk_of(struct erase *e, uint32_t nsid)
{
    char name[BLOCK_NAME_BYTES];

    str_format(name, sizeof(name), "%sn%u", nvme_name(e->target.ctrlr), (unsigned)nsid);
    return block_find(e->sh->app->blocks, name);
}

static bool is_blank(const uint8_t *bytes, size_t len)
{
    return memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const uint8_t *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* The drive has not said that this block is bad: it says nothing at all, or something else answers
 * now. Looking at more blocks would be a wait for each. */
static bool is_silence(int err)
{
    return err == -ETIMEDOUT || err == -ECANCELED || err == -ESHUTDOWN || err == -ENODEV ||
           err == -ENXIO;
}

static void choose_samples(const struct erase *e, struct erase_area *area, uint64_t blocks)
{
    unsigned edge = (unsigned)MIN((uint64_t)EDGE_BLOCKS, blocks), count = 0;
    struct rng rng;

    rng_seed(&rng, e->seed + area->nsid);
    for (unsigned i = 0; i < edge; i++) {
        area->samples[count++].lba = i;
        area->samples[count++].lba = blocks - 1 - i;
    }
    while (count < area->sample_count) {
        area->samples[count++].lba = rng_below(&rng, blocks);
    }
}

static int sample_area(struct erase *e, struct erase_area *area)
{
    struct block_dev *dev = disk_of(e, area->nsid);
    uint8_t *block;

    if (!dev) {
        return 0;
    }
    const struct block_info *info = block_info(dev);
    area->sample_count =
        2 * (unsigned)MIN((uint64_t)EDGE_BLOCKS, info->block_count) + RANDOM_BLOCKS;
    area->samples = heap_alloc(area->sample_count, sizeof(*area->samples));
    block = heap_alloc(1, info->block_bytes);
    if (!area->samples || !block) {
        heap_free(block);
        return -ENOMEM;
    }
    choose_samples(e, area, info->block_count);
    int err = 0;
    for (unsigned i = 0; i < area->sample_count && !is_silence(err); i++) {
        struct erase_sample *s = &area->samples[i];

        err = block_read(dev, s->lba, 1, block);
        s->unreadable = err != 0;
        s->blank = !s->unreadable && is_blank(block, info->block_bytes);
        s->hash = hash_of(block, info->block_bytes);
        if (shell_interrupted(e->sh)) {
            heap_free(block);
            return -EINTR;
        }
    }
    heap_free(block);
    return is_silence(err) ? shell_fail(e->sh, e->command, err, "%s: it could not be read before: "
                                        "%s. Nothing was erased", info->name, errno_text(err))
                           : 0;
}

int erase_sample_before(struct erase *e)
{
    struct nvme_ctrlr *ctrlr = e->target.ctrlr;

    for (unsigned i = 0; i < nvme_ns_count(ctrlr) && e->area_count < ERASE_MAX_AREAS; i++) {
        struct nvme_ns *ns = nvme_ns_at(ctrlr, i);

        if (e->target.ns && ns != e->target.ns) {
            continue;
        }
        struct erase_area *area = &e->areas[e->area_count++];
        *area = (struct erase_area){.nsid = ns->nsid,
                                    .bytes = ns->block_count * ns->block_bytes};
        int err = sample_area(e, area);
        if (err) {
            return err;
        }
    }
    return 0;
}

static int not_looked_at(struct erase *e, struct block_dev *dev, int err)
{
    return shell_fail(e->sh, e->command, err, "%s: %s has succeeded, and cannot be proven: %s",
                      block_info(dev)->name, erase_methods[e->method].title, errno_text(err));
}

static int look_again(struct erase *e, struct erase_area *area, struct block_dev *dev,
                      uint8_t *block)
{
    size_t bytes = block_info(dev)->block_bytes;

    for (unsigned i = 0; i < area->sample_count; i++) {
        const struct erase_sample *s = &area->samples[i];
        int err = block_read(dev, s->lba, 1, block);

        if (is_silence(err)) {
            return not_looked_at(e, dev, err);
        }
        if (err) {
            area->samples_unreadable++;
        } else if (is_blank(block, bytes)) {
            area->samples_blank++;
        } else if (!s->unreadable && s->hash == hash_of(block, bytes)) {
            area->samples_same++;
        } else {
            area->samples_changed++;
        }
    }
    return 0;
}

/* Reads every so many chunks, verify_percent of all, and counts the blocks that are not blank. */
static int read_share(struct erase *e, struct erase_area *area, struct block_dev *dev)
{
    const struct block_info *info = block_info(dev);
    uint64_t chunk = CHUNK_BYTES / info->block_bytes, due = 0;
    uint8_t *buf = heap_alloc(1, CHUNK_BYTES);
    struct progress progress;
    char what[48];
    int err = 0;

    if (!buf) {
        return -ENOMEM;
    }
    str_format(what, sizeof(what), "%s: verify", info->name);
    progress_begin(&progress, e->sh, what);
    for (uint64_t lba = 0; lba < info->block_count && !err; lba += chunk) {
        uint64_t count = MIN(chunk, info->block_count - lba);

        due += e->verify_percent;
        if (due < PERCENT) {
            continue;
        }
        due -= PERCENT;
        area->read_blocks += count;
        int failed = block_read(dev, lba, count, buf);
        if (is_silence(failed)) {
            err = not_looked_at(e, dev, failed);
            break;
        }
        if (failed) {
            area->read_unreadable += count;
        } else {
            for (uint64_t i = 0; i < count; i++) {
                area->read_not_blank += !is_blank(buf + i * info->block_bytes, info->block_bytes);
            }
        }
        progress_show(&progress, (unsigned)(lba * 10000 / info->block_count));
        err = shell_interrupted(e->sh) ? -EINTR : 0;
    }
    progress_end(&progress);
    heap_free(buf);
    return err;
}

int erase_verify_after(struct erase *e)
{
    int err = 0;

    for (unsigned i = 0; i < e->area_count && !err; i++) {
        struct erase_area *area = &e->areas[i];
        struct block_dev *dev = disk_of(e, area->nsid);

        if (!dev || !area->samples) {
            continue;
        }
        uint8_t *block = heap_alloc(1, block_info(dev)->block_bytes);
        if (!block) {
            return -ENOMEM;
        }
        err = look_again(e, area, dev, block);
        heap_free(block);
        err = err || !e->verify_percent ? err : read_share(e, area, dev);
    }
    return err;
}

void erase_free(struct erase *e)
{
    for (unsigned i = 0; i < e->area_count; i++) {
        heap_free(e->areas[i].samples);
    }
}

bool erase_is_proven(const struct erase *e, const char **why)
{
    bool noise = e->method == ERASE_SANITIZE_CRYPTO || e->method == ERASE_FORMAT_CRYPTO;

    *why = NULL;
    for (unsigned i = 0; i < e->area_count; i++) {
        const struct erase_area *area = &e->areas[i];

        if (!area->samples) {
            *why = "a namespace could not be read, so only the drive's word stands for it";
        } else if (area->samples_same) {
            *why = "samples still hold what they held before";
        } else if (e->method == ERASE_ZEROES && area->samples_blank != area->sample_count) {
            *why = "samples are not blank, although zeroes were written";
        } else if (!noise && area->read_not_blank) {
            *why = "blocks were read that are not blank";
        }
        if (*why) {
            return false;
        }
    }
    return true;
}
