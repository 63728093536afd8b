/*
 * tests/unit/test_apps_nvme_features.c - `nvme get-feature`, `set-feature` and `hmb` typed into a
 * shell: the shape of nvme-cli, JSON, and everything that is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nvme/nvme_feature.h"
#include "drivers/nvme/nvme_gate.h"
#include "lib/errno.h"
#include "tests/model/model_spec.h"
#include "tests/unit/typed_lines.h"

static void says_not(const char *line, const char *text)
{
    int err = host_appliance_run(ha, line);

    if (err || strstr(ha->text, text)) {
        fail_msg("\"%s\" (%d): there is \"%s\" in:\n%s", line, err, text, ha->text);
    }
}

static void is(const char *line, const char *whole)
{
    int err = host_appliance_run(ha, line);

    if (err || strcmp(ha->text, whole) != 0) {
        fail_msg("\"%s\" (%d): not \"%s\" but:\n%s", line, err, whole, ha->text);
    }
}

static unsigned sets(void)
{
    return model_counters(ha->hosts[0]->model)->by_opcode[0][ADM_SET_FEATURES];
}

static int start(bool every_feature, unsigned ns_count)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    drive.serial = "SERIAL7";
    drive.every_feature = every_feature;
    drive.hmpre = every_feature ? 256 : 0;
    drive.hmmin = 16;
    drive.sq_grant = 2;
    drive.cq_grant = 2;
    drive.ns_count = ns_count;
    drive.ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 1 << 18, .lbads = 12};
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    return 0;
}

static int full_drive(void **state)
{
    (void)state;
    return start(true, 1);
}

static int full_drive_two_namespaces(void **state)
{
    (void)state;
    return start(true, 2);
}

static int plain_drive(void **state)
{
    (void)state;
    return start(false, 1);
}

static int tear_down(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static void test_one(void **state)
{
    (void)state;
    is("nvme get-feature nvme0 -f 2",
       "get-feature:0x02 (Power Management), Current value:0x00000000\n");
    is("nvme get-feature /dev/nvme0 --feature-id=volatile-write-cache -H",
       "get-feature:0x06 (Volatile Write Cache), Current value:0x00000001\n"
       "\tVolatile Write Cache Enable (WCE): Enabled\n");
    is("nvme get-feature nvme0 -f 0x04 -s default -H",
       "get-feature:0x04 (Temperature Threshold), Default value:0x00000157\n"
       "\tThreshold Type Select        (THSEL): Over Temperature Threshold\n"
       "\tThreshold Temperature Select (TMPSEL): Composite Temperature\n"
       "\tTemperature Threshold        (TMPTH): 70 C (343 K)\n");
    says("nvme get-feature nvme0 -f 4 -c 0x100000 -H", "Under Temperature Threshold");
    is("nvme get-feature nvme0 -f 7 -H",
       "get-feature:0x07 (Number of Queues), Current value:0x00010001\n"
       "\tNumber of IO Completion Queues Allocated (NCQA): 2\n"
       "\tNumber of IO Submission Queues Allocated (NSQA): 2\n");
    says("nvme get-feature nvme0 -f arb -H", "\tArbitration Burst      (AB): 4\n");
    is("nvme get-feature nvme0 -f 6 --sel=3",
       "get-feature:0x06 (Volatile Write Cache), Supported capabilities value:0x00000005\n"
       "  Feature is saveable\n"
       "  Feature is changeable\n");
    says("nvme get-feature nvme0n1 -f 5",
         "get-feature:0x05 (Error Recovery), namespace 0x1, Current value:0x00000000\n");
    says("nvme get-feature nvme0 -f 5", "namespace 0x1"); /* the only one */
}

static void test_data_of_features(void **state)
{
    (void)state;
    says("nvme get-feature nvme0 -f 0x0c -H",
         "Entry[ 4]: Idle Time Prior to Transition (ITPT): 0 ms");
    says_not("nvme get-feature nvme0 -f 0x0c -H", "Entry[ 5]");
    says("nvme get-feature nvme0 -f 0x0d -H", "hsize                   : 256\n");
    says("nvme get-feature nvme0 -f 0x0e -H", ": reset\n");
    says("nvme get-feature nvme0 -f 0x0e", "00000000  "); /* without -H: its bytes */
    says("nvme get-feature nvme0 -f 0x81 -H", "0000000000000000\n");
    says("nvme get-feature nvme0 -f 0x81 -c 1 -H", "00000000000000000000000000000000\n");
    says("nvme get-feature nvme0 -f 0x13 -H", "dtwin_reads             : 0\n");
    says("nvme get-feature nvme0n1 -f 3 -H", "slba                    : 0\n");
    says("nvme get-feature nvme0 -f 0x16 -H", "(ACRE): 0\n");
}

