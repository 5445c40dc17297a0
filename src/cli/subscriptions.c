/* cli/subscriptions.c - dynlog subscriptions, parked and unpark: names and groups, how far they
 * are, what failed in them. */
#include "cli/client.h"
#include "cli/output.h"
#include "cli/server_door.h"

#include <inttypes.h>

#define BODY_SIZE_MAX ((size_t)64 * 1024)

/* dynlog.h reads and follows under names, it does not list or change them. */
#define NO_FOLDER                                                                                  \
    {                                                                                              \
        .name = "data", .kind = OPTION_REFUSED,                                                    \
        .help = "not taken here: a server looks after names and groups. `dynlog start --data "     \
                "DIR` runs one in that folder"                                                     \
    }

/* ---- asking ---- */

/* NULL: said why. */
static const struct json *ask(struct cli *cli, const struct client *client_of,
                              struct client *client, const char *path, struct bytes body,
                              int *ret_exit)
{
    struct client_request request = {
        .method = body.size > 0 ? "POST" : "GET", .path = path, .body = body};
    struct client_answer answer = {0};
    const struct json *ignored = NULL;
    enum status status = OK;

    if (!cli_server_status(cli, client, cli->arena, &ignored, ret_exit))
        return NULL;
    status = client_ask(client, cli->arena, &request, &answer);
    if (status == OK && answer.json != NULL)
        return answer.json;
    if (status == REFUSED && answer.message.size > 0)
        *ret_exit =
            cli_fail(cli, CLI_FAILED, "%.*s%s", BYTES_ARG(answer.message),
                     bytes_find(answer.message, BYTES("no subscription")) < answer.message.size
                         ? " `dynlog subscriptions` lists them."
                         : "");
    else
        *ret_exit = cli_client_fail(cli, client_of, status, &answer);
    return NULL;
}

static bool print_json(struct cli *cli, const struct json *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    json_print(&out, value);
    return cli_line(cli, buffer_bytes(&out));
}

static struct bytes number_cell(struct cli *cli, const struct json *object, const char *name)
{
    return arena_printf(cli->arena, "%" PRId64, cli_server_number(object, name));
}

/* ---- subscriptions ---- */

struct subscriptions_options {
    struct target_options target;
    const char *delete, *reset, *to;
    bool json;
};

static const struct option_row subscriptions_rows[] = {
    {.name = "delete",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "forget it, with what is parked in it",
     .offset = offsetof(struct subscriptions_options, delete)},
    {.name = "reset",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "have it go on elsewhere; with --to",
     .offset = offsetof(struct subscriptions_options, reset)},
    {.name = "to",
     .kind = OPTION_TEXT,
     .value_name = "START",
     .help = "behind this position, \"start\", \"now\", or a time: 2026-01-31T09:30:00Z",
     .offset = offsetof(struct subscriptions_options, to)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line each, on a terminal too",
     .offset = offsetof(struct subscriptions_options, json)},
    TARGET_OPTIONS(struct subscriptions_options),
    NO_FOLDER,
};

static int show_subscriptions(struct cli *cli, const struct json *list, bool json)
{
    static const struct table_column columns[] = {
        {"NAME", false, false}, {"KIND", false, false},   {"POSITION", true, false},
        {"LAST", true, false},  {"BEHIND", true, false},  {"PARKED", true, false},
        {"OUT", true, false},   {"READERS", true, false},
    };
    struct cli_table table = {.columns = columns, .column_count = ARRAY_COUNT(columns)};
    static const char *const numbers[] = {"position", "last", "behind", "parked", "out", "members"};

    for (struct json_iter it = json_iter(list); json_next(&it);) {
        struct bytes cells[ARRAY_COUNT(columns)] = {
            json_get_string(it.value, "name"),
            json_bool(json_get(it.value, "group")) ? BYTES("group") : BYTES("name")};

        if (!cli_for_people(cli, json)) {
            if (!print_json(cli, it.value))
                return CLI_FAILED;
            continue;
        }
        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
            cells[i + 2] = number_cell(cli, it.value, numbers[i]);
        cli_table_add(cli, &table, cells);
    }
    if (table.cell_count > 0)
        cli_table_print(cli, &table);
    else if (cli_for_people(cli, json))
        cli_note(cli, "There are none. dynlog tail --as NAME or --group NAME makes one.");
    return CLI_DONE;
}

