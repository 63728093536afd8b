/*
 * tests/unit/hotplug_world.h - software controllers at places of a made-up PCI bus, under the
 * shell: two sit on the root bus, a port has an empty slot. They come and go as a test wants.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apps/hotplug/hotplug.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "tests/model/host_appliance.h"
#include "tests/unit/fake_pci.h"

#define NVME_CLASS 0x01080202
#define NVME_ID    0x00101b36
#define PORT_CAP   0x40
#define PORT_SLOT  ((PORT_CAP + PCI_EXP_SLOT_CONTROL) / 4)
#define PORT_LINK  ((PORT_CAP + PCI_EXP_LINK_CONTROL) / 4)
#define STATUS(bits) ((uint32_t)(bits) << 16)
#define SLOT_OFF   (uint32_t)PCI_EXP_SLOT_CONTROL_POWER_OFF

static struct host_appliance *ha;
static struct fake_pci pci;
static struct pci_bus bus;
static struct rangeset holes;
static struct model_config next_drive; /* what the next controller that is attached is */
static unsigned drives;                /* ha->hosts in use */
static unsigned attaches, detaches, ejects;
static bool asked[32]; /* by device on the root bus: its removal */
static char messages[256 * 1024];

/* --- the machine ------------------------------------------------------------------------------ */

static inline bool accepts(const struct pci_function *f)
{
    return f->base_class == 1 && f->sub_class == 8;
}

static inline int attach(void *ctx, const char *name, const struct pci_function *f,
                  struct nvme_ctrlr **out)
{
    struct nvme_options opt = nvme_default_options();

    assert_null(ctx);
    assert_true(f->bar[0].addr != 0);
    attaches++;
    opt.max_io_qpairs = 2;
    opt.io_entries = 64;
    assert_true(drives < HOST_MAX_DRIVES);
    ha->hosts[drives] = host_platform_create(&next_drive, &ha->clock);
    return nvme_attach(name, &ha->hosts[drives++]->plat, &opt, out);
}

static inline void detach(void *ctx, struct nvme_ctrlr *nvme)
{
    assert_null(ctx);
    detaches++;
    nvme_detach(nvme);
}

static inline bool slot_asks(void *ctx, const struct pci_function *f)
{
    assert_null(ctx);
    return f->bus == 0 && asked[f->dev];
}

/* The function at a place of the bus vanishes. */
static inline void pull(uint8_t number, uint8_t dev)
{
    for (unsigned i = 0; i < pci.count; i++) {
        if (pci.functions[i].bus == number && pci.functions[i].dev == dev) {
            pci.functions[i] = pci.functions[--pci.count];
            return;
        }
    }
    fail_msg("nothing at %02x:%02x", number, dev);
}

static inline int slot_eject(void *ctx, const struct pci_function *f)
{
    assert_null(ctx);
    if (f->bus != 0) {
        return -ENOTSUP;
    }
    ejects++;
    asked[f->dev] = false;
    pull(f->bus, f->dev);
    return 0;
}

static inline struct fake_function *put(uint8_t number, uint8_t dev, uint32_t addr)
{
    struct fake_function *f = fake_add(&pci, number, dev, 0, NVME_ID, NVME_CLASS);

    f->reg[PCI_COMMAND / 4] = 0;
    fake_bar64(f, 0, addr, 16384);
    return f;
}

static inline struct fake_function *port(void)
{
    return fake_find(&pci, 0, 3, 0);
}

static inline void add_port(void)
{
    struct fake_function *f = fake_add(&pci, 0, 3, 0, 0x000c1b36, 0x06040000);

    f->reg[PCI_HEADER / 4] = PCI_HEADER_TYPE_BRIDGE << 16;
    f->reg[PCI_BUS_NUMBERS / 4] = 0x00010100;
    f->reg[PCI_MEMORY / 4] = 0xfe50fe40;
    fake_cap(f, PORT_CAP, PCI_CAP_ID_PCIE, 0x0142);
    f->reg[(PORT_CAP + PCI_EXP_LINK_CAP) / 4] = PCI_EXP_LINK_CAP_ACTIVE;
    f->reg[(PORT_CAP + PCI_EXP_SLOT_CAP) / 4] = 7 << 19 | 0x7b;
    f->reg[PORT_SLOT] = 0x03c0 | SLOT_OFF;
    f->writable[PORT_SLOT] = 0xffff;
    f->clear_by_one[PORT_SLOT] = STATUS(0x011f);
    f->set_by_write[PORT_SLOT] = STATUS(PCI_EXP_SLOT_STATUS_COMPLETED);
}

