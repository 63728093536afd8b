/*
 * tests/model/host_appliance.h - a whole appliance in a test process: software NVMe controllers,
 * RAM disks, the shell, and what the shell said.
 *
 *     struct host_appliance *ha = host_appliance_create(NULL);      // one default drive, nvme0n1
 *     assert_int_equal(host_appliance_run(ha, "arm nvme0n1 CAR0001"), 0);
 *     assert_non_null(strstr(ha->text, "armed"));                   // the output of that line only
 *     host_appliance_destroy(ha);
 *
 * With more in it:
 *     struct model_config drives[2] = { model_default_config(), model_default_config() };
 *     drives[1].ns[0].lbads = 12;
 *     struct host_appliance_config cfg = host_appliance_default_config();
 *     cfg.drives = drives;
 *     cfg.drive_count = 2;             // nvme0, nvme1 (serials are yours to make different)
 *     cfg.ram_disk_blocks = 2048;      // ram0, 512-byte blocks
 *     cfg.cpus = 4;
 *
 * Fill a disk from outside: model_media_write(ha->hosts[0]->model, 1, byte_offset, buf, len), then
 * host_appliance_rescan(ha) to find partitions. The RAM disk: block_mem_data(ha->ram).
 * Break something: model_add_rule(ha->hosts[0]->model, &rule).
 * At the end host_appliance_destroy() fails the test process if a controller noted a violation or
 * memory was not given back; set ha->forgiving to look at that yourself.
 * Tests that use this link the apps layer: tests/unit/test_apps_*.c.
 */
#pragma once

#include "apps/appliance.h"
#include "apps/shell/shell.h"
#include "tests/model/host_machine.h"
#include "tests/model/host_platform.h"

#define HOST_MAX_DRIVES 8
#define HOST_TEXT_BYTES (1024 * 1024)

struct host_appliance_config {
    const struct model_config *drives; /* NULL: one of model_default_config() */
    unsigned drive_count;
    uint64_t ram_disk_blocks; /* 0: no RAM disk */
    uint32_t ram_disk_block_bytes;
    unsigned cpus;
    bool real_time;
    struct nvme_options nvme;
};
/* One default drive, no RAM disk, 1 CPU, virtual time, the driver's default options with 8 queue
 * pairs at most. */
struct host_appliance_config host_appliance_default_config(void);

struct host_appliance {
    struct appliance app;
    struct host_clock clock;
    struct host_machine machine;
    struct console console;
    struct shell shell;
    struct host_platform *hosts[HOST_MAX_DRIVES];
    struct block_dev *ram;
    struct out_buf out;
    size_t heap_before;
    bool forgiving;
    char text[HOST_TEXT_BYTES]; /* what the last line printed, terminated */
};

/* config NULL: the default. Never NULL: a failure to set up ends the test process. A drive that
 * does not attach is in app.ctrlrs with its error, as in the kernel. */
struct host_appliance *host_appliance_create(const struct host_appliance_config *config);
void host_appliance_destroy(struct host_appliance *ha);

/* Runs a line as shell_run_line does; text is what it printed. */
int host_appliance_run(struct host_appliance *ha, const char *line);

/* Types text at the console (host_appliance_run's commands see Ctrl-C in it at once). */
void host_appliance_type(struct host_appliance *ha, const char *text);

/* Reads the partition tables of all whole disks again. */
void host_appliance_rescan(struct host_appliance *ha);
