/*
 * apps/nvme/blocks.c - what the commands on ranges of blocks share.
 */
#include "apps/nvme/blocks.h"

#include "apps/files/files.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"

#define NAMES_BYTES 160
#define GPT_ENTRIES_BYTES 16384 /* the least there may be, and what everybody has */

/* --- which blocks ----------------------------------------------------------------------------- */

int blocks_find_ns(struct blocks *b, struct shell *sh, char **argv, const struct shell_value *nsid,
                   enum nvme_ability ability)
{
    *b = (struct blocks){.sh = sh, .command = argv[0]};
    int err = nvme_find_target(sh, argv[0], argv[1], nsid, &b->target);

    if (err) {
        return err;
    }
    b->ns = b->target.ns;
    if (!b->ns) {
        return shell_fail(sh, argv[0], -EINVAL,
                          "%s has no such namespace: name one, such as %sn1", b->target.name,
                          nvme_name(b->target.ctrlr));
    }
    return ability == NVME_ABILITY_COUNT ? 0
                                         : nvme_require(sh, argv[0], b->target.ctrlr, ability);
}

int blocks_explain(const struct blocks *b, const char *what, int err,
                   const struct nvme_result *res)
{
    return nvme_explain(b->sh, b->command, b->target.ctrlr, what, err, res);
}

void blocks_format(uint64_t lba, uint64_t count, char *buf, size_t cap)
{
    if (count == 1) {
        str_format(buf, cap, "LBA %llu", (unsigned long long)lba);
    } else {
        str_format(buf, cap, "LBA %llu to %llu (%llu blocks)", (unsigned long long)lba,
                   (unsigned long long)(lba + count - 1), (unsigned long long)count);
    }
}

int blocks_check(const struct blocks *b, uint64_t lba, uint64_t count)
{
    const struct nvme_ns *ns = b->ns;

    if (ns->block_bytes == 0) {
        return shell_fail(b->sh, b->command, -ENOTSUP, "%sn%u %s", nvme_name(ns->ctrlr),
                          (unsigned)ns->nsid,
                          ns->unusable_why ? ns->unusable_why : "cannot be used");
    }
    if (count == 0) {
        return shell_fail(b->sh, b->command, -EINVAL, "a range has at least one block");
    }
    if (nvme_nvm_in_range(ns, lba, count)) {
        return 0;
    }
    return shell_fail(b->sh, b->command, -EINVAL,
                      "%llu block%s from LBA %llu do not lie in %sn%u, whose blocks are 0 to %llu; "
                      "nothing was sent",
                      (unsigned long long)count, count == 1 ? "" : "s", (unsigned long long)lba,
                      nvme_name(ns->ctrlr), (unsigned)ns->nsid,
                      (unsigned long long)ns->block_count - 1);
}

int blocks_take_range(struct blocks *b, const struct shell_value *start,
                      const struct shell_value *count)
{
    b->lba = start->number;
    b->count = count->number + 1; /* 0 when it was all ones: no range has that */
    return blocks_check(b, b->lba, b->count);
}

int blocks_parse_list(const struct blocks *b, const char *name, const struct shell_value *value,
                      uint64_t *numbers, unsigned max, unsigned *count)
{
    const char *at = value->text;
    char word[32];
    int err = 0;

    *count = 0;
    while (at && !err) {
        const char *comma = strchr(at, ',');
        size_t len = comma ? (size_t)(comma - at) : strlen(at);

        if (*count == max || len >= sizeof(word)) {
            return shell_fail(b->sh, b->command, -EINVAL, "--%s has at most %u numbers", name, max);
        }
        memcpy(word, at, len);
        word[len] = '\0';
        err = shell_parse_u64(b->sh, b->command, name, word, UINT64_MAX, &numbers[(*count)++]);
        at = comma ? comma + 1 : NULL;
    }
    return err;
}

/* --- what lies there -------------------------------------------------------------------------- */

static bool touches(const struct block_info *info, const struct nvme_nvm_span *spans,
                    unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (spans[i].lba < info->first_lba + info->block_count &&
            info->first_lba < spans[i].lba + spans[i].count) {
            return true;
        }
    }
    return false;
}

/* The partition table of a whole disk: block 0, and with GPT the 16 KiB of entries behind its
 * header and their copy at the end (UEFI 2.8 §5.3). */
