/*
 * arch/x86_64/apic.c - the local APIC (Intel SDM vol. 3 chapter 10).
 */
#include "arch/x86_64/apic.h"

#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/log.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/paging.h"

/* Register offsets in bytes (table 10-1); in x2APIC mode MSR 800h + offset / 16. */
#define REG_ID            0x020
#define REG_VERSION       0x030
#define REG_TPR           0x080
#define REG_EOI           0x0b0
#define REG_SVR           0x0f0
#define REG_ISR           0x100 /* 8 registers, 10h apart */
#define REG_LVT_CMCI      0x2f0
#define REG_ICR           0x300
#define REG_ICR_HIGH      0x310
#define REG_LVT_TIMER     0x320
#define REG_LVT_THERMAL   0x330
#define REG_LVT_COUNTERS  0x340
#define REG_LVT_LINT0     0x350
#define REG_LVT_LINT1     0x360
#define REG_LVT_ERROR     0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE  0x3e0

#define MSR_X2APIC      0x800
#define CPUID1_ECX_X2   BIT64(21)
#define XAPIC_BYTES     4096
#define VERSION_MAX_LVT GENMASK64(23, 16)
#define MAX_LVT_CMCI    6 /* entries minus one when there is one for CMCI */

#define SVR_ENABLE  BIT64(8)
#define LVT_MASKED  BIT64(16)
#define LVT_NMI     (UINT64_C(4) << 8)
#define TIMER_BY_16 0x3

#define ICR_FIXED      (UINT64_C(0) << 8)
#define ICR_NMI        (UINT64_C(4) << 8)
#define ICR_INIT       (UINT64_C(5) << 8)
#define ICR_STARTUP    (UINT64_C(6) << 8)
#define ICR_PENDING    BIT64(12)
#define ICR_ASSERT     BIT64(14)
#define ICR_ALL_OTHERS (UINT64_C(3) << 18)
#define ICR_SPINS      1000000 /* far more than a message can take */

/* 8259A (ICW and OCW of its data sheet). */
#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1

#define CALIBRATE_NS (2 * NS_PER_MS)

uint8_t apic_mode_x2;
volatile uint32_t *apic_mmio;

static uint64_t timer_ticks_per_s; /* 0: not calibrated */

static uint32_t read_reg(unsigned reg)
{
    return apic_mode_x2 ? (uint32_t)rdmsr(MSR_X2APIC + reg / 16) : apic_mmio[reg / 4];
}

static void write_reg(unsigned reg, uint32_t val)
{
    if (apic_mode_x2) {
        wrmsr(MSR_X2APIC + reg / 16, val);
    } else {
        apic_mmio[reg / 4] = val;
    }
}

static void write_icr(uint32_t id, uint64_t command)
{
    if (apic_mode_x2) {
        /* This write does not wait for earlier stores by itself (§10.12.3). */
        __asm__ volatile("mfence; lfence" : : : "memory");
        wrmsr(MSR_X2APIC + REG_ICR / 16, (uint64_t)id << 32 | command);
        return;
    }
    /* Two registers: nobody may come between, also not a handler on this CPU. */
    bool on = irq_save();
    apic_mmio[REG_ICR_HIGH / 4] = id << 24;
    apic_mmio[REG_ICR / 4] = (uint32_t)command;
    for (unsigned i = 0; i < ICR_SPINS && (apic_mmio[REG_ICR / 4] & ICR_PENDING); i++) {
        cpu_pause();
    }
    irq_restore(on);
}

void pic_disable(void)
{
    io_out8(PIC1_COMMAND, 0x11); /* initialise, four words, cascaded */
    io_out8(PIC2_COMMAND, 0x11);
    io_out8(PIC1_DATA, VECTOR_8259);
    io_out8(PIC2_DATA, VECTOR_8259 + 8);
    io_out8(PIC1_DATA, 0x04); /* the second one hangs on input 2 */
    io_out8(PIC2_DATA, 0x02);
    io_out8(PIC1_DATA, 0x01); /* 8086 mode */
    io_out8(PIC2_DATA, 0x01);
    io_out8(PIC1_DATA, 0xff); /* all masked */
    io_out8(PIC2_DATA, 0xff);
}

/* What the firmware left in service would hold back everything of lower priority. */
static void acknowledge_all(void)
{
    for (unsigned i = 0; i < 256; i++) {
        bool any = false;
        for (unsigned reg = 0; reg < 8; reg++) {
            any |= read_reg(REG_ISR + reg * 0x10) != 0;
        }
        if (!any) {
            return;
        }
        apic_eoi();
    }
}

