/*
 * apps/bench/verify_block.c - blocks that can be told right from wrong.
 */
#include "apps/bench/verify_block.h"

#include "apps/bench/buffers.h"
#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "lib/crc_any.h"
#include "lib/string.h"

#define MAGIC 0xacca
#define CRC_OVER_HEADER 36 /* bytes of it that its checksum covers */
#define AT_HEADER_CRC 36
#define AT_DATA_CRC 40
#define DUMP_LINE 16
#define CRC32C_POLYNOMIAL 0x82f63b78U /* reflected */

/* --- the header ------------------------------------------------------------------------------- */

/* The checksums of data: fio's number for each, its place in the header, and how it is made. */
struct checksum {
    const char *name;
    uint16_t kind;
    uint8_t bytes;
    struct crc_any crc; /* width 0: CRC-32C */
};

static const struct checksum checksums[] = {
    [BENCH_VERIFY_CRC32C] = {"crc32c", 5, 4, {0}},
    [BENCH_VERIFY_CRC32C_INTEL] = {"crc32c", 5, 4, {0}},
    [BENCH_VERIFY_CRC64] = {"crc64", 3, 8, {64, true, 0x95ac9329ac4bc9b5}},
    [BENCH_VERIFY_CRC32] = {"crc32", 4, 4, {32, false, 0x04c11db7}},
    [BENCH_VERIFY_CRC16] = {"crc16", 7, 2, {16, true, 0xa001}},
    [BENCH_VERIFY_CRC7] = {"crc7", 8, 1, {7, false, 0x09}},
};

static const struct checksum *checksum_of(const struct bench_verify_io *io)
{
    return &checksums[io->verify];
}

static uint32_t header_bytes(const struct bench_verify_io *io)
{
    return AT_DATA_CRC + checksum_of(io)->bytes;
}

static bool has_headers(const struct bench_verify_io *io)
{
    return io->verify != BENCH_VERIFY_PATTERN && io->verify != BENCH_VERIFY_NULL;
}

static uint32_t raw_crc(const uint8_t *data, uint32_t len)
{
    return ~crc32c(0, data, len);
}

/* Of what stands behind the header of a block. */
static uint64_t data_crc(const struct bench_verify_io *io, const uint8_t *block)
{
    const struct checksum *sum = checksum_of(io);
    const uint8_t *data = block + header_bytes(io);
    uint32_t len = io->interval_bytes - header_bytes(io);
    return sum->crc.width == 0 ? raw_crc(data, len) : crc_any(&sum->crc, data, len);
}

static void store_data_crc(const struct bench_verify_io *io, uint8_t *p, uint64_t crc)
{
    for (unsigned i = 0; i < checksum_of(io)->bytes; i++) {
        p[AT_DATA_CRC + i] = (uint8_t)(crc >> 8 * i);
    }
}

static void store_header(const struct bench_verify_io *io, uint8_t *p,
                         const struct bench_verify_header *h)
{
    store_le16(p, h->magic);
    store_le16(p + 2, h->kind);
    store_le32(p + 4, h->len);
    store_le64(p + 8, h->seed);
    store_le64(p + 16, h->offset);
    store_le32(p + 24, h->time_s);
    store_le32(p + 28, h->time_ns);
    store_le16(p + 32, h->job);
    store_le16(p + 34, h->number);
    store_le32(p + AT_HEADER_CRC, h->header_crc);
    store_data_crc(io, p, h->data_crc);
}

static void load_header(const struct bench_verify_io *io, const uint8_t *p,
                        struct bench_verify_header *h)
{
    h->magic = load_le16(p);
    h->kind = load_le16(p + 2);
    h->len = load_le32(p + 4);
    h->seed = load_le64(p + 8);
    h->offset = load_le64(p + 16);
    h->time_s = load_le32(p + 24);
    h->time_ns = load_le32(p + 28);
    h->job = load_le16(p + 32);
    h->number = load_le16(p + 34);
    h->header_crc = load_le32(p + AT_HEADER_CRC);
    h->data_crc = 0;
    for (unsigned i = 0; i < checksum_of(io)->bytes; i++) {
        h->data_crc |= (uint64_t)p[AT_DATA_CRC + i] << 8 * i;
    }
}

static void wanted_header(const struct bench_verify_io *io, uint32_t at,
                          struct bench_verify_header *h)
{
    *h = (struct bench_verify_header){
        .magic = MAGIC,
        .kind = checksum_of(io)->kind,
        .len = io->interval_bytes,
        .seed = io->seed,
        .offset = io->offset + at,
        .time_s = (uint32_t)(io->time_ns / NS_PER_S),
        .time_ns = (uint32_t)(io->time_ns % NS_PER_S),
        .job = io->job,
        .number = io->number,
    };
}

