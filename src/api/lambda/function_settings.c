/* api/lambda/function_settings.c - CreateFunction, UpdateFunctionCode,
 * UpdateFunctionConfiguration. Code is unpacked first (functions/code.h), then the change is made
 * that names it. */
#include "api/lambda/lambda.h"
#include "api/operations.h"

/* ---- members ---- */

static struct bytes print(struct api_call *call, const struct json *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024 * 1024);

    json_print(&out, value);
    return arena_copy(call->arena, buffer_bytes(&out));
}

/* "VpcConfig" is told with the id that Lambda would look up. */
static struct bytes vpc_of(struct api_call *call, const struct json *given)
{
    const struct json *subnets = decode_member(given, "SubnetIds");
    const struct json *groups = decode_member(given, "SecurityGroupIds");

    return arena_printf(call->arena,
                        "{\"SubnetIds\":%.*s,\"SecurityGroupIds\":%.*s,\"VpcId\":\"\"}",
                        BYTES_ARG(subnets != NULL ? print(call, subnets) : BYTES("[]")),
                        BYTES_ARG(groups != NULL ? print(call, groups) : BYTES("[]")));
}

static struct bytes kept_value(struct api_call *call, const char *name, const struct json *given)
{
    if (strcmp(name, "VpcConfig") == 0)
        return vpc_of(call, given);
    if (strcmp(name, "SnapStart") == 0)
        return BYTES("{\"ApplyOn\":\"None\",\"OptimizationStatus\":\"Off\"}");
    return print(call, given);
}

/* In the order of their names. */
static void decode_kept(struct api_call *call, struct function_configuration *ret)
{
    static const char *const names[] = {"Architectures", "EphemeralStorage", "KMSKeyArn",
                                        "SnapStart",     "TracingConfig",    "VpcConfig"};
    struct function_kept *kept =
        ARENA_NEW_ARRAY(call->arena, ARRAY_COUNT(names), struct function_kept);

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct json *given = decode_member(call->body, names[i]);

        if (given != NULL)
            kept[ret->kept_count++] = (struct function_kept){
                .name = names[i], .value = kept_value(call, names[i], given)};
    }
    ret->kept = kept;
}

static void decode_environment(struct api_call *call, struct function_configuration *ret)
{
    const struct json *given = decode_member(decode_member(call->body, "Environment"), "Variables");
    struct function_variable *variables =
        ARENA_NEW_ARRAY(call->arena, json_count(given), struct function_variable);

    for (struct json_iter it = json_iter(given); json_next(&it);)
        variables[ret->environment_count++] =
            (struct function_variable){it.name, json_string(it.value)};
    ret->environment = variables;
}

/* What would change what happens, and does not here. */
static enum status refuse_unsupported(struct api_call *call)
{
    if (json_count(decode_member(call->body, "Layers")) > 0)
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "dynlog has no layers (Layers): put what they hold into the function's "
                          "own zip");
    if (json_count(decode_member(call->body, "FileSystemConfigs")) > 0)
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "dynlog mounts no file systems (FileSystemConfigs)");
    if (bytes_equal_text(decode_string(call->body, "PackageType"), "Image"))
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "dynlog runs no container images (PackageType Image): functions are "
                          "zips");
    return OK;
}

static const struct {
    const char *name;
    enum function_member member;
} members[] = {
    {"Description", FUNCTION_DESCRIPTION}, {"Handler", FUNCTION_HANDLER},
    {"Runtime", FUNCTION_RUNTIME},         {"Role", FUNCTION_ROLE},
    {"Environment", FUNCTION_ENVIRONMENT}, {"Timeout", FUNCTION_TIMEOUT},
    {"MemorySize", FUNCTION_MEMORY},       {"DeadLetterConfig", FUNCTION_DEAD_LETTERS},
    {"LoggingConfig", FUNCTION_LOG_GROUP},
};

/* Lambda's defaults: 3 seconds, 128 MB. */
static void decode_configuration(struct api_call *call, struct function_change *change)
{
    const struct json *body = call->body;
    struct function_configuration *ret = &change->configuration;

    *ret = (struct function_configuration){
        .description = decode_string(body, "Description"),
        .handler = decode_string(body, "Handler"),
        .runtime = decode_string(body, "Runtime"),
        .role = decode_string(body, "Role"),
        .timeout_s = (uint32_t)decode_int(body, "Timeout", 3),
        .memory_mb = (uint32_t)decode_int(body, "MemorySize", 128),
        .dead_letter_arn = decode_string(decode_member(body, "DeadLetterConfig"), "TargetArn"),
        .log_group = decode_string(decode_member(body, "LoggingConfig"), "LogGroup"),
    };
    decode_environment(call, ret);
    decode_kept(call, ret);
    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        if (decode_has(body, members[i].name))
            change->members |= members[i].member;
}

