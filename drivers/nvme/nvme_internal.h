/*
 * drivers/nvme/nvme_internal.h - what the files of the NVMe driver share. Only they include it.
 *
 * nvme_controller.c  attach, identify, shutdown, detach
 * nvme_registers.c   registers, enable, disable
 * nvme_queue.c       rings and slots: ring, reap, deadlines, interrupts
 * nvme_qpairs.c      how many I/O queue pairs there are, their vectors and their memory
 * nvme_prp.c         where data lies, in PRP entries
 * nvme_dma_check.c   for a build that watches the use of memory
 * nvme_io.c          read, write, flush: post with splitting, and the synchronous form
 * nvme_command.c     any I/O command, synchronously
 * nvme_nvm.c         the NVM command set: ranges, split where need be; fused commands; flush
 * nvme_nvm_spans.c   commands on lists of ranges: Dataset Management, Copy; Get LBA Status
 * nvme_pi.c          protection information by the host
 * nvme_reservation.c reservations and the host identifier
 * nvme_security.c    Security Send and Receive
 * nvme_admin.c       the admin queue and its commands
 * nvme_namespace.c   which namespaces there are, and whether they can be used
 * nvme_rescan.c      what has become of them since
 * nvme_events.c      asynchronous events: asked for, kept, told to listeners
 * nvme_dbbuf.c       shadow doorbells
 * nvme_directive.c   Directive Send and Receive, Keep Alive
 * nvme_cmb.c         submission queues in the controller memory buffer
 * nvme_hmb.c         memory lent to a drive that asks for it
 * nvme_feature.c     Get and Set Features; nvme_feature_table.c: what there is
 * nvme_ability.c     what the controller offers
 * nvme_gate.c        what a command can destroy, and whether that is armed
 * nvme_log.c         log pages
 * nvme_overdue.c     commands that are not answered in time
 * nvme_retry.c       commands that are worth another try
 * nvme_recorder.c    the last commands of each queue, and what became of them
 * nvme_recover.c     failure, reset, what becomes of outstanding commands
 * nvme_status.c      status codes and opcodes in words
 * nvme_trace.c       submissions and completions in words
 * nvme_quirks.c      devices that need to be treated with care
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/nvme/nvme.h"
#include "drivers/nvme/nvme_dma_check.h"
#include "drivers/nvme/nvme_prp.h"
#include "drivers/nvme/nvme_spec.h"
#include "drivers/platform.h"
#include "lib/compiler.h"

#define NVME_ADMIN_ENTRIES        32
#define NVME_ADMIN_DATA_MAX_BYTES (1024 * 1024)
/* Identifiers of admin commands: */
#define NVME_ADMIN_CID_ABORT 0x40
#define NVME_ADMIN_CID_SIDE  0x41 /* an Identify beside a command that lasts: nvme_format.c */
#define NVME_ADMIN_CID_EVENT 0x80 /* and NVME_EVENT_REQUESTS - 1 more */
#define NVME_ADMIN_CID_FIRST 0x100 /* those that are waited for, one after the other */
#define NVME_ADMIN_CID_LAST  0x7fff
#define NVME_NO_SLOT              0xffff
#define NVME_NO_TAG               UINT32_MAX /* no slot has this index */
/* From the time-out of a command to the reset of its controller, or as long as the time-out. */
#define NVME_ABORT_WAIT_NS        (2 * NS_PER_S)
#define NVME_RESETS_REMEMBERED    16
#define NVME_MARKS                64 /* a power of two */

/* Bits of nvme_ctrlr.attention: what a post or reap must not overlook. Zero on a good day. */
#define NVME_ATTENTION_STOPPED 1u /* failed, or shut down: nothing may be sent */
#define NVME_ATTENTION_TRACE   2u

/* Bits of nvme_ctrlr.quirks. */
#define NVME_QUIRK_READY_DELAY    1u  /* registers must be left alone for a while after EN = 0 */
#define NVME_QUIRK_NO_NS_DESC     2u  /* Identify CNS 03h upsets it */
#define NVME_QUIRK_MQES_ZERO      4u  /* reports MQES 0 and has 64 entries */
#define NVME_QUIRK_NO_ACTIVE_LIST 8u  /* Identify CNS 02h is not implemented */
#define NVME_QUIRK_REFUSE         16u /* another protocol in disguise */
#define NVME_QUIRK_EMULATED       32u /* software, on the cores and behind the locks of a host */

