/*
 * apps/nvme/cmd_identify.c - `nvme id-ctrl`, `id-ns`, `ns-descs`, `list-ns` and `list-ctrl`: what a
 * controller says of itself and its namespaces (NVMe 1.4 §5.15).
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/fields.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

enum { OPT_OUTPUT, OPT_HUMAN };
static const struct shell_option show_options[] = {
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    [OPT_HUMAN] = SHELL_OPTION_HUMAN,
    {0},
};

enum { NS_OUTPUT = OPT_OUTPUT, NS_HUMAN = OPT_HUMAN, NS_NSID, NS_FORCE };
static const struct shell_option ns_options[] = {
    [NS_OUTPUT] = SHELL_OPTION_OUTPUT,
    [NS_HUMAN] = SHELL_OPTION_HUMAN,
    [NS_NSID] = SHELL_OPTION_NSID,
    [NS_FORCE] = {"force", 0, SHELL_FLAG, 0, "also a namespace that is not attached"},
    {0},
};

enum { LIST_OUTPUT, LIST_ALL };
static const struct shell_option list_options[] = {
    [LIST_OUTPUT] = SHELL_OPTION_OUTPUT,
    [LIST_ALL] = {"all", 'a', SHELL_FLAG, 0, "those that are not attached, too"},
    {0},
};

enum { CTRL_OUTPUT, CTRL_NSID };
static const struct shell_option ctrl_list_options[] = {
    [CTRL_OUTPUT] = SHELL_OPTION_OUTPUT,
    [CTRL_NSID] = SHELL_OPTION_NSID,
    {0},
};

/* Asks the device anew: capacity and counters change. *buf is the caller's to free. */
static int identify(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, uint8_t cns,
                    uint32_t nsid, void **buf)
{
    struct nvme_result result = {.status = 0};

    *buf = heap_alloc(1, NVME_IDENTIFY_BYTES);
    if (!*buf) {
        return -ENOMEM;
    }
    int err = nvme_identify(ctrlr, cns, nsid, *buf, &result);
    if (err) {
        heap_free(*buf);
        *buf = NULL;
        (void)nvme_explain(sh, command, ctrlr, "Identify", err, &result);
    }
    return err;
}

static int id_ctrl_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    struct show s;
    void *buf;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (!err) {
        err = identify(sh, argv[0], ctrlr, NVME_CNS_CONTROLLER, 0, &buf);
    }
    if (err) {
        return err;
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (!err) {
        nvme_id_ctrl_show(&s, buf, sh->values[OPT_HUMAN].given);
        show_end(&s);
    }
    heap_free(buf);
    return err;
}

/* The one namespace that a command is about, by its disk or by --namespace-id. */
static int find_one_ns(struct shell *sh, char **argv, const struct shell_value *nsid,
                       struct nvme_target *t)
{
    int err = nvme_find_target(sh, argv[0], argv[1], nsid, t);

    if (!err && t->nsid == NVME_NSID_ALL) {
        return shell_fail(sh, argv[0], -EINVAL, "say which namespace: a disk such as %sn1, or "
                          "--namespace-id", nvme_name(t->ctrlr));
    }
    return err;
}

static int id_ns_run(struct shell *sh, int argc, char **argv)
{
    bool force = sh->values[NS_FORCE].given;
    struct nvme_target t;
    struct show s;
    void *buf;

    (void)argc;
    int err = find_one_ns(sh, argv, &sh->values[NS_NSID], &t);
    if (!err && force) {
        err = nvme_require(sh, argv[0], t.ctrlr, NVME_CAN_MANAGE_NAMESPACES);
    }
    if (!err) {
        err = identify(sh, argv[0], t.ctrlr,
                       force ? NVME_CNS_ALLOCATED_NAMESPACE : NVME_CNS_NAMESPACE, t.nsid, &buf);
    }
    if (err) {
        return err;
    }
    err = show_begin(&s, sh, argv[0], sh->values[NS_OUTPUT].text);
    if (!err) {
        show_title(&s, "NVME Identify Namespace %u:", (unsigned)t.nsid);
        nvme_id_ns_show(&s, buf, sh->values[NS_HUMAN].given);
        show_end(&s);
    }
    heap_free(buf);
    return err;
}

