/*
 * apps/nvme/cmd_list.c - `list`: the NVMe namespaces, in the shape of `nvme list`, with the PCI
 * address in place of the second device node.
 */
#include "apps/commands.h"
#include "apps/nvme/commands.h"
#include "apps/nvme/show.h"
#include "apps/system/size_text.h"
#include "lib/errno.h"

#define RULE "----------------------------------------"

#define PCI_VENDOR_INTEL  0x8086
#define PCI_CLASS_STORAGE 0x01
#define PCI_SUB_RAID      0x04

enum { OPT_OUTPUT };
static const struct shell_option options[] = {
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {0},
};

static void print_heading(struct out *out)
{
    out_printf(out, "%-16s %-8s %-20s %-40s %-10s %-24s %-16s %s\n", "Node", "PCI", "SN", "Model",
               "Namespace", "Usage", "Format", "FW Rev");
    out_printf(out, "%.16s %.8s %.20s %.40s %.10s %.24s %.16s %.8s\n", RULE, RULE, RULE, RULE, RULE,
               RULE, RULE, RULE);
}

/* "512   B +  0 B": data and metadata of a block. */
static void format_block(const struct nvme_ns *ns, char *buf, size_t cap)
{
    bool kib = ns->block_bytes % KIB == 0;

    str_format(buf, cap, "%3u %3s + %2u B",
               (unsigned)(kib ? ns->block_bytes / KIB : ns->block_bytes), kib ? "KiB" : "B",
               (unsigned)ns->metadata_bytes);
}

static void print_namespace(struct out *out, const struct appliance_ctrlr *ctrlr,
                            const struct nvme_ns *ns)
{
    const struct nvme_info *info = nvme_info(ctrlr->nvme);
    char node[BLOCK_NAME_BYTES], pci[12] = "-", nsid[12], block[24], usage[2 * SIZE_TEXT_BYTES + 4];
    char used[SIZE_TEXT_BYTES], size[SIZE_TEXT_BYTES];

    str_format(node, sizeof(node), "%sn%u", ctrlr->name, (unsigned)ns->nsid);
    if (ctrlr->pci) {
        str_format(pci, sizeof(pci), "%02x:%02x.%x", ctrlr->pci->bus, ctrlr->pci->dev,
                   ctrlr->pci->fn);
    }
    str_format(nsid, sizeof(nsid), "%#x", (unsigned)ns->nsid);
    size_text_decimal(ns->used_blocks * ns->block_bytes, used, sizeof(used));
    size_text_decimal(ns->block_count * ns->block_bytes, size, sizeof(size));
    str_format(usage, sizeof(usage), "%s / %s", used, size);
    format_block(ns, block, sizeof(block));
    out_printf(out, "%-16s %-8s %-20s %-40s %-10s %-24s %-16s %s\n", node, pci, info->serial,
               info->model, nsid, usage, block, info->firmware);
}

/* What the table cannot show: why something is missing from it, or cannot be used. */
static void print_remarks(struct out *out, const struct appliance_ctrlr *ctrlr)
{
    if (!ctrlr->nvme) {
        out_printf(out, "%s did not come up: %s ('dmesg' tells more)\n", ctrlr->name,
                   errno_text(ctrlr->err));
        return;
    }
    if (nvme_failed(ctrlr->nvme)) {
        out_printf(out, "%s has failed ('dmesg' tells more)\n", ctrlr->name);
    }
    if (nvme_ns_count(ctrlr->nvme) == 0) {
        out_printf(out, "%s (serial %s) has no active namespace\n", ctrlr->name,
                   nvme_info(ctrlr->nvme)->serial);
    }
    for (unsigned i = 0; i < nvme_ns_count(ctrlr->nvme); i++) {
        const struct nvme_ns *ns = nvme_ns_at(ctrlr->nvme, i);
        if (!ns->usable) {
            out_printf(out, "%sn%u cannot be used: %s\n", ctrlr->name, (unsigned)ns->nsid,
                       ns->unusable_why ? ns->unusable_why : "unknown format");
        }
    }
}

