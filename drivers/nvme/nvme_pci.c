/*
 * drivers/nvme/nvme_pci.c - the machine under one NVMe controller: its registers, its memory, its
 * time and its interrupts, as the struct platform that the portable driver asks for.
 *
 * Memory comes from whole pages, which are mapped one to one, so a device address is the address.
 * Interrupts are MSI-X only. The table is written once a vector is attached, and each entry stays
 * masked until the driver wants it; read-modify-write keeps the reserved bits of its control word
 * (PCI 3.0 §6.8.2.9), and a read after the last write makes sure that it has arrived.
 */
#include "drivers/nvme/nvme_pci.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "lib/string.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/interrupts.h"
#include "arch/x86_64/pages.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/smp.h"

#include "drivers/pci/pci_regs.h"

#define NVME_PCI_BASE_CLASS 0x01
#define NVME_PCI_SUB_CLASS  0x08
#define NVME_PCI_PROG_IF    0x02

/* Registers and the doorbells of 65536 queues at the smallest stride; what lies above is a
 * controller memory buffer, which is not used. */
#define NVME_PCI_MAP_BYTES (NVME_REG_DOORBELLS + 65536 * 2 * 4)
#define NVME_PCI_MIN_BYTES (NVME_REG_DOORBELLS + 4 * 4) /* the admin queue and one more */

#define NVME_CAP_TO_UNIT_NS (500 * NS_PER_MS)

/* A drive that asks for memory gets at most one part in so many of what is free. */
#define HMB_SHARE 8

struct nvme_pci_vector {
    bool attached;
    bool masked;
    unsigned cpu;
    int cpu_vector;
};

struct nvme_pci {
    struct nvme_pci *next;
    struct nvme_ctrlr *ctrlr; /* once it is attached */
    struct pci_function pci;
    volatile uint8_t *bar;
    uint64_t bar_bytes;
    volatile uint8_t *msix_table; /* NULL: no interrupts */
    unsigned vector_count;
    struct nvme_pci_vector *vectors;
    struct pci_saved saved; /* its configuration while in service */
    bool said_no_irq; /* a CPU that cannot be interrupted is mentioned once */
    char name[16]; /* until it is attached */
};

static struct nvme_pci *attached; /* all of them; the CPU that attaches and detaches */
static _Atomic uint64_t lent_bytes;

/* --- registers ------------------------------------------------------------------------------- */

static uint32_t load32(const volatile uint8_t *bar, uint32_t off)
{
    return *(const volatile uint32_t *)(bar + off);
}

static uint64_t load64(const volatile uint8_t *bar, uint32_t off)
{
    return *(const volatile uint64_t *)(bar + off);
}

/* The compiler barrier keeps earlier stores to DMA memory before the register write. The CPU needs
 * none: stores to uncached memory are not passed by, and do not pass, earlier ordinary stores
 * (Intel SDM vol. 3 §8.2.2), and nothing here uses non-temporal stores. */
static void store32(volatile uint8_t *bar, uint32_t off, uint32_t val)
{
    __asm__ volatile("" ::: "memory");
    *(volatile uint32_t *)(bar + off) = val;
}

static void store64(volatile uint8_t *bar, uint32_t off, uint64_t val)
{
    __asm__ volatile("" ::: "memory");
    *(volatile uint64_t *)(bar + off) = val;
}

static uint32_t plat_read32(void *ctx, uint32_t off)
{
    const struct nvme_pci *np = ctx;
    return load32(np->bar, off);
}

static uint64_t plat_read64(void *ctx, uint32_t off)
{
    const struct nvme_pci *np = ctx;
    return load64(np->bar, off);
}

static void plat_write32(void *ctx, uint32_t off, uint32_t val)
{
    const struct nvme_pci *np = ctx;
    store32(np->bar, off, val);
}

static void plat_write64(void *ctx, uint32_t off, uint64_t val)
{
    const struct nvme_pci *np = ctx;
    store64(np->bar, off, val);
}

/* --- memory ---------------------------------------------------------------------------------- */

