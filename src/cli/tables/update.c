/* cli/tables/update.c - dynlog update: attributes of one item change, and the item is shown. */
#include "cli/tables/one.h"

#define BODY_SIZE_MAX ((size_t)1024 * 1024)

struct update_options {
    struct target_options target;
    struct tables_one_options one;
    struct option_texts set, remove, add, delete;
};

static const struct argument_row arguments[] = {TABLES_ONE_ARGUMENTS(struct update_options)};

static const struct option_row options[] = {
    {.name = "set",
     .kind = OPTION_TEXTS,
     .value_name = "CHANGES",
     .help = "name = \"Ann\", visits = visits + 1, seen = if_not_exists(seen, 0); may stand often",
     .offset = offsetof(struct update_options, set)},
    {.name = "remove",
     .kind = OPTION_TEXTS,
     .value_name = "ATTRIBUTES",
     .help = "these attributes go: nickname, tags[0]; may stand often",
     .offset = offsetof(struct update_options, remove)},
    {.name = "add",
     .kind = OPTION_TEXTS,
     .value_name = "CHANGES",
     .help =
         "to a number, or into a set: visits 1, tags {\"$stringSet\":[\"new\"]}; may stand often",
     .offset = offsetof(struct update_options, add)},
    {.name = "delete",
     .kind = OPTION_TEXTS,
     .value_name = "CHANGES",
     .help = "out of a set: tags {\"$stringSet\":[\"old\"]}; may stand often",
     .offset = offsetof(struct update_options, delete)},
    TABLES_CONDITION_OPTION(struct update_options, one.condition),
    TABLES_ONE_OPTIONS(struct update_options),
    TARGET_OPTIONS(struct update_options),
};

static bool read_clause(struct tables_one *one, enum tables_clause clause, const char *option,
                        const struct option_texts *texts, struct buffer *out, int *ret_exit)
{
    static const char *const words[] = {[TABLES_SET] = "SET ",
                                        [TABLES_REMOVE] = "REMOVE ",
                                        [TABLES_ADD] = "ADD ",
                                        [TABLES_DELETE] = "DELETE "};
    struct tables_fault fault = {0};

    if (texts->count > 0) {
        buffer_append_text(out, out->size > 0 ? " " : "");
        buffer_append_text(out, words[clause]);
    }
    for (size_t i = 0; i < texts->count; i++) {
        buffer_append_text(out, i > 0 ? ", " : "");
        if (tables_clause_read(bytes_of_text(texts->texts[i]), clause, &one->binding, out, &fault))
            continue;
        *ret_exit = cli_fail_usage(one->cli, "--%s: %s", option, fault.message);
        return false;
    }
    return true;
}

static bool read_update(struct tables_one *one, const struct update_options *on, struct buffer *out,
                        int *ret_exit)
{
    struct tables_fault fault = {0};

    if (!read_clause(one, TABLES_SET, "set", &on->set, out, ret_exit) ||
        !read_clause(one, TABLES_REMOVE, "remove", &on->remove, out, ret_exit) ||
        !read_clause(one, TABLES_ADD, "add", &on->add, out, ret_exit) ||
        !read_clause(one, TABLES_DELETE, "delete", &on->delete, out, ret_exit))
        return false;
    if (out->size == 0) {
        *ret_exit = cli_fail_usage(one->cli, "What is to change? --set 'name = \"Ann\"', --remove, "
                                             "--add or --delete says it.");
        return false;
    }
    if (tables_update_check(buffer_bytes(out), &one->binding, &fault))
        return true;
    *ret_exit = cli_fail_usage(one->cli, "%s", fault.message);
    return false;
}

static int update_run(struct cli *cli, const void *given)
{
    const struct update_options *on = given;
    struct target_options target = on->target;
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    AUTO(buffer_free) struct buffer update = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct tables_one one;
    struct client_answer answer = {0};
    int exit_status = CLI_DONE;

    target.table = on->one.table;

    AUTO(client_release) struct client *client = cli_client_open(cli, &target, &exit_status);

    if (client == NULL || !tables_one_begin(&one, cli, client, &on->one, &exit_status) ||
        !read_update(&one, on, &update, &exit_status))
        return exit_status;
    json_begin_object(&w);
    tables_one_print(&one, &w);
    json_member_string(&w, "UpdateExpression", buffer_bytes(&update));
    json_member_text(&w, "ReturnValues", "ALL_NEW");
    json_end_object(&w);

    /* Once: an update that adds must not be made twice when its answer was lost. */
    struct client_request request = {.method = "POST",
                                     .path = "/",
                                     .target = "DynamoDB_20120810.UpdateItem",
                                     .body = buffer_bytes(&body),
                                     .once = true};
    enum status status = client_ask(client, cli->arena, &request, &answer);

    if (status != OK)
        return tables_one_fail(&one, status, &answer);
    (void)!tables_one_show(&one, cli->arena, json_get(answer.json, "Attributes"), &exit_status);
    return exit_status;
}

const struct command command_update = {
    .name = "update",
    .group = COMMAND_TABLES,
    .summary = "change attributes of one item, and print what it is then",
    .description =
        "Values stand where they are meant, as in a filter. An item that is not there is made, "
        "unless a --condition says otherwise. A minus has blanks around it, because names may have "
        "one inside. The request is made once: a connection that breaks may leave it done or not.",
    .example = "dynlog update local-core user#12 a --set 'name = \"Ann\"' --add 'visits 1'\n"
               "dynlog update local-core user#12 a --set 'n = n + 1' --condition 'n < 5'",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct update_options),
    .run = update_run,
};
