/*
 * apps/nvme/cmd_nsmgmt.c - `nvme create-ns`, `delete-ns`, `attach-ns` and `detach-ns`.
 */
#include "apps/nvme/manage.h"
#include "apps/nvme/show.h"
#include "apps/system/size_text.h"
#include "drivers/nvme/nvme_format.h"
#include "drivers/nvme/nvme_nsmgmt.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/math.h"
#include "lib/string.h"

/* --- create ----------------------------------------------------------------------------------- */

enum { CR_SIZE, CR_CAPACITY, CR_FLBAS, CR_DPS, CR_NMIC, CR_ANA, CR_SET, CR_BLOCK, CR_OUTPUT,
       CR_SERIAL };
static const struct shell_option create_options[] = {
    [CR_SIZE] = {"nsze", 's', SHELL_NUMBER, 0, "size in logical blocks"},
    [CR_CAPACITY] = {"ncap", 'c', SHELL_NUMBER, 0, "capacity in logical blocks; the size"},
    [CR_FLBAS] = {"flbas", 'f', SHELL_NUMBER, 31, "LBA format, and 16 for metadata in the data"},
    [CR_DPS] = {"dps", 'd', SHELL_NUMBER, 15, "protection type, and 8 for its place"},
    [CR_NMIC] = {"nmic", 'm', SHELL_NUMBER, 1, "1: several controllers may share it"},
    [CR_ANA] = {"anagrp-id", 'a', SHELL_NUMBER, UINT32_MAX, "ANA group"},
    [CR_SET] = {"nvmset-id", 'i', SHELL_NUMBER, UINT16_MAX, "NVM set"},
    [CR_BLOCK] = {"block-size", 'b', SHELL_NUMBER, 65536, "instead of -f: bytes of a block"},
    [CR_OUTPUT] = SHELL_OPTION_OUTPUT,
    [CR_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

static int make_wish(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                     const struct nvme_id_ns *common, struct nvme_ns_wish *wish)
{
    const struct shell_value *v = sh->values;

    if (!v[CR_SIZE].given || v[CR_SIZE].number == 0) {
        return shell_fail(sh, command, -EINVAL, "--nsze says how many blocks it will have");
    }
    if (v[CR_FLBAS].given && v[CR_BLOCK].given) {
        return shell_fail(sh, command, -EINVAL, "--flbas and --block-size are both given");
    }
    *wish = (struct nvme_ns_wish){
        .size = v[CR_SIZE].number,
        .capacity = v[CR_CAPACITY].given ? v[CR_CAPACITY].number : v[CR_SIZE].number,
        .flbas = (uint8_t)v[CR_FLBAS].number,
        .dps = (uint8_t)v[CR_DPS].number,
        .nmic = (uint8_t)v[CR_NMIC].number,
        .anagrpid = (uint32_t)v[CR_ANA].number,
        .nvmsetid = (uint16_t)v[CR_SET].number,
    };
    if (v[CR_BLOCK].given) {
        int found = manage_find_lbaf(common, v[CR_BLOCK].number);
        if (found < 0) {
            return shell_fail(sh, command, -EINVAL,
                              "%s has no LBA format with blocks of %llu bytes and no metadata",
                              nvme_name(ctrlr), (unsigned long long)v[CR_BLOCK].number);
        }
        wish->flbas = (uint8_t)found;
    }
    unsigned format = (unsigned)FIELD_GET(NVME_FLBAS_FORMAT, wish->flbas);
    if (format > common->nlbaf) {
        return shell_fail(sh, command, -EINVAL, "there is no LBA format %u, the last is %u (NLBAF)",
                          format, common->nlbaf);
    }
    uint64_t block_bytes = nvme_lbaf_bytes(common->lbaf[format]);
    if (block_bytes == 0) {
        return shell_fail(sh, command, -EINVAL, "LBA format %u is not in use by this drive (LBADS)",
                          format);
    }
    if (wish->size > UINT64_MAX / block_bytes) {
        return shell_fail(sh, command, -EINVAL, "%llu blocks of %llu bytes are over 2^64 bytes",
                          (unsigned long long)wish->size, (unsigned long long)block_bytes);
    }
    if (wish->capacity == 0 || wish->capacity > wish->size) {
        return shell_fail(sh, command, -EINVAL, "--ncap is 1 to --nsze blocks");
    }
    return 0;
}

/* 16 little-endian bytes, of which the upper half is 0 in every drive of our time. */
static uint64_t low_half(const uint8_t bytes[16])
{
    uint64_t value = 0;

    for (unsigned i = 8; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static int announce_create(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                           const struct nvme_id_ns *common, const struct nvme_ns_wish *wish)
{
    unsigned format = (unsigned)FIELD_GET(NVME_FLBAS_FORMAT, wish->flbas);
    uint64_t block_bytes = nvme_lbaf_bytes(common->lbaf[format]);
    uint64_t bytes = wish->size * block_bytes; /* make_wish has seen that they fit */
    struct nvme_ns_granularity steps = nvme_ns_granularity(ctrlr, format);
    char act[96], effect[96], size[SIZE_TEXT_BYTES];

    size_text_binary(bytes, size, sizeof(size));
    str_format(act, sizeof(act), "Create a namespace of %s (%llu blocks of %llu bytes)", size,
               (unsigned long long)wish->size, (unsigned long long)block_bytes);
    size_text_binary(low_half(nvme_id_ctrl(ctrlr)->unvmcap), size, sizeof(size));
    str_format(effect, sizeof(effect), "it takes capacity that is free, of %s (UNVMCAP)", size);
    if (steps.size_bytes && bytes & (steps.size_bytes - 1)) {
        size_text_binary(steps.size_bytes, size, sizeof(size));
        out_printf(sh->out, "Its size is no multiple of %s, the granularity of this drive: some "
                   "capacity will be wasted.\n", size);
    }
    const struct nvme_danger danger = {
        .ctrlr = ctrlr,
        .spares_data = true,
        .act = act,
        .effect = effect,
        .serial = &sh->values[CR_SERIAL],
    };
    return nvme_danger_announce(sh, command, &danger);
}

static int create(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                  struct nvme_id_ns *common)
{
    struct nvme_result res = {0};
    struct nvme_ns_wish wish = {0};
    struct show s;
    uint32_t nsid;
    int err = nvme_ns_common(ctrlr, common, &res);

    if (err) {
        return nvme_explain(sh, command, ctrlr, "Identify of all namespaces", err, &res);
    }
    err = make_wish(sh, command, ctrlr, common, &wish);
    if (!err) {
        err = announce_create(sh, command, ctrlr, common, &wish);
    }
    if (err) {
        return err;
    }
    err = nvme_ns_create(ctrlr, &wish, &nsid, &res);
    if (err) {
        return nvme_explain(sh, command, ctrlr, "Namespace Management", err, &res);
    }
    manage_follow(sh, ctrlr);
    err = show_begin(&s, sh, command, sh->values[CR_OUTPUT].text);
    if (err) {
        return err;
    }
    show_title(&s, "create-ns: Success, created nsid:%u", (unsigned)nsid);
    show_json_u64(&s, "nsid", nsid);
    show_title(&s, "`nvme attach-ns %s -n %u` makes it usable.", nvme_name(ctrlr), (unsigned)nsid);
    show_end(&s);
    return 0;
}

static int create_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_id_ns *common;
    struct nvme_ctrlr *ctrlr;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (!err) {
        err = nvme_require(sh, argv[0], ctrlr, NVME_CAN_MANAGE_NAMESPACES);
    }
    if (err) {
        return err;
    }
    common = heap_alloc(1, sizeof(*common));
    if (!common) {
        return -ENOMEM;
    }
    err = create(sh, argv[0], ctrlr, common);
    heap_free(common);
    return err;
}

const struct shell_cmd nvme_cmd_create_ns = {
    .name = "create-ns",
    .usage = "nvme create-ns CTRL -s BLOCKS [-c BLOCKS] [-f FLBAS | -b BYTES] [-d DPS] [-m 1]",
    .summary = "make a namespace from free capacity",
    .details = "It has to be attached to the controller before it can be used (attach-ns).\n",
    .example = "nvme create-ns nvme0 --nsze=1m --block-size=4096 --serial=S4EVNX0M123456",
    .complete = COMPLETE_CTRLR,
    .options = create_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = create_run,
};

/* --- the other three -------------------------------------------------------------------------- */

enum { AT_NSID, AT_SERIAL, AT_CONTROLLERS };
static const struct shell_option attach_options[] = {
    [AT_NSID] = SHELL_OPTION_NSID,
    [AT_SERIAL] = SHELL_OPTION_SERIAL,
    [AT_CONTROLLERS] = {"controllers", 'c', SHELL_TEXT, 0, "ids such as 0x1,0x2; this one"},
    {0},
};
static const struct shell_option delete_options[] = {
    [AT_NSID] = {"namespace-id", 'n', SHELL_NUMBER, UINT32_MAX, "identifier; 0xffffffff: ALL"},
    [AT_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

#define IDS_MAX 64

/* "0x1,2" into ids, ascending. */
static int parse_controllers(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                             uint16_t *ids, unsigned *count)
{
    const char *text = sh->values[AT_CONTROLLERS].text;
    char word[16];

    *count = 1;
    ids[0] = nvme_id_ctrl(ctrlr)->cntlid;
    if (!text) {
        return 0;
    }
    for (*count = 0; *count < IDS_MAX; (*count)++) {
        const char *comma = strchr(text, ',');
        size_t len = comma ? (size_t)(comma - text) : strlen(text);
        uint64_t id;

        str_format(word, sizeof(word), "%.*s", (int)MIN(len, sizeof(word) - 1), text);
        int err = shell_parse_u64(sh, command, "--controllers", word, UINT16_MAX, &id);
        if (err) {
            return err;
        }
        if (*count && id <= ids[*count - 1]) {
            return shell_fail(sh, command, -EINVAL, "--controllers has to ascend: %s",
                              sh->values[AT_CONTROLLERS].text);
        }
        ids[*count] = (uint16_t)id;
        if (!comma) {
            (*count)++;
            return 0;
        }
        text = comma + 1;
    }
    return shell_fail(sh, command, -EINVAL, "--controllers names more than %u", IDS_MAX);
}

enum ns_act { NS_ATTACH, NS_DETACH, NS_DELETE };

static int announce(struct shell *sh, const char *command, const struct nvme_target *target,
                    enum ns_act act)
{
    static const char *const effects[] = {
        [NS_ATTACH] = "the controllers can use it then",
        [NS_DETACH] = "it disappears here; what it holds stays in the drive",
        [NS_DELETE] = "all data on it is lost, and its capacity is free",
    };
    static const char *const acts[] = {"Attach", "Detach", "Delete"};
    bool all = act == NS_DELETE && target->nsid == NVME_NSID_ALL;
    char text[64];

    if (all) {
        str_format(text, sizeof(text), "%s ALL namespaces", acts[act]);
    } else {
        str_format(text, sizeof(text), "%s namespace %u", acts[act], (unsigned)target->nsid);
    }
    const struct nvme_danger danger = {
        .ctrlr = target->ctrlr,
        .ns = target->ns,
        .needs_ctrlr = true,
        .spares_data = !target->ns && !all,
        .act = text,
        .effect = effects[act],
        .serial = &sh->values[AT_SERIAL],
    };
    return nvme_danger_announce(sh, command, &danger);
}

static int do_it(struct shell *sh, const char *command, struct nvme_target *target,
                 enum ns_act act)
{
    struct nvme_ctrlr *ctrlr = target->ctrlr;
    struct nvme_result res = {0};
    uint16_t ids[IDS_MAX];
    unsigned count = 0;
    int err = nvme_require(sh, command, ctrlr, NVME_CAN_MANAGE_NAMESPACES);

    if (!err && target->nsid == NVME_NSID_ALL &&
        (act != NS_DELETE || !sh->values[AT_NSID].given)) {
        err = shell_fail(sh, command, -EINVAL, "--namespace-id says which namespace");
    }
    if (!err && act != NS_DELETE) {
        err = parse_controllers(sh, command, ctrlr, ids, &count);
    }
    if (!err) {
        err = announce(sh, command, target, act);
    }
    if (err) {
        return err;
    }
    err = act == NS_DELETE ? nvme_ns_delete(ctrlr, target->nsid, &res)
                           : nvme_ns_attach(ctrlr, target->nsid, act == NS_ATTACH, ids, count,
                                            &res);
    if (err) {
        return nvme_explain(sh, command, ctrlr,
                            act == NS_DELETE ? "Namespace Management" : "Namespace Attachment", err,
                            &res);
    }
    manage_follow(sh, ctrlr);
    out_printf(sh->out, "%s: Success, %snsid:%u\n", command, act == NS_DELETE ? "deleted " : "",
               (unsigned)target->nsid);
    return 0;
}

static int run(struct shell *sh, char **argv, enum ns_act act)
{
    struct nvme_target target;
    int err = nvme_find_target(sh, argv[0], argv[1], &sh->values[AT_NSID], &target);

    return err ? err : do_it(sh, argv[0], &target, act);
}

static int attach_run(struct shell *sh, int argc, char **argv)
{
    (void)argc;
    return run(sh, argv, NS_ATTACH);
}

static int detach_run(struct shell *sh, int argc, char **argv)
{
    (void)argc;
    return run(sh, argv, NS_DETACH);
}

static int delete_run(struct shell *sh, int argc, char **argv)
{
    (void)argc;
    return run(sh, argv, NS_DELETE);
}

const struct shell_cmd nvme_cmd_attach_ns = {
    .name = "attach-ns",
    .usage = "nvme attach-ns CTRL -n NSID [-c IDS]",
    .summary = "let controllers use a namespace",
    .details = "IDS are controller identifiers (CNTLID) with commas between them, this one when\n"
               "they are left out.\n",
    .example = "nvme attach-ns nvme0 --namespace-id=2 --serial=S4EVNX0M123456",
    .complete = COMPLETE_CTRLR,
    .options = attach_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = attach_run,
};

const struct shell_cmd nvme_cmd_detach_ns = {
    .name = "detach-ns",
    .usage = "nvme detach-ns CTRL -n NSID [-c IDS]",
    .summary = "take a namespace away from controllers; its data stays",
    .example = "nvme detach-ns nvme0 --namespace-id=2 --serial=S4EVNX0M123456",
    .complete = COMPLETE_CTRLR,
    .options = attach_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = detach_run,
};

const struct shell_cmd nvme_cmd_delete_ns = {
    .name = "delete-ns",
    .usage = "nvme delete-ns CTRL|DISK [-n NSID]",
    .summary = "remove a namespace and all its data",
    .details = "-n 0xffffffff removes ALL namespaces of the drive.\n",
    .example = "nvme delete-ns nvme0 --namespace-id=2 --serial=S4EVNX0M123456",
    .complete = COMPLETE_DISK,
    .options = delete_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = delete_run,
};
