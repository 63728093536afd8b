/*
 * apps/nvme/cmd_error_log.c - `nvme error-log`: what the drive noted of commands that failed (NVMe
 * 1.4 §5.14.1.1); `nvme explain-status`: a status code in words (§4.6.1).
 */
#include "apps/nvme/logs.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/out.h"

#define NAME_WIDTH 16
#define DEFAULT_ENTRIES 64

enum { OPT_ENTRIES, OPT_OUTPUT };
static const struct shell_option options[] = {
    [OPT_ENTRIES] = {"log-entries", 'e', SHELL_NUMBER, NVME_LOG_ENTRIES_MAX,
                     "how many, the newest first; default 64"},
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static void show_entry(struct show *s, const struct nvme_error_entry *e)
{
    uint16_t status = (uint16_t)FIELD_GET(NVME_CQE_STATUS, e->status);
    char where[64];

    nvme_error_location(e, where, sizeof(where));
    show_u64(s, "error_count", NULL, e->error_count);
    show_u64(s, "sqid", NULL, e->sqid);
    show_hex(s, "cmdid", NULL, e->cid);
    show_number_as(s, "status_field", NULL, status, "%#x (%s)", status, nvme_status_name(status));
    show_u64(s, "phase_tag", NULL, FIELD_GET(NVME_CQE_PHASE, e->status));
    show_number_as(s, "parm_err_loc", "parm_error_location", e->location, "%#x%s%s%s", e->location,
                   where[0] ? " (" : "", where, where[0] ? ")" : "");
    show_hex(s, "lba", NULL, e->lba);
    show_hex(s, "nsid", NULL, e->nsid);
    show_hex(s, "vs", NULL, e->vs);
    show_hex(s, "trtype", NULL, e->trtype);
    show_hex(s, "cs", NULL, e->cs);
    show_hex(s, "trtype_spec_info", NULL, e->trtype_specific);
}

static void show_entries(struct show *s, const struct nvme_error_entry *entries, unsigned count)
{
    char title[16];

    s->name_width = NAME_WIDTH;
    show_open_array(s, "errors", NULL);
    for (unsigned i = 0; i < count; i++) {
        str_format(title, sizeof(title), "Entry[%2u]", i);
        show_open_object(s, NULL, title);
        show_entry(s, &entries[i]);
        show_close_object(s);
    }
    show_close_array(s);
}

static int error_log_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *wanted = &sh->values[OPT_ENTRIES];
    unsigned count = wanted->given ? (unsigned)wanted->number : DEFAULT_ENTRIES;
    struct nvme_result res;
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], NULL, &t);
    if (err) {
        return err;
    }
    if (count == 0) {
        return shell_fail(sh, argv[0], -EINVAL, "--log-entries is 1 to %u", NVME_LOG_ENTRIES_MAX);
    }
    struct nvme_error_entry *entries = heap_alloc(count, sizeof(*entries));
    if (!entries) {
        return -ENOMEM;
    }
    err = nvme_log_error(t.ctrlr, entries, &count, &res);
    if (err) {
        err = nvme_log_fail(sh, argv[0], t.ctrlr, NVME_LOG_ERROR, NVME_NSID_ALL, err, &res);
    } else {
        err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    }
    if (!err) {
        show_title(&s, "Error Log Entries for device:%s entries:%u", nvme_name(t.ctrlr), count);
        show_entries(&s, entries, count);
        show_end(&s);
    }
    heap_free(entries);
    return err;
}

const struct shell_cmd nvme_cmd_error_log = {
    .name = "error-log",
    .usage = "nvme error-log CTRL [-e COUNT] [-o json]",
    .summary = "what the drive noted of commands that failed",
    .details = "The newest entry first; entries that are not used are left out. The parameter\n"
               "location says which field of the command was wrong.\n",
    .example = "nvme error-log nvme0 -e 4",
    .complete = COMPLETE_CTRLR,
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = error_log_run,
};

static int explain_status_run(struct shell *sh, int argc, char **argv)
{
    uint64_t code = 0;
    char text[96];

    (void)argc;
    int err = shell_parse_u64(sh, argv[0], "status", argv[1], 0x7fff, &code);
    if (err) {
        return err;
    }
    nvme_status_format((uint16_t)code, text, sizeof(text));
    out_printf(sh->out, "%s\n%s\n", text, nvme_status_meaning((uint16_t)code));
    return 0;
}

const struct shell_cmd nvme_cmd_explain_status = {
    .name = "explain-status",
    .usage = "nvme explain-status CODE",
    .summary = "what a status code means",
    .details = "CODE is the status field as error-log and other tools print it: code in bits 7:0,\n"
               "type in 10:8, more in 13, do not retry in 14.\n",
    .example = "nvme explain-status 0x4002",
    .min_args = 1,
    .max_args = 1,
    .run = explain_status_run,
};
