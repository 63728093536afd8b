/*
 * tests/unit/typed_lines.h - lines typed into the shell of a host appliance, and what they say.
 * Included by a test of the apps layer; the test makes ha, and destroys it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model/host_appliance.h"

static struct host_appliance *ha;

/* The line succeeds, and text is in what it prints. */
static inline void says(const char *line, const char *text)
{
    int err = host_appliance_run(ha, line);

    if (err || !strstr(ha->text, text)) {
        fail_msg("\"%s\" (%d): no \"%s\" in:\n%s", line, err, text, ha->text);
    }
}

/* The line fails with err, a negative errno, and text is in what it prints. */
static inline void refuses(const char *line, int err, const char *text)
{
    int got = host_appliance_run(ha, line);

    if (got != err || !strstr(ha->text, text)) {
        fail_msg("\"%s\": %d, not %d, or no \"%s\" in:\n%s", line, got, err, text, ha->text);
    }
}

/* The model of the first drive; borrowed. */
static inline struct nvme_model *model(void)
{
    return ha->hosts[0]->model;
}
