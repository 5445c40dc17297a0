/* order/walk.c - the events of a stream that stand in its line, by position; see internal.h.
 *
 * Positions ascend with versions, so the first one is found by halving: in the run, where every
 * version is there, by reading items; below it, where some are not, by stepping to the next one
 * that is. Then it goes from version to version. */
#include "order/internal.h"

static enum status load_line(struct order_walk *walk)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status =
        store_get(walk->store, walk->view, STORE_STREAMS, buffer_bytes(&walk->row), &value);

    walk->line = ORDER_LINE;
    if (status == NOT_FOUND)
        return OK;
    return status == OK ? order_line_read(value.bytes, &walk->line) : status;
}

static enum status look_for_rows(struct order_walk *walk)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes prefix = arena_copy(arena, buffer_bytes(&walk->row)), key, value;

    buffer_append_u64(&walk->row, 1);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(walk->store, walk->view, STORE_STREAMS, buffer_bytes(&walk->row),
                       order_key_behind(arena, prefix), false);

    walk->row.size = prefix.size;
    walk->has_rows = store_iter_next(iter, &key, &value);
    return store_iter_status(iter);
}

void order_walk_begin(struct order_walk *walk, struct bytes log, struct bytes id)
{
    struct order_event event = {.log = log, .id = id, .version = 1};

    walk->key = walk->row = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    order_item_key(&walk->key, walk->table_id, &event);
    walk->key_size =
        4 + key_encoded_size(bytes_slice(buffer_bytes(&walk->key), 4, walk->key.size), false);
    order_key_stream(&walk->row, walk->table_id, log, id);
    walk->status = load_line(walk);
    if (walk->status == OK)
        walk->status = look_for_rows(walk);
}

void order_walk_end(struct order_walk *walk)
{
    store_value_release(&walk->value);
    buffer_free(&walk->key);
    buffer_free(&walk->row);
}

/* ---- one item ---- */

static bool fail(struct order_walk *walk, enum status status)
{
    if (walk->status == OK)
        walk->status = status;
    return false;
}

static bool has_row(struct order_walk *walk, uint64_t position)
{
    AUTO(store_value_release) struct store_value value = {0};
    size_t size = walk->row.size;

    if (!walk->has_rows)
        return false;
    buffer_append_u64(&walk->row, position);

    enum status status =
        store_get(walk->store, walk->view, STORE_STREAMS, buffer_bytes(&walk->row), &value);

    walk->row.size = size;
    if (status != OK && status != NOT_FOUND)
        fail(walk, status);
    return status == OK;
}

static struct bytes key_of(struct order_walk *walk, uint64_t version)
{
    struct number number = number_of_int64((int64_t)version);

    walk->key.size = walk->key_size;
    number_encode_key(&walk->key, &number);
    return buffer_bytes(&walk->key);
}

/* An event that stands in line; it is where the walk is then. */
static bool get(struct order_walk *walk, uint64_t version)
{
    struct item_head head;

    store_value_release(&walk->value);
    walk->value = (struct store_value){0};
    if (walk->status != OK || version > INT64_MAX)
        return false;

    enum status status =
        store_get(walk->store, walk->view, STORE_ITEMS, key_of(walk, version), &walk->value);

    if (status == NOT_FOUND)
        return false;
    if (status == OK)
        status = item_head_read(walk->value.bytes, &head);
    if (status != OK)
        return fail(walk, status);
    if (head.position == 0 || has_row(walk, head.position))
        return false;
    walk->version = version;
    walk->position = head.position;
    return walk->status == OK;
}