/* --- namespace identification descriptors ----------------------------------------------------- */

/* The identifier of one descriptor, whose length was checked to lie in the page. */
static void show_descriptor(struct show *s, unsigned index, const struct nvme_ns_id_desc *d,
                            const uint8_t *id)
{
    static const char *const names[] = {"", "eui64", "nguid", "uuid", "csi"};
    uint8_t width = MIN(d->nidl, (uint8_t)16);
    struct nvme_field field = {
        .name = d->nidt < ARRAY_SIZE(names) && d->nidt ? names[d->nidt] : "nid",
        .width = width,
        .format = d->nidt == NVME_NIDT_UUID ? NVME_FIELD_UUID : NVME_FIELD_RAW,
    };

    show_open_object(s, NULL, NULL);
    show_json_u64(s, "loc", index);
    show_u64(s, "nidt", NULL, d->nidt);
    show_u64(s, "nidl", NULL, d->nidl);
    nvme_fields_show(s, &field, 1, id, false);
    show_close_object(s);
}

static void show_descriptors(struct show *s, const uint8_t *page)
{
    struct nvme_ns_id_desc d;
    size_t at = 0;

    s->name_width = 8;
    show_open_array(s, "ns-descs", NULL);
    while (at + sizeof(d) <= NVME_IDENTIFY_BYTES) {
        memcpy(&d, page + at, sizeof(d));
        if (d.nidl == 0 || at + sizeof(d) + d.nidl > NVME_IDENTIFY_BYTES) {
            break;
        }
        show_descriptor(s, (unsigned)at, &d, page + at + sizeof(d));
        at += sizeof(d) + d.nidl;
    }
    show_close_array(s);
}

static int ns_descs_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target t;
    struct show s;
    void *buf;

    (void)argc;
    int err = find_one_ns(sh, argv, &sh->values[CTRL_NSID], &t);
    err = err ? err : show_begin(&s, sh, argv[0], sh->values[CTRL_OUTPUT].text);
    err = err ? err : identify(sh, argv[0], t.ctrlr, NVME_CNS_NAMESPACE_DESCRIPTORS, t.nsid, &buf);
    if (err) {
        return err;
    }
    show_title(&s, "NVME Namespace Identification Descriptors NS %u:", (unsigned)t.nsid);
    show_descriptors(&s, buf);
    show_end(&s);
    heap_free(buf);
    return 0;
}

/* --- lists ------------------------------------------------------------------------------------ */

/* One line of a list; JSON: an element of the array that is open. */
static void show_element(struct show *s, unsigned index, const char *key, uint32_t id)
{
    if (s->json) {
        show_open_object(s, NULL, NULL);
        show_json_u64(s, key, id);
        show_close_object(s);
    } else {
        out_printf(s->out, "[%4u]:%#x\n", index, (unsigned)id);
    }
}

/* Ids are asked for in pages, each above the last one, until a page is not full (§4.10). A drive
 * whose list does not ascend is not followed. */
static int show_ns_pages(struct shell *sh, const char *command, struct show *s,
                         struct nvme_ctrlr *ctrlr, uint8_t cns, unsigned *count)
{
    uint32_t after = 0;
    bool full = true;

    while (full) {
        void *buf;
        int err = identify(sh, command, ctrlr, cns, after, &buf);

        if (err) {
            return err;
        }
        const uint32_t *ids = buf;
        for (unsigned i = 0; i < NVME_NS_LIST_ENTRIES && full; i++) {
            full = ids[i] > after;
            if (full) {
                after = ids[i];
                show_element(s, (*count)++, "nsid", after);
            }
        }
        heap_free(buf);
    }
    return 0;
}

static int list_ns_run(struct shell *sh, int argc, char **argv)
{
    bool all = sh->values[LIST_ALL].given;
    struct nvme_ctrlr *ctrlr;
    unsigned count = 0;
    struct show s;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (!err && all) {
        err = nvme_require(sh, argv[0], ctrlr, NVME_CAN_MANAGE_NAMESPACES);
    }
    err = err ? err : show_begin(&s, sh, argv[0], sh->values[LIST_OUTPUT].text);
    if (err) {
        return err;
    }
    show_open_array(&s, "nsid_list", NULL);
    if (all) {
        err = show_ns_pages(sh, argv[0], &s, ctrlr, NVME_CNS_ALLOCATED_NAMESPACES, &count);
    } else {
        /* The driver's list: it also knows drives that cannot list their namespaces. */
        for (; count < nvme_ns_count(ctrlr); count++) {
            show_element(&s, count, "nsid", nvme_ns_at(ctrlr, count)->nsid);
        }
    }
    show_close_array(&s);
    if (!err && count == 0) {
        show_title(&s, "%s has no %s namespace.", nvme_name(ctrlr), all ? "allocated" : "active");
    }
    show_end(&s);
    return err;
}