/* --- writing ---------------------------------------------------------------------------------- */

static void fill_data(const struct bench_verify_io *io, uint8_t *buf)
{
    if (io->pattern != NULL) {
        bench_bytes_fill(io->pattern, buf, io->bytes, io->offset);
    } else {
        bench_random_fill(buf, io->bytes, io->seed, 0);
    }
}

void bench_verify_fill(const struct bench_verify_io *io, uint8_t *buf)
{
    fill_data(io, buf);
    if (!has_headers(io)) {
        return;
    }
    for (uint32_t at = 0; at < io->bytes; at += io->interval_bytes) {
        struct bench_verify_header h;
        uint8_t *block = buf + at;
        wanted_header(io, at, &h);
        h.data_crc = data_crc(io, block);
        store_header(io, block, &h);
        store_le32(block + AT_HEADER_CRC, raw_crc(block, CRC_OVER_HEADER));
    }
}

/* --- checking --------------------------------------------------------------------------------- */

/* What the block should be, as far as a pattern tells: one for the whole I/O. */
static void pattern_block(const struct bench_verify_io *io, uint32_t at, uint8_t *out)
{
    const struct bench_bytes *pattern = io->pattern;
    uint8_t once[BENCH_PATTERN_BYTES];
    uint32_t phase = at % pattern->count;
    bench_bytes_fill(pattern, once, pattern->count, io->offset);
    for (uint32_t i = 0; i < io->interval_bytes; i++) {
        out[i] = once[phase];
        phase = phase + 1 < pattern->count ? phase + 1 : 0;
    }
}

static bool pattern_good(const struct bench_verify_io *io, const uint8_t *buf, uint32_t at)
{
    uint8_t once[BENCH_PATTERN_BYTES];
    uint32_t count = io->pattern->count;
    uint32_t end = at + io->interval_bytes;
    bench_bytes_fill(io->pattern, once, count, io->offset);
    while (at < end) {
        uint32_t phase = at % count;
        uint32_t part = MIN(count - phase, end - at);
        if (memcmp(buf + at, once + phase, part) != 0) {
            return false;
        }
        at += part;
    }
    return true;
}

bool bench_verify_good(const struct bench_verify_io *io, const uint8_t *buf, uint32_t at)
{
    const uint8_t *block = buf + at;
    struct bench_verify_header h;
    if (!has_headers(io)) {
        return io->verify == BENCH_VERIFY_NULL || pattern_good(io, buf, at);
    }
    load_header(io, block, &h);
    if (h.magic != MAGIC || h.kind != checksum_of(io)->kind || h.len != io->interval_bytes ||
        h.offset != io->offset + at || h.header_crc != raw_crc(block, CRC_OVER_HEADER)) {
        return false;
    }
    if (io->exact && (h.seed != io->seed || h.number != io->number || h.job != io->job)) {
        return false;
    }
    return h.data_crc == data_crc(io, block);
}

/* --- what is wrong ---------------------------------------------------------------------------- */

/* One flipped bit changes a CRC by what depends only on how far it is from the end: so the place
 * can be found without knowing the data. -1: it was not one bit. */
static int64_t find_flipped_bit(uint32_t difference, uint32_t len)
{
    uint32_t effect = CRC32C_POLYNOMIAL; /* of the last byte's highest bit */
    for (uint64_t from_end = 0; from_end < (uint64_t)len * 8; from_end++) {
        if (effect == difference) {
            return (int64_t)((uint64_t)len * 8 - 1 - from_end);
        }
        effect = effect >> 1 ^ (effect & 1 ? CRC32C_POLYNOMIAL : 0);
    }
    return -1;
}

/* Compares from byte from on, and notes where the two differ. */
static void locate(struct bench_miscompare *m, const uint8_t *block, const uint8_t *expected,
                   uint32_t from)
{
    m->located = false;
    m->wrong_bytes = 0;
    for (uint32_t i = from; i < m->bytes; i++) {
        if (block[i] == expected[i]) {
            continue;
        }
        if (!m->located) {
            m->first_wrong = i;
            m->located = true;
        }
        m->last_wrong = i;
        m->wrong_bytes++;
    }
}

/* Makes the data again that the header's seed stands for. */
static void remake(const struct bench_verify_io *io, uint64_t seed, uint32_t at, uint8_t *out)
{
    if (io->pattern != NULL) {
        pattern_block(io, at, out);
    } else {
        bench_random_fill(out, io->interval_bytes, seed, at);
    }
}

