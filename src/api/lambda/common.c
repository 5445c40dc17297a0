/* api/lambda/common.c - see lambda.h. */
#include "api/lambda/lambda.h"

#include "base/base64.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what a request is about ---- */

enum status lambda_subject(struct api_call *call, struct lambda_subject *ret)
{
    struct bytes given = decode_string(call->body, "FunctionName");
    struct bytes qualifier = {NULL, 0}, wanted = decode_string(call->body, "Qualifier");

    ret->name = function_name_split(given, &qualifier);
    if (ret->name.size == 0) /* its shape was looked at: only a length is left */
        return decode_refuse(&call->error, given, "functionName",
                             "Member must have length less than or equal to %d",
                             FUNCTION_NAME_SIZE_MAX);
    ret->qualifier = bytes_end_with(given, qualifier) ? qualifier : BYTES("");
    if (wanted.size == 0)
        return OK;
    if (ret->qualifier.size > 0 && !bytes_equal(ret->qualifier, wanted))
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "The derived qualifier from the function name does not match the "
                          "specified qualifier.");
    ret->qualifier = wanted;
    return OK;
}

enum status lambda_subject_bare(struct api_call *call, struct lambda_subject *ret)
{
    enum status status = lambda_subject(call, ret);

    if (status != OK || ret->qualifier.size == 0 || bytes_equal_text(ret->qualifier, "$LATEST"))
        return status;
    return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                      "This operation is permitted on Lambda functions only. Aliases and versions "
                      "do not support this operation. Please specify either a function name or an "
                      "unqualified function ARN.");
}

struct bytes lambda_arn(struct api_call *call, struct bytes name, struct bytes qualifier)
{
    struct bytes arn = functions_arn(call->on->functions, call->arena, name);

    return qualifier.size == 0
               ? arn
               : arena_printf(call->arena, "%.*s:%.*s", BYTES_ARG(arn), BYTES_ARG(qualifier));
}

enum status lambda_refuse_unknown(struct api_call *call, const struct lambda_subject *subject)
{
    return api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND, "Function not found: %.*s",
                      BYTES_ARG(lambda_arn(call, subject->name, subject->qualifier)));
}

const struct function_record *lambda_record(struct api_call *call,
                                            const struct lambda_subject *subject)
{
    const struct function_record *record = functions_record(call->on->functions, subject->name);

    if (record == NULL)
        lambda_refuse_unknown(call, subject);
    return record;
}

const struct function_record *lambda_find(struct api_call *call, bool bare,
                                          struct lambda_subject *ret)
{
    enum status status = bare ? lambda_subject_bare(call, ret) : lambda_subject(call, ret);

    return status == OK ? lambda_record(call, ret) : NULL;
}

const struct function_configuration *lambda_configuration(struct api_call *call,
                                                          const struct function_record *record,
                                                          const struct lambda_subject *subject)
{
    const struct function_alias *alias = function_record_alias(record, subject->qualifier);
    const struct function_configuration *found = NULL;
    uint64_t version = 0;

    if (alias != NULL)
        found = function_record_configuration(record, alias->version);
    else if (subject->qualifier.size == 0 || function_version_of(subject->qualifier, &version))
        found = function_record_configuration(record, version);
    if (found == NULL)
        lambda_refuse_unknown(call, subject);
    return found;
}

/* ---- FunctionConfiguration ---- */

static void write_environment(struct json_writer *w, const struct function_configuration *from)
{
    if (from->environment_count == 0)
        return;
    json_key(w, "Environment");
    json_begin_object(w);
    json_key(w, "Variables");
    json_begin_object(w);
    for (size_t i = 0; i < from->environment_count; i++) {
        json_key_bytes(w, from->environment[i].name);
        json_write_string(w, from->environment[i].value);
    }
    json_end_object(w);
    json_end_object(w);
}

/* base64 of what the hash is in hexadecimal. */
static struct bytes code_sha256(struct arena *arena, struct bytes hash)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FUNCTION_CODE_HASH_SIZE);
    uint8_t digest[FUNCTION_CODE_HASH_SIZE / 2];

    for (size_t i = 0; i < sizeof digest; i++) {
        char pair[3] = {(char)hash.ptr[2 * i], (char)hash.ptr[2 * i + 1], '\0'};

        digest[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    base64_encode(&out, bytes_of(digest, sizeof digest));
    return arena_copy(arena, buffer_bytes(&out));
}

/* "2026-01-01T00:00:00.000+0000" */
static void write_modified(struct json_writer *w, uint64_t time_ms)
{
    char iso[CLOCK_ISO_SIZE], text[CLOCK_ISO_SIZE + 8];

    clock_format_iso(time_ms, true, iso);
    snprintf(text, sizeof text, "%.23s+0000", iso);
    json_member_text(w, "LastModified", text);
}

/* What is kept, and what Lambda says of those that were not given. */
static void write_kept(struct json_writer *w, const struct function_configuration *from)
{
    static const struct {
        const char *name, *otherwise; /* NULL: it is not told */
    } members[] = {
        {"Architectures", "[\"x86_64\"]"},
        {"EphemeralStorage", "{\"Size\":512}"},
        {"KMSKeyArn", NULL},
        {"SnapStart", "{\"ApplyOn\":\"None\",\"OptimizationStatus\":\"Off\"}"},
        {"TracingConfig", "{\"Mode\":\"PassThrough\"}"},
        {"VpcConfig", NULL},
    };

    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        struct bytes value = {NULL, 0};

        if (members[i].otherwise != NULL)
            value = bytes_of_text(members[i].otherwise);
        for (size_t k = 0; k < from->kept_count; k++)
            if (strcmp(from->kept[k].name, members[i].name) == 0)
                value = from->kept[k].value;
        if (value.size == 0)
            continue;
        json_key(w, members[i].name);
        json_write_raw(w, value);
    }
}

