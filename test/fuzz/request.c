/* Fuzz target: requests, against an api in memory that has some tables: "abc" with a partition key
 * alone, "log" with a sort key and a change stream, "idx" with indexes of both kinds, a stream and
 * a time to live; a bus, a rule and an archive with an event; a schedule "s" in a group "g"; a
 * queue "q" and one with an order, "q.fifo"; a log group "g" with a stream "s" of two events; a
 * function "f" with a version and an alias "live".
 *
 *   PutItem                                   an operation of AWS's target services (or with its
 *                                             service: AWSEvents.TagResource) ...
 *   {"TableName": "abc", ...}                 ... and its body, up to a blank line
 *
 *   + 60000                                   the clock moves on by that many milliseconds
 *
 *   GetRecords
 *   {"ShardIterator": "{{ShardIterator}}"}    the last member of that name in an answer
 *
 * Whatever the bodies: there is one answer for each, it is JSON (or empty), an error has a type and
 * a message, and what was refused has written no item and no event. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "api_in_memory.h"

#define RUNS_MAX 500  /* of one api: then everything is closed and opened again */
#define RUNS_MOVED 40 /* once the clock moved: what is asked then is looked at less closely */
#define CALLS_MAX 8   /* of one input */
#define BODY_SIZE_MAX ((size_t)1024 * 1024)
#define ADVANCE_MS_MAX ((uint64_t)3 * 24 * 60 * 60 * 1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* ---- what always holds ---- */

/* moving: dead letters that are moved take positions of their own. */
static void check_answer(const struct answer *answer, uint64_t position_before, bool moving)
{
    const struct json *json = NULL;
    struct bytes message = {NULL, 0};

    bool good = answer->http_status >= 200 && answer->http_status < 300;

    assert(good || answer->http_status == 400 || answer->http_status == 402 ||
           answer->http_status == 403 || answer->http_status == 404 || answer->http_status == 409 ||
           answer->http_status == 412 || answer->http_status == 413);
    if (good && answer->body.size == 0)
        return;
    if (json_parse(answer->arena, answer->body, &json, NULL) != OK)
        assert(false && "an answer is JSON");
    assert(json_is(json, JSON_OBJECT));
    if (good)
        return;
    message = json_string(json_get(json, "message"));
    if (message.size == 0)
        message = json_string(json_get(json, "Message"));
    assert(json_string(json_get(json, "__type")).size > 0 && message.size > 0);
    assert(on.moved || moving || store_last_position(on.store) == position_before);
}

/* "AWSEvents.TagResource": when several services have an operation of that name. */
static bool is_full_name(struct bytes name, const struct api_operation *operation)
{
    struct bytes target = bytes_of_text(operation->service->target);

    return bytes_start_with(name, target) && name.size > target.size &&
           name.ptr[target.size] == '.' &&
           bytes_equal_text(bytes_slice(name, target.size + 1, name.size), operation->name);
}

/* One of the operations that have a target, whatever the name. */
static const struct api_operation *operation_of(struct bytes name)
{
    size_t count = 0, targets = 0;
    const struct api_operation *operations = api_operations(&count);

    for (; targets < count && operations[targets].service->target != NULL; targets++)
        if (bytes_equal_text(name, operations[targets].name) ||
            is_full_name(name, &operations[targets]))
            return &operations[targets];
    return &operations[bytes_hash(name) % targets];
}

/* ---- an input ---- */

struct input {
    struct arena *arena;
    const struct json *answers[CALLS_MAX];
    size_t answer_count;
};

/* The last member of that name, however deep it stands. */
static const struct json *find_member(const struct json *json, struct bytes name)
{
    const struct json *found = NULL;

    for (struct json_iter it = json_iter(json); json_next(&it);) {
        const struct json *inside = find_member(it.value, name);

        if (json_is(json, JSON_OBJECT) && bytes_equal(it.name, name))
            found = it.value;
        else if (inside != NULL)
            found = inside;
    }
    return found;
}

static void append_member(struct buffer *out, const struct input *input, struct bytes name)
{
    const struct json *found = NULL;

    for (size_t i = input->answer_count; i > 0 && found == NULL; i--)
        found = find_member(input->answers[i - 1], name);
    if (json_is(found, JSON_STRING))
        buffer_append(out, json_string(found)); /* none of those that are asked for has a quote */
    else if (found != NULL)
        json_print(out, found);
}

/* {{ShardIterator}} becomes what an answer gave: the inside of a text, or any other value whole. */
static struct bytes expand(const struct input *input, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);

    while (text.size > 0 && !buffer_failed(&out)) {
        size_t begin = size_min(bytes_find(text, BYTES("{{")), text.size);
        struct bytes rest = bytes_slice(text, begin + 2, SIZE_MAX);
        size_t end = bytes_find(rest, BYTES("}}"));

        buffer_append(&out, bytes_slice(text, 0, begin));
        if (begin == text.size)
            break;
        if (end < 64) {
            append_member(&out, input, bytes_slice(rest, 0, end));
            text = bytes_slice(rest, end + 2, SIZE_MAX);
        } else {
            buffer_append(&out, BYTES("{{"));
            text = rest;
        }
    }
    return arena_copy(input->arena, buffer_bytes(&out));
}

static void run_call(struct input *input, struct bytes name, struct bytes body)
{
    const struct api_operation *operation = operation_of(name);
    struct bytes target =
        arena_printf(input->arena, "%s.%s", operation->service->target, operation->name);
    uint64_t before = store_last_position(on.store);
    bool moving = queues_busy(on.queues) || logs_busy(on.logs);
    struct answer answer =
        call(input->arena, arena_copy_text(input->arena, target), expand(input, body));

    check_answer(&answer, before, moving);
    if (answer.body.size == 0 ||
        json_parse(input->arena, answer.body, &input->answers[input->answer_count], NULL) == OK)
        input->answer_count += answer.body.size > 0;
    settle();
}

static void advance(struct bytes text)
{
    uint64_t by_ms = 0;

    if (!bytes_to_uint64(text, &by_ms) || by_ms > ADVANCE_MS_MAX)
        return;
    on.moved = true;
    clock_advance(on.clock, by_ms);
    timers_run(on.timers);
    settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct input input = {.arena = arena};
    struct bytes rest = bytes_of(data, size);

    if (on.api != NULL && on.runs++ >= RUNS_MAX)
        close_api();
    if (on.api == NULL)
        open_api();
    for (size_t calls = 0; calls < CALLS_MAX && (calls == 0 || rest.size > 0); calls++) {
        size_t end = size_min(bytes_find(rest, BYTES("\n\n")), rest.size);
        struct bytes one = bytes_slice(rest, 0, end);
        size_t line = size_min(bytes_find(one, BYTES("\n")), one.size);

        if (bytes_start_with(one, BYTES("+ ")))
            advance(bytes_slice(one, 2, line - 2));
        else
            run_call(&input, bytes_slice(one, 0, line), bytes_slice(one, line + 1, SIZE_MAX));
        rest = bytes_slice(rest, end + 2, SIZE_MAX);
    }
    if (on.moved) /* soon again with a clock that stands still */
        on.runs = size_max(on.runs, RUNS_MAX - RUNS_MOVED);
    return 0;
}
