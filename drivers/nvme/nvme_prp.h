/*
 * drivers/nvme/nvme_prp.h - Physical Region Pages: how a command says where its data lies
 * (NVMe 1.4 §4.3). Pure functions for memory pages of 4 KiB.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes of list memory that the longest transfer of len_bytes can need, at any offset: 0 when PRP1
 * and PRP2 suffice. A result below a page is a power of two, and memory of that size must be
 * aligned to it; a larger one is whole pages, aligned to a page. */
size_t nvme_prp_list_bytes(uint64_t len_bytes);

/*
 * Describes len_bytes > 0 contiguous bytes at iova (a multiple of 4; iova + len_bytes does not
 * wrap) in *prp1 and *prp2. Where those do not suffice, writes a list to list, which the device
 * sees contiguously at list_iova. Returns the number of 8-byte entries written to list.
 */
unsigned nvme_prp_build(uint64_t iova, uint64_t len_bytes, uint64_t *list, uint64_t list_iova,
                        uint64_t *prp1, uint64_t *prp2);
