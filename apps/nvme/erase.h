/*
 * apps/nvme/erase.h - `erase`: the best method that a drive offers, proven by samples, with a
 * certificate. cmd_erase.c decides and does it, erase_verify.c looks before and after,
 * erase_report.c writes it down.
 */
#pragma once

#include "apps/nvme/manage.h"

/* In the order in which they are preferred. */
enum erase_method {
    ERASE_SANITIZE_BLOCK,
    ERASE_SANITIZE_CRYPTO,
    ERASE_FORMAT_CRYPTO,
    ERASE_FORMAT_USER_DATA,
    ERASE_SANITIZE_OVERWRITE,
    ERASE_ZEROES,
    ERASE_METHODS
};

struct erase_method_info {
    const char *name;  /* "sanitize-block" */
    const char *title; /* "Sanitize by block erase" */
    bool sanitize;     /* reaches the whole drive, spare areas included */
};
extern const struct erase_method_info erase_methods[ERASE_METHODS];

/* One block that is looked at before and after. */
struct erase_sample {
    uint64_t lba;
    uint64_t hash;   /* of what it held before */
    bool blank;      /* before: every byte was the same */
    bool unreadable; /* before */
};

/* Of one namespace. */
struct erase_area {
    uint32_t nsid;
    uint64_t bytes;
    struct erase_sample *samples; /* NULL: it is no disk that can be read */
    unsigned sample_count;
    uint64_t samples_blank;       /* after: every byte the same; as for the next three */
    uint64_t samples_changed;     /* not blank, and not what it was */
    uint64_t samples_same;        /* still holds what it held, and that was not blank */
    uint64_t samples_unreadable;
    uint64_t read_blocks, read_not_blank, read_unreadable; /* of --verify */
};

#define ERASE_MAX_AREAS 64

struct erase {
    struct shell *sh;
    const char *command;
    struct nvme_target target;
    enum erase_method method;
    uint64_t seed;
    unsigned verify_percent;
    struct erase_area areas[ERASE_MAX_AREAS];
    unsigned area_count;
    uint64_t start_ns, end_ns;
    uint64_t hours_before, hours_after; /* the drive's power-on hours */
    struct nvme_sanitize_log log;       /* after a sanitize */
    bool has_log;
    uint64_t zeroed_bytes;
    char firmware[9];
};

/* Reads samples of every namespace that is reached, before it is erased. 0, -ENOMEM, -EINTR. */
int erase_sample_before(struct erase *e) must_check;
/* Reads them again, and verify_percent of all blocks. 0, -ENOMEM, -EINTR. */
int erase_verify_after(struct erase *e) must_check;
void erase_free(struct erase *e);

/* Does all that was read say that the data is gone? why: what does not. */
bool erase_is_proven(const struct erase *e, const char **why);

/* The certificate as text and as JSON, each between lines that mark it. */
void erase_print_certificate(const struct erase *e);
