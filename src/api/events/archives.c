/* api/events/archives.c - CreateArchive, DescribeArchive, ListArchives, UpdateArchive,
 * DeleteArchive. An archive is there or not: its state is ENABLED. */
#include "api/events/events.h"
#include "api/operations.h"

#define STATE "ENABLED"

/* ---- changes ---- */

/* CreateArchive, UpdateArchive */
static void changed(struct bus_change *change, enum status status)
{
    struct api_call *call = change->context;
    const struct bus_archive *archive = NULL;

    if (events_change_failed(change, status))
        return;
    archive = bus_find_archive(call->on->bus, change->name);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "ArchiveArn", bus_archive_arn(call->on->bus, call->arena, change->name));
    json_member_text(&w, "State", STATE);
    if (archive != NULL) {
        json_member_epoch(&w, "CreationTime", archive->created_ms);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* What both say. A pattern that is there and empty is none, and AWS refuses it. */
static enum status decode_settings(struct api_call *call, struct bus_change *change)
{
    change->name = decode_string(call->body, "ArchiveName");
    change->has_description = decode_has(call->body, "Description");
    change->description = decode_string(call->body, "Description");
    change->has_pattern = decode_has(call->body, "EventPattern");
    change->pattern = decode_string(call->body, "EventPattern");
    change->has_retention = decode_has(call->body, "RetentionDays");
    change->retention_days = (uint32_t)decode_int(call->body, "RetentionDays", 0);
    if (change->has_pattern && change->pattern.size == 0)
        return api_refuse(&call->error, API_INVALID_EVENT_PATTERN,
                          "Event pattern is not valid. Reason: Filter is not an object");
    return OK;
}

void api_create_archive(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_CREATE_ARCHIVE, changed);
    enum status status =
        events_name_in_arn(call, "EventSourceArn", decode_string(call->body, "EventSourceArn"),
                           "event-bus/", "event bus", &change->bus_name);

    if (status == OK)
        status = decode_settings(call, change);
    events_submit(call, change, status);
}

void api_update_archive(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_UPDATE_ARCHIVE, changed);

    events_submit(call, change, decode_settings(call, change));
}

void api_delete_archive(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_DELETE_ARCHIVE, events_answer_nothing);

    change->name = decode_string(call->body, "ArchiveName");
    events_submit(call, change, OK);
}

/* ---- descriptions ---- */

static enum status write_archive(struct api_call *call, struct json_writer *w,
                                 const struct bus_archive *archive)
{
    struct bus_archive_figures figures = {0};
    enum status status = bus_archive_figures(call->on->bus, archive, &figures);

    json_member_string(w, "ArchiveName", archive->name);
    json_member_string(w, "EventSourceArn", bus_arn(call->on->bus, call->arena, archive->bus_name));
    json_member_text(w, "State", STATE);
    json_member_int(w, "RetentionDays", archive->retention_days);
    json_member_int(w, "SizeBytes", (int64_t)figures.size);
    json_member_int(w, "EventCount", (int64_t)figures.count);
    json_member_epoch(w, "CreationTime", archive->created_ms);
    return status;
}

void api_describe_archive(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "ArchiveName");
    const struct bus_archive *archive = bus_find_archive(call->on->bus, name);

    if (archive == NULL) {
        api_refuse(&call->error, API_RESOURCE_NOT_FOUND, "Archive %.*s does not exist.",
                   BYTES_ARG(name));
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "ArchiveArn", bus_archive_arn(call->on->bus, call->arena, name));
    if (archive->description.size > 0)
        json_member_string(&w, "Description", archive->description);
    if (archive->pattern.size > 0)
        json_member_string(&w, "EventPattern", archive->pattern);
    enum status status = write_archive(call, &w, archive);

    json_end_object(&w);
    if (status == OK)
        api_answer(call, buffer_bytes(out));
    else
        api_fail_status(call, status);
}

/* Of the bus in EventSourceArn only; of a state that archives are never in, none. */
static enum status filter(struct api_call *call, const struct bus_archive **archives, size_t *count)
{
    struct bytes source = decode_string(call->body, "EventSourceArn"), bus = {NULL, 0};
    struct bytes state = decode_string(call->body, "State");
    size_t all = *count;
    enum status status = OK;

    if (source.size > 0)
        status =
            events_name_in_arn(call, "EventSourceArn", source, "event-bus/", "event bus", &bus);
    if (status == OK && source.size > 0 && bus_find(call->on->bus, bus) == NULL)
        status = api_refuse(&call->error, API_RESOURCE_NOT_FOUND, "Event bus %.*s does not exist.",
                            BYTES_ARG(bus));
    *count = 0;
    for (size_t i = 0; status == OK && i < all; i++)
        if ((source.size == 0 || bytes_equal(archives[i]->bus_name, bus)) &&
            (state.size == 0 || bytes_equal_text(state, STATE)))
            archives[(*count)++] = archives[i];
    return status;
}

void api_list_archives(struct api_call *call)
{
    const struct bus_archive **archives = NULL;
    struct events_list list;
    size_t count = 0;
    enum status status = events_one_filter(call, "ListArchives");

    bus_list_archives(call->on->bus, decode_string(call->body, "NamePrefix"), call->arena,
                      &archives, &count);
    if (status == OK)
        status = filter(call, archives, &count);
    if (!events_list_begin(call, status, "Archives", count, &list))
        return;
    for (size_t i = list.first; status == OK && i < list.end; i++) {
        json_begin_object(&list.w);
        status = write_archive(call, &list.w, archives[i]);
        json_end_object(&list.w);
    }
    if (status == OK)
        events_list_end(&list);
    else
        api_fail_status(call, status);
}
