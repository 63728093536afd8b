/*
 * tests/unit/test_apps_hotplug.c - controllers that vanish and that are added, under the shell.
 */
#include "tests/unit/hotplug_world.h"

#include "tests/model/host_heap.h"
#include "tests/unit/fat_image.h"

/* --- surprise --------------------------------------------------------------------------------- */

static void test_noticed_while_idle(void **state)
{
    (void)state;
    idle(2 * NS_PER_S);
    assert_int_equal(detaches + attaches, 0);
    pull_out(0, 0, 5);
    idle(NS_PER_S);
    said("nvme0: removed: Carillon model drive, serial AAA, is gone without having been shut", 1);
    said("removed", 1);
    gives_nothing_to(0);
    assert_int_equal(detaches, 1);
    assert_null(pci_bus_find(&bus, 0, 5, 0));
    run("list", 0, "nvme1n1");
    assert_null(strstr(ha->text, "nvme0"));
    run("lsblk", 0, "nvme1n1");
    assert_null(strstr(ha->text, "nvme0"));
    run("read nvme0n1 0 1", -ENODEV, "no disk called 'nvme0n1'");
    run("nvme id-ctrl nvme0", -ENODEV, "no controller called 'nvme0'");
    run("read nvme1n1 0 1", 0, "crc32");
    idle(5 * NS_PER_S);
    said("removed", 1);
}

/* No command runs, and none has run since: the next one finds it out by itself. */
static void test_noticed_by_the_next_command(void **state)
{
    (void)state;
    pull_out(1, 0, 6);
    run("read nvme1n1 0 1", -ENODEV, "no disk called 'nvme1n1'");
    said("nvme1: removed:", 1);
    pull_out(0, 0, 5);
    run("list ; pwd", 0, "No NVMe controller was found");
    gives_nothing_to(0);
    gives_nothing_to(1);
}

/* In the middle of reads: one error, at once, and the disk is gone at the next command. */
static void test_while_a_command_reads(void **state)
{
    const struct model_rule gone[] = {
        {.on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY, .nth = 3,
         .action = MODEL_DO_ALL_ONES},
        {.on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY, .nth = 3,
         .action = MODEL_DO_ALL_ZEROS},
    };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        char line[80];

        model_add_rule(ha->hosts[i]->model, &gone[i]);
        snprintf(line, sizeof(line), "crc32 nvme%un1", i);
        uint64_t before_ns = host_clock_peek(&ha->clock);
        int err = host_appliance_run(ha, line);
        assert_true(err == -ESHUTDOWN || err == -ECANCELED || err == -ENXIO);
        assert_in_range(host_clock_peek(&ha->clock) - before_ns, 0, 2 * NS_PER_S);
        assert_ptr_equal(strstr(strstr(ha->text, "crc32: ") + 1, "crc32: "), NULL);
        snprintf(line, sizeof(line), "nvme%u: removed:", i);
        pull(0, (uint8_t)(5 + i));
        run("pwd", 0, NULL);
        said(line, 1);
        gives_nothing_to(i);
    }
    assert_int_equal(ha->app.ctrlr_count, 0);
}

static void test_files_and_places(void **state)
{
    static const struct model_rule gone = {
        .on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY, .nth = 2,
        .action = MODEL_DO_ALL_ONES};
    uint8_t *volume = calloc(FAT_IMAGE_SECTORS, 512);

    (void)state;
    fat_image_make(volume, 512);
    model_media_write(ha->hosts[0]->model, 1, 0, volume, FAT_IMAGE_SECTORS * 512);
    free(volume);
    run("cd nvme0n1:/sub ; cat inner.txt", 0, NULL);
    model_add_rule(ha->hosts[0]->model, &gone);
    assert_true(host_appliance_run(ha, "crc32 nvme0n1:/BIG.BIN") < 0); /* its file is open */
    pull(0, 5);
    run("ls", -ENODEV, "no disk called 'nvme0n1'");
    run("cat inner.txt", -ENODEV, "no disk called 'nvme0n1'");
    run("pwd", 0, "nvme0n1:/sub");
    run("ls nvme1n1:/", -ENOTSUP, NULL);
    gives_nothing_to(0);
}

