/*
 * drivers/nvme/nvme.h - NVM Express controller driver, public interface.
 *
 * Speaks NVMe 1.4 over PCIe memory-mapped registers (§3.1) through a struct platform, so the same
 * object code runs in the kernel, on a development host against tests/model, and in other systems.
 *
 * Threads. A controller is attached, recovered and detached by one CPU, which also owns the admin
 * queue. Each I/O queue pair belongs to one CPU at a time and takes no locks. All memory is
 * allocated by nvme_attach(); I/O allocates nothing.
 *
 * Three verbs, three costs: nvme_post writes a 64-byte command, nvme_ring is the only register
 * write, nvme_reap reads memory. A batch pays for one doorbell.
 *
 * Ownership. An nvme_io and the memory at its iova are lent to the driver from a successful
 * nvme_post() until done() has run. done() runs exactly once, inside nvme_reap() or
 * nvme_recover(), never inside nvme_post(). Memory lent to the device comes back only through its
 * completion or after a reset that made the device quiet: so a time-out is reported to done() by
 * nvme_recover(), never before.
 *
 * Failure. A command that is not answered in time is aborted first: its owner asks for that, the
 * controller's CPU sends the Abort at its next nvme_events_poll(). When that has not helped two
 * seconds later, or the controller reports a fatal status or is gone, it becomes "failed": every
 * post and reap on all its queues then returns -ESHUTDOWN and nothing more is sent. The owners
 * stop; the controller's own CPU calls nvme_recover(), which resets it, ends every outstanding
 * command with an error through its done(), and brings the queues up again.
 *
 * Errors: 0 or a negative errno. The device's own status (§4.6.1, completion DW3 31:17) stands
 * beside it and is turned into errno in one table, nvme_status.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/nvme/nvme_ability.h"
#include "drivers/nvme/nvme_events.h"
#include "drivers/nvme/nvme_spec.h"
#include "drivers/platform.h"
#include "lib/compiler.h"
#include "lib/out.h"

struct nvme_ctrlr;
struct nvme_qpair;

struct nvme_options {
    unsigned max_io_qpairs; /* wanted; fewer are made when the controller or its vectors are fewer.
                               Queue pair i serves, and interrupts, CPU number i. */
    unsigned io_entries;    /* SQ entries wanted per I/O queue, clamped to 2..CAP.MQES + 1 */
    uint64_t io_timeout_ns;    /* 0: the default; overdue commands are found a few per cent late */
    uint64_t admin_timeout_ns; /* 0: the default */
    unsigned retries;       /* of nvme_io_sync(), for one command at most, where its status allows
                               that (nvme_retry.c) */
    unsigned max_resets;    /* within a minute, of those a failure has caused, at most 16; one more
                               and the controller is given up (16: never). 0: the default */
    bool poll_only;         /* do not use interrupts even if there are vectors */
    uint64_t host_memory_bytes; /* lent to a drive that asks for it, at most; 0: none is */
    bool cmb;               /* submission queues lie in the controller memory buffer, where there is
                               one for them (CMBSZ.SQS) and it is large enough. Measured with QEMU
                               7.2: no difference (docs/nvme.md) */
    bool sgl;               /* where the controller has SGLs (SGLS), data in more than two pages is
                               described by one descriptor instead of a PRP list */
    bool shadow_doorbells;  /* use them where there are any (OACS bit 8). Measured with QEMU 7.2:
                               nothing is gained, as a batch has one doorbell anyway */
};
/* 64 queue pairs, 1024 entries, 30 s, 60 s, 4 retries, 8 resets, interrupts where there are any, no
 * shadow doorbells, 64 MiB of host memory. */
struct nvme_options nvme_default_options(void);

