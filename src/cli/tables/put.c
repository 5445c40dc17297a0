/* cli/tables/put.c - dynlog put: one item, or many from a file or a pipe. */
#include "cli/tables/batch.h"
#include "cli/tables/lines.h"
#include "cli/tables/one.h"
#include "cli/tables/plain.h"

#include <errno.h>
#include <inttypes.h>

struct put_options {
    struct target_options target;
    const char *table, *item, *file, *condition;
    bool if_absent, json, dynamodb_json;
};

static const struct argument_row arguments[] = {
    {"TABLE", "the table; `dynlog tables` lists them", offsetof(struct put_options, table), false},
    {"ITEM", "a JSON object; \"-\" reads objects from standard input, one a line",
     offsetof(struct put_options, item), true},
};

static const struct option_row options[] = {
    {.name = "file",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "the items of this file, one a line; all are looked at before the first is written",
     .offset = offsetof(struct put_options, file)},
    {.name = "if-absent",
     .kind = OPTION_FLAG,
     .help = "only when no item has that key yet",
     .offset = offsetof(struct put_options, if_absent)},
    TABLES_CONDITION_OPTION(struct put_options, condition),
    {.name = "dynamodb-json",
     .kind = OPTION_FLAG,
     .help = "items have DynamoDB's types: {\"pk\":{\"S\":\"a\"}}",
     .offset = offsetof(struct put_options, dynamodb_json)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "answer with a JSON line, on a terminal too",
     .offset = offsetof(struct put_options, json)},
    TARGET_OPTIONS(struct put_options),
};

struct putting {
    struct cli *cli;
    const struct put_options *on;
    struct tables_shape shape;
    struct tables_binding binding;
    struct progress progress;
    struct tables_batch batch;
    int64_t item_count; /* of a file that was looked at */
};

/* ---- an item, before anybody is asked ---- */

/* {"pk":{"S":"a"}} */
static bool looks_like_dynamodb_json(const struct value *value)
{
    enum value_type type = VALUE_S;

    return value->type == VALUE_M && value->map.count == 1 &&
           value_type_of_name(value->map.attributes[0].name, &type);
}

static const char *type_text(const struct value *value)
{
    return value->type == VALUE_S   ? "text"
           : value->type == VALUE_N ? "a number"
           : value->type == VALUE_B ? "binary"
                                    : value_type_name(value->type);
}

/* The item's key is one of this table's. NULL: it is. */
static const char *key_fault(const struct putting *on, struct arena *arena, const struct item *item)
{
    for (size_t i = 0; i < on->shape.keys.count; i++) {
        const struct key_attribute *key = &on->shape.keys.attributes[i];
        const struct value *value = item_get(item, key->name);
        struct value wanted = {.type = key->type};

        if (value == NULL)
            return arena_copy_text(arena, arena_printf(arena, "it has no %.*s: the key is %s",
                                                       BYTES_ARG(key->name),
                                                       tables_key_text(arena, &on->shape.keys)));
        if (value->type == key->type)
            continue;
        if (looks_like_dynamodb_json(value) && !on->on->dynamodb_json)
            return "it looks like DynamoDB JSON: say so with --dynamodb-json";
        return arena_copy_text(arena, arena_printf(arena, "the key's %.*s is %s, not %s",
                                                   BYTES_ARG(key->name), type_text(&wanted),
                                                   type_text(value)));
    }
    return NULL;
}

/* NULL: it is one that may be put. */
static const char *read_item(const struct putting *on, struct arena *arena, const struct json *json,
                             struct item *ret)
{
    struct api_error error = {0};

    if (tables_item_read(arena, json, on->on->dynamodb_json, ret, &error) != OK)
        return arena_copy_text(arena,
                               arena_printf(arena, "%s%s", error.message,
                                            on->on->dynamodb_json ? " (plain JSON goes without "
                                                                    "--dynamodb-json)"
                                                                  : ""));
    return key_fault(on, arena, ret);
}

