/*
 * tests/unit/test_nvme_events.c - asynchronous events: from attach to detach, through resets,
 * refusals and storms.
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

enum { HEALTH = 1, NOTICE = 2 };
enum { SMART = 2, FIRMWARE = 3 };

struct heard {
    unsigned count;
    struct nvme_event last;
    bool use_controller; /* the listener sends a command of its own */
    int err;
};

static void hear(void *ctx, struct nvme_ctrlr *ctrlr, const struct nvme_event *event)
{
    struct heard *heard = ctx;
    uint8_t page[NVME_IDENTIFY_BYTES];

    heard->count++;
    heard->last = *event;
    if (heard->use_controller) {
        heard->err = nvme_identify(ctrlr, NVME_CNS_CONTROLLER, 0, page, NULL);
        assert_int_equal(nvme_events_poll(ctrlr), 0); /* not from inside */
    }
}

/* Polls until events have come or for_ns have passed; how many came. */
static unsigned poll_for(struct rig *r, unsigned events, uint64_t for_ns)
{
    uint64_t end = host_clock_peek(&r->clock) + for_ns;
    unsigned got = 0;

    while (got < events && host_clock_peek(&r->clock) < end) {
        got += nvme_events_poll(r->ctrlr);
        host_clock_relax(&r->clock);
    }
    return got;
}

static void requests_wait_from_attach_on(void **state)
{
    (void)state;
    for (unsigned aerl = 0; aerl < 8; aerl++) {
        struct rig r;
        rig_init(&r);
        r.cfg.aerl_0b = (uint8_t)aerl;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(nvme_event_requests(r.ctrlr), aerl + 1 < 4 ? aerl + 1 : 4);
        assert_int_equal(poll_for(&r, 1, NS_PER_MS), 0);
        assert_int_equal(model_outstanding(r.hp->model), nvme_event_requests(r.ctrlr));
        assert_int_equal(rig_close(&r), 0);
    }
}

static void an_event_is_told_cleared_and_asked_for_again(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard = { .use_controller = true };

    rig_start(&r);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard), 0);
    for (unsigned i = 1; i <= 10; i++) {
        model_raise_event(r.hp->model, HEALTH, 1, SMART);
        assert_int_equal(poll_for(&r, 1, NS_PER_S), 1);
        assert_int_equal(heard.count, i);
        assert_int_equal(heard.err, 0);
        assert_int_equal(heard.last.type, NVME_EVENT_HEALTH);
        assert_int_equal(heard.last.info, NVME_EVENT_HEALTH_TEMPERATURE);
        assert_int_equal(heard.last.lid, NVME_LOG_SMART);
        assert_int_equal(nvme_event_requests(r.ctrlr), 4);
        /* The log page was read once, so the next one of this type can come. */
        assert_int_equal(model_counters(r.hp->model)->by_opcode[0][ADM_GET_LOG], i);
    }
    assert_int_equal(nvme_event_count_at(r.ctrlr, 0)->count, 10);
    assert_null(nvme_event_count_at(r.ctrlr, 1));
    nvme_event_counts_clear(r.ctrlr);
    assert_null(nvme_event_count_at(r.ctrlr, 0));
    nvme_event_unlisten(r.ctrlr, hear, &heard);
    model_raise_event(r.hp->model, HEALTH, 1, SMART);
    assert_int_equal(poll_for(&r, 1, NS_PER_S), 1);
    assert_int_equal(heard.count, 10);
    assert_int_equal(rig_close(&r), 0);
}

