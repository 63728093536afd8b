/*
 * tests/model/nvme_model.h - an NVMe 1.4 controller in software, for tests of a driver.
 *
 * It has registers, queues, admin and NVM commands, PRPs that it really walks, sparse media of any
 * size, and time of its own: nothing happens until model_step() is told that time has passed.
 * What can go wrong is data: an array of struct model_rule. And it is a referee: whatever the
 * specification forbids the host to do is noted in words as a violation.
 *
 * How to add a fault: a new enum model_action; a line in model_rules.c where rules are looked up at
 * that place (a command fetched, a completion posted, a register read or written), and the deed.
 *
 * Threads: none of its own and no state outside the object; the caller serialises access
 * (host_platform.c does, with a lock per controller).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define MODEL_MAX_NS 256
#define MODEL_NEVER UINT64_MAX
#define MODEL_ANY (-1)
#define MODEL_FOREVER 0xffffffffU

struct nvme_model;

/* What the device reaches: memory lent to it, and interrupt messages. */
struct model_bus {
    void *ctx;
    /* Memory at [iova, iova + len), or NULL when not all of it is lent to the device. */
    void *(*dma)(void *ctx, uint64_t iova, uint64_t len);
    void (*irq)(void *ctx, unsigned vec);
};

struct model_ns_config {
    uint32_t nsid;
    uint64_t blocks;
    uint8_t lbads;           /* log2 of the block size */
    uint8_t format;          /* index of the format in use, 0..15 */
    uint16_t metadata_bytes; /* per block */
    bool extended;           /* metadata follows each block in the data buffer */
    bool read_only;          /* writes end with Write Fault */
    bool detached;           /* allocated, and attached to no controller */
    uint8_t pi_type;         /* 1 to 3: end-to-end protection information in the metadata, */
    bool pi_first;           /* in its first eight bytes, not its last */
    enum { MODEL_READS_ZERO, MODEL_READS_ONES, MODEL_READS_OLD } deallocated;
    uint16_t mssrl;          /* Copy: blocks in a source range, */
    uint32_t mcl;            /* in a command, */
    uint8_t msrc_0b;         /* and ranges, zero-based */
};

/* Overwrites len (1..8) bytes of Identify data with value, little-endian. */
struct model_patch {
    uint8_t cns;
    uint32_t nsid; /* 0: any */
    uint16_t offset;
    uint8_t len;
    uint64_t value;
};

enum model_on {
    MODEL_ON_ADMIN,     /* match: opcode; sub: CDW10 7:0 (CNS, FID, LID) */
    MODEL_ON_IO,        /* match: opcode; sub: low byte of the first LBA */
    MODEL_ON_REG_READ,  /* match: offset */
    MODEL_ON_REG_WRITE, /* match: offset */
    MODEL_ON_DMA_ALLOC, /* MODEL_DO_FAIL; asked by the host platform */
};

enum model_action {
    MODEL_DO_NOTHING,
    MODEL_DO_STATUS,     /* commands: end with status value, without doing anything */
    MODEL_DO_DROP,       /* commands: never completed */
    MODEL_DO_DELAY,      /* commands: completed value ns later than usual */
    MODEL_DO_DUPLICATE,  /* commands: completed again value ns later */
    MODEL_DO_CID,        /* commands: completed under identifier value; the true one never is */
    MODEL_DO_SQID,       /* commands: completed as of submission queue value */
    MODEL_DO_RESULT,     /* commands: done as usual, but DW0 of the completion is value */
    MODEL_DO_TORN,       /* commands: DW3 with the phase is seen value ns before DW0..2 */
    MODEL_DO_LOSE_IRQ,   /* commands: completed without an interrupt */
    MODEL_DO_EXTRA_IRQ,  /* commands: an interrupt when fetched, before anything is completed */
    MODEL_DO_CORRUPT,    /* commands: the first data byte is inverted */
    MODEL_DO_FLIP,       /* reads, writes: bit number value of the data is inverted */
    MODEL_DO_SHORT,      /* commands: the second half of the data is not transferred */
    MODEL_DO_STALE,      /* reads: completed, and nothing is transferred */
    MODEL_DO_OVERRUN,    /* reads: value more bytes are written behind the data */
    MODEL_DO_FORGET,     /* writes, deallocations, flushes, aborts: completed as if done */
    MODEL_DO_MISPLACE,   /* reads, writes: done value blocks further on */
    MODEL_DO_CFS,        /* any: Controller Fatal Status; no command is processed any more */
    MODEL_DO_ALL_ONES,   /* any: the device is gone, reads give all ones */
    MODEL_DO_ALL_ZEROS,  /* any: the device is gone, reads give zero */
    MODEL_DO_BLIND_ONES, /* any: for value ns registers read all ones and take no writes, while */
    MODEL_DO_BLIND_ZEROS, /* the device goes on; the same with zeros */
    MODEL_DO_VALUE,      /* register reads: give value */
    MODEL_DO_IGNORE,     /* register writes: nothing happens */
    MODEL_DO_RDY_STUCK,  /* register writes, CC: RDY keeps its value from now on */
    MODEL_DO_SHST_STUCK, /* register writes, CC: shutdown is begun and never finished */
    MODEL_DO_FAIL,       /* allocations: -ENOMEM */
};

