/*
 * apps/shell/line.c - a line editor over bytes.
 */
#include "apps/shell/line.h"

#include "lib/string.h"
#include "lib/utf8.h"

#define CTRL(letter) ((letter) & 0x1f)
#define ESCAPE 0x1b
#define DELETE_BYTE 0x7f

static void bell(struct line *line)
{
    out_puts(line->out, "\a");
}

static size_t before(const struct line *line, size_t at)
{
    while (at > 0 && utf8_is_continuation((uint8_t)line->text[--at])) {
    }
    return at;
}

static size_t after(const struct line *line, size_t at)
{
    while (at < line->len && utf8_is_continuation((uint8_t)line->text[++at])) {
    }
    return at;
}

/* The offset of the code point at a column. */
static size_t offset_of(const struct line *line, size_t column)
{
    size_t at = 0;

    while (column-- > 0) {
        at = after(line, at);
    }
    return at;
}

/* Columns that a row has for text. The last one stays free, so that nothing ever wraps. */
static size_t room(const struct line *line)
{
    return LINE_COLUMNS - 1 - strlen(line->prompt);
}

static void write_part(struct line *line, size_t from, size_t to)
{
    out_write(line->out, line->text + from, to - from);
}

/* Shows all of the text, or the part around the cursor, behind the prompt. */
static void draw_text(struct line *line)
{
    size_t width = utf8_width(line->text, line->len);
    size_t column = utf8_width(line->text, line->cursor);
    size_t first = 0;
    size_t last = width;

    line->view = VIEW_WHOLE;
    if (width > room(line)) {
        size_t ahead = room(line) * 3 / 4;

        line->view = VIEW_WINDOW;
        first = MIN(column > ahead ? column - ahead : 0, width - room(line));
        last = first + room(line);
    }
    size_t from = offset_of(line, first);
    size_t to = offset_of(line, last);
    if (first > 0) {
        out_puts(line->out, "<");
        from = after(line, from);
    }
    if (last < width) {
        write_part(line, from, before(line, to));
        out_puts(line->out, ">");
    } else {
        write_part(line, from, to);
    }
    out_puts(line->out, "\x1b[K");
    if (column < last) {
        out_printf(line->out, "\r\x1b[%zuC", strlen(line->prompt) + column - first);
    }
}

/* Draws the prompt and the text on a row that is empty. */
static void draw_row(struct line *line)
{
    out_puts(line->out, line->prompt);
    draw_text(line);
}

/* Shows the text anew. The prompt stays, so that it is sent once for each line: scripts wait for
 * it. A row that may have wrapped is left alone, because nobody knows where it began. */
static void redraw(struct line *line)
{
    if (line->view == VIEW_WRAPPED) {
        out_puts(line->out, "\n");
        draw_row(line);
    } else {
        out_printf(line->out, "\r\x1b[%zuC", strlen(line->prompt));
        draw_text(line);
    }
}

static void move_to(struct line *line, size_t cursor)
{
    if (cursor == line->cursor) {
        return;
    }
    size_t old = line->cursor;
    line->cursor = cursor;
    if (line->view != VIEW_WHOLE) {
        redraw(line);
    } else if (cursor < old) {
        out_printf(line->out, "\x1b[%zuD", utf8_width(line->text + cursor, old - cursor));
    } else {
        out_printf(line->out, "\x1b[%zuC", utf8_width(line->text + old, cursor - old));
    }
}

/* Puts text in at the cursor, without showing it. There must be room. */
static void splice(struct line *line, const char *text, size_t len)
{
    memmove(line->text + line->cursor + len, line->text + line->cursor, line->len - line->cursor);
    memcpy(line->text + line->cursor, text, len);
    line->len += len;
    line->cursor += len;
    line->text[line->len] = '\0';
}

/* Puts text in at the cursor; the bell rings when the line would be too long. */
static void insert(struct line *line, const char *text, size_t len)
{
    bool at_end = line->cursor == line->len;

    if (len >= LINE_BYTES - line->len) {
        bell(line);
        return;
    }
    splice(line, text, len);
    if (!at_end || line->view == VIEW_WINDOW) {
        redraw(line);
        return;
    }
    write_part(line, line->cursor - len, line->cursor);
    if (utf8_width(line->text, line->len) > room(line)) {
        line->view = VIEW_WRAPPED;
    }
}

/* Takes text out without showing it. */
static void cut(struct line *line, size_t from, size_t to)
{
    memmove(line->text + from, line->text + to, line->len - to);
    line->len -= to - from;
    line->text[line->len] = '\0';
    line->cursor = from;
}

static void delete(struct line *line, size_t from, size_t to)
{
    if (from == to) {
        return;
    }
    bool last_one = line->view == VIEW_WHOLE && to == line->len && line->cursor == to &&
                    from == before(line, to);
    cut(line, from, to);
    if (last_one) {
        out_puts(line->out, "\b\x1b[K");
    } else {
        redraw(line);
    }
}

