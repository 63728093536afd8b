/*
 * apps/nvme/cmd_features.c - `nvme get-feature` and `nvme set-feature` (NVMe 1.4 §5.13, §5.21).
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/feature_show.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/parse.h"
#include "lib/string.h"

#define CONFIRM_PERMANENT "permanent"

enum { GET_FID, GET_SELECT, GET_NSID, GET_LEN, GET_CDW11, GET_HUMAN, GET_OUTPUT };
static const struct shell_option get_options[] = {
    [GET_FID] = {"feature-id", 'f', SHELL_TEXT, 0, "number or name; without it: all there are"},
    [GET_SELECT] = {"sel", 's', SHELL_TEXT, 0, "0 current, 1 default, 2 saved, 3 supported"},
    [GET_NSID] = SHELL_OPTION_NSID,
    [GET_LEN] = {"data-len", 'l', SHELL_NUMBER, NVME_FEATURE_DATA_MAX_BYTES,
                 "bytes of data to show, of a feature that is a vendor's"},
    [GET_CDW11] = {"cdw11", 'c', SHELL_NUMBER, UINT32_MAX, "selects one of several values"},
    [GET_HUMAN] = SHELL_OPTION_HUMAN,
    [GET_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

enum { SET_FID, SET_VALUE, SET_CDW12, SET_DATA, SET_SAVE, SET_NSID, SET_CONFIRM, SET_SERIAL,
       SET_OUTPUT };
static const struct shell_option set_options[] = {
    [SET_FID] = {"feature-id", 'f', SHELL_TEXT, 0, "number or name"},
    [SET_VALUE] = {"value", 'v', SHELL_NUMBER, 0, "new value (CDW11)"},
    [SET_CDW12] = {"cdw12", 'c', SHELL_NUMBER, UINT32_MAX, "the dword after it"},
    [SET_DATA] = {"data", 'd', SHELL_TEXT, 0, "data in hexadecimal; what is missing is zero"},
    [SET_SAVE] = {"save", 's', SHELL_FLAG, 0, "keep it over resets and power cycles"},
    [SET_NSID] = SHELL_OPTION_NSID,
    [SET_CONFIRM] = {"confirm", 0, SHELL_TEXT, 0, "`permanent`, for permanent write protection"},
    [SET_SERIAL] = SHELL_OPTION_SERIAL,
    [SET_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

/* --- what was asked for ----------------------------------------------------------------------- */

static int parse_fid(struct shell *sh, const char *command, const char *text, uint8_t *fid)
{
    const struct nvme_feature_info *info;
    uint64_t number;

    if (parse_u64_max(text, UINT8_MAX, &number) == 0) {
        *fid = (uint8_t)number;
        return 0;
    }
    info = nvme_feature_named(text);
    if (!info) {
        return shell_fail(sh, command, -EINVAL,
                          "'%s' is no feature: a number up to 0xff, or the beginning of a name "
                          "that `nvme get-feature` lists", text);
    }
    *fid = info->fid;
    return 0;
}

static int parse_select(struct shell *sh, const char *command, const char *text,
                        enum nvme_select *select)
{
    static const char *const names[] = {"current", "default", "saved", "supported"};
    uint64_t number;

    *select = NVME_SELECT_CURRENT;
    for (unsigned i = 0; text && i < ARRAY_SIZE(names); i++) {
        if (strcmp(text, names[i]) == 0 || (parse_u64(text, &number) == 0 && number == i)) {
            *select = (enum nvme_select)i;
            return 0;
        }
    }
    return !text ? 0
                 : shell_fail(sh, command, -EINVAL,
                              "--sel is current, default, saved, supported or 0 to 3, not '%s'",
                              text);
}

/* The namespace that a feature of namespaces is asked of; of a controller, its only one. */
static int choose_namespace(struct shell *sh, const char *command, struct nvme_target *t,
                            const struct nvme_feature_info *info,
                            const struct shell_value *nsid)
{
    if (!info || !info->per_namespace || nsid->given) {
        return 0;
    }
    if (!t->ns && nvme_ns_count(t->ctrlr) == 1) {
        t->ns = nvme_ns_at(t->ctrlr, 0);
        t->nsid = t->ns->nsid;
    }
    if (!t->ns) {
        return shell_fail(sh, command, -EINVAL,
                          "%s is a feature of each namespace: name one of %s, such as %sn%u",
                          info->name, t->name, t->name,
                          nvme_ns_count(t->ctrlr) ? (unsigned)nvme_ns_at(t->ctrlr, 0)->nsid : 1);
    }
    return 0;
}

