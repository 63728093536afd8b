/*
 * tests/model/world_steps.c - what can happen in one step of a schedule.
 */
#include "tests/model/world.h"

#include <string.h>

#include "drivers/nvme/nvme_events.h"
#include "lib/errno.h"
#include "tests/model/model_spec.h"

static struct nvme_model *model(struct world *w)
{
    return w->r.hp->model;
}

static uint64_t now(struct world *w)
{
    return host_clock_peek(&w->r.clock);
}

static bool in_weather(struct world *w, enum world_weather weather)
{
    return w->weather == weather || w->weather == WORLD_MIXED;
}

/* --- I/O -------------------------------------------------------------------------------------- */

static void io_done(struct nvme_io *io)
{
    struct world_op *op = container_of(io, struct world_op, io);
    struct nvme_model *m = op->world->r.hp->model;

    op->done++;
    op->early |= model_reaches(m, op->buf.iova, op->buf.len);
    if (io->err && !io->status) { /* without an answer: that is by a reset */
        op->early |= !model_is_quiet(m);
    }
}

static void fill(struct world *w, const struct world_op *op)
{
    size_t bytes = w->ns->block_bytes;
    uint8_t *data = (uint8_t *)op->buf.va + (op->io.iova - op->buf.iova);

    for (uint32_t i = 0; i < op->io.nlb; i++) {
        if (op->io.opcode == NVME_IO_WRITE) {
            reference_fill(data + i * bytes, bytes, op->io.lba + i, op->id);
        } else {
            memset(data + i * bytes, 0x77, bytes);
        }
    }
}

static uint8_t pick_opcode(struct world *w)
{
    uint64_t dice = world_pick(w, 16);

    if (dice == 0) {
        return NVME_IO_DSM;
    }
    if (dice <= 2) {
        return NVME_IO_FLUSH;
    }
    return dice < 9 ? NVME_IO_WRITE : NVME_IO_READ;
}

static void choose_range(struct world *w, const struct nvme_qpair *qp, struct nvme_io *io)
{
    uint64_t room = ((uint64_t)20 * 1024) / w->ns->block_bytes;
    uint64_t fits = (uint64_t)w->ns->max_blocks * nvme_qpair_depth(qp);
    uint64_t most = MIN(room, fits);

    io->lba = world_pick(w, w->ns->block_count);
    most = MIN(most, w->ns->block_count - io->lba);
    io->nlb = (uint32_t)(1 + world_pick(w, most));
}

static void start_one(struct world *w)
{
    struct world_op *op = &w->ops[world_pick(w, WORLD_OPS)];
    struct nvme_qpair *qp = nvme_qpair_at(w->r.ctrlr, (unsigned)world_pick(w, WORLD_QPAIRS));

    if (op->live || !qp) {
        return;
    }
    struct nvme_io io = { .ns = w->ns, .opcode = pick_opcode(w), .done = io_done };
    bool write = io.opcode == NVME_IO_WRITE || io.opcode == NVME_IO_DSM;
    if (io.opcode != NVME_IO_FLUSH) {
        choose_range(w, qp, &io);
        io.iova = op->buf.iova + world_pick(w, 1000) * 4;
        io.flags = io.opcode == NVME_IO_WRITE && world_pick(w, 8) == 0 ? NVME_IOF_FUA : 0;
        if (!reference_may(&w->ref, io.lba, io.nlb, write)) {
            return;
        }
    }
    op->io = io;
    op->id = write ? reference_new_id(&w->ref, io.opcode == NVME_IO_DSM) : 0;
    op->power_cuts = w->power_cuts;
    op->early = false;
    fill(w, op);
    reference_flush_begins(&w->ref, &op->flush);
    int err = nvme_post(qp, &op->io);
    WORLD_MUST(w, err == 0 || err == -EAGAIN || err == -ESHUTDOWN);
    WORLD_MUST(w, err != -ESHUTDOWN || nvme_failed(w->r.ctrlr));
    if (err == 0) {
        op->live = true;
        reference_begin(&w->ref, io.lba, io.nlb, write);
        w->counts->ios++;
    }
}

static void reap_one(struct world *w)
{
    struct nvme_qpair *qp = nvme_qpair_at(w->r.ctrlr, (unsigned)world_pick(w, WORLD_QPAIRS));

    if (qp) {
        int got = nvme_reap(qp, (unsigned)(1 + world_pick(w, 12)));
        WORLD_MUST(w, got >= 0 || (got == -ESHUTDOWN && nvme_failed(w->r.ctrlr)));
        world_collect(w);
    }
}

static void ring_all(struct world *w)
{
    struct nvme_qpair *qp;

    for (unsigned i = 0; (qp = nvme_qpair_at(w->r.ctrlr, i)) != NULL; i++) {
        nvme_ring(qp);
    }
}

