/* stack/serverless/sources.c - where the values of variables come from.
 *
 *   opt:stage, opt:region       the command line          self:a.b        the stack file
 *   env:NAME                    the environment           file(x.yml):a.b another file
 *   sls:stage                   the chosen stage          param:name      params of the stage file
 *   aws:region, aws:accountId   where this runs           strToBool(x)    text as a boolean
 *   cf: ssm: s3: ...            other systems: nothing offline, noted */
#include "stack/loader.h"

#include "base/file.h"

#include <stdlib.h>

struct source {
    struct bytes name, argument, address;
    struct stack_where where;
};

typedef enum status source_reader(struct loader *loader, const struct source *source,
                                  struct source_value *ret);

static void give_text(struct loader *loader, const struct source *source, struct bytes text,
                      struct source_value *ret)
{
    ret->node = node_new_string(loader->arena, text, source->where);
}

/* The stage, as far as it is known: while it is being found out only --stage says it. */
static bool known_stage(const struct loader *loader, struct bytes *ret)
{
    *ret = loader->chosen_stage.size > 0 ? loader->chosen_stage
                                         : bytes_of_text(loader->options->stage);
    return ret->size > 0;
}

static bool known_region(const struct loader *loader, struct bytes *ret)
{
    *ret = loader->chosen_region.size > 0 ? loader->chosen_region
                                          : bytes_of_text(loader->options->region);
    return ret->size > 0;
}

/* While stage and region are being chosen, what the command line leaves open may still come from a
 * default: `stage: ${opt:stage, 'dev'}`. Without one it is what dynlog starts with. */
static enum status read_option(struct loader *loader, const struct source *source,
                               struct source_value *ret)
{
    bool is_stage = bytes_equal_text(source->address, "stage");
    bool is_region = bytes_equal_text(source->address, "region");
    struct bytes text = {0};

    if ((is_stage && known_stage(loader, &text)) || (is_region && known_region(loader, &text)))
        give_text(loader, source, text, ret);
    else if (is_stage || is_region)
        ret->fallback = node_new_string(
            loader->arena, bytes_of_text(is_stage ? LOADER_STAGE_DEFAULT : LOADER_REGION_DEFAULT),
            source->where);
    return OK;
}

static enum status read_serverless(struct loader *loader, const struct source *source,
                                   struct source_value *ret)
{
    struct bytes text = {0};

    if (bytes_equal_text(source->address, "stage"))
        give_text(loader, source, known_stage(loader, &text) ? text : BYTES(LOADER_STAGE_DEFAULT),
                  ret);
    else if (bytes_equal_text(source->address, "instanceId"))
        give_text(loader, source, BYTES("dynlog"), ret);
    return OK;
}

static enum status read_aws(struct loader *loader, const struct source *source,
                            struct source_value *ret)
{
    struct bytes text = {0};

    if (bytes_equal_text(source->address, "region"))
        give_text(loader, source, known_region(loader, &text) ? text : BYTES(LOADER_REGION_DEFAULT),
                  ret);
    else if (bytes_equal_text(source->address, "accountId"))
        give_text(loader, source, bytes_of_text(loader->place.account), ret);
    else if (bytes_equal_text(source->address, "partition"))
        give_text(loader, source, bytes_of_text(loader->place.partition), ret);
    return OK;
}

static enum status read_self(struct loader *loader, const struct source *source,
                             struct source_value *ret)
{
    /* What was chosen, whatever the file says: one stack has one stage. */
    if (bytes_equal_text(source->address, "provider.stage") && loader->chosen_stage.size > 0) {
        give_text(loader, source, loader->chosen_stage, ret);
        return OK;
    }
    if (bytes_equal_text(source->address, "provider.region") && loader->chosen_region.size > 0) {
        give_text(loader, source, loader->chosen_region, ret);
        return OK;
    }
    return variables_walk(loader, loader->root, source->address, &ret->node);
}

static enum status read_parameter(struct loader *loader, const struct source *source,
                                  struct source_value *ret)
{
    struct bytes stage = {0}, path = {0};
    enum status status = OK;

