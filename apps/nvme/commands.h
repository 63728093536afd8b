/*
 * apps/nvme/commands.h - the commands below `nvme`, in nvme-cli's names and shapes, one capability
 * a file. The table that `nvme` searches is apps/nvme/commands.c; a command is added there and
 * here. Below it: what several of them share.
 */
#pragma once

#include "apps/shell/shell.h"

extern const struct shell_cmd nvme_cmd_admin_passthru;
extern const struct shell_cmd nvme_cmd_attach_ns;
extern const struct shell_cmd nvme_cmd_changed_ns_list_log;
extern const struct shell_cmd nvme_cmd_compare;
extern const struct shell_cmd nvme_cmd_copy;
extern const struct shell_cmd nvme_cmd_create_ns;
extern const struct shell_cmd nvme_cmd_delete_ns;
extern const struct shell_cmd nvme_cmd_detach_ns;
extern const struct shell_cmd nvme_cmd_device_self_test;
extern const struct shell_cmd nvme_cmd_dir_receive;
extern const struct shell_cmd nvme_cmd_dir_send;
extern const struct shell_cmd nvme_cmd_dsm;
extern const struct shell_cmd nvme_cmd_effects_log;
extern const struct shell_cmd nvme_cmd_endurance_log;
extern const struct shell_cmd nvme_cmd_error_log;
extern const struct shell_cmd nvme_cmd_explain_status;
extern const struct shell_cmd nvme_cmd_flush;
extern const struct shell_cmd nvme_cmd_format;
extern const struct shell_cmd nvme_cmd_fw_activate;
extern const struct shell_cmd nvme_cmd_fw_commit;
extern const struct shell_cmd nvme_cmd_fw_download;
extern const struct shell_cmd nvme_cmd_fw_log;
extern const struct shell_cmd nvme_cmd_get_feature;
extern const struct shell_cmd nvme_cmd_get_lba_status;
extern const struct shell_cmd nvme_cmd_get_log;
extern const struct shell_cmd nvme_cmd_hmb;
extern const struct shell_cmd nvme_cmd_id_ctrl;
extern const struct shell_cmd nvme_cmd_id_ns;
extern const struct shell_cmd nvme_cmd_io_passthru;
extern const struct shell_cmd nvme_cmd_list;
extern const struct shell_cmd nvme_cmd_list_ctrl;
extern const struct shell_cmd nvme_cmd_list_ns;
extern const struct shell_cmd nvme_cmd_ns_descs;
extern const struct shell_cmd nvme_cmd_persistent_event_log;
extern const struct shell_cmd nvme_cmd_queues;
extern const struct shell_cmd nvme_cmd_read;
extern const struct shell_cmd nvme_cmd_recorder;
extern const struct shell_cmd nvme_cmd_reset;
extern const struct shell_cmd nvme_cmd_resume;
extern const struct shell_cmd nvme_cmd_resv_acquire;
extern const struct shell_cmd nvme_cmd_resv_register;
extern const struct shell_cmd nvme_cmd_resv_release;
extern const struct shell_cmd nvme_cmd_resv_report;
extern const struct shell_cmd nvme_cmd_sanitize;
extern const struct shell_cmd nvme_cmd_sanitize_log;
extern const struct shell_cmd nvme_cmd_security_recv;
extern const struct shell_cmd nvme_cmd_security_send;
extern const struct shell_cmd nvme_cmd_self_test_log;
extern const struct shell_cmd nvme_cmd_set_feature;
extern const struct shell_cmd nvme_cmd_show_regs;
extern const struct shell_cmd nvme_cmd_shutdown;
extern const struct shell_cmd nvme_cmd_smart_log;
extern const struct shell_cmd nvme_cmd_stats;
extern const struct shell_cmd nvme_cmd_subsystem_reset;
extern const struct shell_cmd nvme_cmd_telemetry_log;
extern const struct shell_cmd nvme_cmd_timeouts;
extern const struct shell_cmd nvme_cmd_trace;
extern const struct shell_cmd nvme_cmd_verify;
extern const struct shell_cmd nvme_cmd_write;
extern const struct shell_cmd nvme_cmd_write_uncor;
extern const struct shell_cmd nvme_cmd_write_zeroes;

/* Sorted by name, NULL at the end. */
extern const struct shell_cmd *const nvme_commands[];

/* --- target.c: what a person named, and what a device said ------------------------------------ */

/* The controller that "nvme0" or "nvme0n1" means, and the namespace of the latter; of the former,
 * the one that the option --namespace-id names. *nsid is NVME_NSID_ALL and *ns NULL when neither
 * names one. nsid: the option's value, or NULL when the command has none. What is wrong has been
 * said. */
struct nvme_target {
    struct nvme_ctrlr *ctrlr;
    struct nvme_ns *ns; /* NULL: the whole controller, or a namespace that is not attached */
    uint32_t nsid;
    const char *name;   /* as it is called: "nvme0", "nvme0n1" */
};
int nvme_find_target(struct shell *sh, const char *command, const char *name,
                     const struct shell_value *nsid, struct nvme_target *out) must_check;

/* Says why a command of the driver failed, in the device's words when it has answered, and returns
 * err: "format: nvme0 refused Format NVM: Invalid Format (sct 1, sc 0Ah, do not retry)", what that
 * means, and what the entry of the drive's error log for it adds: one more command at most. what:
 * the command's name in the specification. */
int nvme_explain(struct shell *sh, const char *command, struct nvme_ctrlr *ctrlr, const char *what,
                 int err, const struct nvme_result *res);

/* Says that ctrlr does not offer ability, by its field, and returns -ENOTSUP; 0 when it does. */
int nvme_require(struct shell *sh, const char *command, const struct nvme_ctrlr *ctrlr,
                 enum nvme_ability ability) must_check;

/* --- danger.c: before something is destroyed -------------------------------------------------- */

struct nvme_danger {
    struct nvme_ctrlr *ctrlr;
    struct nvme_ns *ns;     /* the only namespace that is reached; NULL: the whole controller */
    bool needs_ctrlr;       /* the whole controller has to be armed, although ns alone is reached */
    bool spares_data;       /* no namespace is reached: only settings or firmware of the drive */
    const char *act;        /* what is about to be done: "Format with erasure of user data" */
    const char *effect;     /* "all data on it is lost": what follows from it */
    const char *why_all;    /* why all namespaces are reached ("FNA bit 0"), or NULL */
    const char *caution;    /* what a person has to know besides ("Keep the power on"), or NULL */
    uint64_t estimate_s;    /* how long the drive says that it takes; 0: it does not say */
    const struct shell_value *serial; /* the option --serial of the command */
};

/* Shows what is reached (namespaces, partitions, file systems, labels), what will happen to it and
 * what speaks against it (read-only, write protected), and whether it is allowed: it is armed, or
 * --serial names the drive, which arms it for this command. A script always needs --serial. To be
 * called after everything else has been checked. 0: go ahead; -EROFS, -EINVAL: said. */
int nvme_danger_announce(struct shell *sh, const char *command, const struct nvme_danger *danger)
    must_check;
