/*
 * tests/model/model_selftest.c - Device Self-test (NVMe 1.4 §5.8, §8.11).
 */
#include "tests/model/model_internal.h"

#include "lib/string.h"

enum { TEST_SHORT = 1, TEST_EXTENDED = 2, TEST_VENDOR = 0xe, TEST_ABORT = 0xf };
enum { RESULT_OK = 0, RESULT_ABORTED = 1, RESULT_RESET = 2 };

void self_test_end(struct nvme_model *m, unsigned result)
{
    uint8_t entry[28] = { 0 };

    if (!m->logs.self_test) {
        return;
    }
    entry[0] = (uint8_t)(result | m->logs.self_test << 4);
    if (result == 7) { /* a segment failed, and which: at block 0x1234 */
        entry[1] = 3;
        entry[2] = 3;
        put_le(entry + 16, 8, 0x1234);
    }
    put_le(entry + 4, 8, m->cfg.health.power_on_hours);
    put_le(entry + 12, 4, m->manage.test_nsid);
    model_put_self_test(m, 0, 0, entry);
    m->manage.test_end_ns = 0;
}

uint16_t self_test_run(struct nvme_model *m, struct cmd *cmd)
{
    uint32_t code = cmd->dw[10] & 15, nsid = cmd->dw[1];
    struct manage *g = &m->manage;

    if (code == TEST_ABORT) {
        self_test_end(m, RESULT_ABORTED);
        return ST_OK;
    }
    if (code != TEST_SHORT && code != TEST_EXTENDED && code != TEST_VENDOR) {
        return ST_INVALID_FIELD | ST_DNR;
    }
    if (nsid != 0 && nsid != UINT32_MAX && !media_ns(m, nsid)) {
        return ST_INVALID_NS | ST_DNR;
    }
    if (m->logs.self_test) {
        return ST_SELF_TEST_IN_PROGRESS | ST_DNR;
    }
    model_put_self_test(m, (uint8_t)code, 0, NULL);
    g->test_nsid = nsid;
    g->test_start_ns = m->now_ns;
    g->test_end_ns = m->now_ns + (code == TEST_EXTENDED ? m->cfg.offer.extended_ns
                                                        : m->cfg.offer.short_ns);
    return ST_OK;
}

void self_test_step(struct nvme_model *m)
{
    const struct manage *g = &m->manage;

    if (!m->logs.self_test || !g->test_end_ns) {
        return;
    }
    if (m->now_ns >= g->test_end_ns) {
        self_test_end(m, m->cfg.offer.self_test_result);
        return;
    }
    m->logs.self_test_percent = (uint8_t)((m->now_ns - g->test_start_ns) * 100 /
                                          (g->test_end_ns - g->test_start_ns));
}