/* A benchmark on two drives: the jobs of the one end with an error, those of the other go on. */
static void test_while_a_benchmark_runs(void **state)
{
    static const struct model_rule gone = {
        .on = MODEL_ON_IO, .match = NVME_IO_READ, .sub = MODEL_ANY, .nth = 2000,
        .action = MODEL_DO_ALL_ONES};

    (void)state;
    restart(3, true);
    model_add_rule(ha->hosts[0]->model, &gone);
    put(0, 9, 0);
    int err = host_appliance_run(ha, "bench rw=randread bs=4k iodepth=16 size=32m "
                                     "name=a filename=nvme0n1 name=b filename=nvme1n1");
    assert_true(err < 0);
    assert_int_equal(attaches, 0); /* nobody looks for new ones meanwhile */
    assert_non_null(strstr(ha->text, "total=8192,0,0,0")); /* all of b */
    const char *told = strstr(ha->text, "a job ended with an error");
    assert_non_null(told);
    assert_null(strstr(told + 1, "a job ended with an error"));
    assert_null(strstr(ha->text, "in service again"));
    pull(0, 5);
    run("lsblk", 0, "nvme1n1");
    assert_null(strstr(ha->text, "nvme0n1"));
    said("nvme0: removed:", 1);
    gives_nothing_to(0);
    run("bench filename=nvme1n1 rw=read size=1m", 0, "total=256,0,0,0");
}

/* A drive that had not come up goes without noise, and one behind a port that is gone as well. */
static void test_dead_before_it_was_gone(void **state)
{
    (void)state;
    model_set_cfs(ha->hosts[0]->model);
    assert_true(host_appliance_run(ha, "read nvme0n1 0 1") < 0 || true);
    assert_true(nvme_recover(ha->app.ctrlrs[0].nvme) == 0);
    model_unplug(ha->hosts[0]->model, true);
    assert_int_equal(nvme_recover(ha->app.ctrlrs[0].nvme), -ENODEV); /* dead */
    pull(0, 5);
    idle(NS_PER_S);
    said("nvme0: removed:", 1);
    gives_nothing_to(0);
}

/* --- addition --------------------------------------------------------------------------------- */

static void test_added(void **state)
{
    (void)state;
    put(0, 9, 0);
    idle(1500 * NS_PER_MS);
    said("nvme2: added: Carillon model drive, serial CCC, at 00:09.0: 1 disk", 1);
    said("added", 1);
    assert_int_equal(attaches, 1);
    const struct pci_function *f = pci_bus_find(&bus, 0, 9, 0);
    assert_non_null(f);
    assert_int_equal(f->bar[0].addr, 0xfebf4000); /* below those there are */
    run("list", 0, "nvme2n1          00:09.0  CCC");
    run("read nvme2n1 0 1", 0, "crc32");
    run("write nvme2n1 0 1 --pattern=0x11", -EROFS, NULL);
    assert_string_equal(nvme_name(ha->app.ctrlrs[2].nvme), "nvme2");
    /* Its events are watched, under its new name. */
    model_raise_event(ha->hosts[2]->model, 1, 1, 2);
    idle(NS_PER_S);
    said("nvme2: event:", 1);
    idle(5 * NS_PER_S);
    assert_int_equal(attaches, 1);
}

/* Nothing is looked for where nothing can come, unless somebody asks. */
static void test_looks_where_it_makes_sense(void **state)
{
    (void)state;
    restart(1, false);
    unsigned reads = pci.reads;
    idle(10 * NS_PER_S);
    assert_in_range((pci.reads - reads) / 10, 1, 10); /* a second: the slot's registers */
    put(0, 9, 0);
    idle(3 * NS_PER_S);
    assert_int_equal(attaches, 0);
    run("rescan", 0, "1 controller was added");
    said("nvme2: added:", 1);
    reads = pci.reads;
    run("rescan", 0, NULL);
    assert_null(strstr(ha->text, "added"));
    assert_in_range(pci.reads - reads, 30, 200);
}

static void test_names(void **state)
{
    (void)state;
    run("arm nvme0n1 AAA", 0, "armed");
    pull_out(0, 0, 5);
    idle(NS_PER_S);
    put(0, 5, 0); /* another drive in its place */
    idle(1500 * NS_PER_MS);
    said("nvme2: added: Carillon model drive, serial CCC, at 00:05.0", 1);
    assert_null(appliance_find_ctrlr(&ha->app, "nvme0"));
    next_drive.serial = "AAA"; /* the first one comes back, elsewhere */
    put(0, 9, 0);
    idle(1500 * NS_PER_MS);
    said("nvme0: added: Carillon model drive, serial AAA, at 00:09.0", 1);
    assert_false(block_info(block_find(ha->app.blocks, "nvme0n1"))->armed);
    run("write nvme0n1 0 1 --pattern=0x11", -EROFS, NULL);
    put(0, 10, 0); /* a twin: the name is taken */
    idle(1500 * NS_PER_MS);
    said("nvme3: added: Carillon model drive, serial AAA, at 00:0a.0", 1);
    next_drive.serial = "";
    pull_out(2, 0, 5);
    idle(NS_PER_S);
    put(0, 5, 0); /* a drive without a serial number is always another one */
    idle(1500 * NS_PER_MS);
    said("nvme4: added:", 1);
}

