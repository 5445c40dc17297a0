/* cli/append.c - dynlog append: the next event of a stream. */
#include "cli/append.h"

#include "cli/event.h"
#include "cli/output.h"

#include <inttypes.h>

#define BODY_SIZE_MAX (ITEM_TEXT_SIZE_MAX + 4096)
#define RACE_DOUBLED_MAX 2 /* pauses between races: up to 200 ms */

static struct value number_value(int64_t number)
{
    return (struct value){.type = VALUE_N, .number = number_of_int64(number)};
}

static struct value string_value(struct bytes text)
{
    return (struct value){.type = VALUE_S, .bytes = text};
}

/* ---- where the stream is ---- */

/* 0 when it has no event. */
static enum status last_version(struct client *client, struct arena *arena, struct bytes pk,
                                int64_t *ret, struct client_answer *ret_answer)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct item values = {0};
    struct item last = {0};
    struct api_error error;
    enum status status = OK;

    item_set(arena, &values, BYTES(":pk"), string_value(pk));
    buffer_append_text(&body, "{\"TableName\":");
    json_append_string(&body, bytes_of_text(client_target(client)->table));
    buffer_append_text(&body, ",\"KeyConditionExpression\":\"pk = :pk\",\"ScanIndexForward\":false,"
                              "\"Limit\":1,\"ConsistentRead\":true,\"ProjectionExpression\":\"sk\","
                              "\"ExpressionAttributeValues\":");
    item_print(&body, &values);
    buffer_append_text(&body, "}");
    status = client_call(client, arena, "Query", buffer_bytes(&body), ret_answer);
    if (status != OK)
        return status;

    const struct json *items = json_get(ret_answer->json, "Items");

    *ret = 0;
    if (json_count(items) == 0)
        return OK;
    if (item_from_json(arena, json_at(items, 0), &last, &error) != OK)
        return REFUSED;

    const struct value *sk = item_get_text(&last, "sk");

    if (sk == NULL || sk->type != VALUE_N || !number_to_int64(&sk->number, ret)) {
        ret_answer->message = BYTES("the stream's last sort key is no whole number");
        return REFUSED;
    }
    return OK;
}

/* ---- the put ---- */

static bool condition_failed(enum status status, const struct client_answer *answer)
{
    return status == REFUSED &&
           bytes_equal_text(answer->error_name, "ConditionalCheckFailedException");
}

/* A try whose answer was lost may have been the one that wrote: then what stands there is ours. */
static enum status is_ours(struct client *client, struct arena *arena, const struct item *item,
                           bool *ret, struct client_answer *ret_answer)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct item key = {0}, there = {0};
    struct api_error error;
    enum status status = OK;

    item_set(arena, &key, BYTES("pk"), *item_get_text(item, "pk"));
    item_set(arena, &key, BYTES("sk"), *item_get_text(item, "sk"));
    buffer_append_text(&body, "{\"TableName\":");
    json_append_string(&body, bytes_of_text(client_target(client)->table));
    buffer_append_text(&body, ",\"ConsistentRead\":true,\"Key\":");
    item_print(&body, &key);
    buffer_append_text(&body, "}");
    status = client_call(client, arena, "GetItem", buffer_bytes(&body), ret_answer);
    if (status != OK)
        return status;
    *ret = item_from_json(arena, json_get(ret_answer->json, "Item"), &there, &error) == OK &&
           item_equal(item, &there);
    return OK;
}

/* CONFLICT: somebody else's event stands there. */
static enum status put(struct client *client, struct arena *arena, const struct item *item,
                       struct client_answer *ret_answer)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    bool ours = false;
    enum status status = OK;

    buffer_append_text(&body, "{\"TableName\":");
    json_append_string(&body, bytes_of_text(client_target(client)->table));
    buffer_append_text(&body, ",\"ConditionExpression\":\"attribute_not_exists(pk)\",\"Item\":");
    item_print(&body, item);
    buffer_append_text(&body, "}");
    status = client_call(client, arena, "PutItem", buffer_bytes(&body), ret_answer);
    if (!condition_failed(status, ret_answer))
        return status;
    if (ret_answer->uncertain) {
        status = is_ours(client, arena, item, &ours, ret_answer);
        if (status != OK || ours)
            return status;
    }
    return CONFLICT;
}

