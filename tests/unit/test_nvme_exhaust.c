/*
 * tests/unit/test_nvme_exhaust.c - the n-th thing goes wrong, for n = 1, 2, 3 and on until there is
 * no n-th thing any more, in the whole life of a controller: attach, I/O, an event, a reset with
 * I/O in flight, shutdown, resume, other queues, detach.
 *
 * Whatever fails: no call takes longer than it may, every I/O ends exactly once, what is read is
 * right or is an error, nothing is left behind; and without the fault the next attach works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/model/host_heap.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

#define MOST        1500 /* more things than happen in a life; a loop that gets there is a bug */
#define LIFE_MAX_NS (240 * NS_PER_S)
#define CALL_MAX_NS (60 * NS_PER_S)
#define IOS         3

struct fault {
    const char *name;
    struct model_rule rule; /* nth is filled in */
    enum { RULE, DMA_ONCE, DMA_FOR_GOOD, HEAP_ONCE, HEAP_FOR_GOOD } kind;
    bool odd;       /* the device itself breaks rules: the referee is not asked */
    bool stays_off; /* a device that cannot be made quiet keeps memory */
};

#define ADMIN(...)                                                                                 \
    { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY, __VA_ARGS__ }
#define IO(...)                                                                                    \
    { .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, __VA_ARGS__ }
#define READ(...)  { .on = MODEL_ON_REG_READ, .match = MODEL_ANY, __VA_ARGS__ }
#define WRITE(...) { .on = MODEL_ON_REG_WRITE, .match = MODEL_ANY, __VA_ARGS__ }

static const struct fault faults[] = {
    { .name = "DMA allocation n fails", .kind = DMA_ONCE },
    { .name = "DMA allocation n and all after it fail", .kind = DMA_FOR_GOOD },
    { .name = "heap allocation n fails", .kind = HEAP_ONCE },
    { .name = "heap allocation n and all after it fail", .kind = HEAP_FOR_GOOD },
    { .name = "register read n gives ones",
      .rule = READ(.action = MODEL_DO_VALUE, .value = UINT64_MAX) },
    { .name = "register read n gives zero", .rule = READ(.action = MODEL_DO_VALUE, .value = 0),
      .odd = true }, /* of CSTS, that is "quiet" */
    { .name = "register reads from n on give ones", .rule = READ(.action = MODEL_DO_ALL_ONES) },
    { .name = "register reads from n on give zero", .rule = READ(.action = MODEL_DO_ALL_ZEROS) },
    { .name = "no answer for 50 ms from register read n on, ones",
      .rule = READ(.action = MODEL_DO_BLIND_ONES, .value = 50 * NS_PER_MS) },
    { .name = "no answer for 50 ms from register read n on, zeros",
      .rule = READ(.action = MODEL_DO_BLIND_ZEROS, .value = 50 * NS_PER_MS) },
    { .name = "no answer for a minute from register read n on, ones",
      .rule = READ(.action = MODEL_DO_BLIND_ONES, .value = 60 * NS_PER_S), .stays_off = true },
    { .name = "no answer for a minute from register read n on, zeros",
      .rule = READ(.action = MODEL_DO_BLIND_ZEROS, .value = 60 * NS_PER_S), .stays_off = true },
    { .name = "fatal status at register read n", .rule = READ(.action = MODEL_DO_CFS) },
    { .name = "register write n is lost", .rule = WRITE(.action = MODEL_DO_IGNORE), .odd = true,
      .stays_off = true },
    { .name = "fatal status at register write n", .rule = WRITE(.action = MODEL_DO_CFS) },
    { .name = "gone at register write n", .rule = WRITE(.action = MODEL_DO_ALL_ONES) },
    { .name = "admin command n fails",
      .rule = ADMIN(.action = MODEL_DO_STATUS, .value = ST_INTERNAL) },
    { .name = "admin command n is refused",
      .rule = ADMIN(.action = MODEL_DO_STATUS, .value = ST_INVALID_FIELD | ST_DNR) },
    { .name = "admin command n is never answered", .rule = ADMIN(.action = MODEL_DO_DROP) },
    { .name = "admin commands from n on are never answered",
      .rule = ADMIN(.action = MODEL_DO_DROP, .count = MODEL_FOREVER) },
    { .name = "admin command n is late",
      .rule = ADMIN(.action = MODEL_DO_DELAY, .value = 200 * NS_PER_MS) },
    { .name = "admin command n is much too late",
      .rule = ADMIN(.action = MODEL_DO_DELAY, .value = 20 * NS_PER_S) },
    { .name = "admin command n is answered twice", .rule = ADMIN(.action = MODEL_DO_DUPLICATE) },
    { .name = "admin command n is answered again later",
      .rule = ADMIN(.action = MODEL_DO_DUPLICATE, .value = 30000) },
    { .name = "admin command n is answered under another name",
      .rule = ADMIN(.action = MODEL_DO_CID, .value = 0xfff0) },
    { .name = "admin command n is answered for another queue",
      .rule = ADMIN(.action = MODEL_DO_SQID, .value = 7) },
    { .name = "fatal status at admin command n", .rule = ADMIN(.action = MODEL_DO_CFS) },
    { .name = "gone at admin command n", .rule = ADMIN(.action = MODEL_DO_ALL_ONES) },
    { .name = "I/O command n fails",
      .rule = IO(.action = MODEL_DO_STATUS, .value = ST_UNRECOVERED_READ) },
    { .name = "I/O command n is refused",
      .rule = IO(.action = MODEL_DO_STATUS, .value = ST_INTERNAL | ST_DNR) },
    { .name = "I/O command n is never answered", .rule = IO(.action = MODEL_DO_DROP) },
    { .name = "I/O commands from n on are never answered",
      .rule = IO(.action = MODEL_DO_DROP, .count = MODEL_FOREVER) },
    { .name = "I/O command n is much too late",
      .rule = IO(.action = MODEL_DO_DELAY, .value = 20 * NS_PER_S) },
    { .name = "I/O command n is answered twice", .rule = IO(.action = MODEL_DO_DUPLICATE) },
    { .name = "I/O command n is answered again later",
      .rule = IO(.action = MODEL_DO_DUPLICATE, .value = 20000) },
    { .name = "I/O command n is answered under another name",
      .rule = IO(.action = MODEL_DO_CID, .value = 0xfff0) },
    { .name = "I/O command n is answered for another queue",
      .rule = IO(.action = MODEL_DO_SQID, .value = 7) },
    { .name = "fatal status at I/O command n", .rule = IO(.action = MODEL_DO_CFS) },
    { .name = "gone at I/O command n", .rule = IO(.action = MODEL_DO_ALL_ZEROS) },
};