/* Whoever waits for an admin command finds the events among the completions, and keeps them. */
static void events_arrive_beside_commands(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard = { 0 };
    uint8_t page[NVME_IDENTIFY_BYTES];

    rig_start(&r);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard), 0);
    for (unsigned i = 1; i <= 40; i++) {
        model_raise_event(r.hp->model, HEALTH, 2, SMART);
        model_raise_event(r.hp->model, NOTICE, 1, FIRMWARE);
        assert_int_equal(nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, NULL), 0);
        assert_int_equal(heard.count, 2 * (i - 1));
        assert_int_equal(nvme_events_poll(r.ctrlr), 2);
        assert_int_equal(heard.count, 2 * i);
        host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 100 * NS_PER_MS);
    }
    assert_int_equal(nvme_event_count_at(r.ctrlr, 0)->count, 40);
    assert_int_equal(nvme_event_count_at(r.ctrlr, 1)->count, 40);
    assert_int_equal(rig_close(&r), 0);
}

static void only_offered_notices_are_switched_on(void **state)
{
    (void)state;
    struct rig r;

    for (unsigned bit = 8; bit < 16; bit++) {
        rig_init(&r);
        r.cfg.oaes = 1U << bit;
        r.cfg.lpa = 1 << 2; /* no telemetry, whose notice has no bit in OAES */
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        for (unsigned info = 0; info < 8; info++) {
            bool defined = bit != 10 && bit != 15;
            model_raise_event(r.hp->model, NOTICE, info, FIRMWARE);
            assert_int_equal(poll_for(&r, 1, 20 * NS_PER_MS), info == bit - 8 && defined);
        }
        assert_int_equal(rig_close(&r), 0);
    }
}

/* Telemetry has no bit in OAES: a drive that has the log (LPA bit 3) has its notice. */
static void telemetry_is_noticed_where_it_is_kept(void **state)
{
    (void)state;
    for (unsigned kept = 0; kept < 2; kept++) {
        struct rig r;

        rig_init(&r);
        r.cfg.oaes = 0;
        r.cfg.lpa = (uint8_t)(1 << 2 | kept << 3);
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        model_raise_event(r.hp->model, NOTICE, 2, LID_TELEMETRY_CONTROLLER);
        assert_int_equal(poll_for(&r, 1, 20 * NS_PER_MS), kept);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void requests_are_posted_again_after_a_reset(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard = { 0 };

    rig_start(&r);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard), 0);
    for (unsigned i = 1; i <= 5; i++) {
        assert_int_equal(nvme_recover(r.ctrlr), 0);
        assert_int_equal(nvme_event_requests(r.ctrlr), 4);
        model_raise_event(r.hp->model, NOTICE, 1, FIRMWARE); /* the configuration is there, too */
        assert_int_equal(poll_for(&r, 1, NS_PER_S), 1);
        assert_int_equal(heard.count, i);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* What was completed before a reset is not lost by it. */
static void an_arrived_event_survives_a_reset(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard = { 0 };
    uint8_t page[NVME_IDENTIFY_BYTES];

    rig_start(&r);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard), 0);
    model_raise_event(r.hp->model, HEALTH, 0, SMART);
    assert_int_equal(nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, NULL), 0);
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_int_equal(nvme_event_requests(r.ctrlr), 3);
    assert_int_equal(nvme_events_poll(r.ctrlr), 1);
    assert_int_equal(heard.count, 1);
    assert_int_equal(nvme_event_requests(r.ctrlr), 4);
    assert_int_equal(rig_close(&r), 0);
}

/* A controller that answers every request at once, for ever. */
static void a_storm_is_slowed_down(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard = { 0 };
    uint8_t page[NVME_IDENTIFY_BYTES];

    rig_start(&r);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard), 0);
    uint64_t start = host_clock_peek(&r.clock);
    while (host_clock_peek(&r.clock) - start < 10 * NS_PER_S) {
        while (model_async_event(r.hp->model, HEALTH | 1 << 8 | SMART << 16)) {
        }
        assert_in_range(nvme_events_poll(r.ctrlr), 0, 4);
        assert_int_equal(nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, NULL), 0);
        host_clock_relax(&r.clock);
    }
    assert_in_range(heard.count, 9 * 64, 11 * 64);
    assert_int_equal(rig_close(&r), 0);
}

