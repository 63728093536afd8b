/*
 * lib/hwerror.c - what the hardware says of its own faults, in words.
 */
#include "lib/hwerror.h"

#include "lib/compiler.h"
#include "lib/out.h"
#include "lib/string.h"

/* Simple error codes (Intel SDM vol. 3 table 15-8). */
static const struct {
    uint16_t code;
    const char *what;
} simple[] = {
    {0x0001, "unclassified"},
    {0x0002, "parity error in the microcode ROM"},
    {0x0003, "signalled by another CPU or device"},
    {0x0004, "functional redundancy check"},
    {0x0005, "internal parity error"},
    {0x0006, "firmware wrote to protected memory"},
    {0x0400, "internal timer expired"},
    {0x0e0b, "I/O error"},
};

/* Compound error codes (table 15-9): the form is told by the highest bit that is set, bit 12 (a
 * filter) aside. */
#define COMPOUND_FILTER BIT64(12)
#define COMPOUND_BUS    BIT64(11)
#define COMPOUND_CACHE  BIT64(8)
#define COMPOUND_MEMORY BIT64(7)
#define COMPOUND_TLB    BIT64(4)
#define COMPOUND_LEVELS 0x000c /* generic cache hierarchy */
#define MEMORY_ACTION   GENMASK64(6, 4)
#define MEMORY_CHANNEL  GENMASK64(3, 0)
#define NO_CHANNEL      15
#define LEVEL           GENMASK64(1, 0)

static void format_memory(uint16_t code, char *text, size_t cap)
{
    static const char *const actions[] = {"access", "read",  "write", "address or command",
                                          "scrub",  "error", "error", "error"};
    unsigned channel = (unsigned)FIELD_GET(MEMORY_CHANNEL, code);
    size_t len =
        str_format(text, cap, "memory controller: %s", actions[FIELD_GET(MEMORY_ACTION, code)]);

    if (channel != NO_CHANNEL && len < cap) {
        str_format(text + len, cap - len, " on channel %u", channel);
    }
}

static void format_code(uint16_t code, char *text, size_t cap)
{
    unsigned level = (unsigned)FIELD_GET(LEVEL, code);
    const char *part = NULL;

    code &= (uint16_t)~COMPOUND_FILTER;
    for (unsigned i = 0; i < ARRAY_SIZE(simple); i++) {
        if (simple[i].code == code) {
            str_copy(text, cap, simple[i].what);
            return;
        }
    }
    if (code & ~GENMASK64(11, 0) || (code & GENMASK64(10, 9))) {
        part = NULL; /* no form is defined with these bits */
    } else if (code & COMPOUND_BUS) {
        part = "bus or interconnect";
    } else if (code & COMPOUND_CACHE) {
        part = "cache";
    } else if (code & COMPOUND_MEMORY) {
        format_memory(code, text, cap);
        return;
    } else if (code & COMPOUND_TLB) {
        part = "address translation (TLB)";
    } else if ((code & ~LEVEL) == COMPOUND_LEVELS) {
        part = "cache hierarchy";
    }
    if (part) {
        str_format(text, cap, "%s, level %u", part, level);
    } else {
        str_format(text, cap, "code %04xh", code);
    }
}

void hwerror_format_machine_check(uint64_t status, char *text, size_t cap)
{
    char what[64];

    format_code((uint16_t)FIELD_GET(MC_STATUS_MCA_CODE, status), what, sizeof(what));
    str_format(text, cap, "%s: %s%s%s", status & MC_STATUS_UC ? "uncorrected" : "corrected", what,
               status & MC_STATUS_PCC ? "; CPU state corrupt" : "",
               status & MC_STATUS_OVERFLOW ? "; other errors were lost" : "");
}

const char *hwerror_nmi_reason(uint8_t port61)
{
    switch (port61 & (PORT61_SERR | PORT61_IOCHK)) {
    case PORT61_SERR | PORT61_IOCHK:
        return "system error (SERR) and I/O check";
    case PORT61_SERR:
        return "memory parity or system error (SERR)";
    case PORT61_IOCHK:
        return "I/O check (IOCHK)";
    default:
        return "no cause given (a watchdog or a button?)";
    }
}

bool hwerror_nmi_is_fatal(uint8_t port61)
{
    return (port61 & (PORT61_SERR | PORT61_IOCHK)) != 0;
}
