/*
 * apps/nvme/cmd_smart_log.c - `nvme smart-log`, `nvme endurance-log`: health and wear (NVMe 1.4
 * §5.14.1.2, §5.14.1.9), in nvme-cli's names.
 */
#include "apps/nvme/logs.h"
#include "apps/system/size_text.h"
#include "lib/bytes.h"

#define NAME_WIDTH      40
#define DATA_UNIT_BYTES 512000

enum { OPT_NSID, OPT_OUTPUT, OPT_HUMAN };
static const struct shell_option smart_options[] = {
    [OPT_NSID] = SHELL_OPTION_NSID,
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    [OPT_HUMAN] = SHELL_OPTION_HUMAN,
    {0},
};

#define ROW(title, member, how, json)                                                              \
    {                                                                                              \
        .name = (title), .off = offsetof(struct nvme_smart_log, member),                           \
        .width = sizeof(((struct nvme_smart_log *)0)->member), .format = NVME_FIELD_##how,         \
        .key = (json),                                                                             \
    }

static const struct nvme_field counters[] = {
    ROW("host_read_commands", host_reads, BIG, NULL),
    ROW("host_write_commands", host_writes, BIG, NULL),
    ROW("controller_busy_time", busy_minutes, BIG, NULL),
    ROW("power_cycles", power_cycles, BIG, NULL),
    ROW("power_on_hours", power_on_hours, BIG, NULL),
    ROW("unsafe_shutdowns", unsafe_shutdowns, BIG, NULL),
    ROW("media_errors", media_errors, BIG, NULL),
    ROW("num_err_log_entries", error_entries, BIG, NULL),
    ROW("Warning Temperature Time", warning_minutes, DEC, "warning_temp_time"),
    ROW("Critical Composite Temperature Time", critical_minutes, DEC, "critical_comp_time"),
};

static const struct nvme_field thermal[] = {
    ROW("Thermal Management T1 Trans Count", thm_count[0], DEC, "thm_temp1_trans_count"),
    ROW("Thermal Management T2 Trans Count", thm_count[1], DEC, "thm_temp2_trans_count"),
    ROW("Thermal Management T1 Total Time", thm_seconds[0], DEC, "thm_temp1_total_time"),
    ROW("Thermal Management T2 Total Time", thm_seconds[1], DEC, "thm_temp2_total_time"),
};

static void show_percent(struct show *s, const char *name, const char *key, unsigned value)
{
    show_number_as(s, name, key, value, "%u%%", value);
}

/* Thousands of 512 bytes, and what that is in bytes as long as those can be counted. */
static void show_data_units(struct show *s, const char *name, const char *key,
                            const uint8_t value[16])
{
    uint64_t units = nvme_u128_low(value);
    char size[SIZE_TEXT_BYTES];

    if (s->json || units > UINT64_MAX / DATA_UNIT_BYTES) {
        show_u128(s, name, key, value);
        return;
    }
    const char *text = size_text_decimal(units * DATA_UNIT_BYTES, size, sizeof(size));
    while (*text == ' ') {
        text++;
    }
    show_number_as(s, name, key, units, "%llu (%s)", (unsigned long long)units, text);
}

static void explain_warning(struct show *s, uint8_t warning)
{
    static const char *const words[] = {
        "spare capacity is below its threshold", "temperature is outside its thresholds",
        "reliability is degraded by media or internal errors", "media are read-only",
        "backup of the volatile memory has failed", "persistent memory region is read-only",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        show_bits(s, warning, i, i, "%s", words[i]);
    }
}

static void show_smart(struct show *s, const struct nvme_smart_log *log, bool human)
{
    char name[32], key[32];

    s->name_width = NAME_WIDTH;
    show_hex(s, "critical_warning", NULL, log->critical_warning);
    if (human) {
        explain_warning(s, log->critical_warning);
    }
    nvme_show_temperature(s, "temperature", NULL, load_le16(log->temperature));
    show_percent(s, "available_spare", "avail_spare", log->avail_spare);
    show_percent(s, "available_spare_threshold", "spare_thresh", log->spare_thresh);
    show_percent(s, "percentage_used", "percent_used", log->percent_used);
    show_hex(s, "endurance group critical warning summary",
             "endurance_grp_critical_warning_summary", log->endurance_warning);
    show_data_units(s, "Data Units Read", "data_units_read", log->data_units_read);
    show_data_units(s, "Data Units Written", "data_units_written", log->data_units_written);
    nvme_fields_show(s, counters, ARRAY_SIZE(counters), log, false);
    for (unsigned i = 0; i < ARRAY_SIZE(log->sensors); i++) {
        if (log->sensors[i]) {
            str_format(name, sizeof(name), "Temperature Sensor %u", i + 1);
            str_format(key, sizeof(key), "temperature_sensor_%u", i + 1);
            nvme_show_temperature(s, name, key, log->sensors[i]);
        }
    }
    nvme_fields_show(s, thermal, ARRAY_SIZE(thermal), log, false);
}

