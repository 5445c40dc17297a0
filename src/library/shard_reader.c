/* library/shard_reader.c - a subscription to DynamoDB itself, or another engine: its change stream
 * (DynamoDB Streams), shard by shard.
 *
 * There is nothing there that wakes: the shards are asked in turn, with a pause that grows to a
 * second while nothing comes. New shards are looked for when one ends, and now and then. An event
 * is an item that is made: what overwrites or deletes one is none. */
#include "library/server.h"
#include "library/lineage.h"

#include <inttypes.h>

#define STREAMS_TARGET "DynamoDBStreams_20120810."
#define PAUSE_MS_MIN 100
#define PAUSE_MS_MAX 1000
#define LOOK_AGAIN_NS ((uint64_t)30 * 1000000000)
#define BODY_SIZE_MAX ((size_t)64 * 1024)
#define RECORDS_MAX 1000 /* GetRecords: Limit */

struct shard_reader {
    struct dynlog_reader base;
    struct asked *asked;
    char *arn; /* of the change stream */
    char *log, *type, *id;
    struct lineage shards;
    bool began_now;   /* shards that are there at the first look are read from now on */
    uint64_t began_s; /* when that was */
    bool looked;
    uint64_t looked_ns;
    struct arena *page_arena;
    struct shard_state *at;   /* of the page, or the one that was asked last */
    struct json_iter records; /* of the page that are not given yet */
    char *next_iterator;      /* behind the page; NULL: the shard ends with it */
    bool has_page;
    bool came; /* something, in this turn over all shards */
    int64_t pause_ms;
};

/* ---- asking ---- */

static enum dynlog_status call(struct shard_reader *reader, struct arena *arena,
                               const char *operation, const struct buffer *body,
                               struct client_answer *ret, struct dynlog_error *error)
{
    const char *target =
        arena_copy_text(arena, arena_printf(arena, STREAMS_TARGET "%s", operation));
    enum status status = asked_call_streams(reader->asked, arena, target, buffer_bytes(body), ret);

    return status == OK ? DYNLOG_OK : fault_of_answer(error, &reader->asked->target, status, ret);
}

static bool is_answer(const struct client_answer *answer, const char *name)
{
    return bytes_equal_text(answer->error_name, name);
}

/* ---- which shards there are ---- */

/* One that is new to us. A reader from now on reads those of its first look from then on. */
static void take_shard(struct shard_reader *reader, const struct json *json)
{
    struct bytes id = json_get_string(json, "ShardId"),
                 parent = json_get_string(json, "ParentShardId");
    struct shard_state *shard = lineage_find(&reader->shards, id);

    if (id.size == 0 || (shard == NULL && reader->shards.count == LINEAGE_SHARDS_MAX))
        return;
    if (shard == NULL) {
        shard = lineage_add(&reader->shards, id);
        if (reader->began_now && !reader->looked)
            shard->since_s = reader->began_s;
    }
    if (parent.size > 0 && shard->parent == NULL)
        lineage_set_text(&shard->parent, parent);
    shard->named = true;
}

static enum dynlog_status look_for_shards(struct shard_reader *reader, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes last = {NULL, 0};
    enum dynlog_status status = DYNLOG_OK;

    for (struct shard_state *shard = reader->shards.first; shard != NULL; shard = shard->next)
        shard->named = false;
    do {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
        struct json_writer w = JSON_WRITER(&body);
        struct client_answer answer = {0};
        const struct json *description = NULL;

        json_begin_object(&w);
        json_member_text(&w, "StreamArn", reader->arn);
        json_member_set(&w, "ExclusiveStartShardId", last);
        json_end_object(&w);
        status = call(reader, arena, "DescribeStream", &body, &answer, error);
        if (status != DYNLOG_OK)
            return status;
        description = json_get(answer.json, "StreamDescription");
        for (struct json_iter it = json_iter(json_get(description, "Shards")); json_next(&it);)
            take_shard(reader, it.value);
        last = json_get_string(description, "LastEvaluatedShardId");
    } while (last.size > 0);
    lineage_forget_gone(&reader->shards);
    reader->looked = true;
    reader->looked_ns = clock_monotonic_ns();
    return DYNLOG_OK;
}

/* ---- one shard ---- */

