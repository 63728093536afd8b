/*
 * apps/nvme/cmd_log_pages.c - `nvme fw-log`, `changed-ns-list-log`, `effects-log` (NVMe 1.4
 * §5.14.1.3 to §5.14.1.5).
 */
#include "apps/nvme/logs.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/printable.h"
#include "lib/string.h"

enum { OPT_OUTPUT, OPT_HUMAN };
static const struct shell_option plain_options[] = {
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};
static const struct shell_option human_options[] = {
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    [OPT_HUMAN] = SHELL_OPTION_HUMAN,
    {0},
};

/* The page that a command without a choice shows: NULL, and the error in *err, when there is none;
 * the caller's to free. */
static void *open_page(struct shell *sh, char **argv, uint8_t lid, size_t len,
                       struct nvme_target *t, struct show *s, int *err)
{
    const struct nvme_log_request req = {.lid = lid, .nsid = NVME_NSID_ALL};
    void *page = NULL;

    *err = nvme_find_target(sh, argv[0], argv[1], NULL, t);
    if (!*err) {
        *err = show_begin(s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    }
    if (!*err) {
        *err = nvme_log_get(sh, argv[0], t->ctrlr, &req, len, &page);
    }
    return page;
}

/* --- firmware slots --------------------------------------------------------------------------- */

static int fw_log_run(struct shell *sh, int argc, char **argv)
{
    char name[8], key[32], revision[9];
    struct nvme_target t;
    struct show s;
    int err;
    struct nvme_firmware_log *log =
        open_page(sh, argv, NVME_LOG_FIRMWARE_SLOT, sizeof(*log), &t, &s, &err);

    (void)argc;
    if (!log) {
        return err;
    }
    s.name_width = 5;
    show_title(&s, "Firmware Log for device:%s", nvme_name(t.ctrlr));
    show_hex(&s, "afi", "Active Firmware Slot (afi)", log->afi);
    for (unsigned i = 0; i < ARRAY_SIZE(log->frs); i++) {
        if (!mem_is_zero(log->frs[i], sizeof(log->frs[i]))) {
            str_format(name, sizeof(name), "frs%u", i + 1);
            str_format(key, sizeof(key), "Firmware Rev Slot %u", i + 1);
            str_copy_field(revision, sizeof(revision), (const uint8_t *)log->frs[i],
                           sizeof(log->frs[i]));
            show_text(&s, name, key, revision);
        }
    }
    show_end(&s);
    heap_free(log);
    return 0;
}

const struct shell_cmd nvme_cmd_fw_log = {
    .name = "fw-log",
    .usage = "nvme fw-log CTRL [-o json]",
    .summary = "firmware revisions by slot",
    .details = "afi: bits 2:0 are the slot that runs, bits 6:4 the one of the next reset.\n",
    .example = "nvme fw-log nvme0",
    .complete = COMPLETE_CTRLR,
    .options = plain_options,
    .min_args = 1,
    .max_args = 1,
    .run = fw_log_run,
};

/* --- changed namespaces ----------------------------------------------------------------------- */

static int changed_ns_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target t;
    struct show s;
    char name[16];
    int err;
    uint32_t *nsids = open_page(sh, argv, NVME_LOG_CHANGED_NAMESPACES, NVME_IDENTIFY_BYTES, &t, &s,
                                &err);

    (void)argc;
    if (!nsids) {
        return err;
    }
    show_title(&s, "Changed Namespace List Log for NVME device:%s", nvme_name(t.ctrlr));
    if (nsids[0] == NVME_NSID_ALL) {
        show_title(&s, "more than %u namespaces have changed", NVME_NS_LIST_ENTRIES);
        show_json_u64(&s, "num-entries", NVME_NS_LIST_ENTRIES + 1);
        nsids[0] = 0;
    }
    s.name_width = 6;
    show_open_array(&s, "namespaces", NULL);
    for (unsigned i = 0; i < NVME_NS_LIST_ENTRIES && nsids[i]; i++) {
        str_format(name, sizeof(name), "[%4u]", i);
        show_json_u64(&s, NULL, nsids[i]);
        if (!s.json) {
            show_hex(&s, name, NULL, nsids[i]);
        }
    }
    show_close_array(&s);
    show_end(&s);
    heap_free(nsids);
    return 0;
}

const struct shell_cmd nvme_cmd_changed_ns_list_log = {
    .name = "changed-ns-list-log",
    .usage = "nvme changed-ns-list-log CTRL [-o json]",
    .summary = "namespaces whose attributes have changed",
    .details = "Since the list was read the last time: reading it empties it.\n",
    .example = "nvme changed-ns-list-log nvme0",
    .complete = COMPLETE_CTRLR,
    .options = plain_options,
    .min_args = 1,
    .max_args = 1,
    .run = changed_ns_run,
};

/* --- effects ---------------------------------------------------------------------------------- */

static void explain_effects(struct show *s, uint32_t effects)
{
    static const char *const words[] = {
        "supported", "may change the contents of logical blocks",
        "may change the capabilities of a namespace", "may change the inventory of namespaces",
        "may change the capabilities of the controller",
    };
    static const char *const execution[] = {"no restriction", "alone in its namespace",
                                            "alone on the controller", "reserved"};

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        show_bits(s, effects, i, i, "%s", words[i]);
    }
    show_bits(s, effects, 18, 16, "submission and execution: %s",
              execution[MIN(FIELD_GET(NVME_EFFECTS_CSE, effects), UINT64_C(3))]);
    show_bits(s, effects, 19, 19, "a UUID selects among vendors' meanings");
}

static void show_effects(struct show *s, bool admin, const uint32_t effects[256], bool human)
{
    char name[64], key[24], opcode[48];

    show_open_object(s, admin ? "admin_cmd_set" : "io_cmd_set",
                     admin ? "Admin Command Set" : "NVM Command Set");
    for (unsigned i = 0; i < 256; i++) {
        if (effects[i]) {
            nvme_opcode_format(admin, (uint8_t)i, opcode, sizeof(opcode));
            str_format(name, sizeof(name), "%-7s%3u [%s]", admin ? "ACS" : "IOCS", i, opcode);
            str_format(key, sizeof(key), "%s_%u", admin ? "ACS" : "IOCS", i);
            show_number_as(s, name, key, effects[i], "%08x", (unsigned)effects[i]);
            if (human) {
                explain_effects(s, effects[i]);
            }
        }
    }
    show_close_object(s);
}

static int effects_log_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target t;
    struct show s;
    int err;
    struct nvme_effects_log *log =
        open_page(sh, argv, NVME_LOG_COMMAND_EFFECTS, sizeof(*log), &t, &s, &err);
    bool human = sh->values[OPT_HUMAN].given;

    (void)argc;
    if (!log) {
        return err;
    }
    s.name_width = 50;
    show_title(&s, "Command Effects Log for device:%s", nvme_name(t.ctrlr));
    show_effects(&s, true, log->acs, human);
    show_effects(&s, false, log->iocs, human);
    show_end(&s);
    heap_free(log);
    return 0;
}

const struct shell_cmd nvme_cmd_effects_log = {
    .name = "effects-log",
    .usage = "nvme effects-log CTRL [-H] [-o json]",
    .summary = "commands the drive supports, and what they may change",
    .details = "Carillon judges commands of the vendor's by it: one that is supported and changes\n"
               "nothing is let through, any other needs an armed drive.\n",
    .example = "nvme effects-log nvme0 -H",
    .complete = COMPLETE_CTRLR,
    .options = human_options,
    .min_args = 1,
    .max_args = 1,
    .run = effects_log_run,
};