static int require(struct shell *sh, const char *command, const struct nvme_ctrlr *ctrlr,
                   const struct nvme_feature_request *request, bool set)
{
    enum nvme_ability lacks = nvme_feature_lacks(ctrlr, request, set);

    return lacks == NVME_ABILITY_COUNT ? 0 : nvme_require(sh, command, ctrlr, lacks);
}

/* --- get-feature ------------------------------------------------------------------------------ */

static size_t data_bytes(const struct nvme_feature_request *request,
                         const struct nvme_feature_info *info)
{
    if (request->select == NVME_SELECT_SUPPORTED || !info) {
        return 0;
    }
    return info->fid == NVME_FEAT_HOST_IDENTIFIER && (request->cdw11 & NVME_HOST_ID_EXHID)
               ? 16
               : info->data_bytes;
}

/* Asks the drive; a->fid, nsid, selector, select say what. */
static int ask(struct nvme_ctrlr *ctrlr, struct feature_answer *a, size_t vendor_len,
               struct nvme_result *res)
{
    struct nvme_feature_request request = {
        .fid = a->fid, .nsid = a->nsid, .cdw11 = a->selector, .select = a->select, .data = a->data};

    a->info = nvme_feature_find(a->fid);
    a->len = a->info ? data_bytes(&request, a->info) : vendor_len;
    request.len = a->len;
    int err = nvme_get_feature(ctrlr, &request, res);
    a->value = res->dw0;
    return err;
}

static void show_one(struct show *s, const struct nvme_ctrlr *ctrlr,
                     const struct feature_answer *a, bool human)
{
    feature_show(s, a, human, nvme_id_ctrl(ctrlr)->npss + 1U);
}

/* Those that the drive answers for; what it does not have is left out, as nvme-cli does. */
static int list_one(struct show *s, const struct nvme_target *t, struct feature_answer *a,
                          bool human)
{
    struct nvme_result res;
    const struct nvme_feature_request request = {.fid = a->fid, .select = a->select};

    if (nvme_feature_lacks(t->ctrlr, &request, false) != NVME_ABILITY_COUNT) {
        return 0;
    }
    int err = ask(t->ctrlr, a, 0, &res);
    if (err) {
        return res.status ? 0 : err;
    }
    if (s->json) {
        show_open_object(s, NULL, NULL);
    }
    show_one(s, t->ctrlr, a, human);
    if (s->json) {
        show_close_object(s);
    }
    return 0;
}

static int list_all(struct show *s, const struct nvme_target *t, struct feature_answer *a,
                    bool human)
{
    const struct nvme_feature_info *info;
    int err = 0;

    for (unsigned i = 0; !err && (info = nvme_feature_at(i)); i++) {
        a->fid = info->fid;
        a->nsid = 0;
        if (!info->per_namespace) {
            err = list_one(s, t, a, human);
            continue;
        }
        for (unsigned n = 0; !err && n < nvme_ns_count(t->ctrlr); n++) {
            a->nsid = nvme_ns_at(t->ctrlr, n)->nsid;
            if (t->nsid == NVME_NSID_ALL || t->nsid == a->nsid) {
                err = list_one(s, t, a, human);
            }
        }
    }
    return err;
}

static int get_all(struct shell *sh, const char *command, const struct nvme_target *t,
                   struct feature_answer *a)
{
    struct show s;
    int err = show_begin(&s, sh, command, sh->values[GET_OUTPUT].text);

    if (err) {
        return err;
    }
    if (s.json) {
        show_open_array(&s, "features", NULL);
    }
    err = list_all(&s, t, a, sh->values[GET_HUMAN].given);
    if (s.json) {
        show_close_array(&s);
    }
    show_end(&s);
    return err ? nvme_explain(sh, command, t->ctrlr, "Get Features", err, NULL) : 0;
}

static int get_one(struct shell *sh, const char *command, struct nvme_target *t,
                   struct feature_answer *a)
{
    const struct shell_value *v = sh->values;
    struct nvme_result res = {.status = 0};
    struct show s;

