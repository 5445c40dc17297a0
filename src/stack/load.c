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
