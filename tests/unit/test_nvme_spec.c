/*
 * tests/unit/test_nvme_spec.c - constants of nvme_spec.h against the byte images of registers and
 * structures as the specification prints them, written down a second time and in another form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_spec.h"
#include "lib/compiler.h"

/* A CAP value put together by hand: MQES 2047, CQR, TO 15, DSTRD 3, NVM set, MPSMAX 4, CMBS. */
static void test_cap(void **state)
{
    const uint64_t cap = 2047 | UINT64_C(1) << 16 | UINT64_C(15) << 24 | UINT64_C(3) << 32 |
                         UINT64_C(1) << 37 | UINT64_C(4) << 52 | UINT64_C(1) << 57;

    (void)state;
    assert_int_equal(FIELD_GET(NVME_CAP_MQES, cap), 2047);
    assert_int_equal(FIELD_GET(NVME_CAP_CQR, cap), 1);
    assert_int_equal(FIELD_GET(NVME_CAP_AMS, cap), 0);
    assert_int_equal(FIELD_GET(NVME_CAP_TO, cap), 15);
    assert_int_equal(FIELD_GET(NVME_CAP_DSTRD, cap), 3);
    assert_int_equal(FIELD_GET(NVME_CAP_NSSRS, cap), 0);
    assert_int_equal(FIELD_GET(NVME_CAP_CSS_NVM, cap), 1);
    assert_int_equal(FIELD_GET(NVME_CAP_CSS, cap), 1);
    assert_int_equal(FIELD_GET(NVME_CAP_MPSMIN, cap), 0);
    assert_int_equal(FIELD_GET(NVME_CAP_MPSMAX, cap), 4);
    assert_int_equal(FIELD_GET(NVME_CAP_CMBS, cap), 1);
    assert_int_equal(FIELD_GET(NVME_CAP_PMRS, cap), 0);
}

/* 460001h is what firmware leaves in CC of an enabled controller. */
static void test_cc(void **state)
{
    (void)state;
    assert_int_equal(NVME_CC_EN | FIELD_PREP(NVME_CC_IOSQES, 6) | FIELD_PREP(NVME_CC_IOCQES, 4),
                     0x460001);
    assert_int_equal(FIELD_PREP(NVME_CC_SHN, NVME_CC_SHN_NORMAL), 0x4000);
    assert_int_equal(FIELD_PREP(NVME_CC_SHN, NVME_CC_SHN_ABRUPT), 0x8000);
    assert_int_equal(FIELD_GET(NVME_CSTS_SHST, 0x9), NVME_CSTS_SHST_COMPLETE);
    assert_int_equal(FIELD_PREP(NVME_AQA_ACQS, 31) | FIELD_PREP(NVME_AQA_ASQS, 31), 0x1f001f);
}

static void test_masks_do_not_overlap(void **state)
{
    static const uint64_t cap[] = {
        NVME_CAP_MQES,   NVME_CAP_CQR,    NVME_CAP_AMS,  NVME_CAP_TO,
        NVME_CAP_DSTRD,  NVME_CAP_NSSRS,  NVME_CAP_CSS,  NVME_CAP_BPS,
        NVME_CAP_MPSMIN, NVME_CAP_MPSMAX, NVME_CAP_PMRS, NVME_CAP_CMBS,
    };
    static const uint64_t cc[] = {
        NVME_CC_EN,  NVME_CC_CSS,    NVME_CC_MPS,    NVME_CC_AMS,
        NVME_CC_SHN, NVME_CC_IOSQES, NVME_CC_IOCQES,
    };
    static const uint64_t status[] = {
        NVME_STATUS_SC, NVME_STATUS_SCT, NVME_STATUS_CRD, NVME_STATUS_MORE, NVME_STATUS_DNR,
    };
    uint64_t seen = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cap); i++) {
        assert_true((seen & cap[i]) == 0);
        seen |= cap[i];
    }
    /* Reserved in CAP: 23:19, 47:46, 63:58. */
    assert_true(seen == ~(UINT64_C(0x1f) << 19 | UINT64_C(3) << 46 | UINT64_C(0x3f) << 58));
    seen = 0;
    for (size_t i = 0; i < ARRAY_SIZE(cc); i++) {
        assert_true((seen & cc[i]) == 0);
        seen |= cc[i];
    }
    assert_true(seen == 0x00fffff1);
    seen = 0;
    for (size_t i = 0; i < ARRAY_SIZE(status); i++) {
        assert_true((seen & status[i]) == 0);
        seen |= status[i];
    }
    assert_true(seen == 0x7fff);
}

