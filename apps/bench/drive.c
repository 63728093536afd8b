/*
 * apps/bench/drive.c - the SMART log and the power state; see the header.
 */
#include "apps/bench/drive.h"

#include "apps/bench/format.h"
#include "lib/bytes.h"
#include "lib/errno.h"
#include "lib/string.h"

#define SMART_BYTES 512
#define UNIT_BYTES 512000
#define FEATURE_POWER 0x02
#define POWER_STATE GENMASK64(4, 0)
#define LOG_CDW10_NUMDL GENMASK64(31, 16) /* zero-based dwords */
#define ALL_NAMESPACES 0xffffffff
#define NUMBER_WIDTH 4

int bench_drive_read(struct nvme_ctrlr *ctrlr, struct bench_drive *out)
{
    uint8_t page[SMART_BYTES];
    struct nvme_result result;
    struct nvme_sqe cmd = {
        .opcode = NVME_ADM_GET_LOG_PAGE,
        .nsid = ALL_NAMESPACES,
        .cdw10 = (uint32_t)(NVME_LOG_SMART | FIELD_PREP(LOG_CDW10_NUMDL, SMART_BYTES / 4 - 1)),
    };
    memset(out, 0, sizeof(*out));
    int rc = nvme_admin(ctrlr, &cmd, NVME_TO_HOST, page, sizeof(page), NULL);
    if (rc != 0) {
        return rc;
    }
    out->critical_warning = page[0];
    out->temperature_k = load_le16(page + 1);
    out->percentage_used = page[5];
    out->written_units = load_le64(page + 48);
    out->hot_minutes = load_le32(page + 192) + load_le32(page + 196);
    out->light_throttles = load_le32(page + 216);
    out->heavy_throttles = load_le32(page + 220);
    out->throttled_s = load_le32(page + 224) + load_le32(page + 228);
    cmd = (struct nvme_sqe){.opcode = NVME_ADM_GET_FEATURES, .cdw10 = FEATURE_POWER};
    if (nvme_admin(ctrlr, &cmd, NVME_NO_DATA, NULL, 0, &result) == 0) {
        out->power_state = (uint8_t)FIELD_GET(POWER_STATE, result.dw0);
    }
    return 0;
}

/* The drive tells how much was written and which whole percentage of its life that took, so its
 * life is known to half a percent of itself at best, and not at all below one percent. */
static void announce_share(struct out *out, const struct bench_drive *drive, uint64_t bytes)
{
    double written = (double)drive->written_units * UNIT_BYTES;
    char total[BENCH_NUMBER_BYTES];
    bench_format_number(total, (uint64_t)written, NUMBER_WIDTH, false, "B");
    out_printf(out, "; so far %s, %u %% of its rated life used", total, drive->percentage_used);
    if (bytes != UINT64_MAX && drive->percentage_used > 0 && written > 0) {
        double share = (double)bytes / (written * 100 / drive->percentage_used) * 100;
        out_printf(out, share < 0.0001 ? ", this takes less than 0.0001 %%"
                                       : ", this takes about %.4f %%", share);
    }
}

void bench_drive_announce(struct out *out, struct nvme_ctrlr *ctrlr, uint64_t bytes,
                          uint64_t runtime_ns)
{
    struct bench_drive drive;
    char amount[BENCH_NUMBER_BYTES];
    if (bytes == UINT64_MAX) {
        out_printf(out, "%s: will be written to for %llu s", nvme_name(ctrlr),
                   (unsigned long long)(runtime_ns / NS_PER_S));
    } else {
        bench_format_number(amount, bytes, NUMBER_WIDTH, true, "B");
        out_printf(out, "%s: %s will be written", nvme_name(ctrlr), amount);
    }
    int rc = bench_drive_read(ctrlr, &drive);
    if (rc == 0) {
        announce_share(out, &drive, bytes);
    } else {
        out_printf(out, "; it does not tell its wear (%s)", errno_text(rc));
    }
    out_puts(out, "\n");
}