    int err = parse_fid(sh, command, v[GET_FID].text, &a->fid);
    if (err) {
        return err;
    }
    const struct nvme_feature_info *info = nvme_feature_find(a->fid);
    err = choose_namespace(sh, command, t, info, &v[GET_NSID]);
    if (err) {
        return err;
    }
    a->nsid = (info && info->per_namespace) || v[GET_NSID].given ? t->nsid : 0;
    a->selector = (uint32_t)v[GET_CDW11].number;
    const struct nvme_feature_request request = {
        .fid = a->fid, .cdw11 = a->selector, .select = a->select};
    err = require(sh, command, t->ctrlr, &request, false);
    if (err) {
        return err;
    }
    err = ask(t->ctrlr, a, (size_t)v[GET_LEN].number, &res);
    if (err) {
        return nvme_explain(sh, command, t->ctrlr, "Get Features", err, &res);
    }
    err = show_begin(&s, sh, command, v[GET_OUTPUT].text);
    if (!err) {
        show_one(&s, t->ctrlr, a, v[GET_HUMAN].given);
        show_end(&s);
    }
    return err;
}

static int get_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_target t;
    enum nvme_select select;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], &sh->values[GET_NSID], &t);
    if (!err) {
        err = parse_select(sh, argv[0], sh->values[GET_SELECT].text, &select);
    }
    if (err) {
        return err;
    }
    struct feature_answer *a = heap_alloc(1, sizeof(*a));
    if (!a) {
        return -ENOMEM;
    }
    a->select = select;
    err = sh->values[GET_FID].given ? get_one(sh, argv[0], &t, a) : get_all(sh, argv[0], &t, a);
    heap_free(a);
    return err;
}

/* --- set-feature ------------------------------------------------------------------------------ */

struct change {
    struct nvme_target target;
    struct nvme_feature_request request;
    const struct nvme_feature_info *info;
    struct feature_answer *before;
    int before_err; /* not 0: what it is now is not known */
    uint8_t data[NVME_FEATURE_DATA_MAX_BYTES];
};

/* The new data: what was typed, else what is there already. */
static int take_data(struct shell *sh, const char *command, struct change *c)
{
    const char *text = sh->values[SET_DATA].text;
    unsigned len = NVME_FEATURE_DATA_MAX_BYTES;
    size_t wanted = !c->info || c->info->get_only_data ? 0 : data_bytes(&c->request, c->info);

    c->request.data = c->data;
    c->request.len = wanted;
    if (text && parse_hex_bytes(text, c->data, &len) != 0) {
        return shell_fail(sh, command, -EINVAL, "--data is not pairs of hexadecimal digits: '%s'",
                          text);
    }
    if (text && c->info && len > wanted) {
        return shell_fail(sh, command, -EINVAL, "%s has %u bytes of data, --data has %u",
                          c->info->name, (unsigned)wanted, len);
    }
    if (text && !c->info) {
        c->request.len = len;
    }
    if (!text && c->request.fid == NVME_FEAT_TIMESTAMP) {
        memcpy(c->data, &sh->values[SET_VALUE].number, sizeof(uint64_t));
        c->request.cdw11 = 0;
    } else if (!text && wanted) {
        if (c->before_err) {
            return shell_fail(sh, command, -EINVAL, "%s needs its data: --data=HEX",
                              c->info->name);
        }
        memcpy(c->data, c->before->data, wanted);
    }
    return 0;
}

