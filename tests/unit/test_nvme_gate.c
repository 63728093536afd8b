/*
 * tests/unit/test_nvme_gate.c - which commands need an armed namespace, an armed controller, or are
 * never let through; that what is refused does not reach the device; arming and its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"

struct harm_case {
    const char *name;
    bool admin;
    struct nvme_sqe cmd;
    enum nvme_harm harm;
};

#define ADMIN(text, op, d10, what)                                                                 \
    {                                                                                              \
        text, true, {.opcode = (op), .nsid = 1, .cdw10 = (d10)}, what                              \
    }
#define IO(text, op, what)                                                                         \
    {                                                                                              \
        text, false, {.opcode = (op), .nsid = 1}, what                                             \
    }

static const struct harm_case cases[] = {
    ADMIN("Get Log Page", NVME_ADM_GET_LOG_PAGE, 2, NVME_HARMLESS),
    ADMIN("Identify", NVME_ADM_IDENTIFY, 1, NVME_HARMLESS),
    ADMIN("Get Features", NVME_ADM_GET_FEATURES, 2, NVME_HARMLESS),
    ADMIN("Abort", NVME_ADM_ABORT, 0, NVME_HARMLESS),
    ADMIN("Device Self-test", NVME_ADM_DEVICE_SELF_TEST, 1, NVME_HARMLESS),
    ADMIN("Security Receive", NVME_ADM_SECURITY_RECEIVE, 0, NVME_HARMLESS),
    ADMIN("Create I/O SQ", NVME_ADM_CREATE_IO_SQ, 1, NVME_HARMS_DRIVER),
    ADMIN("Delete I/O SQ", NVME_ADM_DELETE_IO_SQ, 1, NVME_HARMS_DRIVER),
    ADMIN("Create I/O CQ", NVME_ADM_CREATE_IO_CQ, 1, NVME_HARMS_DRIVER),
    ADMIN("Delete I/O CQ", NVME_ADM_DELETE_IO_CQ, 1, NVME_HARMS_DRIVER),
    ADMIN("Doorbell Buffer", NVME_ADM_DOORBELL_BUFFER_CONFIG, 0, NVME_HARMS_DRIVER),
    ADMIN("Event Request", NVME_ADM_ASYNC_EVENT_REQUEST, 0, NVME_HARMS_DRIVER),
    ADMIN("Number of Queues", NVME_ADM_SET_FEATURES, 7, NVME_HARMS_DRIVER),
    ADMIN("Host Memory Buffer", NVME_ADM_SET_FEATURES, 0x0d, NVME_HARMS_DRIVER),
    ADMIN("Power Management", NVME_ADM_SET_FEATURES, 2, NVME_HARMS_CONTROLLER),
    ADMIN("Write Protection", NVME_ADM_SET_FEATURES, 0x84, NVME_HARMS_NAMESPACE),
    ADMIN("LBA Range Type", NVME_ADM_SET_FEATURES, 0x03, NVME_HARMS_NAMESPACE),
    ADMIN("Error Recovery", NVME_ADM_SET_FEATURES, 0x05, NVME_HARMS_NAMESPACE),
    ADMIN("Reservation Mask", NVME_ADM_SET_FEATURES, 0x82, NVME_HARMS_NAMESPACE),
    ADMIN("Reservation Persistence", NVME_ADM_SET_FEATURES, 0x83, NVME_HARMS_NAMESPACE),
    ADMIN("a vendor's feature", NVME_ADM_SET_FEATURES, 0xc0, NVME_HARMS_CONTROLLER),
    ADMIN("Format", NVME_ADM_FORMAT_NVM, 0, NVME_HARMS_NAMESPACE),
    ADMIN("Namespace Management", NVME_ADM_NAMESPACE_MANAGEMENT, 0, NVME_HARMS_CONTROLLER),
    ADMIN("Namespace Attachment", NVME_ADM_NAMESPACE_ATTACHMENT, 0, NVME_HARMS_CONTROLLER),
    ADMIN("Firmware Commit", NVME_ADM_FIRMWARE_COMMIT, 0, NVME_HARMS_CONTROLLER),
    ADMIN("Firmware Download", NVME_ADM_FIRMWARE_DOWNLOAD, 0, NVME_HARMS_CONTROLLER),
    ADMIN("Security Send", NVME_ADM_SECURITY_SEND, 0, NVME_HARMS_CONTROLLER),
    ADMIN("Sanitize", NVME_ADM_SANITIZE, 2, NVME_HARMS_CONTROLLER),
    ADMIN("a vendor's command", 0xc5, 0, NVME_HARMS_CONTROLLER),
    ADMIN("a reserved opcode", 0x33, 0, NVME_HARMS_CONTROLLER),
    IO("Read", NVME_IO_READ, NVME_HARMLESS),
    IO("Flush", NVME_IO_FLUSH, NVME_HARMLESS),
    IO("Compare", NVME_IO_COMPARE, NVME_HARMLESS),
    IO("Verify", NVME_IO_VERIFY, NVME_HARMLESS),
    IO("Reservation Report", NVME_IO_RESERVATION_REPORT, NVME_HARMLESS),
    IO("Write", NVME_IO_WRITE, NVME_HARMS_NAMESPACE),
    IO("Write Uncorrectable", NVME_IO_WRITE_UNCORRECTABLE, NVME_HARMS_NAMESPACE),
    IO("Write Zeroes", NVME_IO_WRITE_ZEROES, NVME_HARMS_NAMESPACE),
    IO("Dataset Management", NVME_IO_DSM, NVME_HARMS_NAMESPACE),
    IO("Copy", NVME_IO_COPY, NVME_HARMS_NAMESPACE),
    IO("Reservation Register", NVME_IO_RESERVATION_REGISTER, NVME_HARMS_NAMESPACE),
    IO("Reservation Acquire", NVME_IO_RESERVATION_ACQUIRE, NVME_HARMS_NAMESPACE),
    IO("Reservation Release", NVME_IO_RESERVATION_RELEASE, NVME_HARMS_NAMESPACE),
    IO("a vendor's command", 0x99, NVME_HARMS_CONTROLLER),
};

static void two_namespaces(struct rig *r)
{
    rig_init(r);
    r->cfg.ns_count = 2;
    r->cfg.ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 4096, .lbads = 9};
    rig_open(r);
    assert_int_equal(rig_attach(r), 0);
}

static void test_harm_of_each_command(void **state)
{
    struct rig r;

    (void)state;
    two_namespaces(&r);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct harm_case *c = &cases[i];
        enum nvme_harm harm = nvme_command_harm(r.ctrlr, c->admin, &c->cmd);

        if (harm != c->harm) {
            fail_msg("%s: harm %d, not %d", c->name, harm, c->harm);
        }
    }
    assert_int_equal(rig_close(&r), 0);
}

static int gate_of(struct rig *r, enum nvme_harm harm)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (cases[i].harm == harm) {
            return nvme_gate(r->ctrlr, cases[i].admin, &cases[i].cmd);
        }
    }
    return 1;
}

static void check_gates(struct rig *r, int ns_err, int ctrlr_err)
{
    assert_int_equal(gate_of(r, NVME_HARMLESS), 0);
    assert_int_equal(gate_of(r, NVME_HARMS_NAMESPACE), ns_err);
    assert_int_equal(gate_of(r, NVME_HARMS_CONTROLLER), ctrlr_err);
    assert_int_equal(gate_of(r, NVME_HARMS_DRIVER), -EPERM);
}

static void test_arming(void **state)
{
    struct rig r;

    (void)state;
    two_namespaces(&r);
    check_gates(&r, -EROFS, -EROFS);
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, "CAR000"), -EINVAL);
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, ""), -EINVAL);
    check_gates(&r, -EROFS, -EROFS);

    assert_int_equal(nvme_ns_arm(rig_ns(&r, 2), "CAR0001"), 0); /* another namespace */
    check_gates(&r, -EROFS, -EROFS);
    assert_int_equal(nvme_ns_arm(rig_ns(&r, 1), "CAR0001"), 0);
    check_gates(&r, 0, -EROFS);

    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, "CAR0001"), 0);
    assert_true(nvme_ctrlr_armed(r.ctrlr));
    check_gates(&r, 0, 0);
    nvme_ns_disarm(rig_ns(&r, 2)); /* a part of what was allowed is taken back */
    assert_false(nvme_ctrlr_armed(r.ctrlr));
    check_gates(&r, 0, -EROFS);
    nvme_ctrlr_disarm(r.ctrlr);
    check_gates(&r, -EROFS, -EROFS);
    assert_int_equal(rig_close(&r), 0);
}