static void test_json(void **state)
{
    (void)state;
    is("nvme get-feature nvme0 -f 8 -o json", "{\n"
                                              "  \"feature-id\" : 8,\n"
                                              "  \"name\" : \"Interrupt Coalescing\",\n"
                                              "  \"select\" : \"current\",\n"
                                              "  \"value\" : 0,\n"
                                              "  \"TIME\" : 0,\n"
                                              "  \"THR\" : 0\n"
                                              "}\n");
    is("nvme get-feature nvme0n1 -f 0x84 -s supported -o json",
       "{\n"
       "  \"feature-id\" : 132,\n"
       "  \"name\" : \"Namespace Write Protect\",\n"
       "  \"select\" : \"supported\",\n"
       "  \"nsid\" : 1,\n"
       "  \"value\" : 6,\n"
       "  \"saveable\" : 0,\n"
       "  \"namespace_specific\" : 1,\n"
       "  \"changeable\" : 1\n"
       "}\n");
    says("nvme get-feature nvme0 -f 0x0c -o json", "\"transitions\" : [");
    says("nvme get-feature nvme0 -o json", "{\n  \"features\" : [\n    {\n");
    says("nvme get-feature nvme0 -o json", "\"name\" : \"Namespace Write Protect\"");
}

/* Without -f: every feature of the table once, each with its line. */
static void test_all(void **state)
{
    const struct nvme_feature_info *info;
    char line[96];

    (void)state;
    says("nvme get-feature nvme0", "get-feature:0x01 (Arbitration), Current value:0x00000002\n");
    for (unsigned i = 0; (info = nvme_feature_at(i)); i++) {
        str_format(line, sizeof(line), "get-feature:0x%02x (%s)", info->fid, info->name);
        assert_non_null(strstr(ha->text, line));
    }
    says("nvme get-feature nvme0 -s 2", "Saved value:");
}

static void test_all_of_a_plain_drive(void **state)
{
    (void)state;
    says("nvme get-feature nvme0", "get-feature:0x06 (Volatile Write Cache)");
    assert_null(strstr(ha->text, "0x0c"));
    assert_null(strstr(ha->text, "0x84"));
}

static void test_all_of_two_namespaces(void **state)
{
    (void)state;
    says("nvme get-feature nvme0", "(Error Recovery), namespace 0x1,");
    assert_non_null(strstr(ha->text, "(Error Recovery), namespace 0x2,"));
    says_not("nvme get-feature nvme0n2", "namespace 0x1,");
    refuses("nvme get-feature nvme0 -f 5", -EINVAL,
            "Error Recovery is a feature of each namespace: name one of nvme0, such as nvme0n1");
    says("nvme get-feature nvme0 -f 5 -n 2", "namespace 0x2");
    refuses("nvme get-feature nvme0 -f 5 -n 9", -ENXIO, "Invalid Namespace or Format");
}

static void test_get_refusals(void **state)
{
    (void)state;
    refuses("nvme get-feature nvme0 -f 0x0c", -ENOTSUP,
            "nvme0 does not offer Autonomous Power State Transition: APSTA bit 0 of Identify "
            "Controller is 0");
    refuses("nvme get-feature nvme0 -f timestamp", -ENOTSUP, "ONCS bit 6");
    refuses("nvme get-feature nvme0 -f 2 -s saved", -ENOTSUP, "ONCS bit 4");
    refuses("nvme get-feature nvme0 -f 0x81 -c 1", -ENOTSUP, "CTRATT bit 0");
    refuses("nvme get-feature nvme0 -f colour", -EINVAL, "'colour' is no feature");
    refuses("nvme get-feature nvme0 -f 256", -EINVAL, "'256' is no feature");
    refuses("nvme get-feature nvme0 -f 2 -s 4", -EINVAL, "--sel is current, default");
    refuses("nvme get-feature nvme0 -f 2 -o xml", -EINVAL, "normal or json");
    refuses("nvme get-feature nvme0 -f 0xc1", -EIO,
            "nvme0 refused Get Features: Invalid Field in Command");
    refuses("nvme hmb nvme0", -ENOTSUP, "does not offer Host Memory Buffer: HMPRE");
}

