/* stack/code.c - where the code of an AWS::Lambda::Function lies on this machine.
 *
 *   Code: ./folder or ./file.zip        as `aws cloudformation package` takes it
 *   Code.ZipFile                        in the template itself
 *   Code.S3Key                          what a tool packed is beside the template that it wrote:
 *     CDK                               STACK.assets.json says where HASH.zip comes from
 *     Serverless Framework              the file of that name, without its folders
 *   Metadata aws:asset:path             CDK's hint, which anybody may write: a folder or a zip file
 *
 * Paths are relative to the template. */
#include "stack/loader.h"

#include "base/file.h"

#include <sys/stat.h>

#define MANIFEST_SIZE_MAX ((size_t)8 * 1024 * 1024)

/* ---- files ---- */

static const char *path_beside(struct loader *loader, struct bytes path)
{
    if (path.size > 0 && path.ptr[0] == '/')
        return arena_copy_text(loader->arena, path);
    return arena_copy_text(loader->arena, arena_printf(loader->arena, "%s/%.*s",
                                                       loader->stack->folder, BYTES_ARG(path)));
}

/* A folder, or a file as an archive. False: neither is there. */
static bool take_path(struct loader *loader, struct bytes path, struct stack_code *ret)
{
    const char *full = path_beside(loader, path);
    struct stat found;

    if (!loader->files_readable || stat(full, &found) != 0)
        return false;
    if (S_ISDIR(found.st_mode))
        ret->folder = full;
    else if (S_ISREG(found.st_mode))
        ret->archive = full;
    return ret->folder != NULL || ret->archive != NULL;
}

/* ---- what tools packed ---- */

static struct bytes file_name(struct bytes path)
{
    for (size_t i = path.size; i > 0; i--)
        if (path.ptr[i - 1] == '/')
            return bytes_slice(path, i, path.size);
    return path;
}

/* X.template.json -> X.assets.json; empty: it is not so called. */
static struct bytes manifest_name(struct loader *loader)
{
    struct bytes path = bytes_of_text(loader->options->path), end = BYTES(".template.json");

    if (!bytes_end_with(path, end))
        return (struct bytes){0};
    return arena_printf(loader->arena, "%.*s.assets.json", (int)(path.size - end.size),
                        (const char *)path.ptr);
}

/* files.HASH.destinations.*.objectKey is the key: files.HASH.source.path is the code. */
static struct bytes path_in_manifest(const struct json *manifest, struct bytes key)
{
    for (struct json_iter file = json_iter(json_get(manifest, "files")); json_next(&file);) {
        const struct json *destinations = json_get(file.value, "destinations");

        for (struct json_iter to = json_iter(destinations); json_next(&to);)
            if (bytes_equal(json_get_string(to.value, "objectKey"), key))
                return json_get_string(json_get(file.value, "source"), "path");
    }
    return (struct bytes){0};
}

static bool take_asset(struct loader *loader, struct bytes key, struct stack_code *ret)
{
    struct bytes name = manifest_name(loader), text = {0}, path = {0};
    const struct json *manifest = NULL;

    if (name.size == 0 || !loader->files_readable ||
        file_read(loader->arena, arena_copy_text(loader->arena, name), MANIFEST_SIZE_MAX, &text) !=
            OK ||
        json_parse(loader->arena, text, &manifest, NULL) != OK)
        return false;
    path = path_in_manifest(manifest, key);
    return path.size > 0 && take_path(loader, path, ret);
}

/* The zip file with the Serverless Framework's own helpers, which only a deployment calls. */
static bool is_helper(struct bytes key)
{
    return bytes_equal_text(file_name(key), "custom-resources.zip");
}

/* ---- the forms of Code ---- */

static enum status leave_out(struct loader *loader, const struct loader_function *declared,
                             struct stack_where where, const char *why, struct bytes what)
{
    loader_note(loader, where, "not acted on: function %.*s: %s%.*s", BYTES_ARG(declared->key), why,
                BYTES_ARG(what));
    return OK;
}

static enum status take_key(struct loader *loader, const struct loader_function *declared,
                            const struct node *code, struct stack_code *ret, bool *ret_known)
{
    struct bytes key = {0};
    enum status status = read_text(loader, node_get(code, "S3Key"), "S3Key", &key);

    if (status != OK || is_helper(key))
        return status;
    *ret_known =
        key.size > 0 && (take_asset(loader, key, ret) || take_path(loader, file_name(key), ret));
    if (*ret_known)
        return OK;
    return leave_out(loader, declared, code->where,
                     "its code is in S3, and no file of that name is beside the template; "
                     "\"aws:asset:path\" in the resource's Metadata may say where it is: ",
                     key);
}

static enum status take_map(struct loader *loader, const struct loader_function *declared,
                            const struct node *code, struct stack_code *ret, bool *ret_known)
{
    static const struct key_rule keys[] = {
        {"ZipFile", NULL},         {"S3Bucket", NULL}, {"S3Key", NULL},
        {"S3ObjectVersion", NULL}, {"ImageUri", NULL}, {"SourceKMSKeyArn", NULL},
    };

    read_check_keys(loader, code, keys, ARRAY_COUNT(keys), "Code");
    if (property_has_value(code, "ImageUri"))
        return leave_out(loader, declared, code->where, "container images are not run", BYTES(""));
    if (property_has_value(code, "ZipFile")) {
        *ret_known = true;
        return read_text(loader, node_get(code, "ZipFile"), "ZipFile", &ret->text);
    }
    if (node_get(code, "S3Key") == NULL)
        return loader_refuse(loader, code->where,
                             "Code: expected ZipFile, S3Bucket and S3Key, or ImageUri in it");
    return take_key(loader, declared, code, ret, ret_known);
}

/* A local path is as good as a promise: what is not there is refused. */
static enum status take_text(struct loader *loader, const struct loader_function *declared,
                             const struct node *code, struct stack_code *ret, bool *ret_known)
{
    if (bytes_start_with(code->text, BYTES("s3://")))
        return leave_out(loader, declared, code->where, "its code is in S3: ", code->text);
    *ret_known = take_path(loader, code->text, ret);
    if (*ret_known)
        return OK;
    if (!loader->files_readable) { /* text from memory has no files */
        *ret_known = true;
        ret->folder = path_beside(loader, code->text);
        return OK;
    }
    return loader_refuse(loader, code->where,
                         "%.*s: expected a folder or a zip file at %s, where its code is",
                         BYTES_ARG(declared->key), path_beside(loader, code->text));
}

enum status code_find(struct loader *loader, const struct loader_function *declared,
                      const struct node *properties, struct stack_code *ret, bool *ret_known)
{
    const struct node *code = node_get(properties, "Code");
    const struct node *hint = node_get(node_get(declared->node, "Metadata"), "aws:asset:path");

    *ret_known = false;
    if (node_is(hint, NODE_STRING) && take_path(loader, hint->text, ret)) {
        *ret_known = true;
        return OK;
    }
    if (node_is(code, NODE_STRING))
        return take_text(loader, declared, code, ret, ret_known);
    if (node_is(code, NODE_MAP))
        return take_map(loader, declared, code, ret, ret_known);
    if (node_is_nothing(code) && node_find(properties, BYTES("Code")) != NULL)
        return leave_out(loader, declared, declared->where, "where its code is is not known",
                         BYTES(""));
    return loader_refuse(loader, code != NULL ? code->where : declared->node->where,
                         "%.*s: expected Code: {ZipFile}, {S3Bucket, S3Key} or a path, got %.*s",
                         BYTES_ARG(declared->key), BYTES_ARG(node_describe(loader->arena, code)));
}
