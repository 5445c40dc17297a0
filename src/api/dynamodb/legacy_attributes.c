/* api/dynamodb/legacy_attributes.c - AttributeUpdates and AttributesToGet: top-level attributes by
 * name, where an expression has paths. */
#include "api/dynamodb/legacy.h"
#include "base/map.h"
#include "expr/build.h"

static enum status check_name(struct bytes name, struct api_error *reterr)
{
    return name.size > 0 ? OK : api_invalid(reterr, "Empty attribute name");
}

/* ---- AttributeUpdates ---- */

enum action { ACTION_PUT, ACTION_ADD, ACTION_DELETE };

/* In the order of enum action. */
static const char *const words[] = {"PUT", "ADD", "DELETE"};

#define TYPE(type) (1u << (VALUE_##type))

static enum status check_type(enum action action, const struct value *value,
                              struct api_error *reterr)
{
    static const uint32_t types[] = {
        [ACTION_PUT] = UINT32_MAX,
        [ACTION_ADD] = TYPE(N) | TYPE(SS) | TYPE(NS) | TYPE(BS) | TYPE(L),
        [ACTION_DELETE] = TYPE(SS) | TYPE(NS) | TYPE(BS),
    };

    if ((types[action] & (1u << value->type)) != 0)
        return OK;
    return api_invalid(reterr, "One or more parameter values were invalid: %s for the type %s",
                       action == ACTION_ADD ? "ADD action is not supported"
                                            : "DELETE action with value is not supported",
                       value_type_name(value->type));
}

/* *ret NULL: a DELETE of the whole attribute. */
static enum status decode_value(struct arena *arena, const struct json *json, enum action action,
                                const struct value **ret, struct api_error *reterr)
{
    struct value *value = ARENA_NEW(arena, struct value);

    *ret = NULL;
    if (!decode_has(json, "Value"))
        return action == ACTION_DELETE
                   ? OK
                   : api_invalid(reterr, "One or more parameter values were invalid: Only DELETE "
                                         "action is allowed when no attribute value is specified");
    if (value_from_json(arena, decode_member(json, "Value"), value, reterr) != OK)
        return REFUSED;
    *ret = value;
    return check_type(action, value, reterr);
}

static void build_action(struct expr_builder *b, struct bytes name, enum action action,
                         const struct value *value)
{
    uint32_t path = expr_build_attribute(b, name);

    if (value == NULL)
        expr_build_remove(b, path);
    else if (action == ACTION_PUT)
        expr_build_set(b, path, expr_build_value(b, value));
    else if (action == ACTION_ADD)
        expr_build_add(b, path, value);
    else
        expr_build_delete(b, path, value);
}

enum status legacy_updates(struct api_call *call, const struct json *body,
                           const struct expr_update **ret, struct api_error *reterr)
{
    const struct json *updates = decode_member(body, "AttributeUpdates");
    struct expr_builder *b = NULL;

    if (json_count(updates) == 0)
        return OK;
    b = expr_builder_new(call->arena);
    for (struct json_iter it = json_iter(updates); json_next(&it);) {
        enum action action =
            (enum action)decode_word(it.value, "Action", words, ARRAY_COUNT(words), ACTION_PUT);
        const struct value *value = NULL;

        if (check_name(it.name, reterr) != OK ||
            decode_value(call->arena, it.value, action, &value, reterr) != OK)
            return REFUSED;
        build_action(b, it.name, action, value);
    }
    return expr_build_update(b, "Type mismatch for attribute to update", ret, reterr);
}

/* ---- AttributesToGet ---- */

static enum status check_names(const struct json *names, struct api_error *reterr)
{
    AUTO(map_free) struct map seen = MAP_INIT;

    for (struct json_iter it = json_iter(names); json_next(&it);) {
        struct bytes name = json_string(it.value);

        if (check_name(name, reterr) != OK)
            return REFUSED;
        if (map_has(&seen, name))
            return api_invalid(reterr,
                               "One or more parameter values were invalid: Duplicate value in "
                               "attribute name: %.*s",
                               BYTES_ARG(name));
        map_put(&seen, name, &seen);
    }
    return OK;
}

enum status legacy_attributes_to_get(struct api_call *call, const struct json *body,
                                     const struct expr_projection **ret, struct api_error *reterr)
{
    const struct json *names = decode_member(body, "AttributesToGet");
    struct expr_builder *b = NULL;
    uint32_t *paths = NULL;

    if (names == NULL)
        return OK;
    if (check_names(names, reterr) != OK)
        return REFUSED;
    b = expr_builder_new(call->arena);
    paths = ARENA_NEW_ARRAY(call->arena, json_count(names), uint32_t);
    for (struct json_iter it = json_iter(names); json_next(&it);)
        paths[it.index] = expr_build_attribute(b, json_string(it.value));
    return expr_build_projection(b, paths, json_count(names), ret, reterr);
}
