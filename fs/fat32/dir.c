/*
 * fs/fat32/dir.c - directories: lists of 32-byte entries (FAT §6).
 */
#include "fs/fat32/fat32.h"

#include "lib/bitfield.h"
#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"

/* Offsets and values in an entry, with the names of FAT §6. */
#define DIR_ATTR 11
#define DIR_FST_CLUS_HI 20
#define DIR_WRT_TIME 22
#define DIR_WRT_DATE 24
#define DIR_FST_CLUS_LO 26
#define DIR_FILE_SIZE 28

#define ATTR_READ_ONLY 0x01
#define ATTR_HIDDEN 0x02
#define ATTR_SYSTEM 0x04
#define ATTR_VOLUME_ID 0x08
#define ATTR_DIRECTORY 0x10
#define ATTR_LONG_NAME 0x0f
#define ATTR_LONG_NAME_MASK 0x3f

#define NAME_END 0x00     /* nothing follows */
#define NAME_DELETED 0xe5

#define DATE_YEAR GENMASK64(15, 9) /* since 1980 */
#define DATE_MONTH GENMASK64(8, 5)
#define DATE_DAY GENMASK64(4, 0)
#define TIME_HOUR GENMASK64(15, 11)
#define TIME_MINUTE GENMASK64(10, 5)
#define TIME_SECOND GENMASK64(4, 0) /* in units of two */

#define CLUSTER_MASK UINT32_C(0x0fffffff)
#define CHUNK_BYTES 16384 /* read at a time */

static const char dot_name[] = ".          ";
static const char dot_dot_name[] = "..         ";
#define SHORT_BYTES 11

struct walk {
    struct fat_volume *vol;
    int (*fn)(void *arg, const struct fat_node *node);
    void *arg;
    const char *dir_name; /* for the log */
    bool is_root;
    bool ended;           /* the entry that says so was met */
    uint32_t seen;        /* entries so far */
    struct fat_long_name long_name;
    struct fat_node node;
    uint8_t chunk[CHUNK_BYTES];
};

static struct fs_time parse_time(uint16_t date, uint16_t time)
{
    struct fs_time out = {
        .year = (uint16_t)(1980 + FIELD_GET(DATE_YEAR, date)),
        .month = (uint8_t)FIELD_GET(DATE_MONTH, date),
        .day = (uint8_t)FIELD_GET(DATE_DAY, date),
        .hour = (uint8_t)FIELD_GET(TIME_HOUR, time),
        .minute = (uint8_t)FIELD_GET(TIME_MINUTE, time),
        .second = (uint8_t)(2 * FIELD_GET(TIME_SECOND, time)),
    };

    if (out.month < 1 || out.month > 12 || out.day < 1 || out.hour > 23 || out.minute > 59 ||
        out.second > 59) {
        return (struct fs_time){ 0 };
    }
    return out;
}

static void parse_node(struct walk *walk, const uint8_t *entry)
{
    struct fat_node *node = &walk->node;
    struct fs_entry *out = &node->entry;
    uint8_t attr = entry[DIR_ATTR];

    *node = (struct fat_node){ 0 };
    fat_short_name(entry, false, out->short_name, sizeof(out->short_name));
    if (!fat_long_name_finish(&walk->long_name, entry, out->name, sizeof(out->name))) {
        fat_short_name(entry, true, out->name, sizeof(out->name));
    }
    out->is_dir = attr & ATTR_DIRECTORY;
    out->hidden = attr & ATTR_HIDDEN;
    out->system = attr & ATTR_SYSTEM;
    out->read_only = attr & ATTR_READ_ONLY;
    out->size_bytes = out->is_dir ? 0 : load_le32(entry + DIR_FILE_SIZE);
    out->modified = parse_time(load_le16(entry + DIR_WRT_DATE), load_le16(entry + DIR_WRT_TIME));
    node->first_cluster = ((uint32_t)load_le16(entry + DIR_FST_CLUS_HI) << 16 |
                           load_le16(entry + DIR_FST_CLUS_LO)) & CLUSTER_MASK;
}

/* A subdirectory begins with "." and "..": without either, something else lies there. */
static int check_dots(const struct walk *walk)
{
    const uint8_t *second = walk->chunk + FAT_DIR_ENTRY_BYTES;

    if (memcmp(walk->chunk, dot_name, SHORT_BYTES) == 0 ||
        memcmp(second, dot_dot_name, SHORT_BYTES) == 0) {
        return 0;
    }
    log_error("%s: directory \"%s\" is damaged: it does not begin with \".\" and \"..\"",
              block_info(walk->vol->dev)->name, walk->dir_name);
    return -EPROTO;
}

