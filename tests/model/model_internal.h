/*
 * tests/model/model_internal.h - the inside of the software controller, shared by model_*.c.
 */
#pragma once

#include "lib/rng.h"
#include "tests/model/model_manage.h"
#include "tests/model/model_spec.h"
#include "tests/model/nvme_model.h"

#define MODEL_MAX_RULES 32
#define MODEL_MAX_NOTES 32
#define MODEL_MAX_AERS 256
#define MODEL_MAX_ERRORS 256

struct sq {
    bool exists;
    uint16_t id, cqid;
    uint32_t size;
    uint64_t base;
    uint32_t head, tail;
    uint32_t head_told;  /* SQHD in the last completion posted */
    uint32_t head_shown; /* what it said of the head, when that is not the truth */
    uint64_t *rung;      /* a sum of each entry as it was when its doorbell was rung */
    uint64_t cids[1024]; /* bit map of identifiers in use */
    struct cmd *fused_first; /* waits for the second of its pair, or NULL */
};

struct cqe {
    uint32_t dw0, dw2, dw3; /* dw3 without the phase */
    bool torn, no_irq;
    uint64_t torn_ns;
};

struct cq {
    bool exists;
    uint16_t id;
    uint32_t size;
    uint64_t base;
    uint32_t head, tail;
    unsigned phase;
    bool ien;
    uint16_t vector;
    unsigned irq_held;    /* completions whose interrupt is held back (coalescing), */
    uint64_t irq_due_ns;  /* until then */
    unsigned sqs;         /* submission queues that complete here */
    struct cqe *held;     /* completions for which the queue has no room */
    unsigned held_count, held_cap;
    uint64_t posted, acknowledged;
};

struct segment {
    uint64_t iova;
    uint64_t len;
};

enum cmd_state { CMD_WAITING, CMD_LOST, CMD_AER, CMD_FUSED };

struct cmd {
    struct cmd *next; /* every outstanding command */
    struct cmd *prev;
    uint64_t due_ns, seq;
    int heap_at;      /* place in the heap, -1: not in it */
    enum cmd_state state;
    uint16_t sqid, cid;
    uint32_t dw[16];
    uint8_t opcode;
    bool admin;
    struct segment *segs;
    unsigned seg_count, seg_cap;
    uint64_t bytes;   /* of data */
    uint64_t meta_iova, meta_bytes; /* separate metadata */
    bool has_list;    /* its PRPs go on in a list */
    unsigned formats; /* of its namespace, when it was fetched */
    struct cmd *second; /* of a fused pair whose first this is */
    uint16_t status;
    uint32_t result;
    const struct model_rule *rule;
};

/* A completion that comes once more. */
struct echo {
    uint64_t due_ns;
    uint16_t cqid;
    struct cqe cqe;
};

/* A torn completion waits for its other half. */
struct repair {
    uint64_t due_ns, iova;
    uint32_t dw0, dw2;
};

enum block_state { BLOCK_WRITTEN, BLOCK_DEALLOCATED, BLOCK_UNREADABLE };

struct media {
    uint64_t *keys; /* lba + 1, 0: free */
    uint8_t **blocks; /* data, then metadata */
    uint8_t *states;
    uint64_t cap, used;
    uint32_t fill; /* what blocks that were never written read as, again and again */
};

/* The volatile cache, turned round: what the blocks written since the last flush were before
 * (model_cache.c). */
struct cached {
    uint64_t lba;
    uint8_t *before; /* data, then metadata */
    uint8_t state;   /* an enum block_state, */
    bool known;      /* if it was in the table */
};

struct cache {
    struct cached *blocks;
    unsigned count, room;
};

/* What SMART counts, in units of 512 bytes and commands. */
struct usage {
    uint64_t units_read, units_written, reads, writes;
};

struct registrant {
    uint8_t host[16];
    uint64_t key;
    uint16_t cntlid;
    bool holder; /* unless all registrants are */
};

struct reservation {
    uint32_t generation;
    uint8_t type; /* 0: nobody holds it */
    bool ptpl;
    struct registrant registrants[8];
    unsigned count;
};

struct ns {
    bool streams_enabled;
    uint16_t streams; /* allocated to it */
    struct model_ns_config cfg;
    struct reservation reservation;
    struct media media;
    struct cache cache;
    unsigned generation; /* part of its identity */
    unsigned formats;    /* times that what commands under way know of it has become wrong */
    struct usage usage;
};

