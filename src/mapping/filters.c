/* mapping/filters.c - see filters.h. (AWS: Lambda developer guide, "Control which events Lambda
 * sends to your function".)
 *
 * Patterns are the bus' (pattern/pattern.h), each against the whole record as the consumer would
 * get it; one that matches is enough. DynamoDB writes numbers as strings, so numeric conditions
 * hold for none of an item's attributes, as on AWS. */
#include "mapping/filters.h"

/* {}: every record. The bus knows no such pattern. */
static bool takes_all(struct bytes pattern)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *value = NULL;

    return json_parse(arena, pattern, &value, NULL) == OK && json_is(value, JSON_OBJECT) &&
           json_count(value) == 0;
}

enum status mapping_filters_check(const struct mapping_settings *settings, struct api_error *reterr)
{
    if (settings->filter_count > MAPPING_FILTERS_MAX)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "FilterCriteria has %zu filters; a mapping has at most %d.",
                          settings->filter_count, MAPPING_FILTERS_MAX);
    for (size_t i = 0; i < settings->filter_count; i++) {
        struct bytes pattern = settings->filters[i];
        struct api_error error = {0};

        if (pattern.size > MAPPING_FILTER_SIZE_MAX ||
            (!takes_all(pattern) && pattern_check(pattern, &error) != OK))
            return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                              "Invalid filter pattern definition.");
    }
    return OK;
}

struct matcher *mapping_filters_new(const struct mapping_settings *settings)
{
    struct matcher *matcher = NULL;

    for (size_t i = 0; i < settings->filter_count; i++)
        if (takes_all(settings->filters[i]))
            return NULL;
    for (size_t i = 0; i < settings->filter_count; i++) {
        struct api_error error = {0};

        if (matcher == NULL)
            matcher = matcher_new();
        enum status status =
            matcher_add(matcher, (void *)(uintptr_t)(i + 1), settings->filters[i], &error);

        assert(status == OK && "it was checked");
    }
    return matcher;
}

static void found(void *context, void *rule)
{
    bool *takes = context;

    (void)rule;
    *takes = true;
}

bool mapping_filters_take(struct matcher *filters, struct bytes record, struct arena *arena)
{
    const struct json *event = NULL;
    bool takes = false;

    if (filters == NULL)
        return true;
    if (json_parse(arena, record, &event, NULL) == OK)
        matcher_match(filters, event, found, &takes);
    return takes;
}
