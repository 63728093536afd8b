/*
 * tests/unit/test_apps_nvme_identify.c - Identify typed into a shell: bits in words, descriptors,
 * lists, and `list` as JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "tests/unit/typed_lines.h"

static int set_up(void **state)
{
    static const struct model_patch patches[] = {
        {.cns = 1, .offset = 256, .len = 2, .value = 0x12}, /* OACS */
        {.cns = 0, .nsid = 2, .offset = 128, .len = 4, .value = 0x020c0000},
    };
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drive.ns_count = 2;
    drive.ns[1] = (struct model_ns_config){.nsid = 2, .blocks = 1 << 10, .lbads = 12};
    drive.patches = patches;
    drive.patch_count = ARRAY_SIZE(patches);
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_appliance_destroy(ha);
    return 0;
}

static void test_controller_in_words(void **state)
{
    (void)state;
    says("nvme id-ctrl nvme0 -H",
         "\noacs      : 0x12\n  [9:9] : 0\tGet LBA Status not supported\n");
    says("nvme id-ctrl nvme0 -H", "  [4:4] : 0x1\tDevice Self-test supported\n");
    says("nvme id-ctrl nvme0 -H", "  [1:1] : 0x1\tFormat NVM supported\n");
    says("nvme id-ctrl nvme0 --human-readable", "\nwctemp    : 343\n  [15:0] : 0x157\t70 C\n");
    says("nvme id-ctrl nvme0 -H", "  [3:1] : 0x1\tfirmware slots\n");
    says("nvme id-ctrl nvme0", "\noacs      : 0x12\nacl ");
    says("nvme id-ctrl nvme0 -H -o json", "\"oacs\" : 18,\n  \"acl\" : ");
    assert_null(strstr(ha->text, "supported"));
}

static void test_namespace_in_words(void **state)
{
    (void)state;
    says("nvme id-ns nvme0n1 -H", "LBA Format  0 : Metadata Size: 0   bytes - Data Size: 512 bytes "
                                  "- Relative Performance: 0 Best (in use)\n");
    says("nvme id-ns nvme0 -n 2 -H", "NVME Identify Namespace 2:\n");
    says("nvme id-ns nvme0 -n 2 -H", "Data Size: 4096 bytes - Relative Performance: 0x2 Good");
    says("nvme id-ns nvme0n1 -H", "  [2:0] : 0x1\tdeallocated blocks read as:");
    refuses("nvme id-ns nvme0 -n 9", -ENXIO, "Invalid Namespace or Format");
    refuses("nvme id-ns nvme0n1 -n 2", -EINVAL, "is namespace 1");
    refuses("nvme id-ns nvme0 -n 1 --force", -ENOTSUP, "OACS bit 3 of Identify Controller is 0");
}

static void test_descriptors(void **state)
{
    (void)state;
    says("nvme ns-descs nvme0n2", "NVME Namespace Identification Descriptors NS 2:\n");
    says("nvme ns-descs nvme0n2", "eui64   : 5254000100000002\n");
    says("nvme ns-descs nvme0n2", "nguid   : 88776655443322110200000000000000\n");
    says("nvme ns-descs nvme0n2", "uuid    : a0a1a2a3-a4a5-a6a7-a8a9-aaabacad0002\n");
    says("nvme ns-descs nvme0 -n 2 -o json", "\"loc\" : 32,\n      \"nidt\" : 3,\n      \"nidl\" : "
                                             "16,\n      \"uuid\" : \"a0a1a2a3-a4a5-");
    refuses("nvme ns-descs nvme0", -EINVAL, "say which namespace");
    refuses("nvme ns-descs nvme0 -n 3", -ENXIO, "nvme0 refused Identify");
}