/*
 * One command that can be outstanding. The low bits of its command identifier are the index of its
 * slot, the bits above count how often the slot was used: a completion that comes twice, or after
 * the command has ended otherwise, is not taken for that of the command that has the slot now. No
 * slot has an index of all ones, so FFFFh, which stands for "no command" in the Error Information
 * log (§5.14.1.1), is never used.
 */
struct nvme_slot {
    struct nvme_io *io; /* NULL: the slot is free */
    uint64_t posted_ns;
    uint64_t *prp_list; /* this slot's own memory, long enough for the largest command */
    uint64_t prp_list_iova;
    uint32_t tag; /* of its command or, when free, of the next one: see nvme_cqe_tag() */
    uint16_t next_free;
} cache_aligned;
static_assert(sizeof(struct nvme_slot) == 64, "a slot is one cache line");

/* The one overdue command of a queue that is being dealt with (nvme_overdue.c). The owner's, but:
 * from SENT to ANSWERED it is the controller's CPU that changes state. */
struct nvme_overdue {
    atomic_uint state; /* NVME_OVERDUE_... */
    uint32_t tag;      /* NVME_NO_TAG: none, or it has ended */
    uint64_t since_ns; /* there has been an overdue one ever since; 0: there is none */
};
enum { NVME_OVERDUE_NONE, NVME_OVERDUE_ASKED, NVME_OVERDUE_SENT, NVME_OVERDUE_ANSWERED };

/* How far a queue was at a time: see nvme_recorder.c. */
struct nvme_mark {
    uint64_t time_ns, commands, completions;
};

/* A queue pair. All of it belongs to the owning CPU, but irq_count, which the machine counts up,
 * and overdue. */
struct nvme_qpair {
    /* used by every post */
    struct nvme_sqe *sq;
    struct nvme_slot *slots;
    struct nvme_ctrlr *ctrlr;
    uint32_t sq_tail; /* where the next command goes */
    uint32_t sq_rung; /* the tail the controller knows */
    uint32_t sq_entries;
    uint32_t outstanding;
    uint64_t commands;
    uint64_t batch_ns; /* when the first command since the last ring was posted */
    uint64_t batches;
    _Atomic uint32_t *sq_shadow; /* NULL: shadow doorbells are not in use, as for the next three */

    /* used by every reap */
    const volatile uint32_t *cq cache_aligned; /* four dwords an entry */
    uint32_t cq_head;
    uint32_t cq_phase; /* DW3's phase bit, in place, of a new completion */
    uint32_t cq_entries;
    uint32_t depth;       /* slots */
    uint64_t completions; /* entries consumed */
    uint64_t cq_acked;    /* of those, told to the controller by its head doorbell */
    uint32_t cq_ack_at;   /* entries that may be unacknowledged before reap writes the doorbell */
    uint32_t free_head;   /* first free slot, or NVME_NO_SLOT */
    uint32_t slot_mask;   /* of a command identifier: the index of its slot */
    uint32_t tag_step;    /* from the tag of a slot's command to that of the next one */
    uint32_t until_clock; /* reaps until the clock is looked at */
    uint32_t clock_every;

