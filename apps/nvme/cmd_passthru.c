/*
 * apps/nvme/cmd_passthru.c - `nvme admin-passthru`, `io-passthru`: any command by its dwords. What
 * it can destroy is judged by the driver's gate, by the drive's effects log where the specification
 * says nothing; what nobody knows counts as destructive.
 */
#include "apps/nvme/blocks.h"
#include "apps/nvme/logs.h"
#include "apps/nvme/manage.h"
#include "drivers/nvme/nvme_command.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

enum {
    OPT_OPCODE, OPT_FLAGS, OPT_NSID, OPT_CDW2, OPT_CDW3, OPT_CDW10, OPT_CDW11, OPT_CDW12, OPT_CDW13,
    OPT_CDW14, OPT_CDW15, OPT_DATA_LEN, OPT_READ, OPT_WRITE, OPT_FILE, OPT_PREFILL, OPT_SHOW,
    OPT_DRY, OPT_OUTPUT, OPT_TIMEOUT, OPT_SERIAL, OPT_METADATA_LEN
};
#define DWORD(name) {name, 0, SHELL_NUMBER, UINT32_MAX, "dword"}
#define COMMON_OPTIONS                                                                             \
    [OPT_OPCODE] = {"opcode", 'O', SHELL_NUMBER, 0xff, "opcode"},                                  \
    [OPT_FLAGS] = {"flags", 'f', SHELL_NUMBER, 0xff, "only 0: the rest is the driver's"},          \
    [OPT_NSID] = SHELL_OPTION_NSID, [OPT_CDW2] = DWORD("cdw2"), [OPT_CDW3] = DWORD("cdw3"),        \
    [OPT_CDW10] = DWORD("cdw10"), [OPT_CDW11] = DWORD("cdw11"), [OPT_CDW12] = DWORD("cdw12"),      \
    [OPT_CDW13] = DWORD("cdw13"), [OPT_CDW14] = DWORD("cdw14"), [OPT_CDW15] = DWORD("cdw15"),      \
    [OPT_DATA_LEN] = {"data-len", 'l', SHELL_NUMBER, 1 << 20, "bytes of data"},                    \
    [OPT_READ] = {"read", 'r', SHELL_FLAG, 0, "data comes from the drive"},                        \
    [OPT_WRITE] = {"write", 'w', SHELL_FLAG, 0, "data goes to the drive"},                         \
    [OPT_FILE] = {"input-file", 'i', SHELL_TEXT, 0, "data to send: a file on a FAT32 volume"},     \
    [OPT_PREFILL] = {"prefill", 'p', SHELL_NUMBER, 0xff, "data to send instead: this byte"},       \
    [OPT_SHOW] = {"show-command", 's', SHELL_FLAG, 0, "show the command before it is sent"},       \
    [OPT_DRY] = {"dry-run", 'd', SHELL_FLAG, 0, "show it and do not send it"},                     \
    [OPT_TIMEOUT] = {"timeout", 't', SHELL_NUMBER, 3600000, "milliseconds until a reset"},         \
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT, [OPT_SERIAL] = SHELL_OPTION_SERIAL

static const struct shell_option admin_options[] = {COMMON_OPTIONS, {0}};
static const struct shell_option io_options[] = {
    COMMON_OPTIONS,
    [OPT_METADATA_LEN] = {"metadata-len", 'm', SHELL_NUMBER, 1 << 20,
                          "bytes of metadata in a buffer of its own"},
    {0},
};

struct passthru {
    struct blocks b; /* target; ns may be NULL */
    bool admin;
    struct nvme_command command;
    enum nvme_harm harm;
};

/* --- taking it apart -------------------------------------------------------------------------- */

static struct nvme_sqe take_sqe(const struct shell_value *v, uint32_t nsid)
{
    return (struct nvme_sqe){
        .opcode = (uint8_t)v[OPT_OPCODE].number,
        .nsid = nsid,
        .cdw2 = (uint32_t)v[OPT_CDW2].number,
        .cdw3 = (uint32_t)v[OPT_CDW3].number,
        .cdw10 = (uint32_t)v[OPT_CDW10].number,
        .cdw11 = (uint32_t)v[OPT_CDW11].number,
        .cdw12 = (uint32_t)v[OPT_CDW12].number,
        .cdw13 = (uint32_t)v[OPT_CDW13].number,
        .cdw14 = (uint32_t)v[OPT_CDW14].number,
        .cdw15 = (uint32_t)v[OPT_CDW15].number,
    };
}

static int check_options(struct shell *sh, const char *name, bool admin)
{
    const struct shell_value *v = sh->values;
    bool has_data = v[OPT_DATA_LEN].number || (!admin && v[OPT_METADATA_LEN].number);

    if (!v[OPT_OPCODE].given) {
        return shell_fail(sh, name, -EINVAL, "--opcode says which command");
    }
    if (v[OPT_FLAGS].number) {
        return shell_fail(sh, name, -EINVAL, "--flags is 0: fused pairs are made by `nvme compare "
                          "--then-write`, and the data pointer is the driver's");
    }
    if (v[OPT_READ].given && v[OPT_WRITE].given) {
        return shell_fail(sh, name, -EINVAL, "data goes one way: --read or --write");
    }
    if (has_data != (v[OPT_READ].given || v[OPT_WRITE].given)) {
        return shell_fail(sh, name, -EINVAL,
                          "data has a length and a direction: --data-len=BYTES with --read or "
                          "--write");
    }
    if ((v[OPT_FILE].given || v[OPT_PREFILL].given) && !v[OPT_WRITE].given) {
        return shell_fail(sh, name, -EINVAL, "--input-file and --prefill are for --write");
    }
    return 0;
}

