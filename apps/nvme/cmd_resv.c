/*
 * apps/nvme/cmd_resv.c - `nvme resv-register`, `resv-acquire`, `resv-release`, `resv-report`: which
 * of several hosts may use a namespace (NVMe 1.4 §8.8).
 */
#include "apps/nvme/blocks.h"
#include "drivers/nvme/nvme_gate.h"
#include "drivers/nvme/nvme_reservation.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/parse.h"
#include "lib/string.h"

#define HOST_ID_BYTES 16
#define REPORT_BYTES  4096

enum { OPT_CRKEY, OPT_NSID, OPT_SERIAL, OPT_ACTION, OPT_IEKEY, OPT_TYPE, OPT_CPTPL = OPT_TYPE,
       OPT_OTHER, OPT_HOSTID };
#define COMMON_OPTIONS                                                                             \
    [OPT_CRKEY] = {"crkey", 'c', SHELL_NUMBER, 0, "current reservation key"},                      \
    [OPT_NSID] = SHELL_OPTION_NSID, [OPT_SERIAL] = SHELL_OPTION_SERIAL,                            \
    [OPT_IEKEY] = {"iekey", 'i', SHELL_FLAG, 0, "ignore the existing key"}
#define RTYPE {"rtype", 't', SHELL_NUMBER, 6, "type, 1 to 6: see help"}

static const struct shell_option register_options[] = {
    COMMON_OPTIONS,
    [OPT_ACTION] = {"rrega", 'r', SHELL_NUMBER, 2, "0 register, 1 unregister, 2 replace"},
    [OPT_CPTPL] = {"cptpl", 'p', SHELL_NUMBER, 3, "2 forget, 3 keep through power loss; 0 as is"},
    [OPT_OTHER] = {"nrkey", 'k', SHELL_NUMBER, 0, "new reservation key"},
    [OPT_HOSTID] = {"hostid", 0, SHELL_TEXT, 0, "set this host's identifier first: 0xHEX"},
    {0},
};
static const struct shell_option acquire_options[] = {
    COMMON_OPTIONS,
    [OPT_ACTION] = {"racqa", 'a', SHELL_NUMBER, 2, "0 acquire, 1 preempt, 2 preempt and abort"},
    [OPT_TYPE] = RTYPE,
    [OPT_OTHER] = {"prkey", 'p', SHELL_NUMBER, 0, "key to preempt"},
    {0},
};
static const struct shell_option release_options[] = {
    COMMON_OPTIONS,
    [OPT_ACTION] = {"rrela", 'a', SHELL_NUMBER, 1, "0 release, 1 clear"},
    [OPT_TYPE] = RTYPE,
    {0},
};

