/* mapping/shard.c - the shards of a mapping's stream, and their records on the way into
 * lanes; see internal.h. */
#include "mapping/internal.h"

/* ---- what a shard is at ---- */

uint64_t mapping_shard_done(const struct mapping_shard *shard)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < shard->mapping->lane_count; i++)
        if (lane_first(&shard->lanes[i]) < first)
            first = lane_first(&shard->lanes[i]);
    if (first != UINT64_MAX)
        return first - 1;
    /* its window ends with it, and it ends when its window has */
    return shard->tumbling.is_open && mapping_shard_is_read(shard) ? shard->shard.end - 1
                                                                   : shard->read_after;
}

bool mapping_shard_has_finished(const struct mapping_shard *shard)
{
    return shard->cursor >= shard->shard.end;
}

bool mapping_shard_is_read(const struct mapping_shard *shard)
{
    return shard->read_after >= shard->shard.end;
}

static struct mapping_shard *find_shard(const struct mapping *mapping, uint32_t number)
{
    size_t from = 0, to = mapping->shard_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        struct mapping_shard *shard = mapping->shards[middle];

        if (shard->shard.number == number)
            return shard;
        if (shard->shard.number < number)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

static bool is_waiting(const struct mapping_shard *shard)
{
    const struct mapping_shard *parent = find_shard(shard->mapping, shard->shard.parent);

    return parent != NULL && !mapping_shard_has_finished(parent);
}

bool mapping_shard_busy(const struct mapping_shard *shard)
{
    for (size_t i = 0; i < shard->mapping->lane_count; i++)
        if (lane_busy(&shard->lanes[i]))
            return true;
    return !shard->at_end;
}

/* Once mapping_go() has read all that there is room for, what is not read stands behind a batch
 * that is with a function or waits, or behind a parent of which the same is true. */
bool mapping_shard_moving(const struct mapping_shard *shard)
{
    bool held_up = is_waiting(shard);

    for (size_t i = 0; i < shard->mapping->lane_count; i++) {
        const struct lane *lane = &shard->lanes[i];

        if (lane_moving(lane))
            return true;
        held_up = held_up || lane_busy(lane);
    }
    return timer_is_set(&shard->read_again) || (!shard->at_end && !held_up);
}

/* ---- which shards there are ---- */

static void on_read_again(struct timer *timer)
{
    mapping_go(CONTAINER_OF(timer, struct mapping_shard, read_again)->mapping);
}

static struct mapping_shard *shard_new(struct mapping *mapping, const struct stream_shard *from)
{
    struct mapping_shard *shard = mem_new(sizeof *shard);

    shard->mapping = mapping;
    shard->shard = *from;
    shard->read_again.fire = on_read_again;
    stream_shard_id_print(mapping->settings.stream_id, from->number, shard->id);
    list_init(&shard->letters);
    tumbling_init(shard);
    shard->lanes = mem_new_array(mapping->lane_count, sizeof *shard->lanes);
    for (size_t i = 0; i < mapping->lane_count; i++)
        lane_init(&shard->lanes[i], shard);
    return shard;
}

void mapping_shard_stop(struct mapping_shard *shard)
{
    timer_cancel(shard->mapping->mappings->options.wall_timers, &shard->read_again);
    tumbling_stop(shard);
    for (size_t i = 0; i < shard->mapping->lane_count; i++)
        lane_stop(&shard->lanes[i]);
}

void mapping_shard_free(struct mapping_shard *shard)
{
    mapping_shard_stop(shard);
    for (size_t i = 0; i < shard->mapping->lane_count; i++)
        lane_free(&shard->lanes[i]);
    mem_free(shard->lanes);
    tumbling_free(shard);
    mapping_shard_free_failures(shard);
    rerun_free(&shard->rerun);
    mem_free(shard);
}

static void insert_in_order(struct mapping *mapping, struct mapping_shard *shard)
{
    size_t at = mapping->shard_count;

    if (at == mapping->shard_capacity) {
        mapping->shard_capacity = size_max(4, mapping->shard_capacity * 2);
        mapping->shards =
            mem_resize(mapping->shards, mapping->shard_capacity * sizeof(struct mapping_shard *));
    }
    for (; at > 0 && mapping->shards[at - 1]->shard.number > shard->shard.number; at--)
        mapping->shards[at] = mapping->shards[at - 1];
    mapping->shards[at] = shard;
    mapping->shard_count++;
}

/* Of a shard that begins behind what is done with, nothing is done with yet. */
static enum status add_shard(struct mapping *mapping, const struct stream_shard *from)
{
    struct mapping_shard *shard = shard_new(mapping, from);
    enum status st = mapping_cursor_load_shard(shard);

