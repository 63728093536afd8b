/*
 * apps/bench/jobfile.c - reads job files.
 */
#include "apps/bench/jobfile.h"

#include "lib/errno.h"
#include "lib/heap.h"
#include "lib/string.h"
#include "lib/utf8.h"

#define REASON_BYTES 512
#define UTF8_BOM "\xef\xbb\xbf"

struct parser {
    const struct bench_jobfile *file;
    struct bench_options *jobs;
    unsigned room, used;
    struct bench_options *globals;
    struct bench_options *skipped; /* of a section that is not wanted: judged, not kept */
    struct bench_options *now;     /* NULL before the first section */
    bool sections_seen;            /* other than [global] */
    unsigned line;
    struct out *note, *err;
};

static int fail(struct parser *p, const char *what)
{
    out_printf(p->err, "%s:%u: %s\n", p->file->name, p->line, what);
    return -EINVAL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes blanks off both ends. */
static char *trim(char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1])) {
        len--;
    }
    text[len] = '\0';
    return text;
}

static void cut_comment(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == ';' || *text == '#') {
            *text = '\0';
            return;
        }
    }
}

/* --- sections --------------------------------------------------------------------------------- */

static bool section_wanted(const struct bench_jobfile *file, const char *name)
{
    for (unsigned i = 0; i < file->section_count; i++) {
        if (strcmp(file->sections[i], name) == 0) {
            return true;
        }
    }
    return file->section_count == 0;
}

static int begin_job(struct parser *p, const char *name)
{
    p->sections_seen = true;
    p->now = p->skipped;
    if (section_wanted(p->file, name)) {
        if (p->used == p->room) {
            out_printf(p->err, "%s:%u: [%s]: at most %d jobs are allowed\n", p->file->name, p->line,
                       name, BENCH_MAX_JOBS);
            return -EINVAL;
        }
        p->now = &p->jobs[p->used++];
    }
    *p->now = *p->globals;
    p->now->given.global_bytes = p->now->given.bytes;
    str_copy(p->now->name, sizeof(p->now->name), name);
    return 0;
}

/* text begins with "[". */
static int take_section(struct parser *p, char *text)
{
    char *end = strrchr(text, ']');
    if (end == NULL) {
        return fail(p, "a section ends with ], as in [job1]");
    }
    cut_comment(end + 1);
    if (*trim(end + 1) != '\0') {
        return fail(p, "nothing is allowed behind the ] of a section but a comment");
    }
    *end = '\0';
    const char *name = text + 1;
    if (*name == '\0') {
        return fail(p, "a section needs a name, as in [job1]");
    }
    if (strlen(name) >= BENCH_NAME_BYTES) {
        out_printf(p->err, "%s:%u: the name of a section has at most %u bytes\n", p->file->name,
                   p->line, BENCH_NAME_BYTES - 1);
        return -EINVAL;
    }
    if (strcmp(name, "global") == 0) {
        p->now = p->globals;
        return 0;
    }
    return begin_job(p, name);
}

/* --- options ---------------------------------------------------------------------------------- */

/* Puts "name = value" together as "name=value" in word. */
static void join(char *text, char *word, size_t word_bytes)
{
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        str_copy(word, word_bytes, text);
        return;
    }
    *equals = '\0';
    str_copy(word, word_bytes, trim(text));
    str_append(word, word_bytes, "=");
    str_append(word, word_bytes, trim(equals + 1));
}

static int take_option(struct parser *p, char *text)
{
    char word[BENCH_LINE_BYTES + 2];
    char reason[REASON_BYTES];
    struct out_buf why;
    if (str_starts_with(text, "include") && is_blank(text[strlen("include")])) {
        return fail(p, "include: other files are not read; put the options here");
    }
    if (p->now == NULL) {
        return fail(p, "an option stands before the first section; begin with [global] or [job1]");
    }
    if (text[0] == '-') {
        return fail(p, "an option in a file has no dashes, as in bs=4k");
    }
    if (strstr(text, "${") != NULL) {
        return fail(p, "variables such as ${SIZE} are not replaced; write the value");
    }
    join(text, word, sizeof(word));
    out_buf_init(&why, reason, sizeof(reason));
    int rc = bench_options_set(p->now, word, p->note, &why.out);
    if (rc != 0) {
        if (why.len > 0 && reason[why.len - 1] == '\n') {
            reason[why.len - 1] = '\0';
        }
        out_printf(p->err, "%s:%u: %s\n", p->file->name, p->line, reason);
    }
    return rc;
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool is_text(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(line, len);
}

/* line: without its end. */
static int take_line(struct parser *p, const char *line, size_t len)
{
    char buf[BENCH_LINE_BYTES];
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    if (len >= sizeof(buf)) {
        out_printf(p->err, "%s:%u: a line has at most %u bytes\n", p->file->name, p->line,
                   BENCH_LINE_BYTES - 1);
        return -EINVAL;
    }
    if (!is_text(line, len)) {
        return fail(p, "this is not text (UTF-8 without control characters)");
    }
    memcpy(buf, line, len);
    buf[len] = '\0';
    char *text = trim(buf);
    if (text[0] == '[') {
        return take_section(p, text);
    }
    cut_comment(text);
    text = trim(text);
    return text[0] == '\0' ? 0 : take_option(p, text);
}

static int take_lines(struct parser *p)
{
    const char *at = p->file->text;
    const char *end = at + p->file->len;
    if (p->file->len >= strlen(UTF8_BOM) && memcmp(at, UTF8_BOM, strlen(UTF8_BOM)) == 0) {
        at += strlen(UTF8_BOM);
    }
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline != NULL ? newline : end;
        p->line++;
        int rc = take_line(p, at, (size_t)(line_end - at));
        if (rc != 0) {
            return rc;
        }
        at = newline != NULL ? newline + 1 : end;
    }
    return 0;
}

/* Each section asked for is there. */
static int check_sections(struct parser *p)
{
    for (unsigned i = 0; i < p->file->section_count; i++) {
        unsigned k = 0;
        while (k < p->used && strcmp(p->jobs[k].name, p->file->sections[i]) != 0) {
            k++;
        }
        if (k == p->used) {
            out_printf(p->err, "section=%s: %s has no such section\n", p->file->sections[i],
                       p->file->name);
            return -EINVAL;
        }
    }
    if (!p->sections_seen) {
        out_printf(p->err, "%s: there is no job in it; a job begins with its name, as in [job1]\n",
                   p->file->name);
        return -EINVAL;
    }
    return 0;
}

int bench_jobfile_parse(const struct bench_jobfile *file, struct bench_options *jobs,
                        unsigned room, struct out *note, struct out *err)
{
    struct parser p = {.file = file, .jobs = jobs, .room = room, .note = note, .err = err};
    if (file->len > BENCH_JOBFILE_BYTES) {
        out_printf(err, "%s: a job file has at most %u KiB\n", file->name,
                   (unsigned)(BENCH_JOBFILE_BYTES / KIB));
        return -EINVAL;
    }
    p.globals = heap_alloc(2, sizeof(*p.globals));
    if (p.globals == NULL) {
        out_printf(err, "%s: there is no memory for the options\n", file->name);
        return -ENOMEM;
    }
    p.skipped = &p.globals[1];
    bench_options_init(p.globals);
    int rc = take_lines(&p);
    if (rc == 0) {
        rc = check_sections(&p);
    }
    heap_free(p.globals);
    return rc == 0 ? (int)p.used : rc;
}
