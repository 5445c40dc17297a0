/* stack/template/template.c - a CloudFormation or SAM template from its nodes to a struct stack:
 * the order of the steps, the top level, what all resources have, Outputs, Metadata. */
#include "stack/template/template.h"

static const struct key_rule top_keys[] = {
    {"AWSTemplateFormatVersion", NULL},
    {"Description", NULL},
    {"Metadata", NULL},
    {"Parameters", NULL},
    {"Mappings", NULL},
    {"Conditions", NULL},
    {"Transform", NULL},
    {"Resources", NULL},
    {"Outputs", NULL},
    {"Rules", NULL}, /* noted by note_rules() */
    {"Globals", NULL},
    {"Hooks", "nothing is deployed"},
};

static const struct key_rule resource_keys[] = {
    {"Type", NULL},           {"Properties", NULL},
    {"Condition", NULL},      {"DependsOn", NULL},
    {"Metadata", NULL},       {"DeletionPolicy", NULL},
    {"UpdatePolicy", NULL},   {"UpdateReplacePolicy", NULL},
    {"CreationPolicy", NULL}, {"Version", NULL}, /* of a custom resource */
    {"Connectors", NULL},     {"IgnoreGlobals", "Globals count for every function"},
};

/* ---- Transform ---- */

struct transforms {
    bool sam, extensions;
};

static enum status read_transform(struct loader *loader, const struct node *node,
                                  struct transforms *ret)
{
    const struct node *name = node_is(node, NODE_MAP) ? node_get(node, "Name") : node;

    if (!node_is(name, NODE_STRING))
        return loader_refuse(loader, node->where, "Transform: expected a name, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, node)));
    if (bytes_equal_text(name->text, SAM_TRANSFORM))
        ret->sam = true;
    else if (bytes_equal_text(name->text, LANGUAGE_EXTENSIONS))
        ret->extensions = true;
    else
        loader_note(loader, name->where, "not acted on: Transform %.*s: macros run only in AWS",
                    BYTES_ARG(name->text));
    return OK;
}

static enum status read_transforms(struct loader *loader, struct transforms *ret)
{
    const struct node *node = node_get(loader->root, "Transform");
    enum status status = OK;

    if (node_is_nothing(node))
        return OK;
    if (node->kind != NODE_LIST)
        return read_transform(loader, node, ret);
    for (size_t i = 0; status == OK && i < node->count; i++)
        status = read_transform(loader, node->items[i], ret);
    return status;
}

/* ---- what all resources have ---- */

static enum status check_dependency(struct loader *loader, const struct node_member *resource,
                                    const struct node *name)
{
    struct bytes text = {0};

    if (node_is(name, NODE_STRING) && node_find(loader->resources, name->text) != NULL)
        return OK;
    if (node_is(name, NODE_STRING))
        text = name->text;
    return loader_refuse(loader, name->where,
                         "DependsOn of %.*s: expected the name of a resource of this stack, got "
                         "%.*s",
                         BYTES_ARG(resource->name),
                         BYTES_ARG(text.size > 0
                                       ? arena_printf(loader->arena, "\"%.*s\"", BYTES_ARG(text))
                                       : node_describe(loader->arena, name)));
}

static enum status check_dependencies(struct loader *loader, const struct node_member *resource)
{
    const struct node *node = node_get(resource->value, "DependsOn");
    enum status status = OK;

    if (node_is_nothing(node))
        return OK;
    if (node->kind != NODE_LIST)
        return check_dependency(loader, resource, node);
    for (size_t i = 0; status == OK && i < node->count; i++)
        status = check_dependency(loader, resource, node->items[i]);
    return status;
}

static enum status check_policy(struct loader *loader, const struct node_member *resource,
                                const char *name)
{
    static const char *const policies[] = {"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"};
    const struct node *node = node_get(resource->value, name);
    const struct node *value = NULL;
    enum status status = intrinsics_resolve(loader, node, &value);

    if (status != OK || node_is_nothing(value))
        return status;
    for (size_t i = 0; i < ARRAY_COUNT(policies); i++)
        if (node_is(value, NODE_STRING) && bytes_equal_text(value->text, policies[i]))
            return OK;
    return loader_refuse(loader, node->where,
                         "%s of %.*s: expected Delete, Retain, RetainExceptOnCreate or Snapshot, "
                         "got %.*s",
                         name, BYTES_ARG(resource->name),
                         BYTES_ARG(node_describe(loader->arena, value)));
}

static enum status check_resources(struct loader *loader)
{
    enum status status = OK;

