/*
 * tests/unit/test_apps_waits.c - how long a person can be kept waiting: every command of the shell
 * on a drive that has stopped to answer, that never becomes ready again, or that is gone. The
 * limits are those of docs/waits.md, in virtual time, with the driver's usual time-outs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apps/nvme/commands.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/model/host_appliance.h"

#define SECOND UINT64_C(1000000000)
#define LINE_BYTES 256

/* docs/waits.md: the time-outs, and what is made of them. */
#define ADMIN_S     60 /* an admin command, */
#define ABORT_S     2  /* and what its Abort gets */
#define IO_S        30 /* an I/O command; found up to a sixteenth late */
#define READY_S     2  /* (CAP.TO + 1) / 2: the drive's own; here 1.5, rounded up */
#define GIVE_UP_S   (ADMIN_S + ABORT_S + 2 * READY_S + 1) /* reset, then Identify unanswered */
#define SILENT_S    (ADMIN_S + ABORT_S + GIVE_UP_S)
#define IO_SILENT_S (IO_S + IO_S / 16 + 1 + ABORT_S + GIVE_UP_S)

static struct host_appliance *ha;

/* Lines besides the example of each command: those that wait in other ways. */
static const char *const more[] = {
    "nvme reset nvme0; nvme reset nvme0; nvme smart-log nvme0",
    "nvme sanitize nvme0 -a 2 --serial=CAR0001",
    "nvme device-self-test nvme0 -s 2 -w",
    "nvme format nvme0 -s 1 --serial=CAR0001",
    "erase nvme0 --serial=CAR0001",
    "erase nvme0n1 --method=zeroes --verify=full --serial=CAR0001",
    "nvme queues nvme0 --count=1 --entries=16",
    "nvme fw-commit nvme0 -s 2 -a 3 --serial=CAR0001",
    "nvme dsm nvme0n1 -s 0,4096 -b 8,8 -d --serial=CAR0001",
    "nvme write-zeroes nvme0n1 -s 0 -c 65535 --serial=CAR0001",
    "nvme persistent-event-log nvme0 -a 1",
    "bench nvme0n1 rw=randread bs=4k iodepth=128 runtime=1 time_based wait=irq",
    "bench nvme0n1 rw=read verify=crc32c bs=64k size=1m",
    "crc32 nvme0n1",
    "rescan; lsblk; list; health nvme0",
};

static struct model_config full_drive(void)
{
    struct model_config drive = model_default_config();

    drive.every_feature = true;
    drive.directives = true;
    drive.verify = true;
    drive.copy = true;
    drive.write_uncorrectable = true;
    drive.fused = true;
    drive.reservations = true;
    drive.security = true;
    drive.lba_status = true;
    drive.nssrs = true;
    drive.endurance_group = true;
    drive.ns[0].mssrl = 128;
    drive.ns[0].mcl = 256;
    drive.ns[0].msrc_0b = 7;
    drive.offer = (struct model_offer){
        .format = true,
        .lbafs = {9 << 16, 12 << 16},
        .lbaf_count = 2,
        .fna = 4,
        .sanicap = 7,
        .frmw = 1 | 3 << 1 | 1 << 4,
        .self_test = true,
        .edstt = 2,
        .namespaces = true,
        .capacity_bytes = UINT64_C(256) << 20,
    };
    return drive;
}

static void start(void)
{
    struct model_config drive = full_drive();
    struct host_appliance_config cfg = host_appliance_default_config();

    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    ha->forgiving = true; /* what never becomes quiet keeps its memory */
}

static void add_rule(enum model_on on, int match, enum model_action action,
                     unsigned nth)
{
    model_add_rule(ha->hosts[0]->model, &(struct model_rule){.on = on,
                                                            .match = match,
                                                            .sub = MODEL_ANY,
                                                            .nth = nth,
                                                            .action = action,
                                                            .count = MODEL_FOREVER});
}

static void silent(void)
{
    add_rule(MODEL_ON_ADMIN, MODEL_ANY, MODEL_DO_DROP, 1);
    add_rule(MODEL_ON_IO, MODEL_ANY, MODEL_DO_DROP, 1);
}

/* The first admin command that is not answered, from 1. */
static unsigned first_lost;

static void falls_silent(void)
{
    add_rule(MODEL_ON_ADMIN, MODEL_ANY, MODEL_DO_DROP, first_lost);
}

static void io_silent(void)
{
    add_rule(MODEL_ON_IO, MODEL_ANY, MODEL_DO_DROP, 1);
}

static void never_ready(void)
{
    silent();
    add_rule(MODEL_ON_REG_WRITE, NVME_REG_CC, MODEL_DO_RDY_STUCK, 1);
}