/* Events of one type. */
struct event {
    bool pending; /* to be reported */
    bool masked;  /* reported, and its log page not read yet */
    uint32_t dw0; /* of the pending one */
    uint8_t lid;  /* of the one reported */
};

/* What the log pages are made of (model_log.c). All of it survives resets and power cycles, but for
 * the reporting context. */
struct logs {
    uint8_t errors[MODEL_MAX_ERRORS][64]; /* a ring: error n is at (n - 1) % MODEL_MAX_ERRORS */
    uint64_t error_count;
    uint64_t power_cycles, unsafe_shutdowns, media_errors;
    uint8_t *telemetry[2];     /* host-, controller-initiated; header and blocks; NULL: not yet */
    uint8_t *events;           /* persistent events, the oldest first, as on the wire */
    size_t events_len, events_cap;
    unsigned event_count;
    uint8_t *context;          /* the Persistent Event log as it was when established; or NULL */
    size_t context_len;
    uint8_t notices[8][16];    /* Reservation Notification pages, the oldest first */
    unsigned notice_count;
    uint64_t notices_ever;
    /* Kept by those who run these operations, shown in logs 03h, 06h and 81h. */
    uint8_t active_slot, next_slot;
    char slots[7][9];          /* firmware revisions, "" for an empty slot */
    uint8_t self_test, self_test_percent;
    uint8_t self_test_results[20][28]; /* the newest first; byte 0 is 0Fh when unused */
    uint16_t sanitize_progress, sanitize_status;
    uint32_t sanitize_cdw10, sanitize_estimates_s[6];
};

/* Host Memory Buffer. After a reset it is not enabled, and still known. */
struct hmb {
    bool enabled;
    struct segment *segs;
    unsigned seg_count;
    uint64_t list, bytes;
    uint8_t *copy; /* of what must be in it */
};

/* model_features.c: what a drive with every_feature has */
struct model_power_state {
    uint16_t mp;      /* units of 0.01 W, or of 0.0001 W with bit 0 of flags */
    uint8_t flags;    /* bit 1: non-operational */
    uint32_t enter_us, exit_us;
    uint8_t relative; /* performance and latency, 0: best */
};
#define MODEL_POWER_STATES 5
extern const struct model_power_state model_power_states[MODEL_POWER_STATES];
#define MODEL_MNTMT_K 303
#define MODEL_MXTMT_K 358

struct feature_value;

struct nvme_model {
    struct model_config cfg;
    struct model_bus bus;
    struct rng rng;
    uint64_t now_ns;
    /* registers */
    uint64_t cap;
    uint32_t cc, csts, aqa, intms;
    uint64_t asq, acq;
    uint64_t cmbmsc;
    uint8_t *cmb;
    bool aqa_set, asq_set, acq_set;
    bool gone, gone_ones, link_down, rdy_stuck, shst_stuck;
    bool bus_master_off, surprise; /* power was lost, and the host cannot know it yet */
    uint64_t blind_until;                    /* registers do not answer; 0: they do */
    bool blind_ones;
    uint64_t enabled_ns;                     /* when EN became 1 */
    uint64_t ready_at, disabled_at, shut_at; /* MODEL_NEVER: not under way */
    /* queues, [0] admin */
    struct sq **sqs;
    struct cq **cqs;
    unsigned queue_slots; /* of both arrays: identifiers that may ever exist */
    unsigned sqs_agreed, cqs_agreed; /* by Number of Queues; 0: not asked yet */
    uint64_t fetch_at;
    uint64_t shadow_base, event_base; /* 0: shadow doorbells are not configured */
    /* commands */
    struct cmd *cmds;
    unsigned cmd_count;
    struct cmd **heap;
    unsigned heap_count, heap_cap;
    uint64_t seq;
    struct repair repairs[16];
    unsigned repair_count;
    struct echo echoes[16];
    unsigned echo_count;
    uint16_t aer_count;
    struct event events[8]; /* by type */
    uint32_t changed_ns[1024]; /* since the list was read; 0 ends it */
    struct feature_value *features;
    struct hmb hmb;
    unsigned temperature_k, operational_state;
    uint64_t last_io_ns, blocks_unflushed;
    uint8_t security_data[512];
    size_t security_bytes;
    uint16_t security_specific;
    struct ns *ns;
    struct logs logs;
    struct manage manage;
    char firmware[9];     /* the revision that runs */
    uint32_t sanitize_pattern;
    unsigned generations; /* namespaces ever created */
    unsigned formats;     /* of any namespace, ever */
    struct model_rule rules[MODEL_MAX_RULES];
    unsigned rule_count, rules_fired;
    struct model_counters count;
    char notes[MODEL_MAX_NOTES][160];
    unsigned violations;
};

