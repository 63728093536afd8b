/*
 * apps/bench/source.c - where jobs come from.
 */
#include "apps/bench/source.h"

#include "apps/bench/job.h"
#include "apps/bench/jobfile.h"
#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"

#define PATH_SHOWN_BYTES 256

/* Where the words of one command lead. */
struct reader {
    struct shell *sh;
    const struct bench_words *words;
    struct bench_options *jobs;
    unsigned used;
    struct out *note, *err;
};

/* --- job files -------------------------------------------------------------------------------- */

static const struct appliance_module *find_module(const struct appliance *app, const char *name)
{
    for (unsigned i = 0; i < app->module_count; i++) {
        if (strcmp(app->modules[i].name, name) == 0) {
            return &app->modules[i];
        }
    }
    return NULL;
}

bool bench_is_jobfile(const struct appliance *app, const char *word)
{
    if (word[0] == '-' || strchr(word, '=') != NULL) {
        return false;
    }
    return strchr(word, '.') != NULL || strchr(word, '/') != NULL || strchr(word, ':') != NULL ||
           find_module(app, word) != NULL;
}

static int parse_text(struct reader *r, const char *name, const char *text, size_t len)
{
    const struct bench_jobfile file = {
        .name = name, .text = text, .len = len,
        .sections = r->words->sections, .section_count = r->words->section_count,
    };
    int n = bench_jobfile_parse(&file, r->jobs + r->used, BENCH_MAX_JOBS - r->used, r->note,
                                r->err);
    if (n > 0) {
        r->used += (unsigned)n;
    }
    return n < 0 ? n : 0;
}

static int refuse_file(struct reader *r, const char *word, int rc)
{
    out_printf(r->err, "%s: %s", word, errno_text(rc));
    const struct appliance *app = r->sh->app;
    for (unsigned i = 0; i < app->module_count; i++) {
        out_printf(r->err, "%s%s", i == 0 ? "; the boot loader brought " : ", ",
                   app->modules[i].name);
    }
    out_puts(r->err, "\n");
    return rc;
}

static int read_whole(struct fs_file *file, char *buf, size_t len)
{
    size_t got;
    int rc = fs_read(file, 0, buf, len, &got);
    return rc == 0 && got != len ? -EIO : rc;
}

static int read_file(struct reader *r, const char *word)
{
    char *path = heap_alloc(1, FS_PATH_BYTES);
    char *text = heap_alloc(1, BENCH_JOBFILE_BYTES);
    struct fs_file *file = NULL;
    int rc = path != NULL && text != NULL ? 0 : -ENOMEM;
    if (rc == 0) {
        rc = fs_resolve(r->sh->cwd, word, path, FS_PATH_BYTES);
    }
    if (rc == 0) {
        rc = fs_open(r->sh->app->fs, path, &file);
    }
    if (rc != 0) {
        refuse_file(r, word, rc);
    } else if (fs_size(file) > BENCH_JOBFILE_BYTES) {
        out_printf(r->err, "%s: a job file has at most %u KiB\n", word,
                   (unsigned)(BENCH_JOBFILE_BYTES / KIB));
        rc = -EINVAL;
    } else {
        rc = read_whole(file, text, (size_t)fs_size(file));
        rc = rc != 0 ? refuse_file(r, word, rc)
                     : parse_text(r, word, text, (size_t)fs_size(file));
    }
    if (file != NULL) {
        fs_close(file);
    }
    heap_free(text);
    heap_free(path);
    return rc;
}

static int read_jobfile(struct reader *r, const char *word)
{
    const struct appliance_module *module = find_module(r->sh->app, word);
    return module != NULL ? parse_text(r, word, module->data, module->len) : read_file(r, word);
}

