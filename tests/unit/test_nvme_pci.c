/*
 * tests/unit/test_nvme_pci.c - what nvme_pci.c does to a function before the driver proper sees it:
 * stopping it, its MSI-X table, its memory. The machine below it is played by this file, and so is
 * nvme_attach, which only keeps the platform it is given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/fake_pci.h"

#define nvme_attach fake_nvme_attach
#define nvme_detach fake_nvme_detach
#include "drivers/nvme/nvme_pci.c"

#define BAR_ADDR  UINT64_C(0xe000000000)
#define TABLE_OFF 0x2000

enum behaviour { OBEYS, NEVER_STOPS, NEVER_READY, STOPS_AFTER_RESET };

static struct {
    _Alignas(4096) uint8_t regs[16384];
    enum behaviour behaviour;
    uint64_t now_ns;
    unsigned pages_out;
    unsigned vectors_out;
    int alloc_result;
    int attach_result;
    bool bus_master_at_attach;
    bool detached_with_bus_master;
    unsigned detaches;
    struct platform plat;
} board;

static struct fake_pci pci;
static struct pci_bus bus;

static uint32_t *reg(uint32_t off)
{
    return (uint32_t *)(void *)(board.regs + off);
}

/* Time passes with each look at the clock, and the controller does its part. */
uint64_t clock_now_ns(void)
{
    bool enabled = *reg(NVME_REG_CC) & NVME_CC_EN;

    board.now_ns += NS_PER_MS;
    if (board.behaviour == OBEYS || (enabled && board.behaviour != NEVER_READY)) {
        *reg(NVME_REG_CSTS) = enabled;
    }
    if (board.behaviour == STOPS_AFTER_RESET && pci.delayed_ns > 0) {
        *reg(NVME_REG_CC) = 0;
        *reg(NVME_REG_CSTS) = 0;
    }
    return board.now_ns;
}

volatile void *paging_map_mmio(uint64_t phys, uint64_t bytes)
{
    assert_true(phys >= BAR_ADDR && phys + bytes <= BAR_ADDR + sizeof(board.regs));
    return board.regs + (phys - BAR_ADDR);
}

uint64_t paging_phys(const void *va)
{
    /* Two pages that are neighbours here are not neighbours for the device. */
    uintptr_t page = ALIGN_DOWN((uintptr_t)va, 4096);
    return (page % 8192 ? page + 0x100000000 : page) + (uintptr_t)va % 4096;
}

void *pages_alloc(size_t count, size_t align)
{
    void *pages = aligned_alloc(align, count * PAGE_BYTES);
    memset(pages, 0, count * PAGE_BYTES);
    board.pages_out += (unsigned)count;
    return pages;
}

void pages_free(void *pages, size_t count)
{
    board.pages_out -= (unsigned)count;
    free(pages);
}

uint64_t pages_free_bytes(void)
{
    return 64 * MIB;
}

int interrupts_alloc(unsigned cpu, atomic_uint *count)
{
    (void)count;
    if (board.alloc_result < 0) {
        return board.alloc_result;
    }
    board.vectors_out++;
    return (int)(64 + cpu);
}

void interrupts_free(unsigned cpu, int vector)
{
    assert_int_equal(vector, 64 + cpu);
    board.vectors_out--;
}

void interrupts_message(unsigned cpu, int vector, uint64_t *addr, uint32_t *data)
{
    *addr = 0xfee00000 | cpu << 12;
    *data = (uint32_t)vector;
}

void smp_sleep(const atomic_uint *count, unsigned seen, uint64_t deadline_ns)
{
    (void)count;
    (void)seen;
    board.now_ns = deadline_ns;
}

int fake_nvme_attach(const char *name, const struct platform *plat, const struct nvme_options *opt,
                     struct nvme_ctrlr **out)
{
    (void)name;
    (void)opt;
    board.bus_master_at_attach = pci.functions[0].reg[PCI_COMMAND / 4] & PCI_COMMAND_BUS_MASTER;
    board.plat = *plat;
    *out = board.attach_result ? NULL : (struct nvme_ctrlr *)(void *)&board;
    return board.attach_result;
}