void apic_init_cpu(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    bool boot_cpu = base & APIC_BASE_BSP;

    if (apic_mode_x2) {
        base |= APIC_BASE_EXTD;
    }
    wrmsr(MSR_APIC_BASE, base);
    /* The vectors first: an enabled APIC with an unmasked entry of vector 0 reports an error. */
    write_reg(REG_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    write_reg(REG_LVT_ERROR, LVT_MASKED | VECTOR_APIC_ERROR);
    write_reg(REG_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    write_reg(REG_LVT_LINT0, LVT_MASKED);
    write_reg(REG_LVT_LINT1, boot_cpu ? LVT_NMI : LVT_MASKED);
    uint64_t max_lvt = FIELD_GET(VERSION_MAX_LVT, read_reg(REG_VERSION));
    if (max_lvt >= 4) {
        write_reg(REG_LVT_COUNTERS, LVT_MASKED);
    }
    if (max_lvt >= 5) {
        write_reg(REG_LVT_THERMAL, LVT_MASKED);
    }
    if (max_lvt >= MAX_LVT_CMCI) {
        write_reg(REG_LVT_CMCI, LVT_MASKED);
    }
    write_reg(REG_TIMER_DIVIDE, TIMER_BY_16);
    write_reg(REG_TIMER_INITIAL, 0);
    write_reg(REG_LVT_TIMER, VECTOR_TIMER);
    write_reg(REG_TPR, 0);
    acknowledge_all();
}

int apic_init(uint64_t mmio_phys, bool allow_x2apic)
{
    bool already = rdmsr(MSR_APIC_BASE) & APIC_BASE_EXTD;
    bool offered = cpuid(1, 0).ecx & CPUID1_ECX_X2;

    apic_mode_x2 = already || (offered && allow_x2apic);
    if (!apic_mode_x2) {
        volatile void *mmio = paging_map_mmio(mmio_phys, XAPIC_BYTES);
        if (!mmio) {
            return -ENODEV;
        }
        /* The MADT is believed over the register, which some firmware moves later. */
        uint64_t base = rdmsr(MSR_APIC_BASE);
        wrmsr(MSR_APIC_BASE, (base & ~APIC_BASE_ADDR) | (mmio_phys & APIC_BASE_ADDR));
        apic_mmio = mmio;
    }
    apic_init_cpu();
    log_debug("local APIC: %s",
              apic_mode_x2 ? already ? "x2APIC, by the firmware" : "x2APIC" : "xAPIC");
    return 0;
}

uint32_t apic_id(void)
{
    uint32_t id = read_reg(REG_ID);
    return apic_mode_x2 ? id : id >> 24;
}

void apic_eoi(void)
{
    write_reg(REG_EOI, 0);
}

void apic_ipi(uint32_t id, uint8_t vector)
{
    write_icr(id, ICR_FIXED | ICR_ASSERT | vector);
}

void apic_send_init(uint32_t id)
{
    write_icr(id, ICR_INIT | ICR_ASSERT);
}

void apic_send_startup(uint32_t id, uint8_t page)
{
    write_icr(id, ICR_STARTUP | ICR_ASSERT | page);
}

void apic_send_nmi(uint32_t id)
{
    write_icr(id, ICR_NMI | ICR_ASSERT);
}

void apic_nmi_others(void)
{
    if (apic_mode_x2 || apic_mmio) {
        write_icr(0, ICR_NMI | ICR_ASSERT | ICR_ALL_OTHERS);
    }
}

void apic_calibrate_timer(void)
{
    bool on = irq_save();
    uint64_t start_ns = clock_now_ns();

    write_reg(REG_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    write_reg(REG_TIMER_INITIAL, UINT32_MAX);
    clock_delay_ns(CALIBRATE_NS);
    uint32_t left = read_reg(REG_TIMER_CURRENT);
    uint64_t took_ns = clock_now_ns() - start_ns;
    write_reg(REG_TIMER_INITIAL, 0);
    write_reg(REG_LVT_TIMER, VECTOR_TIMER);
    irq_restore(on);
    if (took_ns > 0) {
        timer_ticks_per_s = (uint64_t)(UINT32_MAX - left) * NS_PER_S / took_ns;
    }
    if (timer_ticks_per_s == 0) {
        log_warn("the local APIC timer does not count: waiting CPUs will not sleep");
    }
}

bool apic_arm_timer(uint64_t ns)
{
    if (timer_ticks_per_s == 0) {
        return false;
    }
    /* ns is some milliseconds at most, so the product fits. */
    uint64_t ticks = MIN(ns, NS_PER_S) * (timer_ticks_per_s / 1000) / 1000000;
    write_reg(REG_TIMER_INITIAL, (uint32_t)MAX(MIN(ticks, UINT32_MAX), UINT64_C(1)));
    return true;
}
