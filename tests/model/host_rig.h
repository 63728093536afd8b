/*
 * tests/model/host_rig.h - the real driver on the software controller, ready for a test: set cfg
 * and opt, rig_open(), rig_attach(), do things, rig_close().
 *
 * rig_close() is where every test ends: it detaches and returns how many things are wrong that no
 * test may leave behind (violations of the specification, memory or vectors not given back), each
 * printed to stderr. rig_close(&r) == 0 is the last assertion of a test.
 */
#pragma once

#include "drivers/nvme/nvme.h"
#include "tests/model/host_platform.h"

struct rig {
    struct host_clock clock;
    struct model_config cfg;
    struct nvme_options opt;
    struct host_platform *hp;   /* after rig_open */
    struct nvme_ctrlr *ctrlr;   /* after a successful rig_attach */
    size_t heap_before;
    bool allow_violations;      /* this test provokes them */
    bool shared_heap;           /* other threads use the heap too: its level proves nothing */
    bool allow_leaks;           /* the device never became quiet: its memory stays lent */
};

/* model_default_config(), 2 queue pairs of 32 entries, time-outs of 2 s (I/O) and 3 s (admin). */
void rig_init(struct rig *r);
void rig_open(struct rig *r);
int rig_attach(struct rig *r);
unsigned rig_close(struct rig *r);

/* What the model alone cannot know: that completions are acknowledged only when they were consumed,
 * and consumed only when they were posted. Returns how many queues are wrong; rig_close() asks. */
unsigned rig_referee(struct rig *r);

/* rig_init + rig_open + rig_attach; ends the process when the attach fails. */
void rig_start(struct rig *r);

struct nvme_ns *rig_ns(struct rig *r, uint32_t nsid); /* NULL: none */
struct nvme_qpair *rig_qp(struct rig *r);             /* of CPU 0 */

/* One I/O with its buffer and what became of it. */
struct rig_io {
    struct nvme_io io; /* first: done() gets a pointer to it */
    struct dma_buf buf;
    struct rig *rig;
    unsigned done;     /* times done() ran */
    bool done_early;   /* done() ran while a command that the device knows has the buffer */
};

/* A buffer of nlb blocks of ns (at least 4 KiB), offset bytes into its memory. */
void rig_io_make(struct rig *r, struct rig_io *rio, struct nvme_ns *ns, uint8_t opcode,
                 uint64_t lba, uint32_t nlb, uint64_t offset);
void rig_io_free(struct rig *r, struct rig_io *rio);
uint8_t *rig_io_data(struct rig_io *rio);

/* Rings, then reaps and lets time pass until *n ios are done (an array) or for_ns have gone by.
 * Returns how many are not done. Ends early with what is left when the controller has failed. */
unsigned rig_wait(struct rig *r, struct rig_io *ios, unsigned n, uint64_t for_ns);

/* As rig_io_make with offset 0, where memory may be short: false, and nothing is made. */
bool rig_io_try(struct rig *r, struct rig_io *rio, struct nvme_ns *ns, uint8_t opcode,
                uint64_t lba, uint32_t nlb);

/* Makes, does and frees one I/O with nvme_io_sync; data is copied in or out. -ENOMEM when there is
 * none for its buffer. */
int rig_read(struct rig *r, struct nvme_ns *ns, uint64_t lba, uint32_t nlb, void *data);
int rig_write(struct rig *r, struct nvme_ns *ns, uint64_t lba, uint32_t nlb, const void *data);
int rig_flush(struct rig *r, struct nvme_ns *ns);

/* Arms with the serial number of the configuration; ends the process when refused. */
void rig_arm(struct rig *r, struct nvme_ns *ns);

/* Bytes that differ for each seed and position. */
void rig_pattern(void *buf, size_t len, uint64_t seed);
