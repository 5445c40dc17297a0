/* check/changes.c - STORE_CHANGES, held against the items: of each item that has records, these are
 * a chain, and what the last one left is what stands in STORE_ITEMS (docs/format/change.md).
 *
 *   records of one item, by position    each begins with what the one before left
 *   the last one                        NEW image = the item; REMOVE = there is none
 *   an event above the first record     has records: the reverse
 *
 * Records stand by position and items by key, so both go as hashes through the spool, where those
 * of one item meet. A closed stream's records are a chain alone: changes went on without it. */
#include "check/internal.h"

#include "value/change.h"

#include <stdlib.h>

static const struct check_kind bad_place = {
    "change-place", "readers of the change stream miss the record, or get it out of order"};
static const struct check_kind broken_chain = {
    "change-chain", "a change is not in the change stream: who follows it has missed it"};
static const struct check_kind not_the_item = {
    "change-item", "the last record of an item is not what the item is: a change is not in the "
                   "stream, or the item lost one"};
static const struct check_kind lost_changes = {
    "change-missing",
    "the event is stored, and the change stream has no record of it: triggers and "
    "mappings never saw it"};

/* ---- hashes ---- */

enum link_kind { LINK_INSERT = 1, LINK_MODIFY, LINK_REMOVE, LINK_ITEM };
enum { LINK_HAS_NEW = 1, LINK_HAS_OLD = 2, LINK_MUST = 4 /* the item must have records */ };

struct link {               /* in the spool */
    uint64_t key, position; /* of an item: behind all of its records */
    uint64_t now, before;   /* hashes of images */
    uint32_t stream_id;
    uint16_t slot;
    uint8_t kind, flags;
};

void check_changes_begin(struct check *check)
{
    check->links = spool_new(sizeof(struct link));
}

/* About a bit in eight is set when there are 16 million records: two looks let one of 60 items
 * through that has none. More records only let more through. */
#define FILTER_BITS ((size_t)1 << 27)