    if (known_stage(loader, &stage)) {
        path = arena_printf(loader->arena, "params.%.*s.%.*s", BYTES_ARG(stage),
                            BYTES_ARG(source->address));
        status = variables_walk(loader, loader->root, path, &ret->node);
    }
    if (status != OK || ret->node != NULL)
        return status;
    path = arena_printf(loader->arena, "params.default.%.*s", BYTES_ARG(source->address));
    return variables_walk(loader, loader->root, path, &ret->node);
}

static enum status read_environment(struct loader *loader, const struct source *source,
                                    struct source_value *ret)
{
    const char *value = getenv(arena_copy_text(loader->arena, source->address));

    if (value != NULL)
        give_text(loader, source, arena_copy(loader->arena, bytes_of_text(value)), ret);
    else
        ret->note = arena_printf(loader->arena,
                                 "the environment variable %.*s is not set: ${env:%.*s} is empty",
                                 BYTES_ARG(source->address), BYTES_ARG(source->address));
    return OK;
}

static enum status read_boolean_text(struct loader *loader, const struct source *source,
                                     struct source_value *ret)
{
    bool yes =
        bytes_equal_text(source->argument, "true") || bytes_equal_text(source->argument, "1");

    if (!yes && !bytes_equal_text(source->argument, "false") &&
        !bytes_equal_text(source->argument, "0"))
        return loader_refuse(loader, source->where, "strToBool(%.*s): expected true, false, 1 or 0",
                             BYTES_ARG(source->argument));
    ret->node = node_new(loader->arena, NODE_BOOLEAN, source->where);
    ret->node->boolean = yes;
    return OK;
}

static enum status read_elsewhere(struct loader *loader, const struct source *source,
                                  struct source_value *ret)
{
    ret->note = arena_printf(loader->arena,
                             "${%.*s:%.*s} cannot be looked up offline and has no default: it is "
                             "empty",
                             BYTES_ARG(source->name), BYTES_ARG(source->address));
    return OK;
}

/* ---- files ---- */

static const char *file_name(struct loader *loader, struct bytes path)
{
    const char *folder = loader->stack->folder;

    while (bytes_start_with(path, BYTES("./")))
        path = bytes_slice(path, 2, path.size);
    if (bytes_start_with(path, BYTES("/")) || strcmp(folder, ".") == 0)
        return arena_copy_text(loader->arena, path);
    return arena_copy_text(loader->arena,
                           arena_printf(loader->arena, "%s/%.*s", folder, BYTES_ARG(path)));
}

static bool ends_with_one_of(const char *name, const char *const *endings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_end_with(bytes_of_text(name), bytes_of_text(endings[i])))
            return true;
    }
    return false;
}

/* The file as a node: YAML and JSON by their endings, everything else as text. */
static enum status load_file(struct loader *loader, const struct source *source, const char *name,
                             struct node **ret)
{
    static const char *const parsed[] = {".yml", ".yaml", ".json"};
    struct bytes text = {0};
    enum status status = file_read(loader->arena, name, STACK_FILE_SIZE_MAX, &text);

    if (status == NOT_FOUND)
        return NOT_FOUND;
    if (status != OK)
        return loader_refuse(loader, source->where, "%s: %s: expected a file that can be read",
                             name, status == TOO_LARGE ? "it is too large" : status_text(status));
    if (ends_with_one_of(name, parsed, ARRAY_COUNT(parsed)))
        return yaml_parse(loader, name, text, ret);
    if (!bytes_are_utf8(text))
        return loader_refuse(loader, source->where, "%s: expected UTF-8 text", name);
    *ret = node_new_string(loader->arena, text, source->where);
    (*ret)->state = NODE_DONE; /* a "${" in it is no variable */
    return loader_count_text(loader, source->where, text.size);
}

/* Each file is read once, so that its nodes are resolved once. */
static enum status find_file(struct loader *loader, const struct source *source, const char *name,
                             struct node **ret)
{
    enum status status = OK;