/* Each feature that is missing names its own field, for get and for set. */
static void test_table_of_refusals(void **state)
{
    const struct nvme_feature_info *info;
    struct nvme_ctrlr *ctrlr = ha->app.ctrlrs[0].nvme;
    unsigned before = sets();
    char line[96];

    (void)state;
    for (unsigned i = 0; (info = nvme_feature_at(i)); i++) {
        if (info->ability == NVME_ABILITY_COUNT || nvme_can(ctrlr, info->ability)) {
            continue;
        }
        str_format(line, sizeof(line), "nvme get-feature nvme0 -f %u", info->fid);
        refuses(line, -ENOTSUP, nvme_ability_field(info->ability));
        str_format(line, sizeof(line), "nvme set-feature nvme0 -f %u -v 0", info->fid);
        if (info->fid != NVME_FEAT_HOST_MEMORY_BUFFER) {
            refuses(line, -ENOTSUP, nvme_ability_field(info->ability));
        }
    }
    assert_int_equal(sets(), before);
}

static void test_set(void **state)
{
    (void)state;
    is("nvme get-feature nvme0 -f 6 -s saved",
       "get-feature:0x06 (Volatile Write Cache), Saved value:0x00000001\n");
    says("nvme set-feature nvme0 -f 6 -v 0 --serial=SERIAL7",
         "set-feature:0x06 (Volatile Write Cache), value:0x00000000, cdw12:0x00000000, save:0\n");
    assert_non_null(strstr(ha->text, "  now : 0x00000001  Volatile Write Cache Enable: Enabled\n"
                                     "  then: 0x00000000  Volatile Write Cache Enable: "
                                     "Disabled\n"));
    assert_non_null(strstr(ha->text, "until it is reset or told otherwise"));
    says("nvme get-feature nvme0 -f 6", "Current value:0x00000000");
    says("nvme get-feature nvme0 -f 6 -s saved", "Saved value:0x00000001");
    assert_false(nvme_ctrlr_armed(ha->app.ctrlrs[0].nvme)); /* for that command only */
    says("arm nvme0 SERIAL7", "");
    says("nvme set-feature nvme0 -f 6 -v 0 -s", "save:1\n");
    says("nvme get-feature nvme0 -f 6 -s saved", "Saved value:0x00000000");
    says("nvme set-feature nvme0 -f 4 -v 0x100100 -o json", "{\n"
                                                            "  \"feature-id\" : 4,\n"
                                                            "  \"name\" : \"Temperature "
                                                            "Threshold\",\n"
                                                            "  \"previous\" : 0,\n"
                                                            "  \"value\" : 1048832,\n");
    says("nvme get-feature nvme0 -f 4 -c 0x100000", "value:0x00000100");
    says("nvme set-feature nvme0 -f 0x12 -v 0 -c 2", "then: 0x00000002  Read Recovery Level: 2\n");
    says("nvme get-feature nvme0 -f 0x12", "value:0x00000002");
    says("nvme set-feature nvme0 -f 0x0f -v 1000",
         "Without a Keep Alive command in that time the drive stops.");
}

static void test_set_data(void **state)
{
    (void)state;
    says("arm nvme0 SERIAL7", "");
    says("nvme set-feature nvme0 -f timestamp -v 1700000000000", "other data, of 8 bytes");
    says("nvme get-feature nvme0 -f timestamp -H", ": 1700000000");
    says("nvme set-feature nvme0 -f 0x81 -d 0102030405060708", "set-feature:0x81");
    says("nvme get-feature nvme0 -f 0x81 -H", ": 0102030405060708\n");
    says("nvme set-feature nvme0 -f 0x16 -d 01", "set-feature:0x16"); /* the rest is zero */
    says("nvme get-feature nvme0 -f 0x16 -o json", "\"ACRE\" : 1\n");
    /* Entry 0: to state 3 after 256 ms; then switched on, which leaves the table as it is. */
    says("nvme set-feature nvme0 -f 0x0c -v 0 -d 1800010000000000", "set-feature:0x0c");
    says("nvme set-feature nvme0 -f 0x0c -v 1", "set-feature:0x0c");
    assert_null(strstr(ha->text, "other data"));
    says("nvme get-feature nvme0 -f 0x0c -H", "Entry[ 0]: Idle Time Prior to Transition (ITPT): "
                                              "256 ms, Idle Transition Power State (ITPS): 3\n");
    assert_non_null(strstr(ha->text, "(APSTE): Enabled"));
    refuses("nvme set-feature nvme0 -f 0x81 -d 010203040506070809", -EINVAL,
            "Host Identifier has 8 bytes of data, --data has 9");
    refuses("nvme set-feature nvme0 -f 0x81 -d xyz", -EINVAL, "hexadecimal");
}