/* The rule that fires here, or NULL. (model_rules.c) */
struct model_rule *rules_find(struct nvme_model *m, enum model_on on, int match, int sub);
/* Does what concerns the whole controller (CFS, gone); true when the rule was of that kind. */
bool rules_apply_global(struct nvme_model *m, const struct model_rule *rule);

/* model_directive.c */
uint16_t directive_begin(struct nvme_model *m, struct cmd *cmd);
uint16_t directive_run(struct nvme_model *m, struct cmd *cmd);
uint16_t keep_alive_run(struct nvme_model *m);

/* model_cmb.c */
uint32_t cmb_register(const struct nvme_model *m, uint64_t off);
void cmb_write_control(struct nvme_model *m, uint64_t value);
/* Memory of a submission queue: lent by the host, or in the buffer if it may be. NULL: neither. */
void *cmb_or_lent(struct nvme_model *m, uint64_t address, uint64_t bytes);
bool cmb_holds(const struct nvme_model *m, uint64_t address);

/* model_queues.c */
void queues_doorbell(struct nvme_model *m, uint64_t off, uint32_t value);
void queues_fetch(struct nvme_model *m);
void queues_post(struct nvme_model *m, uint16_t cqid, const struct cqe *cqe);
void queues_drop_all(struct nvme_model *m);
/* Interrupts that coalescing has held back long enough. */
void queues_interrupt_due(struct nvme_model *m);
uint64_t queues_next_interrupt_ns(const struct nvme_model *m);
/* Looks at the shadow doorbells, if there are any. */
void queues_look_at_shadows(struct nvme_model *m);
bool queue_memory_ok(struct nvme_model *m, const char *what, uint64_t base, uint64_t bytes);
/* The queue with this identifier, or NULL. */
struct sq *sq_find(const struct nvme_model *m, uint64_t id);
struct cq *cq_find(const struct nvme_model *m, uint64_t id);
struct sq *sq_make(struct nvme_model *m, uint16_t id, uint16_t cqid, uint32_t size, uint64_t base);
struct cq *cq_make(struct nvme_model *m, uint16_t id, uint32_t size, uint64_t base, bool ien,
                   uint16_t vector);
void sq_drop(struct nvme_model *m, uint16_t id);
void cq_drop(struct nvme_model *m, uint16_t id);

/* model_commands.c */
void commands_begin(struct nvme_model *m, struct sq *sq, const uint32_t dw[16]);
void commands_finish_due(struct nvme_model *m);
void commands_complete(struct nvme_model *m, struct cmd *cmd, uint16_t status);
void commands_end_sq(struct nvme_model *m, uint16_t sqid, uint16_t status);
void commands_forget_all(struct nvme_model *m, bool scribble);
struct cmd *commands_find(struct nvme_model *m, uint16_t sqid, uint16_t cid);
uint64_t commands_next_ns(const struct nvme_model *m);
/* Completions that come once more, now. */
void commands_echo_due(struct nvme_model *m);

/* model_prp.c: fills cmd->segs; ST_OK or a status. */
uint16_t prp_walk(struct nvme_model *m, struct cmd *cmd, uint64_t bytes);
/* Notes it when the list is not what it was when the command was fetched. */
void prp_check_unchanged(struct nvme_model *m, const struct cmd *cmd);
/* Moves data; false: some of it is not lent any more (noted). limit: bytes at most. */
bool prp_to_host(struct nvme_model *m, const struct cmd *cmd, const void *data, uint64_t limit);
bool prp_from_host(struct nvme_model *m, const struct cmd *cmd, void *data, uint64_t limit);

