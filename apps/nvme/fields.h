/*
 * apps/nvme/fields.h - prints data structures of the specification as "name : value" lines, from a
 * table of names, places and formats.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme_spec.h"
#include "lib/out.h"

enum nvme_field_format {
    NVME_FIELD_DEC,  /* 1, 2, 4 or 8 bytes */
    NVME_FIELD_HEX,  /* the same, with 0x unless it is 0 */
    NVME_FIELD_BIG,  /* 16 bytes, decimal */
    NVME_FIELD_TEXT, /* UTF-8 up to a zero byte or the end, blanks at the end cut */
    NVME_FIELD_OUI,  /* little-endian bytes as one hexadecimal number */
    NVME_FIELD_RAW,  /* bytes in hexadecimal, in the order they are stored */
    NVME_FIELD_UUID, /* 16 bytes with the hyphens of RFC 4122 §3 */
};

struct nvme_field {
    const char *name;
    uint16_t off;   /* bytes from the start of the structure */
    uint16_t width; /* bytes */
    enum nvme_field_format format;
};

/* Prints fields of data, names padded to name_width. data is little-endian and holds all fields. */
void nvme_fields_print(struct out *out, const struct nvme_field *fields, unsigned count,
                       const void *data, unsigned name_width);

/* Everything Identify Controller says, in nvme-cli's names and order. id: NVME_IDENTIFY_BYTES. */
void nvme_id_ctrl_print(struct out *out, const struct nvme_id_ctrl *id);

/* Everything Identify Namespace says, likewise. */
void nvme_id_ns_print(struct out *out, const struct nvme_id_ns *id);
