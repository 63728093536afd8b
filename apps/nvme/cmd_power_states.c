/*
 * apps/nvme/cmd_power_states.c - `power`: the power states of a drive, which one it is in, when it
 * changes by itself (NVMe 1.4 §8.4), and from which temperature on it slows down (§8.4.5).
 */
#include "apps/commands.h"
#include "apps/nvme/commands.h"
#include "apps/nvme/fields.h"
#include "drivers/nvme/nvme_feature.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"

#define KELVIN_OF_0_CELSIUS 273
#define UW_PER_CENTIWATT    10000
#define UW_PER_100_UW       100

enum { OPT_STATE, OPT_APST, OPT_SERIAL, OPT_OUTPUT };
static const struct shell_option power_options[] = {
    [OPT_STATE] = {"state", 0, SHELL_NUMBER, 31, "change to this power state"},
    [OPT_APST] = {"apst", 0, SHELL_TEXT, 0, "on or off: changing the state when idle"},
    [OPT_SERIAL] = SHELL_OPTION_SERIAL,
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

/* What the drive has said. */
struct power {
    struct nvme_ctrlr *ctrlr;
    const struct nvme_id_ctrl *id;
    unsigned states;
    unsigned state;
    bool has_apst, apst_on;
    uint64_t table[NVME_APST_STATES];
    bool has_hctm;
    uint32_t hctm;
};

static int ask(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, struct power *p)
{
    const struct nvme_feature_request hctm = {.fid = NVME_FEAT_HOST_THERMAL_MANAGEMENT};
    struct nvme_result res = {.status = 0};

    *p = (struct power){.ctrlr = ctrlr, .id = nvme_id_ctrl(ctrlr)};
    p->states = MIN((unsigned)p->id->npss + 1, (unsigned)ARRAY_SIZE(p->id->psd));
    p->has_apst = nvme_can(ctrlr, NVME_CAN_AUTONOMOUS_POWER);
    p->has_hctm = nvme_can(ctrlr, NVME_CAN_THERMAL_MANAGEMENT);
    int err = nvme_get_power_state(ctrlr, &p->state, &res);
    if (!err && p->has_apst) {
        err = nvme_get_apst(ctrlr, &p->apst_on, p->table, &res);
    }
    if (!err && p->has_hctm) {
        err = nvme_get_feature(ctrlr, &hctm, &res);
        p->hctm = res.dw0;
    }
    return err ? nvme_explain(sh, command, ctrlr, "Get Features", err, &res) : 0;
}

/* --- as text and JSON ------------------------------------------------------------------------- */

static bool is_operational(const struct power *p, unsigned state)
{
    return state < p->states && !(p->id->psd[state].flags & NVME_PSD_FLAGS_NOPS);
}

static const char *kind_of(const struct power *p, unsigned state)
{
    return is_operational(p, state) ? "operational" : "non-operational";
}

static void print_state(struct out *out, const struct power *p, unsigned i)
{
    const struct nvme_psd *psd = &p->id->psd[i];
    char max[16], idle[16], active[16];

    nvme_format_watts(max, sizeof(max), psd->flags & NVME_PSD_FLAGS_MXPS ? 1 : 2, psd->mp);
    nvme_format_watts(idle, sizeof(idle), FIELD_GET(NVME_PSD_SCALE, psd->ips), psd->idlp);
    nvme_format_watts(active, sizeof(active), FIELD_GET(NVME_PSD_SCALE, psd->apw_aps), psd->actp);
    out_printf(out, "%c %5u %9s %9s %9s %10u %10u %4u %4u %4u %4u  %s\n",
               i == p->state ? '*' : ' ', i, max, idle, active, (unsigned)psd->enlat,
               (unsigned)psd->exlat, psd->rrt, psd->rrl, psd->rwt, psd->rwl, kind_of(p, i));
}

static void json_state(struct show *s, const struct power *p, unsigned i)
{
    const struct nvme_psd *psd = &p->id->psd[i];
    unsigned unit_uw = psd->flags & NVME_PSD_FLAGS_MXPS ? UW_PER_100_UW : UW_PER_CENTIWATT;

    show_open_object(s, NULL, NULL);
    show_json_u64(s, "state", i);
    show_json_u64(s, "max_power_uw", (uint64_t)psd->mp * unit_uw);
    show_json_u64(s, "operational", is_operational(p, i));
    show_json_u64(s, "entry_latency_us", psd->enlat);
    show_json_u64(s, "exit_latency_us", psd->exlat);
    show_json_u64(s, "read_throughput", psd->rrt);
    show_json_u64(s, "read_latency", psd->rrl);
    show_json_u64(s, "write_throughput", psd->rwt);
    show_json_u64(s, "write_latency", psd->rwl);
    show_close_object(s);
}

static void show_states(struct show *s, const struct power *p)
{
    if (s->json) {
        show_json_text(s, "controller", nvme_name(p->ctrlr));
        show_json_text(s, "serial", nvme_info(p->ctrlr)->serial);
        show_json_u64(s, "state", p->state);
        show_open_array(s, "states", NULL);
    } else {
        out_printf(s->out, "%s, %s, serial %s: power state %u (%s)\n\n", nvme_name(p->ctrlr),
                   nvme_info(p->ctrlr)->model, nvme_info(p->ctrlr)->serial, p->state,
                   kind_of(p, p->state));
        out_puts(s->out, "  state max power      idle    active   entry us    exit us  RRT  RRL  "
                         "RWT  RWL\n");
    }
    for (unsigned i = 0; i < p->states; i++) {
        if (s->json) {
            json_state(s, p, i);
        } else {
            print_state(s->out, p, i);
        }
    }
    if (s->json) {
        show_close_array(s);
    }
}

static void show_apst(struct show *s, const struct power *p)
{
    if (!p->has_apst) {
        show_title(s, "\nAutonomous transitions: not offered (APSTA bit 0 of Identify Controller "
                   "is 0).");
        return;
    }
    show_title(s, "\nAutonomous transitions (APST) are %s.", p->apst_on ? "on" : "off");
    show_json_u64(s, "apst", p->apst_on);
    if (s->json) {
        show_open_array(s, "transitions", NULL);
    }
    for (unsigned i = 0; i < p->states; i++) {
        uint64_t ms = FIELD_GET(NVME_APST_ITPT, p->table[i]);
        unsigned to = (unsigned)FIELD_GET(NVME_APST_ITPS, p->table[i]);

        if (ms && s->json) {
            show_open_object(s, NULL, NULL);
            show_json_u64(s, "from", i);
            show_json_u64(s, "to", to);
            show_json_u64(s, "idle_ms", ms);
            show_close_object(s);
        } else if (ms) {
            show_title(s, "  from state %u to state %u after %u ms without I/O", i, to,
                       (unsigned)ms);
        }
    }
    if (s->json) {
        show_close_array(s);
    }
}

static void show_limit(struct show *s, const char *name, const char *key, unsigned kelvin)
{
    if (kelvin) {
        show_number_as(s, name, key, kelvin, "%d C (%u K)", (int)kelvin - KELVIN_OF_0_CELSIUS,
                       kelvin);
    } else {
        show_text_as(s, name, key, "none", "not set");
    }
}

static void show_temperatures(struct show *s, const struct power *p)
{
    s->name_width = 34;
    show_title(s, "\nTemperature limits:");
    s->indent += 2;
    show_limit(s, "warning (WCTEMP)", "warning_k", p->id->wctemp);
    show_limit(s, "critical (CCTEMP)", "critical_k", p->id->cctemp);
    if (p->has_hctm) {
        show_limit(s, "slows down a little from (TMT1)", "tmt1_k",
                   (unsigned)FIELD_GET(NVME_HCTM_TMT1, p->hctm));
        show_limit(s, "slows down strongly from (TMT2)", "tmt2_k",
                   (unsigned)FIELD_GET(NVME_HCTM_TMT2, p->hctm));
        show_limit(s, "lowest that may be set (MNTMT)", "min_tmt_k", p->id->mntmt);
        show_limit(s, "highest that may be set (MXTMT)", "max_tmt_k", p->id->mxtmt);
    } else {
        show_title(s, "host controlled thermal management is not offered (HCTMA bit 0)");
    }
    s->indent -= 2;
}

/* --- changes ---------------------------------------------------------------------------------- */

static int announce(struct shell *sh, const char *command, const struct power *p, const char *act)
{
    const struct nvme_danger danger = {
        .ctrlr = p->ctrlr,
        .act = act,
        .effect = "the drive works so until it is reset or told otherwise",
        .serial = &sh->values[OPT_SERIAL],
    };

    return nvme_danger_announce(sh, command, &danger);
}

static int change_state(struct shell *sh, const char *command, const struct power *p)
{
    unsigned state = (unsigned)sh->values[OPT_STATE].number;
    struct nvme_result res = {.status = 0};
    char act[96];

    if (state >= p->states) {
        return shell_fail(sh, command, -EINVAL, "%s has power states 0 to %u (NPSS), not %u",
                          nvme_name(p->ctrlr), p->states - 1, state);
    }
    str_format(act, sizeof(act), "Power state %u (%s) instead of %u (%s)", state,
               kind_of(p, state), p->state, kind_of(p, p->state));
    int err = announce(sh, command, p, act);
    if (err) {
        return err;
    }
    err = nvme_set_power_state(p->ctrlr, state, &res);
    return err ? nvme_explain(sh, command, p->ctrlr, "Set Features", err, &res) : 0;
}

static int change_apst(struct shell *sh, const char *command, const struct power *p)
{
    struct nvme_result res = {.status = 0};
    uint64_t table[NVME_APST_STATES];
    bool on;

    if (parse_bool(sh->values[OPT_APST].text, &on) != 0) {
        return shell_fail(sh, command, -EINVAL, "--apst is on or off, not '%s'",
                          sh->values[OPT_APST].text);
    }
    int err = nvme_require(sh, command, p->ctrlr, NVME_CAN_AUTONOMOUS_POWER);
    if (err) {
        return err;
    }
    memcpy(table, p->table, sizeof(table));
    if (on && mem_is_zero(table, sizeof(table))) {
        nvme_apst_default(p->ctrlr, table);
    }
    if (on && mem_is_zero(table, sizeof(table))) {
        return shell_fail(sh, command, -ENOTSUP,
                          "%s has no non-operational power state to change to",
                          nvme_name(p->ctrlr));
    }
    err = announce(sh, command, p, on ? "Autonomous power state transitions on"
                                      : "Autonomous power state transitions off");
    if (err) {
        return err;
    }
    err = nvme_set_apst(p->ctrlr, on, table, &res);
    return err ? nvme_explain(sh, command, p->ctrlr, "Set Features", err, &res) : 0;
}

static int power_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    struct power p;
    struct show s;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (!err) {
        err = ask(sh, argv[0], ctrlr, &p);
    }
    if (!err && sh->values[OPT_STATE].given) {
        err = change_state(sh, argv[0], &p);
    }
    if (!err && sh->values[OPT_APST].given) {
        err = change_apst(sh, argv[0], &p);
    }
    if (!err && (sh->values[OPT_STATE].given || sh->values[OPT_APST].given)) {
        err = ask(sh, argv[0], ctrlr, &p);
    }
    if (!err) {
        err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    }
    if (err) {
        return err;
    }
    show_states(&s, &p);
    show_apst(&s, &p);
    show_temperatures(&s, &p);
    show_end(&s);
    return 0;
}

const struct shell_cmd cmd_power = {
    .name = "power",
    .usage = "power CTRL [--state=N] [--apst=on|off] [--serial=S] [-o json]",
    .summary = "power states of a drive, and when it changes them",
    .details = "The state marked * is the current one. RRT RRL RWT RWL: relative read and write\n"
               "throughput and latency, 0 is the best. A drive in a non-operational state wakes\n"
               "up for the next I/O, which takes the exit latency longer: bad for a benchmark.\n",
    .example = "power nvme0",
    .complete = COMPLETE_CTRLR,
    .options = power_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = power_run,
};
