/*
 * lib/aml_slots.c - the nesting of devices in AML (ACPI 6.3 §20.2), as QEMU's tables need it.
 *
 * A list of terms is read up to the first one that is not known: what stands in packages of their
 * own, as devices do, is reached all the same.
 */
#include "lib/aml_slots.h"

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/compiler.h"
#include "lib/string.h"

#define MAX_LEVELS 16

enum {
    AML_ALIAS = 0x06, AML_NAME = 0x08, AML_BYTE = 0x0a, AML_WORD, AML_DWORD, AML_STRING, AML_QWORD,
    AML_SCOPE = 0x10, AML_BUFFER, AML_PACKAGE, AML_VAR_PACKAGE, AML_METHOD, AML_EXTERNAL,
    AML_DUAL_NAME = 0x2e, AML_MULTI_NAME, AML_EXTENDED = 0x5b, AML_ROOT = '\\', AML_PARENT = '^',
    AML_IF = 0xa0, AML_WHILE = 0xa2, AML_ONES = 0xff,
    /* after AML_EXTENDED */
    AML_MUTEX = 0x01, AML_EVENT = 0x02, AML_REGION = 0x80, AML_FIELD, AML_DEVICE, AML_BANK = 0x87,
};

struct walk {
    const uint8_t *aml;
    size_t at, end; /* of the list of terms that is read */
    bool bad;
    unsigned levels;
    uint8_t path[AML_SLOTS_MAX_DEPTH];
    struct aml_slots_bus *buses;
    unsigned room, count;
};

/* Where a list of terms stands. */
struct place {
    bool on_pci;     /* below the root bus, or at it */
    bool has_address;
    unsigned depth;
};

static uint8_t take(struct walk *w)
{
    if (w->at >= w->end) {
        w->bad = true;
        return 0;
    }
    return w->aml[w->at++];
}

static void skip(struct walk *w, size_t bytes)
{
    if (bytes > w->end - w->at) {
        w->bad = true;
        bytes = w->end - w->at;
    }
    w->at += bytes;
}

/* A PkgLength: where the package ends. */
static size_t take_package(struct walk *w)
{
    size_t start = w->at;
    uint8_t lead = take(w);
    unsigned more = lead >> 6;
    size_t len = more == 0 ? lead & 0x3f : lead & 0x0f;

    for (unsigned i = 0; i < more; i++) {
        len |= (size_t)take(w) << (4 + 8 * i);
    }
    if (len < 1 + more || len > w->end - start) {
        w->bad = true;
        return w->end;
    }
    return start + len;
}

/* A NameString: its last segment into name, four characters; "" when it has none. */
static void take_name(struct walk *w, char name[5])
{
    size_t segments = 1;

    name[0] = '\0';
    while (w->at < w->end && (w->aml[w->at] == AML_ROOT || w->aml[w->at] == AML_PARENT)) {
        w->at++;
    }
    if (w->at < w->end && w->aml[w->at] == 0) {
        w->at++;
        return;
    }
    if (w->at < w->end && w->aml[w->at] == AML_DUAL_NAME) {
        w->at++;
        segments = 2;
    } else if (w->at < w->end && w->aml[w->at] == AML_MULTI_NAME) {
        w->at++;
        segments = take(w);
    }
    skip(w, 4 * segments);
    if (!w->bad && segments > 0) {
        memcpy(name, w->aml + w->at - 4, 4);
        name[4] = '\0';
    }
}

/* An integer; false: something else, which was skipped where it is data. */
static bool take_integer(struct walk *w, uint64_t *value)
{
    uint8_t op = take(w);
    size_t bytes = op == AML_BYTE ? 1 : op == AML_WORD ? 2 : op == AML_DWORD ? 4 : 8;

    switch (op) {
    case 0:
    case 1:
        *value = op;
        return !w->bad;
    case AML_ONES:
        *value = UINT64_MAX;
        return true;
    case AML_BYTE:
    case AML_WORD:
    case AML_DWORD:
    case AML_QWORD:
        *value = 0;
        for (size_t i = 0; i < bytes; i++) {
            *value |= (uint64_t)take(w) << (8 * i);
        }
        return !w->bad;
    case AML_STRING:
        while (take(w) != 0) {
        }
        return false;
    case AML_BUFFER:
    case AML_PACKAGE:
    case AML_VAR_PACKAGE:
        w->at = take_package(w);
        return false;
    default:
        w->bad = true;
        return false;
    }
}

