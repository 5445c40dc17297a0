/* bus/policy.c - who else may put events on a bus: its policy, as JSON text; see settings.h.
 * dynlog keeps it and tells it; whoever reaches dynlog may do everything. */
#include "bus/settings.h"

#define POLICY_VERSION "2012-10-17"

static bool has_sid(const struct json *statement, struct bytes sid)
{
    return bytes_equal(json_string(json_get(statement, "Sid")), sid);
}

/* Statement is a list, or the only one itself. */
static size_t count_statements(const struct json *policy)
{
    const struct json *statement = json_get(policy, "Statement");

    return json_is(statement, JSON_ARRAY) ? json_count(statement) : json_is(statement, JSON_OBJECT);
}

static const struct json *statement_at(const struct json *policy, size_t index)
{
    const struct json *statement = json_get(policy, "Statement");

    return json_is(statement, JSON_ARRAY) ? json_at(statement, index) : statement;
}

/* The policy without the statement of that name, and with `added` when it is not empty; what else
 * it says stays. */
static struct bytes print_policy(struct arena *arena, const struct json *policy, struct bytes sid,
                                 struct bytes added)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)4 * POLICY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&text);
    const struct json *version = json_get(policy, "Version");

    json_begin_object(&w);
    json_key(&w, "Version");
    json_write_string(&w, version != NULL ? json_string(version) : BYTES(POLICY_VERSION));
    if (json_get(policy, "Id") != NULL)
        json_member_string(&w, "Id", json_string(json_get(policy, "Id")));
    json_key(&w, "Statement");
    json_begin_array(&w);
    for (size_t i = 0; i < count_statements(policy); i++)
        if (!has_sid(statement_at(policy, i), sid))
            json_write_value(&w, statement_at(policy, i));
    if (added.size > 0)
        json_write_raw(&w, added);
    json_end_array(&w);
    json_end_object(&w);
    assert(!buffer_failed(&text) && "both are smaller than a policy may be");
    return arena_copy(arena, buffer_bytes(&text));
}

static enum status check_size(struct bytes policy, struct api_error *reterr)
{
    if (policy.size <= POLICY_SIZE_MAX)
        return OK;
    return api_refuse(reterr, API_POLICY_LENGTH_EXCEEDED,
                      "The policy of an event bus can't be larger than %d bytes.", POLICY_SIZE_MAX);
}

enum status policy_check(struct arena *arena, struct bytes policy, struct api_error *reterr)
{
    const struct json *json = NULL;
    bool right = json_parse(arena, policy, &json, NULL) == OK && count_statements(json) > 0;

    for (size_t i = 0; right && i < count_statements(json); i++)
        right = json_is(statement_at(json, i), JSON_OBJECT);
    return right ? check_size(policy, reterr)
                 : api_invalid(reterr, "This policy contains invalid Json");
}

enum status policy_allow(struct arena *arena, struct bytes *policy, struct bytes sid,
                         struct bytes statement, struct api_error *reterr)
{
    const struct json *json = NULL;

    if (policy->size > 0 && json_parse(arena, *policy, &json, NULL) != OK)
        assert(false && "it was checked when it was put");
    struct bytes changed = print_policy(arena, json, sid, statement);
    enum status st = check_size(changed, reterr);

    if (st == OK)
        *policy = changed;
    return st;
}

enum status policy_forbid(struct arena *arena, struct bytes *policy, struct bytes sid,
                          struct api_error *reterr)
{
    const struct json *json = NULL;
    size_t found = 0;

    if (policy->size == 0)
        return api_refuse(reterr, API_RESOURCE_NOT_FOUND, "EventBus does not have a policy.");
    if (json_parse(arena, *policy, &json, NULL) != OK)
        assert(false && "it was checked when it was put");
    for (size_t i = 0; i < count_statements(json); i++)
        found += has_sid(statement_at(json, i), sid);
    if (found == 0)
        return api_refuse(reterr, API_RESOURCE_NOT_FOUND,
                          "Statement with the provided id does not exist.");
    *policy = found < count_statements(json)
                  ? print_policy(arena, json, sid, (struct bytes){NULL, 0})
                  : (struct bytes){NULL, 0};
    return OK;
}