static enum dynlog_status say_trimmed(struct shard_reader *reader, struct dynlog_error *error)
{
    return fault_say(error, DYNLOG_GAP,
                     "The change stream of %s keeps 24 hours, and this reader was further behind: "
                     "events are missing. Begin again at \"start\".",
                     reader->asked->target.table);
}

/* Behind what was given; else as `otherwise` says. */
static enum dynlog_status open_shard(struct shard_reader *reader, struct shard_state *shard,
                                     const char *otherwise, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    enum dynlog_status status = DYNLOG_OK;

    json_begin_object(&w);
    json_member_text(&w, "StreamArn", reader->arn);
    json_member_text(&w, "ShardId", shard->id);
    json_member_text(&w, "ShardIteratorType",
                     shard->sequence != NULL ? "AFTER_SEQUENCE_NUMBER" : otherwise);
    if (shard->sequence != NULL)
        json_member_text(&w, "SequenceNumber", shard->sequence);
    json_end_object(&w);
    status = call(reader, arena, "GetShardIterator", &body, &answer, error);
    if (status != DYNLOG_OK && is_answer(&answer, "TrimmedDataAccessException"))
        return say_trimmed(reader, error);
    if (status != DYNLOG_OK && is_answer(&answer, "ResourceNotFoundException")) {
        shard->done = true; /* it went with its day */
        return shard->sequence != NULL ? say_trimmed(reader, error) : DYNLOG_OK;
    }
    if (status == DYNLOG_OK)
        lineage_set_text(&shard->iterator, json_get_string(answer.json, "ShardIterator"));
    return status;
}

static void close_shard(struct shard_state *shard)
{
    mem_free(shard->iterator);
    shard->iterator = NULL;
}

/* The page becomes the reader's. */
static enum dynlog_status read_shard(struct shard_reader *reader, struct shard_state *shard,
                                     struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    enum dynlog_status status = DYNLOG_OK;
    struct bytes next = {NULL, 0};

    if (shard->iterator == NULL)
        status = open_shard(reader, shard, "TRIM_HORIZON", error);
    if (status != DYNLOG_OK || shard->iterator == NULL)
        return status;
    arena_reset(reader->page_arena);
    json_begin_object(&w);
    json_member_text(&w, "ShardIterator", shard->iterator);
    json_member_int(&w, "Limit", RECORDS_MAX);
    json_end_object(&w);
    status = call(reader, reader->page_arena, "GetRecords", &body, &answer, error);
    if (status != DYNLOG_OK) {
        close_shard(shard);
        if (is_answer(&answer, "ExpiredIteratorException"))
            return DYNLOG_OK; /* a new one goes on from the same place */
        return is_answer(&answer, "TrimmedDataAccessException") ? say_trimmed(reader, error)
                                                                : status;
    }
    next = json_get_string(answer.json, "NextShardIterator");
    mem_free(reader->next_iterator);
    reader->next_iterator = NULL;
    if (next.size > 0)
        lineage_set_text(&reader->next_iterator, next);
    reader->records = json_iter(json_get(answer.json, "Records"));
    reader->has_page = true;
    return DYNLOG_OK;
}

/* All of the page was given. */
static void leave_page(struct shard_reader *reader)
{
    struct shard_state *shard = reader->at;

    reader->has_page = false;
    close_shard(shard);
    if (reader->next_iterator != NULL) {
        shard->iterator = reader->next_iterator;
        reader->next_iterator = NULL;
        return;
    }
    shard->done = true;
    reader->came = true;   /* its children may have something */
    reader->looked_ns = 0; /* and may not be known yet */
}

/* ---- one record ---- */

static bool is_wanted(const char *wanted, const char *there)
{
    return wanted == NULL || strcmp(wanted, there) == 0;
}

/* False: it is no event, or not one that was asked for. */
static bool take_record(struct shard_reader *reader, const struct json *record,
                        struct dynlog_event *ret)
{
    const struct json *change = json_get(record, "dynamodb");
    struct arena *arena = reader->base.arena;
    struct api_error refusal;
    struct item item = {0};
    double seconds = 0;