static void refused_requests_are_not_repeated(void **state)
{
    (void)state;
    static const uint16_t refusals[] = { ST_INVALID_OPCODE | ST_DNR, ST_AER_LIMIT };
    struct rig r;

    for (unsigned i = 0; i < ARRAY_SIZE(refusals); i++) {
        rig_init(&r);
        rig_open(&r);
        model_add_rule(r.hp->model, &(struct model_rule){
            .on = MODEL_ON_ADMIN, .match = ADM_ASYNC_EVENT, .sub = MODEL_ANY, .nth = 3 - 2 * i,
            .count = MODEL_FOREVER, .action = MODEL_DO_STATUS, .value = refusals[i] });
        assert_int_equal(rig_attach(&r), 0);
        assert_int_equal(poll_for(&r, 1, NS_PER_S), 0);
        assert_int_equal(nvme_event_requests(r.ctrlr), i == 0 ? 2 : 0);
        assert_int_equal(model_counters(r.hp->model)->by_opcode[0][ADM_ASYNC_EVENT], 4);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void a_refused_configuration_is_no_failure(void **state)
{
    (void)state;
    struct rig r;

    rig_init(&r);
    rig_open(&r);
    model_add_rule(r.hp->model, &(struct model_rule){
        .on = MODEL_ON_ADMIN, .match = ADM_SET_FEATURES, .sub = FEAT_ASYNC_EVENT,
        .action = MODEL_DO_STATUS, .value = ST_INVALID_FIELD | ST_DNR });
    assert_int_equal(rig_attach(&r), 0);
    assert_int_equal(nvme_event_requests(r.ctrlr), 4);
    assert_int_equal(rig_close(&r), 0);
}

/* The log page cannot be read: the event is told, and the next request goes out. */
static void a_refused_log_page_is_no_failure(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard = { 0 };

    rig_start(&r);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard), 0);
    model_raise_event(r.hp->model, 7, 0x55, 0xc1); /* a vendor's, with a page we cannot have */
    assert_int_equal(poll_for(&r, 1, NS_PER_S), 1);
    assert_int_equal(heard.last.info, 0x55);
    assert_int_equal(nvme_event_requests(r.ctrlr), 4);
    assert_int_equal(rig_close(&r), 0);
}

/* The device vanishes while the log page is read. */
static void a_controller_lost_on_the_way(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard = { 0 };

    rig_start(&r);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard), 0);
    model_add_rule(r.hp->model, &(struct model_rule){ .on = MODEL_ON_ADMIN, .match = ADM_GET_LOG,
                                                      .sub = MODEL_ANY,
                                                      .action = MODEL_DO_ALL_ONES });
    model_raise_event(r.hp->model, HEALTH, 1, SMART);
    assert_int_equal(poll_for(&r, 1, NS_PER_S), 1);
    assert_int_equal(heard.count, 1);
    assert_int_equal(nvme_event_requests(r.ctrlr), 3);
    assert_int_equal(nvme_events_poll(r.ctrlr), 0);
    assert_int_equal(rig_close(&r), 0);
}

static void nothing_is_delivered_after_shutdown(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard = { 0 };

    rig_start(&r);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard), 0);
    model_raise_event(r.hp->model, HEALTH, 1, SMART);
    assert_int_equal(nvme_shutdown(r.ctrlr), 0);
    assert_int_equal(nvme_event_requests(r.ctrlr), 0);
    assert_int_equal(poll_for(&r, 1, NS_PER_MS), 0);
    assert_int_equal(heard.count, 0);
    assert_int_equal(rig_close(&r), 0);
}

