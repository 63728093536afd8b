/*
 * arch/x86_64/machine_check.c - errors that the CPU finds in itself, its caches and its memory.
 */
#include "arch/x86_64/machine_check.h"

#include "lib/bitfield.h"
#include "lib/hwerror.h"
#include "lib/log.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/percpu.h"

#define MSR_MCG_CAP           0x179
#define MSR_MCG_CTL           0x17b
#define MSR_MC_CTL(bank)      (0x400 + 4 * (bank))
#define MSR_MC_STATUS(bank)   (0x401 + 4 * (bank))
#define MSR_MC_ADDRESS(bank)  (0x402 + 4 * (bank))
#define MCG_COUNT             GENMASK64(7, 0)
#define MCG_CTL_PRESENT       BIT64(8)
#define CPUID1_EDX_MCA        BIT64(14)
#define CPUID1_EAX_MODEL      GENMASK64(7, 4)
#define CPUID1_EAX_FAMILY     GENMASK64(11, 8)
#define CPUID1_EAX_MODEL_HIGH GENMASK64(19, 16)
#define ALL_ERRORS            (~UINT64_C(0))

#define TEXT_BYTES 128

/* 0 where the CPU reports none. */
static unsigned bank_count(void)
{
    if (!(cpuid(1, 0).edx & CPUID1_EDX_MCA)) {
        return 0;
    }
    return (unsigned)FIELD_GET(MCG_COUNT, rdmsr(MSR_MCG_CAP));
}

/* Warns of what the banks hold, uncorrected errors only when all is true, and clears it. */
static void log_banks(const char *when, bool all)
{
    char text[TEXT_BYTES];

    for (unsigned i = 0; i < bank_count(); i++) {
        uint64_t status = rdmsr(MSR_MC_STATUS(i));
        if (!(status & MC_STATUS_VALID) || (!all && (status & MC_STATUS_UC))) {
            continue;
        }
        hwerror_format_machine_check(status, text, sizeof(text));
        log_warn("hardware error%s: CPU %u, bank %u, %s (status %016llx)", when,
                 percpu_self()->index, i, text, (unsigned long long)status);
        wrmsr(MSR_MC_STATUS(i), 0);
    }
}

/* Of these older CPUs the firmware alone decides what bank 0 reports (§15.3.2.1). */
static unsigned first_settable_bank(void)
{
    uint32_t eax = cpuid(1, 0).eax;
    uint64_t family = FIELD_GET(CPUID1_EAX_FAMILY, eax);
    uint64_t model = FIELD_GET(CPUID1_EAX_MODEL_HIGH, eax) << 4 | FIELD_GET(CPUID1_EAX_MODEL, eax);

    return family == 6 && model < 0x1a ? 1 : 0;
}

void machine_check_init(bool say)
{
    if (say) {
        log_banks(" logged before this start", true);
    }
    if (bank_count() > 0 && (rdmsr(MSR_MCG_CAP) & MCG_CTL_PRESENT)) {
        wrmsr(MSR_MCG_CTL, ALL_ERRORS);
    }
    for (unsigned i = 0; i < bank_count(); i++) {
        if (i >= first_settable_bank()) {
            wrmsr(MSR_MC_CTL(i), ALL_ERRORS);
        }
        wrmsr(MSR_MC_STATUS(i), 0);
    }
}

void machine_check_poll(void)
{
    log_banks("", false);
}

void machine_check_print(struct out *out)
{
    char text[TEXT_BYTES];

    for (unsigned i = 0; i < bank_count(); i++) {
        uint64_t status = rdmsr(MSR_MC_STATUS(i));
        if (!(status & MC_STATUS_VALID)) {
            continue;
        }
        hwerror_format_machine_check(status, text, sizeof(text));
        out_printf(out, "  bank %u: %s: status %016llx", i, text, (unsigned long long)status);
        if (status & MC_STATUS_ADDRESS) {
            out_printf(out, ", address %016llx", (unsigned long long)rdmsr(MSR_MC_ADDRESS(i)));
        }
        out_puts(out, "\n");
    }
}