    if (!json_double(json_get(change, "ApproximateCreationDateTime"), &seconds) || seconds < 0)
        seconds = 0;
    if ((uint64_t)seconds < reader->at->since_s && reader->at->sequence == NULL)
        return false;
    lineage_set_text(&reader->at->sequence, json_get_string(change, "SequenceNumber"));
    reader->came = true;
    arena_reset(arena);
    if (!bytes_equal_text(json_get_string(record, "eventName"), "INSERT") ||
        item_from_json(arena, json_get(change, "NewImage"), &item, &refusal) != OK ||
        !event_of_item(arena, &item, ret) || !is_wanted(reader->log, ret->log) ||
        !is_wanted(reader->type, ret->type) || !is_wanted(reader->id, ret->id))
        return false;
    if (ret->time_ms == 0)
        ret->time_ms = (uint64_t)(seconds * 1000);
    ret->cursor = arena_copy_text(arena, lineage_print(arena, &reader->shards));
    return true;
}

/* ---- the turn over all shards ---- */

/* The next one that may be read, behind `shard` (NULL: from the first). */
static struct shard_state *readable_after(const struct shard_reader *reader,
                                          const struct shard_state *shard)
{
    struct shard_state *next = shard == NULL ? reader->shards.first : shard->next;

    while (next != NULL && !lineage_is_readable(&reader->shards, next))
        next = next->next;
    return next;
}

/* One step: DYNLOG_OK, an event; DYNLOG_TIMED_OUT, none yet; DYNLOG_END, a whole turn brought
 * nothing. */
static enum dynlog_status step(struct shard_reader *reader, struct dynlog_event *ret,
                               struct dynlog_error *error)
{
    enum dynlog_status status = DYNLOG_OK;

    if (reader->has_page) {
        while (json_next(&reader->records))
            if (take_record(reader, reader->records.value, ret))
                return DYNLOG_OK;
        leave_page(reader);
    }
    if (reader->at == NULL &&
        (reader->looked_ns == 0 || clock_monotonic_ns() - reader->looked_ns > LOOK_AGAIN_NS)) {
        status = look_for_shards(reader, error);
        if (status != DYNLOG_OK)
            return status;
    }
    reader->at = readable_after(reader, reader->at);
    if (reader->at != NULL) {
        status = read_shard(reader, reader->at, error);
        return status == DYNLOG_OK ? DYNLOG_TIMED_OUT : status;
    }
    if (!reader->came)
        return DYNLOG_END;
    reader->came = false;
    return DYNLOG_TIMED_OUT;
}

static enum dynlog_status shard_next(struct dynlog_reader *base, int64_t wait_ms,
                                     struct dynlog_event *ret, struct dynlog_error *error)
{
    struct shard_reader *reader = CONTAINER_OF(base, struct shard_reader, base);
    struct deadline deadline = deadline_after(wait_ms);

    for (;;) {
        enum dynlog_status status = DYNLOG_OK;

        if (atomic_exchange(&base->stopped, false))
            return DYNLOG_STOPPED;
        status = step(reader, ret, error);
        if (status == DYNLOG_OK)
            reader->pause_ms = PAUSE_MS_MIN;
        if (status == DYNLOG_TIMED_OUT)
            continue;
        if ((status != DYNLOG_END && status != DYNLOG_UNREACHABLE) || wait_ms == 0)
            return status;
        if (deadline_left_ms(&deadline) == 0)
            return status == DYNLOG_END ? DYNLOG_TIMED_OUT : status;
        reader_pause(base, &deadline, &reader->pause_ms, PAUSE_MS_MAX);
    }
}

/* ---- life ---- */

static void shard_close(struct dynlog_reader *base)
{
    struct shard_reader *reader = CONTAINER_OF(base, struct shard_reader, base);

    lineage_free(&reader->shards);
    mem_free(reader->arn);
    mem_free(reader->log);
    mem_free(reader->type);
    mem_free(reader->id);
    mem_free(reader->next_iterator);
    arena_free(reader->page_arena);
    reader_release(base);
    mem_free(reader);
}

static const struct reader_kind shard_kind = {.next = shard_next, .close = shard_close};