/* Intel's RAID mode and VMD are functions of class RAID that keep NVMe disks to themselves. */
static void print_no_controller(struct out *out, const struct pci_bus *bus)
{
    out_puts(out, "No NVMe controller was found.\n");
    for (unsigned i = 0; bus && i < bus->count; i++) {
        const struct pci_function *f = &bus->functions[i];
        if (f->vendor_id == PCI_VENDOR_INTEL && f->base_class == PCI_CLASS_STORAGE &&
            f->sub_class == PCI_SUB_RAID) {
            out_printf(out,
                       "The RAID controller %02x:%02x.%x may hide NVMe disks: in the firmware's "
                       "setup choose AHCI,\nor switch VMD off. An installed Windows may then not "
                       "start until that is undone.\n",
                       f->bus, f->dev, f->fn);
        }
    }
}

/* The members of nvme-cli's JSON, but for the path of a device node that there is none of. */
static void list_json(struct show *s, const struct appliance *app)
{
    char path[BLOCK_NAME_BYTES + 8];

    show_open_array(s, "Devices", NULL);
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        struct nvme_ctrlr *ctrlr = app->ctrlrs[i].nvme;

        for (unsigned j = 0; ctrlr && j < nvme_ns_count(ctrlr); j++) {
            const struct nvme_ns *ns = nvme_ns_at(ctrlr, j);

            str_format(path, sizeof(path), "/dev/%sn%u", app->ctrlrs[i].name, (unsigned)ns->nsid);
            show_open_object(s, NULL, NULL);
            show_json_u64(s, "NameSpace", ns->nsid);
            show_json_text(s, "DevicePath", path);
            show_json_text(s, "Firmware", nvme_info(ctrlr)->firmware);
            show_json_text(s, "ModelNumber", nvme_info(ctrlr)->model);
            show_json_text(s, "SerialNumber", nvme_info(ctrlr)->serial);
            show_json_u64(s, "UsedBytes", ns->used_blocks * ns->block_bytes);
            show_json_u64(s, "MaximumLBA", ns->block_count);
            show_json_u64(s, "PhysicalSize", ns->block_count * ns->block_bytes);
            show_json_u64(s, "SectorSize", ns->block_bytes);
            show_close_object(s);
        }
    }
    show_close_array(s);
    show_end(s);
}

static int list_run(struct shell *sh, int argc, char **argv)
{
    const struct appliance *app = sh->app;
    struct show s;

    (void)argc;
    int err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    if (s.json) {
        list_json(&s, app);
        return 0;
    }
    if (app->ctrlr_count == 0) {
        print_no_controller(sh->out, app->pci);
        return 0;
    }
    print_heading(sh->out);
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        const struct appliance_ctrlr *ctrlr = &app->ctrlrs[i];
        for (unsigned j = 0; ctrlr->nvme && j < nvme_ns_count(ctrlr->nvme); j++) {
            print_namespace(sh->out, ctrlr, nvme_ns_at(ctrlr->nvme, j));
        }
    }
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        print_remarks(sh->out, &app->ctrlrs[i]);
    }
    return 0;
}

#define LIST_SUMMARY "list the NVMe namespaces"
#define LIST_DETAILS                                                                               \
    "Usage is what the namespace says it uses of its size (powers of 1000); Format is\n"           \
    "the size of a logical block and of its metadata. A controller that did not come up\n"         \
    "has a line below the table.\n"

const struct shell_cmd cmd_list = {
    .name = "list",
    .usage = "list [-o json]",
    .summary = LIST_SUMMARY,
    .details = LIST_DETAILS,
    .example = "list",
    .options = options,
    .run = list_run,
};

/* The same command where people who know nvme-cli look for it. */
const struct shell_cmd nvme_cmd_list = {
    .name = "list",
    .usage = "nvme list [-o json]",
    .summary = LIST_SUMMARY,
    .details = LIST_DETAILS,
    .example = "nvme list -o json",
    .options = options,
    .run = list_run,
};
