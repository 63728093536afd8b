/*
 * apps/bench/options.c - the table of options, and the parser that it drives.
 */
#include "apps/bench/options.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/histogram.h"
#include "lib/parse.h"
#include "lib/string.h"

#define WORD_BYTES 32      /* the longest option name, with its end */
#define MAX_SUGGEST 4      /* a name further away than this is no suggestion */

enum option_type {
    OPTION_TEXT,        /* char[], max is its size in bytes */
    OPTION_NUMBER,      /* uint64_t in min..max */
    OPTION_SIZE,        /* uint64_t of bytes in min..max */
    OPTION_EXTENT,      /* struct bench_extent; percents allowed */
    OPTION_TIME,        /* uint64_t of nanoseconds; unit counts for a bare number */
    OPTION_FLAG,        /* bool; no value means yes */
    OPTION_CHOICE,      /* unsigned, one of words */
    OPTION_PERCENTILES, /* struct bench_percentiles */
    OPTION_IGNORED,     /* accepted, because pasted jobs have it, with a note why */
};

struct option {
    const char *name, *alias;
    enum option_type type;
    uint16_t offset;        /* in struct bench_options */
    uint16_t given_offset;  /* of a bool that notes that it was set; 0: none */
    const char *text;       /* default, in the words a person would use; NULL: zero */
    const char *const *words; /* OPTION_CHOICE: NULL-terminated, in the order of the values */
    uint64_t min, max;
    uint64_t unit_ns;
    const char *help;       /* meaning; for OPTION_IGNORED, why it is of no use */
};

#define FIELD(f) .offset = (uint16_t)offsetof(struct bench_options, f)
#define GIVEN(f) .given_offset = (uint16_t)offsetof(struct bench_options, f)
#define IGNORED(n, why) { .name = n, .type = OPTION_IGNORED, .help = why }

#define DEFAULT_PERCENTILES "1:5:10:20:30:40:50:60:70:80:90:95:99:99.50:99.90:99.95:99.99"

static const char *const rw_words[] = {"read", "write", "randread", "randwrite", "rw", "randrw",
                                       NULL};
static const char *const wait_words[] = {"poll", "irq", NULL};
static const char *const eta_words[] = {"auto", "always", "never", NULL};

static const char why_engine[] = "this is always direct NVMe, without an operating system";
static const char why_process[] = "there are no processes, users or files here";

