/*
 * apps/system/cmd_lspci.c - `lspci`: every PCI function that was found, with its address ranges
 * and its link.
 */
#include "apps/commands.h"
#include "apps/system/size_text.h"
#include "lib/errno.h"

static void print_bar(struct out *out, unsigned index, const struct pci_bar *bar)
{
    char size[SIZE_TEXT_BYTES];

    out_printf(out, "        BAR%u  ", index);
    if (bar->addr == 0) {
        out_puts(out, "not assigned by the firmware, ");
    } else {
        out_printf(out, "0x%0*llx, ", bar->kind == PCI_BAR_IO ? 4 : 8,
                   (unsigned long long)bar->addr);
    }
    out_printf(out, "%s, %s%s\n", size_text_binary(bar->bytes, size, sizeof(size)),
               bar->kind == PCI_BAR_IO      ? "I/O ports"
               : bar->kind == PCI_BAR_MEM64 ? "64-bit memory"
                                            : "32-bit memory",
               bar->prefetchable ? ", prefetchable" : "");
}

/* "2.5 GT/s x4", "8 GT/s x16" */
static void print_link_state(struct out *out, unsigned speed_mtps, unsigned width)
{
    if (speed_mtps == 0) {
        out_puts(out, "unknown speed");
    } else if (speed_mtps % 1000 == 0) {
        out_printf(out, "%u GT/s", speed_mtps / 1000);
    } else {
        out_printf(out, "%.1f GT/s", (double)speed_mtps / 1000);
    }
    out_printf(out, " x%u", width);
}

static void print_link(struct out *out, const struct pci_function *f)
{
    struct pci_link link;

    pci_link_info(f, &link);
    if (!link.present) {
        return;
    }
    out_puts(out, "        link  ");
    if (link.width == 0) {
        out_puts(out, "down");
    } else {
        print_link_state(out, link.speed_mtps, link.width);
    }
    out_puts(out, ", at most ");
    print_link_state(out, link.speed_max_mtps, link.width_max);
    if (link.width > 0 && (link.speed_mtps < link.speed_max_mtps || link.width < link.width_max)) {
        out_puts(out, " (runs below what it can)");
    }
    out_puts(out, "\n");
}

/* Which of our drivers has the function, or why none has. */
static void print_driver(struct out *out, const struct appliance *app, const struct pci_function *f)
{
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        const struct appliance_ctrlr *ctrlr = &app->ctrlrs[i];
        const struct pci_function *pci = ctrlr->pci;
        if (!pci || pci->bus != f->bus || pci->dev != f->dev || pci->fn != f->fn) {
            continue;
        }
        out_printf(out, "  [%s%s%s]", ctrlr->name, ctrlr->nvme ? "" : ": ",
                   ctrlr->nvme ? "" : errno_text(ctrlr->err));
    }
}

static void print_function(struct out *out, const struct appliance *app,
                           const struct pci_function *f)
{
    out_printf(out, "%02x:%02x.%x  %04x:%04x  %s", f->bus, f->dev, f->fn, f->vendor_id,
               f->device_id, pci_class_name(f->base_class, f->sub_class, f->prog_if));
    if (f->bridge && f->secondary_bus == 0) {
        out_puts(out, ", not configured by the firmware");
    } else if (f->bridge) {
        out_printf(out, " to bus %02x-%02x", f->secondary_bus, f->subordinate_bus);
    }
    print_driver(out, app, f);
    out_puts(out, "\n");
    for (unsigned i = 0; i < ARRAY_SIZE(f->bar); i++) {
        if (f->bar[i].kind != PCI_BAR_NONE) {
            print_bar(out, i, &f->bar[i]);
        }
    }
    print_link(out, f);
}

static int lspci_run(struct shell *sh, int argc, char **argv)
{
    const struct pci_bus *bus = sh->app->pci;

    (void)argc;
    (void)argv;
    if (!bus || bus->count == 0) {
        out_puts(sh->out, "No PCI function was found.\n");
        return 0;
    }
    for (unsigned i = 0; i < bus->count; i++) {
        if (shell_interrupted(sh)) {
            return -EINTR;
        }
        print_function(sh->out, sh->app, &bus->functions[i]);
    }
    return 0;
}

const struct shell_cmd cmd_lspci = {
    .name = "lspci",
    .usage = "lspci",
    .summary = "show PCI functions, their address ranges and links",
    .details = "Each function is shown as BUS:DEVICE.FUNCTION, VENDOR:DEVICE and what its class "
               "code stands for,\n"
               "in brackets the controller name it has here. Links: the speed and lanes in use "
               "now, and the most\n"
               "that the function itself can do.\n",
    .example = "lspci",
    .run = lspci_run,
};
