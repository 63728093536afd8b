/*
 * apps/nvme/feature_show.c - features in words (NVMe 1.4 §5.21.1), in the shape of nvme-cli.
 */
#include "apps/nvme/feature_show.h"

#include "apps/files/files.h"
#include "apps/nvme/fields.h"
#include "lib/string.h"

#define WORDS_BYTES 96
#define KELVIN_OF_0_CELSIUS 273

static const char *const select_names[] = {"Current", "Default", "Saved", "Supported capabilities"};
static const char *const select_keys[] = {"current", "default", "saved", "supported"};

const char *feature_name(uint8_t fid)
{
    const struct nvme_feature_info *info = nvme_feature_find(fid);

    return info ? info->name : fid >= NVME_FEATURE_VENDOR_FIRST ? "Vendor Specific" : "Unknown";
}

/* --- fields ----------------------------------------------------------------------------------- */

/* The word with number index of "Disabled|Enabled". */
static void format_word(const char *words, uint64_t index, char *buf, size_t cap)
{
    for (; index && words; index--) {
        words = strchr(words, '|');
        words = words ? words + 1 : NULL;
    }
    if (!words) {
        str_copy(buf, cap, "Reserved");
        return;
    }
    const char *end = strchr(words, '|');
    str_format(buf, cap, "%.*s", (int)(end ? (size_t)(end - words) : strlen(words)), words);
}

void feature_field_format(const struct nvme_feature_field *field, uint32_t value, char *buf,
                          size_t cap)
{
    unsigned val = (unsigned)FIELD_GET(GENMASK64(field->hi, field->lo), value);

    switch ((enum nvme_feature_unit)field->unit) {
    case NVME_UNIT_ZERO_BASED:
        str_format(buf, cap, "%llu", (unsigned long long)val + 1);
        break;
    case NVME_UNIT_POWER_OF_TWO:
        if (val == 7) {
            str_copy(buf, cap, "No limit");
        } else {
            str_format(buf, cap, "%u", 1U << val);
        }
        break;
    case NVME_UNIT_100_US:
        str_format(buf, cap, "%u usec", val * 100);
        break;
    case NVME_UNIT_100_MS:
        str_format(buf, cap, "%u ms", val * 100);
        break;
    case NVME_UNIT_MS:
        str_format(buf, cap, "%u ms", val);
        break;
    case NVME_UNIT_KELVIN:
        str_format(buf, cap, "%d C (%u K)", (int)val - KELVIN_OF_0_CELSIUS, val);
        break;
    case NVME_UNIT_WORDS:
        format_word(field->words, val, buf, cap);
        break;
    default:
        str_format(buf, cap, "%u", val);
        break;
    }
}

static void show_fields(struct show *s, const struct feature_answer *a, bool human)
{
    const struct nvme_feature_field *f = a->info ? a->info->fields : NULL;
    uint32_t value = a->value | (a->info ? a->selector & a->info->selector : 0);
    char words[WORDS_BYTES];
    size_t width = 0;

    for (const struct nvme_feature_field *g = f; g && g->name; g++) {
        width = MAX(width, strlen(g->name));
    }
    for (; f && f->name; f++) {
        if (s->json) {
            show_json_u64(s, f->key, FIELD_GET(GENMASK64(f->hi, f->lo), value));
        } else if (human) {
            feature_field_format(f, value, words, sizeof(words));
            out_printf(s->out, "\t%-*s (%s): %s\n", (int)width, f->name, f->key, words);
        }
    }
}

/* --- data ------------------------------------------------------------------------------------- */

#define RANGE(member, how) NVME_FIELD(struct nvme_lba_range, member, how)
static const struct nvme_field range_fields[] = {
    RANGE(type, DEC), RANGE(attributes, HEX), RANGE(slba, DEC), RANGE(nlb, DEC), RANGE(guid, RAW),
};

#define HMB(member, how) NVME_FIELD(struct nvme_hmb_attributes, member, how)
static const struct nvme_field hmb_fields[] = {
    HMB(hsize, DEC), HMB(hmdlal, HEX), HMB(hmdlau, HEX), HMB(hmdlec, DEC),
};

#define LATENCY(member, how) NVME_FIELD(struct nvme_predictable_latency, member, how)
static const struct nvme_field latency_fields[] = {
    LATENCY(enable_event, HEX), LATENCY(dtwin_reads, DEC), LATENCY(dtwin_writes, DEC),
    LATENCY(dtwin_time_ms, DEC),
};

static void show_ranges(struct show *s, const struct feature_answer *a)
{
    show_open_array(s, "ranges", NULL);
    for (unsigned i = 0; i <= (a->value & (NVME_LBA_RANGES_MAX - 1)); i++) {
        show_open_object(s, NULL, NULL);
        nvme_fields_show(s, range_fields, ARRAY_SIZE(range_fields),
                         a->data + i * sizeof(struct nvme_lba_range), false);
        show_close_object(s);
    }
    show_close_array(s);
}

