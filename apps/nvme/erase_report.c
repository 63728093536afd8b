/*
 * apps/nvme/erase_report.c - the certificate of an erasure.
 */
#include "apps/nvme/erase.h"
#include "apps/nvme/show.h"
#include "lib/errno.h"

static void show_machine(struct show *s, const struct machine *machine)
{
    const struct smbios_system *system = machine->system;

    if (system) {
        show_text(s, "Machine manufacturer", "machine_manufacturer", system->manufacturer);
        show_text(s, "Machine product", "machine_product", system->product);
        show_text(s, "Machine serial", "machine_serial", system->serial);
    }
}

static void show_drive(struct show *s, const struct erase *e)
{
    const struct nvme_info *info = nvme_info(e->target.ctrlr);
    uint64_t bytes = 0;

    for (unsigned i = 0; i < e->area_count; i++) {
        bytes += e->areas[i].bytes;
    }
    show_text(s, "Drive model", "model", info->model);
    show_text(s, "Drive serial", "serial", info->serial);
    show_text(s, "Drive firmware", "firmware", e->firmware);
    show_text(s, "Reached", "reached", e->target.name);
    show_u64(s, "Namespaces", "namespaces", e->area_count);
    show_u64(s, "Capacity in bytes", "capacity_bytes", bytes);
}

static void show_times(struct show *s, const struct erase *e)
{
    show_u64(s, "Seconds since power-on, begin", "begin_s", e->start_ns / NS_PER_S);
    show_u64(s, "Seconds since power-on, end", "end_s", e->end_ns / NS_PER_S);
    show_u64(s, "Drive's power-on hours, begin", "power_on_hours_begin", e->hours_before);
    show_u64(s, "Drive's power-on hours, end", "power_on_hours_end", e->hours_after);
}

static void show_area(struct show *s, const struct erase_area *a)
{
    show_open_object(s, NULL, NULL);
    show_title(s, "Namespace %u", (unsigned)a->nsid);
    show_json_u64(s, "nsid", a->nsid);
    show_u64(s, "  Samples", "samples", a->sample_count);
    show_u64(s, "  blank", "samples_blank", a->samples_blank);
    show_u64(s, "  changed", "samples_changed", a->samples_changed);
    show_u64(s, "  unreadable", "samples_unreadable", a->samples_unreadable);
    show_u64(s, "  as before", "samples_same", a->samples_same);
    show_u64(s, "  Blocks read by --verify", "blocks_read", a->read_blocks);
    show_u64(s, "  not blank", "blocks_not_blank", a->read_not_blank);
    show_u64(s, "  unreadable", "blocks_unreadable", a->read_unreadable);
    show_close_object(s);
}

static void show_certificate(struct show *s, const struct erase *e)
{
    const char *why;
    bool proven = erase_is_proven(e, &why);

    s->name_width = 32;
    show_machine(s, e->sh->app->machine);
    show_drive(s, e);
    show_text(s, "Method", "method", erase_methods[e->method].title);
    show_times(s, e);
    if (e->has_log) {
        show_hex(s, "Sanitize status (SSTAT)", "sstat", e->log.sstat);
        show_hex(s, "Sanitize progress (SPROG)", "sprog", e->log.sprog);
        show_hex(s, "Sanitize command (SCDW10)", "scdw10", e->log.scdw10);
    }
    show_hex(s, "Seed of the samples", "seed", e->seed);
    show_open_array(s, "verification", NULL);
    for (unsigned i = 0; i < e->area_count; i++) {
        show_area(s, &e->areas[i]);
    }
    show_close_array(s);
    if (!erase_methods[e->method].sanitize) {
        show_text(s, "Remark", "remark",
                  "areas that no command reaches (spare blocks) are left to the drive");
    }
    show_text_as(s, "Result", "result", proven ? "erased" : "not proven", "%s%s%s",
                 proven ? "ERASED" : "NOT PROVEN", why ? ": " : "", why ? why : "");
}

static void print_as(const struct erase *e, const char *format, const char *title)
{
    struct show s;

    out_printf(e->sh->out, "-----BEGIN ERASE CERTIFICATE%s-----\n", title);
    if (show_begin(&s, e->sh, e->command, format) == 0) {
        show_certificate(&s, e);
        show_end(&s);
    }
    out_printf(e->sh->out, "-----END ERASE CERTIFICATE%s-----\n", title);
}

void erase_print_certificate(const struct erase *e)
{
    print_as(e, "normal", "");
    print_as(e, "json", " JSON");
}