/* What speaks against it before the drive is asked. */
static int check_change(struct shell *sh, const char *command, struct change *c)
{
    struct nvme_ctrlr *ctrlr = c->target.ctrlr;
    struct nvme_feature_request caps = {
        .fid = c->request.fid, .nsid = c->request.nsid, .select = NVME_SELECT_SUPPORTED};
    const struct nvme_sqe sqe = {.opcode = NVME_ADM_SET_FEATURES, .cdw10 = c->request.fid};
    struct nvme_result res;

    if (nvme_command_harm(ctrlr, true, &sqe) == NVME_HARMS_DRIVER) {
        return shell_fail(sh, command, -EPERM,
                          "%s belongs to the driver, whose queues and memory depend on it",
                          feature_name(c->request.fid));
    }
    int err = require(sh, command, ctrlr, &c->request, true);
    if (err) {
        return err;
    }
    if (c->request.fid == NVME_FEAT_NAMESPACE_WRITE_PROTECTION &&
        c->request.cdw11 == NVME_WRITE_PROTECT_PERMANENT &&
        (!sh->values[SET_CONFIRM].given ||
         strcmp(sh->values[SET_CONFIRM].text, CONFIRM_PERMANENT) != 0)) {
        return shell_fail(sh, command, -EINVAL,
                          "permanent write protection can never be taken back, by nobody: add "
                          "--confirm=" CONFIRM_PERMANENT " if that is meant");
    }
    if (!nvme_can(ctrlr, NVME_CAN_SAVE_FEATURES) || nvme_get_feature(ctrlr, &caps, &res) != 0) {
        return 0; /* it does not tell: the command will */
    }
    if (!(res.dw0 & NVME_FEATURE_CAP_CHANGEABLE)) {
        return shell_fail(sh, command, -ENOTSUP, "%s says that %s cannot be changed",
                          nvme_name(ctrlr), feature_name(c->request.fid));
    }
    if (c->request.save && !(res.dw0 & NVME_FEATURE_CAP_SAVEABLE)) {
        return shell_fail(sh, command, -ENOTSUP, "%s says that %s cannot be saved",
                          nvme_name(ctrlr), feature_name(c->request.fid));
    }
    return 0;
}

static void print_value(struct out *out, const struct change *c, const char *when, uint32_t value)
{
    char words[96];

    out_printf(out, "  %s: 0x%08x", when, (unsigned)value);
    for (const struct nvme_feature_field *f = c->info ? c->info->fields : NULL; f && f->name; f++) {
        feature_field_format(f, value, words, sizeof(words));
        out_printf(out, "%s%s: %s", f == c->info->fields ? "  " : ", ", f->name, words);
    }
    out_puts(out, "\n");
}

/* The current and the new value in words, then what any dangerous command says. */
static int announce(struct shell *sh, const char *command, const struct change *c)
{
    uint32_t selector = c->info ? c->info->selector & c->request.cdw11 : 0;
    uint32_t value = c->info && c->info->in_cdw12 ? c->request.cdw12 : c->request.cdw11;
    char act[80];

    out_printf(sh->out, "Feature 0x%02x (%s) of %s:\n", c->request.fid,
               feature_name(c->request.fid), c->target.name);
    if (c->before_err) {
        out_puts(sh->out, "  now : not known, the drive does not say\n");
    } else {
        print_value(sh->out, c, "now ", c->before->value | selector);
    }
    print_value(sh->out, c, "then", value);
    if (c->request.len &&
        (c->before_err || memcmp(c->data, c->before->data, c->request.len) != 0)) {
        out_printf(sh->out, "  and other data, of %u bytes\n", (unsigned)c->request.len);
    }
    if (c->request.fid == NVME_FEAT_KEEP_ALIVE_TIMER && value) {
        out_puts(sh->out, "  Without a Keep Alive command in that time the drive stops.\n");
    }
    str_format(act, sizeof(act), "Set Features, %s", feature_name(c->request.fid));
    const struct nvme_danger danger = {
        .ctrlr = c->target.ctrlr,
        .ns = c->info && c->info->per_namespace ? c->target.ns : NULL,
        .act = act,
        .effect = c->request.save ? "the drive works so from now on, also after resets and power "
                                    "cycles"
                                  : "the drive works so until it is reset or told otherwise",
        .serial = &sh->values[SET_SERIAL],
    };
    return nvme_danger_announce(sh, command, &danger);
}

static int report(struct shell *sh, const char *command, const struct change *c)
{
    const struct nvme_feature_request *rq = &c->request;
    struct show s;
    int err = show_begin(&s, sh, command, sh->values[SET_OUTPUT].text);

    if (err) {
        return err;
    }
    show_title(&s, "set-feature:0x%02x (%s), value:0x%08x, cdw12:0x%08x, save:%u", rq->fid,
               feature_name(rq->fid), (unsigned)rq->cdw11, (unsigned)rq->cdw12, rq->save);
    show_json_u64(&s, "feature-id", rq->fid);
    show_json_text(&s, "name", feature_name(rq->fid));
    if (!c->before_err) {
        show_json_u64(&s, "previous", c->before->value);
    }
    show_json_u64(&s, "value", rq->cdw11);
    show_json_u64(&s, "cdw12", rq->cdw12);
    show_json_u64(&s, "save", rq->save);
    show_end(&s);
    return 0;
}