static size_t word_start(const struct line *line)
{
    size_t at = line->cursor;

    while (at > 0 && line->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && line->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static size_t word_end(const struct line *line)
{
    size_t at = line->cursor;

    while (at < line->len && line->text[at] == ' ') {
        at++;
    }
    while (at < line->len && line->text[at] != ' ') {
        at++;
    }
    return at;
}

static void replace_all(struct line *line, const char *text)
{
    str_copy(line->text, sizeof(line->text), text);
    line->len = strlen(line->text);
    line->cursor = line->len;
    redraw(line);
}

/* Goes to the line that was added back lines ago; 0 is the one being written. */
static void recall(struct line *line, unsigned back)
{
    if (back > MIN(line->history_count, (unsigned)LINE_HISTORY)) {
        bell(line);
        return;
    }
    if (line->history_back == 0) {
        str_copy(line->draft, sizeof(line->draft), line->text);
    }
    line->history_back = back;
    replace_all(line, back == 0 ? line->draft
                                : line->history[(line->history_count - back) % LINE_HISTORY]);
}

static void recall_later(struct line *line)
{
    if (line->history_back == 0) {
        bell(line);
    } else {
        recall(line, line->history_back - 1);
    }
}

/* Blank lines and a repetition of the last line are not kept. */
static void remember(struct line *line)
{
    const char *last = line->history[(line->history_count - 1) % LINE_HISTORY];
    size_t blanks = 0;

    while (line->text[blanks] == ' ') {
        blanks++;
    }
    if (blanks == line->len || (line->history_count > 0 && strcmp(line->text, last) == 0)) {
        return;
    }
    memcpy(line->history[line->history_count % LINE_HISTORY], line->text, line->len + 1);
    line->history_count++;
}

static void clear_screen(struct line *line)
{
    out_puts(line->out, "\x1b[H\x1b[2J");
    draw_row(line);
}

static void list_matches(struct line *line)
{
    const struct line_completion *found = &line->completion;
    const char *end = found->matches + found->matches_len;
    size_t widest = 0;
    size_t column = 0;

    for (const char *name = found->matches; name < end; name += strlen(name) + 1) {
        widest = MAX(widest, utf8_width(name, strlen(name)));
    }
    out_puts(line->out, "\n");
    for (const char *name = found->matches; name < end; name += strlen(name) + 1) {
        if (column > 0 && column + widest + 2 > LINE_COLUMNS) {
            out_puts(line->out, "\n");
            column = 0;
        }
        size_t width = utf8_width(name, strlen(name));
        out_printf(line->out, "%s%*s", name, (int)(widest + 2 - width), "");
        column += widest + 2;
    }
    out_puts(line->out, found->more ? "\n...\n" : "\n");
    draw_row(line);
}

static void complete(struct line *line, bool second_time)
{
    struct line_completion *found = &line->completion;

    memset(found, 0, sizeof(*found));
    if (line->complete) {
        line->complete(line->complete_ctx, line->text, line->cursor, found);
    }
    if (found->count == 0) {
        bell(line);
        return;
    }
    size_t len = strlen(found->text);
    size_t replaced = line->cursor - found->from;
    if (len == replaced && memcmp(found->text, line->text + found->from, len) == 0) {
        if (second_time) {
            list_matches(line);
        } else {
            bell(line);
        }
        return;
    }
    if (len >= replaced && memcmp(found->text, line->text + found->from, replaced) == 0) {
        insert(line, found->text + replaced, len - replaced);
        return;
    }
    if (line->len - replaced + len >= LINE_BYTES) {
        bell(line);
        return;
    }
    /* What is typed changes, too: a quote comes before it, or its case becomes that of the disk. */
    cut(line, found->from, line->cursor);
    splice(line, found->text, len);
    redraw(line);
}

/* The keys that terminals send as CSI number ~. */
static void numbered_key(struct line *line, unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        move_to(line, 0);
        break;
    case 4:
    case 8:
        move_to(line, line->len);
        break;
    case 3:
        delete(line, line->cursor, after(line, line->cursor));
        break;
    default:
        break;
    }
}

/* The keys that terminals send as CSI letter or SS3 letter. "CSI 1;5C" is Ctrl and the right
 * arrow. */
static void lettered_key(struct line *line, uint8_t letter, bool with_ctrl)
{
    switch (letter) {
    case 'A':
        recall(line, line->history_back + 1);
        break;
    case 'B':
        recall_later(line);
        break;
    case 'C':
        move_to(line, with_ctrl ? word_end(line) : after(line, line->cursor));
        break;
    case 'D':
        move_to(line, with_ctrl ? word_start(line) : before(line, line->cursor));
        break;
    case 'H':
        move_to(line, 0);
        break;
    case 'F':
        move_to(line, line->len);
        break;
    default:
        break;
    }
}

static void csi_byte(struct line *line, uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        unsigned digit = byte - '0';

        line->parameters[line->parameter] =
            MIN(line->parameters[line->parameter] * 10 + digit, 1000u);
        return;
    }
    if (byte == ';') {
        line->parameter = 1;
        line->parameters[1] = 0;
        return;
    }
    if (byte < '@') {
        return; /* other parameters and intermediate bytes mean nothing here */
    }
    line->escape = byte == '[' ? ESC_SKIP_ONE : ESC_NONE; /* the Linux console's F1: CSI [ A */
    if (byte == '~') {
        numbered_key(line, line->parameters[0]);
    } else {
        lettered_key(line, byte, line->parameters[1] == 5);
    }
}