static void write_code(struct api_call *call, struct json_writer *w,
                       const struct function_configuration *from)
{
    uint64_t size = 0;
    struct bytes hash = functions_code_hash(call->on->functions, call->arena, from, &size);

    json_member_uint(w, "CodeSize", size);
    json_member_string(w, "CodeSha256", code_sha256(call->arena, hash));
}

static void write_logging(struct json_writer *w, const struct function_record *record,
                          const struct function_configuration *from)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct function_settings settings = {.name = record->name, .log_group = from->log_group};

    json_key(w, "LoggingConfig");
    json_begin_object(w);
    json_member_text(w, "LogFormat", "Text");
    json_member_string(w, "LogGroup", function_log_group(arena, &settings));
    json_end_object(w);
}

void lambda_write_configuration(struct api_call *call, struct json_writer *w,
                                const struct function_record *record,
                                const struct function_configuration *from, struct bytes qualifier)
{
    json_begin_object(w);
    json_member_string(w, "FunctionName", record->name);
    json_member_string(w, "FunctionArn", lambda_arn(call, record->name, qualifier));
    json_member_string(w, "Runtime", from->runtime);
    json_member_set(w, "Role", from->role);
    json_member_string(w, "Handler", from->handler);
    write_code(call, w, from);
    json_member_string(w, "Description", from->description);
    json_member_uint(w, "Timeout", from->timeout_s);
    json_member_uint(w, "MemorySize", from->memory_mb);
    write_modified(w, from->modified_ms);
    json_member_string(w, "Version", function_version_text(call->arena, from->version));
    if (from->dead_letter_arn.size > 0) {
        json_key(w, "DeadLetterConfig");
        json_begin_object(w);
        json_member_string(w, "TargetArn", from->dead_letter_arn);
        json_end_object(w);
    }
    write_environment(w, from);
    write_kept(w, from);
    write_logging(w, record, from);
    json_member_string(w, "RevisionId", from->revision_id);
    json_member_text(w, "PackageType", "Zip");
    json_member_text(w, "State", "Active");
    json_member_text(w, "LastUpdateStatus", "Successful");
    json_end_object(w);
}

/* ---- changes ---- */

void lambda_change_begin(struct api_call *call, struct function_change *change,
                         enum function_change_kind kind, const struct lambda_subject *subject,
                         void (*done)(struct function_change *change, enum status status))
{
    change->kind = kind;
    change->name = subject->name;
    change->qualifier = subject->qualifier;
    change->revision_id = decode_string(call->body, "RevisionId");
    change->arena = call->arena;
    change->done = done;
    change->context = call;
}

struct function_change *lambda_change(struct api_call *call, enum function_change_kind kind,
                                      const struct lambda_subject *subject,
                                      void (*done)(struct function_change *change,
                                                   enum status status))
{
    struct function_change *change = ARENA_NEW(call->arena, struct function_change);

    lambda_change_begin(call, change, kind, subject, done);
    return change;
}

bool lambda_failed(struct function_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == REFUSED)
        api_fail(call, &change->error);
    else if (status != OK)
        api_fail_status(call, status);
    return status != OK;
}

void lambda_answer_nothing(struct function_change *change, enum status status)
{
    if (!lambda_failed(change, status))
        api_answer_status(change->context, 204, BYTES(""));
}

void lambda_decode_tags(struct api_call *call, struct function_change *change)
{
    const struct json *given = decode_member(call->body, "Tags");
    struct function_kept *tags =
        ARENA_NEW_ARRAY(call->arena, json_count(given), struct function_kept);

    for (struct json_iter it = json_iter(given); json_next(&it);)
        tags[change->tag_count++] =
            (struct function_kept){.key = it.name, .value = json_string(it.value)};
    change->tags = tags;
}

/* ---- pages ---- */

void lambda_page(struct api_call *call, struct lambda_page *ret)
{
    *ret = (struct lambda_page){
        .marker = decode_string(call->body, "Marker"),
        .count_max =
            size_min((size_t)decode_int(call->body, "MaxItems", LAMBDA_PAGE_MAX), LAMBDA_PAGE_MAX),
    };
}

bool lambda_page_takes(struct lambda_page *page, struct bytes place)
{
    if (page->marker.size > 0 && bytes_compare(place, page->marker) <= 0)
        return false;
    if (page->count == page->count_max) {
        page->more = true;
        return false;
    }
    page->count++;
    page->last = place;
    return true;
}

void lambda_page_write(const struct lambda_page *page, struct json_writer *w)
{
    if (page->more)
        json_member_string(w, "NextMarker", page->last);
}