static const struct option table[] = {
    {"name", NULL, OPTION_TEXT, FIELD(name), .text = "bench", .max = BENCH_NAME_BYTES,
     .help = "what the job is called in the report; a second name begins a second job"},
    {"filename", NULL, OPTION_TEXT, FIELD(filename), .text = "", .max = BENCH_FILENAME_BYTES,
     .help = "disk or partition, nvme0n1 or /dev/nvme0n1p1; may be left out if there is one disk"},
    {"rw", "readwrite", OPTION_CHOICE, FIELD(rw), .text = "read", .words = rw_words,
     .help = "direction and order; rw and randrw mix both directions"},
    {"bs", "blocksize", OPTION_SIZE, FIELD(bs_bytes), .text = "4k", .min = 512, .max = 64 * MIB,
     .help = "bytes of one I/O, a multiple of the disk's block size"},
    {"iodepth", NULL, OPTION_NUMBER, FIELD(iodepth), .text = "1", .min = 1, .max = 65535,
     .help = "I/Os each job keeps in flight"},
    {"numjobs", NULL, OPTION_NUMBER, FIELD(numjobs), .text = "1", .min = 1, .max = 256,
     .help = "clones of the job, each on a CPU of its own while there are enough"},
    {"size", NULL, OPTION_EXTENT, FIELD(size), .min = 512, .max = UINT64_MAX,
     .help = "the region of each job, and how much it does; the whole device if left out"},
    {"offset", NULL, OPTION_EXTENT, FIELD(offset), .min = 0, .max = UINT64_MAX,
     .help = "where the region begins"},
    {"io_size", "io_limit", OPTION_EXTENT, FIELD(io_size), .min = 512, .max = UINT64_MAX,
     .help = "how much I/O to do if not as much as the region is large; it wraps around"},
    {"number_ios", NULL, OPTION_NUMBER, FIELD(number_ios), .min = 0, .max = UINT64_MAX,
     .help = "end after this many I/Os, if nothing else ended the job; 0 is no limit"},
    {"runtime", "timeout", OPTION_TIME, FIELD(runtime_ns), .max = 366 * 86400 * NS_PER_S,
     .unit_ns = NS_PER_S, .help = "end after this time, in seconds or with a unit; 0 is no limit"},
    {"time_based", NULL, OPTION_FLAG, FIELD(time_based),
     .help = "begin the region again until runtime is over"},
    {"ramp_time", NULL, OPTION_TIME, FIELD(ramp_time_ns), .max = 366 * 86400 * NS_PER_S,
     .unit_ns = NS_PER_S, .help = "run this long, in addition, before anything is measured"},
    {"rwmixread", NULL, OPTION_NUMBER, FIELD(rwmixread), .text = "50", .max = 100,
     .help = "percent of reads in a mixed job"},
    {"rwmixwrite", NULL, OPTION_NUMBER, FIELD(rwmixread), .max = 100,
     .help = "percent of writes in a mixed job; the later of the two options wins"},
    {"randseed", NULL, OPTION_NUMBER, FIELD(randseed), GIVEN(randseed_given), .max = UINT64_MAX,
     .help = "seed of the random offsets and of the mix"},
    {"randrepeat", NULL, OPTION_FLAG, FIELD(randrepeat), .text = "1",
     .help = "the same offsets in each run; 0 seeds from the clock"},
    {"norandommap", NULL, OPTION_FLAG, FIELD(norandommap),
     .help = "random offsets may repeat; without it each block comes exactly once in a pass"},
    {"group_reporting", NULL, OPTION_FLAG, FIELD(group_reporting),
     .help = "one result for all jobs together"},
    {"percentile_list", NULL, OPTION_PERCENTILES, FIELD(percentiles), .text = DEFAULT_PERCENTILES,
     .help = "up to 20 percentiles, above 0 and at most 100, separated by colons"},
    {"scramble_buffers", NULL, OPTION_FLAG, FIELD(scramble_buffers), .text = "1",
     .help = "change a few bytes of each 4 KiB that are written, against deduplication"},
    {"zero_buffers", NULL, OPTION_FLAG, FIELD(zero_buffers),
     .help = "write zeroes instead of random data"},
    {"wait", NULL, OPTION_CHOICE, FIELD(wait), .text = "poll", .words = wait_words,
     .help = "spin on the completion queue, or sleep until the interrupt"},
    {"lat_accounting", NULL, OPTION_FLAG, FIELD(lat_accounting), .text = "1",
     .help = "0 measures no latencies, to show what measuring them costs"},
    {"settle_ns", NULL, OPTION_TIME, FIELD(settle_ns), GIVEN(settle_given), .max = NS_PER_US,
     .unit_ns = 1,
     .help = "pause between a completion and the next doorbell at depth 1; for emulated disks"},
    {"eta", NULL, OPTION_CHOICE, FIELD(eta), .text = "auto", .words = eta_words,
     .help = "the live line each second: redrawn for a person, whole lines in scripts; or never"},
    {"eta-newline", "eta_newline", OPTION_TIME, FIELD(eta_newline_ns),
     .max = 86400 * NS_PER_S, .unit_ns = NS_PER_S,
     .help = "end the live line, once in this time, so that a log keeps it"},
    IGNORED("ioengine", why_engine),        IGNORED("direct", why_engine),
    IGNORED("buffered", why_engine),        IGNORED("sync", why_engine),
    IGNORED("invalidate", "there is no page cache"),
    IGNORED("iomem", "buffers are always device memory"),
    IGNORED("iomem_align", "buffers are aligned to pages"),
    IGNORED("mem", "buffers are always device memory"),
    IGNORED("mem_align", "buffers are aligned to pages"),
    IGNORED("hugepage-size", "memory is mapped one to one"),
    IGNORED("ioscheduler", why_engine),     IGNORED("hipri", "see wait=poll"),
    IGNORED("fixedbufs", why_engine),       IGNORED("registerfiles", why_engine),
    IGNORED("sqthread_poll", why_engine),   IGNORED("nonvectored", why_engine),
    IGNORED("thread", why_process),         IGNORED("nice", why_process),
    IGNORED("prio", why_process),           IGNORED("cgroup", why_process),
    IGNORED("cgroup_weight", why_process),  IGNORED("uid", why_process),
    IGNORED("gid", why_process),            IGNORED("exec_prerun", why_process),
    IGNORED("exec_postrun", why_process),   IGNORED("lockmem", "nothing is ever paged out"),
    IGNORED("fallocate", why_process),      IGNORED("fadvise_hint", why_process),
    IGNORED("create_on_open", why_process), IGNORED("create_serialize", why_process),
    IGNORED("create_fsync", why_process),   IGNORED("unlink", why_process),
    IGNORED("nrfiles", why_process),        IGNORED("openfiles", why_process),
    IGNORED("filesize", why_process),       IGNORED("directory", why_process),
    IGNORED("file_service_type", why_process), IGNORED("allow_file_create", why_process),
    IGNORED("allow_mounted_write", "use arm"), IGNORED("pre_read", "there is no page cache"),
    IGNORED("numa_cpu_nodes", "memory is not bound to nodes"),
    IGNORED("numa_mem_policy", "memory is not bound to nodes"),
    IGNORED("gtod_reduce", "see lat_accounting"), IGNORED("gtod_cpu", "the clock is the TSC"),
    IGNORED("clocksource", "the clock is the TSC"),
    IGNORED("disk_util", "the driver's own counters are shown"),
};

