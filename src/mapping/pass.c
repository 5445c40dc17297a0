/* mapping/pass.c - a cursor that is moved on: mappings of a function that is held go on behind what
 * was handled some other way (dynlog rebuild feeds history itself). All that is kept of where they
 * were goes: cursors of shards, open windows, notes of events that were put. */
#include "mapping/internal.h"

static const struct mapping *find(const struct mappings *mappings, struct bytes uuid)
{
    for (size_t i = 0; i < mappings->count; i++)
        if (bytes_equal_text(uuid, mappings->all[i]->uuid))
            return mappings->all[i];
    return NULL;
}

static bool is_fit(const struct mapping *mapping, struct bytes function_name)
{
    struct bytes qualifier = {NULL, 0};

    return mapping->is_held && !mapping->is_open && mapping->settings.source == MAPPING_OF_STREAM &&
           bytes_equal(function_name_split(mapping->settings.function_name, &qualifier),
                       function_name);
}

enum status mappings_pass(const struct mappings *mappings, struct bytes function_name,
                          struct bytes uuids, uint64_t position, struct arena *arena,
                          struct mapping_pass *ret, struct api_error *reterr)
{
    struct bytes rest = uuids;
    size_t capacity = 0;

    *ret = (struct mapping_pass){.position = position};
    while (rest.size > 0) {
        size_t comma = size_min(bytes_find_byte(rest, ',', 0), rest.size);
        struct bytes uuid = bytes_slice(rest, 0, comma);
        const struct mapping *mapping = find(mappings, uuid);

        rest = bytes_slice(rest, size_min(comma + 1, rest.size), rest.size);
        if (mapping == NULL || !is_fit(mapping, function_name))
            return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                              "%.*s is no mapping of a stream that stands still because %.*s is "
                              "held",
                              BYTES_ARG(uuid), BYTES_ARG(function_name));
        if (mapping_cursor_of(mapping) >= position)
            continue; /* it is there by itself */
        ret->list =
            arena_grow(arena, ret->list, ret->count, ret->count + 1, &capacity, sizeof *ret->list);
        ret->list[ret->count++] =
            (struct mapping_settings){.source = MAPPING_OF_STREAM,
                                      .name = arena_copy(arena, mapping->settings.name),
                                      .stream_id = mapping->settings.stream_id};
    }
    return OK;
}

void mapping_pass_write(const struct mapping_pass *pass, struct store_batch *batch)
{
    for (size_t i = 0; i < pass->count; i++) {
        mapping_cursor_forget(&pass->list[i], batch);
        mapping_begin_at(&pass->list[i], batch, pass->position);
    }
}
