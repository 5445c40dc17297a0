/* engine/write_order.c - what a write does to the one order over events (order/order.h).
 *
 *   before \ after    no event            an event
 *   no event          -                   the position of this write
 *   an event          its entries go      it keeps its position; its entry moves when its type did
 *
 * While the index of an older table is being filled (order_fill.c), an event that has no position
 * yet stays without one, also when it is overwritten: the filling gives it its place among the
 * others. */
#include "engine/internal.h"

struct stored_item write_make_item(struct write_plan *plan, struct arena *arena,
                                   const struct item *item, size_t size)
{
    plan->order = (struct write_order){0};
    plan->order.after =
        order_takes(&plan->table->key) && order_event_of(item, &plan->order.event_after);
    return stored_item_make(arena, item, size, plan->order.after, plan->after.sealed);
}

void write_order_restored(struct write_run *run, struct write_plan *plan)
{
    struct stored_item made;

    if (plan->effect != EFFECT_STORE || !order_takes(&plan->table->key))
        return;
    made = write_make_item(plan, run->arena, plan->new_item, plan->after.size);
    if (plan->order.after && plan->after.position == 0)
        plan->after = made;
}

enum status write_order_evaluate(struct write_run *run, struct write_plan *plan)
{
    struct write_order *order = &plan->order;
    const struct item *old = NULL;
    bool was_event = false;
    enum status status = OK;

    order->before = plan->effect != EFFECT_NONE && plan->before.position != 0;
    order->after = order->after && plan->effect == EFFECT_STORE;
    if (order->before || (order->after && stored_item_exists(&plan->before))) {
        status = write_old_item(run, plan, &old);
        was_event = status == OK && order_event_of(old, &order->event_before);
    }
    if (status != OK)
        return status;
    if (order->before && !was_event)
        return CORRUPT;
    if (was_event && !order->before)
        order->after = false; /* it waits for its position */
    if (order->before)
        status = order_load(&run->order, plan->table->id, &order->event_before, &order->run_before);
    if (status == OK && order->after)
        status = order_load(&run->order, plan->table->id, &order->event_after, &order->run_after);
    return status;
}

/* Of the event as it is now. */
static uint64_t place(struct write_run *run, const struct write_plan *plan)
{
    bool keeps = plan->order.before;
    uint64_t position = keeps ? plan->before.position : plan->position;

    if (plan->after.head == NULL) /* of a restored table: it has the place of its source */
        return plan->after.position;
    if (position == 0)
        position = store_batch_position(run->batch);
    item_head_place(plan->after.head, position, keeps ? plan->before.time_ms : run->now_ms);
    return position;
}

void write_order_apply(struct write_run *run, const struct write_plan *plan)
{
    const struct write_order *order = &plan->order;
    uint64_t before = order->before ? plan->before.position : 0;
    uint64_t after = order->after ? place(run, plan) : 0;

    if (before == after && order->run_before == order->run_after)
        return;
    if (before == after) {
        order_move(&run->order, order->run_before, order->run_after, &order->event_after, after);
        return;
    }
    if (before != 0)
        order_remove(&run->order, order->run_before, &order->event_before, before);
    if (after != 0)
        order_put(&run->order, order->run_after, &order->event_after, after);
}