static void test_all_or_an_unknown_namespace_is_the_controller(void **state)
{
    struct rig r;
    struct nvme_sqe zeroes = {.opcode = NVME_IO_WRITE_ZEROES, .nsid = NVME_NSID_ALL};

    (void)state;
    two_namespaces(&r);
    rig_arm(&r, rig_ns(&r, 1));
    rig_arm(&r, rig_ns(&r, 2));
    assert_int_equal(nvme_gate(r.ctrlr, false, &zeroes), -EROFS);
    zeroes.nsid = 3;
    assert_int_equal(nvme_gate(r.ctrlr, false, &zeroes), -EROFS);
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, "CAR0001"), 0);
    assert_int_equal(nvme_gate(r.ctrlr, false, &zeroes), 0);
    assert_int_equal(rig_close(&r), 0);
}

/* FNA: bit 0, every format reaches all namespaces; bit 1, only one that erases does. */
static void test_format_reaches_what_fna_says(void **state)
{
    static const struct {
        uint64_t fna;
        uint32_t ses;
        enum nvme_harm harm;
    } forms[] = {
        {0, 0, NVME_HARMS_NAMESPACE},  {0, 1, NVME_HARMS_NAMESPACE}, {1, 0, NVME_HARMS_CONTROLLER},
        {1, 1, NVME_HARMS_CONTROLLER}, {2, 0, NVME_HARMS_NAMESPACE}, {2, 1, NVME_HARMS_CONTROLLER},
        {2, 2, NVME_HARMS_CONTROLLER}, {4, 2, NVME_HARMS_NAMESPACE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        const struct model_patch fna = {.cns = 1, .offset = 524, .len = 1, .value = forms[i].fna};
        const struct nvme_sqe cmd = {
            .opcode = NVME_ADM_FORMAT_NVM, .nsid = 1, .cdw10 = forms[i].ses << 9};
        struct rig r;

        rig_init(&r);
        r.cfg.patches = &fna;
        r.cfg.patch_count = 1;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(nvme_command_harm(r.ctrlr, true, &cmd), forms[i].harm);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void test_what_is_refused_does_not_reach_the_device(void **state)
{
    struct rig r;

    (void)state;
    two_namespaces(&r);
    uint64_t before = model_counters(r.hp->model)->admin_commands;
    unsigned logs_before = model_counters(r.hp->model)->by_opcode[0][NVME_ADM_GET_LOG_PAGE];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct nvme_result res = {.status = 99};

        if (cases[i].admin && cases[i].harm != NVME_HARMLESS) {
            int err = nvme_admin(r.ctrlr, &cases[i].cmd, NVME_NO_DATA, NULL, 0, &res);

            assert_int_equal(err, cases[i].harm == NVME_HARMS_DRIVER ? -EPERM : -EROFS);
            assert_int_equal(res.status, 0);
        }
    }
    /* But for the effects log, which says what a vendor's command does. */
    assert_int_equal(model_counters(r.hp->model)->admin_commands, before + 1);
    assert_int_equal(model_counters(r.hp->model)->by_opcode[0][NVME_ADM_GET_LOG_PAGE],
                     logs_before + 1);
    assert_int_equal(rig_close(&r), 0);
}

static enum nvme_harm harm_of(struct rig *r, bool admin, uint8_t opcode)
{
    const struct nvme_sqe cmd = {.opcode = opcode, .nsid = 1};

    return nvme_command_harm(r->ctrlr, admin, &cmd);
}

/* A vendor's command that the effects log calls supported and without effect may be sent at once;
 * one that changes anything, or is not listed, only when the controller is armed. */
static void test_vendor_commands_by_effects_log(void **state)
{
    static const struct model_effect effects[] = {
        {true, 0xc5, 1},           {true, 0xc6, 1 | 2}, {true, 0xc7, 1 | 16}, {true, 0xc8, 4},
        {true, 0xca, 1 | 2 << 16}, {false, 0x99, 1},    {false, 0x9a, 1 | 8},
    };
    const struct nvme_sqe reads = {.opcode = 0xc5}, writes = {.opcode = 0xc6};
    struct rig r;

    (void)state;
    rig_init(&r);
    r.cfg.effects = effects;
    r.cfg.effect_count = ARRAY_SIZE(effects);
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(harm_of(&r, true, 0xc5), NVME_HARMLESS);
    assert_int_equal(harm_of(&r, true, 0xc6), NVME_HARMS_CONTROLLER);
    assert_int_equal(harm_of(&r, true, 0xc7), NVME_HARMS_CONTROLLER);
    assert_int_equal(harm_of(&r, true, 0xc8), NVME_HARMS_CONTROLLER); /* not supported */
    assert_int_equal(harm_of(&r, true, 0xc9), NVME_HARMS_CONTROLLER); /* not listed */
    assert_int_equal(harm_of(&r, true, 0xca), NVME_HARMLESS); /* it only wants to be alone */
    assert_int_equal(harm_of(&r, false, 0x99), NVME_HARMLESS);
    assert_int_equal(harm_of(&r, false, 0x9a), NVME_HARMS_CONTROLLER);
    assert_int_equal(harm_of(&r, false, 0xc5), NVME_HARMS_CONTROLLER); /* the other command set */
    assert_int_equal(model_counters(r.hp->model)->by_opcode[0][NVME_ADM_GET_LOG_PAGE], 1);
    assert_int_equal(nvme_admin(r.ctrlr, &reads, NVME_NO_DATA, NULL, 0, NULL), 0);
    assert_int_equal(nvme_admin(r.ctrlr, &writes, NVME_NO_DATA, NULL, 0, NULL), -EROFS);
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, "CAR0001"), 0);
    assert_int_equal(nvme_admin(r.ctrlr, &writes, NVME_NO_DATA, NULL, 0, NULL), 0);
    assert_int_equal(rig_close(&r), 0);
}