static inline void start(unsigned cpus, bool any_place)
{
    struct model_config two[2] = {model_default_config(), model_default_config()};
    struct host_appliance_config cfg = host_appliance_default_config();
    struct pci_access access = fake_access(&pci);

    two[0].serial = "AAA";
    two[1].serial = "BBB";
    cfg.drives = two;
    cfg.drive_count = drives = 2;
    cfg.cpus = cpus;
    ha = host_appliance_create(&cfg);
    add_port();
    put(0, 5, 0xfebf8000);
    put(0, 6, 0xfebfc000);
    assert_int_equal(pci_scan(&bus, &access), 0);
    ha->app.pci = &bus;
    for (unsigned i = 0; i < 2; i++) {
        struct appliance_ctrlr *c = &ha->app.ctrlrs[i];

        c->function = *pci_bus_find(&bus, 0, (uint8_t)(5 + i), 0);
        c->pci = &c->function;
    }
    rangeset_add(&holes, 0xe0000000, 0xfec00000);
    const struct hotplug_ops ops = {.accepts = accepts, .attach = attach, .detach = detach,
                                    .slot_asks = slot_asks, .slot_eject = slot_eject,
                                    .holes = &holes, .any_place = any_place};
    assert_int_equal(hotplug_create(&ha->app, &ops), 0);
}

static inline int set_up(void **state)
{
    (void)state;
    log_reset();
    memset(&pci, 0, sizeof(pci));
    memset(&holes, 0, sizeof(holes));
    memset(asked, 0, sizeof(asked));
    attaches = detaches = ejects = 0;
    next_drive = model_default_config();
    next_drive.serial = "CCC";
    start(1, true);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    hotplug_destroy(&ha->app);
    pci_release(&bus);
    host_appliance_destroy(ha);
    return 0;
}

static inline void restart(unsigned cpus, bool any_place)
{
    tear_down(NULL);
    memset(&pci, 0, sizeof(pci));
    memset(&holes, 0, sizeof(holes));
    start(cpus, any_place);
}

/* --- what tests do ---------------------------------------------------------------------------- */

/* The shell has nothing to do for so long. */
static inline void idle(uint64_t ns)
{
    uint64_t until_ns = host_clock_peek(&ha->clock) + ns;

    while (host_clock_peek(&ha->clock) < until_ns) {
        appliance_settle(&ha->app);
        host_clock_run_until(&ha->clock, host_clock_peek(&ha->clock) + 50 * NS_PER_MS);
    }
}

static inline void pull_out(unsigned host, uint8_t number, uint8_t dev)
{
    model_unplug(ha->hosts[host]->model, host % 2);
    pull(number, dev);
}

static inline unsigned times_said(const char *text)
{
    unsigned count = 0;
    struct out_buf ob;

    out_buf_init(&ob, messages, sizeof(messages));
    log_dump(&ob.out);
    for (const char *at = messages; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

static inline void said(const char *text, unsigned times)
{
    if (times_said(text) != times) {
        fail_msg("\"%s\" was said %u times, not %u:\n%s", text, times_said(text), times, messages);
    }
}

static inline void run(const char *line, int expected, const char *text)
{
    int err = host_appliance_run(ha, line);

    if (err != expected || (text && !strstr(ha->text, text))) {
        fail_msg("`%s` gave %d, expected %d and \"%s\":\n%s", line, err, expected,
                 text ? text : "", ha->text);
    }
}

static inline void gives_nothing_to(unsigned host)
{
    assert_int_equal(ha->hosts[host]->live, 0);
    assert_int_equal(ha->hosts[host]->attached, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
