/*
 * apps/bench/verify_report.c - a wrong block in words.
 */
#include "apps/bench/verify_block.h"

#define DUMP_LINE 16

static const char *const names[BENCH_WRONG_KINDS] = {
    [BENCH_WRONG_ZEROES] = "all zeroes",
    [BENCH_WRONG_STRANGER] = "foreign data",
    [BENCH_WRONG_HEADER] = "damaged header",
    [BENCH_WRONG_FORM] = "other format",
    [BENCH_WRONG_PLACE] = "misplaced",
    [BENCH_WRONG_VERSION] = "stale",
    [BENCH_WRONG_BIT] = "one bit flipped",
    [BENCH_WRONG_DATA] = "damaged data",
    [BENCH_WRONG_TRIM] = "not trimmed",
};

const char *bench_miscompare_name(enum bench_miscompare_kind kind)
{
    return names[kind];
}

void bench_verify_dump(const char *what, const uint8_t *buf, uint32_t at, uint32_t len,
                       struct out *out)
{
    for (uint32_t i = 0; i < len; i += DUMP_LINE) {
        out_printf(out, "    %-8s +%06x ", what, (unsigned)(at + i));
        for (uint32_t k = i; k < len && k < i + DUMP_LINE; k++) {
            out_printf(out, " %02x", (unsigned)buf[k]);
        }
        out_puts(out, "\n");
    }
}

/* What the kind means, and what of the header says so. */
static void print_meaning(const struct bench_miscompare *m, uint64_t first_lba,
                          uint32_t block_bytes, struct out *out)
{
    switch (m->kind) {
    case BENCH_WRONG_ZEROES:
        out_puts(out, "nothing was written here, or the write was lost, or it was deallocated");
        break;
    case BENCH_WRONG_STRANGER:
        out_printf(out, "no header begins here: magic is 0x%04x, 0xacca was expected",
                   (unsigned)m->have.magic);
        break;
    case BENCH_WRONG_HEADER:
        out_puts(out, "the header does not have the checksums it states");
        break;
    case BENCH_WRONG_FORM:
        out_puts(out, "a good header, of another way to verify or another verify_interval");
        break;
    case BENCH_WRONG_PLACE:
        out_printf(out, "a good header of the block at byte %llu (LBA %llu)",
                   (unsigned long long)m->have.offset,
                   (unsigned long long)(first_lba + m->have.offset / block_bytes));
        break;
    case BENCH_WRONG_VERSION:
        out_puts(out, "a good block of this place, but not the one written here last");
        break;
    case BENCH_WRONG_BIT:
        out_puts(out, "the rest of the block is right");
        break;
    case BENCH_WRONG_TRIM:
        out_puts(out, "this was deallocated, and yet does not read as zeroes");
        break;
    default:
        out_puts(out, m->have.magic == 0 ? "it is not the pattern"
                                         : "the header is right, the data behind it is not");
        break;
    }
    out_puts(out, "\n");
}

static void print_field(const char *name, uint64_t want, uint64_t have, struct out *out)
{
    if (want != have) {
        out_printf(out, "    field %s: expected 0x%llx, received 0x%llx\n", name,
                   (unsigned long long)want, (unsigned long long)have);
    }
}

static void print_fields(const struct bench_miscompare *m, struct out *out)
{
    const struct bench_verify_header *want = &m->want;
    const struct bench_verify_header *have = &m->have;
    print_field("magic", want->magic, have->magic, out);
    print_field("verify_type", want->kind, have->kind, out);
    print_field("len", want->len, have->len, out);
    print_field("offset", want->offset, have->offset, out);
    if (m->exact) {
        print_field("rand_seed", want->seed, have->seed, out);
        print_field("thread", want->job, have->job, out);
        print_field("numberio", want->number, have->number, out);
    }
    if (have->data_crc != m->have_crc) {
        out_printf(out, "    data %s: the header says 0x%llx, the data has 0x%llx\n", m->checksum,
                   (unsigned long long)have->data_crc, (unsigned long long)m->have_crc);
    }
    out_printf(out, "    the header was made %u.%09u s after its machine's start, by job %u, as "
               "its I/O number %u\n", (unsigned)have->time_s, (unsigned)have->time_ns,
               (unsigned)have->job, (unsigned)have->number);
}

static void print_where(const struct bench_miscompare *m, struct out *out)
{
    if (!m->located) {
        out_puts(out, "    which bytes are wrong cannot be told: what was written is not known\n");
        return;
    }
    unsigned at = m->first_wrong - m->shown_at;
    out_printf(out, "    first wrong byte: %u of the block, expected %02x, received %02x; ",
               (unsigned)m->first_wrong, (unsigned)m->expected[at], (unsigned)m->received[at]);
    if (m->kind == BENCH_WRONG_BIT) {
        unsigned bit = (unsigned)__builtin_ctz(m->expected[at] ^ m->received[at]);
        out_printf(out, "bit %u is flipped\n", bit);
    } else {
        out_printf(out, "%u bytes differ, the last is %u\n", (unsigned)m->wrong_bytes,
                   (unsigned)m->last_wrong);
    }
}

void bench_miscompare_print(const struct bench_miscompare *m, const char *job, const char *disk,
                            uint64_t first_lba, uint32_t block_bytes, struct out *out)
{
    out_printf(out, "verify: %s: %s: %u bytes at byte %llu (LBA %llu): %s: ", job, disk,
               (unsigned)m->bytes, (unsigned long long)m->offset,
               (unsigned long long)(first_lba + m->offset / block_bytes), names[m->kind]);
    print_meaning(m, first_lba, block_bytes, out);
    if (m->want.magic != 0 && m->kind != BENCH_WRONG_ZEROES && m->kind != BENCH_WRONG_STRANGER) {
        print_fields(m, out);
    }
    print_where(m, out);
    if (m->expected_known) {
        bench_verify_dump("expected", m->expected, m->shown_at, m->shown_bytes, out);
    }
    bench_verify_dump("received", m->received, m->shown_at, m->shown_bytes, out);
}
