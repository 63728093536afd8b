/*
 * drivers/block/partition.c - finds the partitions of a disk.
 *
 * The order of belief: a protective MBR or a GPT signature means GPT, and then only GPT: the
 * primary table, or the backup when the primary is bad. If neither is good, nothing is added,
 * because what looks like an MBR then is not one. Otherwise the MBR counts, and an old GPT left
 * behind it does not.
 */
#include "drivers/block/block.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"

#include "drivers/block/gpt.h"
#include "drivers/block/mbr.h"

#define MAX_LOGICAL 128 /* partitions in the chain of an extended one */
#define FIRST_LOGICAL_INDEX 5

struct scan {
    struct block_registry *reg;
    struct block_dev *disk;
    const struct block_info *info;
    uint8_t *block; /* one block */
};

static int add(struct scan *scan, uint64_t first_lba, uint64_t count, struct block_info *part)
{
    struct block_dev *dev;
    int err = block_add_partition(scan->reg, scan->disk, first_lba, count, part, &dev);

    if (err && err != -ENOMEM) {
        log_warn("%s: partition %u was left out: %s", scan->info->name, part->part_index,
                 err == -EINVAL ? "it does not lie inside the disk" : errno_text(err));
        return 0;
    }
    return err;
}

/* --- GPT -------------------------------------------------------------------------------------- */

/* Reads and checks the header at lba and its entry array. 0 with *array to be freed by the caller;
 * -EPROTO with *why, and the header when that was good; or an error of the disk. */
static int gpt_load(struct scan *scan, uint64_t lba, struct gpt_header *header, uint8_t **array,
                    const char **why)
{
    uint32_t block_bytes = scan->info->block_bytes;

    *array = NULL;
    *header = (struct gpt_header){ 0 };
    int err = block_read(scan->disk, lba, 1, scan->block);
    if (err) {
        *why = errno_text(err);
        return err;
    }
    err = gpt_header_parse(scan->block, block_bytes, lba, scan->info->block_count, header, why);
    if (err) {
        *header = (struct gpt_header){ 0 };
        return err;
    }
    uint8_t *bytes = heap_alloc(header->entry_blocks, block_bytes);
    if (!bytes) {
        *why = errno_text(ENOMEM);
        return -ENOMEM;
    }
    err = block_read(scan->disk, header->entry_lba, header->entry_blocks, bytes);
    if (err) {
        *why = errno_text(err);
    } else if (!gpt_array_is_intact(header, bytes)) {
        *why = "the checksum of its entry array is wrong";
        err = -EPROTO;
    }
    if (err) {
        heap_free(bytes);
        return err;
    }
    *array = bytes;
    return 0;
}

/* Notes partitions that share blocks with an earlier one, or with the table. */
static void gpt_warn_overlap(struct scan *scan, const struct gpt_header *header, uint32_t index,
                             const struct gpt_entry *entry)
{
    struct block_dev *dev;

    if (gpt_overlaps_table(header, entry->first_lba, entry->last_lba)) {
        log_warn("%s: partition %u covers the partition table itself; do not write to it",
                 scan->info->name, (unsigned)index + 1);
    } else if (entry->first_lba < header->first_usable_lba ||
               entry->last_lba > header->last_usable_lba) {
        log_warn("%s: partition %u reaches outside the blocks the table declares usable",
                 scan->info->name, (unsigned)index + 1);
    }
    for (unsigned i = 0; (dev = block_at(scan->reg, i)); i++) {
        const struct block_info *other = block_info(dev);

        if (other->parent == scan->disk && other->first_lba <= entry->last_lba &&
            other->first_lba + other->block_count > entry->first_lba) {
            log_warn("%s: partition %u shares blocks with %s", scan->info->name,
                     (unsigned)index + 1, other->name);
            return;
        }
    }
}