enum status cli_append(struct client *client, struct arena *arena, const struct append *append,
                       struct appended *ret, struct client_answer *ret_answer)
{
    int64_t at = 0;
    unsigned tries = append->expected == APPEND_NEXT ? APPEND_TRIES_MAX : 1;

    for (unsigned turn = 0; turn < tries; turn++) {
        struct item item = {0};
        enum status status = last_version(client, arena, append->pk, &at, ret_answer);

        if (status != OK)
            return status;
        ret->version = at;
        if (append->expected != APPEND_NEXT && append->expected != at)
            return CONFLICT;
        item_set(arena, &item, BYTES("pk"), string_value(append->pk));
        item_set(arena, &item, BYTES("sk"), number_value(at + 1));
        for (size_t i = 0; i < append->item.count; i++)
            item_set(arena, &item, append->item.attributes[i].name,
                     append->item.attributes[i].value);
        status = put(client, arena, &item, ret_answer);
        if (status == OK)
            *ret = (struct appended){item, at + 1};
        if (status != CONFLICT)
            return status;
        if (turn > 0 && turn + 1 < tries) /* the first race costs no time */
            client_pause(client, (unsigned)size_min(turn - 1, RACE_DOUBLED_MAX));
    }
    if (last_version(client, arena, append->pk, &at, ret_answer) == OK)
        ret->version = at;
    return CONFLICT;
}

/* ---- the command ---- */

struct append_options {
    struct target_options target;
    const char *log, *id, *type, *json_text, *expect;
    bool json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users", offsetof(struct append_options, log), false},
    {"ID", "the entity whose stream it is, for example 12", offsetof(struct append_options, id),
     false},
    {"TYPE", "what happened, for example signup", offsetof(struct append_options, type), false},
    {"JSON",
     "the payload, a JSON object; \"-\" reads it from standard input; without it {\"id\":ID}",
     offsetof(struct append_options, json_text), true},
};

static const struct option_row options[] = {
    {.name = "expect",
     .kind = OPTION_TEXT,
     .value_name = "VERSION",
     .help = "append only if the stream is at this version (none: has no event yet); else exit "
             "status 3",
     .offset = offsetof(struct append_options, expect)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "print the event as a JSON line, on a terminal too",
     .offset = offsetof(struct append_options, json)},
    TARGET_TABLE_OPTIONS(struct append_options),
    TARGET_OPTIONS(struct append_options),
};

/* All of standard input. */
static bool read_input(const struct cli *cli, struct bytes *ret, int *ret_exit)
{
    AUTO(buffer_free) struct buffer input = BUFFER_INIT(ITEM_TEXT_SIZE_MAX);
    uint8_t piece[4096];
    size_t size = 0;

    while ((size = fread(piece, 1, sizeof piece, cli->in)) > 0)
        buffer_append(&input, bytes_of(piece, size));
    if (buffer_failed(&input) || ferror(cli->in)) {
        *ret_exit = cli_fail(cli, CLI_FAILED, "Standard input can't be read: %s.",
                             buffer_failed(&input) ? "it is too large for an event" : "error");
        return false;
    }
    *ret = arena_copy(cli->arena, buffer_bytes(&input));
    return true;
}

/* The payload with its id, which comes first when it was not given. */
static bool read_payload(const struct cli *cli, const struct append_options *on, struct value *ret,
                         int *ret_exit)
{
    struct value payload = {.type = VALUE_M};
    struct bytes text = bytes_of_text(on->json_text != NULL ? on->json_text : "{}");
    struct item whole = {0};
    const struct json *json = NULL;
    struct json_error fault;
    struct api_error error;

    if (bytes_equal_text(text, "-") && !read_input(cli, &text, ret_exit))
        return false;
    if (json_parse(cli->arena, text, &json, &fault) != OK) {
        *ret_exit = cli_fail_usage(cli, "JSON is wrong in line %zu, column %zu: %s.", fault.line,
                                   fault.column, fault.message);
        return false;
    }
    if (!json_is(json, JSON_OBJECT)) {
        *ret_exit = cli_fail_usage(cli, "JSON must be an object like {\"name\":\"test\"}, not %s.",
                                   json_type_name(json));
        return false;
    }
    if (value_from_plain_json(cli->arena, json, &payload, &error) != OK) {
        *ret_exit = cli_fail_usage(cli, "JSON can't be stored: %s", error.message);
        return false;
    }
    if (item_get_text(&payload.map, "id") == NULL) {
        item_set(cli->arena, &whole, BYTES("id"), string_value(bytes_of_text(on->id)));
        for (size_t i = 0; i < payload.map.count; i++)
            item_set(cli->arena, &whole, payload.map.attributes[i].name,
                     payload.map.attributes[i].value);
        payload.map = whole;
    }
    *ret = payload;
    return true;
}

