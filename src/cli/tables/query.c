/* cli/tables/query.c - dynlog query: the items of one partition key, in the order of their sort
 * key; without arguments on a terminal it asks (ask.c). */
#include "cli/tables/ask.h"

struct query_options {
    struct target_options target;
    struct tables_read_options read;
    struct option_texts keys;
    bool backward;
};

static const struct argument_row arguments[] = {
    {"TABLE", "the table; without one, on a terminal, everything is asked for",
     offsetof(struct query_options, read.table), true},
    {"KEY...",
     "pk=users#12#stream, and for the sort key sk=1, 'sk>=3', sk=1..10 or sk^=prefix; values alone "
     "are taken in the order of the key",
     offsetof(struct query_options, keys), true},
};

static const struct option_row options[] = {
    TABLES_READ_OPTIONS(struct query_options),
    {.name = "backward",
     .kind = OPTION_FLAG,
     .help = "the last item first",
     .offset = offsetof(struct query_options, backward)},
    TARGET_OPTIONS(struct query_options),
};

static bool read_key(struct tables_reading *reading, const struct query_options *on, int *ret_exit)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(EXPR_SIZE_MAX);
    struct arena *arena = reading->cli->arena;
    struct tables_key key;
    struct tables_fault fault = {0};

    if (!tables_key_read(arena, on->keys.texts, on->keys.count, tables_reading_keys(reading),
                         TABLES_KEY_CONDITION, &key, &fault)) {
        *ret_exit = cli_fail_usage(
            reading->cli, "%s%s", fault.message,
            on->keys.count == 0 ? " (`dynlog scan` reads a table without any key.)" : "");
        return false;
    }
    tables_key_condition(&reading->binding, &out, &key);
    reading->request.key_condition = arena_copy(arena, buffer_bytes(&out));
    return true;
}

static int query_run(struct cli *cli, const void *given)
{
    const struct query_options *on = given;
    struct tables_reading reading = {.request = {.operation = "Query", .backward = on->backward}};
    struct target_options target = on->target;
    int exit_status = CLI_DONE;

    if (on->read.table == NULL && (!cli->in_is_terminal || !cli->out_is_terminal))
        return cli_fail_usage(cli,
                              "TABLE is missing: the table to query. (Without one it asks, and "
                              "that needs a terminal.)");
    target.table = on->read.table;

    AUTO(client_release) struct client *client = cli_client_open(cli, &target, &exit_status);

    if (client == NULL)
        return exit_status;
    if (on->read.table == NULL)
        return tables_ask(cli, client);
    if (!tables_reading_begin(&reading, cli, client, &on->read, &exit_status) ||
        !read_key(&reading, on, &exit_status))
        return exit_status;
    return tables_reading_run(&reading);
}

const struct command command_query = {
    .name = "query",
    .group = COMMAND_TABLES,
    .summary = "print the items of a table with one partition key",
    .description =
        "Keys are words of the form NAME=VALUE; their types are the table's. In a filter values "
        "stand where they are meant, and any attribute may be named. On a terminal the items are "
        "a table, in a pipe a line of JSON each. Without arguments on a terminal it asks for "
        "table, index, key and filter, and shows page after page.",
    .example = "dynlog query local-dynamodb-logs pk=users#12#stream\n"
               "dynlog query local-dynamodb-logs users#12#stream 'sk>=3' --attributes sk,type\n"
               "dynlog query local-dynamodb-logs users#12#stream --backward --limit 1 --long\n"
               "dynlog query local-core user#12 sk^=order- --filter 'total > 100' --json",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct query_options),
    .run = query_run,
};
