/*
 * apps/system/cmd_mem.c - `mem`: who has the memory, and the map the firmware gave.
 */
#include "apps/commands.h"
#include "apps/system/size_text.h"
#include "lib/errno.h"
#include "lib/string.h"

static void print_amount(struct out *out, const char *what, uint64_t bytes)
{
    char size[SIZE_TEXT_BYTES];

    out_printf(out, "%-10s %12s\n", what, size_text_binary(bytes, size, sizeof(size)));
}

static int mem_run(struct shell *sh, int argc, char **argv)
{
    const struct machine *m = sh->app->machine;
    struct machine_memory mem = {.total_bytes = 0};

    if (argc > 1 && strcmp(argv[1], "map") != 0) {
        return shell_fail(sh, argv[0], -EINVAL, "no argument '%s'; there is only 'map'", argv[1]);
    }
    if (argc > 1) {
        m->memory_map(m->ctx, sh->out);
        return 0;
    }
    m->memory_info(m->ctx, &mem);
    print_amount(sh->out, "total", mem.total_bytes);
    print_amount(sh->out, "free", mem.free_bytes);
    print_amount(sh->out, "kernel", mem.kernel_bytes);
    print_amount(sh->out, "heap", mem.heap_bytes);
    print_amount(sh->out, "devices", mem.dma_bytes);
    return 0;
}

static const char *const mem_subcommands[] = {"map", NULL};

const struct shell_cmd cmd_mem = {
    .name = "mem",
    .usage = "mem [map]",
    .summary = "show how much memory there is and who has it",
    .details = "total    usable memory in the firmware's map\n"
               "free     pages nobody has\n"
               "kernel   the program and its data\n"
               "heap     mounts, tables and the like\n"
               "devices  queues and buffers lent to controllers\n"
               "'mem map' prints the firmware's map itself.\n",
    .example = "mem map",
    .complete = COMPLETE_SUBCOMMAND,
    .subcommands = mem_subcommands,
    .max_args = 1,
    .run = mem_run,
};
