/*
 * apps/bench/drive.h - the health of a drive as far as it matters to a benchmark: is it hot, does
 * it slow itself down, how much of its life does writing take.
 *
 * Admin commands, so CPU 0 only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"
#include "lib/compiler.h"
#include "lib/out.h"

/* From the SMART / Health Information log (NVMe 1.4 §5.14.1.2) and the Power Management feature
 * (§5.21.1.2). */
struct bench_drive {
    uint16_t temperature_k;    /* composite; 0: not told */
    uint8_t critical_warning;  /* bits of byte 0 */
    uint8_t percentage_used;   /* of the rated life; may exceed 100 */
    uint8_t power_state;
    uint32_t light_throttles;  /* transitions, thermal management temperature 1 */
    uint32_t heavy_throttles;  /* and 2 */
    uint32_t throttled_s;      /* time in both */
    uint32_t hot_minutes;      /* above the warning or critical temperature */
    uint64_t written_units;    /* thousands of 512 bytes, rounded up */
};

/* 0 or an error of nvme_admin. A power state that is not told counts as 0. */
int bench_drive_read(struct nvme_ctrlr *ctrlr, struct bench_drive *out) must_check;

/* "nvme0: 2.00GiB will be written, about 0.02 % of its rated life": before a writing job.
 * bytes: UINT64_MAX when the amount is only bounded by time, then runtime_ns says how long. */
void bench_drive_announce(struct out *out, struct nvme_ctrlr *ctrlr, uint64_t bytes,
                          uint64_t runtime_ns);

/* Degrees Celsius; temperatures below 0 show as they are. */
static inline int bench_celsius(uint16_t kelvin)
{
    return (int)kelvin - 273;
}