static void let_time_pass(struct world *w)
{
    uint64_t ns = world_pick(w, 16) ? world_pick(w, 100000) : world_pick(w, 3 * NS_PER_S);

    ring_all(w); /* what the device was never told of may well time out */
    host_clock_run_until(&w->r.clock, now(w) + ns);
}

/* --- the drive comes back --------------------------------------------------------------------- */

static void all_have_ended(struct world *w)
{
    for (unsigned i = 0; i < WORLD_OPS; i++) {
        WORLD_MUST(w, !w->ops[i].live || w->ops[i].done == 1);
    }
    world_collect(w);
}

static void forgive_device(struct world *w)
{
    model_clear_rules(model(w));
    model_set_bus_master(model(w), true);
    if (w->lie) {
        model_add_rule(model(w), w->lie);
    }
}

/* A new one with the old identifier; nothing was ever written to it. */
static void bring_namespace(struct world *w)
{
    struct model_ns_config ns = w->r.cfg.ns[0];

    model_ns_set(model(w), &ns);
    reference_init(&w->ref, (unsigned)w->blocks, w->r.cfg.volatile_cache);
    w->changed = w->absent = false;
}

/* The controller is dead: whoever still has hopes plugs the drive in again. */
static void replace(struct world *w)
{
    uint64_t began = now(w);

    w->counts->deaths++;
    nvme_detach(w->r.ctrlr);
    world_check_bound(w, began);
    w->r.ctrlr = NULL;
    all_have_ended(w);
    model_power_cut(model(w));
    reference_power_lost(&w->ref);
    w->power_cuts++;
    forgive_device(w);
    if (w->absent) {
        bring_namespace(w);
    }
    world_attach(w);
}

void world_recover(struct world *w)
{
    uint64_t began = now(w);

    w->excuse = true;
    if (world_pick(w, 4)) {
        forgive_device(w);
    }
    int err = nvme_recover(w->r.ctrlr);
    world_check_bound(w, began);
    WORLD_MUST(w, err == 0 || err == -EIO || err == -ETIMEDOUT || err == -ENODEV);
    w->counts->recoveries++;
    all_have_ended(w);
    WORLD_MUST(w, !nvme_failed(w->r.ctrlr));
    if (err) {
        replace(w);
    } else {
        WORLD_MUST(w, !w->ns->armed); /* arming ends at a reset */
        rig_arm(&w->r, w->ns);
    }
}

/* After a call that may have recovered the controller by itself, or have found it dead. */
static void look_again(struct world *w)
{
    world_collect(w);
    if (nvme_failed(w->r.ctrlr)) {
        world_recover(w);
    } else if (nvme_resume(w->r.ctrlr)) {
        all_have_ended(w);
        replace(w);
    } else if (!w->ns->armed) {
        w->excuse = true;
        rig_arm(&w->r, w->ns);
    }
}

/* Faults are over; but the power may have been lost without anybody noticing. */
static void rescan(struct world *w)
{
    forgive_device(w);
    int err = nvme_rescan_namespaces(w->r.ctrlr);

    WORLD_MUST(w, err >= 0 || w->weather == WORLD_MIXED);
    if (err < 0) {
        look_again(w);
        WORLD_MUST(w, nvme_rescan_namespaces(w->r.ctrlr) >= 0);
    }
}

void world_calm(struct world *w)
{
    forgive_device(w);
    host_clock_run_until(&w->r.clock, now(w) + 6 * NS_PER_S);
    world_drain(w);
    look_again(w);
    if (w->changed) {
        struct model_ns_config ns = w->r.cfg.ns[0];
        model_ns_set(model(w), &ns);
        rescan(w);
        w->changed = false;
    }
}

/* --- faults of commands ----------------------------------------------------------------------- */

static struct model_rule on_io(struct world *w)
{
    return (struct model_rule){ .on = MODEL_ON_IO, .match = MODEL_ANY, .sub = MODEL_ANY,
                                .nth = (unsigned)(1 + world_pick(w, 8)),
                                .count = (unsigned)(1 + world_pick(w, 3)) };
}

static void refuse(struct world *w)
{
    static const uint16_t statuses[] = { ST_UNRECOVERED_READ, ST_INTERNAL | ST_DNR, ST_INTERNAL,
                                         ST_DATA_TRANSFER, ST_WRITE_FAULT, ST_NS_NOT_READY };
    struct model_rule rule = on_io(w);

    rule.action = MODEL_DO_STATUS;
    rule.value = statuses[world_pick(w, ARRAY_SIZE(statuses))];
    model_add_rule(model(w), &rule);
}