static int subscriptions_run(struct cli *cli, const void *given)
{
    const struct subscriptions_options *on = given;
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    const struct json *answer = NULL;
    const char *path = "/_dynlog/subscriptions";
    int exit_status = CLI_DONE;

    if (on->delete != NULL && on->reset != NULL)
        return cli_fail_usage(cli, "--delete or --reset, not both.");
    if ((on->reset != NULL) != (on->to != NULL))
        return cli_fail_usage(cli, "--reset NAME and --to START belong together.");
    if (on->delete != NULL || on->reset != NULL) {
        path =
            on->delete != NULL ? "/_dynlog/subscriptions/delete" : "/_dynlog/subscriptions/reset";
        json_begin_object(&w);
        json_member_text(&w, "name", on->delete != NULL ? on->delete : on->reset);
        if (on->to != NULL)
            json_member_text(&w, "to", on->to);
        json_end_object(&w);
    }

    AUTO(client_release) struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL)
        return exit_status;
    answer = ask(cli, client, client, path, buffer_bytes(&body), &exit_status);
    if (answer == NULL)
        return exit_status;
    if (body.size == 0)
        return show_subscriptions(cli, json_get(answer, "subscriptions"), on->json);
    if (!cli_for_people(cli, on->json))
        return print_json(cli, answer) ? CLI_DONE : CLI_FAILED;
    if (on->delete != NULL)
        fprintf(cli->out, "%s is deleted.\n", on->delete);
    else
        fprintf(cli->out, "%s goes on behind position %" PRId64 ".\n", on->reset,
                cli_server_number(answer, "position"));
    return CLI_DONE;
}

const struct command command_subscriptions = {
    .name = "subscriptions",
    .summary = "names and groups: how far they are; delete or reset one",
    .description = "Reset and delete need one that nobody reads.",
    .example = "dynlog subscriptions\n"
               "dynlog subscriptions --reset mail --to start\n"
               "dynlog subscriptions --delete mail",
    .options = {subscriptions_rows, ARRAY_COUNT(subscriptions_rows), NULL, 0},
    .options_size = sizeof(struct subscriptions_options),
    .run = subscriptions_run,
};

/* ---- parked ---- */

struct parked_options {
    struct target_options target;
    const char *name, *position;
    bool json, all;
};

static const struct argument_row parked_arguments[] = {
    {"NAME", "the group, or name", offsetof(struct parked_options, name), false},
};

static const struct option_row parked_rows[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line an event, on a terminal too",
     .offset = offsetof(struct parked_options, json)},
    TARGET_OPTIONS(struct parked_options),
    NO_FOLDER,
};

static const struct table_column parked_columns[] = {
    {"POSITION", true, false}, {"STREAM", false, false}, {"VERSION", true, false},
    {"TYPE", false, false},    {"TRIES", true, false},   {"REASON", false, true},
};

static bool show_parked(struct cli *cli, const struct parked_options *on, struct cli_table *table,
                        const struct json *parked)
{
    struct bytes cells[] = {
        number_cell(cli, parked, "position"),
        arena_printf(cli->arena, "%.*s/%.*s", BYTES_ARG(json_get_string(parked, "log")),
                     BYTES_ARG(json_get_string(parked, "id"))),
        number_cell(cli, parked, "version"),
        json_get_string(parked, "type"),
        number_cell(cli, parked, "tries"),
        json_get_string(parked, "reason"),
    };

    if (!cli_for_people(cli, on->json))
        return print_json(cli, parked);
    cli_table_add(cli, table, cells);
    return true;
}

