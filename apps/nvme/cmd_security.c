/*
 * apps/nvme/cmd_security.c - `nvme security-send`, `security-recv`: payloads of security protocols.
 */
#include "apps/nvme/blocks.h"
#include "apps/nvme/logs.h"
#include "drivers/nvme/nvme_security.h"
#include "lib/errno.h"
#include "lib/heap.h"

#define BYTES_MAX (1024 * 1024)

enum { OPT_SECP, OPT_SPSP, OPT_NSSF, OPT_NSID, OPT_BYTES, OPT_OUTPUT, OPT_FILE = OPT_OUTPUT,
       OPT_PATTERN, OPT_SERIAL };
#define COMMON_OPTIONS                                                                             \
    [OPT_SECP] = {"secp", 'p', SHELL_NUMBER, 0xff, "security protocol; 0 lists those there are"},  \
    [OPT_SPSP] = {"spsp", 's', SHELL_NUMBER, UINT16_MAX, "protocol specific"},                     \
    [OPT_NSSF] = {"nssf", 'N', SHELL_NUMBER, 0xff, "NVMe security specific field"},                \
    [OPT_NSID] = SHELL_OPTION_NSID

static const struct shell_option send_options[] = {
    COMMON_OPTIONS,
    [OPT_BYTES] = {"tl", 't', SHELL_NUMBER, BYTES_MAX, "bytes to send"},
    [OPT_FILE] = {"file", 'f', SHELL_TEXT, 0, "the payload: a file on a FAT32 volume"},
    [OPT_PATTERN] = {"pattern", 0, SHELL_TEXT, 0, "the payload instead: 0xHEX, repeated"},
    [OPT_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};
static const struct shell_option recv_options[] = {
    COMMON_OPTIONS,
    [OPT_BYTES] = {"al", 't', SHELL_NUMBER, BYTES_MAX, "bytes to receive, default 512"},
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static int take(struct shell *sh, char **argv, struct nvme_target *t, struct nvme_security *s)
{
    const struct shell_value *v = sh->values;
    int err = nvme_find_target(sh, argv[0], argv[1], &v[OPT_NSID], t);

    err = err ? err : nvme_require(sh, argv[0], t->ctrlr, NVME_CAN_SECURITY);
    if (err) {
        return err;
    }
    *s = (struct nvme_security){
        .secp = (uint8_t)v[OPT_SECP].number,
        .spsp = (uint16_t)v[OPT_SPSP].number,
        .nssf = (uint8_t)v[OPT_NSSF].number,
        .nsid = t->ns || v[OPT_NSID].given ? t->nsid : 0,
        .len = (size_t)v[OPT_BYTES].number,
    };
    return 0;
}

static int send_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values;
    struct nvme_security security;
    struct blocks_data data = {0};
    struct nvme_result res;
    struct blocks b = {.sh = sh, .command = argv[0]};

    (void)argc;
    int err = take(sh, argv, &b.target, &security);
    if (!err && security.len == 0) {
        err = shell_fail(sh, argv[0], -EINVAL, "--tl says how many bytes to send");
    }
    err = err ? err : blocks_data_open(&data, &b, &v[OPT_FILE], &v[OPT_PATTERN], security.len);
    if (err) {
        return err;
    }
    const struct nvme_danger danger = {
        .ctrlr = b.target.ctrlr,
        .act = "Security Send",
        .effect = "a security protocol may lock, unlock or erase the drive",
        .serial = &v[OPT_SERIAL],
    };
    security.data = heap_alloc(1, security.len);
    err = security.data ? blocks_data_read(&data, 0, security.data, security.len) : -ENOMEM;
    err = err ? err : nvme_danger_announce(sh, argv[0], &danger);
    if (!err) {
        err = nvme_security_send(b.target.ctrlr, &security, &res);
        if (err) {
            err = nvme_explain(sh, argv[0], b.target.ctrlr, "Security Send", err, &res);
        } else {
            out_printf(sh->out, "NVME Security Send Command Success, %llu bytes\n",
                       (unsigned long long)security.len);
        }
    }
    blocks_data_close(&data);
    heap_free(security.data);
    return err;
}

static int recv_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_security security;
    struct nvme_result res;
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = take(sh, argv, &t, &security);
    err = err ? err : show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    security.len = sh->values[OPT_BYTES].given ? security.len : 512;
    security.data = heap_alloc(1, MAX(security.len, (size_t)1));
    if (!security.data) {
        return -ENOMEM;
    }
    err = nvme_security_receive(t.ctrlr, &security, &res);
    if (err) {
        err = nvme_explain(sh, argv[0], t.ctrlr, "Security Receive", err, &res);
    } else {
        show_title(&s, "NVME Security Receive Command Success");
        show_json_u64(&s, "secp", security.secp);
        show_json_u64(&s, "spsp", security.spsp);
        nvme_log_show_bytes(&s, security.data, security.len, 0);
        show_end(&s);
    }
    heap_free(security.data);
    return err;
}

const struct shell_cmd nvme_cmd_security_send = {
    .name = "security-send",
    .usage = "nvme security-send CTRL -p SECP -s SPSP -t BYTES --file=FILE|--pattern=0xHEX "
             "[-N NSSF] [-n NSID] [--serial=S]",
    .summary = "send the payload of a security protocol",
    .example = "nvme security-send nvme0 -p 0xea -s 1 -t 512 --pattern=0x00 --serial=SERIAL",
    .complete = COMPLETE_CTRLR,
    .options = send_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = send_run,
};

const struct shell_cmd nvme_cmd_security_recv = {
    .name = "security-recv",
    .usage = "nvme security-recv CTRL [-p SECP] [-s SPSP] [-t BYTES] [-N NSSF] [-n NSID] [-o json]",
    .summary = "receive the answer of a security protocol",
    .example = "nvme security-recv nvme0 --secp=0 --al=512",
    .complete = COMPLETE_CTRLR,
    .options = recv_options,
    .min_args = 1,
    .max_args = 1,
    .run = recv_run,
};