struct model_rule {
    enum model_on on;
    int match;      /* MODEL_ANY */
    int sub;        /* commands only; MODEL_ANY */
    unsigned nth;   /* the first match that fires, from 1; 0 is 1 */
    unsigned count; /* matches that fire from there on; 0 is 1 */
    enum model_action action;
    uint64_t value;
    unsigned seen;  /* the model's: matches so far */
    unsigned fired;
};

/* What completions say of the head of their submission queue (SQHD). */
enum model_sqhd {
    MODEL_SQHD_TRUE,
    MODEL_SQHD_LAGS,   /* what was true at the completion before */
    MODEL_SQHD_FROZEN, /* 0 for ever */
    MODEL_SQHD_JUMPS,  /* any value */
};

/* Overwrites len (1..8) bytes of a log page with value, little-endian. */
struct model_log_patch {
    uint8_t lid;
    uint16_t offset;
    uint8_t len;
    uint64_t value;
};

/* What the effects log says of an opcode of the vendor's, which then succeeds and does nothing. */
struct model_effect {
    bool admin;
    uint8_t opcode;
    uint32_t effects;
};

/* The health that the logs begin with; what happens is added. */
struct model_health {
    uint8_t critical_warning, spare, spare_threshold, percent_used;
    uint16_t sensors_k[8];
    uint32_t warning_minutes, critical_minutes;
    uint64_t power_on_hours, power_cycles, unsafe_shutdowns, media_errors;
};

/* What the drive lets be done to itself; all zero: nothing. */
struct model_offer {
    /* Format NVM */
    bool format;
    uint8_t fna;         /* as in Identify Controller */
    uint32_t lbafs[16];  /* as in Identify Namespace */
    uint8_t lbaf_count;
    uint8_t mc, dpc;     /* likewise */
    uint64_t format_ns;  /* how long it takes; then FPI tells how far it is */
    /* Sanitize */
    uint32_t sanicap;
    uint64_t sanitize_ns;  /* of one pass */
    bool sanitize_fails;   /* at its end */
    bool erase_lies;       /* fault: says that it has erased, and has not */
    /* Firmware */
    uint8_t frmw, fwug;    /* frmw 0: no commands for firmware */
    uint16_t mtfa;
    uint16_t commit_status; /* of a commit that is activated by a reset: ST_OK, or which reset */
    /* Device Self-test */
    bool self_test;
    uint16_t edstt;        /* minutes */
    uint64_t short_ns, extended_ns;
    uint8_t self_test_result; /* 0 good, 7 a segment has failed */
    /* Namespace Management */
    bool namespaces;
    uint64_t capacity_bytes, granularity_bytes;
};