enum { REPORT_NSID, REPORT_EDS, REPORT_NUMD, REPORT_OUTPUT };
static const struct shell_option report_options[] = {
    [REPORT_NSID] = SHELL_OPTION_NSID,
    [REPORT_EDS] = {"eds", 'e', SHELL_FLAG, 0, "ask for the extended form; default: what fits"},
    [REPORT_NUMD] = {"numd", 'd', SHELL_NUMBER, 16383, "dwords of the report, zero-based"},
    [REPORT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static const char *const types[] = {
    "none", "Write Exclusive", "Exclusive Access", "Write Exclusive - Registrants Only",
    "Exclusive Access - Registrants Only", "Write Exclusive - All Registrants",
    "Exclusive Access - All Registrants",
};

static const char *type_name(unsigned type)
{
    return type < ARRAY_SIZE(types) ? types[type] : "reserved";
}

/* --- changes ---------------------------------------------------------------------------------- */

struct change {
    struct blocks b;
    struct nvme_resv_request request;
    const char *what;
    int (*run)(struct nvme_qpair *qp, struct nvme_ns *ns, const struct nvme_resv_request *request,
               struct nvme_result *res);
    const uint8_t *host_id; /* to be set first, or NULL */
};

static int take(struct change *c, struct shell *sh, char **argv)
{
    const struct shell_value *v = sh->values;
    int err = blocks_find_ns(&c->b, sh, argv, &v[OPT_NSID], NVME_CAN_RESERVATIONS);

    c->request = (struct nvme_resv_request){
        .action = (uint8_t)v[OPT_ACTION].number,
        .ignore_key = v[OPT_IEKEY].given,
        .key = v[OPT_CRKEY].number,
    };
    return err;
}

static int run_change(struct change *c)
{
    struct shell *sh = c->b.sh;
    struct nvme_ctrlr *ctrlr = c->b.ns->ctrlr;
    struct nvme_result res = {0};
    const struct nvme_danger danger = {
        .ctrlr = ctrlr,
        .ns = c->b.ns,
        .needs_ctrlr = c->host_id != NULL,
        .act = c->what,
        .effect = "data stays; which hosts may read and write it changes",
        .serial = &sh->values[OPT_SERIAL],
    };
    int err = nvme_danger_announce(sh, c->b.command, &danger);

    if (err) {
        return err;
    }
    if (c->host_id) {
        err = nvme_host_id_set(ctrlr, c->host_id, true, &res);
        if (err) {
            return blocks_explain(&c->b, "Set Features, Host Identifier", err, &res);
        }
    }
    err = c->run(nvme_qpair_at(ctrlr, 0), c->b.ns, &c->request, &res);
    if (err) {
        return blocks_explain(&c->b, c->what, err, &res);
    }
    out_printf(sh->out, "NVME %s success\n", c->what);
    return 0;
}

/* A drive knows hosts by their identifier; without one it cannot tell them apart. */
static int need_host_id(struct change *c, uint8_t id[HOST_ID_BYTES])
{
    struct shell *sh = c->b.sh;
    const struct shell_value *typed = &sh->values[OPT_HOSTID];
    unsigned len = HOST_ID_BYTES;
    struct nvme_result res;
    bool extended;

    if (typed->given) {
        if (parse_hex_bytes(typed->text, id, &len) || len != HOST_ID_BYTES ||
            mem_is_zero(id, HOST_ID_BYTES)) {
            return shell_fail(sh, c->b.command, -EINVAL,
                              "--hostid is %u bytes in hexadecimal, not all zero", HOST_ID_BYTES);
        }
        c->host_id = id;
        return 0;
    }
    int err = nvme_host_id_get(c->b.ns->ctrlr, id, &extended, &res);
    if (err) {
        return blocks_explain(&c->b, "Get Features, Host Identifier", err, &res);
    }
    if (mem_is_zero(id, HOST_ID_BYTES)) {
        return shell_fail(sh, c->b.command, -EINVAL,
                          "this host has no identifier (feature 81h is zero): give it one with "
                          "--hostid=0xHEX");
    }
    return 0;
}

static int register_run(struct shell *sh, int argc, char **argv)
{
    struct change c = {.what = "Reservation Register", .run = nvme_resv_register};
    uint8_t id[HOST_ID_BYTES];

    (void)argc;
    int err = take(&c, sh, argv);
    c.request.new_key = sh->values[OPT_OTHER].number;
    c.request.cptpl = (uint8_t)sh->values[OPT_CPTPL].number;
    if (!err && c.request.cptpl == 1) {
        err = shell_fail(sh, argv[0], -EINVAL, "--cptpl=1 is reserved");
    }
    err = err ? err : need_host_id(&c, id);
    return err ? err : run_change(&c);
}

static int take_type(struct change *c, bool needed)
{
    const struct shell_value *v = &c->b.sh->values[OPT_TYPE];

    c->request.type = (uint8_t)v->number;
    if (needed && v->number == 0) {
        return shell_fail(c->b.sh, c->b.command, -EINVAL, "--rtype is 1 to 6");
    }
    return 0;
}

static int acquire_run(struct shell *sh, int argc, char **argv)
{
    struct change c = {.what = "Reservation Acquire", .run = nvme_resv_acquire};

    (void)argc;
    int err = take(&c, sh, argv);
    c.request.new_key = sh->values[OPT_OTHER].number;
    err = err ? err : take_type(&c, true);
    return err ? err : run_change(&c);
}

static int release_run(struct shell *sh, int argc, char **argv)
{
    struct change c = {.what = "Reservation Release", .run = nvme_resv_release};

    (void)argc;
    int err = take(&c, sh, argv);
    err = err ? err : take_type(&c, c.request.action == 0);
    return err ? err : run_change(&c);
}

/* --- report ----------------------------------------------------------------------------------- */

static void show_entry(struct show *s, const struct nvme_resv_entry *entry, bool extended,
                       unsigned index)
{
    const uint64_t *id = (const uint64_t *)entry->hostid;
    char title[24], hex[2 * HOST_ID_BYTES + 3];

    str_format(title, sizeof(title), "regctl[%u] :", index);
    if (extended) {
        str_format(hex, sizeof(hex), "%016llx%016llx", (unsigned long long)id[1],
                   (unsigned long long)id[0]);
    } else {
        str_format(hex, sizeof(hex), "%llx", (unsigned long long)id[0]);
    }
    show_open_object(s, NULL, title);
    show_hex(s, "cntlid", NULL, entry->cntlid);
    show_number_as(s, "rcsts", NULL, entry->rcsts, "%x%s", entry->rcsts,
                   entry->rcsts & NVME_RESV_RCSTS_HOLDER ? " (holder)" : "");
    show_hex(s, "rkey", NULL, entry->rkey);
    show_text(s, "hostid", NULL, hex);
    show_close_object(s);
}

static int show_report(struct shell *sh, const char *command, const void *report, size_t len,
                       bool extended)
{
    const struct nvme_resv_status *header = report;
    unsigned count = nvme_resv_count(report, len, extended);
    struct show s;

    int err = show_begin(&s, sh, command, sh->values[REPORT_OUTPUT].text);
    if (err) {
        return err;
    }
    show_title(&s, "NVME Reservation status:");
    show_u64(&s, "gen", NULL, header->gen);
    show_number_as(&s, "rtype", NULL, header->rtype, "%u (%s)", header->rtype,
                   type_name(header->rtype));
    show_u64(&s, "regctl", NULL, header->regctl[0] | (uint64_t)header->regctl[1] << 8);
    show_u64(&s, "ptpls", NULL, header->ptpls);
    show_open_array(&s, extended ? "regctlext" : "regctls", NULL);
    for (unsigned i = 0; i < count; i++) {
        struct nvme_resv_entry entry = nvme_resv_at(report, extended, i);

        show_entry(&s, &entry, extended, i);
    }
    show_close_array(&s);
    show_end(&s);
    return 0;
}

/* The form has to be that of the host identifier; without one either will do. */
static int choose_form(struct blocks *b, bool *extended)
{
    uint8_t id[HOST_ID_BYTES];
    struct nvme_result res;

    if (b->sh->values[REPORT_EDS].given) {
        *extended = true;
        return 0;
    }
    int err = nvme_host_id_get(b->ns->ctrlr, id, extended, &res);
    if (!err && mem_is_zero(id, sizeof(id))) {
        *extended = false;
    }
    return err ? blocks_explain(b, "Get Features, Host Identifier", err, &res)
               : 0;
}

static int report_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values;
    size_t len = v[REPORT_NUMD].given ? ((size_t)v[REPORT_NUMD].number + 1) * 4 : REPORT_BYTES;
    struct nvme_result res;
    struct blocks b;
    bool extended;

    (void)argc;
    int err = blocks_find_ns(&b, sh, argv, &v[REPORT_NSID], NVME_CAN_RESERVATIONS);
    err = err ? err : choose_form(&b, &extended);
    if (!err && len < sizeof(struct nvme_resv_status)) {
        err = shell_fail(sh, argv[0], -EINVAL, "--numd is at least 15: the header has 16 dwords");
    }
    if (err) {
        return err;
    }
    void *report = heap_alloc(1, len);
    if (!report) {
        return -ENOMEM;
    }
    err = nvme_resv_report(nvme_qpair_at(b.ns->ctrlr, 0), b.ns, extended, report, len, &res);
    err = err ? blocks_explain(&b, "Reservation Report", err, &res)
              : show_report(sh, argv[0], report, len, extended);
    heap_free(report);
    return err;
}

const struct shell_cmd nvme_cmd_resv_register = {
    .name = "resv-register",
    .usage = "nvme resv-register DISK -k NRKEY [-c CRKEY] [-r ACTION] [-p CPTPL] [-i] "
             "[--hostid=0xHEX] [--serial=S]",
    .summary = "register, unregister or replace a reservation key of this host",
    .details = "Setting the host identifier needs the whole controller armed.\n",
    .example = "nvme resv-register nvme0n1 --nrkey=0x1234 --serial=SERIAL",
    .complete = COMPLETE_DISK,
    .options = register_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = register_run,
};

const struct shell_cmd nvme_cmd_resv_acquire = {
    .name = "resv-acquire",
    .usage = "nvme resv-acquire DISK -c CRKEY -t TYPE [-a ACTION] [-p PRKEY] [-i] [--serial=S]",
    .summary = "reserve a namespace for this host, or take it from another",
    .details = "Types: 1 write exclusive, 2 exclusive access; 3 and 4 the same for all who are\n"
               "registered; 5 and 6 likewise, and all of them are holders.\n",
    .example = "nvme resv-acquire nvme0n1 --crkey=0x1234 --rtype=1 --serial=SERIAL",
    .complete = COMPLETE_DISK,
    .options = acquire_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = acquire_run,
};

const struct shell_cmd nvme_cmd_resv_release = {
    .name = "resv-release",
    .usage = "nvme resv-release DISK -c CRKEY -t TYPE [-a ACTION] [-i] [--serial=S]",
    .summary = "end a reservation, or clear all of them with their registrants",
    .example = "nvme resv-release nvme0n1 --crkey=0x1234 --rtype=1 --serial=SERIAL",
    .complete = COMPLETE_DISK,
    .options = release_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = release_run,
};

const struct shell_cmd nvme_cmd_resv_report = {
    .name = "resv-report",
    .usage = "nvme resv-report DISK [-e] [-d NUMD] [-o json]",
    .summary = "who is registered with a namespace, and who holds it",
    .example = "nvme resv-report nvme0n1",
    .complete = COMPLETE_DISK,
    .options = report_options,
    .min_args = 1,
    .max_args = 1,
    .run = report_run,
};
