/*
 * tests/model/model_manage.h - what a drive lets be done to itself: Format NVM, Sanitize, Firmware,
 * Device Self-test, Namespace Management; the part of the model's inside that those files share.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MODEL_MAX_PIECES 256

struct nvme_model;
struct cmd;
struct ns;

struct piece {
    uint32_t offset, len;
};

struct manage {
    /* the image that was downloaded and not committed */
    uint8_t *image;
    uint32_t image_bytes;
    struct piece pieces[MODEL_MAX_PIECES];
    unsigned piece_count;
    /* the sanitize under way, or the last one: 0 when none is */
    uint64_t sanitize_start_ns, sanitize_end_ns;
    bool sanitize_unrestricted, sanitize_failed;
    /* the self-test under way */
    uint64_t test_start_ns, test_end_ns;
    uint32_t test_nsid;
    /* the format under way */
    uint64_t format_start_ns, format_end_ns;
    uint32_t format_nsid;
};

/* Called for every command before anything else: a status, ST_OK to go on. */
uint16_t manage_begin(struct nvme_model *m, struct cmd *cmd);
/* The commands of these files. */
uint16_t manage_run(struct nvme_model *m, struct cmd *cmd);
/* What ends by itself has ended. */
void manage_step(struct nvme_model *m);
/* The controller was reset; power was lost as well. */
void manage_reset(struct nvme_model *m);
void manage_power_on(struct nvme_model *m);
void manage_free(struct nvme_model *m);
/* Adds to Identify data what the drive offers. ns NULL: what all namespaces have in common. */
void manage_identify_controller(const struct nvme_model *m, uint8_t *p);
void manage_identify_namespace(const struct nvme_model *m, const struct ns *ns, uint8_t *p);
/* Identify with a CNS of these files; ST_INVALID_FIELD: not one of them. */
uint16_t manage_identify(struct nvme_model *m, uint8_t cns, uint32_t nsid, uint8_t *p);

/* model_firmware.c */
uint16_t firmware_download(struct nvme_model *m, struct cmd *cmd);
uint16_t firmware_commit(struct nvme_model *m, struct cmd *cmd);
void firmware_activate(struct nvme_model *m);

/* model_erase.c */
uint16_t format_run(struct nvme_model *m, struct cmd *cmd);
uint16_t sanitize_run(struct nvme_model *m, struct cmd *cmd);
void sanitize_step(struct nvme_model *m);
/* Sanitize In Progress, Sanitize Failed, or ST_OK: may this command run (§8.15)? */
uint16_t sanitize_gate(const struct nvme_model *m, const struct cmd *cmd);

/* model_selftest.c */
uint16_t self_test_run(struct nvme_model *m, struct cmd *cmd);
void self_test_step(struct nvme_model *m);
/* Ends the test under way with this result (§5.14.1.6), if there is one. */
void self_test_end(struct nvme_model *m, unsigned result);

/* model_namespaces.c */
uint16_t namespace_manage(struct nvme_model *m, struct cmd *cmd);
uint16_t namespace_attach(struct nvme_model *m, struct cmd *cmd);
struct ns *namespace_allocated(struct nvme_model *m, uint32_t nsid);
uint64_t namespace_unallocated_bytes(const struct nvme_model *m);