static bool one_bit(const struct bench_miscompare *m, const uint8_t *block,
                    const uint8_t *expected)
{
    unsigned difference = block[m->first_wrong] ^ expected[m->first_wrong];
    return m->wrong_bytes == 1 && (difference & (difference - 1)) == 0;
}

/* The header is right: something is wrong behind it. */
static void diagnose_data(const struct bench_verify_io *io, const uint8_t *block, uint32_t at,
                          uint8_t *spare, struct bench_miscompare *m)
{
    uint32_t header = header_bytes(io);
    m->kind = BENCH_WRONG_DATA;
    remake(io, m->have.seed, at, spare);
    memcpy(spare, block, header);
    uint64_t remade_crc = data_crc(io, spare);
    if (remade_crc == m->have_crc) {
        /* The data is right: its checksum was damaged, which the header's does not cover. */
        m->kind = BENCH_WRONG_HEADER;
        store_data_crc(io, spare, remade_crc);
        locate(m, block, spare, 0);
        m->expected_known = true;
        return;
    }
    /* Only data of our making, or fio's: another's has a checksum that this has not. */
    if (remade_crc == m->have.data_crc) {
        locate(m, block, spare, header);
        m->expected_known = true;
    } else if (checksum_of(io)->crc.width == 0) {
        int64_t bit = find_flipped_bit((uint32_t)(m->have_crc ^ m->have.data_crc),
                                       io->interval_bytes - header);
        if (bit >= 0) {
            memcpy(spare, block, io->interval_bytes);
            spare[header + bit / 8] ^= (uint8_t)(1U << bit % 8);
            locate(m, block, spare, header);
            m->expected_known = true;
        }
    }
    if (m->located && one_bit(m, block, spare)) {
        m->kind = BENCH_WRONG_BIT;
    }
}

/* How many of the fields that are known are as they should be. */
static unsigned matching_fields(const struct bench_miscompare *m)
{
    const struct bench_verify_header *want = &m->want;
    const struct bench_verify_header *have = &m->have;
    unsigned n = (want->magic == have->magic) + (want->kind == have->kind) +
                 (want->len == have->len) + (want->offset == have->offset);
    n += m->exact && want->seed == have->seed;
    return n + (m->have.data_crc == m->have_crc);
}

/* The header itself is damaged: what should stand there is known but for what only it knew. */
static void diagnose_header(const struct bench_verify_io *io, const uint8_t *block,
                            uint8_t *spare, struct bench_miscompare *m)
{
    struct bench_verify_header fixed = m->want;
    int64_t bit = find_flipped_bit(m->have.header_crc ^ raw_crc(block, CRC_OVER_HEADER),
                                   CRC_OVER_HEADER);
    m->kind = BENCH_WRONG_HEADER;
    memcpy(spare, block, m->bytes);
    if (bit >= 0) {
        spare[bit / 8] ^= (uint8_t)(1U << bit % 8);
    } else {
        fixed.time_s = m->have.time_s;
        fixed.time_ns = m->have.time_ns;
        fixed.data_crc = m->have.data_crc;
        if (!m->exact) {
            fixed.seed = m->have.seed;
            fixed.job = m->have.job;
            fixed.number = m->have.number;
        }
        store_header(io, spare, &fixed);
        store_le32(spare + AT_HEADER_CRC, raw_crc(spare, CRC_OVER_HEADER));
    }
    locate(m, block, spare, 0);
    m->expected_known = true;
}

/* All of the block that is known when nothing of what is there can be used. */
static void expect_all(const struct bench_verify_io *io, const uint8_t *block, uint32_t at,
                       uint8_t *spare, struct bench_miscompare *m)
{
    struct bench_verify_header h = m->want;
    bool whole = io->exact || io->verify == BENCH_VERIFY_PATTERN;
    h.time_s = m->have.time_s; /* when it was written is the one thing not known */
    h.time_ns = m->have.time_ns;
    if (whole) {
        remake(io, io->seed, at, spare);
    } else {
        memcpy(spare, block, m->bytes);
    }
    if (io->verify != BENCH_VERIFY_PATTERN) {
        if (whole) {
            h.data_crc = data_crc(io, spare);
        }
        store_header(io, spare, &h);
        store_le32(spare + AT_HEADER_CRC, raw_crc(spare, CRC_OVER_HEADER));
    }
    locate(m, block, spare, 0);
    m->expected_known = true;
}