struct model_config {
    /* CAP and VS */
    uint32_t mqes_0b; /* zero-based */
    unsigned dstrd, to, mpsmin, mpsmax, css, ams;
    bool cqr, nssrs;
    bool nssr_unplugs; /* a subsystem reset takes the link down: gone until model_restore() */
    uint32_t vs;
    uint64_t bar_bytes; /* 0: as much as the doorbells of the granted queues need */
    /* Identify */
    const char *serial, *model, *firmware;
    uint8_t mdts; /* log2 of pages of 1 << (12 + mpsmin) bytes; 0: no limit */
    bool directives;    /* Identify and Streams, with 4 streams for all */
    uint64_t cmb_bytes; /* controller memory buffer, in units of 4 KiB; 0: none */
    bool cmb_legacy;    /* as before 1.4: CAP.CMBS is 0, and it is there at once */
    bool cmb_no_sqs;    /* it is not for submission queues */
    bool cmb_refuses;   /* CMBSTS.CBAI, whatever the base address */
    bool volatile_cache;
    uint32_t sgls; /* Identify's SGLS; bits 1:0 not 0: I/O commands may have SGLs */
    uint8_t aerl_0b, acl_0b;
    uint32_t oaes; /* optional events that Asynchronous Event Configuration may switch on */
    uint8_t flush_all; /* VWC bits 2:1 */
    bool write_uncorrectable, verify, copy, fused, reservations, security, lba_status;
    uint16_t acwu_0b;  /* blocks of an atomic compare and write, zero-based */
    /* Identify CNS 06h, when css has bit 6 */
    uint8_t vsl, wzsl, wusl, dmrl;
    uint32_t dmrsl;
    uint64_t dmsl;
    uint32_t rtd3e_us;
    /* features (model_features.c): each one that NVMe 1.4 knows, five power states, transitions,
     * thermal management and write protection of all kinds; the temperature at which it warns */
    bool every_feature;
    unsigned warning_k;
    /* Host Memory Buffer that it asks for, in pages of 4 KiB; hmpre 0: none */
    uint32_t hmpre, hmmin, hmminds;
    uint16_t hmmaxd;
    uint32_t nn; /* 0: the highest nsid */
    uint8_t sqes, cqes;
    /* log pages */
    uint8_t lpa;             /* what Identify says; patches change only what is said */
    uint8_t elpe_0b;
    bool endurance_group;    /* one, with identifier 1 */
    bool latency_mode;       /* Predictable Latency Mode, with NVM set 1 */
    bool telemetry_waits;    /* the controller has telemetry data of its own accord */
    struct model_health health;
    const struct model_effect *effects;
    unsigned effect_count;
    const struct model_patch *patches;
    unsigned patch_count;
    const struct model_log_patch *log_patches;
    unsigned log_patch_count;
    struct model_ns_config ns[MODEL_MAX_NS];
    unsigned ns_count;
    /* resources */
    unsigned sq_grant, cq_grant; /* I/O queues granted at most */
    unsigned vectors;            /* MSI-X vectors; 0: none */
    /* the state in which the driver finds the controller */
    bool entry_enabled, entry_ready, entry_cfs;
    uint64_t entry_ready_ns; /* when entry_enabled and not ready: RDY follows then; 0: never */
    /* time */
    uint64_t latency_ns, jitter_ns; /* of a command: latency plus a random part */
    uint64_t ready_ns, disable_ns, shutdown_ns;
    unsigned fetch_burst; /* commands fetched at a time; 0: all at the doorbell */
    uint64_t fetch_ns;    /* between bursts */
    uint64_t seed;
    bool abort_works;     /* Abort ends a command that is delayed */
    enum model_sqhd sqhd;
    bool cache_loses;     /* model_power_cut() loses what the volatile cache held */
    bool shadow_doorbells; /* Doorbell Buffer Config is there */
    struct model_offer offer;
    bool shadow_deaf;      /* fault: it never looks at shadows, and asks for no register write */
};

/* A well-behaved drive: 1024 entries, 8 queue pairs and vectors, MDTS 128 KiB, one namespace of
 * 64 MiB in 512-byte blocks with nsid 1, 10 us a command. */
struct model_config model_default_config(void);

/* config is copied, but its strings and patches are borrowed. NULL: out of memory. */
struct nvme_model *model_create(const struct model_config *config, const struct model_bus *bus);
void model_destroy(struct nvme_model *m);

/* --- what a host does ------------------------------------------------------------------------- */

/* bytes: 4 or 8, the width of the access. */
uint64_t model_reg_read(struct nvme_model *m, uint64_t off, unsigned bytes);
void model_reg_write(struct nvme_model *m, uint64_t off, unsigned bytes, uint64_t value);
uint64_t model_bar_bytes(const struct nvme_model *m);

