/*
 * tests/unit/test_nvme_recorder.c - the flight recorder: what it knows of the last commands, and
 * what it says at a reset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_recorder.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "tests/model/host_rig.h"
#include "tests/model/model_spec.h"

/* Keeps what is printed. */
struct text {
    struct out out;
    size_t len;
    char buf[32768];
};

static void text_write(struct out *out, const char *text, size_t len)
{
    struct text *t = container_of(out, struct text, out);

    len = MIN(len, sizeof(t->buf) - 1 - t->len);
    memcpy(t->buf + t->len, text, len);
    t->len += len;
    t->buf[t->len] = '\0';
}

static void contains(const struct text *t, const char *what)
{
    if (!strstr(t->buf, what)) {
        fail_msg("no \"%s\" in:\n%s", what, t->buf);
    }
}

static void post(struct rig *r, struct rig_io *rio, uint64_t lba)
{
    rig_io_make(r, rio, rig_ns(r, 1), NVME_IO_READ, lba, 8, 0);
    assert_int_equal(nvme_post(rig_qp(r), &rio->io), 0);
}

static void rule(struct rig *r, unsigned nth, enum model_action action, uint64_t value)
{
    model_add_rule(r->hp->model, &(struct model_rule){
        .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY, .nth = nth, .action = action,
        .value = value });
}

/* Answered, refused, outstanding: each with its times. */
static void what_became_of_them(void **state)
{
    struct rig r;
    struct rig_io ios[3];
    struct nvme_record record;
    (void)state;

    rig_start(&r);
    rule(&r, 2, MODEL_DO_STATUS, ST_UNRECOVERED_READ);
    rule(&r, 3, MODEL_DO_DROP, 0);
    uint64_t times_ns[3];
    for (unsigned i = 0; i < 3; i++) {
        host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + NS_PER_MS);
        times_ns[i] = host_clock_peek(&r.clock);
        post(&r, &ios[i], 100 + i);
        nvme_ring(rig_qp(&r));
        host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + NS_PER_MS);
        assert_int_equal(nvme_reap(rig_qp(&r), 8), i < 2);
    }
    for (unsigned back = 0; back < 3; back++) {
        assert_true(nvme_recorder_get(r.ctrlr, 1, back, &record));
        assert_int_equal(record.number, 2 - back);
        assert_int_equal(record.cmd.opcode, NVME_IO_READ);
        assert_int_equal(record.cmd.cdw10, 102 - back);
        assert_in_range(record.posted_ns, times_ns[2 - back], times_ns[2 - back] + NS_PER_US);
        assert_int_equal(record.state, back ? NVME_RECORD_ANSWERED : NVME_RECORD_OUTSTANDING);
        assert_int_equal(record.status & 0x7ff, back == 1 ? ST_UNRECOVERED_READ : 0);
        if (back) { /* seen by the time the next batch began */
            assert_in_range(record.answered_ns, times_ns[3 - back], times_ns[3 - back] + NS_PER_US);
        }
    }
    assert_false(nvme_recorder_get(r.ctrlr, 1, 3, &record));
    assert_false(nvme_recorder_get(r.ctrlr, 2, 0, &record)); /* nothing was ever posted there */
    assert_false(nvme_recorder_get(r.ctrlr, 3, 0, &record)); /* there is no such queue */
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    assert_false(nvme_recorder_get(r.ctrlr, 1, 0, &record)); /* emptied */
    for (unsigned i = 0; i < 3; i++) {
        rig_io_free(&r, &ios[i]);
    }
    assert_int_equal(rig_close(&r), 0);
}

/* Around the rings many times: as many as the ring has entries are known, in order. */
static void the_ring_turns(void **state)
{
    struct rig r;
    struct nvme_record record;
    uint8_t block[512];
    unsigned known = 0;
    (void)state;

    rig_start(&r); /* 32 entries */
    for (unsigned i = 0; i < 333; i++) {
        assert_int_equal(rig_read(&r, rig_ns(&r, 1), i, 1, block), 0);
    }
    for (; nvme_recorder_get(r.ctrlr, 1, known, &record); known++) {
        assert_int_equal(record.number, 332 - known);
        assert_int_equal(record.cmd.cdw10, 332 - known);
        assert_int_equal(record.state, NVME_RECORD_ANSWERED);
        assert_int_not_equal(record.posted_ns, 0);
    }
    assert_int_equal(known, 32);
    assert_int_equal(rig_close(&r), 0);
}

