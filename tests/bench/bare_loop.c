/*
 * tests/bench/bare_loop.c - how fast the emulated device can be: a loop that only rings and reaps.
 *
 * It is linked in the place of the shell into an image of its own (make bare-loop), so the machine
 * is started and the queue pair is created as in Carillon. From there on nothing of the driver or
 * the benchmark runs: the submission ring is filled once with reads of random blocks, and the loop
 * counts completions by their phase bit, moves the tail on and writes the doorbell. It looks at no
 * status, keeps no time of any I/O and knows no slot. What it reaches is the limit that the figures
 * of compare.py are held against.
 *
 * The script (opt/carillon/run) is a list of runs, each "DEPTH BYTES MS BATCH PAUSE_NS": I/Os in
 * flight and their size, length of the run, completions that are gathered before the doorbell is
 * rung again, and a pause before ringing (docs/bench.md, "Emulated disks"). The machine is switched
 * off after the last.
 */
#include "apps/shell/shell.h"
#include "drivers/nvme/nvme_internal.h"
#include "drivers/pci/pci.h"
#include "lib/assert.h"
#include "lib/bitfield.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/rng.h"
#include "lib/string.h"

#define TURNS_PER_CLOCK 256 /* turns of the loop between two looks at the clock */
#define DRAIN_NS        (1 * NS_PER_S)
#define TEXT_BYTES      24

enum { WORD_DEPTH, WORD_BYTES, WORD_MS, WORD_BATCH, WORD_PAUSE, WORDS };

struct bare_loop {
    const struct machine *machine;
    const volatile uint32_t *cq;
    volatile uint32_t *sq_doorbell, *cq_doorbell;
    uint32_t sq_entries, cq_entries;
    uint32_t sq_tail, cq_head, phase;
    uint32_t unacked; /* completions that the controller has not been told of */
    uint64_t pause_ns;
};

static uint64_t now_ns(const struct bare_loop *loop)
{
    return loop->machine->now_ns(loop->machine->ctx);
}

/* Every entry of the ring is a read that can be sent again and again. Those in flight at a time
 * have buffers of their own. */
static int fill_ring(const struct nvme_qpair *qp, uint32_t depth, uint64_t bytes,
                     struct dma_buf *data)
{
    const struct nvme_ns *ns = nvme_ns_at(qp->ctrlr, 0);
    struct rng rng;
    uint64_t nlb = bytes >> ns->block_shift;
    if (nlb == 0 || nlb > ns->max_blocks || depth > qp->depth) {
        return -EINVAL;
    }
    int err = nvme_dma_alloc(qp->ctrlr, depth * bytes, NVME_PAGE_BYTES, data);
    if (err) {
        return err;
    }
    rng_seed(&rng, 1);
    for (uint32_t i = 0; i < qp->sq_entries; i++) {
        const struct nvme_slot *list = &qp->slots[i % depth];
        uint64_t lba = rng_below(&rng, ns->block_count / nlb) * nlb;
        uint64_t prp1, prp2;
        nvme_prp_build(data->iova + i % depth * bytes, bytes, list->prp_list, list->prp_list_iova,
                       &prp1, &prp2);
        qp->sq[i] = (struct nvme_sqe){
            .opcode = NVME_IO_READ,
            .cid = (uint16_t)i,
            .nsid = ns->nsid,
            .prp1 = prp1,
            .prp2 = prp2,
            .cdw10 = (uint32_t)lba,
            .cdw11 = (uint32_t)(lba >> 32),
            .cdw12 = (uint32_t)nlb - 1,
        };
    }
    return 0;
}

static void open_loop(struct bare_loop *loop, const struct appliance *app,
                      const struct nvme_qpair *qp)
{
    const struct appliance_ctrlr *c = &app->ctrlrs[0];
    /* Registers are mapped at their own address. */
    volatile uint8_t *bar = (volatile uint8_t *)(uintptr_t)c->pci->bar[0].addr;
    *loop = (struct bare_loop){
        .machine = app->machine,
        .cq = qp->cq,
        .sq_doorbell = (volatile uint32_t *)(bar + qp->sq_doorbell),
        .cq_doorbell = (volatile uint32_t *)(bar + qp->cq_doorbell),
        .sq_entries = qp->sq_entries,
        .cq_entries = qp->cq_entries,
        .sq_tail = qp->sq_tail,
        .cq_head = qp->cq_head,
        .phase = qp->cq_phase,
    };
}

static void ring(struct bare_loop *loop, uint32_t count)
{
    loop->sq_tail += count;
    if (loop->sq_tail >= loop->sq_entries) {
        loop->sq_tail -= loop->sq_entries;
    }
    __asm__ volatile("" : : : "memory");
    *loop->sq_doorbell = loop->sq_tail;
}

