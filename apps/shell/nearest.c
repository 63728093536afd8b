/*
 * apps/shell/nearest.c - the name a person probably meant.
 */
#include "apps/shell/nearest.h"

#include "lib/string.h"

/* Two letters exchanged count two; more than that is a different word. */
#define MAX_DISTANCE 2

struct nearest nearest_to(const char *typed)
{
    unsigned len = (unsigned)MIN(strlen(typed), (size_t)MAX_DISTANCE + 1);

    /* At least one letter must be right. */
    return (struct nearest){ .typed = typed, .distance = len };
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    unsigned distance = str_distance(nearest->typed, name, MAX_DISTANCE + 1);

    if (nearest->typed[0] != '\0' && str_starts_with(name, nearest->typed)) {
        distance = 0; /* it was only not typed to its end */
    }
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = name;
    }
}
