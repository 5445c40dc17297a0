/* stack/load.c - a stack file, whatever its form, from its text to a struct stack. What is in it
 * tells the form: `service` is a Serverless Framework file, `Resources` a CloudFormation template
 * or, with the Transform, a SAM template; JSON and YAML. */
#include "stack/loader.h"

#include "base/file.h"

static const char *folder_of(struct arena *arena, const char *path)
{
    struct bytes folder = bytes_of_text(path);

    while (folder.size > 0 && folder.ptr[folder.size - 1] != '/')
        folder.size--;
    if (folder.size == 0)
        return ".";
    while (folder.size > 1 && folder.ptr[folder.size - 1] == '/')
        folder.size--;
    return arena_copy_text(arena, folder);
}

static struct stack *new_stack(struct arena *arena, const struct stack_options *options)
{
    struct stack *stack = ARENA_NEW(arena, struct stack);

    stack->folder = options->path != NULL ? folder_of(arena, options->path) : ".";
    stack->account = bytes_of_text(options->account);
    stack->retry_delay_ms = -1;
    stack->maximum_retry_attempts = -1;
    return stack;
}

static bool is_template(const struct node *root)
{
    return node_get(root, "service") == NULL &&
           (node_get(root, "Resources") != NULL ||
            node_get(root, "AWSTemplateFormatVersion") != NULL ||
            node_get(root, "Transform") != NULL);
}

/* ---- what both forms have ---- */

enum status load_resources(struct loader *loader)
{
    enum status status = lambda_declare(loader);

    if (status == OK)
        status = resources_read(loader);
    if (status == OK)
        status = functions_read(loader);
    return status == OK ? resources_read_rules(loader) : status;
}

/* ---- private logs ---- */

static bool is_listed(const struct stack *stack, struct bytes log)
{
    for (size_t i = 0; i < stack->private_log_count; i++)
        if (bytes_equal(stack->private_logs[i].log, log))
            return true;
    return false;
}

static enum status read_private_log(struct loader *loader, const struct node *node)
{
    struct stack *stack = loader->stack;
    struct bytes log = {0};
    enum status status = read_text(loader, node, "private", &log);

    if (status != OK)
        return status;
    if (log.size == 0 || log.size > STACK_LOG_SIZE_MAX || bytes_find_byte(log, '#', 0) != SIZE_MAX)
        return loader_refuse(loader, node->where,
                             "private: expected the name of a log, 1 to %zu bytes without \"#\", "
                             "got %.*s",
                             STACK_LOG_SIZE_MAX, BYTES_ARG(node_describe(loader->arena, node)));
    if (!is_listed(stack, log))
        stack->private_logs[stack->private_log_count++] = (struct stack_private){log, node->where};
    return OK;
}

static enum status read_private(struct loader *loader, const struct node *node)
{
    enum status status = OK;

    if (node_is_nothing(node))
        return OK;
    if (node->kind != NODE_LIST)
        return loader_refuse(loader, node->where, "private: expected a list of logs, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, node)));
    loader->stack->private_logs = ARENA_NEW_ARRAY(loader->arena, node->count, struct stack_private);
    for (size_t i = 0; status == OK && i < node->count; i++)
        status = read_private_log(loader, node->items[i]);
    return status;
}

enum status load_dynlog(struct loader *loader, const struct node *node, const char *what)
{
    static const struct key_rule keys[] = {{"archive", NULL}, {"private", NULL}, {"shards", NULL}};
    struct stack *stack = loader->stack;
    const struct node *dynlog = NULL;
    int64_t shards = 0;
    enum status status = read_map(loader, node, "dynlog", false, &dynlog);

    if (status == OK)
        status = read_text(loader, node_get(dynlog, "archive"), "archive", &stack->archive_path);
    if (status == OK)
        status = read_integer(loader, node_get(dynlog, "shards"), "shards", 1, STACK_SHARDS_MAX,
                              &shards);
    if (status == OK)
        status = read_private(loader, node_get(dynlog, "private"));
    if (status != OK)
        return status;
    stack->shard_count = (uint32_t)shards;
    read_check_keys(loader, dynlog, keys, ARRAY_COUNT(keys), what);
    return OK;
}

/* ---- the file ---- */

static enum status read_form(struct loader *loader, struct bytes text)
{
    const char *path = loader->options->path != NULL ? loader->options->path : "serverless.yml";
    enum status status = yaml_parse(loader, path, text, &loader->root);

    if (status != OK)
        return status;
    if (!node_is(loader->root, NODE_MAP))
        return loader_refuse(loader, loader->root->where,
                             "expected a mapping with service, or with Resources, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, loader->root)));
    loader->is_template = is_template(loader->root);
    loader->stack->is_template = loader->is_template;
    return loader->is_template ? template_read(loader) : serverless_read(loader);
}

/* Whoever follows the stack file looks at all of them. */
static void tell_files(struct loader *loader)
{
    struct stack *stack = loader->stack;

    stack->files = ARENA_NEW_ARRAY(loader->arena, loader->file_count + 1, const char *);
    stack->files[stack->file_count++] = loader->options->path;
    for (size_t i = 0; i < loader->file_count; i++)
        stack->files[stack->file_count++] = loader->files[i].name;
}

static enum status load(struct arena *arena, const struct stack_options *options, struct bytes text,
                        bool files_readable, const struct stack **ret, struct stack_error *reterr)
{
    struct loader *loader = ARENA_NEW(arena, struct loader);
    enum status status = OK;

    loader->arena = arena;
    loader->options = options;
    loader->error = reterr;
    loader->files_readable = files_readable;
    loader->stack = new_stack(arena, options);
    loader->place = (struct arn_place){"aws", LOADER_REGION_DEFAULT, options->account};
    status = read_form(loader, text);
    if (status != OK)
        return status;
    tell_files(loader);
    *ret = loader->stack;
    return OK;
}

enum status stack_load_text(struct arena *arena, const struct stack_options *options,
                            struct bytes text, const struct stack **ret, struct stack_error *reterr)
{
    return load(arena, options, text, false, ret, reterr);
}

enum status stack_load(struct arena *arena, const struct stack_options *options,
                       const struct stack **ret, struct stack_error *reterr)
{
    struct bytes text = {0};
    enum status status = file_read(arena, options->path, STACK_FILE_SIZE_MAX, &text);

    if (status == TOO_LARGE) {
        reterr->where = (struct stack_where){options->path, 1, 1};
        reterr->message =
            arena_printf(arena, "expected a stack file of at most %zu bytes", STACK_FILE_SIZE_MAX);
        return REFUSED;
    }
    return status == OK ? load(arena, options, text, true, ret, reterr) : status;
}

const char *stack_find(void)
{
    static const char *const names[] = {"serverless.yml", "serverless.yaml", "serverless.json",
                                        "template.yaml",  "template.yml",    "template.json"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (file_exists(names[i]))
            return names[i];
    return NULL;
}