    for (size_t i = 0; i < loader->file_count; i++) {
        if (strcmp(loader->files[i].name, name) == 0) {
            *ret = loader->files[i].root;
            return OK;
        }
    }
    if (loader->file_count >= LOADER_FILES_MAX)
        return loader_refuse(loader, source->where, "expected at most %d files", LOADER_FILES_MAX);
    status = load_file(loader, source, name, ret);
    if (status == OK)
        loader->files[loader->file_count++] = (struct loader_file){name, *ret};
    return status;
}

static enum status read_file(struct loader *loader, const struct source *source,
                             struct source_value *ret)
{
    static const char *const programs[] = {".js", ".cjs", ".mjs", ".ts"};
    const char *name = file_name(loader, source->argument);
    struct node *root = NULL;
    enum status status = OK;

    if (source->argument.size == 0)
        return loader_refuse(loader, source->where, "${file()}: expected the path of a file");
    if (ends_with_one_of(name, programs, ARRAY_COUNT(programs))) {
        ret->note =
            arena_printf(loader->arena, "%s is a program, which is not run: ${file(%.*s)} is empty",
                         name, BYTES_ARG(source->argument));
        return OK;
    }
    if (!loader->files_readable)
        return OK;
    status = find_file(loader, source, name, &root);
    if (status != OK)
        return status == NOT_FOUND ? OK : status;
    return variables_walk(loader, root, source->address, &ret->node);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    source_reader *read;
} readers[] = {
    {"aws", read_aws},
    {"cf", read_elsewhere},
    {"doppler", read_elsewhere},
    {"env", read_environment},
    {"file", read_file},
    {"git", read_elsewhere},
    {"opt", read_option},
    {"output", read_elsewhere},
    {"param", read_parameter},
    {"s3", read_elsewhere},
    {"self", read_self},
    {"sls", read_serverless},
    {"ssm", read_elsewhere},
    {"state", read_elsewhere},
    {"strToBool", read_boolean_text},
    {"terraform", read_elsewhere},
    {"vault", read_elsewhere},
};

/* name [ "(" argument ")" ] [ ":" address ] */
static bool split(struct bytes text, struct source *ret)
{
    size_t at = 0, end = 0;

    while (at < text.size && text.ptr[at] != ':' && text.ptr[at] != '(')
        at++;
    if (at == 0 || at == text.size)
        return false;
    ret->name = bytes_slice(text, 0, at);
    if (text.ptr[at] == '(') {
        end = bytes_find_byte(text, ')', at);
        if (end == SIZE_MAX)
            return false;
        ret->argument = bytes_slice(text, at + 1, end - at - 1);
        at = end + 1;
        if (at == text.size)
            return true;
        if (text.ptr[at] != ':')
            return false;
    }
    ret->address = bytes_slice(text, at + 1, text.size);
    return true;
}

enum status source_find(struct loader *loader, struct bytes text, struct stack_where where,
                        struct source_value *ret)
{
    struct source source = {.where = where};
    struct bytes names[ARRAY_COUNT(readers)], near = {0};

    if (!split(text, &source))
        return loader_refuse(loader, where,
                             "%.*s in ${...}: expected source:address, as self:custom.x, or a "
                             "default in quotes",
                             BYTES_ARG(text));
    for (size_t i = 0; i < ARRAY_COUNT(readers); i++) {
        names[i] = bytes_of_text(readers[i].name);
        if (bytes_equal(source.name, names[i]))
            return readers[i].read(loader, &source, ret);
    }
    near = read_nearest(source.name, names, ARRAY_COUNT(readers));
    return loader_refuse(loader, where,
                         "${%.*s}: unknown source \"%.*s\": expected opt, self, env, file, sls, "
                         "aws, param or cf%s%.*s%s",
                         BYTES_ARG(text), BYTES_ARG(source.name),
                         near.size > 0 ? "; did you mean \"" : "", BYTES_ARG(near),
                         near.size > 0 ? "\"?" : "");
}