static void note_name(struct walk *w, struct place *place)
{
    char name[5];
    uint64_t value;

    take_name(w, name);
    if (!take_integer(w, &value) || !place->on_pci) {
        return;
    }
    if (strcmp(name, "_ADR") == 0 && place->depth > 0) {
        w->path[place->depth - 1] = (uint8_t)((value >> 16 & 0x1f) << 3 | (value & 7));
        place->has_address = true;
    } else if (strcmp(name, "BSEL") == 0 && place->has_address && w->count < w->room) {
        struct aml_slots_bus *bus = &w->buses[w->count++];

        bus->selector = (uint32_t)value;
        bus->depth = place->depth;
        memcpy(bus->path, w->path, sizeof(bus->path));
    }
}

static void walk_terms(struct walk *w, struct place place);

/* A device or scope. */
static void walk_package(struct walk *w, const struct place *outer, bool device)
{
    size_t list_end = w->end;
    size_t end = take_package(w);
    struct place inner = *outer;
    char name[5];

    if (w->bad) {
        return;
    }
    w->end = end;
    take_name(w, name);
    if (strcmp(name, "PCI0") == 0) {
        inner = (struct place){.on_pci = true, .has_address = true};
    } else if (device) {
        inner.on_pci = outer->on_pci && outer->has_address && outer->depth < AML_SLOTS_MAX_DEPTH;
        inner.has_address = false;
        inner.depth = outer->depth + 1;
    } else {
        inner.on_pci = false; /* of some other scope */
    }
    if (!w->bad && w->levels < MAX_LEVELS) {
        w->levels++;
        walk_terms(w, inner);
        w->levels--;
    }
    w->bad = false;
    w->at = end;
    w->end = list_end;
}

static void walk_extended(struct walk *w, const struct place *place)
{
    uint64_t value;
    char name[5];
    uint8_t op = take(w);

    if (op == AML_DEVICE) {
        walk_package(w, place, true);
    } else if (op >= AML_FIELD && op <= AML_BANK) {
        w->at = take_package(w); /* fields, processors, power resources, thermal zones */
    } else if (op == AML_REGION) {
        take_name(w, name);
        skip(w, 1);
        w->bad |= !take_integer(w, &value) || !take_integer(w, &value);
    } else if (op == AML_MUTEX || op == AML_EVENT) {
        take_name(w, name);
        skip(w, op == AML_MUTEX);
    } else {
        w->bad = true;
    }
}

static void walk_terms(struct walk *w, struct place place)
{
    char name[5];

    while (w->at < w->end && !w->bad) {
        uint8_t op = take(w);

        if (op == AML_NAME) {
            note_name(w, &place);
        } else if (op == AML_SCOPE) {
            walk_package(w, &place, false);
        } else if (op == AML_EXTENDED) {
            walk_extended(w, &place);
        } else if (op == AML_METHOD || (op >= AML_IF && op <= AML_WHILE)) {
            w->at = take_package(w);
        } else if (op == AML_ALIAS || op == AML_EXTERNAL) {
            take_name(w, name);
            if (op == AML_ALIAS) {
                take_name(w, name);
            } else {
                skip(w, 2);
            }
        } else {
            w->bad = true;
        }
    }
}

unsigned aml_slots_find(const uint8_t *aml, size_t len, struct aml_slots_bus *buses, unsigned room)
{
    struct walk w = {.aml = aml, .end = len, .buses = buses, .room = room};

    walk_terms(&w, (struct place){.on_pci = false});
    return w.count;
}
