/* stack/template/sam.c - AWS::Serverless::* as the resources that SAM makes of them when it
 * deploys, with SAM's own logical ids: so what a template says about a generated resource finds it.
 * (AWS: SAM developer guide, generated resources.) */
#include "stack/template/template.h"

/* ---- resources ---- */

/* Behind sam_expand() began, the resources are a built map. */
static struct node *resources_of(struct loader *loader)
{
    return (struct node *)(uintptr_t)loader->resources;
}

static enum status add(struct loader *loader, const struct node_member *member)
{
    struct node *resources = resources_of(loader);

    if (resources->count >= NODE_MEMBERS_MAX)
        return loader_refuse(loader, member->where, "expected at most %d resources",
                             NODE_MEMBERS_MAX);
    if (node_find(resources, member->name) != NULL)
        return loader_refuse(loader, member->where,
                             "resource %.*s: SAM makes one with this name too: expected another "
                             "name",
                             BYTES_ARG(member->name));
    build_add(loader, resources, member->name, member->value);
    resources->members[resources->count - 1].where = member->where;
    return loader_count_node(loader, member->where);
}

enum status sam_add(struct loader *loader, struct bytes id, const char *type,
                    const struct node *properties, const struct node_member *of)
{
    struct node *resource = build_map(loader, of->value->where);

    build_add_text(loader, resource, "Type", bytes_of_text(type));
    build_add(loader, resource, BYTES("Properties"), properties);
    build_add(loader, resource, BYTES("Condition"), node_get(of->value, "Condition"));
    return add(loader, &(struct node_member){.name = id, .where = of->where, .value = resource});
}

void sam_name(struct loader *loader, struct bytes name, struct bytes id)
{
    loader->generated = arena_grow(loader->arena, loader->generated, loader->generated_count,
                                   loader->generated_count + 1, &loader->generated_capacity,
                                   sizeof *loader->generated);
    loader->generated[loader->generated_count++] = (struct loader_name){name, id};
}

/* ---- AWS::Serverless::SimpleTable ---- */

static const struct key_rule table_keys[] = {
    {"PrimaryKey", NULL},
    {"ProvisionedThroughput", NULL},
    {"TableName", NULL},
    {"SSESpecification", NULL},
    {"PointInTimeRecoverySpecification", NULL},
    {"Tags", NULL},
};

/* {Name, Type: String} */
static enum status read_key(struct loader *loader, const struct node *properties,
                            struct bytes *ret_name, struct bytes *ret_type)
{
    static const char *const types[][2] = {{"String", "S"}, {"Number", "N"}, {"Binary", "B"}};
    const struct node *key = NULL;
    struct bytes type = BYTES("String");
    enum status status =
        read_map(loader, node_get(properties, "PrimaryKey"), "PrimaryKey", false, &key);

    *ret_name = BYTES("id");
    if (status == OK)
        status = read_text(loader, node_get(key, "Name"), "Name", ret_name);
    if (status == OK)
        status = read_text(loader, node_get(key, "Type"), "Type", &type);
    if (status != OK)
        return status;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (bytes_equal_text(type, types[i][0])) {
            *ret_type = bytes_of_text(types[i][1]);
            return OK;
        }
    return loader_refuse(loader, node_get(key, "Type")->where,
                         "Type: expected String, Number or Binary, got \"%.*s\"", BYTES_ARG(type));
}

/* [{AttributeName: name, SECOND: text}] */
static struct node *one_attribute(struct loader *loader, struct stack_where where,
                                  struct bytes name, const char *second, struct bytes text)
{
    struct node *list = node_new(loader->arena, NODE_LIST, where);
    struct node *map = build_one(loader, "AttributeName", name, where);

    build_add_text(loader, map, second, text);
    build_append(loader, list, map);
    list->state = NODE_DONE;
    return list;
}

/* {a: b} -> [{Key: a, Value: b}] */
static const struct node *tags_of(struct loader *loader, const struct node *tags)
{
    struct node *list = NULL;

    if (!node_is(tags, NODE_MAP) || node_is_intrinsic(tags))
        return tags;
    list = node_new(loader->arena, NODE_LIST, tags->where);
    for (size_t i = 0; i < tags->count; i++) {
        struct node *tag = build_one(loader, "Key", tags->members[i].name, tags->where);

        build_add(loader, tag, BYTES("Value"), tags->members[i].value);
        build_append(loader, list, tag);
    }
    list->state = NODE_DONE;
    return list;
}

static enum status add_table(struct loader *loader, const struct node_member *resource,
                             const struct node *globals)
{
    static const char *const same[] = {"TableName", "ProvisionedThroughput", "SSESpecification",
                                       "PointInTimeRecoverySpecification", NULL};
    struct stack_where where = resource->value->where;
    struct node *properties = build_map(loader, where);
    const struct node *given =
        build_merge(loader, globals, node_get(resource->value, "Properties"));
    struct bytes name = {0}, type = {0};
    enum status status = read_map(loader, given, "Properties", false, &given);

    if (status == OK)
        status = read_key(loader, given, &name, &type);
    if (status != OK)
        return status;
    read_check_keys(loader, given, table_keys, ARRAY_COUNT(table_keys), "a SimpleTable");
    build_add(loader, properties, BYTES("AttributeDefinitions"),
              one_attribute(loader, where, name, "AttributeType", type));
    build_add(loader, properties, BYTES("KeySchema"),
              one_attribute(loader, where, name, "KeyType", BYTES("HASH")));
    if (!property_has_value(given, "ProvisionedThroughput"))
        build_add_text(loader, properties, "BillingMode", BYTES("PAY_PER_REQUEST"));
    build_add_members(loader, properties, given, same);
    build_add(loader, properties, BYTES("Tags"), tags_of(loader, node_get(given, "Tags")));
    return sam_add(loader, resource->name, "AWS::DynamoDB::Table", properties, resource);
}

/* ---- Globals ---- */

static const struct key_rule global_keys[] = {
    {"Function", NULL},     {"SimpleTable", NULL},      {"Api", NULL},
    {"HttpApi", NULL},      {"WebSocketApi", NULL},     {"StateMachine", NULL},
    {"LayerVersion", NULL}, {"CapacityProvider", NULL},
};

/* ---- all ---- */

static enum status expand(struct loader *loader, const struct node_member *resource,
                          const struct node *globals)
{
    const struct node *type = node_get(resource->value, "Type");

    if (node_is(type, NODE_STRING) && bytes_equal_text(type->text, "AWS::Serverless::Function"))
        return sam_function(loader, resource, node_get(globals, "Function"));
    if (node_is(type, NODE_STRING) && bytes_equal_text(type->text, "AWS::Serverless::SimpleTable"))
        return add_table(loader, resource, node_get(globals, "SimpleTable"));
    return add(loader, resource);
}

enum status sam_expand(struct loader *loader)
{
    const struct node *given = loader->resources, *globals = NULL;
    enum status status =
        read_map(loader, node_get(loader->root, "Globals"), "Globals", false, &globals);

    if (status != OK || given == NULL)
        return status;
    read_check_keys(loader, globals, global_keys, ARRAY_COUNT(global_keys), "Globals");
    loader->resources = build_map(loader, given->where);
    for (size_t i = 0; status == OK && i < given->count; i++)
        status = expand(loader, &given->members[i], globals);
    return status;
}