static int take_data(struct passthru *p)
{
    struct shell *sh = p->b.sh;
    const struct shell_value *v = sh->values, none = {0};
    struct nvme_command *c = &p->command;
    struct blocks_data data;

    c->dir = v[OPT_READ].given ? NVME_TO_HOST : v[OPT_WRITE].given ? NVME_TO_DEVICE : NVME_NO_DATA;
    c->len = (size_t)v[OPT_DATA_LEN].number;
    c->metadata_len = p->admin ? 0 : (size_t)v[OPT_METADATA_LEN].number;
    if (!p->admin && MAX(c->len, c->metadata_len) > nvme_command_max_bytes(p->b.target.ctrlr)) {
        return shell_fail(sh, p->b.command, -EINVAL, "%s takes %llu bytes in a command at most",
                          nvme_name(p->b.target.ctrlr),
                          (unsigned long long)nvme_command_max_bytes(p->b.target.ctrlr));
    }
    c->data = c->len ? heap_alloc(1, c->len) : NULL;
    c->metadata = c->metadata_len ? heap_alloc(1, c->metadata_len) : NULL;
    if ((c->len && !c->data) || (c->metadata_len && !c->metadata)) {
        return -ENOMEM;
    }
    if (c->len) {
        memset(c->data, (int)v[OPT_PREFILL].number, c->len);
    }
    if (!v[OPT_FILE].given) {
        return 0;
    }
    int err = blocks_data_open(&data, &p->b, &v[OPT_FILE], &none, c->len);
    if (!err) {
        err = blocks_data_read(&data, 0, c->data, c->len);
        blocks_data_close(&data);
    }
    return err;
}

static void show_command(struct out *out, const struct nvme_command *c)
{
    static const char names[][6] = {"cdw10", "cdw11", "cdw12", "cdw13", "cdw14", "cdw15"};
    const struct nvme_sqe *q = &c->cmd;
    const uint32_t *dwords = &q->cdw10;

    out_printf(out, "opcode       : %02x\nflags        : %02x\nnsid         : %08x\n"
               "cdw2         : %08x\ncdw3         : %08x\ndata_len     : %08x\n"
               "metadata_len : %08x\n", q->opcode, q->flags, (unsigned)q->nsid, (unsigned)q->cdw2,
               (unsigned)q->cdw3, (unsigned)c->len, (unsigned)c->metadata_len);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        out_printf(out, "%s        : %08x\n", names[i], (unsigned)dwords[i]);
    }
}

/* --- allowing it ------------------------------------------------------------------------------ */

/* Commands that change a range which the command itself names. */
static bool names_range(const struct passthru *p)
{
    uint8_t opcode = p->command.cmd.opcode;

    return !p->admin && p->b.ns && (opcode == NVME_IO_WRITE || opcode == NVME_IO_WRITE_ZEROES ||
                                    opcode == NVME_IO_WRITE_UNCORRECTABLE);
}

static int announce_range(struct passthru *p, const char *act)
{
    const struct nvme_sqe *q = &p->command.cmd;
    const struct nvme_nvm_span span = {
        .lba = q->cdw10 | (uint64_t)q->cdw11 << 32,
        .count = FIELD_GET(NVME_RW_CDW12_NLB, q->cdw12) + 1,
    };
    char to[80];
    int err = blocks_check(&p->b, span.lba, span.count);

    str_format(to, sizeof(to), "%s to", act);
    return err ? err : blocks_announce(&p->b, &span, 1, to, "what is there is lost",
                                       &p->b.sh->values[OPT_SERIAL]);
}

static int allow(struct passthru *p)
{
    struct shell *sh = p->b.sh;
    char act[64];

    p->harm = nvme_command_harm(p->b.target.ctrlr, p->admin, &p->command.cmd);
    nvme_opcode_format(p->admin, p->command.cmd.opcode, act, sizeof(act));
    if (p->harm == NVME_HARMS_DRIVER) {
        return shell_fail(sh, p->b.command, -EPERM,
                          "%s is refused: queues, events, lent memory are the driver's own", act);
    }
    if (p->harm == NVME_HARMLESS) {
        return 0;
    }
    if (names_range(p)) {
        return announce_range(p, act);
    }
    const struct nvme_danger danger = {
        .ctrlr = p->b.target.ctrlr,
        .ns = p->harm == NVME_HARMS_NAMESPACE ? p->b.ns : NULL,
        .act = act,
        .effect = "what it does is for whoever wrote it to know; data may be lost",
        .serial = &sh->values[OPT_SERIAL],
    };
    return nvme_danger_announce(sh, p->b.command, &danger);
}

