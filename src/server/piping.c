/* server/piping.c - pipes (pipes/pipes.h): where they find their source, and the targets that they
 * write to. */
#include "server/internal.h"

/* NAME and LABEL of arn:...:table/NAME/stream/LABEL, of this account and region. */
static bool parse_stream(const struct server *server, struct bytes text, struct bytes *ret_table,
                         struct bytes *ret_label)
{
    struct bytes prefix = BYTES("table/"), middle = BYTES("/stream/");
    struct arn arn;
    size_t at = 0;

    if (!arn_parse(text, &arn) || !bytes_equal_text(arn.service, "dynamodb") ||
        !bytes_equal_text(arn.region, server->place.region) ||
        !bytes_equal_text(arn.account, server->place.account) ||
        !bytes_start_with(arn.resource, prefix))
        return false;
    at = bytes_find(arn.resource, middle);
    if (at == SIZE_MAX)
        return false;
    *ret_table = bytes_slice(arn.resource, prefix.size, at - prefix.size);
    *ret_label = bytes_slice(arn.resource, at + middle.size, arn.resource.size);
    return true;
}

static enum status find_stream(void *context, struct bytes arn, uint32_t *ret_id,
                               const char **ret_view)
{
    static const char *const views[] = {"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE",
                                        "NEW_AND_OLD_IMAGES"};
    struct server *server = context;
    struct bytes name = {NULL, 0}, label = {NULL, 0};
    const struct table *table = NULL;
    bool found = false;

    if (parse_stream(server, arn, &name, &label))
        table = engine_table_ref(server->engine, name);
    if (table == NULL)
        return NOT_FOUND;
    found =
        table->stream.id != 0 && table->stream.enabled && bytes_equal(table->stream.label, label);
    if (found) {
        *ret_id = table->stream.id;
        *ret_view = views[table->stream.view];
    }
    engine_table_unref(table);
    return found ? OK : NOT_FOUND;
}

enum status piping_open(struct server *server)
{
    struct pipes_options options = {
        .store = server->store,
        .port = server->port,
        .timers = server->timers,
        .wall_timers = server->wall_timers,
        .place = &server->place,
        .functions = server->functions,
        .outbound = server->outbound,
        .queues = server->queues,
        .logs = server->logs,
        .mappings = server->mappings,
        .door = {.context = server, .find_stream = find_stream, .target = deliver_door(server)},
        .journeys = server->journeys,
        .log = output_log,
        .changed = loop_changed,
        .context = server};

    return pipes_open(&options, &server->pipes);
}
