/*
 * apps/system/cmd_cpus.c - `cpus`: the CPUs, what they do, and whose queue pairs they serve.
 */
#include "apps/commands.h"
#include "lib/errno.h"

/* Queue pair i of a controller belongs to CPU i. */
static unsigned qpairs_of(const struct appliance_ctrlr *ctrlr)
{
    return ctrlr->nvme ? nvme_info(ctrlr->nvme)->io_qpairs : 0;
}

static void print_served(struct out *out, const struct appliance *app, unsigned cpu)
{
    bool any = false;

    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        if (cpu < qpairs_of(&app->ctrlrs[i])) {
            out_printf(out, "%s%s", any ? " " : "", app->ctrlrs[i].name);
            any = true;
        }
    }
    out_puts(out, any ? "\n" : "-\n");
}

/* Says where CPUs go without, so that nobody wonders why a job uses fewer than asked for. */
static void print_shortages(struct out *out, const struct appliance *app, unsigned online)
{
    for (unsigned i = 0; i < app->ctrlr_count; i++) {
        unsigned qpairs = qpairs_of(&app->ctrlrs[i]);
        if (qpairs == 0 || qpairs >= online) {
            continue;
        }
        out_printf(out, "%s has %u I/O queue pair%s for %u CPUs: ", app->ctrlrs[i].name, qpairs,
                   qpairs == 1 ? "" : "s", online);
        if (qpairs == 1) {
            out_puts(out, "its jobs run on CPU 0 only.\n");
        } else {
            out_printf(out, "its jobs run on CPUs 0 to %u only.\n", qpairs - 1);
        }
    }
}

static int cpus_run(struct shell *sh, int argc, char **argv)
{
    const struct machine *m = sh->app->machine;
    unsigned count = m->cpu_count(m->ctx);
    unsigned online = 0;

    (void)argc;
    (void)argv;
    if (m->cpu_model) {
        out_printf(sh->out, "%s\n", m->cpu_model);
    }
    out_printf(sh->out, "TSC %.3f MHz, calibrated against %s\n\n", (double)m->tsc_hz / 1e6,
               m->tsc_source ? m->tsc_source : "nothing");
    out_puts(sh->out, "CPU  APIC ID  State    Runs              Queue pairs\n");
    out_puts(sh->out, "---  -------  -------  ----------------  -----------\n");
    for (unsigned i = 0; i < count; i++) {
        struct machine_cpu cpu = {.index = i};
        m->cpu_info(m->ctx, i, &cpu);
        online += cpu.online;
        out_printf(sh->out, "%3u  %7u  %-7s  %-16s  ", i, cpu.apic_id,
                   !cpu.online ? "offline"
                   : cpu.busy  ? "busy"
                               : "online",
                   cpu.what ? cpu.what : "-");
        if (cpu.online) {
            print_served(sh->out, sh->app, i);
        } else {
            out_puts(sh->out, "-\n");
        }
    }
    print_shortages(sh->out, sh->app, online);
    return 0;
}

const struct shell_cmd cmd_cpus = {
    .name = "cpus",
    .usage = "cpus",
    .summary = "show the CPUs and the queue pairs they serve",
    .details = "Each I/O queue pair of a controller belongs to one CPU. A controller with fewer "
               "queue pairs than\n"
               "there are CPUs leaves the others without; that is said below the table.\n",
    .example = "cpus",
    .run = cpus_run,
};
