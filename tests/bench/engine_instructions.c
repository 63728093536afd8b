/*
 * tests/bench/engine_instructions.c - runs one bench line on the software controller, for a tool
 * that counts instructions (engine_instructions.py).
 *
 * usage: engine_instructions 'bench rw=randread ...'
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/host_appliance.h"

int main(int argc, char **argv)
{
    struct host_appliance_config config = host_appliance_default_config();
    struct model_config drive = model_default_config();
    if (argc != 2) {
        fprintf(stderr, "usage: %s 'bench ...'\n", argv[0]);
        return 2;
    }
    drive.ns[0].blocks = 1 << 21; /* 1 GiB, sparse */
    drive.latency_ns = 1;
    config.drives = &drive;
    struct host_appliance *ha = host_appliance_create(&config);
    int rc = host_appliance_run(ha, argv[1]);
    fputs(ha->text, stdout);
    host_appliance_destroy(ha);
    return rc == 0 ? 0 : 1;
}
