/*
 * tests/unit/test_apps_nvme.c - the printers of Identify data and registers on made-up bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apps/nvme/fields.h"
#include "apps/nvme/show_regs.h"
#include "drivers/nvme/nvme_spec.h"
#include "lib/compiler.h"
#include "lib/out.h"

static struct out_buf text;
static char text_bytes[16384];

static struct show show;

#define ROW(title, at, bytes, how)                                                                 \
    {                                                                                              \
        .name = (title), .off = (at), .width = (bytes), .format = NVME_FIELD_##how                 \
    }

/* Text from now on, or JSON. */
static void begin(const char *format)
{
    static struct shell sh;

    out_buf_init(&text, text_bytes, sizeof(text_bytes));
    sh.out = &text.out;
    assert_int_equal(show_begin(&show, &sh, "test", format), 0);
}

static int set_up(void **state)
{
    (void)state;
    begin(NULL);
    return 0;
}

static void assert_line(const char *line)
{
    if (!strstr(text_bytes, line)) {
        fail_msg("no line \"%s\" in:\n%s", line, text_bytes);
    }
}

static void test_formats(void **state)
{
    static const uint8_t data[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                   0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10,
                                   'A',  0x1b, 'B',  ' ',  ' ',  0x00, 'C',  'D'};
    static const struct nvme_field fields[] = {
        ROW("dec1", 15, 1, DEC), ROW("hex2", 0, 2, HEX),   ROW("hex8", 0, 8, HEX),
        ROW("zero", 21, 1, HEX), ROW("big", 0, 16, BIG),   ROW("text", 16, 8, TEXT),
        ROW("full", 16, 3, TEXT), ROW("oui", 0, 3, OUI),   ROW("raw", 0, 4, RAW),
        ROW("uuid", 0, 16, UUID),
    };

    (void)state;
    show.name_width = 5;
    nvme_fields_show(&show, fields, ARRAY_SIZE(fields), data, false);
    assert_string_equal(text_bytes, "dec1 : 16\n"
                                    "hex2 : 0x201\n"
                                    "hex8 : 0x807060504030201\n"
                                    "zero : 0\n"
                                    "big  : 21345817372864405881847059188222722561\n"
                                    "text : A?B\n"
                                    "full : A?B\n"
                                    "oui  : 030201\n"
                                    "raw  : 01020304\n"
                                    "uuid : 01020304-0506-0708-090a-0b0c0d0e0f10\n");
}

static void test_big_limits(void **state)
{
    static const struct nvme_field field = ROW("n", 0, 16, BIG);
    uint8_t data[16] = {0};

    (void)state;
    show.name_width = 1;
    nvme_fields_show(&show, &field, 1, data, false);
    memset(data, 0xff, sizeof(data));
    nvme_fields_show(&show, &field, 1, data, false);
    assert_string_equal(text_bytes, "n: 0\nn: 340282366920938463463374607431768211455\n");
}

static void test_id_ctrl(void **state)
{
    static struct nvme_id_ctrl id;

    (void)state;
    memset(&id, 0, sizeof(id));
    id.vid = 0x1b36;
    memcpy(id.sn, "S1                  ", 20);
    memcpy(id.mn, "A model that fills all forty characters.", 40);
    memcpy(id.fr, "1.0     ", 8);
    id.ieee[0] = 0x00;
    id.ieee[1] = 0x54;
    id.ieee[2] = 0x52;
    id.ver = 0x10400;
    id.nn = 256;
    id.npss = 2;
    id.nvscc = 1;
    memcpy(id.subnqn, "nqn.2019-08.org.example:nvme", 28);
    id.psd[0] = (struct nvme_psd){.mp = 2500, .enlat = 16, .exlat = 4, .rrl = 1};
    id.psd[1] = (struct nvme_psd){.mp = 75,
                                  .flags = NVME_PSD_FLAGS_MXPS | NVME_PSD_FLAGS_NOPS,
                                  .ips = 0x40,
                                  .idlp = 50,
                                  .apw_aps = 0x82,
                                  .actp = 820};
    nvme_id_ctrl_show(&show, &id, false);
    assert_ptr_equal(strstr(text_bytes, "NVME Identify Controller:\nvid       : 0x1b36\n"),
                     text_bytes);
    assert_line("\nsn        : S1\n");
    assert_line("\nmn        : A model that fills all forty characters.\nfr        : 1.0\n");
    assert_line("\nieee      : 525400\n");
    assert_line("\nver       : 0x10400\n");
    assert_line("\nfguid     : 00000000-0000-0000-0000-000000000000\n");
    assert_line("\nnn        : 256\n");
    assert_line("\nicsvscc   : 1\n");
    assert_line("\nsubnqn    : nqn.2019-08.org.example:nvme\n");
    assert_line("\nps      0 : mp:25.00W operational enlat:16 exlat:4 rrt:0 rrl:1\n"
                "            rwt:0 rwl:0 idle_power:- active_power:-\n"
                "            active_power_workload:-\n");
    assert_line("\nps      1 : mp:0.0075W non-operational enlat:0 exlat:0 rrt:0 rrl:0\n"
                "            rwt:0 rwl:0 idle_power:0.0050W active_power:8.20W\n"
                "            active_power_workload:2\n");
    assert_line("\nps      2 :");
    assert_null(strstr(text_bytes, "ps      3"));
}

