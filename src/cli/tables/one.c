/* cli/tables/one.c - see one.h. */
#include "cli/tables/one.h"

#define KEY_SIZE_MAX ((size_t)64 * 1024)
#define EXPRESSION_SIZE_MAX ((size_t)64 * 1024)

bool tables_condition_begin(struct cli *cli, const char *text, struct tables_binding *binding,
                            struct bytes *ret, int *ret_exit)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(EXPRESSION_SIZE_MAX);
    struct tables_fault fault = {0};

    *ret = BYTES("");
    if (text == NULL)
        return true;
    if (!tables_condition_read(bytes_of_text(text), EXPR_CONDITION, binding, &out, &fault)) {
        *ret_exit = cli_fail_usage(cli, "--condition: %s", fault.message);
        return false;
    }
    *ret = arena_copy(cli->arena, buffer_bytes(&out));
    return true;
}

bool tables_one_begin(struct tables_one *one, struct cli *cli, struct client *client,
                      const struct tables_one_options *on, int *ret_exit)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(KEY_SIZE_MAX);
    struct tables_fault fault = {0};
    struct tables_key key;

    *one = (struct tables_one){.cli = cli, .client = client, .on = on, .binding.arena = cli->arena};
    if (!tables_shape_ask(cli, client, on->table, &one->shape, ret_exit))
        return false;
    tables_order_add(&one->order, &one->shape.keys);
    if (!tables_key_read(cli->arena, on->keys.texts, on->keys.count, &one->shape.keys,
                         TABLES_KEY_OF_ITEM, &key, &fault)) {
        *ret_exit = cli_fail_usage(cli, "%s", fault.message);
        return false;
    }
    tables_key_print(&out, &key);
    one->key = arena_copy(cli->arena, buffer_bytes(&out));
    return tables_condition_begin(cli, on->condition, &one->binding, &one->condition, ret_exit);
}

void tables_one_print(const struct tables_one *one, struct json_writer *w)
{
    json_member_text(w, "TableName", one->on->table);
    json_key(w, "Key");
    json_write_raw(w, one->key);
    if (one->condition.size > 0)
        json_member_string(w, "ConditionExpression", one->condition);
    tables_binding_print(&one->binding, w);
}

int tables_one_fail(struct tables_one *one, enum status status, const struct client_answer *answer)
{
    if (!tables_is_condition_failure(status, answer))
        return tables_fail(one->cli, one->client, one->on->table, status, answer);
    if (answer->uncertain)
        return cli_fail(one->cli, CLI_LOST_RACE,
                        "The condition does not hold now. The connection broke meanwhile, so an "
                        "earlier try may have done it: look with `dynlog get`.");
    return cli_fail(one->cli, CLI_LOST_RACE, "The condition does not hold: nothing was changed.");
}

bool tables_one_show(struct tables_one *one, struct arena *arena, const struct json *json,
                     int *ret_exit)
{
    const struct tables_one_options *on = one->on;
    struct api_error error = {0};
    struct item item;

    if (item_from_json(arena, json, &item, &error) != OK) {
        *ret_exit = cli_fail(one->cli, CLI_FAILED, "The item is malformed: %s", error.message);
        return false;
    }
    if (tables_show_item(one->cli, &item, &one->order, on->json, on->dynamodb_json))
        return true;
    *ret_exit = ferror(one->cli->out) ? CLI_FAILED : CLI_DONE;
    return false;
}
