/* api/lambda/aliases.c - CreateAlias, UpdateAlias, GetAlias, ListAliases, DeleteAlias. */
#include "api/lambda/lambda.h"
#include "api/operations.h"

/* ---- answers ---- */

static void write_routing(struct api_call *call, struct json_writer *w,
                          const struct function_alias *alias)
{
    if (alias->other_version == 0)
        return;
    json_key(w, "RoutingConfig");
    json_begin_object(w);
    json_key(w, "AdditionalVersionWeights");
    json_begin_object(w);
    json_key_bytes(w, function_version_text(call->arena, alias->other_version));
    json_write_raw(w, alias->other_weight);
    json_end_object(w);
    json_end_object(w);
}

static void write_alias(struct api_call *call, struct json_writer *w, struct bytes function_name,
                        const struct function_alias *alias)
{
    json_begin_object(w);
    json_member_string(w, "AliasArn", lambda_arn(call, function_name, alias->name));
    json_member_string(w, "Name", alias->name);
    json_member_string(w, "FunctionVersion", function_version_text(call->arena, alias->version));
    json_member_string(w, "Description", alias->description);
    write_routing(call, w, alias);
    json_member_string(w, "RevisionId", alias->revision_id);
    json_end_object(w);
}

static void changed(struct function_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (lambda_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    write_alias(call, &w, change->name, function_record_alias(change->record, change->alias.name));
    api_answer_status(call, change->kind == FUNCTION_CREATE_ALIAS ? 201 : 200, buffer_bytes(out));
}

/* ---- requests ---- */

/* One version beside the alias' own, and its share. Nothing in it: no version any more. */
static enum status decode_routing(struct api_call *call, struct function_alias *ret)
{
    const struct json *weights =
        decode_member(decode_member(call->body, "RoutingConfig"), "AdditionalVersionWeights");
    struct json_iter it = json_iter(weights);
    double weight = 0;

    if (json_count(weights) > 1)
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "Number of items in AdditionalVersionWeights cannot be greater than 1");
    if (!json_next(&it))
        return OK;
    if (!function_version_of(it.name, &ret->other_version) || ret->other_version == 0)
        return decode_refuse(&call->error, it.name, "routingConfig.additionalVersionWeights",
                             "Map keys must satisfy constraint: [Member must have length less than "
                             "or equal to 1024, Member must have length greater than or equal to "
                             "1, Member must satisfy regular expression pattern: [0-9]+]");
    ret->other_weight = json_number_text(it.value);
    if (!json_double(it.value, &weight) || weight < 0 || weight > 1)
        return decode_refuse(&call->error, ret->other_weight,
                             "routingConfig.additionalVersionWeights",
                             "Map value must satisfy constraint: [Member must have value less than "
                             "or equal to 1, Member must have value greater than or equal to 0]");
    return OK;
}

static enum status decode(struct api_call *call, struct function_change *change)
{
    struct function_alias *alias = &change->alias;
    struct bytes version = decode_string(call->body, "FunctionVersion");

    alias->name = decode_string(call->body, "Name");
    alias->description = decode_string(call->body, "Description");
    if (decode_has(call->body, "Description"))
        change->members |= FUNCTION_DESCRIPTION;
    if (decode_has(call->body, "RoutingConfig"))
        change->members |= FUNCTION_ROUTING;
    if (version.size == 0)
        return decode_routing(call, alias);
    change->members |= FUNCTION_VERSION;
    if (!function_version_of(version, &alias->version))
        return api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND, "Function not found: %.*s",
                          BYTES_ARG(lambda_arn(call, change->name, version)));
    return decode_routing(call, alias);
}

static void change_alias(struct api_call *call, enum function_change_kind kind,
                         void (*done)(struct function_change *change, enum status status))
{
    struct lambda_subject subject;
    struct function_change *change = NULL;

    if (lambda_subject_bare(call, &subject) != OK) {
        api_fail(call, &call->error);
        return;
    }
    change = lambda_change(call, kind, &subject, done);
    if (decode(call, change) != OK)
        api_fail(call, &call->error);
    else
        functions_change(call->on->functions, change);
}

void api_create_alias(struct api_call *call)
{
    change_alias(call, FUNCTION_CREATE_ALIAS, changed);
}

void api_update_alias(struct api_call *call)
{
    change_alias(call, FUNCTION_UPDATE_ALIAS, changed);
}

void api_delete_alias(struct api_call *call)
{
    change_alias(call, FUNCTION_DELETE_ALIAS, lambda_answer_nothing);
}

void api_get_alias(struct api_call *call)
{
    struct lambda_subject subject;
    struct bytes name = decode_string(call->body, "Name");
    const struct function_record *record = lambda_find(call, true, &subject);
    const struct function_alias *alias =
        record != NULL ? function_record_alias(record, name) : NULL;

    if (record != NULL && alias == NULL)
        api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND, "Cannot find alias arn: %.*s",
                   BYTES_ARG(lambda_arn(call, subject.name, name)));
    if (alias == NULL) {
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    write_alias(call, &w, subject.name, alias);
    api_answer(call, buffer_bytes(out));
}

static bool is_of_version(const struct api_call *call, const struct function_alias *alias)
{
    uint64_t version = 0;

    return !decode_has(call->body, "FunctionVersion") ||
           (function_version_of(decode_string(call->body, "FunctionVersion"), &version) &&
            (alias->version == version || (version > 0 && alias->other_version == version)));
}

void api_list_aliases(struct api_call *call)
{
    struct lambda_subject subject;
    struct lambda_page page;
    const struct function_record *record = lambda_find(call, true, &subject);

    if (record == NULL) {
        api_fail(call, &call->error);
        return;
    }
    lambda_page(call, &page);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Aliases");
    json_begin_array(&w);
    for (size_t i = 0; i < record->alias_count; i++)
        if (is_of_version(call, &record->aliases[i]) &&
            lambda_page_takes(&page, record->aliases[i].name))
            write_alias(call, &w, subject.name, &record->aliases[i]);
    json_end_array(&w);
    lambda_page_write(&page, &w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
