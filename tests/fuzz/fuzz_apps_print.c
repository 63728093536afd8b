/*
 * tests/fuzz/fuzz_apps_print.c - every command that shows what a drive says, on a drive that says
 * anything: identify data, log pages, features, reports.
 *
 * The first byte chooses the command, the rest is the drive's answers. Whatever they are, a person
 * gets printable UTF-8 and no escape sequences, and who asked for JSON gets one valid value.
 */
#include <stdio.h>
#include <stdlib.h>

#include "apps/appliance.h"
#include "apps/shell/shell.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/assert.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/utf8.h"
#include "tests/fuzz/device.h"
#include "tests/fuzz/json_check.h"
#include "tests/model/host_machine.h"

#define TEXT_BYTES (4U << 20)
#define CTRL_C     0x03
/* Then a person loses patience with a command that waits for what the drive says it is doing. */
#define PATIENCE_NS (10 * NS_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const lines[] = {
    "nvme smart-log nvme0 -o json",
    "nvme smart-log nvme0 -H",
    "nvme smart-log nvme0n1 -o json",
    "nvme error-log nvme0 -o json",
    "nvme error-log nvme0",
    "nvme fw-log nvme0 -o json",
    "nvme fw-log nvme0",
    "nvme changed-ns-list-log nvme0 -o json",
    "nvme changed-ns-list-log nvme0",
    "nvme effects-log nvme0 -o json",
    "nvme effects-log nvme0 -H",
    "nvme self-test-log nvme0 -o json",
    "nvme self-test-log nvme0",
    "nvme sanitize-log nvme0 -o json",
    "nvme sanitize-log nvme0",
    "nvme endurance-log nvme0 -o json",
    "nvme endurance-log nvme0",
    "nvme telemetry-log nvme0 -g -o json",
    "nvme telemetry-log nvme0 -c --length=1024",
    "nvme persistent-event-log nvme0 -o json",
    "nvme persistent-event-log nvme0",
    "nvme get-log nvme0 -i 0x70 -l 256 -o json",
    "nvme get-log nvme0 -i 2 -l 512",
    "nvme id-ctrl nvme0 -o json",
    "nvme id-ctrl nvme0 -H",
    "nvme id-ns nvme0n1 -o json",
    "nvme id-ns nvme0n1 -H",
    "nvme id-ns nvme0 -n 2 -o json",
    "nvme id-ns nvme0 -n 3 --force",
    "nvme list-ctrl nvme0 -o json",
    "nvme list-ctrl nvme0 -n 1",
    "nvme list-ns nvme0 -o json",
    "nvme list-ns nvme0 --all",
    "nvme ns-descs nvme0n1 -o json",
    "nvme ns-descs nvme0n1",
    "nvme ns-descs nvme0 -n 2 -o json",
    "nvme get-feature nvme0 -o json",
    "nvme get-feature nvme0 -H",
    "nvme get-feature nvme0n1 -f lba-range-type -H",
    "nvme get-feature nvme0 -f timestamp -H -o json",
    "nvme get-feature nvme0 -f host-identifier -o json",
    "nvme get-feature nvme0 -f autonomous-power-state-transition -H",
    "nvme hmb nvme0 -o json",
    "nvme hmb nvme0",
    "power nvme0 -o json",
    "power nvme0",
    "lbaf nvme0n1 -o json",
    "lbaf nvme0n1",
    "health nvme0 -o json",
    "health nvme0n1",
    "list -o json",
    "list",
    "lsblk",
    "nvme resv-report nvme0n1 -o json",
    "nvme resv-report nvme0n1 -e",
    "nvme get-lba-status nvme0n1 -o json",
    "nvme get-lba-status nvme0n1",
    "nvme security-recv nvme0 -t 512 -o json",
    "nvme security-recv nvme0 -t 512",
    "nvme dir-receive nvme0n1",
    "nvme dir-receive nvme0n1 -D 1 -O 1",
    "nvme dir-receive nvme0n1 -D 1 -O 2",
    "nvme stats nvme0",
    "nvme queues nvme0",
    "nvme show-regs nvme0",
    "nvme device-self-test nvme0 -s 1 -w",
    "nvme sanitize nvme0 -a start-block-erase --serial=FUZZ0001",
    "nvme format nvme0n1 -l 0 --serial=FUZZ0001",
    "erase nvme0 --dry-run",
    "erase nvme0n1 --serial=FUZZ0001",
    "nvme fw-commit nvme0 -s 2 -a 1 --serial=FUZZ0001",
    "nvme create-ns nvme0 -s 1m -b 4096 --serial=FUZZ0001",
    "nvme delete-ns nvme0 -n 2 --serial=FUZZ0001",
    "nvme read nvme0n1 -s 0 -c 1",
    "nvme verify nvme0n1 -s 0 -c 1023",
    "nvme copy nvme0n1 -d 512 -s 0 -b 8 --serial=FUZZ0001",
    "nvme admin-passthru nvme0 -O 6 --cdw10=1 -l 4096 -r",
    "nvme reset nvme0; nvme id-ns nvme0 -n 1 -o json",
    "read nvme0n1 0 1",
    "hexdump nvme0n1 0 1",
    "cat nvme0n1:/README.TXT",
    "ls nvme0n1:/",
    "rescan",
    "events --counts",
    "dmesg",
};

