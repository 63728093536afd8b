/*
 * apps/nvme/cmd_firmware.c - `nvme fw-download`, `fw-commit`, `fw-activate`: new firmware,
 * from a file on a FAT32 volume.
 */
#include "apps/files/files.h"
#include "apps/nvme/manage.h"
#include "apps/system/size_text.h"
#include "drivers/nvme/nvme_firmware.h"
#include "lib/errno.h"
#include "lib/heap.h"

#define DWORD_BYTES     4
#define IMAGE_MAX_BYTES (UINT64_C(1) << 32)

/* --- download --------------------------------------------------------------------------------- */

enum { DL_FILE, DL_XFER, DL_OFFSET, DL_SERIAL };
static const struct shell_option download_options[] = {
    [DL_FILE] = {"fw", 'f', SHELL_TEXT, 0, "the image: a path such as nvme0n1p1:/fw.bin"},
    [DL_XFER] = {"xfer", 'x', SHELL_NUMBER, 1 << 20, "bytes of a piece; the best that fits"},
    [DL_OFFSET] = {"offset", 'o', SHELL_NUMBER, UINT32_MAX, "dwords into the image to begin at"},
    [DL_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

struct download {
    struct shell *sh;
    const char *command;
    struct nvme_ctrlr *ctrlr;
    struct fs_file *file;
    char path[FS_PATH_BYTES];
    uint32_t piece_bytes;
    uint64_t first; /* bytes into the drive's image */
    uint8_t *buf;
};

static int open_image(struct download *d)
{
    struct shell *sh = d->sh;
    const char *typed = sh->values[DL_FILE].text;

    if (!typed) {
        return shell_fail(sh, d->command, -EINVAL,
                          "--fw names the image, for instance --fw=nvme0n1p1:/fw.bin");
    }
    int err = fs_resolve(sh->cwd, typed, d->path, sizeof(d->path));
    if (!err) {
        err = fs_open(sh->app->fs, d->path, &d->file);
    }
    if (err) {
        return files_explain(sh, d->command, err == -EINVAL ? typed : d->path, err);
    }
    uint64_t size = fs_size(d->file);
    if (size == 0 || size % DWORD_BYTES || size + d->first > IMAGE_MAX_BYTES) {
        return shell_fail(sh, d->command, -EINVAL,
                          "%s has %llu bytes; a firmware image has a multiple of %u, less than "
                          "4 GiB", d->path, (unsigned long long)size, DWORD_BYTES);
    }
    return 0;
}

/* Pieces are as the drive wants them, in place and length (FWUG). */
static int choose_piece(struct download *d)
{
    struct nvme_firmware_slots slots = nvme_firmware_slots(d->ctrlr);
    uint32_t wanted = (uint32_t)d->sh->values[DL_XFER].number;

    d->piece_bytes = nvme_firmware_piece_bytes(d->ctrlr, wanted);
    if (d->piece_bytes == 0) {
        return shell_fail(d->sh, d->command, -EINVAL,
                          "%s takes pieces of a multiple of %u bytes (FWUG)", nvme_name(d->ctrlr),
                          (unsigned)slots.piece_bytes);
    }
    if (d->first % slots.piece_bytes) {
        return shell_fail(d->sh, d->command, -EINVAL,
                          "--offset=%llu dwords is no multiple of the %u bytes of FWUG",
                          (unsigned long long)(d->first / DWORD_BYTES),
                          (unsigned)slots.piece_bytes);
    }
    d->buf = heap_alloc(1, d->piece_bytes);
    return d->buf ? 0 : -ENOMEM;
}

static int announce_download(struct download *d)
{
    char act[64], size[SIZE_TEXT_BYTES];

    size_text_binary(fs_size(d->file), size, sizeof(size));
    str_format(act, sizeof(act), "Download of a firmware image of %s", size);
    const struct nvme_danger danger = {
        .ctrlr = d->ctrlr,
        .spares_data = true,
        .act = act,
        .effect = "the drive keeps it until `nvme fw-commit`, or forgets it at a reset; what runs "
                  "and what is stored stays as it is",
        .serial = &d->sh->values[DL_SERIAL],
    };
    return nvme_danger_announce(d->sh, d->command, &danger);
}

/* What is less than the granularity goes last and by itself. */
static size_t next_piece(const struct download *d, uint64_t left)
{
    uint32_t unit = nvme_firmware_slots(d->ctrlr).piece_bytes;

    if (left >= d->piece_bytes) {
        return d->piece_bytes;
    }
    return left >= unit ? (size_t)(left / unit * unit) : (size_t)left;
}

static int send_image(struct download *d)
{
    uint64_t size = fs_size(d->file), at = 0;
    struct progress progress;
    struct nvme_result res = {0};
    char what[40];
    int err = 0;

    str_format(what, sizeof(what), "%s: firmware download", nvme_name(d->ctrlr));
    progress_begin(&progress, d->sh, what);
    while (at < size && !err) {
        size_t got;

        err = fs_read(d->file, at, d->buf, next_piece(d, size - at), &got);
        if (err) {
            progress_end(&progress);
            return files_explain(d->sh, d->command, d->path, err);
        }
        err = nvme_firmware_piece(d->ctrlr, (uint32_t)(d->first + at), d->buf, got, &res);
        at += got;
        progress_show(&progress, (unsigned)(at * 10000 / size));
        if (!err && shell_interrupted(d->sh)) {
            progress_end(&progress);
            return shell_fail(d->sh, d->command, -EINTR,
                              "stopped after %llu of %llu bytes; do not commit: download again",
                              (unsigned long long)at, (unsigned long long)size);
        }
    }
    progress_end(&progress);
    return err ? nvme_explain(d->sh, d->command, d->ctrlr, "Firmware Image Download", err, &res)
               : 0;
}

static int download_run(struct shell *sh, int argc, char **argv)
{
    struct download *d = heap_alloc(1, sizeof(*d));

    (void)argc;
    if (!d) {
        return -ENOMEM;
    }
    d->sh = sh;
    d->command = argv[0];
    d->first = sh->values[DL_OFFSET].number * DWORD_BYTES;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &d->ctrlr);
    if (!err) {
        err = nvme_require(sh, argv[0], d->ctrlr, NVME_CAN_UPDATE_FIRMWARE);
    }
    if (!err) {
        err = open_image(d);
    }
    if (!err) {
        err = choose_piece(d);
    }
    if (!err) {
        err = announce_download(d);
    }
    if (!err) {
        err = send_image(d);
    }
    if (!err) {
        out_puts(sh->out, "Firmware download success\n");
    }
    if (d->file) {
        fs_close(d->file);
    }
    heap_free(d->buf);
    heap_free(d);
    return err;
}

const struct shell_cmd nvme_cmd_fw_download = {
    .name = "fw-download",
    .usage = "nvme fw-download CTRL -f PATH [-x BYTES] [-o DWORDS]",
    .summary = "send a firmware image to a drive, which keeps it for fw-commit",
    .details = "PATH lies on a FAT32 volume. Pieces have the size the drive asks for (FWUG)\n"
               "unless -x says less. Nothing changes before fw-commit.\n",
    .example = "nvme fw-download nvme0 --fw=nvme0n1p1:/fw.bin --serial=S4EVNX0M123456",
    .complete = COMPLETE_CTRLR,
    .options = download_options,
    .danger = SHELL_CHANGES_DRIVE,
    .min_args = 1,
    .max_args = 1,
    .run = download_run,
};

/* --- commit ----------------------------------------------------------------------------------- */

enum { CO_SLOT, CO_ACTION, CO_BPID, CO_SERIAL };
static const struct shell_option commit_options[] = {
    [CO_SLOT] = {"slot", 's', SHELL_NUMBER, 7, "firmware slot; 0: the drive chooses"},
    [CO_ACTION] = {"action", 'a', SHELL_NUMBER, 7,
                   "0 store, 1 store and activate at reset, 2 activate at reset, 3 now"},
    [CO_BPID] = {"bpid", 'b', SHELL_NUMBER, 1, "boot partition, for actions 6 and 7"},
    [CO_SERIAL] = SHELL_OPTION_SERIAL,
    {0},
};

static int announce_commit(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr,
                           unsigned slot, enum nvme_fw_action action)
{
    static const char *const effects[8] = {
        "the downloaded image takes the place of what the slot holds",
        "the downloaded image takes the place of what the slot holds, and runs after a reset",
        "what the slot holds runs after the next reset",
        "the downloaded image, or else what the slot holds, runs at once",
        [6] = "the downloaded image takes the place of what the boot partition holds",
        [7] = "the boot partition becomes the active one",
    };
    char act[64];

    str_format(act, sizeof(act), "Firmware commit, action %u, slot %u", action, slot);
    const struct nvme_danger danger = {
        .ctrlr = ctrlr,
        .spares_data = true,
        .act = act,
        .effect = effects[action],
        .caution = "Keep the power on until it has ended: a drive that loses it while it "
                   "stores or starts firmware may not come up again. "
                   "User data should survive; have a copy.",
        .serial = &sh->values[CO_SERIAL],
    };
    return nvme_danger_announce(sh, command, &danger);
}

static void tell_needs(struct shell *sh, const struct nvme_ctrlr *ctrlr, enum nvme_fw_needs needs)
{
    const char *name = nvme_name(ctrlr);

    switch (needs) {
    case NVME_FW_NEEDS_RESET:
        out_printf(sh->out, "It is activated by the next reset: `nvme reset %s`.\n", name);
        break;
    case NVME_FW_NEEDS_SUBSYSTEM_RESET:
        out_printf(sh->out, "It is activated by a reset of the whole subsystem: `nvme "
                   "subsystem-reset %s`.\n", name);
        break;
    case NVME_FW_NEEDS_CONVENTIONAL_RESET:
        out_puts(sh->out, "It is activated when the machine is reset, or switched off and on.\n");
        break;
    default:
        break;
    }
}

static int commit_run(struct shell *sh, int argc, char **argv)
{
    enum nvme_fw_action action = (enum nvme_fw_action)sh->values[CO_ACTION].number;
    unsigned slot = (unsigned)sh->values[CO_SLOT].number;
    struct nvme_result res = {0};
    enum nvme_fw_needs needs;
    struct nvme_ctrlr *ctrlr;
    char why[128];

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    err = nvme_firmware_check(ctrlr, slot, action, why, sizeof(why));
    if (err) {
        return shell_fail(sh, argv[0], err, "%s", why);
    }
    err = announce_commit(sh, argv[0], ctrlr, slot, action);
    if (err) {
        return err;
    }
    err = nvme_firmware_commit(ctrlr, slot, action, (unsigned)sh->values[CO_BPID].number, &needs,
                               &res);
    if (err) {
        return nvme_explain(sh, argv[0], ctrlr, "Firmware Commit", err, &res);
    }
    out_printf(sh->out, "Success committing firmware action:%u slot:%u\n", action, slot);
    tell_needs(sh, ctrlr, needs);
    if (action == NVME_FW_ACTIVATE_NOW && needs == NVME_FW_NEEDS_NOTHING) {
        out_printf(sh->out, "%s runs firmware %s now.\n", nvme_name(ctrlr),
                   nvme_info(ctrlr)->firmware);
    }
    return 0;
}

#define COMMIT(title, purpose)                                                                     \
    {                                                                                              \
        .name = title,                                                                             \
        .usage = "nvme " title " CTRL [-s SLOT] [-a ACTION] [-b BPID]",                            \
        .summary = purpose,                                                                        \
        .details = "`nvme fw-log` shows the slots. Actions 0 and 1 store what fw-download has\n"   \
                   "sent; 2 activates what a slot has. Whether a reset is needed is said.\n",      \
        .example = "nvme " title " nvme0 --slot=2 --action=1 --serial=S4EVNX0M123456",             \
        .complete = COMPLETE_CTRLR, .options = commit_options, .danger = SHELL_CHANGES_DRIVE,      \
        .min_args = 1, .max_args = 1, .run = commit_run,                                           \
    }
const struct shell_cmd nvme_cmd_fw_activate = COMMIT("fw-activate", "another name of fw-commit");
const struct shell_cmd nvme_cmd_fw_commit = COMMIT("fw-commit",
                                                   "store a downloaded firmware, or activate one");