static void escape_byte(struct line *line, uint8_t byte)
{
    switch (line->escape) {
    case ESC_START:
        line->parameter = 0;
        line->parameters[0] = 0;
        line->parameters[1] = 0;
        line->escape = byte == '[' ? ESC_CSI : byte == 'O' ? ESC_SS3 : ESC_NONE;
        break;
    case ESC_CSI:
        csi_byte(line, byte);
        break;
    case ESC_SS3:
        line->escape = ESC_NONE;
        lettered_key(line, byte, false);
        break;
    default:
        line->escape = ESC_NONE;
        break;
    }
}

/* Gathers code points; what is not UTF-8 is dropped with a bell. */
static void text_byte(struct line *line, uint8_t byte)
{
    uint32_t code;

    if (line->pending_len > 0 && !utf8_is_continuation(byte)) {
        line->pending_len = 0;
        bell(line);
    }
    line->pending[line->pending_len++] = (char)byte;
    unsigned count = utf8_decode(line->pending, line->pending_len, &code);
    if (count > 0) {
        line->pending_len = 0;
        if (code >= 0x80 && code < 0xa0) {
            bell(line); /* a control character of the upper half */
        } else {
            insert(line, line->pending, count);
        }
        return;
    }
    bool hopeless = utf8_is_continuation((uint8_t)line->pending[0]) || line->pending_len == 4;
    if (hopeless) {
        line->pending_len = 0;
        bell(line);
    }
}

static void control_byte(struct line *line, uint8_t byte, bool after_tab)
{
    switch (byte) {
    case CTRL('A'):
        move_to(line, 0);
        break;
    case CTRL('B'):
        move_to(line, before(line, line->cursor));
        break;
    case CTRL('C'):
        out_puts(line->out, "^C\n");
        line_start(line);
        break;
    case CTRL('D'):
        delete(line, line->cursor, after(line, line->cursor));
        break;
    case CTRL('E'):
        move_to(line, line->len);
        break;
    case CTRL('F'):
        move_to(line, after(line, line->cursor));
        break;
    case CTRL('H'):
    case DELETE_BYTE:
        delete(line, before(line, line->cursor), line->cursor);
        break;
    case CTRL('I'):
        complete(line, after_tab);
        line->after_tab = true;
        break;
    case CTRL('K'):
        delete(line, line->cursor, line->len);
        break;
    case CTRL('L'):
        clear_screen(line);
        break;
    case CTRL('N'):
        recall_later(line);
        break;
    case CTRL('P'):
        recall(line, line->history_back + 1);
        break;
    case CTRL('U'):
        delete(line, 0, line->cursor);
        break;
    case CTRL('W'):
        delete(line, word_start(line), line->cursor);
        break;
    case ESCAPE:
        line->escape = ESC_START;
        break;
    default:
        break;
    }
}

void line_init(struct line *line, struct out *out, const char *prompt, line_complete_fn complete_fn,
               void *complete_ctx)
{
    memset(line, 0, sizeof(*line));
    line->out = out;
    line->prompt = prompt;
    line->complete = complete_fn;
    line->complete_ctx = complete_ctx;
}

void line_start(struct line *line)
{
    line->len = 0;
    line->cursor = 0;
    line->text[0] = '\0';
    line->view = VIEW_WHOLE;
    line->escape = ESC_NONE;
    line->pending_len = 0;
    line->after_tab = false;
    line->history_back = 0;
    out_puts(line->out, line->prompt);
}

void line_hide(struct line *line)
{
    out_puts(line->out, line->view == VIEW_WRAPPED ? "\n" : "\r\x1b[K");
}

void line_show(struct line *line)
{
    size_t half = strlen(line->prompt) / 2;

    out_write(line->out, line->prompt, half);
    out_puts(line->out, "\x1b[K");
    out_puts(line->out, line->prompt + half);
    draw_text(line);
}

enum line_event line_input(struct line *line, uint8_t byte)
{
    bool after_cr = line->after_cr;
    bool after_tab = line->after_tab;

    line->after_cr = byte == '\r';
    line->after_tab = false;
    if (byte == '\n' && after_cr) {
        line->after_tab = after_tab;
        return LINE_NOTHING;
    }
    if (byte == '\r' || byte == '\n') {
        line->pending_len = 0;
        line->escape = ESC_NONE;
        out_puts(line->out, "\n");
        remember(line);
        return LINE_DONE;
    }
    bool control = byte < ' ' || byte == DELETE_BYTE;
    if (control) {
        line->pending_len = 0;
        line->escape = ESC_NONE;
        control_byte(line, byte, after_tab);
    } else if (line->escape != ESC_NONE) {
        escape_byte(line, byte);
    } else {
        text_byte(line, byte);
    }
    return LINE_NOTHING;
}
