/*
 * tests/unit/test_nvme_removed.c - a device that was pulled out: what is outstanding ends once with
 * an error, nothing is sent or waited for any more, and all memory comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "lib/log.h"
#include "tests/model/host_rig.h"

#define IOS 8

static void start_with_ios(struct rig *r, struct rig_io *ios)
{
    rig_start(r);
    rig_arm(r, rig_ns(r, 1));
    for (unsigned i = 0; i < IOS; i++) {
        rig_io_make(r, &ios[i], rig_ns(r, 1), i % 2 ? NVME_IO_WRITE : NVME_IO_READ, i * 8, 8, 0);
        assert_int_equal(nvme_post(nvme_qpair_at(r->ctrlr, i & 1), &ios[i].io), 0);
    }
    nvme_ring(nvme_qpair_at(r->ctrlr, 0));
    nvme_ring(nvme_qpair_at(r->ctrlr, 1));
}

static void ends_everything_once(void **state)
{
    struct rig_io ios[IOS];
    struct rig r;
    uint8_t block[512];

    (void)state;
    for (unsigned ones = 0; ones < 2; ones++) {
        start_with_ios(&r, ios);
        assert_true(nvme_present(r.ctrlr));
        model_unplug(r.hp->model, ones);
        assert_false(nvme_present(r.ctrlr));
        nvme_note_removed(r.ctrlr);
        assert_true(nvme_failed(r.ctrlr));
        assert_int_equal(nvme_reap(rig_qp(&r), 8), -ESHUTDOWN);
        uint64_t before_ns = host_clock_peek(&r.clock);
        uint64_t reads = model_counters(r.hp->model)->reg_reads;
        assert_int_equal(nvme_recover(r.ctrlr), -ENODEV);
        assert_int_equal(nvme_recover(r.ctrlr), -ENODEV);
        assert_in_range(host_clock_peek(&r.clock) - before_ns, 0, NS_PER_MS);
        assert_int_equal(model_counters(r.hp->model)->reg_reads, reads);
        assert_false(nvme_failed(r.ctrlr));
        for (unsigned i = 0; i < IOS; i++) {
            assert_int_equal(ios[i].done, 1);
            assert_int_equal(ios[i].io.err, -ECANCELED);
            rig_io_free(&r, &ios[i]);
        }
        assert_int_equal(nvme_identify(r.ctrlr, 1, 0, block, NULL), -ESHUTDOWN);
        assert_int_equal(rig_read(&r, rig_ns(&r, 1), 0, 1, block), -ESHUTDOWN);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* Nobody recovers: detaching alone ends what is outstanding. */
static void detach_is_enough(void **state)
{
    struct rig_io ios[IOS];
    struct rig r;

    (void)state;
    start_with_ios(&r, ios);
    model_unplug(r.hp->model, true);
    nvme_note_removed(r.ctrlr);
    assert_int_equal(nvme_shutdown(r.ctrlr), -ESHUTDOWN);
    for (unsigned i = 0; i < IOS; i++) {
        assert_int_equal(ios[i].done, 1);
        rig_io_free(&r, &ios[i]);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* Found dead before it was found gone, or gone after an orderly shutdown: no new failure. */
static void adds_nothing_to_an_end(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r);
    model_unplug(r.hp->model, false);
    assert_int_equal(nvme_recover(r.ctrlr), -ENODEV);
    nvme_note_removed(r.ctrlr);
    assert_false(nvme_failed(r.ctrlr));
    assert_int_equal(rig_close(&r), 0);

    rig_start(&r);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    model_unplug(r.hp->model, true);
    nvme_note_removed(r.ctrlr);
    assert_false(nvme_failed(r.ctrlr));
    assert_int_equal(rig_close(&r), 0);
}

static void gets_another_name(void **state)
{
    static char text[65536];
    struct out_buf ob;
    struct rig r;

    (void)state;
    log_reset();
    rig_start(&r);
    nvme_rename(r.ctrlr, "nvme17");
    assert_string_equal(nvme_name(r.ctrlr), "nvme17");
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    out_buf_init(&ob, text, sizeof(text));
    log_dump(&ob.out);
    assert_non_null(strstr(text, "nvme17: reset number 1"));
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_everything_once),
        cmocka_unit_test(detach_is_enough),
        cmocka_unit_test(adds_nothing_to_an_end),
        cmocka_unit_test(gets_another_name),
    };
    return cmocka_run_group_tests_name("nvme removed", tests, NULL, NULL);
}
