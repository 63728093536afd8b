/*
 * tests/model/host_appliance.c - builds in a process what boot/kmain.c builds in the machine.
 */
#include "tests/model/host_appliance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/heap.h"

struct host_appliance_config host_appliance_default_config(void)
{
    struct host_appliance_config cfg = {
        .drive_count = 1,
        .ram_disk_block_bytes = 512,
        .cpus = 1,
        .nvme = nvme_default_options(),
    };
    cfg.nvme.max_io_qpairs = 8;
    cfg.nvme.io_entries = 256;
    return cfg;
}

static void add_drive(struct host_appliance *ha, unsigned index, const struct model_config *drive,
                      const struct nvme_options *opt)
{
    struct appliance_ctrlr *c = &ha->app.ctrlrs[index];

    ha->hosts[index] = host_platform_create(drive, &ha->clock);
    assert(ha->hosts[index]);
    str_format(c->name, sizeof(c->name), "nvme%u", index);
    c->err = nvme_attach(c->name, &ha->hosts[index]->plat, opt, &c->nvme);
    ha->app.ctrlr_count++;
    if (c->err == 0) {
        int added = block_nvme_add(ha->app.blocks, c->nvme);
        assert(added >= 0);
    }
}

struct host_appliance *host_appliance_create(const struct host_appliance_config *config)
{
    struct host_appliance_config cfg = config ? *config : host_appliance_default_config();
    struct model_config one = model_default_config();
    struct host_appliance *ha = calloc(1, sizeof(*ha));

    assert(ha);
    assert(cfg.drive_count <= HOST_MAX_DRIVES);
    ha->heap_before = heap_used_bytes();
    host_clock_init(&ha->clock, cfg.real_time);
    ha->clock.query_ns = 500;
    host_machine_init(&ha->machine, &ha->clock, cfg.cpus);
    console_init(&ha->console);
    ha->app.machine = &ha->machine.machine;
    ha->app.console = &ha->console;
    int err = block_registry_create(&ha->app.blocks);
    assert(err == 0);
    for (unsigned i = 0; i < cfg.drive_count; i++) {
        add_drive(ha, i, cfg.drives ? &cfg.drives[i] : &one, &cfg.nvme);
    }
    if (cfg.ram_disk_blocks) {
        err = block_mem_create(ha->app.blocks, "ram0", cfg.ram_disk_blocks,
                               cfg.ram_disk_block_bytes, NULL, &ha->ram);
        assert(err == 0);
    }
    host_appliance_rescan(ha);
    err = fs_create(ha->app.blocks, &ha->app.fs);
    assert(err == 0);
    appliance_watch_events(&ha->app);
    out_buf_init(&ha->out, ha->text, sizeof(ha->text));
    shell_init(&ha->shell, &ha->app, &ha->out.out);
    return ha;
}

static void complain(const struct host_appliance *ha, unsigned index, bool *bad)
{
    const struct host_platform *hp = ha->hosts[index];
    const char *what;

    for (unsigned i = 0; (what = model_violation(hp->model, i)); i++) {
        fprintf(stderr, "nvme%u: violation: %s\n", index, what);
        *bad = true;
    }
    if (hp->live) {
        fprintf(stderr, "nvme%u: %u DMA buffers were not given back\n", index, hp->live);
        *bad = true;
    }
}

void host_appliance_destroy(struct host_appliance *ha)
{
    bool bad = false;

    host_machine_fini(&ha->machine);
    fs_destroy(ha->app.fs);
    block_registry_destroy(ha->app.blocks);
    for (unsigned i = 0; i < ha->app.ctrlr_count; i++) {
        nvme_detach(ha->app.ctrlrs[i].nvme);
    }
    for (unsigned i = 0; i < HOST_MAX_DRIVES && ha->hosts[i]; i++) {
        complain(ha, i, &bad);
        host_platform_destroy(ha->hosts[i]);
    }
    if (heap_used_bytes() != ha->heap_before) {
        fprintf(stderr, "heap: %zu bytes before, %zu after\n", ha->heap_before, heap_used_bytes());
        bad = true;
    }
    if (bad && !ha->forgiving) {
        abort();
    }
    free(ha);
}

int host_appliance_run(struct host_appliance *ha, const char *line)
{
    out_buf_init(&ha->out, ha->text, sizeof(ha->text));
    return shell_run_line(&ha->shell, line);
}

void host_appliance_type(struct host_appliance *ha, const char *text)
{
    for (; *text; text++) {
        console_input(&ha->console, (uint8_t)*text);
    }
}

void host_appliance_rescan(struct host_appliance *ha)
{
    struct block_dev *dev;

    for (unsigned i = 0; (dev = block_at(ha->app.blocks, i)); i++) {
        if (!block_info(dev)->parent) {
            int scheme = partition_scan(ha->app.blocks, dev);
            (void)scheme; /* an unreadable disk has no partitions */
        }
    }
}