/* ---- where items come from ---- */

/* All of them: into the batch, or only looked at. False: the batch stopped. */
static bool take_items(struct putting *on, FILE *file, bool only_look)
{
    AUTO(tables_lines_end) struct tables_lines lines = tables_lines_begin(file);

    for (;;) {
        AUTO(arena_release) struct arena *arena = arena_new();
        const struct json *json = NULL;
        const char *message = NULL;
        struct item item;
        size_t line = 0;
        enum tables_line found = tables_lines_next(&lines, arena, &json, &line, &message);

        if (found == TABLES_LINE_END)
            return true;
        if (found == TABLES_LINE_JSON)
            message = read_item(on, arena, json, &item);
        if (message != NULL)
            tables_batch_fail(&on->batch, line, "%s", message);
        else if (only_look)
            on->item_count++;
        else
            tables_batch_add(&on->batch, &item, line);
        if (on->batch.stopped != 0)
            return false;
    }
}

/* A file is looked through first, so that a mistake in it leaves the table as it is. What is no
 * regular file can be read only once. */
static int put_file(struct putting *on, const char *path)
{
    FILE *file = fopen(path, "re");
    bool again = false;

    if (file == NULL)
        return cli_fail(on->cli, CLI_FAILED, "%s cannot be read: %s.", path,
                        status_text(status_of_errno(errno)));
    again = fseek(file, 0, SEEK_SET) == 0;
    if (again)
        (void)!take_items(on, file, true);
    if (on->batch.failed > 0) {
        int64_t failed = on->batch.failed;

        fclose(file);
        return cli_fail(on->cli, CLI_FAILED,
                        "%s of %s cannot be put: nothing was written. Mend %s.",
                        cli_count_text(failed), cli_count_text(failed + on->item_count),
                        failed == 1 ? "it" : "them");
    }
    on->progress.total = (uint64_t)on->item_count;
    cli_progress_begin(&on->progress);
    if (!again || fseek(file, 0, SEEK_SET) == 0)
        (void)!take_items(on, file, false);
    if (ferror(file))
        on->batch.stopped = cli_fail(on->cli, CLI_FAILED, "%s cannot be read to its end.", path);
    fclose(file);
    return CLI_DONE;
}

static int put_argument(struct putting *on)
{
    const struct json *json = NULL;
    struct json_error fault = {0};
    struct arena *arena = on->cli->arena;
    const char *message = NULL;
    struct item item;

    if (json_parse(arena, bytes_of_text(on->on->item), &json, &fault) != OK)
        return cli_fail_usage(on->cli,
                              "ITEM is no JSON: %s, at character %zu. A JSON object was expected: "
                              "'{\"pk\":\"a\"}'.",
                              fault.message, fault.offset + 1);
    message = read_item(on, arena, json, &item);
    if (message != NULL)
        return cli_fail_usage(on->cli, "ITEM: %s.", message);
    tables_batch_add(&on->batch, &item, 0);
    return CLI_DONE;
}

static int put_items(struct putting *on)
{
    int exit_status = CLI_DONE;

    if (on->on->file != NULL)
        exit_status = put_file(on, on->on->file);
    else if (strcmp(on->on->item, "-") != 0)
        exit_status = put_argument(on);
    else {
        if (on->cli->in_is_terminal)
            cli_note(on->cli, "Items are read from the terminal, one a line; Ctrl-D ends them.");
        cli_progress_begin(&on->progress);
        (void)!take_items(on, on->cli->in, false);
    }
    tables_batch_end(&on->batch);
    cli_progress_end(&on->progress);
    return exit_status;
}

/* ---- the command ---- */