static int gpt_add(struct scan *scan, const struct gpt_header *header, const uint8_t *array)
{
    if (header->last_usable_lba >= scan->info->block_count) {
        log_warn("%s: the table was made for a larger disk: its usable blocks end at %llu, and "
                 "the disk at %llu", scan->info->name,
                 (unsigned long long)header->last_usable_lba,
                 (unsigned long long)scan->info->block_count - 1);
    }
    for (uint32_t i = 0; i < header->entry_count; i++) {
        struct block_info part = { .part_index = i + 1 };
        struct gpt_entry entry;
        const char *why;
        int err = gpt_entry_parse(header, array, i, scan->info->block_count, &entry, &why);

        if (err == -ENOENT) {
            continue;
        }
        if (err) {
            log_warn("%s: partition %u was left out: %s (blocks %llu to %llu)",
                     scan->info->name, (unsigned)i + 1, why,
                     (unsigned long long)entry.first_lba, (unsigned long long)entry.last_lba);
            continue;
        }
        gpt_warn_overlap(scan, header, i, &entry);
        gpt_type_format(entry.type_guid, part.part_type, sizeof(part.part_type));
        str_copy(part.part_label, sizeof(part.part_label), entry.label);
        err = add(scan, entry.first_lba, entry.last_lba - entry.first_lba + 1, &part);
        if (err) {
            return err;
        }
    }
    return 0;
}

/* A table made while the disk showed another block size is of no use: first says so. */
static void gpt_hint_block_size(struct scan *scan)
{
    uint32_t other = scan->info->block_bytes == 512 ? 4096 : 512;
    uint8_t head[8];

    if (block_read_bytes(scan->disk, other, sizeof(head), head) == 0 && gpt_has_signature(head)) {
        log_warn("%s: there is a GPT made for blocks of %u bytes; the disk now has blocks of %u",
                 scan->info->name, (unsigned)other, (unsigned)scan->info->block_bytes);
    }
}

/* Returns a scheme or a negative errno. */
static int gpt_scan(struct scan *scan)
{
    uint64_t last = scan->info->block_count - 1;
    struct gpt_header header;
    uint8_t *array;
    const char *why, *why_backup = NULL;
    int err = gpt_load(scan, GPT_PRIMARY_LBA, &header, &array, &why);
    int scheme = PARTITIONS_GPT;

    if (err && err != -ENOMEM) {
        /* A good header with a bad array still knows where its twin is. */
        uint64_t backup = header.my_lba == GPT_PRIMARY_LBA ? header.alternate_lba : last;

        scheme = PARTITIONS_GPT_BACKUP;
        err = -EPROTO;
        if (backup != last && backup > GPT_PRIMARY_LBA && backup < last) {
            err = gpt_load(scan, backup, &header, &array, &why_backup);
        }
        if (err) {
            err = gpt_load(scan, last, &header, &array, &why_backup);
        }
    }
    if (err == -ENOMEM || err == -ENXIO || err == -ESHUTDOWN) {
        return err;
    }
    if (err) {
        log_error("%s: the partition table is damaged: primary GPT: %s; backup GPT: %s. "
                  "No partition was added", scan->info->name, why, why_backup);
        gpt_hint_block_size(scan);
        return PARTITIONS_DAMAGED;
    }
    if (scheme == PARTITIONS_GPT_BACKUP) {
        log_warn("%s: the primary GPT cannot be used: %s. The backup at block %llu is used",
                 scan->info->name, why, (unsigned long long)header.my_lba);
    }
    err = gpt_add(scan, &header, array);
    heap_free(array);
    return err ? err : scheme;
}

/* --- MBR -------------------------------------------------------------------------------------- */

static int mbr_add(struct scan *scan, unsigned index, uint64_t first_lba, uint64_t count,
                   uint8_t type)
{
    struct block_info part = { .part_index = index };

    mbr_type_format(type, part.part_type, sizeof(part.part_type));
    return add(scan, first_lba, count, &part);
}

/* The chain of tables in the extended partition [base, base + count): each names one logical
 * partition and where the next table is. */