static void test_json(void **state)
{
    static const uint8_t data[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                   'A',  '"',  'B',  ' ',  ' ',  0x00, 'C',  'D'};
    static const struct nvme_field fields[] = {
        ROW("hex2", 0, 2, HEX), ROW("big", 0, 16, BIG), ROW("text", 16, 8, TEXT),
        ROW("oui", 0, 3, OUI), ROW("raw", 0, 4, RAW),
    };

    (void)state;
    begin("json");
    show_title(&show, "not for a script");
    nvme_fields_show(&show, fields, ARRAY_SIZE(fields), data, true);
    show_open_array(&show, "list", "List:");
    show_open_object(&show, NULL, NULL);
    show_number_as(&show, "temperature", "t", 308, "%d C", 35);
    show_bits(&show, 0xff, 1, 0, "not for a script");
    show_close_object(&show);
    show_close_array(&show);
    show_end(&show);
    assert_string_equal(text_bytes, "{\n  \"hex2\" : 513,\n"
                                    "  \"big\" : 340282366920938463445506301053810967041,\n"
                                    "  \"text\" : \"A\\\"B\",\n  \"oui\" : 197121,\n"
                                    "  \"raw\" : \"01020304\",\n  \"list\" : [\n    {\n"
                                    "      \"t\" : 308\n    }\n  ]\n}\n");
}

static void test_text_of_bits_and_nesting(void **state)
{
    (void)state;
    show.name_width = 6;
    show_hex(&show, "oacs", NULL, 0x12a);
    show_bits(&show, 0x12a, 5, 5, "Directives %s", "Supported");
    show_bits(&show, 0x12a, 63, 0, "all");
    show_open_object(&show, "x", "Part:");
    show_number_as(&show, "t", NULL, 308, "%d C", 35);
    show_close_object(&show);
    show_json_u64(&show, "x", 1);
    show_end(&show);
    assert_string_equal(text_bytes, "oacs  : 0x12a\n  [5:5] : 0x1\tDirectives Supported\n"
                                    "  [63:0] : 0x12a\tall\nPart:\n  t     : 35 C\n");
}

/* A controller that says it has 256 power states and 256 formats: only those that exist. */
static void test_limits(void **state)
{
    static struct nvme_id_ctrl ctrl;
    static struct nvme_id_ns ns;

    (void)state;
    memset(&ctrl, 0xff, sizeof(ctrl));
    nvme_id_ctrl_show(&show, &ctrl, false);
    assert_line("\nps     31 :");
    assert_null(strstr(text_bytes, "ps     32"));
    begin(NULL);
    memset(&ns, 0xff, sizeof(ns));
    nvme_id_ns_show(&show, &ns, false);
    assert_line("\nlbaf 15 : ms:65535 lbads:255 rp:0x3 (in use)\n");
    assert_null(strstr(text_bytes, "lbaf 16"));
}

