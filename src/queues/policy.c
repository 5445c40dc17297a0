/* queues/policy.c - attributes that are JSON: RedrivePolicy and RedriveAllowPolicy, which are
 * obeyed, and the permissions of Policy, which are kept and told. (AWS: SQS API reference,
 * CreateQueue, AddPermission, RemovePermission.) */
#include "json/json.h"
#include "queues/internal.h"

#define LABEL_SIZE_MAX 80
#define ACTIONS_MAX 7 /* of a statement */
#define ACCOUNT_SIZE 12
#define SOURCES_MAX 10 /* sourceQueueArns */
#define POLICY_SIZE_MAX ((size_t)20 * 1024)

static enum status refuse_reason(struct api_error *error, const char *parameter, struct bytes value,
                                 const char *reason)
{
    return api_refuse(error, API_INVALID_PARAMETER_VALUE,
                      "Value %.*s for parameter %s is invalid. Reason: %s", BYTES_ARG(value),
                      parameter, reason);
}

/* ---- RedrivePolicy ---- */

/* A number, or a text that is one: SDKs and templates write both. */
static bool read_count(const struct json *value, int64_t *ret)
{
    return json_int64(value, ret) || bytes_to_int64(json_string(value), ret);
}

static bool is_queue_arn(struct bytes text)
{
    struct arn arn;

    return arn_parse(text, &arn) && bytes_equal_text(arn.service, "sqs");
}

enum status policy_read_redrive(struct queue_settings *settings, struct bytes value,
                                struct arena *arena, struct api_error *error)
{
    const struct json *json = NULL, *arn = NULL, *receives = NULL;
    int64_t count = 0;

    settings->dead_letter_arn = (struct bytes){NULL, 0};
    settings->max_receives = 0;
    if (value.size == 0)
        return OK;
    if (value.size > POLICY_SIZE_MAX || json_parse(arena, value, &json, NULL) != OK ||
        !json_is(json, JSON_OBJECT))
        return refuse_reason(error, "RedrivePolicy", value,
                             "Redrive policy is not a valid JSON map.");
    arn = json_get(json, "deadLetterTargetArn");
    receives = json_get(json, "maxReceiveCount");
    if (arn == NULL)
        return refuse_reason(
            error, "RedrivePolicy", value,
            "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    if (receives == NULL)
        return refuse_reason(
            error, "RedrivePolicy", value,
            "Redrive policy does not contain mandatory attribute: maxReceiveCount.");
    if (!is_queue_arn(json_string(arn)))
        return refuse_reason(error, "RedrivePolicy", value,
                             "Invalid value for deadLetterTargetArn.");
    if (!read_count(receives, &count) || count < 1 || count > QUEUE_MAX_RECEIVES_MAX)
        return api_refuse(
            error, API_INVALID_PARAMETER_VALUE,
            "Value %.*s for parameter RedrivePolicy is invalid. Reason: Invalid value "
            "for maxReceiveCount: %.*s, valid values are from 1 to %d both inclusive.",
            BYTES_ARG(value),
            BYTES_ARG(json_is(receives, JSON_STRING) ? json_string(receives)
                                                     : json_number_text(receives)),
            QUEUE_MAX_RECEIVES_MAX);
    settings->dead_letter_arn = arena_copy(arena, json_string(arn));
    settings->max_receives = (uint32_t)count;
    return OK;
}

/* ---- RedriveAllowPolicy ---- */

enum permission { PERMISSION_ALLOW_ALL, PERMISSION_DENY_ALL, PERMISSION_BY_QUEUE, PERMISSION_NONE };

static enum permission permission_of(const struct json *json)
{
    static const char *const words[] = {"allowAll", "denyAll", "byQueue"};
    struct bytes word = json_string(json_get(json, "redrivePermission"));

    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (bytes_equal_text(word, words[i]))
            return (enum permission)i;
    return PERMISSION_NONE;
}

enum status policy_check_allow(struct bytes value, struct arena *arena, struct api_error *error)
{
    const struct json *json = NULL, *sources = NULL;
    enum permission permission = PERMISSION_NONE;
    bool right = true;