static int change_feature(struct shell *sh, const char *command, struct change *c)
{
    struct nvme_result res = {.status = 0};
    int err = check_change(sh, command, c);

    if (err) {
        return err;
    }
    *c->before = (struct feature_answer){
        .fid = c->request.fid, .nsid = c->request.nsid,
        .selector = c->info ? c->info->selector & c->request.cdw11 : 0};
    c->before_err = ask(c->target.ctrlr, c->before, 0, &res);
    err = take_data(sh, command, c);
    if (!err) {
        err = announce(sh, command, c);
    }
    if (err) {
        return err;
    }
    err = nvme_set_feature(c->target.ctrlr, &c->request, &res);
    if (err) {
        return nvme_explain(sh, command, c->target.ctrlr, "Set Features", err, &res);
    }
    return report(sh, command, c);
}

static int parse_change(struct shell *sh, const char *command, struct change *c)
{
    const struct shell_value *v = sh->values;

    if (!v[SET_FID].given || (!v[SET_VALUE].given && !v[SET_DATA].given)) {
        return shell_fail(sh, command, -EINVAL,
                          "--feature-id=ID and --value=NUM or --data=HEX are needed");
    }
    int err = parse_fid(sh, command, v[SET_FID].text, &c->request.fid);
    if (err) {
        return err;
    }
    if (v[SET_VALUE].number > UINT32_MAX && c->request.fid != NVME_FEAT_TIMESTAMP) {
        return shell_fail(sh, command, -ERANGE, "--value has more than 32 bits: %s",
                          v[SET_VALUE].text);
    }
    c->info = nvme_feature_find(c->request.fid);
    err = choose_namespace(sh, command, &c->target, c->info, &v[SET_NSID]);
    c->request.nsid = (c->info && c->info->per_namespace) || v[SET_NSID].given ? c->target.nsid : 0;
    c->request.cdw11 = (uint32_t)v[SET_VALUE].number;
    c->request.cdw12 = (uint32_t)v[SET_CDW12].number;
    c->request.save = v[SET_SAVE].given;
    return err;
}

static int set_run(struct shell *sh, int argc, char **argv)
{
    struct change *c = heap_alloc(1, sizeof(*c));
    int err = -ENOMEM;

    (void)argc;
    if (!c) {
        return err;
    }
    c->before = heap_alloc(1, sizeof(*c->before));
    if (c->before) {
        err = nvme_find_target(sh, argv[0], argv[1], &sh->values[SET_NSID], &c->target);
        if (!err) {
            err = parse_change(sh, argv[0], c);
        }
        if (!err) {
            err = change_feature(sh, argv[0], c);
        }
    }
    heap_free(c->before);
    heap_free(c);
    return err;
}

const struct shell_cmd nvme_cmd_get_feature = {
    .name = "get-feature",
    .usage = "nvme get-feature CTRL|DISK [-f ID|NAME] [-s SEL] [-H] [-o json]",
    .summary = "what a drive is set to",
    .details = "A feature is a number or the beginning of its name: -f 6, -f volatile.\n"
               "Without -f all that the drive has are listed; -H explains them.\n",
    .example = "nvme get-feature nvme0 -f 0x02 -H",
    .complete = COMPLETE_DISK,
    .options = get_options,
    .min_args = 1,
    .max_args = 1,
    .run = get_run,
};

const struct shell_cmd nvme_cmd_set_feature = {
    .name = "set-feature",
    .usage = "nvme set-feature CTRL|DISK -f ID|NAME -v VALUE [-d HEX] [-s] [--serial=S]",
    .summary = "change what a drive is set to",
    .details = "A feature is a number or the beginning of its name, as in get-feature. Data that\n"
               "are not given stay as they are. What is not saved (-s) ends with a reset.\n",
    .example = "nvme set-feature nvme0 -f volatile-write-cache -v 0",
    .complete = COMPLETE_DISK,
    .options = set_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = set_run,
};