static int walk_entry(struct walk *walk, const uint8_t *entry)
{
    uint8_t attr = entry[DIR_ATTR];

    if (entry[0] == NAME_END) {
        walk->ended = true;
        return 0;
    }
    if (++walk->seen > FAT_DIR_MAX_ENTRIES) {
        log_error("%s: directory \"%s\" is damaged: it has more than %u entries",
                  block_info(walk->vol->dev)->name, walk->dir_name, FAT_DIR_MAX_ENTRIES);
        return -EPROTO;
    }
    if (entry[0] == NAME_DELETED) {
        fat_long_name_reset(&walk->long_name);
        return 0;
    }
    if ((attr & ATTR_LONG_NAME_MASK) == ATTR_LONG_NAME) {
        fat_long_name_add(&walk->long_name, entry);
        return 0;
    }
    bool wanted = !(attr & ATTR_VOLUME_ID) && memcmp(entry, dot_name, SHORT_BYTES) != 0 &&
                  memcmp(entry, dot_dot_name, SHORT_BYTES) != 0;
    if (wanted) {
        parse_node(walk, entry);
    }
    fat_long_name_reset(&walk->long_name);
    return wanted ? walk->fn(walk->arg, &walk->node) : 0;
}

static int walk_cluster(struct walk *walk, uint32_t cluster, bool first)
{
    uint32_t chunk_bytes = MIN(walk->vol->boot.cluster_bytes, (uint32_t)CHUNK_BYTES);

    for (uint32_t at = 0; at < walk->vol->boot.cluster_bytes; at += chunk_bytes) {
        int err = block_read_bytes(walk->vol->dev, fat_cluster_offset(walk->vol, cluster) + at,
                                   chunk_bytes, walk->chunk);

        if (!err && first && at == 0 && !walk->is_root) {
            err = check_dots(walk);
        }
        for (uint32_t i = 0; !err && !walk->ended && i < chunk_bytes; i += FAT_DIR_ENTRY_BYTES) {
            err = walk_entry(walk, walk->chunk + i);
        }
        if (err || walk->ended) {
            return err;
        }
    }
    return 0;
}

int fat_dir_walk(struct fat_volume *vol, const struct fat_node *dir,
                 int (*fn)(void *arg, const struct fat_node *node), void *arg)
{
    uint32_t cluster = dir->is_root ? vol->boot.root_cluster : dir->first_cluster;
    bool first = true;
    uint32_t count;
    int err = fat_chain_measure(vol, cluster, dir->entry.name, &count);

    if (err) {
        return err;
    }
    struct walk *walk = heap_alloc(1, sizeof(*walk));
    if (!walk) {
        return -ENOMEM;
    }
    walk->vol = vol;
    walk->fn = fn;
    walk->arg = arg;
    walk->dir_name = dir->entry.name;
    walk->is_root = dir->is_root;
    while (!err && cluster != FAT_CHAIN_END && !walk->ended) {
        err = walk_cluster(walk, cluster, first);
        first = false;
        if (!err) {
            err = fat_chain_next(vol, cluster, &cluster);
        }
    }
    heap_free(walk);
    return err;
}

/* --- finding ---------------------------------------------------------------------------------- */

#define FOUND 1

struct search {
    const char *name;
    size_t len;
    struct fat_node *out;
};

static int match(void *arg, const struct fat_node *node)
{
    struct search *search = arg;

    if (fat_name_equal(node->entry.name, search->name, search->len) ||
        fat_name_equal(node->entry.short_name, search->name, search->len)) {
        *search->out = *node;
        return FOUND;
    }
    return 0;
}

/* A directory that is its own ancestor would let a path go round for ever. */
static int note_ancestor(struct fat_volume *vol, const struct fat_node *dir, uint32_t *ancestors,
                         unsigned *depth)
{
    uint32_t cluster = dir->is_root ? vol->boot.root_cluster : dir->first_cluster;

    for (unsigned i = 0; i < *depth; i++) {
        if (ancestors[i] == cluster) {
            log_error("%s: directory \"%s\" is damaged: it lies inside itself",
                      block_info(vol->dev)->name, dir->entry.name);
            return -EPROTO;
        }
    }
    if (*depth == FAT_MAX_DEPTH) {
        return -ENAMETOOLONG;
    }
    ancestors[(*depth)++] = cluster;
    return 0;
}

int fat_find(struct fat_volume *vol, const char *path, struct fat_node *out)
{
    uint32_t ancestors[FAT_MAX_DEPTH];
    unsigned depth = 0;

    *out = (struct fat_node){ .is_root = true, .entry = { .name = "/", .is_dir = true } };
    int err = note_ancestor(vol, out, ancestors, &depth);
    while (!err) {
        while (*path == '/') {
            path++;
        }
        if (*path == '\0') {
            return 0;
        }
        const char *end = strchr(path, '/');
        struct fat_node dir = *out;
        struct search search = {
            .name = path,
            .len = end ? (size_t)(end - path) : strlen(path),
            .out = out,
        };

        if (!dir.entry.is_dir) {
            return -ENOTDIR;
        }
        err = fat_dir_walk(vol, &dir, match, &search);
        if (err != FOUND) {
            return err ? err : -ENOENT;
        }
        err = out->entry.is_dir ? note_ancestor(vol, out, ancestors, &depth) : 0;
        path += search.len;
    }
    return err;
}