/* And how Abort behaves, should it come to that. */
static void lose(struct world *w)
{
    struct model_rule rule = on_io(w);
    struct model_rule abort = { .on = MODEL_ON_ADMIN, .match = ADM_ABORT, .sub = MODEL_ANY,
                                .count = 3 };

    rule.action = world_pick(w, 2) ? MODEL_DO_DROP : MODEL_DO_DELAY;
    rule.value = world_pick(w, 5000) * NS_PER_MS;
    model_add_rule(model(w), &rule);
    switch (world_pick(w, 5)) {
    case 0:
        abort.action = MODEL_DO_DROP;
        break;
    case 1:
        abort.action = MODEL_DO_STATUS;
        abort.value = ST_ABORT_LIMIT;
        break;
    case 2:
        abort.action = MODEL_DO_FORGET;
        break;
    default:
        model_config_now(model(w))->abort_works = world_pick(w, 2);
        return;
    }
    model_add_rule(model(w), &abort);
}

static void complete_wrongly(struct world *w)
{
    static const enum model_action actions[] = { MODEL_DO_CID, MODEL_DO_TORN, MODEL_DO_DUPLICATE,
                                                 MODEL_DO_LOSE_IRQ, MODEL_DO_EXTRA_IRQ,
                                                 MODEL_DO_SQID };
    struct model_rule rule = on_io(w);

    rule.action = actions[world_pick(w, ARRAY_SIZE(actions))];
    if (rule.action == MODEL_DO_CID) {
        rule.value = 0x8000 + world_pick(w, 0x8000); /* nobody's, whatever is outstanding */
    } else if (rule.action == MODEL_DO_SQID) {
        rule.value = 4 + world_pick(w, 1000);
    } else {
        rule.value = world_pick(w, 3) * 500;
    }
    model_add_rule(model(w), &rule);
}

static void trouble_admin(struct world *w)
{
    static const enum model_action actions[] = { MODEL_DO_STATUS, MODEL_DO_DROP, MODEL_DO_DELAY,
                                                 MODEL_DO_DUPLICATE };
    struct model_rule rule = { .on = MODEL_ON_ADMIN, .match = MODEL_ANY, .sub = MODEL_ANY,
                               .nth = (unsigned)(1 + world_pick(w, 6)) };

    rule.action = actions[world_pick(w, ARRAY_SIZE(actions))];
    rule.value = rule.action == MODEL_DO_STATUS ? ST_INTERNAL : world_pick(w, NS_PER_S);
    model_add_rule(model(w), &rule);
}

static void fatal(struct world *w)
{
    struct model_rule rule = on_io(w);

    rule.count = 1;
    switch (world_pick(w, 4)) {
    case 0:
        model_set_bus_master(model(w), false);
        return;
    case 1:
        rule.on = MODEL_ON_REG_READ;
        rule.action = world_pick(w, 2) ? MODEL_DO_BLIND_ONES : MODEL_DO_BLIND_ZEROS;
        rule.value = world_pick(w, 300 * NS_PER_MS);
        break;
    case 2:
        rule.on = MODEL_ON_REG_WRITE;
        rule.action = MODEL_DO_CFS;
        break;
    default:
        rule.action = MODEL_DO_CFS;
        break;
    }
    model_add_rule(model(w), &rule);
}

static void trouble(struct world *w)
{
    static void (*const kinds[])(struct world *w) = { refuse, lose, complete_wrongly, fatal,
                                                      trouble_admin };
    enum world_weather weather = w->weather;

    /* In mixed weather one trouble comes on top of another. */
    if (weather != WORLD_MIXED || ++w->troubles % 6 == 0 || world_pick(w, 2)) {
        forgive_device(w);
    }
    if (weather == WORLD_MIXED) {
        kinds[world_pick(w, ARRAY_SIZE(kinds))](w);
    } else if (weather >= WORLD_REFUSALS && weather <= WORLD_FATAL) {
        kinds[weather - WORLD_REFUSALS](w);
    }
}

/* --- what happens to the drive as a whole ----------------------------------------------------- */

static void note_power_lost(struct world *w)
{
    reference_power_lost(&w->ref);
    w->power_cuts++;
    w->counts->power_cuts++;
}

static void shut_down_and_resume(struct world *w)
{
    struct reference_flush flush;
    uint64_t began = now(w);

    forgive_device(w);
    reference_flush_begins(&w->ref, &flush);
    int err = nvme_shutdown(w->r.ctrlr);
    w->excuse = true;
    all_have_ended(w);
    if (err == 0) {
        reference_flushed(&w->ref, &flush);
        if (world_pick(w, 2)) {
            model_power_cut(model(w));
            note_power_lost(w);
        }
    }
    err = nvme_resume(w->r.ctrlr);
    world_check_bound(w, began);
    if (err) {
        replace(w);
    } else {
        rig_arm(&w->r, w->ns);
    }
}