    if (value.size == 0)
        return OK;
    if (value.size > POLICY_SIZE_MAX || json_parse(arena, value, &json, NULL) != OK ||
        !json_is(json, JSON_OBJECT))
        return refuse_reason(error, "RedriveAllowPolicy", value,
                             "Redrive allow policy is not a valid JSON map.");
    permission = permission_of(json);
    sources = json_get(json, "sourceQueueArns");
    if (permission == PERMISSION_NONE)
        return refuse_reason(error, "RedriveAllowPolicy", value,
                             "Redrive permission must be allowAll, denyAll or byQueue.");
    for (struct json_iter it = json_iter(sources); json_next(&it);)
        right = right && is_queue_arn(json_string(it.value));
    if (permission == PERMISSION_BY_QUEUE)
        right = right && json_is(sources, JSON_ARRAY) && json_count(sources) >= 1 &&
                json_count(sources) <= SOURCES_MAX;
    else
        right = right && json_count(sources) == 0;
    if (!right)
        return refuse_reason(error, "RedriveAllowPolicy", value,
                             "sourceQueueArns takes 1 to 10 ARNs of queues, with byQueue only.");
    return OK;
}

static bool allows(const struct queue_view *target, struct bytes source_arn, struct arena *arena)
{
    const struct json *json = NULL;

    if (target->settings.redrive_allow_policy.size == 0 ||
        json_parse(arena, target->settings.redrive_allow_policy, &json, NULL) != OK)
        return true;
    if (permission_of(json) != PERMISSION_BY_QUEUE)
        return permission_of(json) != PERMISSION_DENY_ALL;
    for (struct json_iter it = json_iter(json_get(json, "sourceQueueArns")); json_next(&it);)
        if (bytes_equal(json_string(it.value), source_arn))
            return true;
    return false;
}

enum status policy_check_target(const struct queues *queues, const struct queue_view *view,
                                struct arena *arena, struct api_error *error)
{
    const struct queue_settings *settings = &view->settings;
    const struct queue_view *target = NULL;

