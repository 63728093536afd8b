/*
 * apps/nvme/feature_show.h - features in words: their values bit by bit, and their data structures.
 */
#pragma once

#include "apps/nvme/show.h"
#include "drivers/nvme/nvme_feature.h"

/* What a drive has said of one feature. */
struct feature_answer {
    uint8_t fid;
    const struct nvme_feature_info *info; /* NULL: a vendor's, or reserved */
    uint32_t nsid;     /* 0: the controller */
    uint32_t selector; /* the bits of CDW11 that chose the value */
    enum nvme_select select;
    uint32_t value;    /* DW0 */
    size_t len;        /* of data, 0: none was asked for */
    uint8_t data[NVME_FEATURE_DATA_MAX_BYTES];
};

/* "Power Management", "Vendor Specific", "Unknown". */
const char *feature_name(uint8_t fid);

/* What one field of value means: "Enabled", "70 C (343 K)" into buf. */
void feature_field_format(const struct nvme_feature_field *field, uint32_t value, char *buf,
                          size_t cap);

/* One feature as nvme-cli shows it: a line, below it with human each bit, otherwise the bytes of
 * its data. states: power states of the drive, for the table of transitions. As JSON the members
 * go into the object that is open. */
void feature_show(struct show *s, const struct feature_answer *answer, bool human,
                  unsigned states);
