/*
 * apps/nvme/health.c - the rules by which a drive is judged.
 */
#include "apps/nvme/health.h"

#include "apps/nvme/logs.h"
#include "lib/assert.h"
#include "lib/bytes.h"
#include "lib/out.h"
#include "lib/string.h"

#define SPARE_MARGIN       10 /* per cent above the threshold at which one should look */
#define LIFE_WATCH         80 /* per cent of the rated endurance */
#define LIFE_OVER          100
#define CYCLES_TO_JUDGE    20 /* power cycles from which the share of unsafe ones says something */
#define ZERO_CELSIUS_K     273

static void find(struct health *h, enum health_verdict level, const char *fmt, ...)
    printf_like(3, 4);
static void find(struct health *h, enum health_verdict level, const char *fmt, ...)
{
    va_list args;

    assert(h->count < HEALTH_FINDINGS_MAX);
    struct health_finding *f = &h->findings[h->count++];
    f->level = level;
    va_start(args, fmt);
    str_vformat(f->text, sizeof(f->text), fmt, args);
    va_end(args);
    h->verdict = MAX(h->verdict, level);
}

/* --- SMART ------------------------------------------------------------------------------------ */

static const struct {
    uint64_t bit;
    enum health_verdict level;
    const char *text;
} warnings[] = {
    {NVME_SMART_WARN_SPARE, HEALTH_REPLACE, "the drive warns: its spare blocks are used up"},
    {NVME_SMART_WARN_TEMPERATURE, HEALTH_WATCH,
     "the drive warns: its temperature is outside the limits"},
    {NVME_SMART_WARN_RELIABILITY, HEALTH_REPLACE,
     "the drive warns: media or internal errors have made it unreliable"},
    {NVME_SMART_WARN_READ_ONLY, HEALTH_REPLACE, "the drive has become read-only"},
    {NVME_SMART_WARN_BACKUP, HEALTH_REPLACE,
     "the drive warns: its protection against power loss has failed"},
    {NVME_SMART_WARN_PMR, HEALTH_WATCH, "its persistent memory region has become read-only"},
};

static void judge_wear(struct health *h, const struct nvme_smart_log *log)
{
    unsigned spare = log->avail_spare, threshold = log->spare_thresh, used = log->percent_used;

    /* A drive without a threshold does not report its spare blocks at all. */
    if (spare < threshold) {
        find(h, HEALTH_REPLACE, "spare blocks: %u %% left, below the drive's threshold of %u %%",
             spare, threshold);
    } else if (threshold && spare < 100 && spare < threshold + SPARE_MARGIN) {
        find(h, HEALTH_WATCH, "spare blocks: %u %% left, near the drive's threshold of %u %%",
             spare, threshold);
    }
    if (used >= LIFE_OVER) {
        find(h, HEALTH_REPLACE, "life: %u %% of the rated endurance is used, more than it was "
                                "made for", used);
    } else if (used >= LIFE_WATCH) {
        find(h, HEALTH_WATCH, "life: %u %% of the rated endurance is used", used);
    }
}

static void judge_temperature(struct health *h, const struct nvme_smart_log *log,
                              const struct nvme_id_ctrl *id)
{
    unsigned kelvin = load_le16(log->temperature);
    int celsius = (int)kelvin - ZERO_CELSIUS_K;

    if (id->cctemp && kelvin >= id->cctemp) {
        find(h, HEALTH_WATCH, "temperature: %d C, at or above the critical %d C: cool it", celsius,
             (int)id->cctemp - ZERO_CELSIUS_K);
    } else if (id->wctemp && kelvin >= id->wctemp) {
        find(h, HEALTH_WATCH, "temperature: %d C, at or above the warning level of %d C", celsius,
             (int)id->wctemp - ZERO_CELSIUS_K);
    }
    if (log->critical_minutes) {
        find(h, HEALTH_WATCH, "it has been critically hot for %u minutes in its life",
             (unsigned)log->critical_minutes);
    }
}

static void judge_power(struct health *h, const struct nvme_smart_log *log)
{
    uint64_t unsafe = nvme_u128_low(log->unsafe_shutdowns);
    uint64_t cycles = nvme_u128_low(log->power_cycles);

    if (cycles >= CYCLES_TO_JUDGE && unsafe > cycles / 2) {
        find(h, HEALTH_WATCH, "power was cut without notice %llu times in %llu power cycles",
             (unsigned long long)unsafe, (unsigned long long)cycles);
    }
}

void health_judge_smart(struct health *h, const struct nvme_smart_log *log,
                        const struct nvme_id_ctrl *id)
{
    uint64_t media_errors = nvme_u128_low(log->media_errors);

    for (size_t i = 0; i < ARRAY_SIZE(warnings); i++) {
        if (log->critical_warning & warnings[i].bit) {
            find(h, warnings[i].level, "%s", warnings[i].text);
        }
    }
    judge_wear(h, log);
    judge_temperature(h, log, id);
    if (media_errors) {
        find(h, HEALTH_WATCH, "%llu times data was found damaged (media and integrity errors)",
             (unsigned long long)media_errors);
    }
    judge_power(h, log);
}

