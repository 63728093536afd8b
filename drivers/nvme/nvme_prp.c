/*
 * drivers/nvme/nvme_prp.c - Physical Region Pages for contiguous memory.
 */
#include "drivers/nvme/nvme_prp.h"

#include "drivers/nvme/nvme_spec.h"
#include "lib/assert.h"
#include "lib/compiler.h"

size_t nvme_prp_list_bytes(uint64_t len_bytes)
{
    /* An unaligned transfer touches one page more than its length; the first page is PRP1. */
    uint64_t entries = ALIGN_UP(len_bytes, NVME_PAGE_BYTES) / NVME_PAGE_BYTES;
    size_t bytes = 16;

    if (entries <= 1) {
        return 0;
    }
    if (entries <= NVME_PRP_LIST_ENTRIES) {
        while (bytes < entries * sizeof(uint64_t)) {
            bytes *= 2;
        }
        return bytes;
    }
    /* Every list page but the last gives one entry to the link. */
    uint64_t pages = (entries - 2) / (NVME_PRP_LIST_ENTRIES - 1) + 1;
    return pages * NVME_PAGE_BYTES;
}

unsigned nvme_prp_build(uint64_t iova, uint64_t len_bytes, uint64_t *list, uint64_t list_iova,
                        uint64_t *prp1, uint64_t *prp2)
{
    uint64_t page = ALIGN_DOWN(iova, NVME_PAGE_BYTES) + NVME_PAGE_BYTES;
    uint64_t last = ALIGN_DOWN(iova + len_bytes - 1, NVME_PAGE_BYTES);
    unsigned n = 0;

    assert(len_bytes > 0 && IS_ALIGNED(iova, 4));
    *prp1 = iova;
    if (last < page) { /* everything lies in the first page */
        *prp2 = 0;
        return 0;
    }
    if (last == page) {
        *prp2 = page;
        return 0;
    }
    *prp2 = list_iova;
    for (; page != last; page += NVME_PAGE_BYTES) {
        if (n % NVME_PRP_LIST_ENTRIES == NVME_PRP_LIST_ENTRIES - 1) {
            /* More than one entry is still to come: the last place of this list page is a link. */
            list[n] = list_iova + (n + 1) * sizeof(uint64_t);
            n++;
        }
        list[n++] = page;
    }
    list[n++] = last;
    return n;
}