static void test_does_not_come_up(void **state)
{
    (void)state;
    next_drive.css = 0; /* no NVM command set */
    put(0, 9, 0);
    idle(1500 * NS_PER_MS);
    said("nvme2: added at 00:09.0, and does not come up", 1);
    run("list", 0, "nvme2 did not come up");
    idle(5 * NS_PER_S);
    assert_int_equal(attaches, 1); /* not over and over */
    next_drive.css = model_default_config().css;
    run("rescan", 0, "1 controller was added");
    said("nvme3: added:", 1);
    run("list", 0, "nvme3n1");
    assert_null(strstr(ha->text, "nvme2"));
    next_drive.css = 0;
    put(0, 10, 0);
    idle(1500 * NS_PER_MS);
    pull(0, 10);
    idle(NS_PER_S);
    said("removed: it had not come up, and is gone", 1);
    run("list", 0, "nvme3n1");
    assert_null(strstr(ha->text, "did not come up"));
}

static void test_no_room(void **state)
{
    (void)state;
    put(0, 9, 0)->writable[PCI_BAR0 / 4] = 0xc0000000; /* 1 GiB */
    idle(3 * NS_PER_S);
    said("00:09.0: no room for the 1048576 KiB of BAR0 on its bus", 1);
    assert_int_equal(attaches, 0);
    idle(3 * NS_PER_S);
    run("rescan", 0, NULL);
    said("no room", 2); /* when somebody asks, and not over and over */
    pull(0, 9);
    idle(2 * NS_PER_S);
    put(0, 9, 0);
    idle(2 * NS_PER_S);
    assert_int_equal(attaches, 1);
}

static void test_other_functions(void **state)
{
    (void)state;
    fake_add(&pci, 0, 9, 0, 0x100e8086, 0x02000000);
    struct fake_function *bridge = fake_add(&pci, 0, 10, 0, 0x00011b36, 0x06040000);
    bridge->reg[PCI_HEADER / 4] = PCI_HEADER_TYPE_BRIDGE << 16;
    idle(2 * NS_PER_S);
    said("00:09.0: added: Ethernet controller: it is not used", 1);
    said("00:0a.0: added: PCI bridge: it is not used, nor what is behind it", 1);
    run("lspci", 0, "00:09.0  8086:100e  Ethernet controller");
    pull(0, 9);
    idle(2 * NS_PER_S);
    run("lspci", 0, "00:0a.0");
    assert_null(strstr(ha->text, "00:09.0"));
    assert_int_equal(attaches, 0);
}

/* Memory that is missing at any point of an addition costs that drive, and nothing else. */
static void test_memory_runs_out(void **state)
{
    (void)state;
    restart(1, false); /* nothing looks but we */
    for (unsigned n = 1; n < 100; n++) {
        put(0, 9, 0);
        host_heap_fail_at(n);
        unsigned added = hotplug_rescan(&ha->app);
        bool failed = host_heap_calls() >= n;
        host_heap_fail_at(0);
        assert_true(added == 1 || failed);
        if (drives > 2) {
            model_unplug(ha->hosts[2]->model, true);
        }
        pull(0, 9);
        hotplug_between(&ha->app);
        (void)hotplug_rescan(&ha->app);
        assert_int_equal(ha->app.ctrlr_count, 2);
        assert_null(pci_bus_find(&bus, 0, 9, 0));
        for (; drives > 2; drives--) {
            gives_nothing_to(drives - 1);
            host_platform_destroy(ha->hosts[drives - 1]);
            ha->hosts[drives - 1] = NULL;
        }
        if (!failed) {
            assert_in_range(n, 10, 99);
            return;
        }
    }
    fail_msg("memory never sufficed");
}

static void test_without(void **state)
{
    (void)state;
    hotplug_destroy(&ha->app);
    model_unplug(ha->hosts[0]->model, true);
    idle(2 * NS_PER_S);
    assert_int_equal(hotplug_rescan(&ha->app), 0);
    assert_int_equal(ha->app.ctrlr_count, 2);
    const struct hotplug_ops ops = {.accepts = accepts, .attach = attach, .detach = detach};
    for (unsigned n = 1; n <= 2; n++) {
        host_heap_fail_at(n);
        assert_int_equal(hotplug_create(&ha->app, &ops), -ENOMEM);
        assert_null(ha->app.hotplug);
    }
    host_heap_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_noticed_while_idle),
        TEST(test_noticed_by_the_next_command),
        TEST(test_while_a_command_reads),
        TEST(test_files_and_places),
        TEST(test_while_a_benchmark_runs),
        TEST(test_dead_before_it_was_gone),
        TEST(test_added),
        TEST(test_looks_where_it_makes_sense),
        TEST(test_names),
        TEST(test_does_not_come_up),
        TEST(test_no_room),
        TEST(test_other_functions),
        TEST(test_memory_runs_out),
        TEST(test_without),
    };
    return cmocka_run_group_tests_name("apps hotplug", tests, NULL, NULL);
}