static void test_doorbells(void **state)
{
    (void)state;
    assert_int_equal(NVME_REG_SQTDBL(0, 0), 0x1000);
    assert_int_equal(NVME_REG_CQHDBL(0, 0), 0x1004);
    assert_int_equal(NVME_REG_SQTDBL(1, 0), 0x1008);
    assert_int_equal(NVME_REG_CQHDBL(1, 0), 0x100c);
    assert_int_equal(NVME_REG_SQTDBL(2, 3), 0x1000 + 4 * 32);
    assert_int_equal(NVME_REG_CQHDBL(65535, 15), 0x1000 + UINT32_C(131071) * (4 << 15));
}

/* A read command as the bytes of a dump. */
static void test_sqe(void **state)
{
    const struct nvme_sqe sqe = {
        .opcode = NVME_IO_READ,
        .cid = 0x1234,
        .nsid = 7,
        .prp1 = 0x1122334455667788,
        .cdw10 = 0xa0a1a2a3,
        .cdw12 = 0x40000007,
    };
    const uint8_t *b = (const uint8_t *)&sqe;

    (void)state;
    assert_int_equal(b[0], 0x02);
    assert_int_equal(b[1], 0x00);
    assert_int_equal(b[2], 0x34);
    assert_int_equal(b[3], 0x12);
    assert_int_equal(b[4], 7);
    assert_int_equal(b[24], 0x88);
    assert_int_equal(b[31], 0x11);
    assert_int_equal(b[40], 0xa3);
    assert_int_equal(b[48], 7);
    assert_int_equal(b[51], 0x40);
    assert_int_equal(FIELD_GET(NVME_RW_CDW12_FUA, sqe.cdw12), 1);
    assert_int_equal(FIELD_GET(NVME_RW_CDW12_NLB, sqe.cdw12), 7);
}

static void test_cqe(void **state)
{
    const uint8_t bytes[16] = {1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 2, 0, 0x34, 0x12, 0x01, 0x81};
    struct nvme_cqe cqe;
    uint32_t dw3;

    (void)state;
    memcpy(&cqe, bytes, sizeof(cqe));
    memcpy(&dw3, bytes + 12, sizeof(dw3));
    assert_int_equal(cqe.sqhd, 5);
    assert_int_equal(cqe.sqid, 2);
    assert_int_equal(cqe.cid, 0x1234);
    assert_int_equal(FIELD_GET(NVME_CQE_PHASE, cqe.status), 1);
    assert_int_equal(FIELD_GET(NVME_CQE_STATUS, cqe.status), 0x4080);
    assert_int_equal(FIELD_GET(NVME_CQE_DW3_STATUS, dw3), 0x4080);
    assert_int_equal(FIELD_GET(NVME_CQE_DW3_PHASE, dw3), 1);
    assert_int_equal(FIELD_GET(NVME_CQE_DW3_CID, dw3), 0x1234);
}

static void test_lbaf(void **state)
{
    (void)state;
    assert_int_equal(FIELD_GET(NVME_LBAF_LBADS, 0x020c0008), 12);
    assert_int_equal(FIELD_GET(NVME_LBAF_MS, 0x020c0008), 8);
    assert_int_equal(FIELD_GET(NVME_LBAF_RP, 0x020c0008), 2);
    assert_int_equal(offsetof(struct nvme_id_ns, lbaf) + 16 * sizeof(uint32_t), 192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_cc),
        cmocka_unit_test(test_masks_do_not_overlap),
        cmocka_unit_test(test_doorbells),
        cmocka_unit_test(test_sqe),
        cmocka_unit_test(test_cqe),
        cmocka_unit_test(test_lbaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