static bool touches_table(struct block_dev *disk, const struct nvme_nvm_span *spans, unsigned count)
{
    struct block_info place = *block_info(disk);
    uint64_t gpt_blocks = 1 + GPT_ENTRIES_BYTES / place.block_bytes;

    switch (partition_scheme(disk)) {
    case PARTITIONS_NONE:
        return false;
    case PARTITIONS_MBR:
        place.block_count = 1;
        return touches(&place, spans, count);
    default:
        place.first_lba = place.block_count - MIN(place.block_count, gpt_blocks);
        place.block_count = gpt_blocks;
        if (touches(&place, spans, count)) {
            return true;
        }
        place.first_lba = 0;
        place.block_count = 1 + gpt_blocks;
        return touches(&place, spans, count);
    }
}

/* Names of the partitions that the ranges touch, their table before them; "..." when there are too
 * many. */
static void find_touched(const struct blocks *b, const struct nvme_nvm_span *spans, unsigned count,
                         char *names, size_t cap)
{
    struct block_dev *dev;
    size_t len = 0;

    names[0] = '\0';
    for (unsigned i = 0; (dev = block_at(b->sh->app->blocks, i)); i++) {
        const struct block_info *info = block_info(dev);

        if (block_nvme_ns(dev) != b->ns ||
            !(info->parent ? touches(info, spans, count) : touches_table(dev, spans, count))) {
            continue;
        }
        if (len + 2 * BLOCK_NAME_BYTES > cap) {
            str_format(names + len, cap - len, ", ...");
            return;
        }
        len += str_format(names + len, cap - len, "%s%s", len ? ", " : "",
                          info->parent ? info->name : "the partition table");
    }
}

int blocks_announce(const struct blocks *b, const struct nvme_nvm_span *spans, unsigned count,
                    const char *act, const char *effect, const struct shell_value *serial)
{
    char range[80], full_act[160], names[NAMES_BYTES], full_effect[NAMES_BYTES + 120];

    blocks_format(spans[0].lba, spans[0].count, range, sizeof(range));
    if (count == 1) {
        str_format(full_act, sizeof(full_act), "%s %s", act, range);
    } else {
        str_format(full_act, sizeof(full_act), "%s %u ranges, the first %s", act, count, range);
    }
    find_touched(b, spans, count, names, sizeof(names));
    str_format(full_effect, sizeof(full_effect), "%s, %s%s", effect,
               names[0] ? "which touches " : "which touches no partition", names);
    const struct nvme_danger danger = {
        .ctrlr = b->ns->ctrlr,
        .ns = b->ns,
        .act = full_act,
        .effect = full_effect,
        .serial = serial,
    };
    return nvme_danger_announce(b->sh, b->command, &danger);
}

void blocks_changed(const struct blocks *b)
{
    struct block_dev *dev;

    for (unsigned i = 0; (dev = block_at(b->sh->app->blocks, i)); i++) {
        if (block_nvme_ns(dev) == b->ns) {
            files_forget_disk(b->sh, dev);
            return;
        }
    }
}

/* --- tags ------------------------------------------------------------------------------------- */

int blocks_take_tags(const struct blocks *b, unsigned first, uint8_t allowed, struct nvme_nvm *nvm)
{
    enum { PRINFO, REF, APP, MASK };
    const struct shell_value *v = &b->sh->values[first];
    unsigned type = nvme_pi_type(b->ns);

    if (!type && (v[PRINFO].number || v[REF].given || v[APP].given || v[MASK].given)) {
        return shell_fail(b->sh, b->command, -EINVAL,
                          "%sn%u has no protection information (DPS is 0), so there are no tags",
                          nvme_name(b->ns->ctrlr), (unsigned)b->ns->nsid);
    }
    nvm->prinfo = v[PRINFO].given ? (uint8_t)v[PRINFO].number
                                  : nvme_pi_default_prinfo(b->ns) & allowed;
    if (nvm->prinfo & ~allowed) {
        return shell_fail(b->sh, b->command, -EINVAL, "--prinfo=%u: this command has %u at most",
                          nvm->prinfo, allowed);
    }
    nvm->tags = (struct nvme_pi_tags){
        .ref = v[REF].given ? (uint32_t)v[REF].number : type == 3 ? 0 : (uint32_t)b->lba,
        .app = (uint16_t)v[APP].number,
        .mask = (uint16_t)v[MASK].number,
    };
    return 0;
}