/* Without an effects log nothing is known of them, and nothing is asked for. */
static void test_vendor_commands_without_effects_log(void **state)
{
    static const struct model_effect effects[] = {{true, 0xc5, 1}};
    struct rig r;

    (void)state;
    rig_init(&r);
    r.cfg.effects = effects;
    r.cfg.effect_count = ARRAY_SIZE(effects);
    r.cfg.lpa = 0x1d;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(harm_of(&r, true, 0xc5), NVME_HARMS_CONTROLLER);
    assert_int_equal(model_counters(r.hp->model)->by_opcode[0][NVME_ADM_GET_LOG_PAGE], 0);
    assert_int_equal(rig_close(&r), 0);
}

/* Every ability by its bit alone, from a controller that offers only that. */
static void test_abilities_follow_their_fields(void **state)
{
    static const struct {
        enum nvme_ability ability;
        uint16_t offset;
        uint8_t len;
        uint64_t value;
    } rows[] = {
        {NVME_CAN_SECURITY, 256, 2, 1},           {NVME_CAN_FORMAT, 256, 2, 2},
        {NVME_CAN_UPDATE_FIRMWARE, 256, 2, 4},    {NVME_CAN_MANAGE_NAMESPACES, 256, 2, 8},
        {NVME_CAN_SELF_TEST, 256, 2, 16},         {NVME_CAN_DIRECTIVES, 256, 2, 32},
        {NVME_CAN_LBA_STATUS, 256, 2, 512},       {NVME_CAN_COMPARE, 520, 2, 1},
        {NVME_CAN_VERIFY, 520, 2, 128},           {NVME_CAN_COPY, 520, 2, 256},
        {NVME_CAN_COMPARE_AND_WRITE, 522, 2, 1},  {NVME_CAN_SANITIZE, 328, 4, 2},
        {NVME_CAN_SANITIZE_BLOCK, 328, 4, 2},     {NVME_CAN_SANITIZE_CRYPTO, 328, 4, 1},
        {NVME_CAN_SANITIZE_OVERWRITE, 328, 4, 4}, {NVME_CAN_FORMAT_CRYPTO, 524, 1, 4},
        {NVME_CAN_LOG_TELEMETRY, 261, 1, 8},      {NVME_CAN_LOG_CHANGED_NS, 92, 4, 256},
        {NVME_CAN_ENDURANCE_GROUPS, 96, 4, 16},   {NVME_CAN_PREDICTABLE_LATENCY, 96, 4, 32},
        {NVME_CAN_ASYMMETRIC_ACCESS, 76, 1, 8},   {NVME_CAN_LOG_PERSISTENT, 261, 1, 16},
        {NVME_CAN_KEEP_ALIVE, 320, 2, 0x0100},    {NVME_CAN_HOST_MEMORY, 272, 4, 1},
        {NVME_CAN_WRITE_PROTECT, 531, 1, 1},      {NVME_CAN_AUTONOMOUS_POWER, 265, 1, 1},
        {NVME_CAN_THERMAL_MANAGEMENT, 322, 2, 1}, {NVME_CAN_SGL, 536, 4, 2},
        {NVME_CAN_VOLATILE_CACHE, 525, 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (int offered = 0; offered < 2; offered++) {
            const struct model_patch patch = {.cns = 1,
                                              .offset = rows[i].offset,
                                              .len = rows[i].len,
                                              .value = offered ? rows[i].value : 0};
            struct rig r;

            rig_init(&r);
            r.cfg.patches = &patch;
            r.cfg.patch_count = 1;
            rig_open(&r);
            assert_int_equal(rig_attach(&r), 0);
            if (nvme_can(r.ctrlr, rows[i].ability) != offered) {
                fail_msg("%s: %s", nvme_ability_name(rows[i].ability),
                         nvme_ability_field(rows[i].ability));
            }
            assert_int_equal(rig_close(&r), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_harm_of_each_command),
        cmocka_unit_test(test_arming),
        cmocka_unit_test(test_all_or_an_unknown_namespace_is_the_controller),
        cmocka_unit_test(test_format_reaches_what_fna_says),
        cmocka_unit_test(test_vendor_commands_by_effects_log),
        cmocka_unit_test(test_vendor_commands_without_effects_log),
        cmocka_unit_test(test_what_is_refused_does_not_reach_the_device),
        cmocka_unit_test(test_abilities_follow_their_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