    /* from here on nothing is touched per command */
    uint64_t clock_ns cache_aligned; /* last look at the clock */
    uint64_t next_walk_ns;           /* when the slots are looked through for overdue ones */
    uint64_t next_csts_ns;           /* when the status register is read */
    uint64_t completions_seen;       /* completions at the last look at the clock */
    uint64_t timeout_ns;
    uint32_t sq_doorbell, cq_doorbell; /* register offsets */
    uint16_t qid;
    uint16_t cpu;
    bool created; /* the controller has both queues */
    bool sq_in_cmb;
    bool has_irq;
    bool irq_on;
    bool ack_before_sleep; /* interrupts were missed; acknowledge more eagerly */
    unsigned vector;
    atomic_uint irq_count;
    uint64_t sq_doorbells, cq_doorbells, missed_interrupts, errors;
    uint64_t bad_completions, stale_completions, wrong_sqids;
    uint64_t timeouts, aborted, late_answers;
    struct nvme_overdue overdue;
    /* the flight recorder */
    uint64_t commands_before, completions_before; /* made before the rings were last emptied */
    uint32_t bad_cqe[4]; /* the last one that was for no command */
    uint64_t bad_cqe_ns; /* 0: none */
    struct nvme_mark marks[NVME_MARKS]; /* that of batch n has index n % NVME_MARKS */
    _Atomic uint32_t *sq_event, *cq_shadow, *cq_event;
    uint64_t kick_ns;          /* when a register is written all the same */
    uint64_t kick_completions; /* completions when that time was set */
    uint64_t shadow_writes, shadow_kicks;
    struct dma_buf sq_mem, cq_mem, list_mem;
    size_t list_bytes;      /* PRP list memory of one slot */
    struct nvme_io sync_io; /* what nvme_io_sync has outstanding */
    bool sync_done;
};

struct nvme_ns_entry {
    struct nvme_ns ns;
    char why[96]; /* what unusable_why points to */
    bool refused; /* Identify Namespace was: nothing is known of it */
};

/* Namespaces, each in memory of its own, so that handles stay valid when the list changes. */
struct nvme_ns_list {
    struct nvme_ns_entry **entries;
    unsigned count;
    unsigned room;
};

/* An admin command that somebody waits for. */
struct nvme_admin_cmd {
    bool outstanding;
    uint16_t cid;
    struct nvme_result res; /* once it is not outstanding any more */
};

/* Asynchronous Event Requests: what each is doing, and what came of them (nvme_events.c). */
#define NVME_EVENT_REQUESTS  4
#define NVME_EVENT_LISTENERS 4
#define NVME_EVENT_KINDS     24
struct nvme_events {
    struct nvme_event_request {
        enum { NVME_REQUEST_IDLE, NVME_REQUEST_WAITING, NVME_REQUEST_ARRIVED } state;
        uint32_t dw0; /* when arrived */
    } requests[NVME_EVENT_REQUESTS];
    unsigned request_count; /* that the controller takes; 0: it refuses them */
    bool delivering;
    uint64_t window_ns; /* events are counted since then, so that a storm can be slowed down */
    unsigned in_window;
    struct nvme_event_listener {
        nvme_event_fn fn; /* NULL: free */
        void *ctx;
    } listeners[NVME_EVENT_LISTENERS];
    struct nvme_event_count counts[NVME_EVENT_KINDS];
    unsigned kinds;
};

/* Host Memory Buffer (nvme_hmb.c). */
struct nvme_hmb {
    struct dma_buf *chunks; /* chunk_count of them, of bytes altogether */
    unsigned chunk_count;
    uint64_t bytes;
    struct dma_buf list;    /* of struct nvme_hmb_descriptor */
    bool enabled;           /* the drive uses it */
};

/* What one command of the NVM command set can hold, from Identify CNS 06h; 0: no limit is known. */
struct nvme_nvm_limits {
    uint32_t verify_bytes, write_zeroes_bytes, write_uncorrectable_bytes;
    uint32_t dsm_ranges, dsm_range_blocks;
    uint64_t dsm_blocks;
};

struct nvme_ctrlr {
    /* read by every owner, written seldom */
    atomic_uint attention;
    struct platform plat;
    struct out *trace;

    struct nvme_qpair **io_qpairs cache_aligned; /* info.io_qpairs of them */
    struct nvme_options opt;
    struct nvme_info info;
    char name[16];
    uint32_t quirks;
    uint32_t dstrd;
    bool use_sgl;            /* opt.sgl, and the controller can */
    uint32_t transfer_bytes; /* the longest command: MDTS, and what a PRP list can hold */
    uint64_t ready_timeout_ns;
    uint32_t cc; /* the register as it was written when it was enabled */

