/*
 * apps/nvme/cmd_directive.c - `nvme dir-receive` and `dir-send`: Directives (NVMe 1.4 §9).
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/logs.h"
#include "apps/nvme/show.h"
#include "drivers/nvme/nvme_directive.h"
#include "lib/errno.h"
#include "lib/heap.h"

#define DATA_MAX (128 * 1024 + 4) /* the status of 65535 streams */

enum { OPT_NSID, OPT_LEN, OPT_TYPE, OPT_SPEC, OPT_OPER, OPT_REQUEST, OPT_HUMAN, OPT_OUTPUT };
static const struct shell_option receive_options[] = {
    [OPT_NSID] = SHELL_OPTION_NSID,
    [OPT_LEN] = {"data-len", 'l', SHELL_NUMBER, DATA_MAX, "bytes to read, if not the usual"},
    [OPT_TYPE] = {"dir-type", 'D', SHELL_NUMBER, 0xff, "0 identify, 1 streams"},
    [OPT_SPEC] = {"dir-spec", 'S', SHELL_NUMBER, UINT16_MAX, "of the type: a stream"},
    [OPT_OPER] = {"dir-oper", 'O', SHELL_NUMBER, 0xff, "1 parameters, 2 status, 3 allocate"},
    [OPT_REQUEST] = {"req-resource", 'r', SHELL_NUMBER, UINT16_MAX, "streams to allocate"},
    [OPT_HUMAN] = SHELL_OPTION_HUMAN,
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

enum { SEND_NSID, SEND_TYPE, SEND_TARGET, SEND_SPEC, SEND_OPER, SEND_ENABLE, SEND_SERIAL };
static const struct shell_option send_options[] = {
    [SEND_NSID] = SHELL_OPTION_NSID,
    [SEND_TYPE] = {"dir-type", 'D', SHELL_NUMBER, 0xff, "0 identify, 1 streams"},
    [SEND_TARGET] = {"target-dir", 'T', SHELL_NUMBER, 0xff, "the type that is switched on or off"},
    [SEND_SPEC] = {"dir-spec", 'S', SHELL_NUMBER, UINT16_MAX, "of the type: a stream"},
    [SEND_OPER] = {"dir-oper", 'O', SHELL_NUMBER, 0xff,
                   "identify: 1 switch; streams: 1 release one, 2 release all"},
    [SEND_ENABLE] = {"endir", 'e', SHELL_NUMBER, 1, "1 on, 0 off"},
    [SEND_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

/* The namespace that is meant: directives belong to one. */
static int find_namespace(struct shell *sh, const char *command, char **argv,
                          const struct shell_value *nsid, struct nvme_target *t)
{
    int err = nvme_find_target(sh, command, argv[1], nsid, t);

    err = err ? err : nvme_require(sh, command, t->ctrlr, NVME_CAN_DIRECTIVES);
    if (!err && !t->ns) {
        err = shell_fail(sh, command, -EINVAL, "name a namespace: nvme0n1, or --namespace-id=1");
    }
    return err;
}

static size_t usual_len(const struct nvme_directive *d)
{
    if (d->type == NVME_DIRECTIVE_IDENTIFY) {
        return sizeof(struct nvme_directive_parameters);
    }
    if (d->type != NVME_DIRECTIVE_STREAMS) {
        return 4;
    }
    return d->operation == NVME_DIRECTIVE_STREAMS_RECEIVE_PARAMETERS
               ? sizeof(struct nvme_stream_parameters)
           : d->operation == NVME_DIRECTIVE_STREAMS_RECEIVE_ALLOCATE ? 0
                                                                     : 4096;
}

static void show_answer(struct show *s, const struct nvme_directive *d, const void *data,
                        size_t len, uint32_t dw0)
{
    const struct nvme_directive_parameters *identify = data;
    const struct nvme_stream_parameters *streams = data;

    if (d->type == NVME_DIRECTIVE_IDENTIFY && len == sizeof(*identify)) {
        show_hex(s, "directives supported", "supported", identify->supported[0]);
        show_hex(s, "directives enabled", "enabled", identify->enabled[0]);
    } else if (d->type == NVME_DIRECTIVE_STREAMS && len == 0) {
        show_u64(s, "streams allocated", "nsa", dw0 & 0xffff);
    } else if (d->type == NVME_DIRECTIVE_STREAMS && len == sizeof(*streams)) {
        show_u64(s, "max streams limit", "msl", streams->msl);
        show_u64(s, "streams available", "nssa", streams->nssa);
        show_u64(s, "streams open", "nsso", streams->nsso);
        show_u64(s, "stream write size", "sws", streams->sws);
        show_u64(s, "stream granularity", "sgs", streams->sgs);
        show_u64(s, "streams allocated", "nsa", streams->nsa);
        show_u64(s, "open in namespace", "nso", streams->nso);
    } else {
        nvme_log_show_bytes(s, data, len, 0);
    }
}

static int receive_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values;
    struct nvme_result res = {0};
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = find_namespace(sh, argv[0], argv, &v[OPT_NSID], &t);
    err = err ? err : show_begin(&s, sh, argv[0], v[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    const struct nvme_directive d = {
        .nsid = t.nsid,
        .type = (uint8_t)v[OPT_TYPE].number,
        .operation = v[OPT_OPER].given ? (uint8_t)v[OPT_OPER].number : 1,
        .specific = (uint16_t)v[OPT_SPEC].number,
        .cdw12 = (uint32_t)v[OPT_REQUEST].number,
    };
    size_t len = v[OPT_LEN].given ? ALIGN_UP((size_t)v[OPT_LEN].number, (size_t)4) : usual_len(&d);
    void *data = heap_alloc(1, MAX(len, (size_t)4));
    if (!data) {
        return -ENOMEM;
    }
    err = nvme_directive_receive(t.ctrlr, &d, data, len, &res);
    if (err) {
        err = nvme_explain(sh, argv[0], t.ctrlr, "Directive Receive", err, &res);
    } else {
        show_title(&s, "dir-receive: type:%u operation:%u spec:%u nsid:%u", d.type, d.operation,
                   d.specific, (unsigned)d.nsid);
        show_answer(&s, &d, data, len, res.dw0);
        show_end(&s);
    }
    heap_free(data);
    return err;
}

static int send_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values;
    struct nvme_result res = {0};
    struct nvme_target t;

    (void)argc;
    int err = find_namespace(sh, argv[0], argv, &v[SEND_NSID], &t);
    if (err) {
        return err;
    }
    const struct nvme_directive d = {
        .nsid = t.nsid,
        .type = (uint8_t)v[SEND_TYPE].number,
        .operation = v[SEND_OPER].given ? (uint8_t)v[SEND_OPER].number : 1,
        .specific = (uint16_t)v[SEND_SPEC].number,
        .cdw12 = (uint32_t)(v[SEND_TARGET].number << 8 | v[SEND_ENABLE].number),
    };
    const struct nvme_danger danger = {
        .ctrlr = t.ctrlr,
        .ns = t.ns,
        .act = "Directive Send",
        .effect = "streams of the namespace change, its data does not",
        .serial = &v[SEND_SERIAL],
    };
    err = nvme_danger_announce(sh, argv[0], &danger);
    if (err) {
        return err;
    }
    err = nvme_directive_send(t.ctrlr, &d, NULL, 0, &res);
    if (err) {
        return nvme_explain(sh, argv[0], t.ctrlr, "Directive Send", err, &res);
    }
    out_printf(sh->out, "dir-send: type:%u operation:%u spec:%u nsid:%u result:%#x\n", d.type,
               d.operation, d.specific, (unsigned)d.nsid, (unsigned)res.dw0);
    return 0;
}

const struct shell_cmd nvme_cmd_dir_receive = {
    .name = "dir-receive",
    .usage = "nvme dir-receive DISK [-D TYPE] [-O OPERATION] [-S SPEC] [-r STREAMS] [-l BYTES]",
    .summary = "what directives a namespace has, and its streams",
    .example = "nvme dir-receive nvme0n1 --dir-type=0 --dir-oper=1",
    .complete = COMPLETE_DISK,
    .options = receive_options,
    .min_args = 1,
    .max_args = 1,
    .run = receive_run,
};

const struct shell_cmd nvme_cmd_dir_send = {
    .name = "dir-send",
    .usage = "nvme dir-send DISK [-D TYPE] [-O OPERATION] [-T TARGET -e 0|1] [-S SPEC]",
    .summary = "switch a directive of a namespace, release its streams",
    .example = "nvme dir-send nvme0n1 --target-dir=1 --endir=1",
    .complete = COMPLETE_DISK,
    .options = send_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = send_run,
};