void fake_nvme_detach(struct nvme_ctrlr *ctrlr)
{
    assert_ptr_equal(ctrlr, &board);
    board.detached_with_bus_master = pci.functions[0].reg[PCI_COMMAND / 4] & PCI_COMMAND_BUS_MASTER;
    board.detaches++;
}

static int set_up(void **state)
{
    struct pci_access access = fake_access(&pci);

    (void)state;
    memset(&pci, 0, sizeof(pci));
    memset(&board, 0, sizeof(board));
    struct fake_function *fake = fake_add(&pci, 0, 3, 0, 0x00101b36, 0x01080202);
    fake_bar64(fake, 0, BAR_ADDR, sizeof(board.regs));
    fake_cap(fake, 0x40, PCI_CAP_ID_MSIX, 3); /* four vectors */
    fake->writable[0x40 / 4] = 0xc0000000;
    fake->reg[0x44 / 4] = TABLE_OFF;
    fake_cap(fake, 0x80, PCI_CAP_ID_PCIE, 2);
    fake->reg[0x84 / 4] = (uint32_t)PCI_EXP_DEVICE_CAP_FLR;
    fake->reg[PCI_COMMAND / 4] |= PCI_COMMAND_BUS_MASTER;
    *reg(NVME_REG_CAP) = 0x0f0107ff; /* TO: 7.5 s */
    *reg(NVME_REG_CC) = 0x460001;
    *reg(NVME_REG_CSTS) = 1;
    for (unsigned vec = 0; vec < 4; vec++) {
        *reg(TABLE_OFF + 16 * vec + 12) = 0xabcd0000; /* reserved bits, not masked */
    }
    return pci_scan(&bus, &access);
}

static int tear_down(void **state)
{
    (void)state;
    pci_release(&bus);
    log_reset();
    return 0;
}

static bool bus_master(void)
{
    return pci.functions[0].reg[PCI_COMMAND / 4] & PCI_COMMAND_BUS_MASTER;
}

static void test_class(void **state)
{
    struct pci_function f = bus.functions[0];

    (void)state;
    assert_true(nvme_pci_is_controller(&f));
    f.prog_if = 3;
    assert_false(nvme_pci_is_controller(&f));
}

static void test_quiesce(void **state)
{
    static const struct {
        const char *name;
        uint32_t cc, csts;
        enum behaviour behaviour;
        int err;
        bool bus_master;
    } cases[] = {
        {"left running", 0x460001, 1, OBEYS, 0, true},
        {"left alone", 0x460000, 0, OBEYS, 0, true},
        {"enabled a moment ago", 0x460001, 0, OBEYS, 0, true},
        {"never becomes ready", 0x460001, 0, NEVER_READY, 0, true},
        {"fatal status", 0x460001, 2, NEVER_READY, 0, true},
        {"never stops", 0x460001, 1, NEVER_STOPS, -ETIMEDOUT, false},
        {"needs a reset", 0x460001, 1, STOPS_AFTER_RESET, 0, false},
        {"gone", UINT32_MAX, UINT32_MAX, NEVER_READY, -ENODEV, false},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        tear_down(NULL);
        assert_int_equal(set_up(NULL), 0);
        *reg(NVME_REG_CC) = cases[i].cc;
        *reg(NVME_REG_CSTS) = cases[i].csts;
        board.behaviour = cases[i].behaviour;
        int err = nvme_pci_quiesce(&bus.functions[0]);
        if (err != cases[i].err || bus_master() != cases[i].bus_master) {
            fail_msg("%s: %d", cases[i].name, err);
        }
        if (err == 0) {
            assert_int_equal(*reg(NVME_REG_CC) & NVME_CC_EN, 0);
            assert_int_equal(*reg(NVME_REG_CC) & NVME_CC_SHN, 0);
        }
        assert_true(board.now_ns < 40 * NS_PER_S);
    }
}

