/* cli/read.c - dynlog read: the events of one stream, in order. */
#include "cli/client.h"
#include "cli/event.h"
#include "cli/output.h"

#include <inttypes.h>

#define BODY_SIZE_MAX ((size_t)256 * 1024)
#define PAGE_COUNT_MAX 500 /* events a request */

struct read_options {
    struct target_options target;
    const char *log, *id;
    int64_t from, to, limit;
    bool backward, json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users", offsetof(struct read_options, log), false},
    {"ID", "the entity whose stream it is, for example 12", offsetof(struct read_options, id),
     false},
};

static const struct option_row options[] = {
    {.name = "from",
     .kind = OPTION_NUMBER,
     .value_name = "VERSION",
     .help = "only this version and later ones",
     .min = 0,
     .max = INT64_MAX,
     .offset = offsetof(struct read_options, from)},
    {.name = "to",
     .kind = OPTION_NUMBER,
     .value_name = "VERSION",
     .help = "only this version and earlier ones",
     .min = 0,
     .max = INT64_MAX,
     .number_default = INT64_MAX,
     .offset = offsetof(struct read_options, to)},
    {.name = "backward",
     .kind = OPTION_FLAG,
     .help = "the last event first",
     .offset = offsetof(struct read_options, backward)},
    {.name = "limit",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "at most so many events",
     .min = 1,
     .max = INT64_MAX,
     .number_default = INT64_MAX,
     .offset = offsetof(struct read_options, limit)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line an event, on a terminal too",
     .offset = offsetof(struct read_options, json)},
    TARGET_TABLE_OPTIONS(struct read_options),
    TARGET_OPTIONS(struct read_options),
};

static const struct table_column columns[] = {
    {"VERSION", true, false},
    {"TYPE", false, false},
    {"PAYLOAD", false, true},
};

struct reading {
    struct cli *cli;
    const struct read_options *on;
    struct client *client;
    struct bytes pk;
    struct buffer next; /* ExclusiveStartKey as it came; empty: the first page, or no more */
    struct cli_table table;
    int64_t left;
    int64_t count;
};

static void print_query(const struct reading *reading, struct buffer *body)
{
    const struct read_options *on = reading->on;
    struct json_writer w = JSON_WRITER(body);

    json_begin_object(&w);
    json_member_text(&w, "TableName", client_target(reading->client)->table);
    json_member_text(&w, "KeyConditionExpression", "pk = :pk and sk between :from and :to");
    json_member_bool(&w, "ScanIndexForward", !on->backward);
    json_member_bool(&w, "ConsistentRead", true);
    json_member_int(&w, "Limit", reading->left < PAGE_COUNT_MAX ? reading->left : PAGE_COUNT_MAX);
    json_key(&w, "ExpressionAttributeValues");
    json_write_raw(&w, BYTES("{\":pk\":{\"S\":"));
    json_append_string(body, reading->pk);
    buffer_printf(body, "},\":from\":{\"N\":\"%" PRId64 "\"},\":to\":{\"N\":\"%" PRId64 "\"}}",
                  on->from, on->to);
    if (reading->next.size > 0) {
        json_key(&w, "ExclusiveStartKey");
        json_write_raw(&w, buffer_bytes(&reading->next));
    }
    json_end_object(&w);
}

/* False: nobody reads on. */
static bool show(struct reading *reading, struct arena *arena, const struct item *item)
{
    struct cli *cli = reading->cli;
    struct event event;

    cli_event_of_item(arena, item, &event);
    reading->count++;
    reading->left--;
    if (cli_for_people(cli, reading->on->json)) {
        struct bytes cells[] = {event.version, event.type, event.payload};

        cli_table_add(cli, &reading->table, cells);
        return true;
    }

    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_event_print(&out, &event);
    buffer_append_byte(&out, '\n');
    return fwrite(out.ptr, 1, out.size, cli->out) == out.size;
}

/* *ret_more: another page may follow. */
static enum status read_page(struct reading *reading, struct arena *arena, bool *ret_more,
                             struct client_answer *ret_answer)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    enum status status = OK;

    print_query(reading, &body);
    status = client_call(reading->client, arena, "Query", buffer_bytes(&body), ret_answer);
    if (status != OK)
        return status;
    *ret_more = true;
    for (struct json_iter it = json_iter(json_get(ret_answer->json, "Items"));
         *ret_more && json_next(&it);) {
        struct item item = {0};
        struct api_error error;

        if (item_from_json(arena, it.value, &item, &error) != OK) {
            ret_answer->message = arena_printf(arena, "an item is malformed: %s", error.message);
            return REFUSED;
        }
        *ret_more = show(reading, arena, &item);
    }
    buffer_clear(&reading->next);
    if (json_get(ret_answer->json, "LastEvaluatedKey") != NULL)
        json_print(&reading->next, json_get(ret_answer->json, "LastEvaluatedKey"));
    *ret_more = *ret_more && reading->next.size > 0 && reading->left > 0;
    if (reading->table.cell_count > 0)
        cli_table_print(reading->cli, &reading->table);
    *ret_more = fflush(reading->cli->out) == 0 && *ret_more;
    return OK;
}

static int read_all(struct reading *reading)
{
    bool more = true;

    while (more) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct client_answer answer = {0};
        enum status status = read_page(reading, arena, &more, &answer);

        if (status != OK)
            return cli_client_fail(reading->cli, reading->client, status, &answer);
    }
    if (ferror(reading->cli->out))
        return CLI_FAILED;
    if (reading->count == 0)
        cli_note(reading->cli, "%s/%s has no events%s.", reading->on->log, reading->on->id,
                 reading->on->from > 0 || reading->on->to < INT64_MAX ? " there" : "");
    return CLI_DONE;
}

static int read_run(struct cli *cli, const void *given)
{
    const struct read_options *on = given;
    int exit_status = CLI_DONE;

    if (!cli_event_name(cli, on->log, on->id, &exit_status))
        return exit_status;
    if (on->from > on->to)
        return cli_fail_usage(cli, "--from %" PRId64 " is above --to %" PRId64 ".", on->from,
                              on->to);

    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL)
        return exit_status;

    struct reading reading = {
        .cli = cli,
        .on = on,
        .client = client,
        .pk = cli_event_key(cli->arena, on->log, on->id),
        .next = BUFFER_INIT(BODY_SIZE_MAX),
        .table = {.columns = columns, .column_count = ARRAY_COUNT(columns)},
        .left = on->limit,
    };

    exit_status = read_all(&reading);
    buffer_free(&reading.next);
    return exit_status;
}

const struct command command_read = {
    .name = "read",
    .summary = "print the events of a stream, in order",
    .example = "dynlog read users 12\n"
               "dynlog read users 12 --backward --limit 1 --json",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct read_options),
    .run = read_run,
};
