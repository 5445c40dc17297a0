/* cli/tables/get.c - dynlog get: one item. */
#include "cli/tables/one.h"

#define BODY_SIZE_MAX ((size_t)256 * 1024)

struct get_options {
    struct target_options target;
    struct tables_one_options one;
    const char *attributes;
    bool consistent;
};

static const struct argument_row arguments[] = {TABLES_ONE_ARGUMENTS(struct get_options)};

static const struct option_row options[] = {
    {.name = "attributes",
     .kind = OPTION_TEXT,
     .value_name = "A,B",
     .help = "only these attributes: type,payload.name,tags[0]",
     .offset = offsetof(struct get_options, attributes)},
    {.name = "consistent",
     .kind = OPTION_FLAG,
     .help = "with every write that was answered before",
     .offset = offsetof(struct get_options, consistent)},
    TABLES_ONE_OPTIONS(struct get_options),
    TARGET_OPTIONS(struct get_options),
};

static bool print_request(struct tables_one *one, const struct get_options *on, struct buffer *body,
                          int *ret_exit)
{
    AUTO(buffer_free) struct buffer projection = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(body);
    struct tables_fault fault = {0};

    if (on->attributes != NULL && !tables_attributes_read(bytes_of_text(on->attributes),
                                                          &one->binding, &projection, &fault)) {
        *ret_exit = cli_fail_usage(one->cli, "--attributes: %s", fault.message);
        return false;
    }
    json_begin_object(&w);
    tables_one_print(one, &w);
    json_member_set(&w, "ProjectionExpression", buffer_bytes(&projection));
    json_member_bool(&w, "ConsistentRead", on->consistent);
    json_end_object(&w);
    return true;
}

static int get_run(struct cli *cli, const void *given)
{
    const struct get_options *on = given;
    struct target_options target = on->target;
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct tables_one one;
    struct client_answer answer = {0};
    int exit_status = CLI_DONE;

    target.table = on->one.table;

    AUTO(client_release) struct client *client = cli_client_open(cli, &target, &exit_status);

    if (client == NULL || !tables_one_begin(&one, cli, client, &on->one, &exit_status) ||
        !print_request(&one, on, &body, &exit_status))
        return exit_status;

    enum status status = client_call(client, cli->arena, "GetItem", buffer_bytes(&body), &answer);

    if (status != OK)
        return tables_one_fail(&one, status, &answer);
    if (json_get(answer.json, "Item") == NULL)
        return cli_fail(cli, CLI_FAILED, "There is no such item in %s.", on->one.table);
    (void)!tables_one_show(&one, cli->arena, json_get(answer.json, "Item"), &exit_status);
    return exit_status;
}

const struct command command_get = {
    .name = "get",
    .group = COMMAND_TABLES,
    .summary = "print one item of a table",
    .description = "Exit status 1 when there is none. On a terminal it is indented JSON, in a pipe "
                   "a line.",
    .example = "dynlog get local-dynamodb-logs pk=users#12#stream sk=1\n"
               "dynlog get local-dynamodb-logs users#12#stream 1 --attributes payload.name",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct get_options),
    .run = get_run,
};
