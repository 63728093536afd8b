/*
 * apps/nvme/cmd_get_log.c - `nvme get-log`, `nvme telemetry-log`: log pages as bytes (NVMe 1.4
 * §5.14).
 */
#include "apps/nvme/logs.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/printable.h"

#define BYTES_MAX (1024 * 1024) /* what is shown at a time: 1.5 minutes of a fast serial line */
#define NAME_WIDTH 44

/* --- get-log ---------------------------------------------------------------------------------- */

enum { OPT_ID, OPT_LEN, OPT_OFFSET, OPT_LSP, OPT_LSI, OPT_RAE, OPT_NSID, OPT_OUTPUT };
static const struct shell_option get_options[] = {
    [OPT_ID] = {"log-id", 'i', SHELL_NUMBER, 0xff, "number of the log page"},
    [OPT_LEN] = {"log-len", 'l', SHELL_NUMBER, BYTES_MAX, "bytes to read"},
    [OPT_OFFSET] = {"lpo", 'L', SHELL_NUMBER, 0, "bytes from the start, a multiple of 4"},
    [OPT_LSP] = {"lsp", 's', SHELL_NUMBER, 15, "log specific field"},
    [OPT_LSI] = {"lsi", 'S', SHELL_NUMBER, UINT16_MAX, "log specific identifier"},
    [OPT_RAE] = {"rae", 'r', SHELL_FLAG, 0, "retain the asynchronous event"},
    [OPT_NSID] = SHELL_OPTION_NSID,
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static int check_get(struct shell *sh, const char *command)
{
    if (!sh->values[OPT_ID].given || sh->values[OPT_LEN].number == 0) {
        return shell_fail(sh, command, -EINVAL,
                          "say which page and how many bytes: --log-id=2 --log-len=512");
    }
    if (sh->values[OPT_OFFSET].number % 4) {
        return shell_fail(sh, command, -EINVAL, "--lpo is a multiple of 4");
    }
    return 0;
}

static int get_log_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values;
    size_t len = (size_t)v[OPT_LEN].number;
    struct nvme_target t;
    struct show s;
    void *page;

    (void)argc;
    int err = check_get(sh, argv[0]);
    err = err ? err : nvme_find_target(sh, argv[0], argv[1], &v[OPT_NSID], &t);
    err = err ? err : show_begin(&s, sh, argv[0], v[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    const struct nvme_log_request req = {
        .lid = (uint8_t)v[OPT_ID].number,
        .offset = v[OPT_OFFSET].number,
        .lsp = (uint8_t)v[OPT_LSP].number,
        .lsi = (uint16_t)v[OPT_LSI].number,
        .keep_event = v[OPT_RAE].given,
        .nsid = v[OPT_NSID].given ? t.nsid : NVME_NSID_ALL,
    };
    err = nvme_log_get(sh, argv[0], t.ctrlr, &req, ALIGN_UP(len, (size_t)4), &page);
    if (err) {
        return err;
    }
    show_title(&s, "Device:%s log-id:%u namespace-id:%#x (%s)", nvme_name(t.ctrlr), req.lid,
               (unsigned)req.nsid, nvme_log_name(req.lid));
    show_json_u64(&s, "log-id", req.lid);
    show_json_u64(&s, "offset", req.offset);
    nvme_log_show_bytes(&s, page, len, req.offset);
    show_end(&s);
    heap_free(page);
    return 0;
}

const struct shell_cmd nvme_cmd_get_log = {
    .name = "get-log",
    .usage = "nvme get-log CTRL -i LID -l BYTES [-L OFFSET] [-s LSP] [-S LSI] [-r] [-n NSID] "
             "[-o json]",
    .summary = "the bytes of any log page",
    .details = "Pages of NVMe 1.4 that the drive does not offer are not asked for; other numbers\n"
               "are left to the drive, which notes in its error log what it does not know.\n"
               "Reading some pages empties them.\n",
    .example = "nvme get-log nvme0 --log-id=2 --log-len=512",
    .complete = COMPLETE_CTRLR,
    .options = get_options,
    .min_args = 1,
    .max_args = 1,
    .run = get_log_run,
};

/* --- telemetry -------------------------------------------------------------------------------- */

enum { TEL_CAPTURE, TEL_CONTROLLER, TEL_OFFSET, TEL_LEN, TEL_OUTPUT };
static const struct shell_option telemetry_options[] = {
    [TEL_CAPTURE] = {"host-generate", 'g', SHELL_FLAG, 0, "capture the data anew"},
    [TEL_CONTROLLER] = {"controller-init", 'c', SHELL_FLAG, 0,
                        "what the controller captured of its own accord"},
    [TEL_OFFSET] = {"offset", 0, SHELL_NUMBER, 0, "first byte of the data to show"},
    [TEL_LEN] = {"length", 'l', SHELL_NUMBER, BYTES_MAX, "bytes of the data to show, default 0"},
    [TEL_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static void show_telemetry(struct show *s, const struct nvme_telemetry_header *h)
{
    char name[48], key[32], reason[129];

    s->name_width = NAME_WIDTH;
    show_hex(s, "Log Identifier", "lid", h->lid);
    show_number_as(s, "IEEE OUI", "ieee", h->ieee[0] | h->ieee[1] << 8 | h->ieee[2] << 16,
                   "%02x%02x%02x", h->ieee[2], h->ieee[1], h->ieee[0]);
    for (unsigned i = 0; i < ARRAY_SIZE(h->last_block); i++) {
        unsigned blocks = h->last_block[i];

        str_format(name, sizeof(name), "Data Area %u Last Block", i + 1);
        str_format(key, sizeof(key), "data_area_%u_last_block", i + 1);
        show_number_as(s, name, key, blocks, "%u (%u bytes)", blocks,
                       blocks * NVME_TELEMETRY_BLOCK_BYTES);
    }
    show_u64(s, "Controller-Initiated Data Available", "controller_data_available",
             h->controller_available);
    show_u64(s, "Controller-Initiated Data Generation Number", "controller_data_generation",
             h->controller_generation);
    str_copy_field(reason, sizeof(reason), h->reason, sizeof(h->reason));
    show_text(s, "Reason Identifier", "reason", reason);
}

/* The bytes of the data area that were asked for; they must lie inside it. */
static int read_telemetry(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                          const struct nvme_telemetry_header *h, uint8_t lid, void **page)
{
    uint64_t offset = sh->values[TEL_OFFSET].number, len = sh->values[TEL_LEN].number;
    uint64_t size = (uint64_t)h->last_block[2] * NVME_TELEMETRY_BLOCK_BYTES;
    const struct nvme_log_request req = {
        .lid = lid,
        .nsid = NVME_NSID_ALL,
        .offset = sizeof(*h) + offset,
        .keep_event = true,
    };

    if (offset % 4 || offset > size || len > size - offset) {
        return shell_fail(sh, command, -EINVAL,
                          "there are %llu bytes of data; --offset is a multiple of 4",
                          (unsigned long long)size);
    }
    return nvme_log_get(sh, command, ctrlr, &req, ALIGN_UP((size_t)len, (size_t)4), page);
}

static int telemetry_log_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *v = sh->values;
    uint8_t lid = v[TEL_CONTROLLER].given ? NVME_LOG_TELEMETRY_CONTROLLER : NVME_LOG_TELEMETRY_HOST;
    struct nvme_telemetry_header head;
    struct nvme_result res;
    struct nvme_target t;
    struct show s;
    void *page = NULL;

    (void)argc;
    if (v[TEL_CONTROLLER].given && v[TEL_CAPTURE].given) {
        return shell_fail(sh, argv[0], -EINVAL,
                          "--host-generate and --controller-init exclude each other");
    }
    int err = nvme_find_target(sh, argv[0], argv[1], NULL, &t);
    err = err ? err : show_begin(&s, sh, argv[0], v[TEL_OUTPUT].text);
    if (err) {
        return err;
    }
    err = nvme_log_telemetry(t.ctrlr, lid, v[TEL_CAPTURE].given, &head, &res);
    if (err) {
        return nvme_log_fail(sh, argv[0], t.ctrlr, lid, NVME_NSID_ALL, err, &res);
    }
    if (v[TEL_LEN].number) {
        err = read_telemetry(sh, argv[0], t.ctrlr, &head, lid, &page);
        if (err) {
            return err;
        }
    }
    show_title(&s, "Telemetry %s Log for NVME device:%s",
               v[TEL_CONTROLLER].given ? "Controller-Initiated" : "Host-Initiated",
               nvme_name(t.ctrlr));
    show_telemetry(&s, &head);
    if (page) {
        nvme_log_show_bytes(&s, page, (size_t)v[TEL_LEN].number, v[TEL_OFFSET].number);
    }
    show_end(&s);
    heap_free(page);
    return 0;
}

const struct shell_cmd nvme_cmd_telemetry_log = {
    .name = "telemetry-log",
    .usage = "nvme telemetry-log CTRL [-g | -c] [--offset=BYTES] [--length=BYTES] [-o json]",
    .summary = "what the drive records for its vendor",
    .details = "Without -g the data captured last. Its content is the vendor's; --length\n"
               "shows bytes of it. Each data area begins at byte 0 and ends with its last block.\n",
    .example = "nvme telemetry-log nvme0 --host-generate --length=512",
    .complete = COMPLETE_CTRLR,
    .options = telemetry_options,
    .min_args = 1,
    .max_args = 1,
    .run = telemetry_log_run,
};