/* A namespace. Read-only outside the driver. */
struct nvme_ns {
    struct nvme_ctrlr *ctrlr;
    uint64_t block_count;  /* NSZE, logical blocks */
    uint32_t nsid;
    uint32_t block_bytes;  /* 512 or more, a power of two */
    uint32_t max_blocks;   /* blocks in one command: MDTS, the PRP list memory of a queue (at most
                              4 MiB of data, 512 KiB with 1024 entries), and 65536 */
    uint32_t plain_blocks; /* the driver's: max_blocks, 0 when commands need more than a range */
    uint8_t block_shift;   /* log2(block_bytes) */
    bool armed;            /* writing allowed: see nvme_ns_arm() */
    bool gone;             /* taken out by nvme_rescan_namespaces(): every I/O is -ENXIO */
    bool usable;           /* plain block I/O is possible: there is no metadata, or nothing but
                              protection information, which the controller makes and checks */
    const char *unusable_why; /* in words ("has 16 bytes of metadata per block"), or NULL */
    uint64_t used_blocks;  /* NUSE */
    uint32_t metadata_bytes;
    uint8_t eui64[8], nguid[16], uuid[16]; /* all zero: none */
    struct nvme_id_ns id;  /* as the controller sent it */
};

/* What a person wants to know of a controller. */
struct nvme_info {
    char serial[21], model[41], firmware[9]; /* trailing blanks cut, unprintable bytes as '?' */
    uint64_t cap;            /* the register, as read after reset */
    uint32_t vs;
    uint32_t max_transfer_bytes; /* MDTS in bytes; 0: the controller sets no limit */
    unsigned io_qpairs;      /* created */
    unsigned granted_qpairs; /* as many as nvme_qpairs_set() can make */
    unsigned io_entries;     /* entries of each I/O submission queue; one fewer can be in flight */
    unsigned irq_qpairs;     /* of those, the ones that have an interrupt vector */
    bool volatile_cache;     /* VWC bit 0 */
    bool shadow_doorbells;   /* are in use */
    bool sgl;                /* likewise */
    unsigned cmb_qpairs;     /* whose submission queues lie in the controller memory buffer */
    uint64_t host_memory_bytes; /* lent to it (Host Memory Buffer), in so many pieces */
    unsigned host_memory_chunks;
    bool emulated;           /* known to be software: it runs on the host's cores */
    bool was_enabled;        /* the firmware had left CC.EN = 1 at attach */
    uint64_t ready_ns;       /* time from CC.EN = 1 to CSTS.RDY = 1 */
};

/* The device's answer to one command. */
struct nvme_result {
    uint16_t status; /* NVME_STATUS(sct, sc) with More and DNR, as in DW3 31:17; 0: success, or no
                        completion came */
    uint32_t dw0;    /* command-specific result */
    bool has_id;     /* the command is known by: */
    uint16_t sqid, cid; /* as the Error Information log names it */
};

/*
 * Resets, enables and identifies the controller (NVMe 1.4 §7.6.1) and creates its I/O queues and
 * its list of namespaces. plat and opt are copied; plat->ctx is borrowed until nvme_detach().
 * Every step is bounded by CAP.TO (§3.1.1) or the admin time-out.
 * 0; -ENODEV (registers read all ones or all zeros, or no NVM command set), -ENOTSUP (MPSMIN above
 * 4 KiB), -ETIMEDOUT (RDY did not follow EN), -EIO (CSTS.CFS, or a command was refused), -EPROTO
 * (identify data makes no sense), -ENOMEM. On failure the controller is disabled, everything is
 * freed and *out is NULL; the reason has been logged in words with name as prefix.
 */
int nvme_attach(const char *name, const struct platform *plat, const struct nvme_options *opt,
                struct nvme_ctrlr **out) must_check;

/* Orderly shutdown (§7.6.2): deletes the I/O queues, notifies, waits for CSTS.SHST = 10b at most
 * RTD3E or 5 s, disables. The controller can only be resumed or detached afterwards. Ends what was
 * armed. Returns 0, -ETIMEDOUT or
 * -ESHUTDOWN (it had failed already); in every case nothing is outstanding on return. */
int nvme_shutdown(struct nvme_ctrlr *ctrlr);

