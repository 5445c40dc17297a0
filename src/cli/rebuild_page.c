/* cli/rebuild_page.c - history, page by page; see rebuild.h.
 *
 *   GET /_dynlog/log?from=AT&to=TO --> lines --> events */
#include "cli/rebuild.h"

#include "cli/output.h"

#include <inttypes.h>

#define PAGE_COUNT 50 /* events a page; the largest ones, with their items, fit into an answer */

static const char *page_path(struct rebuild *on, struct arena *arena,
                             const struct rebuild_paging *paging)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    const char *log = on->on->log != NULL ? on->on->log : rebuild_ways_log(on);

    buffer_append_text(&path, "/_dynlog/log");
    client_query(&path, "follow", BYTES("false"));
    client_query(&path, "from", arena_printf(arena, "%" PRIu64, paging->after));
    if (rebuild_has_way(on, REBUILD_BY_STREAM))
        client_query(&path, "items", BYTES("true"));
    client_query(&path, "limit", arena_printf(arena, "%d", PAGE_COUNT));
    if (log != NULL)
        client_query(&path, "log", bytes_of_text(log));
    client_query(&path, "table", bytes_of_text(client_target(on->client)->table));
    client_query(&path, "to", arena_printf(arena, "%" PRIu64, paging->to));
    if (on->on->types.count == 1)
        client_query(&path, "type", bytes_of_text(on->on->types.texts[0]));
    return arena_copy_text(arena, buffer_bytes(&path));
}

static bool read_page(struct rebuild *on, struct rebuild_paging *paging)
{
    struct client_request request = {.method = "GET", .answer_ms = -1};
    struct client_answer answer = {0};

    arena_reset(paging->arena);
    request.path = page_path(on, paging->arena, paging);
    if (!rebuild_ask(on, paging->arena, &request, &answer))
        return false;
    paging->rest = answer.body;
    paging->left = PAGE_COUNT;
    paging->read = true;
    return true;
}

static bool next_line(struct rebuild_paging *paging, struct bytes *ret)
{
    while (paging->rest.size > 0) {
        size_t end = size_min(bytes_find_byte(paging->rest, '\n', 0), paging->rest.size);

        *ret = bytes_slice(paging->rest, 0, end);
        paging->rest =
            bytes_slice(paging->rest, size_min(end + 1, paging->rest.size), paging->rest.size);
        if (ret->size > 0)
            return true;
    }
    return false;
}

bool rebuild_next_event(struct rebuild *on, struct rebuild_paging *paging,
                        struct rebuild_event **ret, bool *ret_end)
{
    struct bytes line = {NULL, 0};

    for (*ret_end = false;;) {
        if (!next_line(paging, &line)) {
            *ret_end = paging->after >= paging->to || (paging->read && paging->left > 0);
            if (*ret_end)
                return true;
            if (!read_page(on, paging))
                return false;
            continue;
        }

        struct arena *arena = arena_new();
        struct rebuild_event *event = ARENA_NEW(arena, struct rebuild_event);

        event->arena = arena;
        paging->left--;
        if (rebuild_event_read(on, arena_copy(arena, line), event)) {
            paging->after = event->position;
            *ret = event;
            return true;
        }
        arena_free(arena);
        return rebuild_fail(on, CLI_FAILED, "%s answers a line of the log that is none: %.*s",
                            client_target(on->client)->url, (int)size_min(line.size, 200),
                            (const char *)line.ptr);
    }
}

bool rebuild_count(struct rebuild *on, uint64_t to)
{
    struct rebuild_paging paging = {.after = on->note.at, .to = to, .arena = arena_new()};
    struct progress progress = {.cli = on->cli, .things = "events looked at"};
    bool well = true, end = false;

    on->matching = 0;
    cli_progress_begin(&progress);
    while (well && !end && !on->interrupted) {
        struct rebuild_event *event = NULL;

        well = rebuild_next_event(on, &paging, &event, &end);
        if (!well || end)
            break;
        assert(event != NULL);
        on->matching += event->part_count > 0;
        arena_free(event->arena);
        cli_progress_add(&progress, 1);
        on->interrupted = !cli_interrupts_pause(&on->interrupts, 0);
    }
    cli_progress_end(&progress);
    arena_free(paging.arena);
    return well && !on->interrupted;
}