    if (st != OK) {
        mapping_shard_free(shard);
        return st;
    }
    if (shard->cursor < from->begin)
        shard->cursor = from->begin;
    shard->cursor_writing = shard->cursor; /* a write that is under way knows nothing of it */
    shard->own_writing = shard->own;
    shard->read_after = shard->cursor;
    shard->at_end = mapping_shard_is_read(shard);
    insert_in_order(mapping, shard);
    return OK;
}

/* It was read to its end, and nothing came since: that is known without a look. */
static bool has_nothing_new(const struct mapping_shard *shard)
{
    return shard->at_end && !streams_may_have(shard->mapping->mappings->options.streams,
                                              shard->mapping->settings.stream_id,
                                              shard->shard.number, shard->read_after);
}

/* A shard that is not told of any more (now NULL) closed more than a day ago: what is not read is
 * trimmed. */
static void update_shard(struct mapping_shard *shard, const struct stream_shard *now,
                         uint64_t known_to)
{
    if (now != NULL)
        shard->shard.end = now->end;
    else if (shard_is_open(&shard->shard) || !mapping_shard_is_read(shard))
        shard->shard.end = shard->read_after;
    if (!mapping_shard_is_read(shard) && has_nothing_new(shard)) {
        shard->read_after = known_to < shard->shard.end ? known_to : shard->shard.end;
        return;
    }
    shard->at_end = mapping_shard_is_read(shard);
    if (shard->at_end && !mapping_shard_has_finished(shard))
        shard->mapping->moved = true;
}

/* Both are in the order of numbers. */
static void update_shards(struct mapping *mapping, const struct stream_shards *shards)
{
    for (size_t i = 0, at = 0; i < mapping->shard_count; i++) {
        struct mapping_shard *shard = mapping->shards[i];

        while (at < shards->count && shards->list[at].number < shard->shard.number)
            at++;
        bool is_there = at < shards->count && shards->list[at].number == shard->shard.number;

        update_shard(shard, is_there ? &shards->list[at] : NULL, shards->known_to);
    }
}

enum status mapping_find_shards(struct mapping *mapping)
{
    struct mappings *mappings = mapping->mappings;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct stream_shards shards = {0};

    if (mapping->known_to > 0 && store_last_position(mappings->options.store) <= mapping->known_to)
        return OK;
    enum status st =
        streams_shards(mappings->options.streams, mapping->settings.stream_id, arena, &shards);

    if (st != OK && st != NOT_FOUND)
        return st;
    update_shards(mapping, &shards);
    for (size_t i = 0; i < shards.count; i++) {
        const struct stream_shard *shard = &shards.list[i];

        if (shard->end <= mapping->cursor_wanted || find_shard(mapping, shard->number) != NULL)
            continue;
        st = add_shard(mapping, shard);
        if (st != OK)
            return st;
    }
    mapping->known_to = shards.known_to;
    return OK;
}

/* ---- reading ---- */

/* Keys of a record are printed partition key first; which lane is by its text. Never by a hash with
 * a seed: what a test's faults draw follows from what is in which batch. */
static struct lane *lane_of(struct mapping_shard *shard, const struct change *change,
                            struct arena *arena)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(change->keys.size);
    size_t lane_count = shard->mapping->lane_count;
    const struct json *keys = NULL;

    if (lane_count == 1 || json_parse(arena, change->keys, &keys, NULL) != OK)
        return &shard->lanes[0];
    struct json_iter iter = json_iter(keys);

    if (!json_next(&iter))
        return &shard->lanes[0];
    json_print(&text, iter.value);
    return &shard->lanes[shard_hash(buffer_bytes(&text)) % lane_count];
}

/* Its text is larger than any event: it can never be handed over. */
static bool drop_large(const struct mapping_shard *shard)
{
    mapping_tell(shard->mapping,
                 BYTES("dropped a record whose text is larger than an event may be"));
    shard->mapping->moved = true;
    return true;
}

