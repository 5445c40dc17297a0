/* cli/tables/shape.c - see shape.h. */
#include "cli/tables/shape.h"

#include "cli/output.h"

#define BODY_SIZE_MAX ((size_t)16 * 1024)
#define TABLES_MAX 100000 /* of a list: ten times what an account has at most (2,500 to 10,000) */
#define NAMED_MAX 8       /* tables in a message */

/* ---- lists ---- */

static enum status ask_names(struct client *client, struct arena *arena, const char *after,
                             struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);

    json_begin_object(&w);
    if (after != NULL)
        json_member_text(&w, "ExclusiveStartTableName", after);
    json_end_object(&w);
    return client_call(client, arena, "ListTables", buffer_bytes(&body), ret);
}

static enum status list_names(struct client *client, struct arena *arena, const char ***ret,
                              size_t *ret_count, struct client_answer *answer)
{
    const char **names = NULL, *after = NULL;
    size_t count = 0, capacity = 0;

    do {
        enum status status = ask_names(client, arena, after, answer);

        if (status != OK)
            return status;
        for (struct json_iter it = json_iter(json_get(answer->json, "TableNames"));
             json_next(&it);) {
            names = arena_grow(arena, names, count, count + 1, &capacity, sizeof *names);
            names[count++] = arena_copy_text(arena, json_string(it.value));
        }
        after =
            json_get(answer->json, "LastEvaluatedTableName") != NULL
                ? arena_copy_text(arena, json_get_string(answer->json, "LastEvaluatedTableName"))
                : NULL;
    } while (after != NULL && count < TABLES_MAX);
    *ret = names;
    *ret_count = count;
    return OK;
}

bool tables_list(struct cli *cli, struct client *client, const char ***ret, size_t *ret_count,
                 int *ret_exit)
{
    struct client_answer answer = {0};
    enum status status = list_names(client, cli->arena, ret, ret_count, &answer);

    if (status == OK)
        return true;
    *ret_exit = cli_client_fail(cli, client, status, &answer);
    return false;
}

/* ---- what is said ---- */

/* "There are a, b and c." */
static const char *names_text(struct arena *arena, const char *const *names, size_t count)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    size_t shown = count <= NAMED_MAX ? count : NAMED_MAX - 1;

    if (count == 0)
        return "There are no tables.";
    buffer_append_text(&out, count == 1 ? "There is " : "There are ");
    for (size_t i = 0; i < shown; i++)
        buffer_printf(&out, "%s%s",
                      i == 0                             ? ""
                      : i + 1 == shown && shown == count ? " and "
                                                         : ", ",
                      names[i]);
    if (shown < count)
        buffer_printf(&out, " and %zu others (`dynlog tables` lists them)", count - shown);
    buffer_append_byte(&out, '.');
    return arena_copy_text(arena, buffer_bytes(&out));
}

static int fail_missing(struct cli *cli, struct client *client, const char *table)
{
    const char *url = client_target(client)->url, **names = NULL, *nearest = NULL;
    struct client_answer answer = {0};
    size_t count = 0;

    if (list_names(client, cli->arena, &names, &count, &answer) != OK)
        return cli_fail(cli, CLI_FAILED, "There is no table %s at %s.", table, url);
    nearest = count > 0 ? cli_options_nearest(table, names, count, sizeof *names) : NULL;
    if (nearest != NULL)
        return cli_fail(cli, CLI_FAILED, "There is no table %s at %s. Did you mean %s? %s", table,
                        url, nearest, names_text(cli->arena, names, count));
    return cli_fail(cli, CLI_FAILED, "There is no table %s at %s. %s", table, url,
                    names_text(cli->arena, names, count));
}

int tables_fail(struct cli *cli, struct client *client, const char *table, enum status status,
                const struct client_answer *answer)
{
    if (status == REFUSED && bytes_equal_text(answer->error_name, "ResourceNotFoundException"))
        return fail_missing(cli, client, table);
    return cli_client_fail(cli, client, status, answer);
}

/* ---- one table ---- */

