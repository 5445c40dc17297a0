/* api/lambda/functions.c - GetFunction, GetFunctionConfiguration, ListFunctions,
 * ListVersionsByFunction, GetAccountSettings, DeleteFunction, PublishVersion. */
#include "api/lambda/lambda.h"
#include "api/operations.h"
#include "base/base64.h"

#include <inttypes.h>

/* ---- reading one ---- */

static const struct function_configuration *find(struct api_call *call,
                                                 struct lambda_subject *subject,
                                                 const struct function_record **ret_record)
{
    if (lambda_subject(call, subject) != OK)
        return NULL;
    *ret_record = lambda_record(call, subject);
    return *ret_record != NULL ? lambda_configuration(call, *ret_record, subject) : NULL;
}

static void write_tags(struct json_writer *w, const struct function_record *record)
{
    if (record->tag_count == 0)
        return;
    json_key(w, "Tags");
    json_begin_object(w);
    for (size_t i = 0; i < record->tag_count; i++) {
        json_key_bytes(w, record->tags[i].key);
        json_write_string(w, record->tags[i].value);
    }
    json_end_object(w);
}

/* On AWS the location is a URL of S3; here it is the folder of the code. */
void api_get_function(struct api_call *call)
{
    struct lambda_subject subject;
    const struct function_record *record = NULL;
    const struct function_configuration *configuration = find(call, &subject, &record);

    if (configuration == NULL) {
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Configuration");
    lambda_write_configuration(call, &w, record, configuration, subject.qualifier);
    json_key(&w, "Code");
    json_begin_object(&w);
    json_member_text(&w, "RepositoryType", "Folder");
    json_member_string(&w, "Location",
                       functions_code_folder(call->on->functions, call->arena, configuration));
    json_end_object(&w);
    write_tags(&w, record);
    if (record->reserved_concurrency >= 0) {
        json_key(&w, "Concurrency");
        json_begin_object(&w);
        json_member_int(&w, "ReservedConcurrentExecutions", record->reserved_concurrency);
        json_end_object(&w);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_get_function_configuration(struct api_call *call)
{
    struct lambda_subject subject;
    const struct function_record *record = NULL;
    const struct function_configuration *configuration = find(call, &subject, &record);

    if (configuration == NULL) {
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    lambda_write_configuration(call, &w, record, configuration, subject.qualifier);
    api_answer(call, buffer_bytes(out));
}

/* ---- lists ---- */

/* Versions of a function are listed with their qualifiers, $LATEST first. */
static void write_versions(struct api_call *call, struct json_writer *w, struct lambda_page *page,
                           const struct function_record *record, bool of_one)
{
    for (size_t i = 0; i < record->configuration_count; i++) {
        const struct function_configuration *from = &record->configurations[i];
        struct bytes place = arena_printf(call->arena, "%.*s%s%020" PRIu64,
                                          BYTES_ARG(of_one ? BYTES("") : record->name),
                                          of_one ? "" : ":", from->version);

        if (lambda_page_takes(page, place))
            lambda_write_configuration(call, w, record, from,
                                       function_version_text(call->arena, from->version));
    }
}

void api_list_functions(struct api_call *call)
{
    const struct function_settings **list = NULL;
    bool all = decode_has(call->body, "FunctionVersion");
    struct lambda_page page;
    size_t count = 0;

    lambda_page(call, &page);
    functions_list(call->on->functions, call->arena, &list, &count);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Functions");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        const struct function_record *record = functions_record(call->on->functions, list[i]->name);

        if (all)
            write_versions(call, &w, &page, record, false);
        else if (lambda_page_takes(&page, record->name))
            lambda_write_configuration(call, &w, record, &record->configurations[0], BYTES(""));
    }
    json_end_array(&w);
    lambda_page_write(&page, &w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_list_versions_by_function(struct api_call *call)
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
    json_key(&w, "Versions");
    json_begin_array(&w);
    write_versions(call, &w, &page, record, true);
    json_end_array(&w);
    lambda_page_write(&page, &w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- the account ---- */

void api_get_account_settings(struct api_call *call)
{
    struct functions_totals totals;
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    functions_totals(call->on->functions, &totals);
    json_begin_object(&w);
    json_key(&w, "AccountLimit");
    json_begin_object(&w);
    json_member_uint(&w, "TotalCodeSize", FUNCTION_CODE_STORAGE_MAX);
    json_member_uint(&w, "CodeSizeUnzipped", UNZIP_SIZE_MAX);
    json_member_uint(&w, "CodeSizeZipped", CODE_ZIP_SIZE_MAX);
    json_member_int(&w, "ConcurrentExecutions", FUNCTION_CONCURRENCY_MAX);
    json_member_int(&w, "UnreservedConcurrentExecutions",
                    FUNCTION_CONCURRENCY_MAX - totals.reserved_concurrency);
    json_end_object(&w);
    json_key(&w, "AccountUsage");
    json_begin_object(&w);
    json_member_uint(&w, "TotalCodeSize", totals.code_size);
    json_member_uint(&w, "FunctionCount", totals.functions);
    json_end_object(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- changing ---- */

void api_delete_function(struct api_call *call)
{
    struct lambda_subject subject;

    if (lambda_subject(call, &subject) != OK)
        api_fail(call, &call->error);
    else
        functions_change(call->on->functions,
                         lambda_change(call, FUNCTION_DELETE, &subject, lambda_answer_nothing));
}

static void published(struct function_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (lambda_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    lambda_write_configuration(call, &w, change->record,
                               function_record_configuration(change->record, change->version),
                               function_version_text(call->arena, change->version));
    api_answer_status(call, 201, buffer_bytes(out));
}

/* CodeSha256 is base64; the hash of a version is hexadecimal. What is none is some other code's. */
static struct bytes hash_of(struct api_call *call, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FUNCTION_CODE_HASH_SIZE);
    struct bytes digest = {NULL, 0};

    if (text.size == 0)
        return BYTES("");
    if (base64_decode(call->arena, text, &digest) != BASE64_NO_FAULT ||
        digest.size * 2 != FUNCTION_CODE_HASH_SIZE)
        return BYTES("-");
    for (size_t i = 0; i < digest.size; i++)
        buffer_printf(&out, "%02x", digest.ptr[i]);
    return arena_copy(call->arena, buffer_bytes(&out));
}

void api_publish_version(struct api_call *call)
{
    struct lambda_subject subject;

    if (lambda_subject_bare(call, &subject) != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct function_change *change = lambda_change(call, FUNCTION_PUBLISH, &subject, published);

    change->code = hash_of(call, decode_string(call->body, "CodeSha256"));
    change->configuration.description = decode_string(call->body, "Description");
    change->members = change->configuration.description.size > 0 ? FUNCTION_DESCRIPTION : 0;
    functions_change(call->on->functions, change);
}
