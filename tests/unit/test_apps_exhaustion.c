/*
 * tests/unit/test_apps_exhaustion.c - every command of the shell with too little memory: its n-th
 * allocation fails, for n = 1, 2, ... until the command does not make so many. Each time that is an
 * error from the command at worst: it says so, nothing is outstanding afterwards, nothing is lost,
 * and with memory the same line does what it always does. Then Ctrl-C at each of its looks at the
 * console.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_appliance.h"
#include "tests/model/host_heap.h"
#include "tests/unit/fat_image.h"
#include "tests/unit/gpt_image.h"

#define DISK_BLOCKS 16384u
#define PART_LBA    2048u
#define LINE_BYTES  256
#define MAX_LINES   160
#define MAX_REFUSED 8 /* lines that the model drive does not do, whatever the memory */
#define HOST_ID     " --hostid=0x000102030405060708090a0b0c0d0e0f"
#define MAX_NTH     400

#define LBAF(ms, lbads, rp) ((uint32_t)((ms) | (lbads) << 16 | (rp) << 24))

static char lines[MAX_LINES][LINE_BYTES];
static unsigned line_count;

/* --- what is run ----------------------------------------------------------------------------- */

/* What an example takes for granted, and the tests have under another name. */
static const struct {
    const char *from, *to;
} words[] = {
    {"S4EVNX0M123456", "CAR0001"},
    {"SERIAL", "CAR0001"},
    {"nvme0n1:/", "nvme0n1p1:/"},
    {"/fw.bin", "/BIG.BIN"},
    {"--nrkey=0x1234", "--nrkey=0x1234" HOST_ID},
    {"iodepth=32 runtime=5 time_based", "iodepth=4 size=32k"},
};

/* Besides the examples. */
static const char *const more_lines[] = {
    ("bench --filename=nvme0n1 --rw=write --bs=4k --iodepth=4 --size=32k --verify=crc32c "
     "--output-format=json"),
    "bench --filename=nvme0n1 --rw=randread --bs=4k --iodepth=4 --numjobs=2 --size=32k",
    "erase nvme0n1 --serial=CAR0001 --verify=1",
    "cat nvme0n1p1:/BIG.BIN",
    "crc32 nvme0n1p1:/BIG.BIN",
    "ls -R nvme0n1p1:/",
    "read nvme0n1 0 2000",
    "nvme list",
    "nvme trace nvme0 off",
    "mem",
    "power nvme0 0",
    "nvme get-feature nvme0",
};

/* What has to be done before. */
static const struct {
    const char *line, *before;
} preparations[] = {
    {"write ", "arm nvme0n1 CAR0001"},
    {"bench --filename", "arm nvme0n1 CAR0001"},
    {"nvme set-feature", "arm nvme0 CAR0001"},
    {"nvme dir-send", "arm nvme0 CAR0001"},
    {"power nvme0 0", "arm nvme0 CAR0001"},
    {"nvme resume", "nvme shutdown nvme0"},
    {"disarm", "arm nvme0n1 CAR0001"},
    {"nvme attach-ns", "nvme create-ns nvme0 --nsze=2k --serial=CAR0001"},
    {"nvme delete-ns", "nvme create-ns nvme0 --nsze=2k --serial=CAR0001"},
    {"nvme detach-ns", "nvme create-ns nvme0 --nsze=2k --serial=CAR0001; nvme attach-ns nvme0 "
                       "--namespace-id=2 --serial=CAR0001"},
    {"nvme fw-activate", "nvme fw-download nvme0 --fw=nvme0n1p1:/BIG.BIN --serial=CAR0001"},
    {"nvme fw-commit", "nvme fw-download nvme0 --fw=nvme0n1p1:/BIG.BIN --serial=CAR0001"},
    {"nvme resv-acquire", "nvme resv-register nvme0n1 --nrkey=0x1234 --serial=CAR0001" HOST_ID},
    {"nvme resv-release",
     "nvme resv-register nvme0n1 --nrkey=0x1234 --serial=CAR0001" HOST_ID "; nvme "
     "resv-acquire nvme0n1 --crkey=0x1234 --rtype=1 --serial=CAR0001"},
};

static const char *before(const char *line)
{
    for (size_t i = 0; i < ARRAY_SIZE(preparations); i++) {
        if (strncmp(line, preparations[i].line, strlen(preparations[i].line)) == 0) {
            return preparations[i].before;
        }
    }
    return "";
}