static int plat_dma_alloc(void *ctx, size_t len, size_t align, struct dma_buf *out)
{
    size_t count = len / PAGE_BYTES + (len % PAGE_BYTES != 0);

    (void)ctx;
    assert(len > 0 && IS_POWER_OF_TWO(align));
    void *pages = pages_alloc(count, MAX(align, (size_t)PAGE_BYTES));
    if (!pages) {
        return -ENOMEM;
    }
    atomic_fetch_add_explicit(&lent_bytes, count * PAGE_BYTES, memory_order_relaxed);
    *out = (struct dma_buf){.va = pages, .iova = (uintptr_t)pages, .len = len};
    return 0;
}

static void plat_dma_free(void *ctx, struct dma_buf *buf)
{
    (void)ctx;
    if (buf->va) {
        size_t count = (buf->len + PAGE_BYTES - 1) / PAGE_BYTES;
        pages_free(buf->va, count);
        atomic_fetch_sub_explicit(&lent_bytes, count * PAGE_BYTES, memory_order_relaxed);
    }
    *buf = (struct dma_buf){.va = NULL};
}

/* RAM is mapped one to one, but a constant inside the kernel image is not where it seems. */
static uint64_t plat_dma_addr(void *ctx, const void *va, size_t len)
{
    uintptr_t first = (uintptr_t)va;

    (void)ctx;
    uint64_t iova = paging_phys(va);
    if (iova == UINT64_MAX || len > UINTPTR_MAX - first) {
        return UINT64_MAX;
    }
    for (uintptr_t page = ALIGN_DOWN(first, PAGE_BYTES) + PAGE_BYTES; page < first + len;
         page += PAGE_BYTES) {
        if (paging_phys((const void *)page) != iova + (page - first)) {
            return UINT64_MAX;
        }
    }
    return iova;
}

/* --- time ------------------------------------------------------------------------------------ */

static uint64_t plat_now_ns(void *ctx)
{
    (void)ctx;
    return clock_now_ns();
}

/* No PAUSE: the queue's CPU has nothing better to do than to look again now, and an emulated CPU
 * leaves its fast path at each PAUSE, which makes the wait many times longer (docs/bench.md). */
static void plat_relax(void *ctx)
{
    (void)ctx;
    __asm__ volatile("" ::: "memory");
}

static int plat_bar_map(void *ctx, unsigned bar, uint64_t offset, uint64_t bytes,
                        struct dma_buf *out)
{
    const struct nvme_pci *np = ctx;

    if (bar >= ARRAY_SIZE(np->pci.bar)) {
        return -ENODEV;
    }
    const struct pci_bar *b = &np->pci.bar[bar];
    if ((b->kind != PCI_BAR_MEM32 && b->kind != PCI_BAR_MEM64) || b->addr == 0 ||
        offset > b->bytes || bytes > b->bytes - offset) {
        return -ENODEV;
    }
    volatile void *va = paging_map_mmio(b->addr + offset, bytes);
    if (!va) {
        return -ENOMEM;
    }
    *out = (struct dma_buf){.va = (void *)(uintptr_t)va, .iova = b->addr + offset, .len = bytes};
    return 0;
}

/* --- interrupts ------------------------------------------------------------------------------ */

static uint32_t entry_off(unsigned vec)
{
    return vec * PCI_MSIX_ENTRY_BYTES;
}

static void mask_entry(const struct nvme_pci *np, unsigned vec, bool masked)
{
    uint32_t off = entry_off(vec) + PCI_MSIX_ENTRY_CONTROL;
    uint32_t control = load32(np->msix_table, off) & (uint32_t)~PCI_MSIX_ENTRY_MASKED;

    store32(np->msix_table, off, control | (uint32_t)FIELD_PREP(PCI_MSIX_ENTRY_MASKED, masked));
    (void)load32(np->msix_table, off); /* posted writes have arrived when a read returns */
}

