/* mapping/put_source.c - which batch an event comes from, and whether it came before;
 * rerun.h. */
#include "mapping/internal.h"

/* "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=...": the part that all of one invocation share.
 */
static struct bytes root_of(struct bytes trace_header)
{
    size_t at = bytes_find(trace_header, BYTES("Root="));

    if (at == SIZE_MAX)
        return (struct bytes){NULL, 0};
    struct bytes root = bytes_slice(trace_header, at, trace_header.size);

    return bytes_slice(root, 0, bytes_find_byte(root, ';', 0));
}

static bool lane_sent(const struct lane *lane, struct bytes root)
{
    return lane->state == LANE_RUNNING && bytes_equal(root_of(lane->handover.trace_id), root);
}

/* The lane of a shard that sent it; NULL when none did. */
static const struct lane *find_lane(const struct mapping_shard *shard, struct bytes root)
{
    for (size_t i = 0; i < shard->mapping->lane_count; i++)
        if (lane_sent(&shard->lanes[i], root))
            return &shard->lanes[i];
    return NULL;
}

static bool find_in(const struct mapping *mapping, struct bytes root, struct mapping_source *ret)
{
    for (size_t i = 0; i < mapping->shard_count; i++) {
        struct mapping_shard *shard = mapping->shards[i];
        const struct lane *lane = find_lane(shard, root);

        if (lane == NULL)
            continue;
        *ret = (struct mapping_source){.shard = shard,
                                       .position = lane->running.records[lane->end - 1].position};
        memcpy(ret->notes_name, shard->notes_name, sizeof ret->notes_name);
        return true;
    }
    return false;
}

bool mappings_find_source(const struct mappings *mappings, struct bytes trace_header,
                          struct mapping_source *ret)
{
    struct bytes root = root_of(trace_header);

    for (size_t i = 0; root.size > 0 && i < mappings->count; i++)
        if (find_in(mappings->all[i], root, ret))
            return true;
    return false;
}

bool mapping_put_before(const struct mapping_source *source, struct bytes content,
                        char ret_event_id[ID_UUID_SIZE])
{
    if (source->shard->rerun.earlier_to == 0)
        return false;
    return rerun_take(&source->shard->rerun, rerun_digest_of(content), ret_event_id);
}

void mapping_putting(const struct mapping_source *source)
{
    if (source->position > source->shard->rerun.noted_to)
        source->shard->rerun.noted_to = source->position;
}

void mapping_note_put(const struct mapping_source *source, struct store_batch *batch,
                      struct bytes content, const char *event_id)
{
    rerun_note(batch, bytes_of_text(source->notes_name), source->position, rerun_digest_of(content),
               event_id);
}