    if (settings->max_receives == 0)
        return OK;
    target = queues_find_arn(queues, settings->dead_letter_arn);
    if (target == NULL)
        return refuse_reason(error, "RedrivePolicy", settings->redrive_policy,
                             "Dead letter target does not exist.");
    if (target->settings.fifo != settings->fifo)
        return refuse_reason(error, "RedrivePolicy", settings->redrive_policy,
                             "Dead-letter queue must be same type of queue as the source.");
    if (!allows(target, view->arn, arena))
        return refuse_reason(error, "RedrivePolicy", settings->redrive_policy,
                             "Dead-letter queue does not allow this queue to use it.");
    return OK;
}

/* ---- permissions ---- */

static bool is_label(struct bytes label)
{
    for (size_t i = 0; i < label.size; i++) {
        uint8_t c = label.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return label.size > 0 && label.size <= LABEL_SIZE_MAX;
}

static bool is_account(struct bytes account)
{
    uint64_t number = 0;

    return account.size == ACCOUNT_SIZE && bytes_to_uint64(account, &number);
}

/* What an owner may let others do. */
static bool is_action(struct bytes action)
{
    static const char *const actions[] = {
        "*",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
        "ListDeadLetterSourceQueues",
    };

    for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
        if (bytes_equal_text(action, actions[i]))
            return true;
    return false;
}

static enum status check_permission(const struct queue_change *change, struct api_error *error)
{
    if (!is_label(change->label))
        return refuse_reason(error, "Label", change->label,
                             "Can only include alphanumeric characters, hyphens, or underscores. 1 "
                             "to 80 in length");
    if (change->action_count > ACTIONS_MAX)
        return api_refuse(error, API_OVER_LIMIT, "%zu Actions were found, maximum allowed is %d.",
                          change->action_count, ACTIONS_MAX);
    for (size_t i = 0; i < change->action_count; i++)
        if (!is_action(change->actions[i]))
            return api_refuse(
                error, API_INVALID_PARAMETER_VALUE,
                "Value SQS:%.*s for parameter ActionName is invalid. Reason: Only the "
                "queue owner is allowed to invoke this action.",
                BYTES_ARG(change->actions[i]));
    for (size_t i = 0; i < change->account_count; i++)
        if (!is_account(change->accounts[i]))
            return api_refuse(
                error, API_INVALID_PARAMETER_VALUE,
                "Value [%.*s] for parameter PrincipalId is invalid. Reason: Unable to "
                "verify.",
                BYTES_ARG(change->accounts[i]));
    return OK;
}

/* One text, or a list of several. */
static void write_texts(struct json_writer *w, const struct bytes *texts, size_t count,
                        struct arena *arena, const char *before, const char *after)
{
    if (count != 1)
        json_begin_array(w);
    for (size_t i = 0; i < count; i++)
        json_write_string(w, arena_printf(arena, "%s%.*s%s", before, BYTES_ARG(texts[i]), after));
    if (count != 1)
        json_end_array(w);
}

static void write_statement(struct json_writer *w, const struct queue_view *view,
                            const struct queue_change *change, const struct arn_place *place)
{
    struct bytes before = arena_printf(change->arena, "arn:%s:iam::", place->partition);

    json_begin_object(w);
    json_member_string(w, "Sid", change->label);
    json_member_text(w, "Effect", "Allow");
    json_key(w, "Principal");
    json_begin_object(w);
    json_key(w, "AWS");
    write_texts(w, change->accounts, change->account_count, change->arena,
                arena_copy_text(change->arena, before), ":root");
    json_end_object(w);
    json_key(w, "Action");
    write_texts(w, change->actions, change->action_count, change->arena, "SQS:", "");
    json_member_string(w, "Resource", view->arn);
    json_end_object(w);
}

static const struct json *parse_policy(const struct queue_view *view, struct arena *arena)
{
    const struct json *policy = NULL;

    if (view->settings.policy.size == 0 ||
        json_parse(arena, view->settings.policy, &policy, NULL) != OK)
        return NULL;
    return policy;
}

static bool has_label(const struct json *statement, struct bytes label)
{
    return bytes_equal(json_string(json_get(statement, "Sid")), label);
}

/* Statements of a policy are one or a list. Those without the label; how many there are. */
static size_t write_others(struct json_writer *w, const struct json *policy, struct bytes label,
                           bool *ret_found)
{
    const struct json *statements = json_get(policy, "Statement");
    size_t count = 0;

    *ret_found = false;
    if (json_is(statements, JSON_OBJECT)) {
        *ret_found = has_label(statements, label);
        if (!*ret_found)
            json_write_value(w, statements);
        return *ret_found ? 0 : 1;
    }
    for (struct json_iter it = json_iter(statements); json_next(&it);) {
        if (has_label(it.value, label)) {
            *ret_found = true;
            continue;
        }
        json_write_value(w, it.value);
        count++;
    }
    return count;
}

static void begin_policy(struct json_writer *w, const struct json *policy,
                         const struct queue_view *view, struct arena *arena)
{
    json_begin_object(w);
    for (struct json_iter it = json_iter(policy); json_next(&it);) {
        if (bytes_equal_text(it.name, "Statement"))
            continue;
        json_key_bytes(w, it.name);
        json_write_value(w, it.value);
    }
    if (policy == NULL) {
        json_member_text(w, "Version", "2008-10-17");
        json_member_string(w, "Id",
                           arena_printf(arena, "%.*s/SQSDefaultPolicy", BYTES_ARG(view->arn)));
    }
    json_key(w, "Statement");
    json_begin_array(w);
}

static enum status take_policy(struct queue_view *view, const struct buffer *out,
                               struct arena *arena, struct api_error *error)
{
    if (buffer_failed(out))
        return api_refuse(error, API_OVER_LIMIT, "The policy would be larger than %zu KB.",
                          POLICY_SIZE_MAX / 1024);
    view->settings.policy = arena_copy(arena, buffer_bytes(out));
    return OK;
}

enum status policy_add_permission(struct queue_view *view, const struct queue_change *change,
                                  const struct arn_place *place, struct api_error *error)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(POLICY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const struct json *policy = parse_policy(view, change->arena);
    enum status status = check_permission(change, error);
    bool found = false;

    if (status != OK)
        return status;
    begin_policy(&w, policy, view, change->arena);
    write_others(&w, policy, change->label, &found);
    if (found)
        return refuse_reason(error, "Label", change->label, "Already exists.");
    write_statement(&w, view, change, place);
    json_end_array(&w);
    json_end_object(&w);
    return take_policy(view, &out, change->arena, error);
}

enum status policy_remove_permission(struct queue_view *view, const struct queue_change *change,
                                     struct api_error *error)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(POLICY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const struct json *policy = parse_policy(view, change->arena);
    bool found = false;

    begin_policy(&w, policy, view, change->arena);
    size_t left = write_others(&w, policy, change->label, &found);

    if (!found)
        return refuse_reason(error, "Label", change->label, "can't find label.");
    json_end_array(&w);
    json_end_object(&w);
    if (left == 0) {
        view->settings.policy = (struct bytes){NULL, 0};
        return OK;
    }
    return take_policy(view, &out, change->arena, error);
}