static void test_unassigned(void **state)
{
    struct nvme_options opt = {.max_io_qpairs = 1};
    struct nvme_ctrlr *ctrlr = (void *)&opt;

    (void)state;
    bus.functions[0].bar[0].addr = 0;
    assert_int_equal(nvme_pci_quiesce(&bus.functions[0]), -ENODEV);
    assert_false(bus_master());
    assert_int_equal(nvme_pci_attach("nvme0", &bus.functions[0], &opt, &ctrlr), -ENODEV);
    assert_null(ctrlr);
}

static void attach(void)
{
    struct nvme_options opt = {.max_io_qpairs = 1};
    struct nvme_ctrlr *ctrlr;

    assert_int_equal(nvme_pci_attach("nvme0", &bus.functions[0], &opt, &ctrlr), 0);
    assert_true(board.bus_master_at_attach);
}

static void forget(void)
{
    nvme_pci_detach((struct nvme_ctrlr *)(void *)&board);
}

static void test_interrupts(void **state)
{
    atomic_uint count = 0;

    (void)state;
    attach();
    const struct platform *plat = &board.plat;
    assert_int_equal(plat->irq_count, 4);
    assert_int_equal(pci.functions[0].reg[0x40 / 4] >> 16, 0x8003); /* on, no function mask */
    for (unsigned vec = 0; vec < 4; vec++) {
        assert_int_equal(*reg(TABLE_OFF + 16 * vec + 12), 0xabcd0001);
    }
    assert_int_equal(plat->irq_attach(plat->ctx, 2, 5, &count), 0);
    assert_int_equal(plat->irq_attach(plat->ctx, 2, 5, &count), -EBUSY);
    assert_int_equal(*reg(TABLE_OFF + 32), 0xfee05000);
    assert_int_equal(*reg(TABLE_OFF + 36), 0);
    assert_int_equal(*reg(TABLE_OFF + 40), 69);
    assert_int_equal(*reg(TABLE_OFF + 44), 0xabcd0001);
    plat->irq_mask(plat->ctx, 2, false);
    assert_int_equal(*reg(TABLE_OFF + 44), 0xabcd0000);
    plat->irq_detach(plat->ctx, 2);
    assert_int_equal(*reg(TABLE_OFF + 44), 0xabcd0001);
    assert_int_equal(board.vectors_out, 0);
    plat->irq_detach(plat->ctx, 2);
    board.alloc_result = -ENOSPC;
    assert_int_equal(plat->irq_attach(plat->ctx, 2, 5, &count), -ENOTSUP);
    forget();
}

/* The link was down: command register, BARs and MSI-X are as after power-on. */
static void test_restore(void **state)
{
    struct fake_function *fake = &pci.functions[0];
    atomic_uint count = 0;

    (void)state;
    attach();
    const struct platform *plat = &board.plat;
    assert_int_equal(plat->irq_attach(plat->ctx, 1, 3, &count), 0);
    assert_int_equal(plat->irq_attach(plat->ctx, 2, 5, &count), 0);
    plat->irq_mask(plat->ctx, 2, false);
    uint32_t command = fake->reg[PCI_COMMAND / 4];
    uint32_t bar[] = {fake->reg[4], fake->reg[5]};
    assert_true(plat->configured(plat->ctx));
    fake->reg[PCI_COMMAND / 4] &= ~4U; /* no DMA */
    assert_false(plat->configured(plat->ctx));
    fake->reg[PCI_COMMAND / 4] &= 0xffff0000;
    assert_false(plat->configured(plat->ctx));
    fake->reg[4] &= 0xf; /* what it is cannot be lost */
    fake->reg[5] = 0;
    fake->reg[0x40 / 4] &= 0x3fffffff;
    for (unsigned i = 0; i < 16; i++) {
        *reg(TABLE_OFF + 4 * i) = i % 4 == 3 ? 1 : 0;
    }
    assert_int_equal(plat->restore(plat->ctx), 0);
    assert_true(plat->configured(plat->ctx));
    assert_int_equal(fake->reg[PCI_COMMAND / 4], command);
    assert_int_equal(fake->reg[4], bar[0]);
    assert_int_equal(fake->reg[5], bar[1]);
    assert_int_equal(fake->reg[0x40 / 4] >> 16, 0x8003);
    assert_int_equal(*reg(TABLE_OFF + 16), 0xfee03000);
    assert_int_equal(*reg(TABLE_OFF + 24), 67);
    assert_int_equal(*reg(TABLE_OFF + 28), 1); /* as it was: masked */
    assert_int_equal(*reg(TABLE_OFF + 32), 0xfee05000);
    assert_int_equal(*reg(TABLE_OFF + 44), 0); /* as it was: not */
    assert_int_equal(*reg(TABLE_OFF + 12), 1);
    fake->reg[0] = UINT32_MAX;
    pci.delayed_ns = 0;
    assert_int_equal(plat->restore(plat->ctx), -ENODEV);
    assert_in_range(pci.delayed_ns, 900 * NS_PER_MS, 1100 * NS_PER_MS);
    forget();
}

