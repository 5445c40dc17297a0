/* stack/property.c - a resource's properties as the members of AWS's request, by a table; see
 * loader.h. What CloudFormation would turn into the member's type (a number that is written as
 * text) is turned here too. */
#include "stack/loader.h"

#include "base/clock.h"

#define PROPERTIES_MAX 40 /* of one mapping */

enum status property_write_role(struct loader *loader, struct json_writer *writer,
                                const struct node *map)
{
    struct bytes role = {0};
    enum status status = read_text(loader, node_get(map, "RoleArn"), "RoleArn", &role);

    if (status == OK)
        json_member_string(writer, "RoleArn", role.size > 0 ? role : references_role(loader));
    return status;
}

bool property_has_value(const struct node *map, const char *name)
{
    return !node_is_nothing(node_get(map, name));
}

enum status property_read(struct loader *loader, struct bytes id, const struct node *resource,
                          const struct node **ret)
{
    const struct node *properties = node_get(resource, "Properties");
    enum status status = intrinsics_resolve(loader, properties, ret);

    if (status != OK)
        return status;
    if (node_is_nothing(*ret))
        *ret = node_new(loader->arena, NODE_MAP, resource->where);
    else if ((*ret)->kind != NODE_MAP)
        return loader_refuse(loader, properties->where,
                             "%.*s: expected Properties to be a mapping, got %.*s", BYTES_ARG(id),
                             BYTES_ARG(node_describe(loader->arena, *ret)));
    return OK;
}