/* An attached vector, masked. */
static void write_entry(const struct nvme_pci *np, unsigned vec)
{
    const struct nvme_pci_vector *v = &np->vectors[vec];
    uint64_t addr;
    uint32_t data;

    interrupts_message(v->cpu, v->cpu_vector, &addr, &data);
    mask_entry(np, vec, true);
    store32(np->msix_table, entry_off(vec) + PCI_MSIX_ENTRY_ADDR_LOW, (uint32_t)addr);
    store32(np->msix_table, entry_off(vec) + PCI_MSIX_ENTRY_ADDR_HIGH, (uint32_t)(addr >> 32));
    store32(np->msix_table, entry_off(vec) + PCI_MSIX_ENTRY_DATA, data);
    (void)load32(np->msix_table, entry_off(vec) + PCI_MSIX_ENTRY_DATA);
}

static int plat_irq_attach(void *ctx, unsigned vec, unsigned cpu, atomic_uint *count)
{
    struct nvme_pci *np = ctx;
    struct nvme_pci_vector *v = &np->vectors[vec];

    assert(vec < np->vector_count);
    if (v->attached) {
        return -EBUSY;
    }
    int cpu_vector = interrupts_alloc(cpu, count);
    if (cpu_vector < 0) {
        if (!np->said_no_irq) {
            log_warn("%s: CPU %u cannot take its interrupts (%s): polling there",
                     np->ctrlr ? nvme_name(np->ctrlr) : np->name, cpu, errno_text(cpu_vector));
            np->said_no_irq = true;
        }
        return -ENOTSUP;
    }
    *v = (struct nvme_pci_vector){
        .attached = true, .masked = true, .cpu = cpu, .cpu_vector = cpu_vector
    };
    write_entry(np, vec);
    return 0;
}

static void plat_irq_detach(void *ctx, unsigned vec)
{
    struct nvme_pci *np = ctx;
    struct nvme_pci_vector *v = &np->vectors[vec];

    assert(vec < np->vector_count);
    if (v->attached) {
        mask_entry(np, vec, true);
        interrupts_free(v->cpu, v->cpu_vector);
        v->attached = false;
    }
}

static void plat_irq_mask(void *ctx, unsigned vec, bool masked)
{
    struct nvme_pci *np = ctx;

    assert(vec < np->vector_count && np->vectors[vec].attached);
    np->vectors[vec].masked = masked;
    mask_entry(np, vec, masked);
}

static void plat_irq_wait(void *ctx, const atomic_uint *count, unsigned seen, uint64_t deadline_ns)
{
    (void)ctx;
    smp_sleep(count, seen, deadline_ns);
}

/* Maps the table and masks every entry. Whatever is in the way leaves the controller polled. */
static void prepare_msix(struct nvme_pci *np)
{
    struct pci_msix msix;

    int err = pci_msix_info(&np->pci, &msix);
    if (err) {
        log_info("%s: %s: polling", np->name,
                 err == -ENOTSUP ? "no MSI-X" : "its MSI-X table is not in its registers");
        return;
    }
    struct nvme_pci_vector *vectors = heap_alloc(msix.count, sizeof(*vectors));
    volatile uint8_t *table = paging_map_mmio(np->pci.bar[msix.bar].addr + msix.table_off,
                                              (uint64_t)msix.count * PCI_MSIX_ENTRY_BYTES);
    if (!vectors || !table) {
        log_warn("%s: no memory for interrupts: polling", np->name);
        heap_free(vectors);
        return;
    }
    np->vectors = vectors;
    np->vector_count = msix.count;
    np->msix_table = table;
    /* Under the function mask nothing is sent while the entries are still as the firmware left
     * them: they come up masked after a reset only. */
    pci_msix_control(&np->pci, true, true);
    for (unsigned vec = 0; vec < msix.count; vec++) {
        mask_entry(np, vec, true);
    }
    pci_msix_control(&np->pci, true, false);
}

/* --- after somebody else's reset -------------------------------------------------------------- */

static int plat_restore(void *ctx)
{
    const struct nvme_pci *np = ctx;
    int err = pci_restore(&np->pci, &np->saved);

    if (err || !np->msix_table) {
        return err;
    }
    pci_msix_control(&np->pci, true, true);
    for (unsigned vec = 0; vec < np->vector_count; vec++) {
        mask_entry(np, vec, true);
        if (np->vectors[vec].attached) {
            write_entry(np, vec);
            mask_entry(np, vec, np->vectors[vec].masked);
        }
    }
    pci_msix_control(&np->pci, true, false);
    return 0;
}

