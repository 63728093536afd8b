/*
 * apps/shell/nearest.h - the name a person probably meant.
 */
#pragma once

struct nearest {
    const char *typed;
    const char *best; /* NULL: nothing is near */
    unsigned distance;
};

struct nearest nearest_to(const char *typed);

/* Offers a name, which is borrowed as long as best is used. Of equally near ones the first wins. */
void nearest_offer(struct nearest *nearest, const char *name);