static void four_listen_at_most(void **state)
{
    (void)state;
    struct rig r;
    struct heard heard[5] = { 0 };

    rig_start(&r);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard[i]), i < 4 ? 0 : -ENOSPC);
    }
    nvme_event_unlisten(r.ctrlr, hear, &heard[1]);
    assert_int_equal(nvme_event_listen(r.ctrlr, hear, &heard[4]), 0);
    model_raise_event(r.hp->model, HEALTH, 1, SMART);
    assert_int_equal(poll_for(&r, 1, NS_PER_S), 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(heard[i].count, i != 1);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* Completions under the identifiers of requests that do not wait. */
static void identifiers_of_no_request(void **state)
{
    (void)state;
    static const uint16_t cids[] = { 0x7f, 0x84, 0xffff, 0x40 };
    struct rig r;

    for (unsigned i = 0; i < ARRAY_SIZE(cids); i++) {
        rig_start(&r);
        model_add_rule(r.hp->model, &(struct model_rule){
            .on = MODEL_ON_ADMIN, .match = ADM_IDENTIFY, .sub = MODEL_ANY, .action = MODEL_DO_CID,
            .value = cids[i] });
        uint8_t page[NVME_IDENTIFY_BYTES];
        int err = nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, NULL);
        assert_int_equal(err, -ETIMEDOUT);
        assert_int_equal(nvme_event_requests(r.ctrlr), 4);
        assert_int_equal(rig_close(&r), 0);
    }
}

/* --- abort ------------------------------------------------------------------------------------ */

static void rule_late(struct rig *r, uint64_t ns)
{
    model_add_rule(r->hp->model, &(struct model_rule){
        .on = MODEL_ON_ADMIN, .match = ADM_IDENTIFY, .sub = MODEL_ANY, .action = MODEL_DO_DELAY,
        .value = ns });
}

static void an_overdue_command_is_aborted_first(void **state)
{
    (void)state;
    struct rig r;
    struct nvme_result res;
    uint8_t page[NVME_IDENTIFY_BYTES];

    rig_start(&r);
    rule_late(&r, 100 * NS_PER_S);
    uint64_t start = host_clock_peek(&r.clock);
    assert_int_equal(nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, &res), -ETIMEDOUT);
    assert_int_equal(res.status, ST_ABORT_REQUESTED);
    assert_in_range(host_clock_peek(&r.clock) - start, 3 * NS_PER_S, 4 * NS_PER_S);
    assert_int_equal(model_counters(r.hp->model)->enables, 1); /* no reset */
    assert_int_equal(model_counters(r.hp->model)->aborts, 1);
    assert_int_equal(nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, &res), 0);
    assert_int_equal(nvme_event_requests(r.ctrlr), 4);
    assert_int_equal(rig_close(&r), 0);
}

/* The answer comes while the Abort is under way: it is an answer. */
static void a_late_answer_is_taken(void **state)
{
    (void)state;
    struct rig r;
    struct nvme_result res;
    uint8_t page[NVME_IDENTIFY_BYTES];

    rig_init(&r);
    r.cfg.abort_works = false;
    rig_open(&r);
    assert_int_equal(rig_attach(&r), 0);
    rule_late(&r, 3500 * NS_PER_MS);
    assert_int_equal(nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, &res), 0);
    assert_int_equal(res.status, 0);
    assert_memory_equal(page + IDC_SN, "CAR0001", 7);
    assert_int_equal(model_counters(r.hp->model)->enables, 1);
    assert_int_equal(rig_close(&r), 0);
}

static void an_abort_that_does_not_help_ends_in_a_reset(void **state)
{
    (void)state;
    struct rig r;
    uint8_t page[NVME_IDENTIFY_BYTES];

    for (unsigned i = 0; i < 2; i++) {
        rig_init(&r);
        r.cfg.abort_works = i == 1;
        rig_open(&r);
        assert_int_equal(rig_attach(&r), 0);
        rule_late(&r, 100 * NS_PER_S);
        if (i == 1) { /* nor is it answered */
            model_add_rule(r.hp->model, &(struct model_rule){
                .on = MODEL_ON_ADMIN, .match = ADM_ABORT, .sub = MODEL_ANY,
                .action = MODEL_DO_DROP });
        }
        int err = nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, NULL);
        assert_int_equal(err, -ETIMEDOUT);
        assert_int_equal(model_counters(r.hp->model)->enables, 2);
        assert_false(nvme_failed(r.ctrlr));
        assert_int_equal(nvme_identify(r.ctrlr, NVME_CNS_CONTROLLER, 0, page, NULL), 0);
        assert_int_equal(rig_close(&r), 0);
    }
}

