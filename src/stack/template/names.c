/* stack/template/names.c - how a template's stack is called: no template says it, and a deployment
 * would take it from its command line.
 *
 *   .serverless/...stack.json   the service that serverless-state.json tells
 *   cdk.out/NAME.template.json  NAME
 *   .aws-sam/build/template...  the folder above .aws-sam
 *   else                        the folder of the template
 *
 * Letters, digits and hyphens, as CloudFormation wants it; with --stage it is NAME-STAGE. */
#include "stack/template/template.h"

#include "base/file.h"

#include <stdlib.h>

#define STATE_SIZE_MAX ((size_t)16 * 1024 * 1024)
#define NAME_USUAL "stack"

static struct bytes last_part(struct bytes path)
{
    for (size_t i = path.size; i > 0; i--)
        if (path.ptr[i - 1] == '/')
            return bytes_slice(path, i, path.size);
    return path;
}

static struct bytes without_last_part(struct bytes path)
{
    struct bytes last = last_part(path);

    path.size -= last.size;
    while (path.size > 1 && path.ptr[path.size - 1] == '/')
        path.size--;
    return path;
}

static struct bytes of_folder(struct loader *loader)
{
    char *absolute = loader->files_readable ? realpath(loader->stack->folder, NULL) : NULL;
    struct bytes path = {0};

    if (absolute == NULL)
        return BYTES(NAME_USUAL);
    path = bytes_of_text(arena_copy_text(loader->arena, bytes_of_text(absolute)));
    free(absolute);
    if (bytes_end_with(path, BYTES("/.aws-sam/build")))
        path = without_last_part(without_last_part(path));
    return last_part(path);
}

static struct bytes of_cdk(struct loader *loader)
{
    struct bytes name = last_part(bytes_of_text(loader->options->path)),
                 end = BYTES(".template.json");

    return bytes_end_with(name, end) ? bytes_slice(name, 0, name.size - end.size)
                                     : (struct bytes){0};
}

static struct bytes of_serverless(struct loader *loader)
{
    const char *path =
        arena_copy_text(loader->arena, arena_printf(loader->arena, "%s/serverless-state.json",
                                                    loader->stack->folder));
    struct bytes text = {0};
    const struct json *state = NULL;

    if (!loader->files_readable ||
        !bytes_end_with(bytes_of_text(loader->options->path),
                        BYTES("cloudformation-template-update-stack.json")))
        return text;
    if (file_read(loader->arena, path, STATE_SIZE_MAX, &text) != OK ||
        json_parse(loader->arena, text, &state, NULL) != OK)
        return (struct bytes){0};
    return json_get_string(json_get(state, "service"), "service");
}

static struct bytes clean(struct loader *loader, struct bytes name)
{
    uint8_t *text = arena_alloc(loader->arena, name.size + 1);

    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        text[i] = letter || (c >= '0' && c <= '9') ? c : '-';
    }
    return name.size == 0 ? BYTES(NAME_USUAL) : bytes_of(text, name.size);
}

enum status names_choose(struct loader *loader)
{
    struct stack *stack = loader->stack;
    const char *stage = loader->options->stage, *region = loader->options->region;
    struct bytes name = {0};

    if (loader->options->path != NULL)
        name = of_serverless(loader);
    if (loader->options->path != NULL && name.size == 0)
        name = of_cdk(loader);
    if (name.size == 0)
        name = of_folder(loader);
    stack->service = clean(loader, name);
    stack->stage = bytes_of_text(stage != NULL ? stage : LOADER_STAGE_DEFAULT);
    stack->region = bytes_of_text(region != NULL ? region : LOADER_REGION_DEFAULT);
    loader->place.region = arena_copy_text(loader->arena, stack->region);
    loader->stack_name = stack->service;
    if (stage != NULL)
        loader->stack_name =
            clean(loader, arena_printf(loader->arena, "%.*s-%s", BYTES_ARG(stack->service), stage));
    return OK;
}