    bool disabled;  /* CC.EN = 0 and CSTS.RDY = 0, or the device is gone: it reaches no memory */
    bool shut_down; /* for good, by request */
    bool removed;   /* nvme_note_removed() */
    atomic_bool failed; /* wants nvme_recover() */
    int dead_err;       /* not 0: recovery was given up */
    uint64_t failed_ns;
    char why[128]; /* the last reason for which it failed */
    /* when it was reset because it had failed, the last times */
    uint64_t reset_times_ns[NVME_RESETS_REMEMBERED];
    unsigned resets_forced;
    uint64_t kept_bytes; /* memory never given back because the device may still write to it */
    unsigned resets;

    struct dma_buf cmb; /* the controller memory buffer; va NULL: not used. See nvme_cmb.c */
    struct dma_buf shadow_mem, event_mem; /* see nvme_dbbuf.c */
    struct nvme_hmb hmb;
    struct nvme_qpair admin;
    struct dma_buf admin_data;
    uint16_t admin_cid;
    struct nvme_admin_cmd admin_sync, admin_abort, admin_side;
    struct nvme_qpair *abort_qp; /* who asked for admin_abort; NULL: an admin command is aborted */
    atomic_bool abort_wanted;    /* by the owner of some queue */
    uint64_t aborts_sent, retries, retried_ok;
    struct dma_buf side_data;             /* of admin_side; none until it is needed */
    const struct nvme_patience *patience; /* of admin_sync; or NULL */
    struct nvme_events events;
    uint64_t keep_alive_ns; /* the timer that was set; 0: none */
    uint64_t keep_alive_sent_ns;
    struct nvme_id_ctrl id;
    struct nvme_id_ctrl *id_again; /* room for recovery, which must not depend on memory */

    bool armed;         /* the whole controller: see nvme_gate.h */
    bool effects_asked;
    bool limits_asked;
    struct nvme_nvm_limits limits; /* see nvme_nvm_limits() */
    struct nvme_effects_log *effects; /* NULL: not asked yet, or there is none */

    struct nvme_ns_list namespaces;
    struct nvme_ns_list gone; /* taken out; somebody may still hold them */
};

/* --- registers (nvme_registers.c) ----------------------------------------------------------- */

uint32_t nvme_read32(const struct nvme_ctrlr *c, uint32_t off);
uint64_t nvme_read64(const struct nvme_ctrlr *c, uint32_t off);
void nvme_write32(struct nvme_ctrlr *c, uint32_t off, uint32_t val);
uint64_t nvme_now(const struct nvme_ctrlr *c);
void nvme_relax(struct nvme_ctrlr *c);
void nvme_wait(struct nvme_ctrlr *c, uint64_t ns);

/* Given what CSTS reads: the registers do not answer. No working controller's CSTS is all ones, as
 * reserved bits read as zero; none has VS = 0, which some machines read where nothing is. */
bool nvme_csts_is_gone(const struct nvme_ctrlr *c, uint32_t csts);

/* Waits until (CSTS & mask) == want. 0; -ENODEV (it does not answer, and is not in its place);
 * -ETIMEDOUT (it may be in its place and not answer); -EIO (CSTS.CFS rises, and stop_on_cfs). */
int nvme_wait_csts(struct nvme_ctrlr *c, uint64_t mask, uint64_t want, uint64_t timeout_ns,
                   bool stop_on_cfs) must_check;

/* CC.EN = 0 and CSTS.RDY = 0, within CAP.TO (§7.6.1). 0, -ENODEV (gone: quiet all the same),
 * -ETIMEDOUT. Sets disabled unless it timed out. */
int nvme_disable(struct nvme_ctrlr *c) must_check;

/* Admin queue registers, CC.EN = 1, CSTS.RDY = 1. 0, -ENODEV, -EIO (CFS), -ETIMEDOUT. */
int nvme_enable(struct nvme_ctrlr *c) must_check;

/* Identify Controller into id, checked and noted in info. 0, -EPROTO, -ENODEV, or as nvme_admin. */
int nvme_identify_controller(struct nvme_ctrlr *c, struct nvme_id_ctrl *id) must_check;

/* Identify Controller again, after a reset or a change: serial number and model must be the same,
 * or -ENODEV; everything else is taken over. Or as nvme_identify_controller, or -ENOMEM. */
int nvme_identify_again(struct nvme_ctrlr *c) must_check;

