/* bus/archive_catalogue.c - archives as the store holds them (docs/format/bus.md), and the structs
 * in memory that are made from those bytes, with the managed rule of each; see internal.h. */
#include "bus/internal.h"

#define ARCHIVE_KEY "archive/"
#define ARCHIVE_FORMAT 1
#define MANAGED_BY "prod.vhs.events.aws.internal" /* AWS's archives */
#define TARGET_SIZE_MAX ((size_t)4096)

struct bytes archive_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, ARCHIVE_KEY "%.*s", BYTES_ARG(name));
}

struct bytes archive_encode(struct arena *arena, const struct bus_archive *archive, uint64_t id)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BUS_STORED_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", ARCHIVE_FORMAT);
    json_key(&w, "id");
    json_write_uint(&w, id);
    json_member_string(&w, "name", archive->name);
    json_member_string(&w, "bus", archive->bus_name);
    if (archive->description.size > 0)
        json_member_string(&w, "description", archive->description);
    if (archive->pattern.size > 0)
        json_member_string(&w, "pattern", archive->pattern);
    json_member_int(&w, "retentionDays", archive->retention_days);
    json_key(&w, "created");
    json_write_uint(&w, archive->created_ms);
    json_end_object(&w);
    return catalogue_take(arena, &out);
}

/* ---- the managed rule ---- */

/* What DescribeRule shows: the archive's pattern, and no replay. The matcher knows the former only:
 * the two together may be longer than a pattern can be. */
static struct bytes rule_pattern(struct arena *arena, struct bytes pattern)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(2 * PATTERN_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const struct json *parsed = NULL;

    json_begin_object(&w);
    if (pattern.size > 0 && json_parse(arena, pattern, &parsed, NULL) == OK)
        for (struct json_iter it = json_iter(parsed); json_next(&it);) {
            if (bytes_equal_text(it.name, "replay-name"))
                continue;
            json_key_bytes(&w, it.name);
            json_write_value(&w, it.value);
        }
    json_key(&w, "replay-name");
    json_write_raw(&w, BYTES("[{\"exists\":false}]"));
    json_end_object(&w);
    return catalogue_take(arena, &out);
}

/* As AWS shows it. */
static struct bytes rule_target(const struct bus *bus, const struct archive *archive,
                                struct bytes id, struct bytes arn)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(TARGET_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_string(&w, "Id", id);
    json_member_string(&w, "Arn", arn);
    json_key(&w, "InputTransformer");
    json_begin_object(&w);
    json_key(&w, "InputPathsMap");
    json_write_raw(&w, BYTES("{}"));
    json_member_string(
        &w, "InputTemplate",
        arena_printf(archive->arena,
                     "{\"archive-arn\": \"%.*s:00000000-0000-0000-0000-%012llx\", "
                     "\"event\": <aws.events.event.json>, "
                     "\"ingestion-time\": <aws.events.event.ingestion-time>}",
                     BYTES_ARG(bus_archive_arn(bus, archive->arena, archive->view.name)),
                     (unsigned long long)archive->id));
    json_end_object(&w);
    json_end_object(&w);
    return catalogue_take(archive->arena, &out);
}

static void make_rule(const struct bus *bus, struct archive *archive)
{
    struct arena *arena = archive->arena;
    struct bytes name =
        arena_printf(arena, ARCHIVE_RULE_PREFIX "%.*s", BYTES_ARG(archive->view.name));
    struct bus_target *target = ARENA_NEW(arena, struct bus_target);

    target->id = name;
    target->arn =
        arena_printf(arena, "arn:%s:events:%s:::", bus->place.partition, bus->place.region);
    target->json = rule_target(bus, archive, name, target->arn);
    target->maximum_retry_attempts = target->maximum_event_age_s = -1;
    archive->rule.archive = archive;
    archive->rule.view = (struct bus_rule){
        .name = name,
        .bus_name = archive->view.bus_name,
        .pattern = rule_pattern(arena, archive->view.pattern),
        .managed_by = BYTES(MANAGED_BY),
        .enabled = true,
        .created_ms = archive->view.created_ms,
        .targets = target,
        .target_count = 1,
    };
    archive->rule.arn = bus_rule_arn(bus, arena, &archive->rule.view);
}

/* ---- reading ---- */

static enum status decode(const struct bus *bus, struct archive *archive, struct bytes stored)
{
    const struct json *root = NULL;

    archive->stored = arena_copy(archive->arena, stored);
    enum status st = catalogue_parse(archive->arena, stored, &root, ARCHIVE_FORMAT);

    if (st != OK)
        return st;
    archive->id = json_get_uint(root, "id", 0);
    archive->view = (struct bus_archive){
        .name = json_string(json_get(root, "name")),
        .bus_name = json_string(json_get(root, "bus")),
        .description = json_string(json_get(root, "description")),
        .pattern = json_string(json_get(root, "pattern")),
        .retention_days = (uint32_t)json_get_uint(root, "retentionDays", 0),
        .created_ms = json_get_uint(root, "created", 0),
    };
    if (archive->view.name.size == 0 || archive->id == 0)
        return CORRUPT;
    make_rule(bus, archive);
    return OK;
}

static void free_archive(struct archive *archive)
{
    arena_free(archive->arena);
    mem_free(archive);
}

/* An archive without a pattern takes what is no replay: the event is looked at all the same, so
 * that all of a bus' subscribers are found by one way. */
static enum status add_to_matcher(struct event_bus *home, struct archive *archive)
{
    struct bytes pattern = archive->view.pattern;
    struct api_error ignored;

    if (pattern.size == 0)
        pattern = archive->rule.view.pattern;
    return matcher_add(home->matcher, &archive->rule, pattern, &ignored) == OK ? OK : CORRUPT;
}

enum status archive_apply(struct bus *bus, struct bytes stored)
{
    struct archive *archive = mem_new(sizeof *archive);

    archive->arena = arena_new();
    enum status st = decode(bus, archive, stored);
    struct event_bus *home = st == OK ? bus_get(bus, archive->view.bus_name) : NULL;

    if (st == OK)
        st = home != NULL ? add_to_matcher(home, archive) : CORRUPT;
    if (st != OK) {
        free_archive(archive);
        return st;
    }
    struct archive *old = map_put(&bus->archives, archive->view.name, archive);

    map_put(&home->rules, archive->rule.view.name, &archive->rule);
    if (old != NULL) {
        matcher_remove(home->matcher, &old->rule);
        free_archive(old);
    }
    return OK;
}

void archive_forget(struct bus *bus, struct bytes name)
{
    struct archive *archive = map_remove(&bus->archives, name);
    struct event_bus *home = archive != NULL ? bus_get(bus, archive->view.bus_name) : NULL;

    if (home == NULL)
        return;
    map_remove(&home->rules, archive->rule.view.name);
    matcher_remove(home->matcher, &archive->rule);
    free_archive(archive);
}
