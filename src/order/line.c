/* order/line.c - which events of a stream stand in its line, and need no row; see order.h.
 *
 * Whether an event may stand at the line's end is told by three things that are near: the record of
 * the line, which most streams do not have; the item one version below; and whether that has a row.
 * Up to LOOK_BACK versions below are looked at when it is not there, so that a gap, or an event
 * that came late, does not end the line. */
#include "order/internal.h"

#define LOOK_BACK 4
#define LINE_SIZE 25

/* ---- the record ---- */

enum status order_line_read(struct bytes value, struct order_line *ret)
{
    if (value.size > 0 && value.ptr[0] > ORDER_FORMAT)
        return NEWER_FORMAT;
    if (value.size != LINE_SIZE || value.ptr[0] != ORDER_FORMAT)
        return CORRUPT;
    ret->first = bytes_get_u64(value.ptr + 1);
    ret->run = bytes_get_u64(value.ptr + 9);
    ret->floor = bytes_get_u64(value.ptr + 17);
    return ret->first >= 1 && ret->first <= ret->run ? OK : CORRUPT;
}

void order_line_print(struct buffer *out, const struct order_line *line)
{
    buffer_append_byte(out, ORDER_FORMAT);
    buffer_append_u64(out, line->first);
    buffer_append_u64(out, line->run);
    buffer_append_u64(out, line->floor);
}

bool order_line_fits(const struct order_line *line, uint64_t last_version, uint64_t last_position,
                     uint64_t version, uint64_t position)
{
    if (version < line->first || position <= last_position)
        return false;
    if (version < line->run)
        return position <= line->floor;
    return version == line->run || version == last_version + 1;
}

/* ---- what a work sees ---- */

struct keeping {
    struct store_batch *batch;
    uint32_t table_id;
    struct order_event event; /* its version: of the one that is looked at */
    struct order_line line;
};

/* False, too, when reading fails: then nothing of the group is written. */
static bool get(struct keeping *keeping, enum store_family family, struct bytes key,
                struct bytes *ret)
{
    enum status status = store_batch_get(keeping->batch, family, key, ret);

    if (status != OK && status != NOT_FOUND)
        store_batch_fail(keeping->batch, status);
    return status == OK;
}

static void load_line(struct keeping *keeping)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct bytes value;
    enum status status = OK;

    keeping->line = ORDER_LINE;
    order_key_stream(&key, keeping->table_id, keeping->event.log, keeping->event.id);
    if (get(keeping, STORE_STREAMS, buffer_bytes(&key), &value))
        status = order_line_read(value, &keeping->line);
    if (status != OK)
        store_batch_fail(keeping->batch, status);
}

static void store_line(struct keeping *keeping, struct order_line line)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(LINE_SIZE);

    order_key_stream(&key, keeping->table_id, keeping->event.log, keeping->event.id);
    order_line_print(&value, &line);
    store_batch_put(keeping->batch, STORE_STREAMS, buffer_bytes(&key), buffer_bytes(&value));
}

/* An event of that version is there, and has no row. */
static bool in_line(struct keeping *keeping, uint64_t version, uint64_t *ret_position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct item_head head;
    struct bytes value;

    if (version > INT64_MAX)
        return false;
    keeping->event.version = version;
    order_item_key(&key, keeping->table_id, &keeping->event);
    if (!get(keeping, STORE_ITEMS, buffer_bytes(&key), &value))
        return false;

    enum status status = item_head_read(value, &head);

    if (status != OK)
        store_batch_fail(keeping->batch, status);
    if (status != OK || head.position == 0)
        return false;
    *ret_position = head.position;
    order_key_stream(&key, keeping->table_id, keeping->event.log, keeping->event.id);
    buffer_append_u64(&key, head.position);
    return !get(keeping, STORE_STREAMS, buffer_bytes(&key), &value);
}

/* ---- an event comes ---- */

/* Of what is in line nothing is left at all, or all of it is below `version`. */
static bool begin_again(struct keeping *keeping, uint64_t version, uint64_t position)
{
    struct order_line line = keeping->line;

    if (line.first == line.run)
        line = (struct order_line){.first = version, .run = version};
    else if (position > line.floor && version - line.run < LOOK_BACK)
        line.run = version;
    else
        return false;
    if (line.run != keeping->line.run)
        store_line(keeping, line);
    return true;
}

/* By what stands in the store. */
static bool takes(struct keeping *keeping, uint64_t version, uint64_t position)
{
    uint64_t at = version, last = 0;

    load_line(keeping);
    if (version < keeping->line.run)
        return false;
    while (at > keeping->line.run && version - at < LOOK_BACK) {
        if (!in_line(keeping, --at, &last))
            continue;
        if (last < position && at + 1 < version)
            store_line(keeping, (struct order_line){
                                    .first = keeping->line.first, .run = version, .floor = last});
        return last < position;
    }
    if (at == keeping->line.run)
        return begin_again(keeping, version, position);
    return keeping->line.first == keeping->line.run &&
           !in_line(keeping, keeping->line.run, &last) && begin_again(keeping, version, position);
}

bool order_line_takes(struct order_work *work, uint32_t table_id, const struct order_event *event,
                      uint64_t position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct keeping keeping = {.batch = work->batch, .table_id = table_id, .event = *event};
    uint64_t end[2]; /* version, position: it is in line, and none behind it is */

    order_key_stream(&key, table_id, event->log, event->id);
    if (!store_batch_noted(work->batch, buffer_bytes(&key), end) || end[0] + 1 != event->version ||
        end[1] >= position) {
        if (!takes(&keeping, event->version, position))
            return false;
    }
    end[0] = event->version;
    end[1] = position;
    store_batch_note(work->batch, buffer_bytes(&key), end);
    return true;
}

/* ---- an event goes ---- */

static void delete_line(struct keeping *keeping)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct bytes value;

    order_key_stream(&key, keeping->table_id, keeping->event.log, keeping->event.id);
    if (get(keeping, STORE_STREAMS, buffer_bytes(&key), &value))
        store_batch_delete(keeping->batch, STORE_STREAMS, buffer_bytes(&key));
}

static void strike_end(struct keeping *keeping)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);

    order_key_stream(&key, keeping->table_id, keeping->event.log, keeping->event.id);
    store_batch_strike(keeping->batch, buffer_bytes(&key));
}

void order_line_leave(struct order_work *work, uint32_t table_id, const struct order_event *event,
                      uint64_t position)
{
    struct keeping keeping = {.batch = work->batch, .table_id = table_id, .event = *event};
    uint64_t version = event->version, next = 0;

    strike_end(&keeping);
    load_line(&keeping);

    struct order_line line = keeping.line;

    if (version == line.first)
        line.first = version + 1;
    if (version >= line.run) {
        line.run = version + 1;
        line.floor = position;
    }
    if (line.first == keeping.line.first && line.run == keeping.line.run)
        return;
    if (line.first == line.run && !in_line(&keeping, line.run, &next))
        delete_line(&keeping);
    else
        store_line(&keeping, line);
}