    if (loader->resources == NULL || loader->resources->count == 0)
        return loader_refuse(loader, loader->root->where,
                             "expected Resources, with one resource at least");
    for (size_t i = 0; status == OK && i < loader->resources->count; i++) {
        const struct node_member *resource = &loader->resources->members[i];

        read_check_keys(loader, resource->value, resource_keys, ARRAY_COUNT(resource_keys),
                        "a resource");
        status = check_dependencies(loader, resource);
        if (status == OK)
            status = check_policy(loader, resource, "DeletionPolicy");
        if (status == OK)
            status = check_policy(loader, resource, "UpdateReplacePolicy");
    }
    return status;
}

static enum status check_conditions(struct loader *loader)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && loader->conditions != NULL && i < loader->conditions->count;
         i++) {
        bool holds = false;

        status = conditions_hold(loader,
                                 intrinsics_text(loader, loader->conditions->members[i].name,
                                                 loader->conditions->members[i].where),
                                 &holds);
    }
    return status;
}

/* ---- Rules ---- */

/* Every template of CDK has the same one, which looks at what CDK has in AWS. */
static void note_rules(struct loader *loader)
{
    const struct node *rules = node_get(loader->root, "Rules");

    for (size_t i = 0; node_is(rules, NODE_MAP) && i < rules->count; i++)
        if (!bytes_equal_text(rules->members[i].name, "CheckBootstrapVersion"))
            loader_note(loader, rules->members[i].where,
                        "not acted on: Rules: %.*s: parameters are checked by their own "
                        "constraints only",
                        BYTES_ARG(rules->members[i].name));
}

/* ---- Outputs ---- */

static const struct key_rule output_keys[] = {
    {"Value", NULL}, {"Description", NULL}, {"Export", NULL}, {"Condition", NULL}};

static enum status read_output(struct loader *loader, const struct node_member *member)
{
    struct stack *stack = loader->stack;
    const struct node *condition = node_get(member->value, "Condition");
    struct stack_output output = {.name = member->name};
    bool wanted = true;
    enum status status = OK;

    if (!node_is(member->value, NODE_MAP) || node_get(member->value, "Value") == NULL)
        return loader_refuse(loader, member->value->where, "output %.*s: expected a Value in it",
                             BYTES_ARG(member->name));
    read_check_keys(loader, member->value, output_keys, ARRAY_COUNT(output_keys), "an output");
    if (condition != NULL)
        status = conditions_hold(loader, condition, &wanted);
    if (status != OK || !wanted)
        return status;
    status = read_text(loader, node_get(member->value, "Value"), "Value", &output.value);
    if (status != OK || output.value.size == 0) /* not known offline, and nobody acts on it */
        return status;
    output.value = stack_mask(loader->arena, stack, output.value);
    stack->outputs =
        arena_grow(loader->arena, stack->outputs, stack->output_count, stack->output_count + 1,
                   &loader->output_capacity, sizeof *stack->outputs);
    stack->outputs[stack->output_count++] = output;
    return OK;
}

static enum status read_outputs(struct loader *loader)
{
    const struct node *outputs = NULL;
    enum status status =
        read_map(loader, node_get(loader->root, "Outputs"), "Outputs", false, &outputs);

    loader->quiet = true;
    for (size_t i = 0; status == OK && outputs != NULL && i < outputs->count; i++)
        status = read_output(loader, &outputs->members[i]);
    loader->quiet = false;
    return status;
}

/* ---- the steps ---- */

/* Parameters first: loops and SAM may ask for them. */
static enum status read_sections(struct loader *loader)
{
    struct transforms transforms = {false, false};
    enum status status = read_transforms(loader, &transforms);

    read_check_keys(loader, loader->root, top_keys, ARRAY_COUNT(top_keys), "the template");
    if (status == OK)
        status = resources_find_sections(loader, loader->root);
    if (status == OK)
        status = parameters_read(loader);
    if (status == OK && transforms.extensions) {
        status = foreach_expand(loader);
        if (status == OK)
            status = resources_find_sections(loader, loader->root);
    }
    if (status == OK && transforms.sam)
        status = sam_expand(loader);
    return status;
}

enum status template_read(struct loader *loader)
{
    enum status status = names_choose(loader);

    if (status == OK)
        status = read_sections(loader);
    if (status == OK)
        status = check_conditions(loader);
    if (status == OK)
        status = check_resources(loader);
    if (status == OK)
        status = load_resources(loader);
    if (status == OK)
        status = read_outputs(loader);
    note_rules(loader);
    return status == OK
               ? load_dynlog(loader, node_get(node_get(loader->root, "Metadata"), "dynlog"),
                             "Metadata.dynlog")
               : status;
}