/* --- running ---------------------------------------------------------------------------------- */

static int stopped(const struct blocks *b, const struct nvme_nvm *nvm, uint64_t done)
{
    return shell_fail(b->sh, b->command, -EINTR, "stopped after %llu of %llu blocks",
                      (unsigned long long)done, (unsigned long long)nvm->count);
}

static int failed(const struct blocks *b, const struct blocks_run *run,
                  const struct nvme_nvm *piece, uint64_t done, int err)
{
    char what[96];

    if (done + piece->done > 0) {
        out_printf(b->sh->out, "%llu blocks were done before LBA %llu.\n",
                   (unsigned long long)(done + piece->done),
                   (unsigned long long)(piece->lba + piece->done));
    }
    str_format(what, sizeof(what), "%s at LBA %llu", run->what,
               (unsigned long long)(piece->lba + piece->done));
    return blocks_explain(b, what, err, &piece->res);
}

int blocks_each(const struct blocks *b, struct nvme_nvm *nvm, const struct blocks_run *run)
{
    struct nvme_qpair *qp = nvme_qpair_at(b->ns->ctrlr, 0);
    bool counts = nvme_pi_type(b->ns) != 3;

    for (nvm->done = 0; nvm->done < nvm->count;) {
        struct nvme_nvm piece = *nvm;
        int err;

        piece.lba += nvm->done;
        piece.count = MIN(nvm->count - nvm->done, run->piece);
        piece.tags.ref += counts ? (uint32_t)nvm->done : 0;
        err = run->before ? run->before(run->ctx, &piece, nvm->done) : 0;
        if (err) {
            return err;
        }
        err = run->run(qp, &piece);
        nvm->res = piece.res;
        if (err) {
            return failed(b, run, &piece, nvm->done, err);
        }
        nvm->done += piece.count;
        if (nvm->done < nvm->count && shell_interrupted(b->sh)) {
            return stopped(b, nvm, nvm->done);
        }
    }
    return 0;
}

/* --- data ------------------------------------------------------------------------------------- */

static int parse_pattern(struct blocks_data *d, const char *text)
{
    d->pattern_len = sizeof(d->pattern);
    int err = parse_hex_bytes(text, d->pattern, &d->pattern_len);

    if (err || d->pattern_len == 0) {
        return shell_fail(d->b->sh, d->b->command, -EINVAL,
                          "pattern '%s' is not 1 to %u bytes, each of two hexadecimal digits", text,
                          (unsigned)sizeof(d->pattern));
    }
    return 0;
}

int blocks_data_open(struct blocks_data *d, struct blocks *b, const struct shell_value *file,
                     const struct shell_value *pattern, uint64_t bytes)
{
    struct shell *sh = b->sh;

    *d = (struct blocks_data){.b = b};
    if (file->given == pattern->given) {
        return shell_fail(sh, b->command, -EINVAL,
                          "say what the data is: --data=FILE on a FAT32 volume or --pattern=0xHEX");
    }
    if (pattern->given) {
        return parse_pattern(d, pattern->text);
    }
    int err = fs_resolve(sh->cwd, file->text, d->path, sizeof(d->path));
    if (!err) {
        err = fs_open(sh->app->fs, d->path, &d->file);
    }
    if (err) {
        return files_explain(sh, b->command, err == -EINVAL ? file->text : d->path, err);
    }
    if (fs_size(d->file) < bytes) {
        err = shell_fail(sh, b->command, -EINVAL, "%s has %llu bytes, and %llu are needed", d->path,
                         (unsigned long long)fs_size(d->file), (unsigned long long)bytes);
        blocks_data_close(d);
    }
    return err;
}

int blocks_data_read(struct blocks_data *d, uint64_t offset, void *buf, size_t len)
{
    uint8_t *bytes = buf;
    size_t got = len;

    if (d->file) {
        int err = fs_read(d->file, offset, buf, len, &got);

        if (!err && got != len) {
            err = -EIO;
        }
        return err ? files_explain(d->b->sh, d->b->command, d->path, err) : 0;
    }
    for (size_t i = 0; i < len; i++) {
        bytes[i] = d->pattern[(offset + i) % d->pattern_len];
    }
    return 0;
}

void blocks_data_close(struct blocks_data *d)
{
    if (d->file) {
        fs_close(d->file);
        d->file = NULL;
    }
}