/* False when the record has to wait for a lane; no later one may overtake it. */
static bool take(struct mapping_shard *shard, const struct change *change, struct arena *arena)
{
    struct mapping *mapping = shard->mapping;
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(MAPPING_PAYLOAD_SIZE_MAX);
    struct lane *lane = lane_of(shard, change, arena);

    if (lane_is_full(lane))
        return false;
    stream_record_print(&text, change, mapping->settings.view,
                        mapping->mappings->options.place->region, mapping->settings.source_arn);
    if (buffer_failed(&text))
        return drop_large(shard);
    if (!mapping_filters_take(mapping->filters, buffer_bytes(&text), arena)) {
        lane_tell_filtered(lane, change);
        mapping->moved = true;
        return true;
    }
    if (lane_add(lane, buffer_bytes(&text), change) == OK)
        return true;
    return !lane_is_full(lane) && drop_large(shard);
}

static size_t room(const struct mapping_shard *shard)
{
    const struct mapping *mapping = shard->mapping;
    size_t records = 0;

    for (size_t i = 0; i < mapping->lane_count; i++)
        if (!lane_is_full(&shard->lanes[i]))
            records += mapping->settings.batch_size - shard->lanes[i].filling.count;
    /* who knows how many of them are taken, and by which lane */
    if (records > 0 && (mapping->filters != NULL || mapping->lane_count > 1))
        return STREAM_READ_RECORDS_MAX;
    return size_min(records, STREAM_READ_RECORDS_MAX);
}

static void read_failed(struct mapping_shard *shard, bool trimmed)
{
    struct mapping *mapping = shard->mapping;
    struct mappings *mappings = mapping->mappings;

    if (trimmed) { /* stopped for more than a day: what is left is still in order */
        uint64_t to = streams_trimmed_to(mappings->options.streams, mapping->settings.stream_id);

        mapping_tell(mapping, BYTES("records were trimmed before the function could take them"));
        shard->read_after = to < shard->shard.end ? to : shard->shard.end;
    }
    timer_set_after(mappings->options.wall_timers, &shard->read_again,
                    trimmed ? 0 : MAPPING_STORE_RETRY_MS);
}

/* One page into the lanes; true when another one may follow at once. */
static bool read_page(struct mapping_shard *shard)
{
    struct mapping *mapping = shard->mapping;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct stream_page page = {0};
    bool trimmed = false;
    struct stream_read read = {.stream_id = mapping->settings.stream_id,
                               .shard = &shard->shard,
                               .known_to = mapping->known_to,
                               .after = shard->read_after,
                               .limit = room(shard),
                               .size_max = STREAM_READ_SIZE_MAX};

    if (read.limit == 0)
        return false;
    enum status st =
        streams_read(mapping->mappings->options.streams, &read, arena, &page, &trimmed);

    if (st != OK) {
        read_failed(shard, trimmed);
        return false;
    }
    for (size_t i = 0; i < page.count; i++) {
        if (!take(shard, &page.changes[i], arena))
            return i > 0;
        shard->read_after = shard->last_record = page.changes[i].position;
    }
    shard->read_after = page.next_after;
    shard->at_end = page.at_end;
    return !page.at_end;
}

void mapping_shard_read(struct mapping_shard *shard)
{
    while (!shard->at_end && !timer_is_set(&shard->read_again) && !is_waiting(shard) &&
           read_page(shard))
        ;
    if (mapping_shard_is_read(shard) && !mapping_shard_has_finished(shard))
        shard->mapping->moved = true;
}

void mapping_shard_count(const struct mapping_shard *shard, size_t *count, bool *more)
{
    const struct mapping *mapping = shard->mapping;
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct stream_read read = {.stream_id = mapping->settings.stream_id,
                                     .shard = &shard->shard,
                                     .known_to = mapping->known_to,
                                     .after = shard->read_after,
                                     .limit = STREAM_READ_RECORDS_MAX,
                                     .size_max = STREAM_READ_SIZE_MAX};
    struct stream_page page = {0};
    bool trimmed = false;

    for (size_t i = 0; i < mapping->lane_count; i++)
        *count += lane_count(&shard->lanes[i]);
    if (shard->at_end)
        return;
    if (streams_read(mapping->mappings->options.streams, &read, arena, &page, &trimmed) != OK)
        return;
    *count += page.count;
    *more = *more || !page.at_end;
}
