/* engine/change_record.c - what a change leaves for the readers of the change stream
 * (value/change.h). Every change of an item takes a position (write.c); a record is written when
 * the table has a stream. A write that changes nothing leaves neither, as AWS. */
#include "engine/internal.h"

/* The shard of a partition: the one place that decides it. The open shards cover all hashes, so
 * when the newest has them all there is no other, and nothing is hashed. */
static uint32_t shard_of(const struct table *table, struct bytes key)
{
    const struct stream_shard *list = table->stream.shards;
    size_t count = table->stream.shard_count;
    struct bytes rest = bytes_slice(key, TABLE_ID_SIZE, key.size);

    if (list[count - 1].hash_from == 0 && list[count - 1].hash_to == UINT32_MAX)
        return list[count - 1].number;

    size_t size = key_encoded_size(rest, table->key.attributes[0].type == VALUE_N);
    const struct stream_shard *shard =
        shards_of_hash(list, count, shard_hash(bytes_slice(rest, 0, size)));

    assert(shard != NULL && "the open shards of an enabled stream cover every hash");
    return shard->number;
}

static bool view_has_new(enum stream_view view)
{
    return view == STREAM_NEW_IMAGE || view == STREAM_NEW_AND_OLD_IMAGES;
}

static bool view_has_old(enum stream_view view)
{
    return view == STREAM_OLD_IMAGE || view == STREAM_NEW_AND_OLD_IMAGES;
}

static enum change_kind kind_of(const struct write_plan *plan)
{
    if (plan->effect == EFFECT_REMOVE)
        return CHANGE_REMOVE;
    return stored_item_exists(&plan->before) ? CHANGE_MODIFY : CHANGE_INSERT;
}

static struct bytes print_keys(struct write_run *run, const struct table *table,
                               const struct item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(STORED_ITEM_SIZE_MAX);
    struct item keys = table_key_attributes(table, NULL, item, run->arena);

    item_print(&out, &keys);
    return arena_copy(run->arena, buffer_bytes(&out));
}

void change_record_put(struct write_run *run, const struct item_write *write,
                       const struct write_plan *plan)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(3 * STORED_ITEM_SIZE_MAX);
    const struct table_stream *stream = &plan->table->stream;
    uint64_t position = plan->position;
    uint8_t key[CHANGE_KEY_SIZE];

    if (!stream->enabled)
        return;

    struct change change = {.stream_id = stream->id,
                            .shard = shard_slot(shard_of(plan->table, plan->key)),
                            .position = position,
                            .kind = kind_of(plan),
                            .flags = write->change_flags,
                            .time_ms = run->now_ms,
                            .keys = print_keys(run, plan->table, &write->item)};

    if (view_has_new(stream->view) && plan->effect == EFFECT_STORE)
        change.new_image = plan->after.kept;
    if (view_has_old(stream->view))
        change.old_image = plan->before.kept;
    change.sealed = (change.new_image.size > 0 && plan->after.sealed.size > 0) ||
                    (change.old_image.size > 0 && plan->before.sealed.size > 0);
    change_encode_key(key, change.stream_id, change.shard, position);
    change_encode(&value, &change);
    assert(!buffer_failed(&value));
    store_batch_put(run->batch, STORE_CHANGES, bytes_of(key, sizeof key), buffer_bytes(&value));
    if (run->engine->change_listener.changed != NULL)
        run->engine->change_listener.changed(run->engine->change_listener.context, change.stream_id,
                                             change.shard, position);
}