/* The next one in line of those items, which are below the run. */
static bool seek(struct order_walk *walk, uint64_t from, uint64_t to, bool backward)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes low = arena_copy(arena, key_of(walk, from)), key, value;
    struct bytes prefix = bytes_slice(low, 0, walk->key_size);
    struct bytes high =
        to <= INT64_MAX ? arena_copy(arena, key_of(walk, to)) : order_key_behind(arena, prefix);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(walk->store, walk->view, STORE_ITEMS, low, high, backward);

    while (walk->status == OK && store_iter_next(iter, &key, &value)) {
        struct order_event event;
        struct item_head head;
        enum status status = item_head_read(value, &head);

        if (status == OK && (head.position == 0 || has_row(walk, head.position)))
            continue;
        if (status == OK)
            status = order_event_read(walk->store, value, arena, &head, &event);
        if (status == OK && (event.version < from || event.version >= to))
            status = CORRUPT;
        return status == OK ? get(walk, event.version) : fail(walk, status);
    }
    if (store_iter_status(iter) != OK)
        fail(walk, store_iter_status(iter));
    return false;
}

/* The first one in line from that version on. */
static bool first_from(struct order_walk *walk, uint64_t version)
{
    const struct order_line *line = &walk->line;

    if (get(walk, version))
        return true;
    if (version >= line->run)
        return false;
    if (version + 1 < line->run && seek(walk, version + 1, line->run, false))
        return true;
    return get(walk, line->run);
}

/* The last one in line up to that version, which is below the run. */
static bool last_to(struct order_walk *walk, uint64_t version)
{
    return get(walk, version) ||
           (version > walk->line.first && seek(walk, walk->line.first, version, true));
}

/* ---- where it begins ---- */

/* Of the run: the last one whose position is below `position`; 0: there is none. */
static uint64_t last_of_run(struct order_walk *walk, uint64_t position)
{
    uint64_t low = walk->line.run, step = 1;

    if (!get(walk, low) || walk->position >= position)
        return 0;
    for (; get(walk, low + step) && walk->position < position; step *= 2)
        low += step;

    uint64_t high = low + step;

    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;

        if (get(walk, middle) && walk->position < position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The same below the run. */
static uint64_t last_below_run(struct order_walk *walk, uint64_t position)
{
    uint64_t low = walk->line.first, high = walk->line.run, last = 0;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (first_from(walk, middle) && walk->position < position && walk->version < high) {
            last = walk->version;
            low = last + 1;
        } else {
            high = middle;
        }
    }
    return last;
}

static bool begin_forward(struct order_walk *walk)
{
    const struct order_line *line = &walk->line;
    uint64_t last = 0;

    if (walk->after == 0)
        return first_from(walk, line->first);
    if (line->first < line->run && line->floor > walk->after) {
        last = last_below_run(walk, walk->after + 1);
        return walk->status == OK && first_from(walk, last == 0 ? line->first : last + 1);
    }
    last = last_of_run(walk, walk->after + 1);
    return get(walk, last == 0 ? line->run : last + 1);
}

static bool begin_backward(struct order_walk *walk)
{
    uint64_t before = walk->before != 0 ? walk->before : UINT64_MAX;
    uint64_t last = last_of_run(walk, before);

    if (last == 0 && walk->line.first < walk->line.run)
        last = last_below_run(walk, before);
    return last != 0 && get(walk, last);
}

/* ---- on ---- */

static bool go_on(struct order_walk *walk)
{
    if (!walk->backward)
        return first_from(walk, walk->version + 1);
    if (walk->version > walk->line.run)
        return get(walk, walk->version - 1);
    return walk->version > walk->line.first && last_to(walk, walk->version - 1);
}

bool order_walk_next(struct order_walk *walk)
{
    uint64_t last = walk->position;
    bool there = false;

    if (walk->status != OK)
        return false;
    if (walk->begun)
        there = go_on(walk);
    else
        there = walk->backward ? begin_backward(walk) : begin_forward(walk);
    if (!there || walk->status != OK)
        return false;
    if (walk->begun && (walk->backward ? walk->position >= last : walk->position <= last))
        return fail(walk, CORRUPT);
    walk->begun = true;
    return walk->backward ? walk->position > walk->after
                          : walk->before == 0 || walk->position < walk->before;
}