/* --- values ----------------------------------------------------------------------------------- */

/* "name" of option, for messages in which a person finds the word typed. */
struct setting {
    const struct option *option;
    const char *value;
    void *field;
    struct out *err;
};

static int refuse(const struct setting *s, const char *allowed)
{
    out_printf(s->err, "%s=%s: %s\n", s->option->name, s->value, allowed);
    return -EINVAL;
}

static int refuse_range(const struct setting *s)
{
    out_printf(s->err, "%s=%s: allowed is %llu to %llu\n", s->option->name, s->value,
               (unsigned long long)s->option->min, (unsigned long long)s->option->max);
    return -EINVAL;
}

static bool in_range(const struct option *o, uint64_t value)
{
    return value >= o->min && value <= o->max;
}

static int set_number(const struct setting *s)
{
    uint64_t value;
    int rc = s->option->type == OPTION_SIZE ? parse_size(s->value, &value)
                                            : parse_u64(s->value, &value);
    if (rc == -EINVAL) {
        return refuse(s, s->option->type == OPTION_SIZE
                             ? "not a size; a number with k, m, g or t (powers of 1024)"
                             : "not a number");
    }
    if (rc != 0 || !in_range(s->option, value)) {
        return refuse_range(s);
    }
    *(uint64_t *)s->field = value;
    return 0;
}

static int set_extent(const struct setting *s)
{
    struct bench_extent extent = {.given = true};
    char digits[WORD_BYTES];
    size_t len = strlen(s->value);
    if (len > 1 && len < sizeof(digits) && s->value[len - 1] == '%') {
        memcpy(digits, s->value, len - 1);
        digits[len - 1] = '\0';
        extent.percent = true;
        if (parse_u64(digits, &extent.value) != 0 || extent.value > 100 ||
            (extent.value == 0 && s->option->min > 0)) {
            return refuse(s, "a part of the device is 1% to 100%");
        }
    } else {
        int rc = parse_size(s->value, &extent.value);
        if (rc == -EINVAL) {
            return refuse(s, "not a size; a number with k, m, g or t, or 1% to 100% of the device");
        }
        if (rc != 0 || !in_range(s->option, extent.value)) {
            return refuse_range(s);
        }
    }
    *(struct bench_extent *)s->field = extent;
    return 0;
}

static int set_time(const struct setting *s)
{
    uint64_t value;
    int rc = parse_time_ns(s->value, s->option->unit_ns, &value);
    if (rc == -EINVAL) {
        return refuse(s, "not a time; a number with ns, us, ms, s, m, h or d");
    }
    if (rc != 0 || value > s->option->max) {
        out_printf(s->err, "%s=%s: at most %llu %s is allowed\n", s->option->name, s->value,
                   (unsigned long long)(s->option->max / s->option->unit_ns),
                   s->option->unit_ns == NS_PER_S ? "s" : "ns");
        return -EINVAL;
    }
    *(uint64_t *)s->field = value;
    return 0;
}

static int set_choice(const struct setting *s)
{
    /* fio knows the mixed sequential mode by two names. */
    const char *value = strcmp(s->value, "readwrite") == 0 ? "rw" : s->value;
    for (unsigned i = 0; s->option->words[i] != NULL; i++) {
        if (strcmp(s->option->words[i], value) == 0) {
            *(unsigned *)s->field = i;
            return 0;
        }
    }
    out_printf(s->err, "%s=%s: allowed is", s->option->name, s->value);
    for (unsigned i = 0; s->option->words[i] != NULL; i++) {
        out_printf(s->err, "%s %s", i > 0 ? "," : "", s->option->words[i]);
    }
    out_puts(s->err, "\n");
    return -EINVAL;
}