/* Consumes what is there. */
static uint32_t reap(struct bare_loop *loop)
{
    uint32_t n = 0;
    while ((loop->cq[4 * loop->cq_head + 3] & (uint32_t)NVME_CQE_DW3_PHASE) == loop->phase) {
        n++;
        if (++loop->cq_head == loop->cq_entries) {
            loop->cq_head = 0;
            loop->phase ^= (uint32_t)NVME_CQE_DW3_PHASE;
        }
    }
    loop->unacked += n;
    return n;
}

static void acknowledge(struct bare_loop *loop)
{
    if (loop->unacked >= loop->cq_entries / 4) {
        *loop->cq_doorbell = loop->cq_head;
        loop->unacked = 0;
    }
}

static void wait_pause(const struct bare_loop *loop)
{
    uint64_t end_ns = now_ns(loop) + loop->pause_ns;
    while (now_ns(loop) < end_ns) {
    }
}

/* I/Os per second with depth of them in flight, or 0 when the device has stopped answering. */
static uint64_t run_loop(struct bare_loop *loop, uint32_t depth, uint32_t batch, uint64_t length_ns)
{
    uint64_t done = 0;
    uint32_t reaped = 0;
    uint64_t begun_ns = now_ns(loop), end_ns = begun_ns + length_ns, last_ns;
    ring(loop, depth);
    for (uint32_t turn = 0; turn % TURNS_PER_CLOCK != 0 || now_ns(loop) < end_ns; turn++) {
        uint32_t n = reap(loop);
        reaped += n;
        if (n == 0 || reaped < batch) {
            continue;
        }
        if (loop->pause_ns > 0) {
            wait_pause(loop);
        }
        acknowledge(loop);
        ring(loop, reaped);
        done += reaped;
        reaped = 0;
    }
    last_ns = now_ns(loop);
    for (uint32_t left = depth - reaped; left > 0;) {
        left -= reap(loop);
        acknowledge(loop);
        if (now_ns(loop) > last_ns + DRAIN_NS) {
            return 0;
        }
    }
    return done * NS_PER_S / (last_ns - begun_ns);
}

/* Reads one run off the script. False at its end, or at what is not a run. */
static bool next_run(const char **script, uint64_t word[WORDS])
{
    for (unsigned i = 0; i < WORDS; i++) {
        char text[TEXT_BYTES];
        size_t len = 0;
        while (**script == ' ' || **script == '\n') {
            (*script)++;
        }
        while (**script > ' ' && len + 1 < sizeof(text)) {
            text[len++] = *(*script)++;
        }
        text[len] = '\0';
        if (parse_u64(text, &word[i]) != 0) {
            return false;
        }
    }
    return word[WORD_DEPTH] > 0 && word[WORD_DEPTH] <= UINT16_MAX &&
           word[WORD_BATCH] > 0 && word[WORD_BATCH] <= word[WORD_DEPTH];
}

/* --- the shell's place ------------------------------------------------------------------------ */

void shell_init(struct shell *sh, struct appliance *app, struct out *out)
{
    sh->app = app;
    sh->out = out;
}

void shell_run_script(struct shell *sh, const char *script)
{
    const struct appliance_ctrlr *c = &sh->app->ctrlrs[0];
    struct bare_loop loop;
    struct dma_buf data;
    uint64_t word[WORDS];
    if (sh->app->ctrlr_count == 0 || c->nvme == NULL || nvme_ns_count(c->nvme) == 0) {
        out_puts(sh->out, "loop: there is no disk\n");
        return;
    }
    const struct nvme_qpair *qp = nvme_qpair_at(c->nvme, 0);
    open_loop(&loop, sh->app, qp);
    while (next_run(&script, word)) {
        int err = fill_ring(qp, (uint32_t)word[WORD_DEPTH], word[WORD_BYTES], &data);
        if (err) {
            out_printf(sh->out, "loop: no such reads: %s\n", errno_text(err));
            return;
        }
        loop.pause_ns = word[WORD_PAUSE];
        uint64_t iops = run_loop(&loop, (uint32_t)word[WORD_DEPTH], (uint32_t)word[WORD_BATCH],
                                 word[WORD_MS] * NS_PER_MS);
        nvme_dma_free(c->nvme, &data);
        out_printf(sh->out, "loop: depth=%llu batch=%llu pause=%llu read: IOPS=%llu\n",
                   (unsigned long long)word[WORD_DEPTH], (unsigned long long)word[WORD_BATCH],
                   (unsigned long long)word[WORD_PAUSE], (unsigned long long)iops);
    }
}

void shell_interact(struct shell *sh)
{
    sh->app->machine->power_off(sh->app->machine->ctx);
}