static int smart_log_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *nsid = &sh->values[OPT_NSID];
    struct nvme_smart_log log;
    struct nvme_result res;
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], nsid, &t);
    if (err) {
        return err;
    }
    /* A disk's name alone means the drive that it is on, as with nvme-cli: few drives count each
     * namespace by itself. */
    t.nsid = nsid->given ? t.nsid : NVME_NSID_ALL;
    err = nvme_log_smart(t.ctrlr, t.nsid, &log, &res);
    if (err) {
        return nvme_log_fail(sh, argv[0], t.ctrlr, NVME_LOG_SMART, t.nsid, err, &res);
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (!err) {
        show_title(&s, "Smart Log for NVME device:%s namespace-id:%x", nvme_name(t.ctrlr),
                   (unsigned)t.nsid);
        show_smart(&s, &log, sh->values[OPT_HUMAN].given);
        show_end(&s);
    }
    return err;
}

const struct shell_cmd nvme_cmd_smart_log = {
    .name = "smart-log",
    .usage = "nvme smart-log CTRL|DISK [-n NSID] [-H] [-o json]",
    .summary = "health: temperature, wear, spare, counters, errors",
    .details = "The counters of the whole drive, or of one namespace with -n. A data unit is\n"
               "1000 blocks of 512 bytes. JSON has temperatures in Kelvin. 'health' judges it.\n",
    .example = "nvme smart-log nvme0",
    .complete = COMPLETE_CTRLR,
    .options = smart_options,
    .min_args = 1,
    .max_args = 1,
    .run = smart_log_run,
};

/* --- endurance groups ------------------------------------------------------------------------- */

enum { OPT_GROUP, OPT_ENDURANCE_OUTPUT };
static const struct shell_option endurance_options[] = {
    [OPT_GROUP] = {"group-id", 'g', SHELL_NUMBER, UINT16_MAX, "endurance group, default 1"},
    [OPT_ENDURANCE_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

#define FIELD(member, how) NVME_FIELD(struct nvme_endurance_log, member, how)

static const struct nvme_field endurance_fields[] = {
    FIELD(critical_warning, DEC),
    FIELD(avail_spare, DEC),
    FIELD(avail_spare_threshold, DEC),
    FIELD(percent_used, DEC),
    FIELD(endurance_estimate, BIG),
    FIELD(data_units_read, BIG),
    FIELD(data_units_written, BIG),
    FIELD(media_units_written, BIG),
    FIELD(host_read_cmds, BIG),
    FIELD(host_write_cmds, BIG),
    FIELD(media_data_integrity_err, BIG),
    FIELD(num_err_info_log_entries, BIG),
};

static int endurance_log_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *group = &sh->values[OPT_GROUP];
    uint16_t id = group->given ? (uint16_t)group->number : 1;
    struct nvme_endurance_log log;
    struct nvme_result res;
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], NULL, &t);
    if (err) {
        return err;
    }
    err = nvme_log_endurance(t.ctrlr, id, &log, &res);
    if (err) {
        return nvme_log_fail(sh, argv[0], t.ctrlr, NVME_LOG_ENDURANCE_GROUP, NVME_NSID_ALL, err,
                             &res);
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_ENDURANCE_OUTPUT].text);
    if (!err) {
        s.name_width = NAME_WIDTH;
        show_title(&s, "Endurance Group Log for NVME device:%s Group ID:%u", nvme_name(t.ctrlr),
                   id);
        nvme_fields_show(&s, endurance_fields, ARRAY_SIZE(endurance_fields), &log, false);
        show_end(&s);
    }
    return err;
}

const struct shell_cmd nvme_cmd_endurance_log = {
    .name = "endurance-log",
    .usage = "nvme endurance-log CTRL [-g GROUP] [-o json]",
    .summary = "wear and traffic of an endurance group",
    .details = "Data and media units are 10^9 bytes.\n",
    .example = "nvme endurance-log nvme0 --group-id=1",
    .complete = COMPLETE_CTRLR,
    .options = endurance_options,
    .min_args = 1,
    .max_args = 1,
    .run = endurance_log_run,
};