/* Brings a controller back that nvme_shutdown() has stopped: it must have the same serial number
 * and model. Queues, listeners and namespace handles are what they were (nvme_rescan_namespaces()
 * shows what has changed meanwhile); nothing is armed. 0, also when it is in service already;
 * otherwise it is dead, as after nvme_recover(); -ESHUTDOWN (it failed and was not shut down). */
int nvme_resume(struct nvme_ctrlr *ctrlr) must_check;

/* nvme_shutdown() was called, and nvme_resume() was not. */
bool nvme_is_shut_down(const struct nvme_ctrlr *ctrlr);

/* NVM Subsystem Reset (§7.3.1), which every controller of the subsystem (those of the same SUBNQN)
 * goes through, and recovery of this one. The others find their registers reset, or gone: shut them
 * down before, and nvme_resume() them. -ENOTSUP (CAP.NSSRS is 0), -ESHUTDOWN, or as
 * nvme_recover(). */
int nvme_subsystem_reset(struct nvme_ctrlr *ctrlr) must_check;

/* Shuts down if that was not done, and frees everything. NULL is allowed. */
void nvme_detach(struct nvme_ctrlr *ctrlr);

const char *nvme_name(const struct nvme_ctrlr *ctrlr); /* "nvme0" */
const struct nvme_info *nvme_info(const struct nvme_ctrlr *ctrlr);
const struct nvme_id_ctrl *nvme_id_ctrl(const struct nvme_ctrlr *ctrlr);

/* Namespaces in order of nsid; at() gives NULL past the last. A handle lives until nvme_detach(),
 * also when the namespace is gone. */
unsigned nvme_ns_count(const struct nvme_ctrlr *ctrlr);
struct nvme_ns *nvme_ns_at(struct nvme_ctrlr *ctrlr, unsigned index);

/*
 * Asks the controller again which namespaces there are, after an event has said that they changed
 * or after a command that changed them. A new one is added. One that has disappeared, or that has
 * another identity or block format now, is taken out: its handle stays valid and is marked gone
 * (in the second case the namespace gets a new handle). One that only has another size keeps its
 * handle. Whatever is new or changed is armed only when the whole controller is.
 * Returns how many were added, taken out or changed, or as nvme_admin, with nothing changed.
 * The controller's CPU, with no I/O outstanding on any queue. block_nvme_refresh() does the same
 * for disks.
 */
int nvme_rescan_namespaces(struct nvme_ctrlr *ctrlr) must_check;

/* Allows writing to ns when serial is the controller's, compared whole and exactly.
 * 0, -EINVAL (another serial; nothing changes), -ENXIO (it is gone). */
int nvme_ns_arm(struct nvme_ns *ns, const char *serial) must_check;
void nvme_ns_disarm(struct nvme_ns *ns); /* the whole controller is not armed either, then */

/*
 * Replaces all I/O queue pairs by count pairs with entries submission entries each; 0 keeps a
 * number as it is. Number of Queues may be set before the first queue only (§5.21.1.7) and was at
 * attach, so count is at most info's granted_qpairs; no reset is needed. Pointers from
 * nvme_qpair_at() are void afterwards, statistics begin anew, interrupts are off, and max_blocks of
 * the namespaces follows the new depth.
 * 0; -ERANGE (more than granted, or entries outside 2..CAP.MQES + 1), -EBUSY (commands are
 * outstanding on some queue), -ENOMEM, -ESHUTDOWN: nothing has changed. -EIO, -ETIMEDOUT: the
 * controller did not take them; it has the old ones again, or is dead if that failed, too.
 * The controller's CPU, while no other uses its queues.
 */
int nvme_qpairs_set(struct nvme_ctrlr *ctrlr, unsigned count, unsigned entries) must_check;

/*
 * Time-outs from now on, in nanoseconds, also for what is outstanding; and the resets that failures
 * may cause within a minute (16: any number). 0 keeps one as it is. The controller's CPU, while no
 * other uses its queues.
 */