static bool plat_configured(void *ctx)
{
    const struct nvme_pci *np = ctx;

    return pci_is_enabled(&np->pci, &np->saved);
}

static bool plat_present(void *ctx)
{
    const struct nvme_pci *np = ctx;

    return FIELD_GET(PCI_ID_VENDOR, pci_read32(&np->pci, PCI_ID)) != UINT16_MAX;
}

/* --- stopping -------------------------------------------------------------------------------- */

/* Waits until CSTS.RDY is ready, or CSTS.CFS is set. 0, -ENODEV (gone), -ETIMEDOUT. */
static int wait_ready(const volatile uint8_t *bar, bool ready, uint64_t timeout_ns)
{
    uint64_t deadline_ns = clock_now_ns() + timeout_ns;

    for (;;) {
        /* The time is taken first: a wait that was suspended still looks once more. */
        bool late = clock_now_ns() >= deadline_ns;
        uint32_t csts = load32(bar, NVME_REG_CSTS);
        if (csts == UINT32_MAX) {
            return -ENODEV;
        }
        if (FIELD_GET(NVME_CSTS_RDY, csts) == ready || (ready && (csts & NVME_CSTS_CFS))) {
            return 0;
        }
        if (late) {
            return -ETIMEDOUT;
        }
        __builtin_ia32_pause();
    }
}

/* CC.EN = 0 and CSTS.RDY = 0, whatever state the firmware left. SHN stays: a shutdown could
 * complete commands into memory that is somebody else's now. */
static int disable(const struct pci_function *f, volatile uint8_t *bar)
{
    uint32_t cc = load32(bar, NVME_REG_CC);
    uint64_t cap = load64(bar, NVME_REG_CAP);
    uint64_t timeout_ns = (FIELD_GET(NVME_CAP_TO, cap) + 1) * NVME_CAP_TO_UNIT_NS;

    if (cap == UINT64_MAX || load32(bar, NVME_REG_CSTS) == UINT32_MAX) {
        return -ENODEV;
    }
    if (cc & NVME_CC_EN) {
        log_info("%02x:%02x.%x: NVMe controller was left running by the firmware; stopping it",
                 f->bus, f->dev, f->fn);
        /* EN must not fall before RDY has risen (NVMe 1.4 §3.1.5), if it ever does. */
        int err = wait_ready(bar, true, timeout_ns);
        if (err == -ENODEV) {
            return err;
        }
        store32(bar, NVME_REG_CC, cc & (uint32_t)~NVME_CC_EN);
    }
    return wait_ready(bar, false, timeout_ns);
}

/* Disables, by a function level reset when nothing else helps. The function's memory decoding is
 * on, and still is afterwards. */
static int stop(const struct pci_function *f, volatile uint8_t *bar)
{
    int err = disable(f, bar);

    if (err == -ETIMEDOUT) {
        log_warn("%02x:%02x.%x: NVMe controller does not stop; resetting the function", f->bus,
                 f->dev, f->fn);
        pci_set_bus_master(f, false);
        if (pci_reset_function(f) == 0) {
            err = disable(f, bar);
        }
    }
    return err;
}

/* The registers, or NULL: the firmware assigned none, or they cannot be mapped. */
static volatile uint8_t *map_registers(const struct pci_function *f, uint64_t *bytes)
{
    const struct pci_bar *bar = &f->bar[0];

    if ((bar->kind != PCI_BAR_MEM32 && bar->kind != PCI_BAR_MEM64) || bar->addr == 0 ||
        bar->bytes < NVME_PCI_MIN_BYTES) {
        return NULL;
    }
    *bytes = MIN(bar->bytes, (uint64_t)NVME_PCI_MAP_BYTES);
    return paging_map_mmio(bar->addr, *bytes);
}