/* The controller memory buffer, for the host platform; NULL: there is none, or not so long. */
void *model_cmb(struct nvme_model *m, unsigned bar, uint64_t offset, uint64_t bytes);
#define MODEL_CMB_BAR      2
#define MODEL_CMB_BUS_ADDR UINT64_C(0x000000d000000000)

/* Memory was lent to the device, is taken back. */
void model_memory_freed(struct nvme_model *m, uint64_t iova, uint64_t len);

/* Time is now_ns: does everything that is due. model_next_ns: when something will be, or
 * MODEL_NEVER. Time never goes back. */
void model_step(struct nvme_model *m, uint64_t now_ns);
uint64_t model_next_ns(const struct nvme_model *m);

/* --- what a test does ------------------------------------------------------------------------- */

void model_add_rule(struct nvme_model *m, const struct model_rule *rule);
void model_clear_rules(struct nvme_model *m);
/* How often the rules have fired, all together. */
unsigned model_rules_fired(const struct nvme_model *m);
/* The rule that fires for an allocation, or NULL: for the host platform. */
const struct model_rule *model_rule_for_alloc(struct nvme_model *m);

/* The device is pulled out, or comes back as after power-on. */
void model_unplug(struct nvme_model *m, bool reads_all_ones);
void model_replug(struct nvme_model *m);
/* It is where it was, whatever its registers read. */
bool model_is_present(const struct nvme_model *m);
/* The drive loses its power for a moment and is there again, as after power-on. With
 * cache_loses, each block that was in the volatile cache is what it was before, or what was written
 * to it, by chance. */
void model_power_cut(struct nvme_model *m);
/* PCI's Bus Master Enable: while it is off the device fetches no command and completes none. */
void model_set_bus_master(struct nvme_model *m, bool on);
/* The configuration, for a test to change while the drive runs: what new commands see of it. */
struct model_config *model_config_now(struct nvme_model *m);
/* The host has put its configuration back. False: it is gone for other reasons. */
bool model_restore(struct nvme_model *m);
void model_set_cfs(struct nvme_model *m);

/* The composite temperature is this now, which can be an event. */
void model_set_temperature(struct nvme_model *m, unsigned kelvin);
/* Blocks written and neither flushed nor written with FUA nor with the volatile cache off. */
uint64_t model_blocks_unflushed(const struct nvme_model *m);

/* An interrupt without reason on vec. */
void model_spurious_irq(struct nvme_model *m, unsigned vec);

/* Ends one waiting Asynchronous Event Request with dw0; false: none is waiting. */
bool model_async_event(struct nvme_model *m, uint32_t dw0);
/* Something happens that is an event by the rules (§5.2): it is reported once a request waits for
 * it, and no event of its type was reported and not cleared yet; one of each type is remembered. An
 * event that Asynchronous Event Configuration leaves out is none. lid: the log page that clears. */
void model_raise_event(struct nvme_model *m, unsigned type, unsigned info, unsigned lid);

/* A namespace appears or changes; another host deletes it. Both raise the notice. */
void model_ns_set(struct nvme_model *m, const struct model_ns_config *ns);
void model_ns_remove(struct nvme_model *m, uint32_t nsid);
/* Gives the namespace another identity: the next one that had this identifier. */
void model_ns_new_identity(struct nvme_model *m, uint32_t nsid);

/* The health that the logs show, for a test to change while the drive runs. */
struct model_health *model_health(struct nvme_model *m);

/* The offer of the configuration, for a test to change while the drive runs. */
struct model_offer *model_offer(struct nvme_model *m);
/* The firmware revision that runs. */
const char *model_firmware(const struct nvme_model *m);
/* A number that another one has when anything that outlasts a loss of power is different: a byte of
 * a namespace, its format, a feature, firmware in a slot or on its way there, a sanitize. */
uint64_t model_fingerprint(const struct nvme_model *m);

/* Errors noted since the model was made, and the newest entry on the wire (64 bytes). */
uint64_t model_errors(const struct nvme_model *m);
const uint8_t *model_newest_error(const struct nvme_model *m);