struct nvme_timeouts {
    uint64_t io_ns, admin_ns;
    unsigned max_resets;
};
void nvme_timeouts_set(struct nvme_ctrlr *ctrlr, struct nvme_timeouts timeouts);
struct nvme_timeouts nvme_timeouts(const struct nvme_ctrlr *ctrlr);

/* Queue pair of CPU index (0-based), or NULL when there are fewer. */
struct nvme_qpair *nvme_qpair_at(struct nvme_ctrlr *ctrlr, unsigned index);
unsigned nvme_qpair_depth(const struct nvme_qpair *qp);       /* commands that fit at once */
unsigned nvme_qpair_outstanding(const struct nvme_qpair *qp); /* commands posted and not reaped */

/* --- I/O ------------------------------------------------------------------------------------ */

struct nvme_io {
    /* the caller's */
    struct nvme_ns *ns;
    uint64_t lba;   /* first logical block */
    uint64_t iova;  /* device address of the data: nlb blocks, contiguous, 4-byte aligned,
                       below 2^63; not used by flush and DSM */
    uint32_t nlb;   /* logical blocks, not zero-based; 0 for flush */
    uint8_t opcode; /* NVME_IO_READ, _WRITE, _FLUSH, or _DSM: the blocks are deallocated, as one
                       range in one command however long it is (§6.7) */
    uint8_t flags;  /* NVME_IOF_* */
    void (*done)(struct nvme_io *io);

    /* the result, set when done() runs */
    int err;         /* 0, -EIO, -ENODATA (unreadable media), -EROFS, -ENOSPC, -ENOTSUP (opcode),
                        -ENXIO (namespace gone), -ETIMEDOUT (status Command Abort Requested: it was
                        aborted; 0: the controller was reset), -ECANCELED (ended by a reset) */
    uint16_t status; /* the first failing command's; see struct nvme_result */

    uint16_t parts_left; /* the driver's: commands of this io not yet completed */
};
#define NVME_IOF_FUA 0x01 /* force unit access (NVMe 1.4 §6.15) */

/* Queues io, as several commands when it is larger than ns->max_blocks. 0; -EAGAIN (not enough free
 * slots: reap, then try again); -EINVAL (range outside the namespace, bad alignment, nlb 0, more
 * commands than the queue has slots); -EROFS (a write or DSM and ns is not armed); -ENOTSUP (ns
 * not usable, or the controller has no DSM: ONCS); -ENXIO (ns is gone); -ESHUTDOWN. On failure
 * nothing was queued. The device may not see it until nvme_ring. */
int nvme_post(struct nvme_qpair *qp, struct nvme_io *io) must_check;

/* Tells the controller of everything posted since the last ring: one doorbell write, or none. */
void nvme_ring(struct nvme_qpair *qp);

/* Runs done() for at most max finished commands (an io counts for each of its commands). Returns
 * how many completions were consumed, or -ESHUTDOWN when the controller has failed. */
int nvme_reap(struct nvme_qpair *qp, unsigned max);

/* A completion is waiting to be reaped. */
bool nvme_ready(const struct nvme_qpair *qp);

/* Interrupts of this queue pair on or off. They start off. -ENOTSUP: it has no vector. */
int nvme_irq_enable(struct nvme_qpair *qp, bool on) must_check;

/* Sleeps until this queue pair interrupts, or until deadline_ns (platform time). Returns at once
 * when a completion is waiting or interrupts are off. May return early; reap and call again.
 * Call on the queue's own CPU only. A completion found without its interrupt is counted. */
void nvme_sleep(struct nvme_qpair *qp, uint64_t deadline_ns);

/* Posts, rings and reaps until io is done, whatever its size (one that is too large for the queue
 * goes in turns). Other ios of the queue may complete meanwhile. Returns io->err or an error of
 * nvme_post; a failed controller is recovered first if recover is true (the caller is then the
 * controller's CPU and every other queue is idle). Without recover, -ESHUTDOWN may leave the memory
 * at io->iova (not io itself) lent until nvme_recover(). io->done is not used.
 * With recover a command is tried again as often as options.retries says, where its status allows
 * that, after pauses of at most 10 s each; io->err and io->status are those of the last try. */