static void lose_power(struct world *w)
{
    switch (world_pick(w, 4)) {
    case 0:
        shut_down_and_resume(w);
        break;
    case 1:
        forgive_device(w);
        w->excuse = true;
        if (nvme_subsystem_reset(w->r.ctrlr) == 0) {
            all_have_ended(w);
            rig_arm(&w->r, w->ns);
        } else {
            all_have_ended(w);
            replace(w);
        }
        break;
    default:
        model_power_cut(model(w));
        note_power_lost(w);
        w->excuse = true;
        if (world_pick(w, 2)) {
            world_recover(w);
        }
        break;
    }
}

static void pull_out(struct world *w)
{
    w->counts->removals++;
    w->excuse = true;
    model_unplug(model(w), world_pick(w, 2));
    if (world_pick(w, 2)) {
        world_drain(w); /* the driver has to find it out by itself */
    } else {
        world_recover(w);
    }
}

/* --- changes ---------------------------------------------------------------------------------- */

static void change_size(struct world *w)
{
    struct model_ns_config ns = w->r.cfg.ns[0];

    ns.blocks = 1 + world_pick(w, w->blocks);
    w->changed = w->excuse = true;
    model_ns_set(model(w), &ns);
    world_drain(w);
    rescan(w);
    WORLD_MUST(w, w->ns->block_count == ns.blocks && !w->ns->gone);
    look_again(w);
}

/* It goes while it is in use, and another one comes. */
static void change_namespace(struct world *w)
{
    w->excuse = w->absent = true;
    model_ns_remove(model(w), 1);
    world_drain(w);
    rescan(w);
    if (!w->absent) {
        return; /* the controller has been replaced meanwhile, namespace and all */
    }
    WORLD_MUST(w, w->ns->gone);
    bring_namespace(w);
    rescan(w);
    w->ns = rig_ns(&w->r, 1);
    WORLD_MUST(w, w->ns && w->ns->block_count == w->blocks);
    rig_arm(&w->r, w->ns);
}

static void change_queues(struct world *w)
{
    unsigned count = (unsigned)(1 + world_pick(w, nvme_info(w->r.ctrlr)->granted_qpairs));
    uint64_t began = now(w);
    int err = nvme_qpairs_set(w->r.ctrlr, count, (unsigned)(2 + world_pick(w, 29)));

    world_check_bound(w, began);
    WORLD_MUST(w, err == 0 || err == -EBUSY || w->weather == WORLD_MIXED);
    look_again(w);
}

static void change(struct world *w)
{
    w->counts->changes++;
    switch (world_pick(w, 4)) {
    case 0:
        change_size(w);
        break;
    case 1:
        change_namespace(w);
        break;
    case 2:
        change_queues(w);
        break;
    default:
        model_raise_event(model(w), 1, 1, 2);
        break;
    }
}

/* --- one step --------------------------------------------------------------------------------- */

static void ask_admin(struct world *w)
{
    uint64_t began = now(w);
    uint8_t page[4096];
    bool aborted;
    int err = 0;

    if (world_pick(w, 2)) {
        err = nvme_identify(w->r.ctrlr, 1, 0, page, NULL);
    } else if (world_pick(w, 2)) {
        err = nvme_abort(w->r.ctrlr, (uint16_t)(1 + world_pick(w, WORLD_QPAIRS)),
                         (uint16_t)world_pick(w, 64), &aborted);
        w->excuse |= aborted;
    } else {
        (void)nvme_events_poll(w->r.ctrlr);
    }
    world_check_bound(w, began);
    WORLD_MUST(w, err == 0 || w->weather != WORLD_FINE);
    look_again(w);
}

static void something_else(struct world *w)
{
    uint64_t dice = world_pick(w, 8);

    if (dice < 2) {
        ask_admin(w);
    } else if (dice < 5) {
        trouble(w);
    } else if (dice == 5 && w->weather != WORLD_FINE) {
        world_recover(w);
    } else if (dice == 6 && in_weather(w, WORLD_POWER)) {
        lose_power(w);
    } else if (dice == 6 && w->weather == WORLD_REMOVAL) {
        pull_out(w);
    } else if (dice == 7 && in_weather(w, WORLD_CHANGES)) {
        change(w);
    } else if (dice == 7 && w->weather == WORLD_MIXED) {
        pull_out(w);
    }
}

void world_step(struct world *w)
{
    uint64_t dice = world_pick(w, 100);

    if (dice < 50) {
        start_one(w);
    } else if (dice < 62) {
        ring_all(w);
    } else if (dice < 82) {
        reap_one(w);
    } else if (dice < 94) {
        let_time_pass(w);
    } else {
        something_else(w);
    }
    if (nvme_failed(w->r.ctrlr)) {
        WORLD_MUST(w, w->weather != WORLD_FINE);
        world_recover(w);
    }
}