static void show_transitions(struct show *s, const struct feature_answer *a, unsigned states)
{
    uint64_t table[NVME_APST_STATES];

    memcpy(table, a->data, sizeof(table));
    show_open_array(s, "transitions", NULL);
    for (unsigned i = 0; i < MIN(states, (unsigned)NVME_APST_STATES); i++) {
        uint64_t ms = FIELD_GET(NVME_APST_ITPT, table[i]);
        unsigned to = (unsigned)FIELD_GET(NVME_APST_ITPS, table[i]);

        show_open_object(s, NULL, NULL);
        show_title(s, "Entry[%2u]: Idle Time Prior to Transition (ITPT): %u ms, Idle Transition "
                   "Power State (ITPS): %u", i, (unsigned)ms, to);
        show_json_u64(s, "ITPT", ms);
        show_json_u64(s, "ITPS", to);
        show_close_object(s);
    }
    show_close_array(s);
}

static void show_timestamp(struct show *s, const struct feature_answer *a)
{
    uint64_t stamp;

    memcpy(&stamp, a->data, sizeof(stamp));
    uint64_t ms = FIELD_GET(NVME_TIMESTAMP_MS, stamp);
    bool was_set = FIELD_GET(NVME_TIMESTAMP_ORIGIN, stamp) == 1;
    bool stood = FIELD_GET(NVME_TIMESTAMP_SYNCH, stamp);
    show_number_as(s, "timestamp", NULL, ms, "%llu ms since %s", (unsigned long long)ms,
                   was_set ? "1970-01-01 UTC, if it was set so" : "the last reset");
    show_text(s, "origin", NULL, was_set ? "Set Features" : "reset");
    show_text(s, "synch", NULL, stood ? "may have stood still" : "has counted without a break");
}

static void show_data(struct show *s, const struct feature_answer *a, unsigned states)
{
    switch (a->fid) {
    case NVME_FEAT_LBA_RANGE_TYPE:
        show_ranges(s, a);
        break;
    case NVME_FEAT_AUTONOMOUS_POWER_STATE:
        show_transitions(s, a, states);
        break;
    case NVME_FEAT_HOST_MEMORY_BUFFER:
        nvme_fields_show(s, hmb_fields, ARRAY_SIZE(hmb_fields), a->data, false);
        break;
    case NVME_FEAT_TIMESTAMP:
        show_timestamp(s, a);
        break;
    case NVME_FEAT_PREDICTABLE_LATENCY_CONFIG:
        nvme_fields_show(s, latency_fields, ARRAY_SIZE(latency_fields), a->data, false);
        break;
    case NVME_FEAT_HOST_BEHAVIOR:
        show_u64(s, "Advanced Command Retry Enable (ACRE)", "ACRE", a->data[0]);
        break;
    case NVME_FEAT_HOST_IDENTIFIER: {
        const struct nvme_field id = {.name = "Host Identifier (HOSTID)", .key = "HOSTID",
                                      .width = (uint16_t)a->len, .format = NVME_FIELD_RAW};
        nvme_fields_show(s, &id, 1, a->data, false);
        break;
    }
    default:
        break;
    }
}

static void dump_data(struct show *s, const struct feature_answer *a)
{
    struct dump dump;

    dump_init(&dump, s->out, 0);
    dump_put(&dump, a->data, a->len);
    dump_end(&dump);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void show_capabilities(struct show *s, uint32_t value)
{
    static const char *const words[][2] = {
        {"saveable", "Feature is saveable"},
        {"namespace_specific", "Feature is namespace specific"},
        {"changeable", "Feature is changeable"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        show_json_u64(s, words[i][0], value >> i & 1);
        if (value >> i & 1) {
            show_title(s, "  %s", words[i][1]);
        }
    }
}

void feature_show(struct show *s, const struct feature_answer *answer, bool human,
                  unsigned states)
{
    const char *name = feature_name(answer->fid);
    const char *select = select_names[answer->select];
    char of_ns[24] = "";

    if (answer->nsid) {
        str_format(of_ns, sizeof(of_ns), ", namespace %#x", (unsigned)answer->nsid);
    }
    show_title(s, "get-feature:0x%02x (%s)%s, %s value:0x%08x", answer->fid, name, of_ns, select,
               (unsigned)answer->value);
    show_json_u64(s, "feature-id", answer->fid);
    show_json_text(s, "name", name);
    show_json_text(s, "select", select_keys[answer->select]);
    if (answer->nsid) {
        show_json_u64(s, "nsid", answer->nsid);
    }
    show_json_u64(s, "value", answer->value);
    if (answer->select == NVME_SELECT_SUPPORTED) {
        show_capabilities(s, answer->value);
        return;
    }
    show_fields(s, answer, human);
    if (answer->len && (human || s->json) && answer->info) {
        s->indent += 4;
        show_data(s, answer, states);
        s->indent -= 4;
    } else if (answer->len && !s->json) {
        dump_data(s, answer);
    }
}