/* Descriptors as long as can be: fifteen fit in the page, the sixteenth would reach beyond it. */
static void test_descriptor_beyond_the_page(void **state)
{
    struct model_patch patches[16];
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();
    unsigned shown = 0;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(patches); i++) {
        patches[i] = (struct model_patch){
            .cns = 3, .offset = (uint16_t)(259 * i), .len = 2, .value = 0xff02};
    }
    drive.patches = patches;
    drive.patch_count = ARRAY_SIZE(patches);
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    says("nvme ns-descs nvme0n1", "nidl    : 255\n");
    for (const char *at = ha->text; (at = strstr(at, "nidl")); at++) {
        shown++;
    }
    assert_int_equal(shown, 15);
    says("nvme ns-descs nvme0n1 -o json", "\"loc\" : 3626,");
    host_appliance_destroy(ha);
}

static void test_lists(void **state)
{
    (void)state;
    says("nvme list-ns nvme0", "[   0]:0x1\n[   1]:0x2\n");
    says("nvme list-ns nvme0 -o json",
         "{\n  \"nsid_list\" : [\n    {\n      \"nsid\" : 1\n    },\n    {\n      \"nsid\" : 2\n");
    refuses("nvme list-ns nvme0 --all", -ENOTSUP, "OACS bit 3");
    refuses("nvme list-ctrl nvme0", -ENOTSUP, "OACS bit 3");
}

/* A namespace that exists and is attached to nobody: --all and --force find it. */
static void test_allocated_namespaces(void **state)
{
    struct model_config drive = model_default_config();
    struct host_appliance_config cfg = host_appliance_default_config();

    (void)state;
    drive.offer.namespaces = true;
    drive.ns_count = 2;
    drive.ns[1] =
        (struct model_ns_config){.nsid = 7, .blocks = 4096, .lbads = 9, .detached = true};
    cfg.drives = &drive;
    ha = host_appliance_create(&cfg);
    says("nvme list-ns nvme0", "[   0]:0x1\n");
    assert_null(strstr(ha->text, "0x7"));
    says("nvme list-ns nvme0 --all", "[   0]:0x1\n[   1]:0x7\n");
    says("nvme list-ns nvme0 -a -o json", "\"nsid\" : 7\n");
    says("nvme id-ns nvme0 -n 7", "\nnsze    : 0\n"); /* inactive: all zeros */
    says("nvme id-ns nvme0 -n 7 --force", "\nnsze    : 0x1000\n");
    says("nvme list-ctrl nvme0", "[   0]:0x1\n");
    says("nvme list-ctrl nvme0 -n 1 -o json",
         "\"num_ctrl\" : 1,\n  \"ctrl_list\" : [\n    {\n      \"ctrl_id\" : 1\n");
    says("nvme list-ctrl nvme0 -n 7 -o json", "\"num_ctrl\" : 0,");
    host_appliance_destroy(ha);
}

static void test_list_of_disks(void **state)
{
    static char plain[HOST_TEXT_BYTES];

    (void)state;
    says("list -o json", "{\n  \"Devices\" : [\n    {\n      \"NameSpace\" : 1,\n"
                         "      \"DevicePath\" : \"/dev/nvme0n1\",\n      \"Firmware\" : \"1.0\",\n"
                         "      \"ModelNumber\" : \"Carillon model drive\",\n"
                         "      \"SerialNumber\" : \"CAR0001\",\n      \"UsedBytes\" : 67108864,\n"
                         "      \"MaximumLBA\" : 131072,\n      \"PhysicalSize\" : 67108864,\n"
                         "      \"SectorSize\" : 512\n    },\n    {\n      \"NameSpace\" : 2,\n");
    says("list -o json", "\"MaximumLBA\" : 1024,\n      \"PhysicalSize\" : 4194304,\n      "
                         "\"SectorSize\" : 4096\n    }\n  ]\n}\n");
    strcpy(plain, ha->text);
    says("nvme list -o json", plain);
    says("list", "Node             PCI ");
    strcpy(plain, ha->text);
    says("nvme list", plain);
    refuses("list -o yaml", -EINVAL, "normal or json");
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_controller_in_words),
        WITH(test_namespace_in_words),
        WITH(test_descriptors),
        cmocka_unit_test(test_descriptor_beyond_the_page),
        WITH(test_lists),
        cmocka_unit_test(test_allocated_namespaces),
        WITH(test_list_of_disks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