/* A good block, but not the one that belongs here: its header tells which it is. */
static void diagnose_other(const struct bench_verify_io *io, const uint8_t *block, uint32_t at,
                           uint8_t *spare, struct bench_miscompare *m)
{
    struct bench_verify_header fixed = m->have;
    if (io->exact) {
        expect_all(io, block, at, spare, m);
        return;
    }
    fixed.magic = m->want.magic;
    fixed.kind = m->want.kind;
    fixed.len = m->want.len;
    fixed.offset = m->want.offset;
    memcpy(spare, block, m->bytes);
    store_header(io, spare, &fixed);
    store_le32(spare + AT_HEADER_CRC, m->have.header_crc);
    locate(m, block, spare, 0);
    m->expected_known = true;
}

static void diagnose_pattern(const struct bench_verify_io *io, const uint8_t *block, uint32_t at,
                             uint8_t *spare, struct bench_miscompare *m)
{
    expect_all(io, block, at, spare, m);
    m->kind = mem_is_zero(block, m->bytes) ? BENCH_WRONG_ZEROES
              : one_bit(m, block, spare)   ? BENCH_WRONG_BIT
                                           : BENCH_WRONG_DATA;
}

static void diagnose_block(const struct bench_verify_io *io, const uint8_t *block, uint32_t at,
                            uint8_t *spare, struct bench_miscompare *m)
{
    load_header(io, block, &m->have);
    wanted_header(io, at, &m->want);
    m->have_crc = data_crc(io, block);
    if (mem_is_zero(block, m->bytes)) {
        m->kind = BENCH_WRONG_ZEROES;
        expect_all(io, block, at, spare, m);
    } else if (m->have.header_crc != raw_crc(block, CRC_OVER_HEADER)) {
        if (matching_fields(m) >= 2) {
            diagnose_header(io, block, spare, m);
        } else {
            m->kind = BENCH_WRONG_STRANGER;
            expect_all(io, block, at, spare, m);
        }
    } else if (m->have.magic != MAGIC || m->have.kind != m->want.kind ||
               m->have.len != m->want.len) {
        m->kind = m->have.magic != MAGIC ? BENCH_WRONG_STRANGER : BENCH_WRONG_FORM;
        diagnose_other(io, block, at, spare, m);
    } else if (m->have.offset != m->want.offset) {
        m->kind = BENCH_WRONG_PLACE;
        diagnose_other(io, block, at, spare, m);
    } else if (io->exact && (m->have.seed != io->seed || m->have.number != io->number ||
                             m->have.job != io->job)) {
        m->kind = BENCH_WRONG_VERSION;
        diagnose_other(io, block, at, spare, m);
    } else {
        diagnose_data(io, block, at, spare, m);
    }
}

/* What is shown: the bytes around the first wrong one. */
static void show(struct bench_miscompare *m, const uint8_t *block, const uint8_t *expected)
{
    uint32_t shown = MIN((uint32_t)BENCH_VERIFY_SHOWN_BYTES, m->bytes);
    uint32_t from = m->located ? m->first_wrong & ~(uint32_t)(DUMP_LINE - 1) : 0;
    m->shown_at = MIN(from, m->bytes - shown);
    m->shown_bytes = (uint8_t)shown;
    memcpy(m->received, block + m->shown_at, shown);
    memcpy(m->expected, expected + m->shown_at, shown);
}

void bench_verify_diagnose(const struct bench_verify_io *io, const uint8_t *buf, uint32_t at,
                           uint8_t *spare, struct bench_miscompare *out)
{
    const uint8_t *block = buf + at;
    *out = (struct bench_miscompare){
        .offset = io->offset + at, .bytes = io->interval_bytes, .exact = io->exact,
        .checksum = has_headers(io) ? checksum_of(io)->name : NULL};
    if (io->verify == BENCH_VERIFY_PATTERN) {
        diagnose_pattern(io, block, at, spare, out);
    } else {
        diagnose_block(io, block, at, spare, out);
    }
    show(out, block, spare);
}

void bench_verify_diagnose_trimmed(const struct bench_verify_io *io, const uint8_t *buf,
                                   uint32_t at, uint8_t *spare, struct bench_miscompare *out)
{
    const uint8_t *block = buf + at;
    *out = (struct bench_miscompare){.kind = BENCH_WRONG_TRIM, .offset = io->offset + at,
                                     .bytes = io->interval_bytes, .expected_known = true};
    memset(spare, 0, io->interval_bytes);
    locate(out, block, spare, 0);
    show(out, block, spare);
}