/* ---- answers ---- */

static void answer(struct function_change *change, int http_status)
{
    struct api_call *call = change->context;
    const struct function_configuration *configuration =
        function_record_configuration(change->record, change->version);
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    lambda_write_configuration(
        call, &w, change->record, configuration,
        change->version > 0 ? function_version_text(call->arena, change->version) : BYTES(""));
    api_answer_status(call, http_status, buffer_bytes(out));
}

/* ---- code ---- */

struct upload {
    struct code_job job;
    struct function_change change; /* that the job is for */
};

static void changed(struct function_change *change, enum status status)
{
    struct upload *upload = CONTAINER_OF(change, struct upload, change);
    struct api_call *call = change->context;

    if (!change->only_look) /* a version has the code now, or nobody wants it */
        functions_release_code(call->on->functions, bytes_of_text(upload->job.hash));
    if (!lambda_failed(change, status))
        answer(change, change->kind == FUNCTION_CREATE ? 201 : 200);
}

static void unpacked(struct code_job *job, enum status status)
{
    struct upload *upload = CONTAINER_OF(job, struct upload, job);
    struct function_change *change = &upload->change;
    struct api_call *call = change->context;

    if (status == REFUSED) {
        api_fail(call, &job->error);
        return;
    }
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    change->configuration.code = bytes_of_text(job->hash);
    change->configuration.code_size = job->size;
    functions_change(call->on->functions, change);
}

/* Of a request by a path the zip was left out of the body. */
static void start_upload(struct api_call *call, struct upload *upload, struct bytes text)
{
    upload->job.zip_text = call->zip_text.size > 0 ? call->zip_text : text;
    upload->job.only_look = upload->change.only_look;
    upload->job.done = unpacked;
    if (upload->job.zip_text.size == 0) {
        api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                   "Please provide a source for function code.");
        api_fail(call, &call->error);
        return;
    }
    functions_unpack(call->on->functions, &upload->job);
}

/* ---- the operations ---- */

static enum status check_is_new(struct api_call *call, const struct lambda_subject *subject)
{
    if (functions_record(call->on->functions, subject->name) == NULL)
        return OK;
    return api_refuse(&call->error, API_LAMBDA_RESOURCE_CONFLICT, "Function already exist: %.*s",
                      BYTES_ARG(subject->name));
}

void api_create_function(struct api_call *call)
{
    struct lambda_subject subject;
    enum status status = lambda_subject_bare(call, &subject);

    if (status == OK)
        status = refuse_unsupported(call);
    if (status == OK)
        status = check_is_new(call, &subject);
    if (status != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct upload *upload = ARENA_NEW(call->arena, struct upload);
    struct function_change *change = &upload->change;

    lambda_change_begin(call, change, FUNCTION_CREATE, &subject, changed);
    decode_configuration(call, change);
    lambda_decode_tags(call, change);
    change->publish = decode_bool(call->body, "Publish", false);
    start_upload(call, upload, decode_string(decode_member(call->body, "Code"), "ZipFile"));
}

void api_update_function_code(struct api_call *call)
{
    struct lambda_subject subject;

    if (lambda_subject_bare(call, &subject) != OK || lambda_record(call, &subject) == NULL) {
        api_fail(call, &call->error);
        return;
    }
    struct upload *upload = ARENA_NEW(call->arena, struct upload);
    struct function_change *change = &upload->change;

    lambda_change_begin(call, change, FUNCTION_UPDATE_CODE, &subject, changed);
    decode_kept(call, &change->configuration);
    change->publish = decode_bool(call->body, "Publish", false);
    change->only_look = decode_bool(call->body, "DryRun", false);
    start_upload(call, upload, decode_string(call->body, "ZipFile"));
}

static void configured(struct function_change *change, enum status status)
{
    if (!lambda_failed(change, status))
        answer(change, 200);
}

void api_update_function_configuration(struct api_call *call)
{
    struct lambda_subject subject;
    enum status status = lambda_subject_bare(call, &subject);

    if (status == OK)
        status = refuse_unsupported(call);
    if (status != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct function_change *change =
        lambda_change(call, FUNCTION_UPDATE_CONFIGURATION, &subject, configured);

    decode_configuration(call, change);
    functions_change(call->on->functions, change);
}