/* One time for all that were posted before the doorbell. */
static void a_batch_has_one_time(void **state)
{
    struct rig r;
    struct rig_io ios[4];
    struct nvme_record first, record;
    (void)state;

    rig_start(&r);
    for (unsigned i = 0; i < 4; i++) {
        post(&r, &ios[i], i);
        host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + NS_PER_US);
    }
    assert_true(nvme_recorder_get(r.ctrlr, 1, 3, &first));
    for (unsigned back = 0; back < 3; back++) {
        assert_true(nvme_recorder_get(r.ctrlr, 1, back, &record));
        assert_int_equal(record.posted_ns, first.posted_ns);
        assert_int_equal(record.state, NVME_RECORD_OUTSTANDING);
    }
    assert_int_equal(rig_wait(&r, ios, 4, NS_PER_S), 0);
    for (unsigned i = 0; i < 4; i++) {
        rig_io_free(&r, &ios[i]);
    }
    assert_int_equal(rig_close(&r), 0);
}

static void the_dump(void **state)
{
    struct text *t = calloc(1, sizeof(*t));
    struct rig r;
    struct rig_io rio;
    (void)state;

    t->out.write = text_write;
    rig_start(&r);
    rule(&r, 1, MODEL_DO_CID, 0x7ffe);
    post(&r, &rio, 77);
    nvme_ring(rig_qp(&r));
    host_clock_run_until(&r.clock, host_clock_peek(&r.clock) + 50 * NS_PER_MS);
    assert_int_equal(nvme_reap(rig_qp(&r), 8), 1);
    nvme_recorder_dump(r.ctrlr, &t->out, 40);
    contains(t, "nvme0 queue 0: 32 entries, ");
    contains(t, ": Identify nsid ");
    contains(t, ": waits for an event\n");
    contains(t, "nvme0 queue 1: 32 entries, 1 outstanding, 1 posted, 1 completed; tail 1 (told 1)");
    contains(t, "us ago  command 0h: Read nsid 1 lba 77 blocks 8 ");
    contains(t, ": not answered\n");
    contains(t, "completion for no command: ");
    contains(t, "7ffe\n");
    contains(t, "nvme0 queue 2: 32 entries, 0 outstanding, 0 posted");
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    rig_io_free(&r, &rio);
    assert_int_equal(rig_close(&r), 0);
    free(t);
}

/* What a person sees on the console when a controller is reset: the commands it owes, not more than
 * four of a queue; and in the log the others, too. */
static void said_at_a_reset(void **state)
{
    struct text *console = calloc(1, sizeof(*console)), *log = calloc(1, sizeof(*log));
    struct rig r;
    struct rig_io ios[8];
    (void)state;

    console->out.write = log->out.write = text_write;
    rig_start(&r);
    for (unsigned i = 3; i <= 8; i++) {
        rule(&r, i, MODEL_DO_DROP, 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        post(&r, &ios[i], 500 + i);
    }
    nvme_ring(rig_qp(&r));
    log_reset();
    log_set_sink(&console->out, LOG_WARN);
    while (!nvme_failed(r.ctrlr)) {
        (void)nvme_reap(rig_qp(&r), 8);
        host_clock_relax(&r.clock);
    }
    assert_int_equal(nvme_recover(r.ctrlr), 0);
    log_dump(&log->out);
    log_reset();
    contains(console, "nvme0: Read (queue 1, command ");
    contains(console, "was not answered within 2000 ms: asking for its Abort");
    contains(console, "nor aborted within 2000 ms more");
    contains(console, "nvme0 queue 1: 4");
    contains(console, "Read nsid 1 lba 507 blocks 8 ");
    contains(console, "Read nsid 1 lba 504 blocks 8 ");
    assert_null(strstr(console->buf, "lba 503"));
    assert_null(strstr(console->buf, "Identify"));
    contains(log, "lba 503");
    contains(log, "lba 502");
    contains(log, ": Identify nsid ");
    for (unsigned i = 0; i < 8; i++) {
        rig_io_free(&r, &ios[i]);
    }
    assert_int_equal(rig_close(&r), 0);
    free(console);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_became_of_them), cmocka_unit_test(the_ring_turns),
        cmocka_unit_test(a_batch_has_one_time), cmocka_unit_test(the_dump),
        cmocka_unit_test(said_at_a_reset),
    };
    return cmocka_run_group_tests_name("nvme flight recorder", tests, NULL, NULL);
}