/* --- sending it ------------------------------------------------------------------------------- */

static int send(struct passthru *p)
{
    struct nvme_command *c = &p->command;
    struct nvme_ctrlr *ctrlr = p->b.target.ctrlr;

    const struct nvme_patience patience = {
        .timeout_ns = p->b.sh->values[OPT_TIMEOUT].number * NS_PER_MS,
    };

    if (p->admin) {
        return nvme_admin_patient(ctrlr, &c->cmd, c->dir, c->data, c->len, &patience, &c->res);
    }
    return nvme_io_command(nvme_qpair_at(ctrlr, 0), c, patience.timeout_ns);
}

static int show_result(const struct passthru *p)
{
    const struct nvme_command *c = &p->command;
    struct show s;

    int err = show_begin(&s, p->b.sh, p->b.command, p->b.sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    show_title(&s, "%s Command %02x is Success and result: 0x%08x", p->admin ? "Admin" : "IO",
               c->cmd.opcode, (unsigned)c->res.dw0);
    show_json_u64(&s, "opcode", c->cmd.opcode);
    show_json_u64(&s, "result", c->res.dw0);
    if (c->dir == NVME_TO_HOST && c->len) {
        nvme_log_show_bytes(&s, c->data, c->len, 0);
    }
    if (c->dir == NVME_TO_HOST && c->metadata_len) {
        show_open_object(&s, "metadata", "metadata:");
        nvme_log_show_bytes(&s, c->metadata, c->metadata_len, 0);
        show_close_object(&s);
    }
    show_end(&s);
    return 0;
}

/* What a command that changed something may have changed. */
static void follow(struct passthru *p)
{
    if (p->harm == NVME_HARMLESS) {
        return;
    }
    if (p->b.ns) {
        blocks_changed(&p->b);
    }
    if (p->admin) {
        manage_follow(p->b.sh, p->b.target.ctrlr);
    }
}

static int send_and_show(struct passthru *p)
{
    char what[64];
    int err = allow(p);

    err = err ? err : send(p);
    if (p->b.sh->explained) {
        return err;
    }
    nvme_opcode_format(p->admin, p->command.cmd.opcode, what, sizeof(what));
    follow(p);
    return err ? blocks_explain(&p->b, what, err, &p->command.res) : show_result(p);
}

static int passthru_run(struct shell *sh, char **argv, bool admin)
{
    const struct shell_value *v = sh->values;
    struct passthru p = {.b = {.sh = sh, .command = argv[0]}, .admin = admin};

    int err = check_options(sh, argv[0], admin);
    err = err ? err : nvme_find_target(sh, argv[0], argv[1], &v[OPT_NSID], &p.b.target);
    if (err) {
        return err;
    }
    p.b.ns = p.b.target.ns;
    bool names_ns = p.b.ns || v[OPT_NSID].given;
    p.command.cmd = take_sqe(v, names_ns ? p.b.target.nsid : 0);
    err = take_data(&p);
    if (!err && (v[OPT_SHOW].given || v[OPT_DRY].given)) {
        show_command(sh->out, &p.command);
    }
    if (!err && !v[OPT_DRY].given) {
        err = send_and_show(&p);
    }
    heap_free(p.command.data);
    heap_free(p.command.metadata);
    return err;
}

static int admin_run(struct shell *sh, int argc, char **argv)
{
    (void)argc;
    return passthru_run(sh, argv, true);
}

static int io_run(struct shell *sh, int argc, char **argv)
{
    (void)argc;
    return passthru_run(sh, argv, false);
}

#define DETAILS                                                                                    \
    "Dwords that are not given are 0. What can destroy something needs an armed drive; what\n"     \
    "neither the specification nor the drive's effects log knows counts as destructive.\n"         \
    "For admin commands --timeout can only be longer than usual.\n"

const struct shell_cmd nvme_cmd_admin_passthru = {
    .name = "admin-passthru",
    .usage = "nvme admin-passthru CTRL|DISK -O OPCODE [-n NSID] [--cdw10=D]... [-l BYTES -r|-w] "
             "[-s] [-d] [-o json] [--serial=S]",
    .summary = "any admin command by its dwords",
    .details = DETAILS,
    .example = "nvme admin-passthru nvme0 --opcode=6 --cdw10=1 --data-len=4096 --read",
    .complete = COMPLETE_CTRLR,
    .options = admin_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = admin_run,
};

const struct shell_cmd nvme_cmd_io_passthru = {
    .name = "io-passthru",
    .usage = "nvme io-passthru DISK -O OPCODE [--cdw10=D]... [-l BYTES -r|-w] [-m BYTES] [-t MS] "
             "[-s] [-d] [-o json] [--serial=S]",
    .summary = "any I/O command by its dwords",
    .details = DETAILS,
    .example = "nvme io-passthru nvme0n1 --opcode=2 --cdw10=0 --data-len=512 --read",
    .complete = COMPLETE_DISK,
    .options = io_options,
    .danger = SHELL_CHANGES_DATA,
    .min_args = 1,
    .max_args = 1,
    .run = io_run,
};