static int list_ctrl_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target t;
    struct show s;
    void *buf;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], &sh->values[CTRL_NSID], &t);
    err = err ? err : nvme_require(sh, argv[0], t.ctrlr, NVME_CAN_MANAGE_NAMESPACES);
    err = err ? err : show_begin(&s, sh, argv[0], sh->values[CTRL_OUTPUT].text);
    if (err) {
        return err;
    }
    bool one = t.nsid != NVME_NSID_ALL;
    err = identify(sh, argv[0], t.ctrlr,
                   one ? NVME_CNS_NAMESPACE_CONTROLLERS : NVME_CNS_CONTROLLERS, one ? t.nsid : 0,
                   &buf);
    if (err) {
        return err;
    }
    const uint16_t *list = buf; /* the number of identifiers, and they (§4.11) */
    unsigned count = MIN((unsigned)list[0], (unsigned)NVME_IDENTIFY_BYTES / 2 - 1);
    show_json_u64(&s, "num_ctrl", count);
    show_open_array(&s, "ctrl_list", NULL);
    for (unsigned i = 0; i < count; i++) {
        show_element(&s, i, "ctrl_id", list[i + 1]);
    }
    show_close_array(&s);
    show_end(&s);
    heap_free(buf);
    return 0;
}

const struct shell_cmd nvme_cmd_id_ctrl = {
    .name = "id-ctrl",
    .usage = "nvme id-ctrl CTRL [-H] [-o json]",
    .summary = "every field of Identify Controller",
    .example = "nvme id-ctrl nvme0",
    .complete = COMPLETE_CTRLR,
    .options = show_options,
    .min_args = 1,
    .max_args = 1,
    .run = id_ctrl_run,
};

const struct shell_cmd nvme_cmd_id_ns = {
    .name = "id-ns",
    .usage = "nvme id-ns DISK [-H] [-o json] | nvme id-ns CTRL -n NSID [--force] [-H] [-o json]",
    .summary = "every field of Identify Namespace",
    .details = "--force asks for a namespace that exists and is not attached, too.\n",
    .example = "nvme id-ns nvme0n1",
    .complete = COMPLETE_DISK,
    .options = ns_options,
    .min_args = 1,
    .max_args = 1,
    .run = id_ns_run,
};

const struct shell_cmd nvme_cmd_list_ctrl = {
    .name = "list-ctrl",
    .usage = "nvme list-ctrl CTRL [-n NSID] [-o json]",
    .summary = "the controllers of the subsystem, or of one namespace",
    .example = "nvme list-ctrl nvme0",
    .complete = COMPLETE_CTRLR,
    .options = ctrl_list_options,
    .min_args = 1,
    .max_args = 1,
    .run = list_ctrl_run,
};

const struct shell_cmd nvme_cmd_list_ns = {
    .name = "list-ns",
    .usage = "nvme list-ns CTRL [--all] [-o json]",
    .summary = "the identifiers of the active namespaces, or of all",
    .example = "nvme list-ns nvme0",
    .complete = COMPLETE_CTRLR,
    .options = list_options,
    .min_args = 1,
    .max_args = 1,
    .run = list_ns_run,
};

const struct shell_cmd nvme_cmd_ns_descs = {
    .name = "ns-descs",
    .usage = "nvme ns-descs DISK [-o json] | nvme ns-descs CTRL -n NSID [-o json]",
    .summary = "the identifiers of a namespace: EUI64, NGUID, UUID",
    .example = "nvme ns-descs nvme0n1",
    .complete = COMPLETE_DISK,
    .options = ctrl_list_options,
    .min_args = 1,
    .max_args = 1,
    .run = ns_descs_run,
};