/* model_admin.c, model_io.c: begin checks a command and walks its data pointer; run does it. */
uint16_t admin_begin(struct nvme_model *m, struct cmd *cmd);
uint16_t admin_run(struct nvme_model *m, struct cmd *cmd);
uint16_t io_begin(struct nvme_model *m, struct cmd *cmd);
uint16_t io_run(struct nvme_model *m, struct cmd *cmd);

/* model_features.c: begin and run, as above; then what the other files ask. selector: bits of CDW11
 * that choose one of several values. */
uint16_t features_begin_get(struct nvme_model *m, struct cmd *cmd);
uint16_t features_begin_set(struct nvme_model *m, struct cmd *cmd);
uint16_t features_get(struct nvme_model *m, struct cmd *cmd);
uint16_t features_set(struct nvme_model *m, struct cmd *cmd);
uint32_t features_value(const struct nvme_model *m, uint8_t fid, uint32_t nsid, uint32_t selector);
void features_reset(struct nvme_model *m, bool power_cycle);
void features_free(struct nvme_model *m);
uint64_t features_io_delay(struct nvme_model *m);
uint64_t features_fingerprint(const struct nvme_model *m); /* of all that was set */
bool features_write_protected(const struct nvme_model *m, uint32_t nsid);
void features_blocks_written(struct nvme_model *m, uint64_t count, bool fua);
void features_flushed(struct nvme_model *m);
/* Whether interrupts on vector are held back, until how many completions or for how long. */
bool features_coalesces(const struct nvme_model *m, uint16_t vector, unsigned *count,
                        uint64_t *time_ns);

/* model_hmb.c */
uint16_t hmb_set(struct nvme_model *m, const struct cmd *cmd);
uint16_t hmb_get(struct nvme_model *m, struct cmd *cmd);
void hmb_touch(struct nvme_model *m); /* the controller uses it */
void hmb_check_freed(struct nvme_model *m, uint64_t iova, uint64_t len);
void hmb_reset(struct nvme_model *m);
void hmb_forget(struct nvme_model *m);

/* model_events.c */
void events_report(struct nvme_model *m);
bool events_due(const struct nvme_model *m);
void events_cleared(struct nvme_model *m, uint8_t lid);
void events_fill_changed(const struct nvme_model *m, uint8_t *page);
void events_reset(struct nvme_model *m);

/* model_log.c: Get Log Page, and what the logs are made of. */
uint16_t log_begin(struct nvme_model *m, struct cmd *cmd);
uint16_t log_run(struct nvme_model *m, struct cmd *cmd);
void log_init(struct nvme_model *m);
void log_free(struct nvme_model *m);
void log_power_on(struct nvme_model *m);
void log_enabled(struct nvme_model *m); /* CC.EN has become 1 */
/* A command is about to be completed: counts it, and notes an error. */
void log_note_command(struct nvme_model *m, const struct cmd *cmd, uint16_t status);
/* A page of the Reservation Notification log. type: as in §5.14.1.16.1. */
void log_note_reservation(struct nvme_model *m, uint8_t type, uint32_t nsid);
/* The effects of a command of the specification's or of the configuration; 0: not supported. */
uint32_t log_effects_of(struct nvme_model *m, bool admin, uint8_t opcode);
/* model_log_events.c: adds a persistent event (§5.14.1.13.1); data: as the specification lays the
 * event of this type out. */
void log_event(struct nvme_model *m, uint8_t type, const void *data, unsigned len);
/* Fills the Persistent Event log as it is now, which is *len bytes; the caller frees it. */
uint8_t *log_persistent_make(struct nvme_model *m, size_t *len);
void log_note_event_of(struct nvme_model *m, const struct cmd *cmd);
uint16_t log_persistent_context(struct nvme_model *m, unsigned action);
/* model_log_smart.c */
void log_fill_smart(struct nvme_model *m, uint32_t nsid, uint8_t *p);
void log_fill_endurance(struct nvme_model *m, uint8_t *p);
void log_fill_effects(struct nvme_model *m, uint8_t *p);
void log_capture_telemetry(struct nvme_model *m, unsigned which);
size_t log_telemetry_bytes(const struct nvme_model *m);

/* model_admin.c: the answer to a command, as its rule wants it. data: cmd->bytes. */
uint16_t admin_answer(struct nvme_model *m, struct cmd *cmd, uint8_t *data);