/* Options typed beside files count for all their jobs. */
static int override(struct reader *r, char *word)
{
    if (str_starts_with(word, "name=") || str_starts_with(word, "--name=")) {
        out_printf(r->err, "%s: beside a job file no job can be typed; put it in the file\n", word);
        return -EINVAL;
    }
    for (unsigned i = 0; i < r->used; i++) {
        int rc = bench_options_set(&r->jobs[i], word, r->note, r->err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int read_jobfiles(struct reader *r)
{
    const struct bench_words *words = r->words;
    int rc = 0;
    for (int i = 0; i < words->count && rc == 0; i++) {
        if (bench_is_jobfile(r->sh->app, words->word[i])) {
            rc = read_jobfile(r, words->word[i]);
        }
    }
    for (int i = 0; i < words->count && rc == 0; i++) {
        if (!bench_is_jobfile(r->sh->app, words->word[i])) {
            rc = override(r, words->word[i]);
        }
    }
    return rc;
}

/* --- typed jobs ------------------------------------------------------------------------------- */

static bool section_wanted(const struct bench_words *words, const char *name)
{
    for (unsigned i = 0; i < words->section_count; i++) {
        if (strcmp(words->sections[i], name) == 0) {
            return true;
        }
    }
    return words->section_count == 0;
}

static int read_typed(struct reader *r)
{
    int n = bench_options_parse(r->jobs, r->words->count, r->words->word, r->note, r->err);
    for (int i = 0; i < n; i++) {
        if (section_wanted(r->words, r->jobs[i].name)) {
            r->jobs[r->used++] = r->jobs[i];
        }
    }
    if (n > 0 && r->used == 0) {
        out_printf(r->err, "section=%s: there is no job of that name\n", r->words->sections[0]);
        return -EINVAL;
    }
    return n < 0 ? n : 0;
}

/* --- several disks ---------------------------------------------------------------------------- */

/* Makes room for one more job behind place i and copies that job into it. */
static int duplicate(struct reader *r, unsigned i)
{
    if (r->used == BENCH_MAX_JOBS) {
        out_printf(r->err, "filename: with a job for each disk there are more than %d\n",
                   BENCH_MAX_JOBS);
        return -EINVAL;
    }
    memmove(&r->jobs[i + 1], &r->jobs[i], (r->used - i) * sizeof(r->jobs[0]));
    r->used++;
    return 0;
}

/* filename=nvme0n1:nvme1n1 becomes a job for each; those after the first run beside it. */
static int spread_disks(struct reader *r)
{
    for (unsigned i = 0; i < r->used; i++) {
        char *colon = strchr(r->jobs[i].filename, ':');
        if (colon == NULL || bench_names_disk(r->sh->app, r->jobs[i].filename)) {
            continue;
        }
        int rc = duplicate(r, i);
        if (rc != 0) {
            return rc;
        }
        struct bench_options *rest = &r->jobs[i + 1];
        size_t first_len = (size_t)(colon - r->jobs[i].filename);
        r->jobs[i].filename[first_len] = '\0';
        memmove(rest->filename, rest->filename + first_len + 1,
                strlen(rest->filename + first_len + 1) + 1);
        rest->stonewall = false;
        rest->new_group = false;
    }
    return 0;
}

int bench_read_jobs(struct shell *sh, const struct bench_words *words, struct bench_options *jobs,
                    struct out *note, struct out *err)
{
    struct reader r = {.sh = sh, .words = words, .jobs = jobs, .note = note, .err = err};
    bool from_file = false;
    for (int i = 0; i < words->count; i++) {
        from_file |= bench_is_jobfile(sh->app, words->word[i]);
    }
    int rc = from_file ? read_jobfiles(&r) : read_typed(&r);
    if (rc == 0) {
        rc = spread_disks(&r);
    }
    return rc == 0 ? (int)r.used : rc;
}

/* --- ignored options -------------------------------------------------------------------------- */

void bench_say_note(struct out *out, char *note)
{
    const char *separator = "note: ";
    char *line = note;
    while (*line != '\0') {
        char *end = strchr(line, '\n');
        if (end == NULL) {
            break; /* the last one was cut off */
        }
        *end = '\0';
        bool said = false;
        for (char *before = note; before < line; before += strlen(before) + 1) {
            said |= strcmp(before, line) == 0;
        }
        if (!said) {
            out_printf(out, "%s%s", separator, line);
            separator = ", ";
        }
        line = end + 1;
    }
    if (line != note) {
        out_puts(out,
                 " ignored (this is always direct NVMe, without an operating system)\n");
    }
}

/* --- --showcmd -------------------------------------------------------------------------------- */

static void show_word(struct out *out, const char *name, const char *value)
{
    const char *quote = value != NULL && strchr(value, ' ') != NULL ? "'" : "";
    out_printf(out, " %s--%s%s%s%s", quote, name, value != NULL ? "=" : "",
               value != NULL ? value : "", quote);
}

void bench_show_command(struct out *out, const struct bench_options *jobs, unsigned count)
{
    out_puts(out, "bench");
    for (unsigned i = 0; i < count; i++) {
        char name[PATH_SHOWN_BYTES];
        const char *value;
        unsigned at = 0;
        show_word(out, "name", jobs[i].name);
        while ((at = bench_given_next(&jobs[i].given, at, name, sizeof(name), &value)) != 0) {
            if (strcmp(name, "name") != 0 && strcmp(name, "filename") != 0) {
                show_word(out, name, value);
            }
        }
        if (jobs[i].filename[0] != '\0') {
            show_word(out, "filename", jobs[i].filename);
        }
    }
    out_puts(out, "\n");
}