/* --- one life --------------------------------------------------------------------------------- */

struct life {
    struct rig r;
    struct rig_io ios[IOS];
    uint8_t content[16 * 512]; /* of the first blocks; what a write that failed did is not known */
    bool sure;
    unsigned n;
    const struct fault *fault;
};

static uint64_t now(const struct life *l)
{
    return host_clock_peek(&l->r.clock);
}

/* No call keeps its caller longer. */
static void check_call(const struct life *l, uint64_t began)
{
    if (now(l) - began >= CALL_MAX_NS) {
        fail_msg("n = %u: a call took %llu ms", l->n,
                 (unsigned long long)((now(l) - began) / NS_PER_MS));
    }
}

static void init(struct life *l, const struct fault *fault, unsigned n)
{
    memset(l, 0, sizeof(*l));
    l->n = n;
    l->fault = fault;
    l->sure = true;
    rig_init(&l->r);
    l->r.opt.io_entries = 8;
    l->r.opt.io_timeout_ns = NS_PER_S;
    l->r.opt.admin_timeout_ns = NS_PER_S;
    l->r.cfg.mdts = 1;
    l->r.cfg.lpa = 0;
    l->r.cfg.latency_ns = 1000;
    l->r.cfg.ready_ns = l->r.cfg.disable_ns = l->r.cfg.shutdown_ns = 1000;
    l->r.cfg.ns[0].blocks = 1024;
    rig_open(&l->r);
    struct model_rule rule = fault->rule;
    rule.nth = n;
    switch (fault->kind) {
    case DMA_ONCE:
    case DMA_FOR_GOOD:
        rule = (struct model_rule){ .on = MODEL_ON_DMA_ALLOC, .match = MODEL_ANY, .nth = n,
                                    .sub = MODEL_ANY, .action = MODEL_DO_FAIL };
        rule.count = fault->kind == DMA_ONCE ? 1 : MODEL_FOREVER;
        break;
    case HEAP_ONCE:
        host_heap_fail_at(n);
        return;
    case HEAP_FOR_GOOD:
        host_heap_fail_from(n);
        return;
    default:
        break;
    }
    model_add_rule(l->r.hp->model, &rule);
}

static bool was_reached(const struct life *l)
{
    if (l->fault->kind == HEAP_ONCE || l->fault->kind == HEAP_FOR_GOOD) {
        return host_heap_calls() >= l->n;
    }
    return model_rules_fired(l->r.hp->model) > 0;
}

static void end_fault(struct life *l)
{
    host_heap_fail_at(0);
    model_clear_rules(l->r.hp->model);
}

