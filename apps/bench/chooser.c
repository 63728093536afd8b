/*
 * apps/bench/chooser.c - directions, sizes and places of I/Os that are not all alike.
 */
#include "apps/bench/chooser.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define MAP_WORD_BITS 64

static bool used(const struct bench_chooser_config *config, unsigned dir)
{
    switch (dir) {
    case BENCH_DIR_READ:
        return config->reads;
    case BENCH_DIR_WRITE:
        return config->writes || config->trimwrite;
    default:
        return config->trims || config->trimwrite;
    }
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

uint64_t bench_chooser_max_bytes(const struct bench_chooser_config *config)
{
    uint64_t max = 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        if (!used(config, d)) {
            continue;
        }
        max = MAX(max, config->split_count[d] > 0 ? UINT64_C(0) : config->max_bytes[d]);
        for (unsigned i = 0; i < config->split_count[d]; i++) {
            max = MAX(max, config->splits[d][i].bytes);
        }
    }
    return max;
}

/* --- set-up ----------------------------------------------------------------------------------- */

/* What divides all sizes, or the alignment that was asked for. */
static void find_unit(struct bench_chooser *c)
{
    const struct bench_chooser_config *config = &c->config;
    uint64_t unit = 0, align = 0;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        if (!used(config, d)) {
            continue;
        }
        if (config->split_count[d] == 0) {
            unit = common_divisor(unit, config->min_bytes[d]);
        }
        for (unsigned i = 0; i < config->split_count[d]; i++) {
            unit = common_divisor(unit, config->splits[d][i].bytes);
        }
        align = common_divisor(align, config->align_bytes[d]);
    }
    c->unit_bytes = align > 0 ? align : unit;
    assert(c->unit_bytes > 0); /* some direction is used, and sizes are not zero */
    c->units = MAX(config->region_bytes / c->unit_bytes, UINT64_C(1));
    c->one_size = c->unit_bytes == bench_chooser_max_bytes(config);
    c->mapped = config->random && !config->norandommap && align == 0 &&
                config->distribution == BENCH_UNIFORM && config->every <= 1;
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        c->mapped &= !used(config, d) || config->random_percent[d] >= 100;
    }
}

static int init_sizes(struct bench_chooser *c)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        const struct bench_size_split *splits = c->config.splits[d];
        struct choice_range ranges[BENCH_CHOOSER_MAX_SPLITS];
        unsigned n = used(&c->config, d) ? c->config.split_count[d] : 0;
        assert(n <= BENCH_CHOOSER_MAX_SPLITS);
        for (unsigned i = 0; i < n; i++) {
            ranges[i] = (struct choice_range){splits[i].bytes, 1, splits[i].percent};
        }
        int rc = n > 0 ? choice_init(&c->size[d], ranges, n) : 0;
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Zones follow each other from the start of the region; what lies beyond its end is left out. */
static int init_zones(struct bench_chooser *c)
{
    const struct bench_chooser_config *config = &c->config;
    struct choice_range *ranges = heap_alloc(config->zone_count, sizeof(*ranges));
    if (ranges == NULL) {
        return -ENOMEM;
    }
    uint64_t first = 0;
    unsigned n = 0;
    for (unsigned i = 0; i < config->zone_count && first < c->units; i++) {
        uint64_t count = config->distribution == BENCH_ZONED
                             ? c->units / 100 * config->zones[i].size +
                                   c->units % 100 * config->zones[i].size / 100
                             : config->zones[i].size / c->unit_bytes;
        if (config->zones[i].size == 0 || (i + 1 == config->zone_count &&
                                           config->distribution == BENCH_ZONED)) {
            count = c->units - first;
        }
        count = MIN(MAX(count, UINT64_C(1)), c->units - first);
        ranges[n++] = (struct choice_range){first, count, config->zones[i].access_percent};
        first += count;
    }
    int rc = choice_init(&c->place, ranges, n);
    heap_free(ranges);
    return rc;
}

static int init_places(struct bench_chooser *c)
{
    const struct bench_chooser_config *config = &c->config;
    if (!config->random) {
        return 0;
    }
    switch (config->distribution) {
    case BENCH_ZIPF:
        c->scatter = config->center < 0;
        return choice_init_zipf(&c->place, c->units, config->param);
    case BENCH_PARETO:
        c->scatter = config->center < 0;
        return choice_init_pareto(&c->place, c->units, config->param);
    case BENCH_NORMAL:
        return choice_init_normal(&c->place, c->units, config->center < 0 ? 0.5 : config->center,
                                  config->param / 100);
    case BENCH_ZONED:
    case BENCH_ZONED_ABS:
        return init_zones(c);
    default:
        return 0;
    }
}

static int init_map(struct bench_chooser *c)
{
    if (!c->mapped || c->one_size) {
        return 0;
    }
    c->map = heap_alloc((c->units + MAP_WORD_BITS - 1) / MAP_WORD_BITS, sizeof(*c->map));
    return c->map != NULL ? 0 : -ENOMEM;
}

static void clear_map(struct bench_chooser *c)
{
    memset(c->map, 0, (c->units + MAP_WORD_BITS - 1) / MAP_WORD_BITS * sizeof(*c->map));
    c->map_left = c->units;
}