static struct fuzz_device dev;
static struct appliance app;
static uint64_t patient_until_ns;

/* --- the machine has the device's time -------------------------------------------------------- */

static uint64_t machine_now_ns(void *ctx)
{
    (void)ctx;
    return dev.plat.now_ns(&dev);
}

static void machine_relax(void *ctx)
{
    (void)ctx;
    dev.plat.relax(&dev);
}

static void no_write(struct console_device *console, const char *text, size_t len)
{
    (void)console;
    (void)text;
    (void)len;
}

static void lose_patience(struct console_device *console)
{
    (void)console;
    if (dev.now_ns >= patient_until_ns) {
        console_input(app.console, CTRL_C);
        patient_until_ns = dev.now_ns + PATIENCE_NS;
    }
}

static struct console_device person = {.write = no_write, .poll = lose_patience};

/* --- checks ----------------------------------------------------------------------------------- */

static void die(const char *line, const char *what, const char *at, const char *text)
{
    fprintf(stderr, "%s: %s: %.60s\n--- the whole:\n%s\n", line, what, at, text);
    abort();
}

static void check_printable(const char *line, const char *text)
{
    size_t len = strlen(text);

    if (!utf8_is_valid(text, len)) {
        die(line, "not UTF-8", "", text);
    }
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool c1 = *p == 0xc2 && p[1] < 0xa0; /* control characters of 8 bits, in UTF-8 */

        if ((*p < ' ' && *p != '\n' && *p != '\t' && *p != '\r') || *p == 0x7f || c1) {
            die(line, "a control character", (const char *)p, text);
        }
    }
}

static void check_json(const char *line, const char *text)
{
    const char *at;
    const char *wrong = json_check(text, &at);

    if (wrong) {
        die(line, wrong, at, text);
    }
}

/* --- running ---------------------------------------------------------------------------------- */

static void run(const char *line, struct shell *sh)
{
    static char text[TEXT_BYTES];
    struct out_buf out;

    out_buf_init(&out, text, sizeof(text));
    shell_init(sh, &app, &out.out);
    patient_until_ns = dev.now_ns + PATIENCE_NS;
    int err = shell_run_line(sh, line);
    assert(err <= 0);
    assert(out.len < sizeof(text) - 1);
    check_printable(line, text);
    if (!err && strstr(line, "-o json") && !strstr(text, "^C\n")) {
        check_json(line, strchr(line, ';') ? text + strcspn(text, "{") : text);
    }
    out_buf_init(&out, text, sizeof(text));
    log_dump(&out.out);
    check_printable("log", text);
}

static void set_up(struct nvme_ctrlr *ctrlr)
{
    app.ctrlr_count = 1;
    str_copy(app.ctrlrs[0].name, sizeof(app.ctrlrs[0].name), "nvme0");
    app.ctrlrs[0].nvme = ctrlr;
    if (block_nvme_add(app.blocks, ctrlr) < 0) {
        return; /* no memory for it: the controller alone */
    }
    appliance_watch_events(&app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct host_machine machine;
    static struct host_clock unused;
    static struct console console;
    static struct shell sh;
    struct fuzz_input in = {.data = data, .len = size};
    struct nvme_options opt = nvme_default_options();
    size_t heap = heap_used_bytes();
    const char *line = lines[fuzz_u8(&in) % ARRAY_SIZE(lines)];
    struct nvme_ctrlr *ctrlr;

    memset(&app, 0, sizeof(app));
    log_reset();
    host_clock_init(&unused, false);
    host_machine_init(&machine, &unused, 1);
    machine.machine.now_ns = machine_now_ns;
    machine.machine.relax = machine_relax;
    machine.machine.spin = machine_relax;
    console_init(&console);
    console_attach(&console, &person);
    app.machine = &machine.machine;
    app.console = &console;
    fuzz_device_init(&dev, &in, true);
    opt.max_io_qpairs = 1;
    opt.io_entries = 8;
    opt.host_memory_bytes = 0;
    if (nvme_attach("nvme0", &dev.plat, &opt, &ctrlr) == 0) {
        int err = block_registry_create(&app.blocks);
        assert(err == 0);
        err = fs_create(app.blocks, &app.fs);
        assert(err == 0);
        set_up(ctrlr);
        run(line, &sh);
        fs_destroy(app.fs);
        block_registry_destroy(app.blocks);
        nvme_detach(ctrlr);
    }
    host_machine_fini(&machine);
    fuzz_device_fini(&dev);
    assert(heap_used_bytes() == heap);
    return 0;
}