enum status property_write_tags(struct loader *loader, struct json_writer *writer, const char *name,
                                const struct node *tags)
{
    if (node_is_nothing(tags))
        return OK;
    if (tags->kind != NODE_LIST)
        return loader_refuse(loader, tags->where, "Tags: expected a list, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, tags)));
    json_key(writer, name);
    json_begin_object(writer);
    for (size_t i = 0; i < tags->count; i++) {
        struct bytes key = {0}, value = {0};
        enum status status = read_text(loader, node_get(tags->items[i], "Key"), "Key", &key);

        if (status == OK)
            status = read_text(loader, node_get(tags->items[i], "Value"), "Value", &value);
        if (status != OK)
            return status;
        if (key.size == 0)
            return loader_refuse(loader, tags->items[i]->where, "Tags: expected {Key, Value}");
        json_key_bytes(writer, key);
        json_write_string(writer, value);
    }
    json_end_object(writer);
    return OK;
}

static enum status write_text(struct loader *loader, struct json_writer *writer,
                              const struct node *node, const struct property *property)
{
    struct bytes text = {0};
    enum status status = read_text(loader, node, property->name, &text);

    if (status == OK)
        json_write_string(writer, text);
    return status;
}

static enum status write_integer(struct loader *loader, struct json_writer *writer,
                                 const struct node *node, const struct property *property)
{
    int64_t number = 0;
    enum status status =
        read_integer(loader, node, property->name, property->smallest, property->largest, &number);

    if (status == OK)
        json_write_int(writer, number);
    return status;
}

static enum status write_boolean(struct loader *loader, struct json_writer *writer,
                                 const struct node *node, const struct property *property)
{
    bool yes = false;
    enum status status = read_boolean(loader, node, property->name, &yes);

    if (status == OK)
        json_write_bool(writer, yes);
    return status;
}

static enum status write_time(struct loader *loader, struct json_writer *writer,
                              const struct node *node, const struct property *property)
{
    struct bytes text = {0};
    uint64_t time_ms = 0;
    enum status status = read_text(loader, node, property->name, &text);

    if (status != OK)
        return status;
    if (!clock_parse_iso(text, &time_ms))
        return loader_refuse(loader, node->where,
                             "%s: expected a time as 2026-01-31T23:59:59Z, got %.*s",
                             property->name, BYTES_ARG(node_describe(loader->arena, node)));
    json_write_epoch(writer, time_ms);
    return OK;
}

static enum status write_pattern(struct loader *loader, struct json_writer *writer,
                                 const struct node *node, const struct property *property)
{
    struct bytes text = {0};
    enum status status = rules_json(loader, node, property->name, true, &text);

    if (status == OK)
        json_write_string(writer, text);
    return status;
}

static enum status refuse_kind(struct loader *loader, const struct node *node, const char *what,
                               const char *expected)
{
    return loader_refuse(loader, node->where, "%s: expected %s, got %.*s", what, expected,
                         BYTES_ARG(node_describe(loader->arena, node)));
}

static enum status write_texts(struct loader *loader, struct json_writer *writer,
                               const struct node *node, const struct property *property)
{
    enum status status = OK;

    if (node->kind != NODE_LIST)
        return refuse_kind(loader, node, property->name, "a list");
    json_begin_array(writer);
    for (size_t i = 0; status == OK && i < node->count; i++)
        status = write_text(loader, writer, node->items[i], property);
    json_end_array(writer);
    return status;
}

static enum status write_map(struct loader *loader, struct json_writer *writer,
                             const struct node *node, const struct property *property)
{
    const char *what = property->what != NULL ? property->what : property->name;
    enum status status = OK;

    if (node->kind != NODE_MAP)
        return refuse_kind(loader, node, what, "a mapping");
    json_begin_object(writer);
    status = property_write(loader, writer, node, property->inside, property->inside_count, what);
    if (property->stated != NULL)
        json_member_bool(writer, property->stated, true);
    json_end_object(writer);
    return status;
}

static enum status write_list(struct loader *loader, struct json_writer *writer,
                              const struct node *node, const struct property *property)
{
    enum status status = OK;

    if (node->kind != NODE_LIST)
        return refuse_kind(loader, node, property->name, "a list");
    json_begin_array(writer);
    for (size_t i = 0; status == OK && i < node->count; i++)
        status = write_map(loader, writer, node->items[i], property);
    json_end_array(writer);
    return status;
}

static enum status write_value(struct loader *loader, struct json_writer *writer,
                               const struct node *node, const struct property *property)
{
    switch (property->kind) {
    case PROPERTY_TEXT:
        return write_text(loader, writer, node, property);
    case PROPERTY_TEXTS:
        return write_texts(loader, writer, node, property);
    case PROPERTY_INTEGER:
        return write_integer(loader, writer, node, property);
    case PROPERTY_BOOLEAN:
        return write_boolean(loader, writer, node, property);
    case PROPERTY_TIME:
        return write_time(loader, writer, node, property);
    case PROPERTY_VALUE:
        node_write(writer, node);
        return OK;
    case PROPERTY_PATTERN:
        return write_pattern(loader, writer, node, property);
    case PROPERTY_MAP:
        return write_map(loader, writer, node, property);
    case PROPERTY_LIST:
        return write_list(loader, writer, node, property);
    case PROPERTY_ELSEWHERE:
        break;
    }
    assert(false && "a property that has no value");
    return OK;
}

static void check_keys(struct loader *loader, const struct node *map,
                       const struct property *properties, size_t count, const char *what)
{
    struct key_rule rules[PROPERTIES_MAX];

    assert(count <= PROPERTIES_MAX);
    for (size_t i = 0; i < count; i++)
        rules[i] = (struct key_rule){properties[i].name, properties[i].note};
    read_check_keys(loader, map, rules, count, what);
}

enum status property_write_one(struct loader *loader, struct json_writer *writer,
                               const struct node *map, const struct property *property,
                               const char *what)
{
    const struct node *node = node_get(map, property->name);

    if (node_is_nothing(node) && property->required)
        return loader_refuse(loader, map->where, "%s: expected %s in it", what, property->name);
    if (node_is_nothing(node) || property->note != NULL || property->kind == PROPERTY_ELSEWHERE)
        return OK;
    json_key(writer, property->call_name != NULL ? property->call_name : property->name);
    return write_value(loader, writer, node, property);
}

enum status property_write(struct loader *loader, struct json_writer *writer,
                           const struct node *map, const struct property *properties, size_t count,
                           const char *what)
{
    enum status status = OK;

    check_keys(loader, map, properties, count, what);
    for (size_t i = 0; status == OK && i < count; i++)
        status = property_write_one(loader, writer, map, &properties[i], what);
    return status;
}