void bench_chooser_restart(struct bench_chooser *c)
{
    const struct bench_chooser_config *config = &c->config;
    bool trims = config->trims;
    bench_pattern_init(&c->order, &(struct bench_pattern_config){
                                      .random = true,
                                      .reads = config->reads,
                                      /* Of a mix with trims, those are the other half. */
                                      .writes = config->writes || trims || config->trimwrite,
                                      .rwmixread = config->rwmixread,
                                      .blocks = c->units,
                                      .seed = config->seed,
                                  });
    rng_seed(&c->rng, rng_mix(config->seed, 6));
    rng_permutation_init(&c->scattered, c->units, rng_mix(config->seed, 7));
    memset(c->next, 0, sizeof(c->next));
    c->in_row = 0;
    if (c->map != NULL) {
        clear_map(c);
    }
}

int bench_chooser_init(struct bench_chooser *c, const struct bench_chooser_config *config)
{
    *c = (struct bench_chooser){.config = *config};
    find_unit(c);
    int rc = init_sizes(c);
    if (rc == 0) {
        rc = init_places(c);
    }
    if (rc == 0) {
        rc = init_map(c);
    }
    if (rc != 0) {
        bench_chooser_fini(c);
        return rc;
    }
    bench_chooser_restart(c);
    return 0;
}

void bench_chooser_fini(struct bench_chooser *c)
{
    for (unsigned d = 0; d < BENCH_DIRS; d++) {
        choice_fini(&c->size[d]);
    }
    choice_fini(&c->place);
    heap_free(c->map);
    c->map = NULL;
}

/* --- choosing --------------------------------------------------------------------------------- */

static enum bench_dir choose_dir(struct bench_chooser *c)
{
    if (c->config.trimwrite) {
        return BENCH_DIR_TRIM;
    }
    enum bench_dir dir = bench_pattern_dir(&c->order);
    if (dir == BENCH_DIR_READ || !c->config.trims) {
        return dir;
    }
    return BENCH_DIR_TRIM;
}

static uint64_t choose_bytes(struct bench_chooser *c, enum bench_dir dir)
{
    const struct bench_chooser_config *config = &c->config;
    if (config->split_count[dir] > 0) {
        return choice_next(&c->size[dir], &c->rng);
    }
    uint64_t min = config->min_bytes[dir];
    if (min == config->max_bytes[dir]) {
        return min;
    }
    return min * (1 + rng_below(&c->rng, config->max_bytes[dir] / min));
}

/* A random unit, by the distribution; last is the last at which the I/O ends in the region. */
static uint64_t choose_unit(struct bench_chooser *c, uint64_t last)
{
    const struct bench_chooser_config *config = &c->config;
    if (config->distribution == BENCH_UNIFORM) {
        return rng_below(&c->rng, last + 1);
    }
    uint64_t unit = choice_next(&c->place, &c->rng);
    if (c->scatter) {
        /* Blocks that are often used lie anywhere, as in fio. */
        return rng_permutation_of(&c->scattered, unit);
    }
    if (config->distribution == BENCH_ZIPF || config->distribution == BENCH_PARETO) {
        unit += (uint64_t)(config->center * (double)c->units);
        unit %= c->units;
    }
    return unit;
}

/* Another place, and another, until one is free; there is one. */
static void choose_free(struct bench_chooser *c, struct bench_chosen *io)
{
    uint64_t unit;
    if (c->map_left == 0) {
        clear_map(c);
        bench_pattern_next_pass(&c->order);
    }
    do {
        unit = bench_pattern_index(&c->order, BENCH_DIR_READ);
    } while (c->map[unit / MAP_WORD_BITS] >> unit % MAP_WORD_BITS & 1);
    uint64_t wanted = io->bytes / c->unit_bytes, n = 0;
    while (n < wanted && unit + n < c->units) {
        uint64_t at = unit + n;
        uint64_t bit = UINT64_C(1) << at % MAP_WORD_BITS;
        if (c->map[at / MAP_WORD_BITS] & bit) {
            break;
        }
        c->map[at / MAP_WORD_BITS] |= bit;
        n++;
    }
    c->map_left -= n;
    io->offset = unit * c->unit_bytes;
    io->bytes = n * c->unit_bytes;
}

static void choose_sequential(struct bench_chooser *c, struct bench_chosen *io)
{
    uint64_t at = c->next[io->dir];
    if (at >= c->config.region_bytes || io->bytes > c->config.region_bytes - at) {
        at = 0;
    }
    io->offset = at;
    c->next[io->dir] = at + io->bytes;
    if (!c->config.random) {
        c->next[io->dir] += c->config.hole_bytes;
    }
}

static void choose_place(struct bench_chooser *c, struct bench_chosen *io)
{
    const struct bench_chooser_config *config = &c->config;
    bool random = config->random;
    if (random && config->every > 1) {
        random = c->in_row == 0;
        c->in_row = random ? config->every - 1 : c->in_row - 1;
    }
    if (random && config->random_percent[io->dir] < 100) {
        random = rng_below(&c->rng, 100) < config->random_percent[io->dir];
    }
    if (!random) {
        choose_sequential(c, io);
    } else if (c->mapped && c->one_size) {
        io->offset = bench_pattern_index(&c->order, io->dir) * c->unit_bytes;
    } else if (c->mapped) {
        choose_free(c, io);
    } else {
        uint64_t last = (config->region_bytes - io->bytes) / c->unit_bytes;
        uint64_t unit = choose_unit(c, last);
        io->offset = MIN(unit, last) * c->unit_bytes;
        c->next[io->dir] = io->offset + io->bytes;
    }
}

void bench_chooser_next(struct bench_chooser *c, struct bench_chosen *out)
{
    bench_chooser_next_of(c, choose_dir(c), out);
}

void bench_chooser_next_of(struct bench_chooser *c, enum bench_dir dir, struct bench_chosen *out)
{
    out->dir = dir;
    out->bytes = choose_bytes(c, out->dir);
    choose_place(c, out);
}