static void add_line(const char *text)
{
    char *line = lines[line_count];
    size_t len = 0;

    assert_true(line_count < MAX_LINES);
    while (*text) {
        size_t i = 0;
        while (i < ARRAY_SIZE(words) && strncmp(text, words[i].from, strlen(words[i].from)) != 0) {
            i++;
        }
        if (i < ARRAY_SIZE(words)) {
            len += (size_t)snprintf(line + len, LINE_BYTES - len, "%s", words[i].to);
            text += strlen(words[i].from);
        } else {
            line[len++] = *text++;
        }
        assert_true(len < LINE_BYTES - 1);
    }
    line[len] = '\0';
    line_count++;
}

static void add_examples(const struct shell_cmd *const *table)
{
    for (; *table; table++) {
        if ((*table)->subs) {
            add_examples((*table)->subs);
        } else {
            add_line((*table)->example);
        }
    }
}

/* --- the appliance --------------------------------------------------------------------------- */

static struct host_appliance *ha;
static uint8_t *disk;
static uint64_t disk_blocks;
static const char *now_line = "";
static unsigned now_how, now_nth;
static unsigned complaints;

static void say_where(int sig)
{
    char text[LINE_BYTES + 64];
    int len = snprintf(text, sizeof(text), "fault %u at %u of: %s\n", now_how, now_nth, now_line);

    (void)sig;
    if (write(STDERR_FILENO, text, (size_t)len) < 0) {
        _exit(2);
    }
}

/* Everything that a command asks for. */
static struct model_config full_drive(void)
{
    struct model_config drive = model_default_config();

    drive.nn = 8;
    drive.ns[0].blocks = disk_blocks;
    drive.ns[0].mssrl = 128;
    drive.ns[0].mcl = 1024;
    drive.ns[0].msrc_0b = 7;
    drive.every_feature = drive.directives = drive.endurance_group = drive.nssrs = true;
    drive.write_uncorrectable = drive.verify = drive.copy = drive.fused = true;
    drive.reservations = drive.security = drive.lba_status = true;
    drive.hmpre = 16;
    drive.hmmin = 1;
    drive.lpa |= 1 << 1;
    drive.offer = (struct model_offer){
        .format = true,
        .lbafs = {LBAF(0, 9, 2), LBAF(0, 12, 0)},
        .lbaf_count = 2,
        .fna = 4,
        .sanicap = 7,
        .frmw = 1 | 3 << 1 | 1 << 4,
        .fwug = 1,
        .self_test = true,
        .edstt = 2,
        .namespaces = true,
        .capacity_bytes = UINT64_C(8) << 30,
        .granularity_bytes = 1 << 20,
    };
    return drive;
}

static void start(void)
{
    struct host_appliance_config cfg = host_appliance_default_config();
    struct model_config drive = full_drive();

    cfg.drives = &drive;
    cfg.ram_disk_blocks = 256;
    ha = host_appliance_create(&cfg);
    model_media_write(ha->hosts[0]->model, 1, 0, disk, disk_blocks * 512);
    host_appliance_rescan(ha);
}

static int run(const char *line)
{
    host_appliance_run(ha, before(line));
    return host_appliance_run(ha, line);
}

/* What the line gives with all the memory it wants. */
static int run_plainly(const char *line)
{
    start();
    int err = run(line);
    if (err) {
        print_message("%s: %s", line, ha->text);
    }
    host_appliance_destroy(ha);
    return err;
}

/* One allocation fails, or that one and all after it. */
enum how { HEAP_ONE, HEAP_ALL, DMA_ONE, DMA_ALL };

static void arm_fault(enum how how, unsigned nth)
{
    struct model_rule rule = {
        .on = MODEL_ON_DMA_ALLOC,
        .match = MODEL_ANY,
        .sub = MODEL_ANY,
        .nth = nth,
        .count = how == DMA_ALL ? MODEL_FOREVER : 1,
        .action = MODEL_DO_FAIL,
    };

    host_heap_fail_at(0);
    if (how == HEAP_ONE) {
        host_heap_fail_at(nth);
    } else if (how == HEAP_ALL) {
        host_heap_fail_from(nth);
    } else {
        model_add_rule(ha->hosts[0]->model, &rule);
    }
}

static void disarm_fault(void)
{
    host_heap_fail_at(0);
    model_clear_rules(ha->hosts[0]->model);
}

static void check_idle(void)
{
    struct nvme_qpair *qp;

    for (unsigned i = 0; (qp = nvme_qpair_at(ha->app.ctrlrs[0].nvme, i)); i++) {
        assert_int_equal(nvme_qpair_outstanding(qp), 0);
    }
}

