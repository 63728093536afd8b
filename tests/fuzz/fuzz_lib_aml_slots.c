/*
 * tests/fuzz/fuzz_lib_aml_slots.c - any bytes as AML: what is found is within its bounds.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/aml_slots.h"
#include "lib/assert.h"
#include "lib/compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aml_slots_bus buses[4], few[4];

    unsigned count = aml_slots_find(data, size, buses, ARRAY_SIZE(buses));
    assert(count <= ARRAY_SIZE(buses));
    for (unsigned i = 0; i < count; i++) {
        assert(buses[i].depth <= AML_SLOTS_MAX_DEPTH);
    }
    unsigned fewer = aml_slots_find(data, size, few, 1);
    assert(fewer == MIN(count, 1U));
    assert(fewer == 0 || few[0].selector == buses[0].selector);
    return 0;
}
