/*
 * apps/nvme/fields.h - reports data structures of the specification from a table of names, places
 * and formats, in the names and the order of nvme-cli.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "apps/nvme/show.h"
#include "drivers/nvme/nvme_spec.h"

enum nvme_field_format {
    NVME_FIELD_DEC,  /* 1, 2, 4 or 8 bytes */
    NVME_FIELD_HEX,  /* the same, with 0x unless it is 0; JSON: a number */
    NVME_FIELD_BIG,  /* 16 bytes, decimal */
    NVME_FIELD_TEXT, /* UTF-8 up to a zero byte or the end, blanks at the end cut */
    NVME_FIELD_OUI,  /* little-endian bytes as one hexadecimal number */
    NVME_FIELD_RAW,  /* bytes in hexadecimal, in the order they are stored */
    NVME_FIELD_UUID, /* 16 bytes with the hyphens of RFC 4122 §3 */
};

/* Bits of a field in words; text NULL ends a table. A text that ends in "?" is followed by
 * "supported" or "not supported", as the bit says. */
struct nvme_bit {
    uint8_t hi, lo;
    const char *text;
};

struct nvme_field {
    const char *name;
    uint16_t off;   /* bytes from the start of the structure */
    uint16_t width; /* bytes */
    enum nvme_field_format format;
    const char *key; /* JSON's name; NULL: name */
    /* Its bits in words, for --human-readable; NULL: there are none, or explain() says them. */
    const struct nvme_bit *bits;
    void (*explain)(struct show *s, uint64_t value);
};

/* A row for a member of a structure, for instance NVME_FIELD(struct nvme_id_ns, nsze, HEX). */
#define NVME_FIELD(type, member, how)                                                              \
    {                                                                                              \
        .name = #member, .off = offsetof(type, member), .width = sizeof(((type *)0)->member),      \
        .format = NVME_FIELD_##how,                                                                \
    }

/* The same with the table bits_<member>. */
#define NVME_FIELD_BITS(type, member, how)                                                         \
    {                                                                                              \
        .name = #member, .off = offsetof(type, member), .width = sizeof(((type *)0)->member),      \
        .format = NVME_FIELD_##how, .bits = bits_##member,                                         \
    }

/* Shows count fields of data, which is little-endian and holds all of them; human: with what
 * their bits say. */
void nvme_fields_show(struct show *s, const struct nvme_field *fields, unsigned count,
                      const void *data, bool human);

/* Power in the unit that scale names: 1 is 0.0001 W, 2 is 0.01 W, anything else is "not reported":
 * "8.00W", "0.0050W", "-". */
void nvme_format_watts(char *text, size_t cap, uint64_t scale, unsigned val);

/* Everything Identify Controller says. id: NVME_IDENTIFY_BYTES. */
void nvme_id_ctrl_show(struct show *s, const struct nvme_id_ctrl *id, bool human);

/* Everything Identify Namespace says, likewise. */
void nvme_id_ns_show(struct show *s, const struct nvme_id_ns *id, bool human);