static bool read_expected(const struct cli *cli, const char *text, int64_t *ret, int *ret_exit)
{
    *ret = APPEND_NEXT;
    if (text == NULL)
        return true;
    *ret = 0;
    if (strcmp(text, "none") == 0 || (bytes_to_int64(bytes_of_text(text), ret) && *ret >= 0))
        return true;
    *ret_exit =
        cli_fail_usage(cli, "--expect needs a version (a whole number) or none, not \"%s\".", text);
    return false;
}

static int fail_race(const struct cli *cli, const struct append_options *on, int64_t expected,
                     int64_t at)
{
    if (expected == APPEND_NEXT)
        return cli_fail(cli, CLI_LOST_RACE,
                        "%s/%s is busy: %d times somebody else was first. Try again.", on->log,
                        on->id, APPEND_TRIES_MAX);
    if (expected == at) /* between reading and writing, and the reading after it failed */
        return cli_fail(cli, CLI_LOST_RACE, "%s/%s is not at version %" PRId64 " any more.",
                        on->log, on->id, expected);
    if (expected == 0)
        return cli_fail(cli, CLI_LOST_RACE, "%s/%s is at version %" PRId64 ", not new.", on->log,
                        on->id, at);
    if (at == 0)
        return cli_fail(cli, CLI_LOST_RACE,
                        "%s/%s has no event yet, it is not at version %" PRId64 ".", on->log,
                        on->id, expected);
    return cli_fail(cli, CLI_LOST_RACE, "%s/%s is at version %" PRId64 ", not %" PRId64 ".",
                    on->log, on->id, at, expected);
}

static int print_appended(struct cli *cli, const struct append_options *on,
                          const struct appended *appended)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct event event;

    cli_event_of_item(cli->arena, &appended->item, &event);
    if (!cli_for_people(cli, on->json)) {
        cli_event_print(&out, &event);
    } else {
        cli_text_show(&out, cli_event_stream(cli->arena, &event), SIZE_MAX);
        buffer_printf(&out, " version %s%" PRId64 "%s ", cli_paint(cli, cli->out, CLI_BOLD),
                      appended->version, cli_paint(cli, cli->out, CLI_PLAIN));
        cli_text_show(&out, event.type, SIZE_MAX);
    }
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int append_run(struct cli *cli, const void *given)
{
    const struct append_options *on = given;
    struct append append = {0};
    struct appended appended = {0};
    struct client_answer answer = {0};
    struct value payload;
    int exit_status = CLI_DONE;

    if (!cli_event_name(cli, on->log, on->id, &exit_status) ||
        !read_expected(cli, on->expect, &append.expected, &exit_status))
        return exit_status;
    if (on->type[0] == '\0')
        return cli_fail_usage(cli, "The type may not be empty.");
    if (!bytes_are_utf8(bytes_of_text(on->type)))
        return cli_fail_usage(cli, "The type must be UTF-8 text.");
    if (!read_payload(cli, on, &payload, &exit_status))
        return exit_status;
    append.pk = cli_event_key(cli->arena, on->log, on->id);
    item_set(cli->arena, &append.item, BYTES("type"), string_value(bytes_of_text(on->type)));
    item_set(cli->arena, &append.item, BYTES("log"), string_value(bytes_of_text(on->log)));
    item_set(cli->arena, &append.item, BYTES("payload"), payload);

    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL)
        return exit_status;

    enum status status = cli_append(client, cli->arena, &append, &appended, &answer);

    if (status == CONFLICT)
        return fail_race(cli, on, append.expected, appended.version);
    if (status != OK)
        return cli_client_fail(cli, client, status, &answer);
    return print_appended(cli, on, &appended);
}

const struct command command_append = {
    .name = "append",
    .summary = "write the next event of a stream",
    .description = "Writes the event that follows the last one of the stream, and nothing when "
                   "somebody else was first: with --expect that ends with exit status 3, without "
                   "it the next version is tried.",
    .example = "dynlog append users 12 signup '{\"name\":\"test\"}'\n"
               "dynlog append users 12 addPhoneNumber '{\"number\":\"+4670\"}' --expect 1",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct append_options),
    .run = append_run,
};