/* --- queues (nvme_queue.c) ------------------------------------------------------------------ */

/* Memory and slots for one pair; list_bytes: PRP list memory per slot, 0 for the admin queue, whose
 * commands go one at a time. 0 or -ENOMEM. */
int nvme_queue_init(struct nvme_ctrlr *c, struct nvme_qpair *qp, uint16_t qid, uint32_t sq_entries,
                    uint32_t cq_entries, size_t list_bytes) must_check;
void nvme_queue_fini(struct nvme_qpair *qp);

/* Empty rings, phase 1, all slots free; nothing may be outstanding on either side. */
void nvme_queue_reset(struct nvme_qpair *qp);

/* DW2 and DW3 of a completion, which are read together: one access, so they belong together. */
static inline uint32_t nvme_cqe_dw3(uint64_t cqe)
{
    return (uint32_t)(cqe >> 32);
}

/* Command identifier (DW3 15:0) above submission queue identifier (DW2 31:16): they stand side by
 * side, and one comparison checks both. */
static inline uint32_t nvme_cqe_tag(uint64_t cqe)
{
    return (uint32_t)(cqe >> 16);
}

static inline uint16_t nvme_tag_cid(uint32_t tag)
{
    return (uint16_t)(tag >> 16);
}

/* The completion at the head, if there is one: true, and its DW2 and DW3. What else the entry holds
 * may be read after this. */
hot_inline bool nvme_queue_peek(const struct nvme_qpair *qp, uint64_t *cqe)
{
    /* The phase is read before anything the controller wrote earlier. */
    uint64_t value = __atomic_load_n(
        (const volatile uint64_t *)&qp->cq[4 * (size_t)qp->cq_head + 2], __ATOMIC_ACQUIRE);

    if ((nvme_cqe_dw3(value) & (uint32_t)NVME_CQE_DW3_PHASE) != qp->cq_phase) {
        return false;
    }
    *cqe = value;
    return true;
}

/* The slot is free from now on, and its next command has another identifier. */
hot_inline void nvme_slot_free(struct nvme_qpair *qp, uint32_t index)
{
    struct nvme_slot *slot = &qp->slots[index];

    nvme_dma_check_ended(qp, slot);
    slot->io = NULL;
    slot->tag += qp->tag_step;
    slot->next_free = (uint16_t)qp->free_head;
    qp->free_head = index;
    qp->outstanding--;
}

hot_inline void nvme_queue_advance_cq(struct nvme_qpair *qp)
{
    qp->completions++;
    if (unlikely(++qp->cq_head == qp->cq_entries)) {
        qp->cq_head = 0;
        qp->cq_phase ^= (uint32_t)NVME_CQE_DW3_PHASE;
    }
}

hot_inline void nvme_queue_advance_sq(struct nvme_qpair *qp)
{
    qp->commands++;
    if (unlikely(++qp->sq_tail == qp->sq_entries)) {
        qp->sq_tail = 0;
    }
}

/* Tells the controller which completions were consumed. */
void nvme_queue_ack(struct nvme_qpair *qp);

/* A batch begins: what is posted until the next ring gets this time. */
hot_inline void nvme_queue_begin_batch(struct nvme_qpair *qp)
{
    struct nvme_mark *mark = &qp->marks[qp->batches++ % NVME_MARKS];

    qp->batch_ns = nvme_now(qp->ctrlr);
    mark->time_ns = qp->batch_ns;
    mark->commands = qp->commands;
    mark->completions = qp->completions;
}

/* --- overdue commands (nvme_overdue.c) -------------------------------------------------------- */

/* The owner looks for overdue commands; sets next_walk_ns, and may fail the controller. */
void nvme_overdue_look(struct nvme_qpair *qp, uint64_t now_ns);
/* The command of this tag was ended by an Abort: true when that was because it was overdue. */
bool nvme_overdue_ended(struct nvme_qpair *qp, uint32_t tag) must_check;
void nvme_overdue_reset(struct nvme_qpair *qp);
/* The controller's CPU: sends an Abort that an owner asked for; the Abort was answered. */
void nvme_overdue_poll(struct nvme_ctrlr *c);
void nvme_overdue_answered(struct nvme_ctrlr *c);