static bool read_keys(struct arena *arena, const struct json *schema, const struct json *types,
                      struct key_schema *ret)
{
    for (int part = 0; part < 2; part++)
        for (struct json_iter it = json_iter(schema); json_next(&it);) {
            struct bytes name = json_get_string(it.value, "AttributeName");
            bool hash = bytes_equal_text(json_get_string(it.value, "KeyType"), "HASH");
            enum value_type type = VALUE_S;

            if (hash != (part == 0) || ret->count == KEY_ATTRIBUTES_MAX)
                continue;
            for (struct json_iter each = json_iter(types); json_next(&each);)
                if (bytes_equal(json_get_string(each.value, "AttributeName"), name) &&
                    !value_type_of_name(json_get_string(each.value, "AttributeType"), &type))
                    return false;
            key_schema_add(ret, arena_copy(arena, name), type, hash);
        }
    return ret->hash_count > 0;
}

static struct bytes copy_string(struct arena *arena, const struct json *object, const char *name)
{
    return arena_copy(arena, json_get_string(object, name));
}

static bool read_indexes(struct arena *arena, const struct json *table, const char *kind,
                         struct tables_shape *ret)
{
    for (struct json_iter it = json_iter(json_get(table, kind)); json_next(&it);) {
        struct tables_index *index = &ret->indexes[ret->index_count++];

        index->name = copy_string(arena, it.value, "IndexName");
        index->projection = copy_string(arena, json_get(it.value, "Projection"), "ProjectionType");
        index->status = copy_string(arena, it.value, "IndexStatus");
        index->local = kind[0] == 'L';
        index->item_count = (int64_t)json_get_uint(it.value, "ItemCount", 0);
        if (!read_keys(arena, json_get(it.value, "KeySchema"),
                       json_get(table, "AttributeDefinitions"), &index->keys))
            return false;
    }
    return true;
}

static bool read_shape(struct arena *arena, const struct json *table, struct tables_shape *ret)
{
    size_t count = json_count(json_get(table, "GlobalSecondaryIndexes")) +
                   json_count(json_get(table, "LocalSecondaryIndexes"));
    const struct json *stream = json_get(table, "StreamSpecification");

    *ret = (struct tables_shape){.indexes = ARENA_NEW_ARRAY(arena, count, struct tables_index)};
    ret->name = copy_string(arena, table, "TableName");
    ret->status = copy_string(arena, table, "TableStatus");
    ret->item_count = (int64_t)json_get_uint(table, "ItemCount", 0);
    ret->size_bytes = (int64_t)json_get_uint(table, "TableSizeBytes", 0);
    if (json_bool(json_get(stream, "StreamEnabled")))
        ret->stream = copy_string(arena, stream, "StreamViewType");
    ret->provisioned =
        json_get_uint(json_get(table, "ProvisionedThroughput"), "ReadCapacityUnits", 0) > 0;
    return read_keys(arena, json_get(table, "KeySchema"), json_get(table, "AttributeDefinitions"),
                     &ret->keys) &&
           read_indexes(arena, table, "GlobalSecondaryIndexes", ret) &&
           read_indexes(arena, table, "LocalSecondaryIndexes", ret);
}

bool tables_shape_ask(struct cli *cli, struct client *client, const char *table,
                      struct tables_shape *ret, int *ret_exit)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    enum status status = OK;

    json_begin_object(&w);
    json_member_text(&w, "TableName", table);
    json_end_object(&w);
    status = client_call(client, cli->arena, "DescribeTable", buffer_bytes(&body), &answer);
    if (status != OK) {
        *ret_exit = tables_fail(cli, client, table, status, &answer);
        return false;
    }
    if (read_shape(cli->arena, json_get(answer.json, "Table"), ret))
        return true;
    *ret_exit = cli_fail(cli, CLI_FAILED, "%s describes the table %s in no form that is known.",
                         client_target(client)->url, table);
    return false;
}

const struct tables_index *tables_shape_index(const struct tables_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->index_count; i++)
        if (bytes_equal_text(shape->indexes[i].name, name))
            return &shape->indexes[i];
    return NULL;
}