/* The state of a self-test and a sanitize as logs 06h and 81h show it, for tests of what reads
 * them. result: 28 bytes, put before the others. */
void model_put_self_test(struct nvme_model *m, uint8_t operation, uint8_t percent,
                         const uint8_t *result);
void model_put_sanitize(struct nvme_model *m, uint16_t progress, uint16_t status, uint32_t cdw10,
                        const uint32_t estimates_s[6]);

/* Media from outside, in bytes of namespace nsid. What is written has the metadata of a block that
 * was never written; see below. */
void model_media_read(struct nvme_model *m, uint32_t nsid, uint64_t offset, void *buf, size_t len);
void model_media_write(struct nvme_model *m, uint32_t nsid, uint64_t offset, const void *buf,
                       size_t len);

/* The metadata of one block, metadata_bytes long. */
void model_metadata_read(struct nvme_model *m, uint32_t nsid, uint64_t lba, void *buf);
void model_metadata_write(struct nvme_model *m, uint32_t nsid, uint64_t lba, const void *buf);
/* Reads of the block fail from now on until it is written, as after Write Uncorrectable. */
void model_media_spoil(struct nvme_model *m, uint32_t nsid, uint64_t lba);
bool model_media_spoiled(struct nvme_model *m, uint32_t nsid, uint64_t lba);

/* Another host, whose identifier begins with the byte host, sends a reservation command (opcode)
 * with CDW10 and the two keys of its data. A status. */
uint16_t model_reserve(struct nvme_model *m, uint32_t nsid, uint8_t host, uint8_t opcode,
                       uint32_t dw10, uint64_t key, uint64_t other_key);

/* No command can touch host memory any more: disabled and done, or gone. */
bool model_is_quiet(const struct nvme_model *m);
unsigned model_outstanding(const struct nvme_model *m); /* commands fetched and not completed */
/* A command under way has some of this memory for its data. */
bool model_reaches(const struct nvme_model *m, uint64_t iova, uint64_t len);
/* Completions posted to a completion queue since it was made, and those of them that the host has
 * acknowledged by its head doorbell. False: there is no such queue. */
bool model_cq_counts(const struct nvme_model *m, unsigned cqid, uint64_t *posted,
                     uint64_t *acknowledged);

struct model_counters {
    uint64_t admin_commands, io_commands;
    uint64_t completions;
    uint64_t sq_doorbells, cq_doorbells; /* of I/O queues */
    uint64_t reg_reads, reg_writes;      /* doorbells not included */
    uint64_t irqs;
    uint64_t subsystem_resets;
    uint64_t enables;            /* CC.EN from 0 to 1 */
    uint64_t shutdowns;          /* CC.SHN set */
    uint64_t shutdowns_with_queues; /* ... while I/O queues still existed */
    uint64_t blocks_read, blocks_written, flushes;
    uint64_t deallocations, blocks_deallocated; /* Dataset Management: ranges, and their blocks */
    uint64_t keep_alives;
    unsigned sqs_in_cmb;         /* ever created there */
    uint64_t sgl_commands;       /* with an SGL */
    uint64_t dsm_ranges;         /* with any attribute */
    uint32_t dsm_attributes;     /* all that were given */
    uint64_t fua;                /* reads and writes with Force Unit Access */
    uint64_t aborts;
    uint64_t events_reported;
    uint64_t hmb_enables, hmb_returns, hmb_disables; /* Host Memory Buffer; returns: with MR */
    uint64_t shadow_configs;     /* Doorbell Buffer Config commands */
    uint64_t shadow_fetches;     /* times that a shadow showed new commands */
    uint32_t queues_asked;       /* CDW11 of the last Number of Queues */
    unsigned io_sqs, io_cqs;     /* that exist now */
    unsigned by_opcode[2][256];  /* [0] admin, [1] I/O */
};
const struct model_counters *model_counters(const struct nvme_model *m);

/* What the host did against the specification, in words. */
unsigned model_violations(const struct nvme_model *m);
const char *model_violation(const struct nvme_model *m,
                            unsigned index); /* NULL past the last kept */
void model_forgive(struct nvme_model *m);
/* For the host platform, which referees memory and interrupts. */
void model_violate(struct nvme_model *m, const char *fmt, ...) printf_like(2, 3);