static void gone_ones(void)
{
    model_unplug(ha->hosts[0]->model, true);
}

static void gone_zeros(void)
{
    model_unplug(ha->hosts[0]->model, false);
}

/* The serial number of the drive here in the place of the example's. */
static void adapt(const char *line, char *out, size_t cap)
{
    static const char *const serials[] = {"S4EVNX0M123456", "SERIAL"};

    str_copy(out, cap, line);
    if (strncmp(line, "bench", 5) == 0) {
        (void)str_append(out, cap, " rate_iops=1000"); /* virtual time, but real instructions */
    }
    for (unsigned i = 0; i < ARRAY_SIZE(serials); i++) {
        char *at = strstr(out, serials[i]);

        if (at) {
            size_t len = strlen(serials[i]);

            memmove(at + strlen("CAR0001"), at + len, strlen(at + len) + 1);
            memcpy(at, "CAR0001", strlen("CAR0001"));
            return;
        }
    }
}

static struct {
    uint64_t ns, limit_s;
    char line[LINE_BYTES];
    unsigned lines;
} longest;

/* Commands that a good drive may take long for, and how long they get. */
static uint64_t patience_s(const char *line)
{
    static const struct {
        const char *begin;
        unsigned s;
    } patient[] = {
        {"nvme format", 3600},   {"lbaf", 3600},          {"erase", 3600},
        {"nvme create-ns", 600}, {"nvme attach-ns", 600}, {"nvme detach-ns", 600},
        {"nvme delete-ns", 600}, {"nvme fw-", 120},       {"bench", ADMIN_S + 5},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(patient); i++) {
        if (strncmp(line, patient[i].begin, strlen(patient[i].begin)) == 0) {
            return patient[i].s - ADMIN_S;
        }
    }
    return 0;
}

static void time_line(const char *example, void (*fault)(void), uint64_t limit_s)
{
    char line[LINE_BYTES];

    adapt(example, line, sizeof(line));
    start();
    fault();
    limit_s += fault == io_silent ? 0 : patience_s(line);
    uint64_t start_ns = host_clock_peek(&ha->clock);
    (void)host_appliance_run(ha, line);
    uint64_t took_ns = host_clock_peek(&ha->clock) - start_ns;
    if (took_ns > limit_s * SECOND) {
        fail_msg("\"%s\" took %llu ms, more than %llu s:\n%s", line,
                 (unsigned long long)(took_ns / 1000000), (unsigned long long)limit_s, ha->text);
    }
    if (took_ns > longest.ns) {
        longest.ns = took_ns;
        longest.limit_s = limit_s;
        str_copy(longest.line, sizeof(longest.line), line);
    }
    longest.lines++;
    host_appliance_destroy(ha);
}

/* Every command there is, and the lines above. */
static void time_all(void (*fault)(void), uint64_t limit_s)
{
    longest.ns = 0;
    longest.lines = 0;
    for (const struct shell_cmd *const *cmd = shell_commands; *cmd; cmd++) {
        time_line((*cmd)->example, fault, limit_s);
    }
    for (const struct shell_cmd *const *cmd = nvme_commands; *cmd; cmd++) {
        time_line((*cmd)->example, fault, limit_s);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(more); i++) {
        time_line(more[i], fault, limit_s);
    }
    print_message("%u lines, the longest took %llu ms of %llu s: %s\n", longest.lines,
                  (unsigned long long)(longest.ns / 1000000), (unsigned long long)longest.limit_s,
                  longest.line);
}

static void test_drive_that_is_silent(void **state)
{
    (void)state;
    time_all(silent, SILENT_S);
}

/* In the middle of what a command does. */
static void test_drive_that_falls_silent(void **state)
{
    (void)state;
    for (first_lost = 2; first_lost <= 3; first_lost++) {
        time_all(falls_silent, SILENT_S);
    }
}

static void test_drive_that_answers_no_io(void **state)
{
    (void)state;
    time_all(io_silent, IO_SILENT_S);
}

static void test_drive_that_never_becomes_ready(void **state)
{
    (void)state;
    time_all(never_ready, ADMIN_S + ABORT_S + 2 * READY_S + 1);
}

static void test_drive_that_is_gone(void **state)
{
    (void)state;
    time_all(gone_ones, 1);
    time_all(gone_zeros, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drive_that_is_silent),
        cmocka_unit_test(test_drive_that_falls_silent),
        cmocka_unit_test(test_drive_that_answers_no_io),
        cmocka_unit_test(test_drive_that_never_becomes_ready),
        cmocka_unit_test(test_drive_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