static void test_without_msix(void **state)
{
    char messages[1024];
    struct out_buf ob;

    (void)state;
    bus.functions[0].cap_msix = 0;
    attach();
    assert_int_equal(board.plat.irq_count, 0);
    out_buf_init(&ob, messages, sizeof(messages));
    log_dump(&ob.out);
    assert_non_null(strstr(messages, "nvme0: no MSI-X: polling"));
    forget();
}

static void test_memory(void **state)
{
    static _Alignas(8192) uint8_t two_pages[8192];
    struct dma_buf buf = {.va = NULL};

    (void)state;
    attach();
    const struct platform *plat = &board.plat;
    uint64_t before = nvme_pci_dma_bytes();
    assert_int_equal(plat->dma_alloc(plat->ctx, 4097, 16, &buf), 0);
    assert_int_equal(buf.len, 4097);
    assert_int_equal(buf.iova, (uintptr_t)buf.va);
    assert_int_equal(board.pages_out, 2);
    assert_int_equal(nvme_pci_dma_bytes() - before, 8192);
    plat->dma_free(plat->ctx, &buf);
    assert_null(buf.va);
    assert_int_equal(board.pages_out, 0);
    plat->dma_free(plat->ctx, &buf);
    assert_int_equal(nvme_pci_dma_bytes(), before);

    assert_int_equal(plat->dma_addr(plat->ctx, two_pages, 4096), (uintptr_t)two_pages);
    assert_int_equal(plat->dma_addr(plat->ctx, two_pages + 8, 4088), (uintptr_t)two_pages + 8);
    assert_true(plat->dma_addr(plat->ctx, two_pages + 8, 4089) == UINT64_MAX);
    assert_true(plat->dma_addr(plat->ctx, two_pages, 8192) == UINT64_MAX);
    forget();
}

static void test_failed_attach(void **state)
{
    struct nvme_options opt = {.max_io_qpairs = 1};
    struct nvme_ctrlr *ctrlr;
    size_t before = heap_used_bytes();

    (void)state;
    board.attach_result = -EIO;
    assert_int_equal(nvme_pci_attach("nvme0", &bus.functions[0], &opt, &ctrlr), -EIO);
    assert_int_equal(heap_used_bytes(), before);
    assert_false(bus_master());
    assert_int_equal(pci.functions[0].reg[0x40 / 4] >> 16, 0x4003);
}

/* All that attach took is given back, after the driver has let go, and also when the function has
 * vanished. */
static void test_detach(void **state)
{
    size_t before = heap_used_bytes();

    (void)state;
    for (unsigned gone = 0; gone < 2; gone++) {
        attach();
        assert_true(heap_used_bytes() > before);
        bus.functions[0].vendor_id = 0; /* it has a copy */
        assert_int_equal(board.plat.vendor_id, 0x1b36);
        if (gone) {
            assert_true(board.plat.present(board.plat.ctx));
            pci.count = 0;
            assert_false(board.plat.present(board.plat.ctx));
        }
        forget();
        assert_int_equal(board.detaches, gone + 1);
        assert_int_equal(heap_used_bytes(), before);
        if (!gone) {
            assert_true(board.detached_with_bus_master);
            assert_false(bus_master());
        }
        bus.functions[0].vendor_id = 0x1b36;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_class, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_quiesce, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unassigned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restore, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_msix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failed_attach, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_detach, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("nvme pci", tests, NULL, NULL);
}