/* model_identify.c: 4096 bytes; a status. */
uint16_t identify_fill(struct nvme_model *m, uint8_t cns, uint32_t nsid, uint8_t *page);
uint32_t identify_nn(const struct nvme_model *m);

/* model_nvm.c: commands that move data; model_ranges.c: those that do not. */
uint16_t nvm_begin_transfer(struct nvme_model *m, struct cmd *cmd, const struct ns *ns);
uint16_t nvm_read(struct nvme_model *m, struct cmd *cmd, struct ns *ns);
uint16_t nvm_write(struct nvme_model *m, struct cmd *cmd, struct ns *ns);
uint16_t nvm_compare(struct nvme_model *m, struct cmd *cmd, struct ns *ns);
uint16_t ranges_begin(struct nvme_model *m, struct cmd *cmd, const struct ns *ns);
uint16_t ranges_run(struct nvme_model *m, struct cmd *cmd, struct ns *ns);
uint64_t io_first_lba(const struct cmd *cmd);
uint64_t io_block_count(const struct cmd *cmd);

/* model_reservation.c */
uint16_t reservation_begin(struct nvme_model *m, struct cmd *cmd);
uint16_t reservation_run(struct nvme_model *m, struct cmd *cmd, struct ns *ns);
/* Whether a reservation forbids the command; a status. */
uint16_t reservation_conflict(struct nvme_model *m, const struct cmd *cmd, const struct ns *ns);
/* model_features.c: the host's identifier; true: it has all 16 bytes. */
bool features_host_id(const struct nvme_model *m, uint8_t id[16]);

/* model_security.c */
uint16_t security_begin(struct nvme_model *m, struct cmd *cmd);
uint16_t security_send(struct nvme_model *m, struct cmd *cmd);
uint16_t security_receive(struct nvme_model *m, struct cmd *cmd);
uint16_t lba_status_begin(struct nvme_model *m, struct cmd *cmd);
uint16_t lba_status(struct nvme_model *m, struct cmd *cmd);

/* model_pi.c: protection information (NVMe 1.4 §8.3). block: data, then metadata. */
struct pi_want {
    uint8_t prinfo;
    uint32_t ref; /* of the first block */
    uint16_t app, mask;
};
struct pi_want pi_want_of(const struct cmd *cmd);
/* Whether PRINFO and the tags of a command make sense; a status. */
uint16_t pi_check_fields(const struct ns *ns, const struct pi_want *want, uint64_t lba);
/* Whether the controller makes the metadata, so that none is transferred. */
bool pi_strips(const struct ns *ns, uint8_t prinfo);
uint16_t pi_check(const struct ns *ns, const struct pi_want *want, uint64_t index,
                  const uint8_t *block);
void pi_insert(const struct ns *ns, const struct pi_want *want, uint64_t index, uint8_t *block);

/* model_cache.c: what a power cut takes back. before_write: the blocks are about to change;
 * after_fua: they are on the media now. */
void cache_before_write(struct nvme_model *m, struct ns *ns, uint64_t lba, uint64_t count);
void cache_after_fua(struct ns *ns, uint64_t lba, uint64_t count);
void cache_flush(struct nvme_model *m, uint32_t nsid);
void cache_free(struct ns *ns);

/* model_media.c. A block is data and then metadata, media_bytes() long. */
struct ns *media_ns(struct nvme_model *m, uint32_t nsid);
size_t media_bytes(const struct ns *ns);
/* False: it cannot be read. */
bool media_get(struct ns *ns, uint64_t lba, uint8_t *block);
void media_put(struct ns *ns, uint64_t lba, const uint8_t *block);
/* The block as it lies there, and whether it is known at all; puts it back. */
bool media_save(const struct ns *ns, uint64_t lba, uint8_t *block, uint8_t *state);
void media_restore(struct ns *ns, uint64_t lba, const uint8_t *block, uint8_t state);
/* media_zero: data and metadata are zero. */
void media_zero(struct ns *ns, uint64_t lba, uint64_t count);
void media_deallocate(struct ns *ns, uint64_t lba, uint64_t count);
void media_spoil(struct ns *ns, uint64_t lba);
/* The first block in the range that cannot be read, or UINT64_MAX. */
uint64_t media_find_spoiled(const struct ns *ns, uint64_t lba, uint64_t count);
void media_free(struct ns *ns);

void put_le(uint8_t *at, unsigned len, uint64_t value);