/* --- the other logs --------------------------------------------------------------------------- */

/* A comparison that differs, or a block that was trimmed, is no damage. */
static bool is_damage(uint16_t status)
{
    uint64_t code = FIELD_GET(NVME_STATUS_CODE, status);

    return FIELD_GET(NVME_STATUS_SCT, status) == NVME_SCT_MEDIA &&
           code != NVME_SC_COMPARE_FAILURE && code != NVME_SC_ACCESS_DENIED &&
           code != NVME_SC_DEALLOCATED_OR_UNWRITTEN;
}

void health_judge_errors(struct health *h, const struct nvme_error_entry *entries, unsigned count)
{
    const struct nvme_error_entry *newest = NULL;
    unsigned damaged = 0, internal = 0;

    for (unsigned i = 0; i < count; i++) {
        uint16_t status = (uint16_t)FIELD_GET(NVME_CQE_STATUS, entries[i].status);

        if (is_damage(status)) {
            newest = newest ? newest : &entries[i];
            damaged++;
        }
        internal += FIELD_GET(NVME_STATUS_CODE, status) == NVME_SC_INTERNAL_ERROR;
    }
    if (damaged) {
        find(h, HEALTH_WATCH, "error log: %u media errors; the last: %s, namespace %u block %llu",
             damaged,
             nvme_status_name((uint16_t)FIELD_GET(NVME_CQE_STATUS, newest->status)),
             (unsigned)newest->nsid, (unsigned long long)newest->lba);
    }
    if (internal) {
        find(h, HEALTH_WATCH, "error log: %u internal errors of the drive", internal);
    }
}

void health_judge_self_test(struct health *h, const struct nvme_self_test_log *log)
{
    const struct nvme_self_test_result *r = &log->results[0];
    unsigned result = (unsigned)FIELD_GET(NVME_SELF_TEST_RESULT, r->status);

    if (result == 5 || result == 6) {
        find(h, HEALTH_REPLACE, "the last self-test failed");
    } else if (result == 7) {
        find(h, HEALTH_REPLACE, "the last self-test failed in segment %u", r->segment);
    } else if (result == 0) {
        find(h, HEALTH_OK, "the last self-test passed, at %llu power-on hours",
             (unsigned long long)load_le64(r->power_on_hours));
    }
}

void health_judge_sanitize(struct health *h, const struct nvme_sanitize_log *log)
{
    uint64_t status = FIELD_GET(NVME_SANITIZE_STATUS, log->sstat);

    if (status == NVME_SANITIZE_FAILED) {
        find(h, HEALTH_WATCH, "the last sanitize failed: the drive waits for another one");
    } else if (status == NVME_SANITIZE_RUNNING) {
        find(h, HEALTH_OK, "a sanitize is running, %u %% done", log->sprog * 100U / 65536);
    }
}

void health_judge_link(struct health *h, const struct pci_link *link)
{
    if (link->present &&
        (link->width < link->width_max || link->speed_mtps < link->speed_max_mtps)) {
        find(h, HEALTH_WATCH,
             "PCI Express link: x%u at %u.%u GT/s, the drive can x%u at %u.%u GT/s", link->width,
             link->speed_mtps / 1000, link->speed_mtps % 1000 / 100, link->width_max,
             link->speed_max_mtps / 1000, link->speed_max_mtps % 1000 / 100);
    }
}

/* Firmware that is known to do harm, and has a successor. */
static const struct {
    const char *model; /* the model number begins with this */
    const char *firmware;
    const char *text;
} bad_firmware[] = {
    /* Puget Systems with Samsung, February 2023; reported for instance by nascompares.com
     * (2023/02/02, samsung-980-pro-970-evo-plus-pm9a1-and-more-reporting-failures). */
    {"Samsung SSD 980 PRO", "3B2QGXA7",
     "firmware 3B2QGXA7 can lock this model to read-only for good: update to 5B2QGXA7 or later"},
    /* rossmanngroup.com/problems/samsung-990-pro-firmware-degradation: health falls without
     * reason; 1B2QJXD7 stops that, and does not give back what was lost. */
    {"Samsung SSD 990 PRO", "0B2QJXD7",
     "firmware 0B2QJXD7 makes this model's health fall for nothing: update to 1B2QJXD7 or later"},
    /* github.com/acidanthera/NVMeFix/pull/4, with Kingston's release note of S5Z42109; the same
     * drive is in Linux's quirks for its deepest power state. */
    {"KINGSTON SA2000M8", "S5Z42105",
     "firmware S5Z42105 can hang in the deepest power state: update to S5Z42109"},
};

void health_judge_firmware(struct health *h, const char *model, const char *firmware)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad_firmware); i++) {
        if (str_starts_with(model, bad_firmware[i].model) &&
            strcmp(firmware, bad_firmware[i].firmware) == 0) {
            find(h, HEALTH_WATCH, "%s", bad_firmware[i].text);
        }
    }
}

const char *health_verdict_name(enum health_verdict verdict)
{
    return verdict == HEALTH_OK ? "OK" : verdict == HEALTH_WATCH ? "WATCH" : "REPLACE";
}