static int parked_run(struct cli *cli, const void *given)
{
    const struct parked_options *on = given;
    struct cli_table table = {.columns = parked_columns,
                              .column_count = ARRAY_COUNT(parked_columns)};
    int64_t after = 0;
    bool more = true, any = false;
    int exit_status = CLI_DONE;
    AUTO(client_release) struct client *client = cli_client_open(cli, &on->target, &exit_status);

    while (client != NULL && more) {
        AUTO(buffer_free) struct buffer path = BUFFER_INIT(BODY_SIZE_MAX);
        const struct json *answer = NULL;

        buffer_append_text(&path, "/_dynlog/subscriptions/parked");
        client_query(&path, "after", arena_printf(cli->arena, "%" PRId64, after));
        client_query(&path, "name", bytes_of_text(on->name));
        answer = ask(cli, client, client, arena_copy_text(cli->arena, buffer_bytes(&path)),
                     BYTES(""), &exit_status);
        if (answer == NULL)
            return exit_status;
        for (struct json_iter it = json_iter(json_get(answer, "parked")); json_next(&it);) {
            any = true;
            after = cli_server_number(it.value, "position");
            if (!show_parked(cli, on, &table, it.value))
                return CLI_FAILED;
        }
        more = json_bool(json_get(answer, "more"));
    }
    if (table.cell_count > 0)
        cli_table_print(cli, &table);
    if (client != NULL && !any)
        cli_note(cli, "Nothing is parked in %s.", on->name);
    return exit_status;
}

const struct command command_parked = {
    .name = "parked",
    .summary = "the events of a group that failed too often",
    .example = "dynlog parked mail",
    .options = {parked_rows, ARRAY_COUNT(parked_rows), parked_arguments,
                ARRAY_COUNT(parked_arguments)},
    .options_size = sizeof(struct parked_options),
    .run = parked_run,
};

/* ---- unpark ---- */

static const struct argument_row unpark_arguments[] = {
    {"NAME", "the group, or name", offsetof(struct parked_options, name), false},
    {"POSITION", "the event at this position; or --all", offsetof(struct parked_options, position),
     true},
};

static const struct option_row unpark_rows[] = {
    {.name = "all",
     .kind = OPTION_FLAG,
     .help = "all that are parked",
     .offset = offsetof(struct parked_options, all)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "one JSON object, on a terminal too",
     .offset = offsetof(struct parked_options, json)},
    TARGET_OPTIONS(struct parked_options),
    NO_FOLDER,
};

static int unpark_run(struct cli *cli, const void *given)
{
    const struct parked_options *on = given;
    uint64_t position = 0;
    int64_t count = 0;
    bool more = true;
    int exit_status = CLI_DONE;

    if (on->all == (on->position != NULL))
        return cli_fail_usage(cli, on->all ? "A position or --all, not both."
                                           : "Which? A position (`dynlog parked NAME` shows "
                                             "them), or --all.");
    if (on->position != NULL && !bytes_to_uint64(bytes_of_text(on->position), &position))
        return cli_fail_usage(cli, "A position is a number, not \"%s\".", on->position);

    AUTO(client_release) struct client *client = cli_client_open(cli, &on->target, &exit_status);

    while (client != NULL && more) {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
        struct json_writer w = JSON_WRITER(&body);
        const struct json *answer = NULL;

        json_begin_object(&w);
        json_member_text(&w, "name", on->name);
        if (on->all)
            json_member_bool(&w, "all", true);
        else
            json_member_uint(&w, "position", position);
        json_end_object(&w);
        answer = ask(cli, client, client, "/_dynlog/subscriptions/unpark", buffer_bytes(&body),
                     &exit_status);
        if (answer == NULL)
            return exit_status;
        count += cli_server_number(answer, "unparked");
        more = json_bool(json_get(answer, "more"));
    }
    if (client == NULL)
        return exit_status;
    if (cli_for_people(cli, on->json))
        fprintf(cli->out, "%s %s given again.\n", count > 0 ? cli_count_text(count) : "No",
                count == 1 ? "event is" : "events are");
    else
        fprintf(cli->out, "{\"unparked\":%" PRId64 "}\n", count);
    return CLI_DONE;
}

const struct command command_unpark = {
    .name = "unpark",
    .summary = "give parked events to their group again",
    .description = "Each comes before the events of its stream that wait; those that are done stay "
                   "done. Its tries begin anew.",
    .example = "dynlog unpark mail 42\n"
               "dynlog unpark mail --all",
    .options = {unpark_rows, ARRAY_COUNT(unpark_rows), unpark_arguments,
                ARRAY_COUNT(unpark_arguments)},
    .options_size = sizeof(struct parked_options),
    .run = unpark_run,
};