bool nvme_pci_is_controller(const struct pci_function *f)
{
    return f->base_class == NVME_PCI_BASE_CLASS && f->sub_class == NVME_PCI_SUB_CLASS &&
           f->prog_if == NVME_PCI_PROG_IF;
}

int nvme_pci_quiesce(const struct pci_function *f)
{
    uint64_t bytes;

    volatile uint8_t *bar = map_registers(f, &bytes);
    if (!bar) {
        pci_set_bus_master(f, false);
        return -ENODEV;
    }
    pci_enable_memory(f);
    int err = stop(f, bar);
    if (err) {
        /* What does not stop must not reach memory that others use from now on. */
        pci_set_bus_master(f, false);
        log_error("%02x:%02x.%x: NVMe controller %s: bus mastering was taken away", f->bus, f->dev,
                  f->fn, err == -ENODEV ? "does not answer" : "does not stop");
    }
    return err;
}

/* --- attaching ------------------------------------------------------------------------------- */

static struct platform make_platform(struct nvme_pci *np)
{
    return (struct platform){
        .ctx = np,
        .read32 = plat_read32,
        .read64 = plat_read64,
        .write32 = plat_write32,
        .write64 = plat_write64,
        .restore = plat_restore,
        .configured = plat_configured,
        .present = plat_present,
        .bar_map = plat_bar_map,
        .bar_bytes = np->bar_bytes,
        .vendor_id = np->pci.vendor_id,
        .device_id = np->pci.device_id,
        .dma_alloc = plat_dma_alloc,
        .dma_free = plat_dma_free,
        .dma_addr = plat_dma_addr,
        .now_ns = plat_now_ns,
        .relax = plat_relax,
        .irq_count = np->vector_count,
        .irq_attach = plat_irq_attach,
        .irq_detach = plat_irq_detach,
        .irq_mask = plat_irq_mask,
        .irq_wait = plat_irq_wait,
    };
}

static void destroy(struct nvme_pci *np)
{
    pci_msix_control(&np->pci, false, true);
    pci_set_bus_master(&np->pci, false);
    heap_free(np->vectors);
    heap_free(np);
}

int nvme_pci_attach(const char *name, const struct pci_function *f, const struct nvme_options *opt,
                    struct nvme_ctrlr **out)
{
    *out = NULL;
    struct nvme_pci *np = heap_alloc(1, sizeof(*np));
    if (!np) {
        return -ENOMEM;
    }
    np->pci = *f;
    str_copy(np->name, sizeof(np->name), name);
    np->bar = map_registers(f, &np->bar_bytes);
    int err = -ENODEV;
    if (!np->bar) {
        log_error("%s: the firmware assigned no address to its registers (or none that can be "
                  "mapped)",
                  name);
        goto fail;
    }
    /* Memory decoding first, and a controller that runs is stopped before it may reach memory. */
    pci_enable_memory(f);
    err = stop(f, np->bar);
    if (err) {
        log_error("%s: the controller %s", name,
                  err == -ENODEV ? "does not answer: its registers read all ones"
                                 : "does not stop: CSTS.RDY stays 1 with CC.EN = 0");
        goto fail;
    }
    pci_enable(f);
    prepare_msix(np);
    pci_save(f, &np->saved);
    struct platform plat = make_platform(np);
    struct nvme_options bounded = *opt;
    bounded.host_memory_bytes = MIN(opt->host_memory_bytes, pages_free_bytes() / HMB_SHARE);
    err = nvme_attach(name, &plat, &bounded, out);
    if (err) {
        goto fail;
    }
    np->ctrlr = *out;
    np->next = attached;
    attached = np;
    return 0;

fail:
    destroy(np);
    return err;
}

void nvme_pci_detach(struct nvme_ctrlr *ctrlr)
{
    struct nvme_pci **link = &attached;

    assert(*link);
    while ((*link)->ctrlr != ctrlr) {
        link = &(*link)->next;
        assert(*link);
    }
    struct nvme_pci *np = *link;
    nvme_detach(ctrlr);
    *link = np->next;
    destroy(np);
}

uint64_t nvme_pci_dma_bytes(void)
{
    return atomic_load_explicit(&lent_bytes, memory_order_relaxed);
}
