/* cli/tables/delete.c - dynlog delete: one item goes, and is shown. */
#include "cli/tables/one.h"

#define BODY_SIZE_MAX ((size_t)256 * 1024)

struct delete_options {
    struct target_options target;
    struct tables_one_options one;
};

static const struct argument_row arguments[] = {TABLES_ONE_ARGUMENTS(struct delete_options)};

static const struct option_row options[] = {
    TABLES_CONDITION_OPTION(struct delete_options, one.condition),
    TABLES_ONE_OPTIONS(struct delete_options),
    TARGET_OPTIONS(struct delete_options),
};

static int delete_run(struct cli *cli, const void *given)
{
    const struct delete_options *on = given;
    struct target_options target = on->target;
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct tables_one one;
    struct client_answer answer = {0};
    int exit_status = CLI_DONE;

    target.table = on->one.table;

    AUTO(client_release) struct client *client = cli_client_open(cli, &target, &exit_status);

    if (client == NULL || !tables_one_begin(&one, cli, client, &on->one, &exit_status))
        return exit_status;
    json_begin_object(&w);
    tables_one_print(&one, &w);
    json_member_text(&w, "ReturnValues", "ALL_OLD");
    json_end_object(&w);

    enum status status =
        client_call(client, cli->arena, "DeleteItem", buffer_bytes(&body), &answer);

    if (status != OK)
        return tables_one_fail(&one, status, &answer);
    if (json_get(answer.json, "Attributes") == NULL) {
        cli_note(cli, "There was no such item in %s.", on->one.table);
        return CLI_DONE;
    }
    cli_note(cli, "This item is deleted:");
    (void)!tables_one_show(&one, cli->arena, json_get(answer.json, "Attributes"), &exit_status);
    return exit_status;
}

const struct command command_delete = {
    .name = "delete",
    .group = COMMAND_TABLES,
    .summary = "delete one item of a table, and print what it was",
    .description = "Prints nothing when there was no such item. With --condition it goes only when "
                   "that holds; else the exit status is 3.",
    .example = "dynlog delete local-core pk=user#12 sk=a\n"
               "dynlog delete local-core user#12 a --condition 'version = 3'",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct delete_options),
    .run = delete_run,
};