int nvme_io_sync(struct nvme_qpair *qp, struct nvme_io *io, bool recover) must_check;

struct nvme_qpair_stats {
    uint64_t commands;       /* submission entries posted */
    uint64_t completions;
    uint64_t sq_doorbells, cq_doorbells; /* registers written */
    uint64_t shadow_writes;  /* submissions told by a shadow doorbell, with or without a register */
    uint64_t shadow_kicks;   /* registers written because nothing happened after that */
    uint64_t interrupts;     /* seen in this queue's event word */
    uint64_t missed_interrupts; /* completions found asleep without one */
    uint64_t errors;         /* completions with a non-zero status */
    uint64_t bad_completions; /* for no outstanding command: dropped, a fault of the controller */
    uint64_t stale_completions; /* of these, for a command that had ended already */
    uint64_t wrong_sqids;    /* completions that name another queue; believed all the same */
    uint64_t timeouts;       /* commands that were overdue and whose Abort was asked for */
    uint64_t aborted;        /* of these, ended by it */
    uint64_t late_answers;   /* of these, answered by themselves */
};
void nvme_qpair_stats(const struct nvme_qpair *qp, struct nvme_qpair_stats *out);

struct nvme_ctrlr_stats {
    unsigned resets;         /* through nvme_recover(), */
    unsigned resets_forced;  /* those that a failure has caused */
    uint64_t failed_ns;      /* when it failed last; 0: never */
    const char *why;         /* and the reason, in words; "" */
    uint64_t aborts_sent;    /* for I/O commands that were overdue */
    uint64_t retries;        /* of nvme_io_sync(), and how many commands succeeded by them */
    uint64_t retried_ok;
    uint64_t kept_bytes;     /* memory never given back: the device may still write to it */
};
void nvme_ctrlr_stats(const struct nvme_ctrlr *ctrlr, struct nvme_ctrlr_stats *out);

/* That of the admin queue. */
void nvme_admin_stats(const struct nvme_ctrlr *ctrlr, struct nvme_qpair_stats *out);

/* --- admin ---------------------------------------------------------------------------------- */

enum nvme_dir { NVME_NO_DATA, NVME_TO_HOST, NVME_TO_DEVICE };

/* Runs one admin command. cmd: opcode, nsid, cdw10..15 are taken as they are; identifier and data
 * pointers are filled in. data: len bytes, any memory and alignment, borrowed until return (it is
 * copied through a DMA buffer). Returns 0 or an errno with *res filled in (res may be NULL);
 * -EROFS, -EPERM (nvme_gate.h: what it can destroy is not armed, or is the driver's);
 * -ETIMEDOUT after the command was aborted or, where that does not help within two seconds, the
 * controller has been recovered (owners of other queues are given 100 ms to notice and stop);
 * -EINVAL (more data than MDTS or 1 MiB, or data and dir do not match);
 * -ESHUTDOWN. */
int nvme_admin(struct nvme_ctrlr *ctrlr, const struct nvme_sqe *cmd, enum nvme_dir dir, void *data,
               size_t len, struct nvme_result *res) must_check;

/* Asks the controller to end command cid of queue sqid early (NVMe 1.4 §5.1); *aborted says whether
 * it did, as it is free not to. What was aborted completes with Command Abort Requested. One at a
 * time, so the abort command limit (ACL) holds. As nvme_admin. */
int nvme_abort(struct nvme_ctrlr *ctrlr, uint16_t sqid, uint16_t cid, bool *aborted) must_check;