/* One percentile such as 99.95 at *at, in millionths of a percent; *at is moved past it. */
static bool take_percentile(const char **at, unsigned *decimals, uint64_t *out)
{
    uint64_t value = 0;
    unsigned whole = 0;
    unsigned fraction = 0;
    const char *p = *at;
    for (; *p >= '0' && *p <= '9' && whole < 3; p++, whole++) {
        value = value * 10 + (uint64_t)(*p - '0');
    }
    uint64_t unit = HISTOGRAM_PERCENT;
    value *= unit;
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9' && unit > 1; p++, fraction++) {
            unit /= 10;
            value += (uint64_t)(*p - '0') * unit;
        }
    }
    if (whole == 0 || value == 0 || value > 100 * HISTOGRAM_PERCENT) {
        return false;
    }
    *decimals = MAX(*decimals, fraction);
    *out = value;
    *at = p;
    return true;
}

static void insert_sorted(struct bench_percentiles *list, uint64_t value)
{
    unsigned i = list->count++;
    for (; i > 0 && list->value[i - 1] > value; i--) {
        list->value[i] = list->value[i - 1];
    }
    list->value[i] = value;
}

static int set_percentiles(const struct setting *s)
{
    struct bench_percentiles list = {0};
    const char *at = s->value;
    for (;;) {
        uint64_t value;
        if (list.count == BENCH_MAX_PERCENTILES) {
            return refuse(s, "at most 20 percentiles");
        }
        if (!take_percentile(&at, &list.decimals, &value)) {
            break;
        }
        insert_sorted(&list, value);
        if (*at == '\0') {
            *(struct bench_percentiles *)s->field = list;
            return 0;
        }
        if (*at++ != ':') {
            break;
        }
    }
    return refuse(s, "numbers above 0 and at most 100 with up to 6 decimals, as in 50:99:99.9");
}

static int set_text(const struct setting *s)
{
    if (strlen(s->value) >= s->option->max) {
        out_printf(s->err, "%s: at most %llu bytes are allowed\n", s->option->name,
                   (unsigned long long)s->option->max - 1);
        return -EINVAL;
    }
    str_copy(s->field, s->option->max, s->value);
    return 0;
}

static int set_flag(const struct setting *s)
{
    if (parse_bool(s->value, s->field) != 0) {
        return refuse(s, "allowed is 0 or 1, no or yes");
    }
    return 0;
}

static int set_value(const struct setting *s)
{
    switch (s->option->type) {
    case OPTION_TEXT:
        return set_text(s);
    case OPTION_NUMBER:
    case OPTION_SIZE:
        return set_number(s);
    case OPTION_EXTENT:
        return set_extent(s);
    case OPTION_TIME:
        return set_time(s);
    case OPTION_FLAG:
        return set_flag(s);
    case OPTION_CHOICE:
        return set_choice(s);
    case OPTION_PERCENTILES:
        return set_percentiles(s);
    case OPTION_IGNORED:
        break;
    }
    return 0;
}

/* --- words ------------------------------------------------------------------------------------ */

static const struct option *find_option(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        if (strcmp(table[i].name, name) == 0 ||
            (table[i].alias != NULL && strcmp(table[i].alias, name) == 0)) {
            return &table[i];
        }
    }
    return NULL;
}

static int unknown_option(const char *name, struct out *err)
{
    const struct option *best = NULL;
    unsigned best_distance = MAX_SUGGEST;
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        unsigned distance = str_distance(name, table[i].name, MAX_SUGGEST);
        if (distance < best_distance) {
            best = &table[i];
            best_distance = distance;
        }
    }
    out_printf(err, "there is no option \"%s\"", name);
    if (best != NULL) {
        out_printf(err, "; did you mean %s?\n", best->name);
    } else {
        out_puts(err, "; \"bench --help\" lists them\n");
    }
    return -EINVAL;
}

/* Splits "--name=value" into name (of WORD_BYTES) and the value, NULL when there is no "=". */
static const char *split_word(const char *word, char *name)
{
    if (word[0] == '-' && word[1] == '-') {
        word += 2;
    }
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    len = MIN(len, (size_t)WORD_BYTES - 1);
    memcpy(name, word, len);
    name[len] = '\0';
    return equals != NULL ? equals + 1 : NULL;
}

static void set_default(struct bench_options *opt, const struct option *o)
{
    if (o->text != NULL) {
        struct setting s = {.option = o, .value = o->text, .field = (char *)opt + o->offset};
        int rc = set_value(&s);
        assert(rc == 0);
    }
}

void bench_options_init(struct bench_options *opt)
{
    memset(opt, 0, sizeof(*opt));
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        set_default(opt, &table[i]);
    }
}