static void test_id_ns(void **state)
{
    static struct nvme_id_ns ns;

    (void)state;
    memset(&ns, 0, sizeof(ns));
    ns.nsze = 0x20000;
    ns.nlbaf = 1;
    ns.flbas = 1;
    ns.nvmcap[3] = 0x04;
    ns.nguid[0] = 0xab;
    ns.eui64[7] = 0x01;
    ns.lbaf[0] = FIELD_PREP(NVME_LBAF_LBADS, 9);
    ns.lbaf[1] =
        FIELD_PREP(NVME_LBAF_LBADS, 12) | FIELD_PREP(NVME_LBAF_MS, 8) | FIELD_PREP(NVME_LBAF_RP, 2);
    nvme_id_ns_show(&show, &ns, false);
    assert_line("nsze    : 0x20000\n");
    assert_line("\nnvmcap  : 67108864\n");
    assert_line("\nnguid   : ab000000000000000000000000000000\n");
    assert_line("\neui64   : 0000000000000001\n");
    assert_line("\nlbaf  0 : ms:0   lbads:9  rp:0\nlbaf  1 : ms:8   lbads:12 rp:0x2 (in use)\n");
    assert_null(strstr(text_bytes, "npwg"));
    ns.nsfeat = NVME_NSFEAT_OPTPERF;
    ns.npwg = 7;
    nvme_id_ns_show(&show, &ns, false);
    assert_line("\nnpwg    : 7\n");
}

static uint64_t read_made_up(void *ctx, uint32_t off, unsigned width)
{
    unsigned *bad = ctx;

    *bad += off % width != 0;
    switch (off) {
    case NVME_REG_CAP:
        return UINT64_C(0x4008200f0107ff);
    case NVME_REG_VS:
        return 0x10400;
    case NVME_REG_CC:
        return 0x460001;
    case NVME_REG_CSTS:
        return 1;
    case NVME_REG_AQA:
        return 0x3f003f;
    case NVME_REG_ASQ:
        return 0x1234000;
    case NVME_REG_PMRMSC:
        return 0x80000002;
    case NVME_REG_PMRMSC + 4:
        return 0xe0;
    default:
        return 0;
    }
}

static void test_regs(void **state)
{
    unsigned bad = 0;
    struct nvme_reg_reader reader = {.ctx = &bad, .read = read_made_up};

    (void)state;
    nvme_regs_print(&text.out, &reader);
    assert_int_equal(bad, 0);
    assert_line("cap     : 4008200f0107ff\n");
    assert_line("\tMost queue entries (MQES): 2048\n");
    assert_line("\tTime-out to become ready (TO): 7500 ms\n");
    assert_line("\tDoorbell stride (DSTRD): 4 bytes\n");
    assert_line("\tSmallest memory page (MPSMIN): 4096 bytes\n");
    assert_line("\tLargest memory page (MPSMAX): 65536 bytes\n");
    assert_line("\nversion : 10400\n\tMajor version (MJR): 1\n\tMinor version (MNR): 4\n");
    assert_line("\tI/O submission entry (IOSQES): 64 bytes\n");
    assert_line("\nasq     : 1234000\n");
    assert_line("\tAdmin submission queue entries (ASQS): 64\n");
    assert_line("\npmrmsc  : e080000002\n\tController base address (CBA): 0xe080000000\n");
    assert_false(text.truncated);
}

static uint64_t read_ones(void *ctx, uint32_t off, unsigned width)
{
    (void)ctx;
    (void)off;
    return width == 8 ? UINT64_MAX : UINT32_MAX;
}

/* No field value of any register may lead outside its table of words. */
static void test_regs_all_ones(void **state)
{
    struct nvme_reg_reader reader = {.ctx = NULL, .read = read_ones};

    (void)state;
    nvme_regs_print(&text.out, &reader);
    assert_line("\tSize unit (SZU): reserved\n");
    assert_false(text.truncated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_formats, set_up),
        cmocka_unit_test_setup(test_big_limits, set_up),
        cmocka_unit_test_setup(test_id_ctrl, set_up),
        cmocka_unit_test_setup(test_json, set_up),
        cmocka_unit_test_setup(test_text_of_bits_and_nesting, set_up),
        cmocka_unit_test_setup(test_limits, set_up),
        cmocka_unit_test_setup(test_id_ns, set_up),
        cmocka_unit_test_setup(test_regs, set_up),
        cmocka_unit_test_setup(test_regs_all_ones, set_up),
    };
    return cmocka_run_group_tests_name("apps nvme", tests, NULL, NULL);
}