static void filter_add(struct check *check, uint64_t hash)
{
    if (check->changed_keys == NULL)
        check->changed_keys = mem_new(FILTER_BITS / 8);
    for (unsigned i = 0; i < 2; i++) {
        size_t bit = (hash >> (32 * i)) % FILTER_BITS;

        check->changed_keys[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
}

static bool filter_has(const struct check *check, uint64_t hash)
{
    bool has = check->changed_keys != NULL;

    for (unsigned i = 0; has && i < 2; i++) {
        size_t bit = (hash >> (32 * i)) % FILTER_BITS;

        has = (check->changed_keys[bit / 8] >> bit % 8 & 1) != 0;
    }
    return has;
}

/* item_key: with an id before it, which is none of the stream's. */
static uint64_t hash_of_key(struct check *check, uint32_t stream_id, struct bytes item_key)
{
    uint8_t *key = arena_alloc(check->scratch, item_key.size);

    memcpy(key, item_key.ptr, item_key.size);
    bytes_put_u32(key, stream_id);
    return map_hash(bytes_of(key, item_key.size));
}

/* ---- records ---- */

struct walk {
    struct check_stream *stream;
    uint32_t stream_id;
};

static struct bytes change_text(struct check *check, const struct check_stream *stream,
                                const struct change *change)
{
    return check_text(check, "table \"%.*s\", stream %u, slot %u, position %llu",
                      BYTES_ARG(stream->table.name), change->stream_id, change->shard,
                      (unsigned long long)change->position);
}

static const struct stream_shard *shard_of_slot(const struct check_stream *stream, uint16_t slot)
{
    for (size_t i = 0; i < stream->stream.shard_count; i++)
        if (shard_slot(stream->stream.shards[i].number) == slot)
            return &stream->stream.shards[i];
    return NULL;
}

/* Records of a shard that is not told of any more wait to be trimmed. */
static void check_place(struct check *check, const struct check_stream *stream,
                        const struct change *change, struct bytes item_key)
{
    const struct stream_shard *shard = shard_of_slot(stream, change->shard);
    bool number = stream->table.key.attributes[0].type == VALUE_N;
    struct bytes hash_part = bytes_slice(item_key, TABLE_ID_SIZE, item_key.size);
    uint32_t hash = shard_hash(bytes_slice(hash_part, 0, key_encoded_size(hash_part, number)));

    if (change->position > check->last_position || change->position <= stream->trimmed)
        check_find(check, &bad_place, "changes", change_text(check, stream, change),
                   check_text(check, "a position behind %llu, up to %llu",
                              (unsigned long long)stream->trimmed,
                              (unsigned long long)check->last_position),
                   check_text(check, "%llu", (unsigned long long)change->position));
    if (shard == NULL)
        return;
    if (change->position <= shard->begin || change->position > shard->end)
        check_find(check, &bad_place, "changes", change_text(check, stream, change),
                   check_text(check, "a position in (%llu, %llu] of its shard",
                              (unsigned long long)shard->begin, (unsigned long long)shard->end),
                   check_text(check, "%llu", (unsigned long long)change->position));
    if (hash < shard->hash_from || hash > shard->hash_to)
        check_find(check, &bad_place, "changes", change_text(check, stream, change),
                   check_text(check, "a partition key of its shard, with a hash from %u to %u",
                              shard->hash_from, shard->hash_to),
                   check_text(check, "%u", hash));
}

static bool wants_new(enum stream_view view, enum change_kind kind)
{
    return (view == STREAM_NEW_IMAGE || view == STREAM_NEW_AND_OLD_IMAGES) && kind != CHANGE_REMOVE;
}

static bool wants_old(enum stream_view view, enum change_kind kind)
{
    return (view == STREAM_OLD_IMAGE || view == STREAM_NEW_AND_OLD_IMAGES) && kind != CHANGE_INSERT;
}

static void check_images(struct check *check, const struct check_stream *stream,
                         const struct change *change)
{
    bool has_new = wants_new(stream->stream.view, change->kind);
    bool has_old = wants_old(stream->stream.view, change->kind);

    if (has_new == (change->new_image.size > 0) && has_old == (change->old_image.size > 0))
        return;
    check_find(check, &CHECK_DIFFERENT, "changes", change_text(check, stream, change),
               check_text(check, "%s new and %s old image, as its view and kind say",
                          has_new ? "a" : "no", has_old ? "an" : "no"),
               check_text(check, "%s new and %s old image", change->new_image.size > 0 ? "a" : "no",
                          change->old_image.size > 0 ? "an" : "no"));
}

static void put_link(struct check *check, struct check_stream *stream, const struct change *change,
                     struct bytes item_key)
{
    struct link link = {
        .key = hash_of_key(check, change->stream_id, item_key),
        .position = change->position,
        .now = map_hash(change->new_image),
        .before = map_hash(change->old_image),
        .stream_id = change->stream_id,
        .slot = change->shard,
        .kind = (uint8_t)change->kind,
        .flags = (uint8_t)((change->new_image.size > 0 ? LINK_HAS_NEW : 0) |
                           (change->old_image.size > 0 ? LINK_HAS_OLD : 0)),
    };

    spool_put(check->links, link.key, &link);
    if (stream->is_current)
        filter_add(check, link.key);
    stream->records++;
    if (change->time_ms < stream->oldest_ms)
        stream->oldest_ms = change->time_ms;
}

/* NULL: it reads; else what is wrong. */
static const char *read_keys(struct check *check, const struct check_stream *stream,
                             const struct change *change, struct buffer *item_key)
{
    struct item keys;
    struct api_error error = {0};

    if (item_decode(check->scratch, change->keys, &keys) != OK)
        return "its keys are no item";
    if (table_key(&stream->table, &keys, true, item_key, &error) != OK)
        return "its keys are not those of its table";
    return NULL;
}

static void take_change(struct check *check, struct check_stream *stream,
                        const struct change *change)
{
    AUTO(buffer_free) struct buffer item_key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    const char *wrong = read_keys(check, stream, change, &item_key);

    if (wrong != NULL) {
        check_find(check, &CHECK_UNREADABLE, "changes", change_text(check, stream, change),
                   BYTES("the key attributes of an item"), bytes_of_text(wrong));
        return;
    }
    check_place(check, stream, change, buffer_bytes(&item_key));
    check_images(check, stream, change);
    put_link(check, stream, change, buffer_bytes(&item_key));
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    struct walk *walk = context;
    struct change change;
    uint32_t stream_id = key.size == CHANGE_KEY_SIZE ? bytes_get_u32(key.ptr) : 0;
    enum status status = change_decode(key, value, &change);

    if (walk->stream_id != stream_id || stream_id == 0) {
        walk->stream = check_stream_of(check, stream_id);
        walk->stream_id = stream_id;
    }
    /* Those of a stream that was closed for a day wait to be trimmed. */
    if (status != OK)
        check_find_unreadable(check, STORE_CHANGES, key, status, "a change record");
    else if (walk->stream != NULL)
        take_change(check, walk->stream, &change);
    else if (stream_id >= check->state.next_id)
        check_find(check, &CHECK_STRAY, "changes", check_bytes_text(check, key),
                   BYTES("a record of a stream"),
                   check_text(check, "one of the id %u, which was never given", stream_id));
}

void check_changes(struct check *check)
{
    check_scan_all(check, STORE_CHANGES, take_row, &(struct walk){0});
}

/* ---- items ---- */

void check_changes_item(struct check *check, struct check_table *table, struct bytes key,
                        const struct stored_item *stored)
{
    const struct check_stream *stream = table->stream;

    if (stream == NULL || stream->records == 0)
        return;

    /* Records stay for a day, and go in the order of their positions. A position that the filling
     * of an older table's order gave is above records that were there before: its time tells. */
    bool must = stored->position > stream->trimmed && stored->time_ms > stream->oldest_ms &&
                stored->time_ms > stream->stream.created_ms &&
                stored->position > stream->stream.shards[0].begin;
    struct link link = {
        .key = hash_of_key(check, stream->stream.id, key),
        .position = UINT64_MAX,
        .now = map_hash(stored->kept),
        .stream_id = stream->stream.id,
        .kind = LINK_ITEM,
        .flags = LINK_HAS_NEW | (must ? LINK_MUST : 0),
    };

    /* Where a record can't be read, its event is not missing. */
    if (must || filter_has(check, link.key))
        spool_put(check->links, link.key, &link);
}

/* ---- where they meet ---- */

static struct bytes link_text(struct check *check, const struct link *link)
{
    const struct check_stream *stream = check_stream_of(check, link->stream_id);
    uint8_t key[CHANGE_KEY_SIZE];
    struct bytes value;
    struct change change;

    change_encode_key(key, link->stream_id, link->slot, link->position);
    if (!check_get(check, STORE_CHANGES, bytes_of(key, sizeof key), &value) ||
        change_decode(bytes_of(key, sizeof key), value, &change) != OK)
        return check_text(check, "stream %u, position %llu", link->stream_id,
                          (unsigned long long)link->position);
    return check_text(
        check, "table \"%.*s\", item %.*s, change at position %llu", BYTES_ARG(stream->table.name),
        BYTES_ARG(check_bytes_text(check, change.keys)), (unsigned long long)link->position);
}

static const char *kind_text(const struct link *link)
{
    static const char *const names[] = {"?", "INSERT", "MODIFY", "REMOVE", "the item"};

    return names[link->kind];
}

static bool leaves_item(const struct link *link)
{
    return link->kind != LINK_REMOVE;
}

static bool meets_item(const struct link *link)
{
    return link->kind != LINK_INSERT;
}

static void compare_records(struct check *check, const struct link *before, const struct link *link)
{
    if (leaves_item(before) != meets_item(link))
        check_find(check, &broken_chain, "changes", link_text(check, link),
                   check_text(check, "a change that follows %s at position %llu", kind_text(before),
                              (unsigned long long)before->position),
                   bytes_of_text(kind_text(link)));
    else if (leaves_item(before) && (before->flags & LINK_HAS_NEW) != 0 &&
             (link->flags & LINK_HAS_OLD) != 0 && before->now != link->before)
        check_find(check, &broken_chain, "changes", link_text(check, link),
                   check_text(check, "as its old image, the new one of position %llu",
                              (unsigned long long)before->position),
                   BYTES("another old image"));
}

static void compare_item(struct check *check, const struct link *last, const struct link *item)
{
    if (item == NULL && leaves_item(last))
        check_find(check, &not_the_item, "items", link_text(check, last),
                   check_text(check, "an item: its last change is %s", kind_text(last)),
                   BYTES("no item"));
    else if (item != NULL && !leaves_item(last))
        check_find(check, &not_the_item, "items", link_text(check, last),
                   BYTES("no item: its last change is REMOVE"), BYTES("an item"));
    else if (item != NULL && (last->flags & LINK_HAS_NEW) != 0 && last->now != item->now)
        check_find(check, &not_the_item, "items", link_text(check, last),
                   BYTES("the new image of its last change"), BYTES("another item"));
}

/* Records of one item, by position; behind them perhaps the item. */
static void check_chain(struct check *check, const struct link *list, size_t count)
{
    const struct link *item = list[count - 1].kind == LINK_ITEM ? &list[count - 1] : NULL;
    const struct check_stream *stream = check_stream_of(check, list[0].stream_id);
    size_t records = item != NULL ? count - 1 : count;

    arena_reset(check->scratch);
    for (size_t i = 1; i < records; i++)
        compare_records(check, &list[i - 1], &list[i]);
    if (records > 0 && stream->is_current && !check->damaged[STORE_ITEMS])
        compare_item(check, &list[records - 1], item);
    if (records == 0 && item != NULL && (item->flags & LINK_MUST) != 0 &&
        !check->damaged[STORE_CHANGES])
        check_find(check, &lost_changes, "changes",
                   check_text(check,
                              "table \"%.*s\", an event that was appended after its stream "
                              "began",
                              BYTES_ARG(stream->table.name)),
                   BYTES("a change record"), BYTES("none"));
}

static int by_key(const void *a, const void *b)
{
    const struct link *left = a, *right = b;

    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return left->position < right->position ? -1 : left->position > right->position;
}

static void check_part_of_links(struct check *check, struct link *list, size_t count)
{
    size_t from = 0;

    qsort(list, count, sizeof *list, by_key);
    for (size_t i = 1; i <= count; i++) {
        if (i < count && list[i].key == list[from].key)
            continue;
        check_chain(check, list + from, i - from);
        from = i;
    }
}

void check_links(struct check *check)
{
    for (size_t i = 0; i < SPOOL_PARTS && check->status == OK; i++) {
        void *list = NULL;
        size_t count = 0;

        check->status = spool_take(check->links, i, &list, &count);
        if (check->status == OK && count > 0)
            check_part_of_links(check, list, count);
        mem_free(list);
    }
}
