/*
 * boot/banner.c - what a person sees first: the machine and its disks.
 */
#include "boot/banner.h"

#include "apps/system/size_text.h"

#define CARILLON_VERSION "0.1"

#define VENDOR_INTEL   0x8086
#define CLASS_STORAGE  0x01
#define SUB_CLASS_RAID 0x04

static unsigned online_cpus(const struct machine *m)
{
    unsigned online = 0;

    for (unsigned i = 0; i < m->cpu_count(m->ctx); i++) {
        struct machine_cpu cpu;
        m->cpu_info(m->ctx, i, &cpu);
        online += cpu.online;
    }
    return online;
}

static void print_machine(const struct machine *m, const struct boot_info *info, struct out *out)
{
    unsigned online = online_cpus(m);
    unsigned listed = m->cpu_count(m->ctx);
    struct machine_memory memory;

    m->memory_info(m->ctx, &memory);
    out_printf(out, "\nCarillon " CARILLON_VERSION ": NVMe disks, measured and looked at\n");
    out_printf(out, "  CPU      %u of %u  %s\n", online, listed, m->cpu_model);
    out_printf(out, "  memory   %llu MiB\n", (unsigned long long)(memory.total_bytes / MIB));
    out_printf(out, "  firmware %s, loader %s\n", m->firmware,
               info->loader[0] ? info->loader : "unknown");
    out_printf(out, "  time     TSC %llu MHz by %s\n",
               (unsigned long long)((m->tsc_hz + 500000) / 1000000), m->tsc_source);
}

static void print_disks(const struct appliance *app, struct out *out)
{
    unsigned disks = 0;

    for (unsigned i = 0;; i++) {
        struct block_dev *dev = block_at(app->blocks, i);
        if (!dev) {
            break;
        }
        const struct block_info *disk = block_info(dev);
        if (disk->parent) {
            continue;
        }
        char size[SIZE_TEXT_BYTES];
        out_printf(out, "  disk     %-10s %s  %s%s%s\n", disk->name,
                   size_text_decimal(disk->block_count * disk->block_bytes, size, sizeof(size)),
                   disk->model, disk->serial[0] ? ", serial " : "", disk->serial);
        disks++;
    }
    if (disks == 0) {
        out_puts(out, "  disk     none\n");
    }
}

/* Intel's RAID modes take NVMe disks off the bus and hide them behind a controller of their own. */
static void print_hints(const struct appliance *app, struct out *out)
{
    if (app->ctrlr_count == 0) {
        out_puts(out, "No NVMe controller was found on the PCI bus.\n");
    }
    for (unsigned i = 0; i < app->pci->count; i++) {
        const struct pci_function *f = &app->pci->functions[i];
        if (f->vendor_id == VENDOR_INTEL && f->base_class == CLASS_STORAGE &&
            f->sub_class == SUB_CLASS_RAID) {
            out_printf(out,
                       "%02x:%02x.%x is an Intel RAID or VMD controller: NVMe disks may be hidden "
                       "behind it.\nTo see them, choose AHCI instead of RAID and switch VMD off in "
                       "the firmware's setup.\n(Windows on such a disk may not start after "
                       "that.)\n",
                       f->bus, f->dev, f->fn);
        }
    }
}

void banner_print(const struct appliance *app, const struct boot_info *info, struct out *out)
{
    print_machine(app->machine, info, out);
    print_disks(app, out);
    print_hints(app, out);
    out_puts(out, "Type 'help' for the commands. Disks are read-only until armed.\n\n");
}
