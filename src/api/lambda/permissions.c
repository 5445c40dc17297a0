/* api/lambda/permissions.c - AddPermission, RemovePermission, GetPolicy; TagResource,
 * UntagResource, ListTags. Policies are kept and told, and refuse nobody. */
#include "api/lambda/lambda.h"
#include "api/lambda/mapping_json.h"
#include "api/operations.h"

/* A service, an account, or whatever else it is. */
static void write_principal(struct api_call *call, struct json_writer *w)
{
    struct bytes principal = decode_string(call->body, "Principal");
    uint64_t ignored = 0;

    json_key(w, "Principal");
    if (bytes_equal_text(principal, "*")) {
        json_write_string(w, principal);
        return;
    }
    json_begin_object(w);
    if (principal.size == 12 && bytes_to_uint64(principal, &ignored))
        json_member_string(
            w, "AWS", arena_printf(call->arena, "arn:aws:iam::%.*s:root", BYTES_ARG(principal)));
    else if (bytes_start_with(principal, BYTES("arn:")))
        json_member_string(w, "AWS", principal);
    else
        json_member_string(w, "Service", principal);
    json_end_object(w);
}

static void write_condition(struct json_writer *w, const char *operation, const char *key,
                            struct bytes value)
{
    if (value.size == 0)
        return;
    json_key(w, operation);
    json_begin_object(w);
    json_member_string(w, key, value);
    json_end_object(w);
}

/* Members that are compared as texts stand together. */
static void write_equals(struct api_call *call, struct json_writer *w)
{
    static const struct {
        const char *member, *key;
    } keys[] = {
        {"SourceAccount", "AWS:SourceAccount"},
        {"EventSourceToken", "lambda:EventSourceToken"},
        {"PrincipalOrgID", "aws:PrincipalOrgID"},
        {"FunctionUrlAuthType", "lambda:FunctionUrlAuthType"},
    };
    bool any = false;

    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        struct bytes value = decode_string(call->body, keys[i].member);

        if (value.size == 0)
            continue;
        if (!any) {
            json_key(w, "StringEquals");
            json_begin_object(w);
        }
        any = true;
        json_member_string(w, keys[i].key, value);
    }
    if (any)
        json_end_object(w);
}

static struct bytes make_statement(struct api_call *call, const struct lambda_subject *subject)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);
    AUTO(buffer_free) struct buffer condition = BUFFER_INIT(64 * 1024);
    struct json_writer w = JSON_WRITER(&out), c = JSON_WRITER(&condition);

    json_begin_object(&w);
    json_member_string(&w, "Sid", decode_string(call->body, "StatementId"));
    json_member_text(&w, "Effect", "Allow");
    write_principal(call, &w);
    json_member_string(&w, "Action", decode_string(call->body, "Action"));
    json_member_string(&w, "Resource", lambda_arn(call, subject->name, subject->qualifier));
    json_begin_object(&c);
    write_equals(call, &c);
    write_condition(&c, "ArnLike", "AWS:SourceArn", decode_string(call->body, "SourceArn"));
    json_end_object(&c);
    if (condition.size > 2) {
        json_key(&w, "Condition");
        json_write_raw(&w, buffer_bytes(&condition));
    }
    json_end_object(&w);
    return arena_copy(call->arena, buffer_bytes(&out));
}

static void permission_added(struct function_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (lambda_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "Statement", change->statement.json);
    json_end_object(&w);
    api_answer_status(call, 201, buffer_bytes(out));
}