int bench_options_set(struct bench_options *opt, const char *word, struct out *note,
                      struct out *err)
{
    char name[WORD_BYTES];
    const char *value = split_word(word, name);
    const struct option *o = find_option(name);
    if (o == NULL) {
        return unknown_option(name, err);
    }
    if (o->type == OPTION_IGNORED) {
        out_printf(note, "note: %s%s%s ignored (%s)\n", name, value != NULL ? "=" : "",
                   value != NULL ? value : "", o->help);
        return 0;
    }
    if (value == NULL || value[0] == '\0') {
        if (o->type != OPTION_FLAG || value != NULL) {
            out_printf(err, "%s needs a value, as in %s=...\n", name, name);
            return -EINVAL;
        }
        value = "1";
    }
    struct setting s = {.option = o, .value = value, .field = (char *)opt + o->offset, .err = err};
    int rc = set_value(&s);
    if (rc != 0) {
        return rc;
    }
    if (strcmp(o->name, "rwmixwrite") == 0) {
        opt->rwmixread = 100 - opt->rwmixread;
    }
    if (o->given_offset != 0) {
        *(bool *)((char *)opt + o->given_offset) = true;
    }
    return 0;
}

int bench_options_parse(struct bench_options *jobs, int count, char *const *words,
                        struct out *note, struct out *err)
{
    struct bench_options globals;
    int used = 0;
    bench_options_init(&globals);
    struct bench_options *now = &globals;
    for (int i = 0; i < count; i++) {
        char name[WORD_BYTES];
        const char *value = split_word(words[i], name);
        if (strcmp(name, "name") == 0 && value != NULL) {
            if (strcmp(value, "global") == 0) {
                now = &globals;
                continue;
            }
            if (used == BENCH_MAX_JOBS) {
                out_printf(err, "at most %d jobs are allowed\n", BENCH_MAX_JOBS);
                return -EINVAL;
            }
            now = &jobs[used++];
            *now = globals;
        }
        int rc = bench_options_set(now, words[i], note, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (used == 0) {
        jobs[used++] = globals;
    }
    return used;
}

/* --- help ------------------------------------------------------------------------------------- */

static const char *type_name(const struct option *o)
{
    static const char *const names[] = {
        [OPTION_TEXT] = "text",           [OPTION_NUMBER] = "number",
        [OPTION_SIZE] = "size",           [OPTION_EXTENT] = "size or N%",
        [OPTION_TIME] = "time",           [OPTION_FLAG] = "0 or 1",
        [OPTION_CHOICE] = "word",         [OPTION_PERCENTILES] = "list of percents",
        [OPTION_IGNORED] = "not used here",
    };
    return names[o->type];
}

static void help_one(const struct option *o, struct out *out)
{
    out_printf(out, "%s: %s\n", o->name, o->help);
    if (o->alias != NULL) {
        out_printf(out, "  also called  %s\n", o->alias);
    }
    out_printf(out, "  type         %s\n", type_name(o));
    if (o->type == OPTION_CHOICE) {
        out_puts(out, "  allowed     ");
        for (unsigned i = 0; o->words[i] != NULL; i++) {
            out_printf(out, " %s", o->words[i]);
        }
        out_puts(out, "\n");
    }
    if (o->type == OPTION_NUMBER || o->type == OPTION_SIZE) {
        out_printf(out, "  range        %llu to %llu\n", (unsigned long long)o->min,
                   (unsigned long long)o->max);
    }
    if (o->text != NULL && o->text[0] != '\0') {
        out_printf(out, "  default      %s\n", o->text);
    }
}

int bench_options_help(const char *name, struct out *out)
{
    if (name != NULL) {
        const struct option *o = find_option(name);
        if (o == NULL) {
            return unknown_option(name, out);
        }
        help_one(o, out);
        return 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(table) && table[i].type != OPTION_IGNORED; i++) {
        out_printf(out, "  %-17s%s\n", table[i].name, table[i].help);
    }
    out_puts(out, "Options of fio that mean nothing without an operating system (ioengine, direct, "
                  "...)\nare accepted with a note.\n");
    return 0;
}

const char *bench_rw_name(unsigned rw)
{
    assert(rw < ARRAY_SIZE(rw_words) - 1);
    return rw_words[rw];
}

bool bench_rw_reads(unsigned rw)
{
    return rw != BENCH_WRITE && rw != BENCH_RANDWRITE;
}

bool bench_rw_writes(unsigned rw)
{
    return rw != BENCH_READ && rw != BENCH_RANDREAD;
}

bool bench_rw_is_random(unsigned rw)
{
    return rw == BENCH_RANDREAD || rw == BENCH_RANDWRITE || rw == BENCH_RANDRW;
}