/* --- retries (nvme_retry.c) ------------------------------------------------------------------ */

/* io has ended with err: true, after a pause where one is due, if it is to be sent again. tries
 * begins at 0. */
bool nvme_retry(struct nvme_ctrlr *c, const struct nvme_io *io, int err, unsigned *tries)
    must_check;
/* Says how it ended, if there was more than one try. */
void nvme_retry_note(struct nvme_ctrlr *c, const struct nvme_io *io, int err, unsigned tries);
/* After each Identify: lets the controller say how long to wait before a retry. */
void nvme_retry_enable(struct nvme_ctrlr *c);

/* --- the flight recorder (nvme_recorder.c) --------------------------------------------------- */

/* Logs what is outstanding, and the last commands of each queue. */
void nvme_recorder_log(const struct nvme_ctrlr *c);

/* --- admin commands (nvme_admin.c) ---------------------------------------------------------- */

/* As nvme_admin(), but a time-out leaves the controller failed. */
int nvme_admin_run(struct nvme_ctrlr *c, const struct nvme_sqe *cmd, enum nvme_dir dir, void *data,
                   size_t len, struct nvme_result *res) must_check;
int nvme_admin_init(struct nvme_ctrlr *c) must_check;
/* Puts a command without data into the admin queue; tells the controller of all that were put. */
void nvme_admin_put(struct nvme_ctrlr *c, const struct nvme_sqe *cmd, uint16_t cid);
void nvme_admin_ring(struct nvme_ctrlr *c);
/* Consumes one completion of the admin queue, whoever it is for. False: there is none. */
bool nvme_admin_reap(struct nvme_ctrlr *c);
void nvme_admin_fini(struct nvme_ctrlr *c);
int nvme_admin_identify(struct nvme_ctrlr *c, uint8_t cns, uint32_t nsid, void *buf,
                        struct nvme_result *res) must_check;

/* Asks for count I/O queue pairs; *granted is at most count. 0 or as nvme_admin. */
int nvme_set_queue_count(struct nvme_ctrlr *c, unsigned count, unsigned *granted) must_check;
int nvme_create_queues(struct nvme_qpair *qp) must_check;
/* The pair counts as not created, whatever the controller says. As nvme_admin_run. */
int nvme_delete_queues(struct nvme_qpair *qp);

/* --- asynchronous events (nvme_events.c) ----------------------------------------------------- */

/* After each enable and Identify: chooses the events (Asynchronous Event Configuration) and posts
 * the requests. A refusal is logged and is no error. 0, or why the controller failed. */
int nvme_events_enable(struct nvme_ctrlr *c) must_check;
/* The controller is disabled: no request is outstanding. Events that have arrived are kept. */
void nvme_events_reset(struct nvme_ctrlr *c);
/* Takes a completion of the admin queue; false: it is not that of a request that is waiting. */
bool nvme_events_complete(struct nvme_ctrlr *c, uint16_t cid, uint16_t status, uint32_t dw0)
    must_check;

/* cmd was done: if it has set the Keep Alive Timer, Keep Alives are sent from now on, each when it
 * is due at a poll. (nvme_directive.c) */
void nvme_keep_alive_note(struct nvme_ctrlr *c, const struct nvme_sqe *cmd);
void nvme_keep_alive_poll(struct nvme_ctrlr *c);

/* --- shadow doorbells (nvme_dbbuf.c) -------------------------------------------------------- */

/* Before I/O queues are created, after each enable. Where it is not wanted or not possible, nothing
 * happens. 0, -ENOMEM, or as nvme_admin. */
int nvme_dbbuf_enable(struct nvme_ctrlr *c) must_check;
/* The pair has just been created, is about to be used no more. */
void nvme_dbbuf_bind(struct nvme_qpair *qp);
void nvme_dbbuf_unbind(struct nvme_qpair *qp);
void nvme_dbbuf_free(struct nvme_ctrlr *c);
/* Tell the controller of sq_tail, cq_head. True: by the register too. */
bool nvme_dbbuf_sq(struct nvme_qpair *qp) must_check;
bool nvme_dbbuf_cq(struct nvme_qpair *qp) must_check;
void nvme_dbbuf_check_stuck(struct nvme_qpair *qp, uint64_t now_ns);

