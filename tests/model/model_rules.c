/*
 * tests/model/model_rules.c - faults as data: which rule fires where.
 */
#include "tests/model/model_internal.h"

#include "lib/assert.h"

void model_add_rule(struct nvme_model *m, const struct model_rule *rule)
{
    assert(m->rule_count < MODEL_MAX_RULES);
    struct model_rule *r = &m->rules[m->rule_count++];
    *r = *rule;
    r->seen = r->fired = 0;
}

void model_clear_rules(struct nvme_model *m)
{
    for (struct cmd *cmd = m->cmds; cmd; cmd = cmd->next) {
        cmd->rule = NULL;
    }
    m->rule_count = 0;
}

unsigned model_rules_fired(const struct nvme_model *m)
{
    return m->rules_fired;
}

struct model_rule *rules_find(struct nvme_model *m, enum model_on on, int match, int sub)
{
    struct model_rule *found = NULL;

    for (unsigned i = 0; i < m->rule_count; i++) {
        struct model_rule *r = &m->rules[i];
        if (r->on != on || (r->match != MODEL_ANY && r->match != match) ||
            (r->sub != MODEL_ANY && sub != MODEL_ANY && r->sub != sub)) {
            continue;
        }
        r->seen++;
        unsigned nth = r->nth ? r->nth : 1;
        unsigned count = r->count ? r->count : 1;
        if (!found && r->seen >= nth && r->seen - nth < count) {
            r->fired++;
            m->rules_fired++;
            found = r;
        }
    }
    return found;
}

bool rules_apply_global(struct nvme_model *m, const struct model_rule *rule)
{
    switch (rule ? rule->action : MODEL_DO_NOTHING) {
    case MODEL_DO_CFS:
        model_set_cfs(m);
        return true;
    case MODEL_DO_ALL_ONES:
        model_unplug(m, true);
        return true;
    case MODEL_DO_ALL_ZEROS:
        model_unplug(m, false);
        return true;
    case MODEL_DO_BLIND_ONES:
    case MODEL_DO_BLIND_ZEROS:
        m->blind_until = m->now_ns + rule->value;
        m->blind_ones = rule->action == MODEL_DO_BLIND_ONES;
        return false; /* the command goes on */
    default:
        return false;
    }
}

const struct model_rule *model_rule_for_alloc(struct nvme_model *m)
{
    return rules_find(m, MODEL_ON_DMA_ALLOC, MODEL_ANY, MODEL_ANY);
}