/* The table's change stream, which must have new images. */
static enum dynlog_status find_stream(struct shard_reader *reader, struct bytes *ret_label,
                                      struct arena *arena, struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct asked *asked = reader->asked;
    struct client_answer answer = {0};
    const struct json *table = NULL, *specification = NULL;
    enum status status = OK;

    json_begin_object(&w);
    json_member_text(&w, "TableName", asked->target.table);
    json_end_object(&w);
    status =
        asked_call(asked, arena, "DynamoDB_20120810.DescribeTable", buffer_bytes(&body), &answer);
    if (status != OK)
        return fault_of_answer(error, &asked->target, status, &answer);
    table = json_get(answer.json, "Table");
    specification = json_get(table, "StreamSpecification");
    if (!json_bool(json_get(specification, "StreamEnabled")) ||
        bytes_find(json_get_string(specification, "StreamViewType"), BYTES("NEW")) == SIZE_MAX)
        return fault_say(error, DYNLOG_REFUSED,
                         "The table %s has no change stream with new images (StreamViewType "
                         "NEW_IMAGE or NEW_AND_OLD_IMAGES): it can't be followed.",
                         asked->target.table);
    lineage_set_text(&reader->arn, json_get_string(table, "LatestStreamArn"));
    *ret_label = json_get_string(table, "LatestStreamLabel");
    return DYNLOG_OK;
}

/* What has children is closed: it is done, for a reader from now on. (Whether a shard says that it
 * is closed is no good sign: there are engines whose shards say so and get records all the same.)
 */
static void pass_over_parents(struct lineage *shards)
{
    for (struct shard_state *shard = shards->first; shard != NULL; shard = shard->next) {
        struct shard_state *parent =
            shard->parent != NULL ? lineage_find(shards, bytes_of_text(shard->parent)) : NULL;

        if (parent != NULL)
            parent->done = true;
    }
}

static enum dynlog_status begin(struct shard_reader *reader, const char *from, struct bytes label,
                                struct dynlog_error *error)
{
    if (from == NULL || strcmp(from, DYNLOG_FROM_NOW) == 0) {
        reader->began_now = true;
        reader->began_s = clock_now_ms(reader->base.dynlog->clock) / 1000;
    } else if (strcmp(from, DYNLOG_FROM_START) != 0 &&
               !lineage_parse(&reader->shards, bytes_of_text(from))) {
        return fault_say(error, DYNLOG_INVALID,
                         "A subscription begins at \"start\", \"now\", or behind an event's "
                         "cursor, and \"%.100s\" is none of this change stream.",
                         from);
    }
    if (reader->shards.label != NULL &&
        !bytes_equal_text(label.size > 0 ? label : BYTES("-"), reader->shards.label))
        lineage_free(&reader->shards); /* the stream was made anew: all of it is new */
    lineage_set_text(&reader->shards.label, label.size > 0 ? label : BYTES("-"));

    enum dynlog_status status = look_for_shards(reader, error);

    if (reader->began_now && status == DYNLOG_OK)
        pass_over_parents(&reader->shards);
    for (struct shard_state *shard = reader->shards.first;
         reader->began_now && shard != NULL && status == DYNLOG_OK; shard = shard->next)
        if (!shard->done)
            status = open_shard(reader, shard, "LATEST", error);
    return status;
}

enum dynlog_status shards_subscribe(struct asked *asked,
                                    const struct dynlog_subscription *subscription,
                                    struct dynlog_reader **ret, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct shard_reader *reader = NULL;
    struct bytes label = {NULL, 0};
    enum dynlog_status status = DYNLOG_OK;

    if (subscription->name != NULL)
        return fault_say(error, DYNLOG_UNSUPPORTED,
                         "%s keeps no names: a named subscription needs a dynlog, or a folder.",
                         asked->target.url);
    reader = mem_new(sizeof *reader);
    status = reader_init(&reader->base, &shard_kind, &asked->base, true, error);
    reader->asked = asked;
    reader->page_arena = arena_new();
    reader->pause_ms = PAUSE_MS_MIN;
    reader->log = mem_copy_text(subscription->log);
    reader->type = mem_copy_text(subscription->type);
    reader->id = mem_copy_text(subscription->id);
    if (status == DYNLOG_OK)
        status = find_stream(reader, &label, arena, error);
    if (status == DYNLOG_OK)
        status = begin(reader, subscription->from, label, error);
    if (status != DYNLOG_OK) {
        shard_close(&reader->base);
        return status;
    }
    *ret = &reader->base;
    return DYNLOG_OK;
}