static int mbr_walk_extended(struct scan *scan, uint64_t base, uint64_t count, unsigned *index)
{
    uint64_t table_lba = base;
    uint64_t seen[MAX_LOGICAL] = { 0 };

    for (unsigned i = 0; i < MAX_LOGICAL; i++) {
        struct mbr_entry entries[MBR_SLOTS];
        uint64_t next = 0;

        for (unsigned j = 0; j < i; j++) {
            if (seen[j] == table_lba) {
                log_warn("%s: the chain of extended partition tables runs in a circle at block "
                         "%llu", scan->info->name, (unsigned long long)table_lba);
                return 0;
            }
        }
        seen[i] = table_lba;
        if (table_lba < base || table_lba - base >= count ||
            table_lba >= scan->info->block_count) {
            log_warn("%s: an extended partition table at block %llu lies outside its partition",
                     scan->info->name, (unsigned long long)table_lba);
            return 0;
        }
        int err = block_read(scan->disk, table_lba, 1, scan->block);
        if (err) {
            return err;
        }
        if (!mbr_parse_extended(scan->block, entries)) {
            log_warn("%s: no extended partition table at block %llu", scan->info->name,
                     (unsigned long long)table_lba);
            return 0;
        }
        for (unsigned j = 0; j < 2; j++) {
            if (mbr_is_extended(entries[j].type)) {
                next = entries[j].first_lba;
            } else if (entries[j].type != 0 && entries[j].count != 0) {
                err = mbr_add(scan, (*index)++, table_lba + entries[j].first_lba,
                              entries[j].count, entries[j].type);
            }
            if (err) {
                return err;
            }
        }
        if (next == 0) {
            return 0;
        }
        table_lba = base + next;
    }
    log_warn("%s: more than %u logical partitions; the rest is left out", scan->info->name,
             MAX_LOGICAL);
    return 0;
}

static int mbr_scan(struct scan *scan, const struct mbr_entry entries[MBR_SLOTS])
{
    unsigned logical = FIRST_LOGICAL_INDEX;

    for (unsigned i = 0; i < MBR_SLOTS; i++) {
        const struct mbr_entry *entry = &entries[i];
        int err = 0;

        if (entry->type == 0) {
            continue;
        }
        if (entry->first_lba == 0 || entry->count == 0) {
            log_warn("%s: partition %u was left out: it is empty or begins at block 0",
                     scan->info->name, i + 1);
        } else if (mbr_is_extended(entry->type)) {
            err = mbr_walk_extended(scan, entry->first_lba, entry->count, &logical);
        } else {
            err = mbr_add(scan, i + 1, entry->first_lba, entry->count, entry->type);
        }
        if (err) {
            return err;
        }
    }
    return PARTITIONS_MBR;
}

/* --- both ------------------------------------------------------------------------------------- */

static int scan_disk(struct scan *scan)
{
    struct mbr_entry entries[MBR_SLOTS];
    bool gpt = false;
    int err = block_read(scan->disk, 0, 1, scan->block);

    if (err) {
        return err;
    }
    enum mbr_kind kind = mbr_classify(scan->block, scan->info->block_count, entries);
    if (kind == MBR_VOLUME) {
        return PARTITIONS_NONE;
    }
    if (scan->info->block_count > GPT_PRIMARY_LBA + 1) {
        err = block_read(scan->disk, GPT_PRIMARY_LBA, 1, scan->block);
        gpt = !err && gpt_has_signature(scan->block);
    }
    if (kind == MBR_PROTECTIVE) {
        return scan->info->block_count > GPT_PRIMARY_LBA + 1 ? gpt_scan(scan)
                                                             : PARTITIONS_DAMAGED;
    }
    bool empty = kind == MBR_NONE;
    if (kind == MBR_TABLE) {
        empty = entries[0].type == 0 && entries[1].type == 0 && entries[2].type == 0 &&
                entries[3].type == 0;
    }
    if (gpt && empty) {
        log_warn("%s: there is a GPT without the protective MBR before it", scan->info->name);
        return gpt_scan(scan);
    }
    if (gpt) {
        log_warn("%s: the MBR is used; an old GPT behind it is ignored", scan->info->name);
    }
    return kind == MBR_TABLE ? mbr_scan(scan, entries) : PARTITIONS_NONE;
}

int partition_scan(struct block_registry *reg, struct block_dev *disk)
{
    struct scan scan = { .reg = reg, .disk = disk, .info = block_info(disk) };

    if (scan.info->parent) {
        return -EINVAL;
    }
    block_remove_partitions(reg, disk);
    partition_note_scheme(disk, PARTITIONS_NONE);
    scan.block = heap_alloc(1, scan.info->block_bytes);
    if (!scan.block) {
        return -ENOMEM;
    }
    int scheme = scan_disk(&scan);
    heap_free(scan.block);
    if (scheme < 0) {
        block_remove_partitions(reg, disk);
        return scheme;
    }
    partition_note_scheme(disk, (enum partition_scheme)scheme);
    return scheme;
}
