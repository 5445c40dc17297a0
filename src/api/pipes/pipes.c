/* api/pipes/pipes.c - CreatePipe, UpdatePipe, DeletePipe, DescribePipe, ListPipes, StartPipe,
 * StopPipe. */
#include "api/pipes/pipes_api.h"

#include "api/decode.h"
#include "api/operations.h"
#include "base/base64.h"

#define PAGE_MAX 100

static const char *const desired_words[] = {"STOPPED", "RUNNING"};

/* ---- changing ---- */

struct pipe_change *pipes_api_change(struct api_call *call, enum pipe_change_kind kind,
                                     void (*done)(struct pipe_change *change, enum status status))
{
    struct pipe_change *change = ARENA_NEW(call->arena, struct pipe_change);

    change->kind = kind;
    change->arena = call->arena;
    change->done = done;
    change->context = call;
    return change;
}

bool pipes_api_failed(struct pipe_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == OK)
        return false;
    if (status == REFUSED)
        api_fail(call, &change->error);
    else
        api_fail_status(call, status);
    return true;
}

void pipes_api_tags(struct api_call *call, const struct json *tags, struct pipe_settings *ret)
{
    struct pipe_tag *list = ARENA_NEW_ARRAY(call->arena, json_count(tags), struct pipe_tag);

    for (struct json_iter it = json_iter(tags); json_next(&it);)
        list[it.index] = (struct pipe_tag){it.name, json_string(it.value)};
    ret->tags = list;
    ret->tag_count = json_count(tags);
}

static const char *desired_word(const struct pipe_view *view)
{
    return view->deleted ? "DELETED" : desired_words[view->settings->running];
}

/* What all answers have. */
static void write_head(struct json_writer *w, const struct pipe_view *view)
{
    json_member_string(w, "Arn", view->arn);
    json_member_epoch(w, "CreationTime", view->created_ms);
    json_member_text(w, "CurrentState", pipe_state_words[view->state]);
    json_member_text(w, "DesiredState", desired_word(view));
    json_member_epoch(w, "LastModifiedTime", view->modified_ms);
    json_member_string(w, "Name", view->settings->name);
}