void api_lambda_add_permission(struct api_call *call)
{
    struct lambda_subject subject;

    if (lambda_subject(call, &subject) != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct function_change *change =
        lambda_change(call, FUNCTION_ADD_PERMISSION, &subject, permission_added);

    change->statement = (struct function_statement){.sid = decode_string(call->body, "StatementId"),
                                                    .json = make_statement(call, &subject)};
    functions_change(call->on->functions, change);
}

void api_lambda_remove_permission(struct api_call *call)
{
    struct lambda_subject subject;

    if (lambda_subject(call, &subject) != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct function_change *change =
        lambda_change(call, FUNCTION_REMOVE_PERMISSION, &subject, lambda_answer_nothing);

    change->statement.sid = decode_string(call->body, "StatementId");
    functions_change(call->on->functions, change);
}

/* Empty: there is no statement. */
static struct bytes policy_of(struct api_call *call, const struct function_record *record,
                              struct bytes qualifier)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FUNCTION_POLICY_SIZE_MAX * 2);
    struct json_writer w = JSON_WRITER(&out);
    size_t count = 0;

    json_begin_object(&w);
    json_member_text(&w, "Version", "2012-10-17");
    json_member_text(&w, "Id", "default");
    json_key(&w, "Statement");
    json_begin_array(&w);
    for (size_t i = 0; i < record->statement_count; i++)
        if (bytes_equal(record->statements[i].qualifier, qualifier)) {
            json_write_raw(&w, record->statements[i].json);
            count++;
        }
    json_end_array(&w);
    json_end_object(&w);
    return count > 0 ? arena_copy(call->arena, buffer_bytes(&out)) : BYTES("");
}

void api_get_policy(struct api_call *call)
{
    struct lambda_subject subject;
    const struct function_record *record = lambda_find(call, false, &subject);
    const struct function_configuration *configuration =
        record != NULL ? lambda_configuration(call, record, &subject) : NULL;

    if (configuration == NULL) {
        api_fail(call, &call->error);
        return;
    }
    const struct function_alias *alias = function_record_alias(record, subject.qualifier);
    struct bytes policy =
        policy_of(call, record, subject.qualifier.size > 0 ? subject.qualifier : BYTES("$LATEST"));

    if (policy.size == 0) {
        api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                   "The resource you requested does not exist.");
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "Policy", policy);
    json_member_string(&w, "RevisionId",
                       alias != NULL ? alias->revision_id : configuration->revision_id);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- tags ---- */

static enum status subject_of_resource(struct api_call *call, struct lambda_subject *ret)
{
    struct bytes given = decode_string(call->body, "Resource");

    ret->name = function_name_split(given, &ret->qualifier);
    if (ret->name.size == 0 || !bytes_equal_text(ret->qualifier, "$LATEST"))
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "Tags on function aliases and versions are not supported. Please specify "
                          "a function ARN.");
    ret->qualifier = BYTES("");
    return OK;
}

static void tag_function(struct api_call *call)
{
    struct lambda_subject subject;

    if (subject_of_resource(call, &subject) != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct function_change *change =
        lambda_change(call, FUNCTION_TAG, &subject, lambda_answer_nothing);

    lambda_decode_tags(call, change);
    functions_change(call->on->functions, change);
}

static void untag_function(struct api_call *call)
{
    struct lambda_subject subject;
    const struct json *keys = decode_member(call->body, "TagKeys");
    struct bytes *untagged = ARENA_NEW_ARRAY(call->arena, json_count(keys), struct bytes);

    if (subject_of_resource(call, &subject) != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct function_change *change =
        lambda_change(call, FUNCTION_TAG, &subject, lambda_answer_nothing);

    for (struct json_iter it = json_iter(keys); json_next(&it);)
        untagged[change->untagged_count++] = json_string(it.value);
    change->untagged = untagged;
    functions_change(call->on->functions, change);
}

static void list_tags_of_function(struct api_call *call)
{
    struct lambda_subject subject;
    const struct function_record *record =
        subject_of_resource(call, &subject) == OK ? lambda_record(call, &subject) : NULL;

    if (record == NULL) {
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Tags");
    json_begin_object(&w);
    for (size_t i = 0; i < record->tag_count; i++) {
        json_key_bytes(&w, record->tags[i].key);
        json_write_string(&w, record->tags[i].value);
    }
    json_end_object(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_lambda_tag_resource(struct api_call *call)
{
    if (lambda_names_mapping(call))
        lambda_tag_mapping(call);
    else
        tag_function(call);
}

void api_lambda_untag_resource(struct api_call *call)
{
    if (lambda_names_mapping(call))
        lambda_untag_mapping(call);
    else
        untag_function(call);
}

void api_lambda_list_tags(struct api_call *call)
{
    if (lambda_names_mapping(call))
        lambda_list_tags_of_mapping(call);
    else
        list_tags_of_function(call);
}