static void test_set_refusals(void **state)
{
    unsigned before = sets();

    (void)state;
    refuses("nvme set-feature nvme0 -f 6 -v 0", -EROFS, "nvme0 is not armed, so nothing was done");
    refuses("nvme set-feature nvme0 -f 6 -v 0 --serial=SERIAL8", -EROFS, "nothing was done");
    refuses("nvme set-feature nvme0n1 -f 6 -v 0", -EROFS, "nvme0 is not armed");
    refuses("nvme set-feature nvme0n1 -f 0x84 -v 1", -EROFS, "nvme0n1 is not armed");
    refuses("nvme set-feature nvme0 -f 7 -v 0 --serial=SERIAL7", -EPERM,
            "Number of Queues belongs to the driver");
    refuses("nvme set-feature nvme0 -f 0x0d -v 0 --serial=SERIAL7", -EPERM,
            "Host Memory Buffer belongs to the driver");
    refuses("nvme set-feature nvme0 -f 0x0b -v 0 -s --serial=SERIAL7", -ENOTSUP,
            "nvme0 says that Async Event Configuration cannot be saved");
    refuses("nvme set-feature nvme0 -f 6", -EINVAL, "--value=NUM or --data=HEX are needed");
    refuses("nvme set-feature nvme0 -v 6", -EINVAL, "--feature-id=ID");
    refuses("nvme set-feature nvme0 -f 6 -v 0x100000000", -ERANGE, "32 bits");
    refuses("nvme set-feature nvme0 -f 6 -v x", -EINVAL, "--value");
    ha->shell.unattended = true;
    refuses("nvme set-feature nvme0 -f 6 -v 0", -EROFS, "--serial=SERIAL");
    says("arm nvme0 SERIAL7", ""); /* arming is not enough for a script */
    refuses("nvme set-feature nvme0 -f 6 -v 0", -EROFS, "--serial=SERIAL");
    ha->shell.unattended = false;
    refuses("nvme set-feature nvme0 -f 6 -v 0 --serial=SERIAL8", -EROFS, "nothing was done");
    assert_int_equal(sets(), before);
    refuses("nvme set-feature nvme0 -f 2 -v 9 --serial=SERIAL7", -EIO,
            "nvme0 refused Set Features: Invalid Field in Command");
}

static void test_write_protection(void **state)
{
    (void)state;
    says("arm nvme0n1 SERIAL7", "");
    says("nvme set-feature nvme0n1 -f 0x84 -v 1",
         "then: 0x00000001  Write Protection State: Write Protect\n");
    refuses("write nvme0n1 0 1 --pattern=ff", -EROFS, "failed: read-only, or not armed");
    says("nvme set-feature nvme0n1 -f 0x84 -v 0",
         "nvme0n1 is write protected (NSATTR bit 0)"); /* said, but this is how it ends */
    says("write nvme0n1 0 1 --pattern=ff", "");
    unsigned before = sets();
    refuses("nvme set-feature nvme0n1 -f 0x84 -v 3 --serial=SERIAL7", -EINVAL,
            "permanent write protection can never be taken back");
    refuses("nvme set-feature nvme0n1 -f 0x84 -v 3 --confirm=yes --serial=SERIAL7", -EINVAL,
            "--confirm=permanent");
    assert_int_equal(sets(), before);
    says("nvme set-feature nvme0n1 -f 0x84 -v 3 --confirm=permanent --serial=SERIAL7",
         "Permanent Write Protect");
    refuses("nvme set-feature nvme0n1 -f 0x84 -v 0", -EIO, "Feature Not Changeable");
}

static void test_hmb(void **state)
{
    (void)state;
    says("nvme hmb nvme0", "preferred (HMPRE)             : 1024 KiB\n"
                           "at least (HMMIN)              : 64 KiB\n");
    assert_non_null(strstr(ha->text, "lent                          : 1024 KiB\n"
                                     "in pieces                     : 1\n"
                                     "in use by the drive (EHM)     : yes\n"));
    is("nvme hmb nvme0 -o json", "{\n"
                                 "  \"preferred_bytes\" : 1048576,\n"
                                 "  \"minimum_bytes\" : 65536,\n"
                                 "  \"minimum_piece_bytes\" : 0,\n"
                                 "  \"maximum_pieces\" : 0,\n"
                                 "  \"lent_bytes\" : 1048576,\n"
                                 "  \"lent_pieces\" : 1,\n"
                                 "  \"enabled\" : 1\n"
                                 "}\n");
}

#define WITH(drive, test) cmocka_unit_test_setup_teardown(test, drive, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(full_drive, test_one),
        WITH(full_drive, test_data_of_features),
        WITH(full_drive, test_json),
        WITH(full_drive, test_all),
        WITH(plain_drive, test_all_of_a_plain_drive),
        WITH(full_drive_two_namespaces, test_all_of_two_namespaces),
        WITH(plain_drive, test_get_refusals),
        WITH(plain_drive, test_table_of_refusals),
        WITH(full_drive, test_set),
        WITH(full_drive, test_set_data),
        WITH(full_drive, test_set_refusals),
        WITH(full_drive, test_write_protection),
        WITH(full_drive, test_hmb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