/* For a command that may take longer than others, a format for instance. */
struct nvme_patience {
    uint64_t timeout_ns; /* when it is more than the option's */
    /* Called twice a second meanwhile, to show that something happens; may be NULL. It may call
     * nvme_format_progress() and no other function that sends a command. */
    void (*tick)(void *arg, struct nvme_ctrlr *ctrlr);
    void *arg;
};
/* As nvme_admin. patience: NULL, or borrowed until return. */
int nvme_admin_patient(struct nvme_ctrlr *ctrlr, const struct nvme_sqe *cmd, enum nvme_dir dir,
                       void *data, size_t len, const struct nvme_patience *patience,
                       struct nvme_result *res) must_check;

/* Identify (NVMe 1.4 §5.15) into buf, NVME_IDENTIFY_BYTES long. As nvme_admin. */
int nvme_identify(struct nvme_ctrlr *ctrlr, uint8_t cns, uint32_t nsid, void *buf,
                  struct nvme_result *res) must_check;

/* The controller has failed and wants nvme_recover(). Any CPU may ask. False again once it was
 * recovered, given up or shut down. */
bool nvme_failed(const struct nvme_ctrlr *ctrlr);

/* The device still sits where it was found, working or not. Any CPU may ask. */
bool nvme_present(const struct nvme_ctrlr *ctrlr);

/* The device is gone for good, as nvme_present() has told, or was exchanged. Nothing is sent any
 * more; what is outstanding is ended by nvme_recover() or nvme_detach(). Of a device that is gone
 * the registers are left alone, and nvme_recover() answers -ENODEV at once; one that is there, be
 * it another one, is made quiet first as ever. Any CPU. */
void nvme_note_removed(struct nvme_ctrlr *ctrlr);

/* Another name, when it turns out which one it is ("nvme2"); it is copied. */
void nvme_rename(struct nvme_ctrlr *ctrlr, const char *name);

/* Brings a failed (or a healthy) controller through a reset: see "Failure" above. Ends what was
 * armed. 0 when it is in
 * service again; otherwise it is dead for good, everything outstanding has still been ended, and
 * -EIO, -ETIMEDOUT, -ENODEV say why. */
int nvme_recover(struct nvme_ctrlr *ctrlr) must_check;

/* One register access as it is, for `show-regs`; off within the register BAR. */
uint32_t nvme_reg_read32(const struct nvme_ctrlr *ctrlr, uint32_t off);
uint64_t nvme_reg_read64(const struct nvme_ctrlr *ctrlr, uint32_t off);

/* Every submission and completion of every queue as one line of words, to out (NULL: off). Not to
 * be used while other CPUs run I/O that matters for its speed. */
void nvme_trace(struct nvme_ctrlr *ctrlr, struct out *out);

/* --- the controller's platform, for those who bring buffers --------------------------------- */

/* Memory for data: as platform.h's dma_alloc, dma_free, dma_addr and now_ns. */
int nvme_dma_alloc(struct nvme_ctrlr *ctrlr, size_t len, size_t align, struct dma_buf *out)
    must_check;
void nvme_dma_free(struct nvme_ctrlr *ctrlr, struct dma_buf *buf);
uint64_t nvme_dma_addr(struct nvme_ctrlr *ctrlr, const void *va, size_t len);
uint64_t nvme_now_ns(const struct nvme_ctrlr *ctrlr);

/* --- status in words (nvme_status.c) -------------------------------------------------------- */

/* The errno a completion status stands for; 0 for success. */
int nvme_status_errno(uint16_t status);

/* "LBA Out of Range" for 0x4080 (sct 0, sc 80h, DNR); never NULL. */
const char *nvme_status_name(uint16_t status);

/* What it means for a person, a whole sentence: "The blocks lie beyond the end of the namespace.";
 * never NULL. */
const char *nvme_status_meaning(uint16_t status);

/* "Invalid Field in Command (sct 0, sc 02h, do not retry)" into buf. */
void nvme_status_format(uint16_t status, char *buf, size_t cap);

/* "Identify", "Read", "admin opcode C0h (vendor)" into buf; admin: which command set. */
void nvme_opcode_format(bool admin, uint8_t opcode, char *buf, size_t cap);
