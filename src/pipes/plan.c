/* pipes/plan.c - the settings of a pipe as a batch needs them; see internal.h. */
#include "pipes/internal.h"

static struct bytes copy(struct arena *arena, struct bytes bytes)
{
    return arena_copy(arena, bytes);
}

static const struct json *parse(struct arena *arena, struct bytes text)
{
    const struct json *json = NULL;

    return text.size > 0 && json_parse(arena, text, &json, NULL) == OK ? json : NULL;
}

static struct pipe_settings copy_settings(struct arena *arena, const struct pipe_settings *from)
{
    struct pipe_settings settings = *from;
    struct pipe_tag *tags = ARENA_NEW_ARRAY(arena, from->tag_count, struct pipe_tag);
    struct bytes *const all[] = {
        &settings.name,
        &settings.description,
        &settings.role_arn,
        &settings.source,
        &settings.enrichment,
        &settings.target,
        &settings.kms_key,
        &settings.source_parameters,
        &settings.enrichment_parameters,
        &settings.target_parameters,
        &settings.log_configuration,
    };

    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        *all[i] = copy(arena, *all[i]);
    for (size_t i = 0; i < from->tag_count; i++)
        tags[i] =
            (struct pipe_tag){copy(arena, from->tags[i].key), copy(arena, from->tags[i].value)};
    settings.tags = tags;
    return settings;
}

/* ---- the source ---- */

static int64_t integer(const struct json *object, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;

    return json_int64(json_get(object, name), &value) ? value : otherwise;
}

static void plan_filters(struct pipe_plan *plan, const struct json *parameters)
{
    const struct json *filters = json_get(json_get(parameters, "FilterCriteria"), "Filters");
    struct bytes *patterns = ARENA_NEW_ARRAY(plan->arena, json_count(filters), struct bytes);

    for (struct json_iter it = json_iter(filters); json_next(&it);)
        patterns[it.index] = json_get_string(it.value, "Pattern");
    plan->mapping.filters = patterns;
    plan->mapping.filter_count = json_count(filters);
}

/* All but what tells where it reads (life.c). */
static void plan_source(struct pipe_plan *plan, const struct pipe_record *record)
{
    const struct json *all = parse(plan->arena, plan->settings.source_parameters);
    bool of_stream = plan->source == PIPE_SOURCE_STREAM;
    const struct json *own =
        json_get(all, of_stream ? "DynamoDBStreamParameters" : "SqsQueueParameters");

    plan->mapping = (struct mapping_settings){
        .name = arena_printf(plan->arena, "pipe.%s", record->id),
        .uuid = copy(plan->arena, bytes_of_text(record->id)),
        .function_name = plan->settings.name,
        .source_arn = plan->settings.source,
        .batch_size = (uint32_t)integer(own, "BatchSize", PIPE_QUEUE_BATCH),
        .batch_window_s = (uint32_t)integer(own, "MaximumBatchingWindowInSeconds", 0),
        .trim_horizon = bytes_equal_text(json_get_string(own, "StartingPosition"), "TRIM_HORIZON"),
        .enabled = true,
        .parallelization_factor = (uint32_t)integer(own, "ParallelizationFactor", 1),
        .bisect_on_error = json_get_string(own, "OnPartialBatchItemFailure").size > 0,
        .maximum_retry_attempts = (int32_t)integer(own, "MaximumRetryAttempts", -1),
        .maximum_record_age_s = (int32_t)integer(own, "MaximumRecordAgeInSeconds", -1),
        .on_failure_arn = json_get_string(json_get(own, "DeadLetterConfig"), "Arn"),
        .report_batch_item_failures = true,
    };
    plan_filters(plan, all);
}

/* ---- the rest ---- */

static void plan_enrichment(struct pipe_plan *plan)
{
    const struct json *all = parse(plan->arena, plan->settings.enrichment_parameters);
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PIPE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    plan->enrichment_template = json_get_string(all, "InputTemplate");
    if (json_get(all, "HttpParameters") == NULL)
        return;
    json_begin_object(&w);
    json_key(&w, "HttpParameters");
    json_write_value(&w, json_get(all, "HttpParameters"));
    json_end_object(&w);
    plan->enrichment_http = copy(plan->arena, buffer_bytes(&out));
}

static void plan_target(struct pipe_plan *plan)
{
    const struct json *all = parse(plan->arena, plan->settings.target_parameters);

    plan->target_template = json_get_string(all, "InputTemplate");
    plan->target_parameters = json_get(all, pipe_parameters_name(plan->target));
    plan->fire_and_forget =
        plan->target == PIPE_TARGET_FUNCTION &&
        bytes_equal_text(json_get_string(plan->target_parameters, "InvocationType"),
                         "FIRE_AND_FORGET");
}

static void plan_log(struct pipe_plan *plan)
{
    static const char *const levels[] = {"OFF", "ERROR", "INFO", "TRACE"};
    const struct json *log = parse(plan->arena, plan->settings.log_configuration);

    for (size_t i = 0; i < ARRAY_COUNT(levels); i++)
        if (bytes_equal_text(json_get_string(log, "Level"), levels[i]))
            plan->log_level = (enum pipe_log_level)i;
    plan->log_data = json_count(json_get(log, "IncludeExecutionData")) > 0;
    plan->log_group = json_get_string(json_get(log, "CloudwatchLogsLogDestination"), "LogGroupArn");
}

/* A record of a newer dynlog's kinds never comes here: its format is newer. */
static void find_kinds(struct pipe_plan *plan)
{
    struct api_error ignored;
    enum status st = pipe_source_kind_of(plan->settings.source, &plan->source, &ignored);

    assert(st == OK);
    st = pipe_enrichment_kind_of(plan->settings.enrichment, &plan->enrichment, &ignored);
    assert(st == OK);
    st = pipe_target_kind_of(plan->settings.target, &plan->target, &ignored);
    assert(st == OK);
}

struct pipe_plan *pipe_plan_new(const struct arn_place *place, const struct pipe_record *record)
{
    struct pipe_plan *plan = mem_new(sizeof *plan);

    plan->arena = arena_new();
    plan->holders = 1;
    plan->settings = copy_settings(plan->arena, &record->settings);
    find_kinds(plan);
    plan->names = (struct pipe_template_names){
        .pipe_arn = pipe_arn(place, plan->arena, plan->settings.name),
        .pipe_name = plan->settings.name,
        .source_arn = plan->settings.source,
        .enrichment_arn = plan->settings.enrichment,
        .target_arn = plan->settings.target,
    };
    plan_source(plan, record);
    plan_enrichment(plan);
    plan_target(plan);
    plan_log(plan);
    return plan;
}

struct pipe_plan *pipe_plan_hold(struct pipe_plan *plan)
{
    plan->holders++;
    return plan;
}

void pipe_plan_let_go(struct pipe_plan *plan)
{
    if (plan == NULL || --plan->holders > 0)
        return;
    arena_free(plan->arena);
    mem_free(plan);
}