/* --- Host Memory Buffer (nvme_hmb.c) -------------------------------------------------------- */

/* Lends memory to a controller that asks for it, after each enable; the same as before after a
 * reset. Without memory, or when it is refused, the controller works without. 0, or as
 * nvme_admin_run when it has failed. */
int nvme_hmb_enable(struct nvme_ctrlr *c) must_check;
/* Before an orderly end: the controller uses it no more. */
void nvme_hmb_disable(struct nvme_ctrlr *c);
/* The controller is disabled, or has said that it uses none. */
void nvme_hmb_free(struct nvme_ctrlr *c);

/* --- controller memory buffer (nvme_cmb.c) ---------------------------------------------------- */

/* Before queues are made, after each enable: makes the buffer usable, where that is wanted and
 * possible. 0; -EIO (it was usable before and is not any more). */
int nvme_cmb_enable(struct nvme_ctrlr *c) must_check;
void nvme_cmb_disable(struct nvme_ctrlr *c);
/* Memory for a submission queue of qid in the buffer; false: it has no room there. */
bool nvme_cmb_place(struct nvme_ctrlr *c, uint16_t qid, uint64_t bytes, struct dma_buf *out);

/* --- the NVM command set (nvme_nvm.c) ------------------------------------------------------- */

/* What Identify says of the longest commands, asked for once. */
const struct nvme_nvm_limits *nvme_nvm_limits(struct nvme_ctrlr *c);

/* --- the rest ------------------------------------------------------------------------------- */

/* Appends every namespace the controller names to list, which is empty. On an error list is empty
 * again. 0, -ENOMEM, -EIO, or as nvme_admin. */
int nvme_namespaces_scan(struct nvme_ctrlr *c, struct nvme_ns_list *list) must_check;
/* Sets how much of a usable namespace one command carries, from the controller's transfer_bytes. */
void nvme_ns_set_limit(struct nvme_ns *ns);
int nvme_ns_list_append(struct nvme_ns_list *list, struct nvme_ns_entry *entry) must_check;
/* Frees the entries and the list itself, which is empty then. */
void nvme_ns_list_free(struct nvme_ns_list *list);

/* Ends what was armed, if anything was, and logs why ("it was reset"). (nvme_gate.c) */
void nvme_disarm_for(struct nvme_ctrlr *c, const char *why);

/* Marks c failed and logs why, in words that follow its name; only the first caller does. */
void nvme_fail(struct nvme_ctrlr *c, const char *why);

/* Reads CSTS and marks c failed when it can no longer answer. 0, -ENODEV (gone), -EIO (CFS, or not
 * ready). */
int nvme_check_status(struct nvme_ctrlr *c);

/* Negotiates, creates and frees the I/O queue pairs (nvme_qpairs.c). create: at least one, or
 * -EIO (refused), -ENOMEM, -ETIMEDOUT, -ENODEV. */
int nvme_qpairs_create(struct nvme_ctrlr *c) must_check;
/* The same queues again after a reset; -EIO when the controller grants fewer now. */
int nvme_qpairs_recreate(struct nvme_ctrlr *c) must_check;
void nvme_qpairs_free(struct nvme_ctrlr *c);

/* Ends every outstanding command of every I/O queue. The controller is disabled or given up. */
void nvme_end_all(struct nvme_ctrlr *c);

/* Ends one part of io; runs done() if it was the last. */
hot_inline void nvme_io_part_done(struct nvme_io *io)
{
    if (likely(--io->parts_left == 0)) {
        io->done(io);
    }
}

/* "Read nsid 1 lba 8 blocks 8 prp1 1000h prp2 0h" */
void nvme_sqe_format(bool admin, const struct nvme_sqe *sqe, char *buf, size_t cap);
void nvme_trace_submission(const struct nvme_qpair *qp, const struct nvme_sqe *sqe);
void nvme_trace_completion(const struct nvme_qpair *qp, uint32_t dw0, uint32_t dw3);

uint32_t nvme_quirks_of(uint16_t vendor_id, uint16_t device_id);
