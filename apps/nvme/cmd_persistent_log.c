/*
 * apps/nvme/cmd_persistent_log.c - `nvme persistent-event-log`: the drive's history (NVMe 1.4
 * §5.14.1.13). Every length in it comes from the drive and is checked.
 */
#include "apps/nvme/logs.h"
#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/printable.h"
#include "lib/string.h"

#define BYTES_MAX  (4 * 1024 * 1024)
#define NAME_WIDTH 24

enum { OPT_ACTION, OPT_LEN, OPT_RAW, OPT_OUTPUT };
static const struct shell_option options[] = {
    [OPT_ACTION] = {"action", 'a', SHELL_NUMBER, 2,
                    "0 read, 1 establish a context and read, 2 release it"},
    [OPT_LEN] = {"log_len", 'l', SHELL_NUMBER, BYTES_MAX, "bytes at most, default all"},
    [OPT_RAW] = {"raw-binary", 'b', SHELL_FLAG, 0, "the bytes instead of the events"},
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static const char *event_name(uint8_t type)
{
    static const char *const names[] = {
        [NVME_PEVENT_SMART] = "SMART / Health Log Snapshot",
        [NVME_PEVENT_FIRMWARE_COMMIT] = "Firmware Commit",
        [NVME_PEVENT_TIMESTAMP] = "Timestamp Change",
        [NVME_PEVENT_POWER_ON] = "Power-on or Reset",
        [NVME_PEVENT_HARDWARE_ERROR] = "NVM Subsystem Hardware Error",
        [NVME_PEVENT_NAMESPACE] = "Change Namespace",
        [NVME_PEVENT_FORMAT_START] = "Format NVM Start",
        [NVME_PEVENT_FORMAT_DONE] = "Format NVM Completion",
        [NVME_PEVENT_SANITIZE_START] = "Sanitize Start",
        [NVME_PEVENT_SANITIZE_DONE] = "Sanitize Completion",
        [NVME_PEVENT_SET_FEATURE] = "Set Feature",
        [NVME_PEVENT_TELEMETRY] = "Telemetry Log Create",
        [NVME_PEVENT_THERMAL] = "Thermal Excursion",
    };

    if (type < ARRAY_SIZE(names) && names[type]) {
        return names[type];
    }
    return type == NVME_PEVENT_VENDOR ? "Vendor Specific"
           : type == NVME_PEVENT_TCG ? "TCG Defined" : "reserved";
}

/* The fields of an event's data that tell the most; len bytes are there. */
static void show_data(struct show *s, uint8_t type, const uint8_t *data, size_t len)
{
    char text[9];

    if (type == NVME_PEVENT_POWER_ON && len >= 8) {
        str_copy_field(text, sizeof(text), data, 8);
        show_text(s, "Firmware Revision", "firmware_revision", text);
    } else if (type == NVME_PEVENT_FIRMWARE_COMMIT && len >= 16) {
        str_copy_field(text, sizeof(text), data, 8);
        show_text(s, "Old Firmware Revision", "old_firmware_revision", text);
        str_copy_field(text, sizeof(text), data + 8, 8);
        show_text(s, "New Firmware Revision", "new_firmware_revision", text);
    } else if (type == NVME_PEVENT_FORMAT_START && len >= 12) {
        show_hex(s, "Namespace Identifier", "nsid", load_le32(data));
        show_hex(s, "Format NVM CDW10", "cdw10", load_le32(data + 8));
    } else if (type == NVME_PEVENT_FORMAT_DONE && len >= 12) {
        show_hex(s, "Namespace Identifier", "nsid", load_le32(data));
        show_hex(s, "Status Field", "status_field", load_le16(data + 8));
    } else if (type == NVME_PEVENT_SANITIZE_START && len >= 8) {
        show_hex(s, "Sanitize CDW10", "cdw10", load_le32(data + 4));
    } else if (type == NVME_PEVENT_SANITIZE_DONE && len >= 4) {
        show_hex(s, "Sanitize Progress", "sprog", load_le16(data));
        show_hex(s, "Sanitize Status", "sstat", load_le16(data + 2));
    } else if (type == NVME_PEVENT_SET_FEATURE && len >= 8) {
        show_hex(s, "Set Features CDW10", "cdw10", load_le32(data + 4));
    } else if (type == NVME_PEVENT_SMART && len >= sizeof(struct nvme_smart_log)) {
        show_hex(s, "Critical Warning", "critical_warning", data[0]);
        nvme_show_temperature(s, "Temperature", "temperature", load_le16(data + 1));
    } else if (type == NVME_PEVENT_THERMAL && len >= 2) {
        show_u64(s, "Over Temperature", "over_temperature", data[0]);
        show_u64(s, "Threshold", "threshold", data[1]);
    }
}

/* One event; what it says of its own length is inside room. Returns how many bytes it is, 0 when it
 * makes no sense or is cut off. */
static size_t show_event(struct show *s, unsigned index, const uint8_t *at, size_t room)
{
    struct nvme_persistent_event e;
    char title[32];

    if (room < sizeof(e)) {
        return 0;
    }
    memcpy(&e, at, sizeof(e));
    size_t head = (size_t)e.header_bytes + 3, total = head + e.bytes;
    if (head < sizeof(e) || total > room || e.vendor_bytes > e.bytes) {
        return 0;
    }
    str_format(title, sizeof(title), "Event Number: %u", index);
    show_open_object(s, NULL, title);
    show_number_as(s, "Event Type Field", "event_type", e.type, "%#x (%s)", e.type,
                   event_name(e.type));
    show_json_text(s, "event_name", event_name(e.type));
    show_u64(s, "Event Type Revision", "event_type_revision", e.revision);
    show_u64(s, "Event Timestamp (ms)", "event_time_stamp",
             load_le64(e.timestamp) & NVME_PERSISTENT_TIMESTAMP);
    show_hex(s, "Controller Identifier", "ctrl_id", e.cntlid);
    show_u64(s, "Vendor Bytes", "vs_info_length", e.vendor_bytes);
    show_u64(s, "Event Length", "event_length", e.bytes);
    show_data(s, e.type, at + head + e.vendor_bytes, (size_t)e.bytes - e.vendor_bytes);
    show_close_object(s);
    return total;
}

static void show_header(struct show *s, const struct nvme_persistent_header *h)
{
    char text[41];

    s->name_width = NAME_WIDTH;
    show_u64(s, "Total Number of Events", "total_number_of_events", h->events);
    show_u64(s, "Total Log Length", "total_log_length", h->bytes);
    show_u64(s, "Log Revision", "log_revision", h->revision);
    show_u64(s, "Timestamp (ms)", "timestamp",
             load_le64(h->timestamp) & NVME_PERSISTENT_TIMESTAMP);
    show_u128(s, "Power On Hours (POH)", "power_on_hours", h->power_on_hours);
    show_u64(s, "Power Cycle Count", "power_cycle_count", load_le64(h->power_cycles));
    show_hex(s, "PCI Vendor Id (VID)", "pci_vendor_id", h->vid);
    str_copy_field(text, sizeof(text), (const uint8_t *)h->sn, sizeof(h->sn));
    show_text(s, "Serial Number (SN)", "serial_number", text);
    str_copy_field(text, sizeof(text), (const uint8_t *)h->mn, sizeof(h->mn));
    show_text(s, "Model Number (MN)", "model_number", text);
}

static void show_events(struct show *s, const struct nvme_persistent_header *h,
                        const uint8_t *events, size_t len)
{
    size_t at = 0, step;
    unsigned shown = 0;

    show_open_array(s, "list_of_event_entries", "Persistent Event Entries:");
    while (shown < h->events && at < len &&
           (step = show_event(s, shown, events + at, len - at)) != 0) {
        at += step;
        shown++;
    }
    show_close_array(s);
    if (shown < h->events) {
        show_title(s, "%u of %u events are shown: the rest was not read, or makes no sense", shown,
                   (unsigned)h->events);
    }
}

/* Everything behind the header, at most what was asked for; *len 0: there is nothing. */
static int read_events(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                       const struct nvme_persistent_header *h, void **events, size_t *len)
{
    const struct shell_value *limit = &sh->values[OPT_LEN];
    uint64_t most = MIN(h->bytes, limit->given ? limit->number : (uint64_t)BYTES_MAX);
    const struct nvme_log_request req = {
        .lid = NVME_LOG_PERSISTENT_EVENT, .nsid = NVME_NSID_ALL, .offset = sizeof(*h)};

    *len = most > sizeof(*h) ? (size_t)(most - sizeof(*h)) : 0;
    return *len ? nvme_log_get(sh, command, ctrlr, &req, ALIGN_UP(*len, (size_t)4), events) : 0;
}

static int report(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, struct show *s,
                  const struct nvme_persistent_header *h)
{
    void *events = NULL;
    size_t len;
    int err = read_events(sh, command, ctrlr, h, &events, &len);

    if (err) {
        return err;
    }
    show_title(s, "Persistent Event Log for device: %s", nvme_name(ctrlr));
    show_header(s, h);
    if (sh->values[OPT_RAW].given) {
        nvme_log_show_bytes(s, events, len, sizeof(*h));
    } else {
        show_events(s, h, events, len);
    }
    show_end(s);
    heap_free(events);
    return 0;
}

static int persistent_log_run(struct shell *sh, int argc, char **argv)
{
    const struct shell_value *action = &sh->values[OPT_ACTION];
    enum nvme_persistent_lsp lsp =
        action->given ? (enum nvme_persistent_lsp)action->number : NVME_PERSISTENT_ESTABLISH;
    struct nvme_persistent_header head;
    struct nvme_result res;
    struct nvme_target t;
    struct show s;

    (void)argc;
    int err = nvme_find_target(sh, argv[0], argv[1], NULL, &t);
    err = err ? err : show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    err = nvme_log_persistent(t.ctrlr, lsp, &head, &res);
    if (err) {
        return nvme_log_fail(sh, argv[0], t.ctrlr, NVME_LOG_PERSISTENT_EVENT, NVME_NSID_ALL, err,
                             &res);
    }
    if (lsp == NVME_PERSISTENT_RELEASE) {
        show_title(&s, "The reporting context of %s was released.", nvme_name(t.ctrlr));
        show_json_u64(&s, "released", 1);
        show_end(&s);
        return 0;
    }
    err = report(sh, argv[0], t.ctrlr, &s, &head);
    if (!action->given) {
        int released = nvme_log_persistent(t.ctrlr, NVME_PERSISTENT_RELEASE, NULL, NULL);

        err = err ? err : released;
    }
    return err;
}

const struct shell_cmd nvme_cmd_persistent_event_log = {
    .name = "persistent-event-log",
    .usage = "nvme persistent-event-log CTRL [-a 0|1|2] [-l BYTES] [-b] [-o json]",
    .summary = "the drive's history: power, formats, sanitizes, firmware, errors",
    .details = "Without -a a reporting context is established, read and released; with -a 1 it\n"
               "stays until -a 2 or a reset, and -a 0 reads it again. The newest event first.\n",
    .example = "nvme persistent-event-log nvme0",
    .complete = COMPLETE_CTRLR,
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = persistent_log_run,
};
