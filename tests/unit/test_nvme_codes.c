/*
 * tests/unit/test_nvme_codes.c - every status there can be: each ends its command once, with an
 * error that says so, and harms nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define CODES 2048 /* SCT, SC */

/* Of both kinds of commands: Do Not Retry, More and the retry delay change nothing of that. */
static void check(uint16_t status, int err, uint16_t seen)
{
    char text[96];

    if ((status & 0x7ff) == 0) {
        return;
    }
    assert_true(err < 0 && err > -4096);
    assert_int_equal(seen, status);
    assert_int_equal(err, nvme_status_errno(status));
    assert_true(strlen(nvme_status_name(status)) > 0);
    assert_true(strlen(nvme_status_meaning(status)) > 0);
    nvme_status_format(status, text, sizeof(text));
    assert_true(strlen(text) > 0);
}

static void of_io(void **state)
{
    static const uint16_t flags[] = { 0, ST_DNR, 1 << 13, 3 << 11, ST_DNR | 1 << 13 };
    struct rig r;
    struct rig_io rio;
    (void)state;

    rig_start(&r);
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 1, 0);
    for (uint32_t i = 0; i < CODES * ARRAY_SIZE(flags); i++) {
        uint16_t status = (uint16_t)((i % CODES) | flags[i / CODES]);
        struct model_rule rule = { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                   .action = MODEL_DO_STATUS, .value = status };
        if (i % CODES == 0) {
            continue; /* success */
        }
        model_clear_rules(r.hp->model);
        model_add_rule(r.hp->model, &rule);
        rio.done = 0;
        rio.io.err = 0;
        rio.io.status = 0;
        assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
        assert_int_equal(rig_wait(&r, &rio, 1, NS_PER_S), 0);
        assert_int_equal(rio.done, 1);
        check(status, rio.io.err, rio.io.status);
    }
    rig_io_free(&r, &rio);
    assert_false(nvme_failed(r.ctrlr));
    assert_int_equal(rig_close(&r), 0);
}

static void of_admin_commands(void **state)
{
    struct rig r;
    uint8_t page[4096];
    (void)state;

    rig_start(&r);
    for (uint32_t code = 1; code < CODES; code++) {
        struct nvme_result res;
        uint16_t status = (uint16_t)(code | ST_DNR);
        struct model_rule rule = { .on = MODEL_ON_ADMIN, .match = ADM_IDENTIFY, .sub = MODEL_ANY,
                                   .action = MODEL_DO_STATUS, .value = status };
        model_clear_rules(r.hp->model);
        model_add_rule(r.hp->model, &rule);
        int err = nvme_identify(r.ctrlr, 1, 0, page, &res);
        check(status, err, res.status);
    }
    model_clear_rules(r.hp->model);
    assert_int_equal(nvme_identify(r.ctrlr, 1, 0, page, NULL), 0);
    assert_int_equal(rig_close(&r), 0);
}

/* At attach: whatever any admin command is answered with, it comes up or says why not. */
static void of_attach(void **state)
{
    static const uint16_t codes[] = { 0x001, 0x002, 0x004, 0x006, 0x00b, 0x016, 0x01c, 0x082, 0x109,
                                      0x10b, 0x10d, 0x110, 0x1ff, 0x280, 0x371, 0x3ff, 0x7c0,
                                      0x7ff };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        for (unsigned nth = 1; nth < 14; nth++) {
            struct model_rule rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                                       .nth = nth, .action = MODEL_DO_STATUS, .value = codes[i] };
            struct rig r;
            rig_init(&r);
            r.cfg.ready_ns = r.cfg.disable_ns = r.cfg.shutdown_ns = 1000;
            r.cfg.lpa = 0;
            r.cfg.mdts = 1;
            rig_open(&r);
            model_add_rule(r.hp->model, &rule);
            int err = rig_attach(&r);
            assert_true(err <= 0);
            assert_true(host_clock_peek(&r.clock) < 30 * NS_PER_S);
            assert_int_equal(rig_close(&r), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_io),
        cmocka_unit_test(of_admin_commands),
        cmocka_unit_test(of_attach),
    };
    return cmocka_run_group_tests_name("nvme codes", tests, NULL, NULL);
}