static void abort_by_hand(void **state)
{
    (void)state;
    struct rig r;
    struct rig_io rio;
    bool aborted = true;

    rig_start(&r);
    assert_int_equal(nvme_abort(r.ctrlr, 1, 7, &aborted), 0);
    assert_false(aborted); /* there is no such command */
    model_add_rule(r.hp->model, &(struct model_rule){
        .on = MODEL_ON_IO, .match = NVM_READ, .sub = MODEL_ANY, .action = MODEL_DO_DELAY,
        .value = NS_PER_S });
    rig_io_make(&r, &rio, rig_ns(&r, 1), NVME_IO_READ, 0, 1, 0);
    assert_int_equal(nvme_post(rig_qp(&r), &rio.io), 0);
    nvme_ring(rig_qp(&r));
    assert_int_equal(nvme_abort(r.ctrlr, 1, 0, &aborted), 0);
    assert_true(aborted);
    assert_int_equal(rig_wait(&r, &rio, 1, 10 * NS_PER_MS), 0);
    assert_int_equal(rio.io.err, -ECANCELED);
    assert_int_equal(rio.io.status, ST_ABORT_REQUESTED);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
}

/* --- words ------------------------------------------------------------------------------------ */

static void events_in_words(void **state)
{
    (void)state;
    static const struct {
        struct nvme_event event;
        const char *text;
    } cases[] = {
        {{.type = 1, .info = 1, .lid = 2},
         "health: a temperature is beyond its threshold, log page 02h"},
        {{.type = 0, .info = 3, .lid = 1}, "error: persistent internal error, log page 01h"},
        {{.type = 2, .info = 0, .lid = 4}, "notice: namespaces have changed, log page 04h"},
        {{.type = 6, .info = 1, .lid = 0x81}, "NVM command set: sanitize has ended, log page 81h"},
        {{.type = 7, .info = 0xab}, "vendor: type 7, info ABh"},
        {{.type = 3, .info = 1}, "reserved type: type 3, info 01h"},
        {{.type = 2, .info = 0x80}, "notice: type 2, info 80h"},
    };
    char buf[128], small[8];

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        nvme_event_format(&cases[i].event, buf, sizeof(buf));
        assert_string_equal(buf, cases[i].text);
    }
    nvme_event_format(&cases[0].event, small, sizeof(small));
    assert_string_equal(small, "health:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_wait_from_attach_on),
        cmocka_unit_test(an_event_is_told_cleared_and_asked_for_again),
        cmocka_unit_test(events_arrive_beside_commands),
        cmocka_unit_test(only_offered_notices_are_switched_on),
        cmocka_unit_test(telemetry_is_noticed_where_it_is_kept),
        cmocka_unit_test(requests_are_posted_again_after_a_reset),
        cmocka_unit_test(an_arrived_event_survives_a_reset),
        cmocka_unit_test(a_storm_is_slowed_down),
        cmocka_unit_test(refused_requests_are_not_repeated),
        cmocka_unit_test(a_refused_configuration_is_no_failure),
        cmocka_unit_test(a_refused_log_page_is_no_failure),
        cmocka_unit_test(a_controller_lost_on_the_way),
        cmocka_unit_test(nothing_is_delivered_after_shutdown),
        cmocka_unit_test(four_listen_at_most),
        cmocka_unit_test(identifiers_of_no_request),
        cmocka_unit_test(an_overdue_command_is_aborted_first),
        cmocka_unit_test(a_late_answer_is_taken),
        cmocka_unit_test(an_abort_that_does_not_help_ends_in_a_reset),
        cmocka_unit_test(abort_by_hand),
        cmocka_unit_test(events_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
