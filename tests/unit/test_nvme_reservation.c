/*
 * tests/unit/test_nvme_reservation.c - reservations through the driver: a key, a reservation and
 * its end; exactly the keys are handed to the device; a drive that has none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_gate.h"
#include "drivers/nvme/nvme_reservation.h"
#include "lib/errno.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

enum { REGISTER_KEY = 0, ACQUIRE = 0, RELEASE = 0 };

typedef int (*change_fn)(struct nvme_qpair *qp, struct nvme_ns *ns,
                         const struct nvme_resv_request *request, struct nvme_result *res);

static struct rig r;
static struct nvme_ns *ns;
static void (*take_back)(void *ctx, struct dma_buf *buf);
static uint8_t handed[32]; /* the start of what was last given back */

static void take_back_and_look(void *ctx, struct dma_buf *buf)
{
    memcpy(handed, buf->va, sizeof(handed));
    take_back(ctx, buf);
}

static void start(bool offered)
{
    static const uint8_t host[16] = {1};
    struct nvme_result res;

    rig_init(&r);
    r.cfg.every_feature = r.cfg.reservations = offered;
    rig_open(&r);
    take_back = r.hp->plat.dma_free;
    r.hp->plat.dma_free = take_back_and_look;
    assert_int_equal(rig_attach(&r), 0);
    ns = rig_ns(&r, 1);
    assert_int_equal(nvme_ctrlr_arm(r.ctrlr, r.cfg.serial), 0);
    assert_int_equal(nvme_host_id_set(r.ctrlr, host, true, &res), offered ? 0 : -ENOTSUP);
}

/* Does it, and looks at what the device was given: keys, and after them nothing of ours, for the
 * memory came zeroed. */
static void change(change_fn fn, struct nvme_resv_request request, unsigned keys)
{
    const uint64_t expected[2] = {request.key, request.new_key};
    struct nvme_result res;

    memset(handed, 0xff, sizeof(handed));
    assert_int_equal(fn(rig_qp(&r), ns, &request, &res), 0);
    assert_memory_equal(handed, expected, keys * sizeof(expected[0]));
    for (size_t i = keys * sizeof(expected[0]); i < sizeof(handed); i++) {
        assert_int_equal(handed[i], 0);
    }
}

static void check_report(unsigned registrants, unsigned type)
{
    uint8_t report[4096];
    struct nvme_result res;

    assert_int_equal(nvme_resv_report(rig_qp(&r), ns, true, report, sizeof(report), &res), 0);
    assert_int_equal(nvme_resv_count(report, sizeof(report), true), registrants);
    assert_int_equal(((struct nvme_resv_status *)report)->rtype, type);
    if (registrants) {
        assert_int_equal(nvme_resv_at(report, true, 0).rkey, 0x1122334455667788);
    }
}

static void a_reservation_from_key_to_release(void **state)
{
    const uint64_t key = 0x1122334455667788;

    (void)state;
    start(true);
    check_report(0, 0);
    change(nvme_resv_register,
           (struct nvme_resv_request){.action = REGISTER_KEY, .new_key = key}, 2);
    check_report(1, 0);
    change(nvme_resv_acquire,
           (struct nvme_resv_request){.action = ACQUIRE, .type = NVME_RESV_WRITE_EXCLUSIVE,
                                      .key = key}, 2);
    check_report(1, NVME_RESV_WRITE_EXCLUSIVE);
    change(nvme_resv_release,
           (struct nvme_resv_request){.action = RELEASE, .type = NVME_RESV_WRITE_EXCLUSIVE,
                                      .key = key, .new_key = key}, 1);
    check_report(1, 0);
    assert_int_equal(rig_close(&r), 0);
}

/* Nothing is sent to a drive that has none, and nobody is told that it was done. */
static void not_offered(void **state)
{
    static const change_fn changes[] = {nvme_resv_register, nvme_resv_acquire, nvme_resv_release};
    const struct nvme_resv_request request = {.key = 1, .type = NVME_RESV_WRITE_EXCLUSIVE};
    uint8_t report[4096], id[16];
    struct nvme_result res;
    bool extended;

    (void)state;
    start(false);
    uint64_t before = model_counters(r.hp->model)->io_commands;
    for (unsigned i = 0; i < ARRAY_SIZE(changes); i++) {
        assert_int_equal(changes[i](rig_qp(&r), ns, &request, &res), -ENOTSUP);
        assert_int_equal(res.status, 0);
    }
    assert_int_equal(nvme_resv_report(rig_qp(&r), ns, true, report, sizeof(report), &res),
                     -ENOTSUP);
    assert_int_equal(nvme_host_id_get(r.ctrlr, id, &extended, &res), -ENOTSUP);
    assert_int_equal(model_counters(r.hp->model)->io_commands, before);
    assert_int_equal(rig_close(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reservation_from_key_to_release),
        cmocka_unit_test(not_offered),
    };
    return cmocka_run_group_tests_name("nvme reservation", tests, NULL, NULL);
}