static void changed(struct pipe_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (pipes_api_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_head(&w, &change->view);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void decode_change(struct api_call *call, struct pipe_change *change)
{
    const struct json *body = call->body;

    change->settings = (struct pipe_settings){
        .name = decode_string(body, "Name"),
        .description = decode_string(body, "Description"),
        .role_arn = decode_string(body, "RoleArn"),
        .source = decode_string(body, "Source"),
        .enrichment = decode_string(body, "Enrichment"),
        .target = decode_string(body, "Target"),
        .kms_key = decode_string(body, "KmsKeyIdentifier"),
        .running = bytes_equal_text(decode_string(body, "DesiredState"), "RUNNING"),
    };
    /* What a stack file says of a pipe that is there is what it says of a new one. */
    change->whole = call->request == NULL && decode_has(body, "Source");
    change->has_description = decode_has(body, "Description");
    change->has_enrichment = decode_has(body, "Enrichment");
    change->has_target = decode_has(body, "Target");
    change->has_desired = decode_has(body, "DesiredState");
    change->has_kms_key = decode_has(body, "KmsKeyIdentifier");
    change->source_parameters = decode_member(body, "SourceParameters");
    change->enrichment_parameters = decode_member(body, "EnrichmentParameters");
    change->target_parameters = decode_member(body, "TargetParameters");
    change->log_configuration = decode_member(body, "LogConfiguration");
    pipes_api_tags(call, decode_member(body, "Tags"), &change->settings);
}

static void begin_change(struct api_call *call, enum pipe_change_kind kind)
{
    struct pipe_change *change = pipes_api_change(call, kind, changed);

    decode_change(call, change);
    pipes_change(call->on->pipes, change);
}

void api_create_pipe(struct api_call *call)
{
    begin_change(call, PIPE_CREATE);
}

void api_update_pipe(struct api_call *call)
{
    begin_change(call, PIPE_UPDATE);
}

void api_delete_pipe(struct api_call *call)
{
    begin_change(call, PIPE_DELETE);
}

void api_start_pipe(struct api_call *call)
{
    begin_change(call, PIPE_START);
}

void api_stop_pipe(struct api_call *call)
{
    begin_change(call, PIPE_STOP);
}

/* ---- telling ---- */

static void write_parameters(struct json_writer *w, const char *name, struct bytes parameters)
{
    if (parameters.size == 0)
        return;
    json_key(w, name);
    json_write_raw(w, parameters);
}

void pipes_api_write_tags(struct json_writer *w, const char *name,
                          const struct pipe_settings *settings)
{
    json_key(w, name);
    json_begin_object(w);
    for (size_t i = 0; i < settings->tag_count; i++) {
        json_key_bytes(w, settings->tags[i].key);
        json_write_string(w, settings->tags[i].value);
    }
    json_end_object(w);
}

static void write_pipe(struct json_writer *w, const struct pipe_view *view)
{
    const struct pipe_settings *settings = view->settings;

    json_begin_object(w);
    write_head(w, view);
    json_member_set(w, "Description", settings->description);
    json_member_set(w, "Enrichment", settings->enrichment);
    write_parameters(w, "EnrichmentParameters", settings->enrichment_parameters);
    json_member_set(w, "KmsKeyIdentifier", settings->kms_key);
    write_parameters(w, "LogConfiguration", settings->log_configuration);
    json_member_string(w, "RoleArn", settings->role_arn);
    json_member_string(w, "Source", settings->source);
    write_parameters(w, "SourceParameters", settings->source_parameters);
    json_member_set(w, "StateReason", bytes_of_text(view->reason));
    pipes_api_write_tags(w, "Tags", settings);
    json_member_string(w, "Target", settings->target);
    write_parameters(w, "TargetParameters", settings->target_parameters);
    json_end_object(w);
}

void api_describe_pipe(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "Name");
    struct pipe_view view;

    if (!pipes_find(call->on->pipes, name, call->arena, &view)) {
        api_refuse(&call->error, API_PIPES_NOT_FOUND, "Pipe %.*s does not exist.", BYTES_ARG(name));
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    write_pipe(&w, &view);
    api_answer(call, buffer_bytes(out));
}

/* ---- pages ---- */

static enum status decode_page(struct api_call *call, struct pipe_page *ret)
{
    struct bytes token = decode_string(call->body, "NextToken");
    const struct json *body = call->body;

    *ret = (struct pipe_page){
        .name_prefix = decode_string(body, "NamePrefix"),
        .source_prefix = decode_string(body, "SourcePrefix"),
        .target_prefix = decode_string(body, "TargetPrefix"),
        .state = -1,
        .desired_running = -1,
        .limit = (size_t)decode_int(body, "Limit", PAGE_MAX),
    };
    if (decode_has(body, "CurrentState")) /* a state that no pipe here is ever in: none */
        ret->state = (int)decode_word(body, "CurrentState", pipe_state_words, PIPE_STATE_COUNT,
                                      PIPE_STATE_COUNT);
    if (decode_has(body, "DesiredState"))
        ret->desired_running = (int)decode_word(body, "DesiredState", desired_words, 2, 0);
    if (token.size > 0 &&
        (base64_decode(call->arena, token, &ret->after) != BASE64_NO_FAULT || ret->after.size == 0))
        return api_invalid(&call->error, "Invalid NextToken.");
    return OK;
}

static void write_summary(struct json_writer *w, const struct pipe_view *view)
{
    json_begin_object(w);
    write_head(w, view);
    json_member_set(w, "Enrichment", view->settings->enrichment);
    json_member_string(w, "Source", view->settings->source);
    json_member_set(w, "StateReason", bytes_of_text(view->reason));
    json_member_string(w, "Target", view->settings->target);
    json_end_object(w);
}

/* A token is the name that ended the page before, as base64. */
static void write_next(struct json_writer *w, const struct pipe_page *page)
{
    AUTO(buffer_free) struct buffer token = BUFFER_INIT(256);

    if (!page->more)
        return;
    base64_encode(&token, page->pipes[page->count - 1].settings->name);
    json_member_string(w, "NextToken", buffer_bytes(&token));
}

void api_list_pipes(struct api_call *call)
{
    struct pipe_page page;

    if (decode_page(call, &page) != OK) {
        api_fail(call, &call->error);
        return;
    }
    pipes_list(call->on->pipes, call->arena, &page);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_next(&w, &page);
    json_key(&w, "Pipes");
    json_begin_array(&w);
    for (size_t i = 0; i < page.count; i++)
        write_summary(&w, &page.pipes[i]);
    json_end_array(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