/* Data in both directions, in one and in several commands; then everything on the media is safe. */
static void move_data(struct life *l)
{
    uint8_t data[sizeof(l->content)];
    uint64_t began = now(l);
    uint32_t nlb = 1 + l->n % 16;
    struct nvme_ns *ns = l->r.ctrlr ? rig_ns(&l->r, 1) : NULL;

    if (!ns || !rig_qp(&l->r) || nvme_ns_arm(ns, l->r.cfg.serial)) {
        return;
    }
    rig_pattern(data, sizeof(data), began);
    if (rig_write(&l->r, ns, 0, nlb, data)) {
        l->sure = false;
    } else {
        memcpy(l->content, data, (size_t)nlb * 512);
    }
    check_call(l, began);
    began = now(l);
    if (rig_read(&l->r, ns, 0, 16, data) == 0 && l->sure) {
        assert_memory_equal(data, l->content, sizeof(data));
    }
    check_call(l, began);
    (void)rig_flush(&l->r, ns);
}

static void hear_event(struct life *l)
{
    uint64_t began = now(l);

    model_raise_event(l->r.hp->model, 1, 1, 2);
    host_clock_run_until(&l->r.clock, now(l) + NS_PER_MS);
    (void)nvme_events_poll(l->r.ctrlr);
    check_call(l, began);
}

/* A reset with I/O under way: each ends, once. */
static void reset_under_load(struct life *l)
{
    struct nvme_ns *ns = rig_ns(&l->r, 1);
    uint64_t began = now(l);
    unsigned posted = 0;

    while (ns && posted < IOS && rig_io_try(&l->r, &l->ios[posted], ns, NVME_IO_READ, posted, 20)) {
        int err = nvme_post(rig_qp(&l->r), &l->ios[posted].io);
        if (err) {
            rig_io_free(&l->r, &l->ios[posted]);
            break;
        }
        posted++;
    }
    nvme_ring(rig_qp(&l->r));
    (void)nvme_reap(rig_qp(&l->r), 2);
    (void)!nvme_recover(l->r.ctrlr);
    check_call(l, began);
    for (unsigned i = 0; i < posted; i++) {
        assert_int_equal(l->ios[i].done, 1);
        assert_true(!l->ios[i].done_early || l->fault->stays_off || l->fault->odd);
        rig_io_free(&l->r, &l->ios[i]);
    }
}

static void stop_and_go(struct life *l)
{
    uint64_t began = now(l);

    (void)nvme_shutdown(l->r.ctrlr);
    check_call(l, began);
    began = now(l);
    (void)!nvme_resume(l->r.ctrlr);
    check_call(l, began);
}

static void live(struct life *l)
{
    uint64_t began = now(l);
    int err = rig_attach(&l->r);

    check_call(l, began);
    assert_true((err == 0) == (l->r.ctrlr != NULL));
    if (err) {
        return;
    }
    move_data(l);
    hear_event(l);
    reset_under_load(l);
    move_data(l);
    stop_and_go(l);
    move_data(l);
    began = now(l);
    (void)!nvme_qpairs_set(l->r.ctrlr, 1, 5);
    check_call(l, began);
    move_data(l);
    for (unsigned i = 0; nvme_qpair_at(l->r.ctrlr, i); i++) {
        assert_int_equal(nvme_qpair_outstanding(nvme_qpair_at(l->r.ctrlr, i)), 0);
    }
}

/* The fault is over, the drive had its power switched off and on: it works, and is clean. */
static void next_attach_works(struct life *l)
{
    uint64_t began = now(l);

    nvme_detach(l->r.ctrlr);
    l->r.ctrlr = NULL;
    check_call(l, began);
    end_fault(l);
    model_power_cut(l->r.hp->model);
    assert_int_equal(rig_attach(&l->r), 0);
    uint8_t block[512];
    assert_int_equal(rig_read(&l->r, rig_ns(&l->r, 1), 3, 1, block), 0);
}

static void every_nth(void **state)
{
    const struct fault *fault = *state;
    struct life *l = malloc(sizeof(*l));
    bool reached = true;
    unsigned n;

    for (n = 1; reached && n < MOST; n++) {
        init(l, fault, n);
        live(l);
        reached = was_reached(l);
        assert_true(now(l) < LIFE_MAX_NS);
        next_attach_works(l);
        l->r.allow_violations = fault->odd || fault->stays_off;
        l->r.allow_leaks = fault->stays_off;
        if (rig_close(&l->r)) {
            fail_msg("n = %u: something was left behind", n);
        }
    }
    assert_in_range(n, 10, MOST - 1);
    printf("             %u times: %s\n", n - 1, fault->name);
    free(l);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[ARRAY_SIZE(faults)] = { 0 };

    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        tests[i] = (struct CMUnitTest){ .name = faults[i].name, .test_func = every_nth,
                                        .initial_state = (void *)(uintptr_t)&faults[i] };
    }
    return cmocka_run_group_tests_name("nvme exhaust", tests, NULL, NULL);
}
