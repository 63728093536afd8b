/*
 * apps/nvme/cmd_timeouts.c - `nvme timeouts`: how long a controller may take to answer.
 */
#include "apps/nvme/commands.h"
#include "apps/nvme/show.h"
#include "lib/errno.h"

enum { OPT_IO, OPT_ADMIN, OPT_RESETS, OPT_OUTPUT };

#define SHORTEST_MS 10
#define LONGEST_MS  3600000

static const struct shell_option options[] = {
    [OPT_IO] = {"io", 'i', SHELL_NUMBER, LONGEST_MS, "milliseconds for a command on blocks"},
    [OPT_ADMIN] = {"admin", 'a', SHELL_NUMBER, LONGEST_MS, "milliseconds for an admin command"},
    [OPT_RESETS] = {"resets", 'r', SHELL_NUMBER, 16, "resets within a minute; 16: any number"},
    [OPT_OUTPUT] = SHELL_OPTION_OUTPUT,
    {NULL, 0, SHELL_FLAG, 0, NULL},
};

static int timeouts_run(struct shell *sh, int argc, char **argv)
{
    struct nvme_ctrlr *ctrlr;
    struct show s;

    (void)argc;
    int err = shell_find_ctrlr(sh, argv[0], argv[1], &ctrlr);
    if (err) {
        return err;
    }
    for (unsigned i = OPT_IO; i <= OPT_ADMIN; i++) {
        if (sh->values[i].given && sh->values[i].number < SHORTEST_MS) {
            return shell_fail(sh, argv[0], -ERANGE, "--%s is %u to %u milliseconds",
                              options[i].name, SHORTEST_MS, LONGEST_MS);
        }
    }
    err = show_begin(&s, sh, argv[0], sh->values[OPT_OUTPUT].text);
    if (err) {
        return err;
    }
    nvme_timeouts_set(ctrlr, (struct nvme_timeouts){
                                 .io_ns = sh->values[OPT_IO].number * NS_PER_MS,
                                 .admin_ns = sh->values[OPT_ADMIN].number * NS_PER_MS,
                                 .max_resets = (unsigned)sh->values[OPT_RESETS].number,
                             });
    struct nvme_timeouts now = nvme_timeouts(ctrlr);
    show_number_as(&s, "I/O commands", "io_ms", now.io_ns / NS_PER_MS, "%llu ms",
                   (unsigned long long)(now.io_ns / NS_PER_MS));
    show_number_as(&s, "admin commands", "admin_ms", now.admin_ns / NS_PER_MS, "%llu ms",
                   (unsigned long long)(now.admin_ns / NS_PER_MS));
    show_u64(&s, "resets in a minute", "max_resets", now.max_resets);
    show_end(&s);
    return 0;
}

const struct shell_cmd nvme_cmd_timeouts = {
    .name = "timeouts",
    .usage = "nvme timeouts CTRL [--io=MS] [--admin=MS] [--resets=N]",
    .summary = "show or change how long a controller may take to answer",
    .details = "A command that is not answered in time is aborted; if that does not help within\n"
               "two seconds, the controller is reset; after more than so many resets within a\n"
               "minute it is given up. Until the next start.\n",
    .example = "nvme timeouts nvme0 --io=5000",
    .complete = COMPLETE_CTRLR,
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = timeouts_run,
};