static bool read_condition(struct putting *on, int *ret_exit)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(EXPR_SIZE_MAX);
    struct tables_batch *batch = &on->batch;

    batch->condition_failed = "the condition does not hold for the item that is there";
    if (!on->on->if_absent)
        return tables_condition_begin(on->cli, on->on->condition, &on->binding, &batch->condition,
                                      ret_exit);
    batch->condition_failed = "an item with this key is there already";
    buffer_append_text(&out, "attribute_not_exists(");
    tables_bind_name(&on->binding, &out, on->shape.keys.attributes[0].name);
    buffer_append_byte(&out, ')');
    batch->condition = arena_copy(on->cli->arena, buffer_bytes(&out));
    return true;
}

static int answer(const struct putting *on)
{
    struct cli *cli = on->cli;
    const struct tables_batch *batch = &on->batch;

    if (cli_for_people(cli, on->on->json))
        fprintf(cli->out, "%s item%s written%s%s\n",
                batch->written == 0 ? "No" : cli_count_text(batch->written),
                batch->written == 1 ? "" : "s", batch->failed > 0 ? ", not written: " : ".",
                batch->failed > 0 ? cli_count_text(batch->failed) : "");
    else
        fprintf(cli->out, "{\"written\":%" PRId64 ",\"failed\":%" PRId64 "}\n", batch->written,
                batch->failed);
    if (batch->stopped != 0)
        return batch->stopped;
    if (batch->failed == 0)
        return CLI_DONE;
    return batch->lost == batch->failed ? CLI_LOST_RACE : CLI_FAILED;
}

static int check_options(const struct cli *cli, const struct put_options *on)
{
    if (on->if_absent && on->condition != NULL)
        return cli_fail_usage(cli, "--if-absent is a condition by itself: it does not go with "
                                   "--condition.");
    if (on->file != NULL && on->item != NULL)
        return cli_fail_usage(cli, "Items come from --file or from ITEM, not from both.");
    if (on->file == NULL && on->item == NULL)
        return cli_fail_usage(cli, "ITEM is missing: a JSON object, \"-\" for standard input, or "
                                   "--file FILE.");
    return CLI_DONE;
}

static int put_run(struct cli *cli, const void *given)
{
    const struct put_options *options_given = given;
    struct target_options target = options_given->target;
    struct putting on = {.cli = cli,
                         .on = options_given,
                         .binding.arena = cli->arena,
                         .progress = {.cli = cli, .things = "items"}};
    int exit_status = check_options(cli, options_given);

    target.table = options_given->table;
    if (exit_status != CLI_DONE)
        return exit_status;

    AUTO(client_release) struct client *client = cli_client_open(cli, &target, &exit_status);

    if (client == NULL ||
        !tables_shape_ask(cli, client, options_given->table, &on.shape, &exit_status))
        return exit_status;
    on.batch = (struct tables_batch){.cli = cli,
                                     .client = client,
                                     .table = options_given->table,
                                     .keys = &on.shape.keys,
                                     .binding = &on.binding,
                                     .progress = &on.progress};
    if (!read_condition(&on, &exit_status))
        return exit_status;
    exit_status = put_items(&on);
    return exit_status != CLI_DONE ? exit_status : answer(&on);
}

const struct command command_put = {
    .name = "put",
    .group = COMMAND_TABLES,
    .summary = "write items into a table",
    .description =
        "An item is a JSON object; what JSON does not have is {\"$binary\":\"aGVsbG8=\"}, "
        "{\"$stringSet\":[\"a\"]}, {\"$numberSet\":[1]} and {\"$binarySet\":[\"aA==\"]}. An item "
        "that is there is replaced, unless --if-absent or --condition says otherwise. Many come "
        "from a file or a pipe, one a line, 25 a request; lines that are not written are told on "
        "standard error, and the others are.",
    .example =
        "dynlog put local-core '{\"pk\":\"user#12\",\"sk\":\"a\",\"name\":\"Ann\"}' --if-absent\n"
        "dynlog put local-core --file items.jsonl\n"
        "cat items.jsonl | dynlog put local-core -",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct put_options),
    .run = put_run,
};