static void complain(const char *what)
{
    size_t len = strlen(ha->text);

    print_error("`%s`, fault %d at %u: %s:\n%s\n", now_line, now_how, now_nth, what,
                ha->text + (len > 300 ? len - 300 : 0));
    complaints++;
}

/* One line with one fault. true: the fault was met. */
static bool starve(const char *line, enum how how, unsigned nth, int usual)
{
    now_line = line;
    now_how = how;
    now_nth = nth;
    start();
    host_appliance_run(ha, before(line));
    unsigned allocs = ha->hosts[0]->allocs;
    arm_fault(how, nth);
    int err = host_appliance_run(ha, line);
    assert_true(nth < MAX_NTH);
    bool met = how <= HEAP_ALL ? host_heap_calls() >= nth : ha->hosts[0]->allocs - allocs >= nth;
    disarm_fault();
    if (met && err != usual && !strstr(ha->text, "memory")) {
        complain("no word of memory");
    }
    check_idle();
    if (host_appliance_run(ha, "list") != 0) {
        complain("afterwards");
    }
    if (met && err != usual && run(line) != usual) {
        complain("again, with memory");
    }
    host_appliance_destroy(ha);
    return met;
}

static void every_command_survives(void **state)
{
    unsigned faults = 0, refused = 0;
    (void)state;

    for (unsigned i = 0; i < line_count; i++) {
        int usual = run_plainly(lines[i]);

        refused += usual != 0;
        for (unsigned nth = 1; starve(lines[i], HEAP_ONE, nth, usual); nth++) {
            faults++;
        }
        for (unsigned nth = 1; starve(lines[i], DMA_ONE, nth, usual); nth++) {
            faults++;
        }
        faults += starve(lines[i], HEAP_ALL, 1, usual);
        faults += starve(lines[i], DMA_ALL, 1, usual);
    }
    print_message("%u lines, %u faults, %u lines refused\n", line_count, faults, refused);
    assert_int_equal(complaints, 0);
    assert_true(faults > 300);
    assert_true(refused <= MAX_REFUSED);
}

/* --- Ctrl-C at any instant -------------------------------------------------------------------- */

static unsigned polls, press_at;

static void count_and_press(struct console_device *dev)
{
    (void)dev;
    if (++polls == press_at) {
        console_input(&ha->console, 0x03);
    }
}

static void write_nowhere(struct console_device *dev, const char *text, size_t len)
{
    (void)dev;
    (void)text;
    (void)len;
}

/* Ctrl-C at the nth look at the console. true: the command looked so often. */
static bool interrupt(const char *line, unsigned nth)
{
    static struct console_device keyboard = {write_nowhere, count_and_press};

    now_line = line;
    now_how = 9;
    now_nth = nth;
    start();
    host_appliance_run(ha, before(line));
    console_attach(&ha->console, &keyboard);
    polls = 0;
    press_at = nth;
    host_appliance_run(ha, line);
    bool met = polls >= nth;
    press_at = 0;
    check_idle();
    if (host_appliance_run(ha, "list") != 0) {
        complain("afterwards");
    }
    host_appliance_destroy(ha);
    return met;
}

static void every_command_can_be_interrupted(void **state)
{
    unsigned presses = 0;
    (void)state;

    for (unsigned i = 0; i < line_count; i++) {
        for (unsigned nth = 1; nth < 1000 && interrupt(lines[i], nth); nth += 1 + nth / 2) {
            presses++;
        }
    }
    print_message("%u times Ctrl-C\n", presses);
    assert_int_equal(complaints, 0);
    assert_true(presses > line_count);
}

static int set_up(void **state)
{
    (void)state;
    signal(SIGABRT, say_where);
    disk_blocks = DISK_BLOCKS;
    disk = calloc(disk_blocks, 512);
    struct gpt_image gpt = gpt_image_make(disk, disk_blocks, 512);
    gpt_image_put(&gpt, 0, PART_LBA, PART_LBA + FAT_IMAGE_SECTORS - 1, "data");
    gpt_image_seal(&gpt, 0);
    gpt_image_seal(&gpt, 1);
    fat_image_make(disk + PART_LBA * 512, 512);
    add_examples(shell_commands);
    for (size_t i = 0; i < ARRAY_SIZE(more_lines); i++) {
        add_line(more_lines[i]);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(disk);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_survives),
        cmocka_unit_test(every_command_can_be_interrupted),
    };
    return cmocka_run_group_tests_name("exhaustion", tests, set_up, tear_down);
}
