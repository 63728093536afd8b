/*
 * apps/nvme/commands.c - the table of the commands below `nvme`, sorted by name.
 */
#include "apps/nvme/commands.h"

const struct shell_cmd *const nvme_commands[] = {
    &nvme_cmd_changed_ns_list_log,
    &nvme_cmd_effects_log,
    &nvme_cmd_endurance_log,
    &nvme_cmd_error_log,
    &nvme_cmd_explain_status,
    &nvme_cmd_fw_log,
    &nvme_cmd_get_feature,
    &nvme_cmd_get_log,
    &nvme_cmd_hmb,
    &nvme_cmd_id_ctrl,
    &nvme_cmd_id_ns,
    &nvme_cmd_list_ns,
    &nvme_cmd_persistent_event_log,
    &nvme_cmd_queues,
    &nvme_cmd_reset,
    &nvme_cmd_resume,
    &nvme_cmd_sanitize_log,
    &nvme_cmd_self_test_log,
    &nvme_cmd_set_feature,
    &nvme_cmd_show_regs,
    &nvme_cmd_shutdown,
    &nvme_cmd_smart_log,
    &nvme_cmd_stats,
    &nvme_cmd_subsystem_reset,
    &nvme_cmd_telemetry_log,
    &nvme_cmd_trace,
    NULL,
};
