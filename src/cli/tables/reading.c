/* cli/tables/reading.c - see reading.h. */
#include "cli/tables/reading.h"

#include <inttypes.h>
#include <pthread.h>

#define EXPRESSION_SIZE_MAX                                                                        \
    ((size_t)64 * 1024) /* placeholders are longer than one-letter names                           \
                         */
#define KEY_SIZE_MAX ((size_t)64 * 1024)

/* ---- before the first page ---- */

static int fail_index(const struct tables_reading *reading)
{
    const struct tables_shape *shape = reading->shape;
    AUTO(buffer_free) struct buffer names = BUFFER_INIT(EXPRESSION_SIZE_MAX);

    for (size_t i = 0; i < shape->index_count; i++)
        buffer_printf(&names, "%s%.*s", i > 0 ? ", " : "", BYTES_ARG(shape->indexes[i].name));
    if (shape->index_count == 0)
        return cli_fail(reading->cli, CLI_FAILED, "%s has no indexes.", reading->on->table);
    return cli_fail(reading->cli, CLI_FAILED, "%s has no index %s. It has: %.*s.",
                    reading->on->table, reading->on->index, BYTES_ARG(names));
}

static bool fail_expression(const struct tables_reading *reading, const char *option,
                            const struct tables_fault *fault, int *ret_exit)
{
    *ret_exit = cli_fail_usage(reading->cli, "--%s: %s", option, fault->message);
    return false;
}

/* A filter sees what the key condition found: keys in it are a mistake that AWS refuses. */
static bool check_filter_keys(const struct tables_reading *reading, int *ret_exit)
{
    const struct key_schema *keys = tables_reading_keys(reading);
    struct tables_binding binding = reading->binding;
    const struct expr_condition *condition = NULL;
    struct api_error error = {0};

    if (strcmp(reading->request.operation, "Query") != 0 || reading->request.filter.size == 0 ||
        expr_parse_condition(binding.arena, EXPR_FILTER, reading->request.filter, &binding.names,
                             &condition, &error) != OK)
        return true;
    for (size_t i = 0; i < keys->count; i++) {
        struct bytes name = keys->attributes[i].name;

        if (!expr_condition_names(condition, name))
            continue;
        *ret_exit =
            cli_fail_usage(reading->cli,
                           "--filter: %.*s is the key's: a condition on it is an argument, as in "
                           "'%.*s>=1'. Or scan.",
                           BYTES_ARG(name), BYTES_ARG(name));
        return false;
    }
    return true;
}

static bool read_expressions(struct tables_reading *reading, int *ret_exit)
{
    const struct tables_read_options *on = reading->on;
    struct arena *arena = reading->cli->arena;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(EXPRESSION_SIZE_MAX);
    struct tables_fault fault = {0};

    if (on->filter != NULL) {
        if (!tables_condition_read(bytes_of_text(on->filter), EXPR_FILTER, &reading->binding, &out,
                                   &fault))
            return fail_expression(reading, "filter", &fault, ret_exit);
        reading->request.filter = arena_copy(arena, buffer_bytes(&out));
    }
    buffer_clear(&out);
    if (on->attributes == NULL)
        return true;
    if (!tables_attributes_read(bytes_of_text(on->attributes), &reading->binding, &out, &fault))
        return fail_expression(reading, "attributes", &fault, ret_exit);
    reading->request.projection = arena_copy(arena, buffer_bytes(&out));
    return true;
}

const struct key_schema *tables_reading_keys(const struct tables_reading *reading)
{
    return reading->index != NULL ? &reading->index->keys : &reading->shape->keys;
}

bool tables_reading_begin(struct tables_reading *reading, struct cli *cli, struct client *client,
                          const struct tables_read_options *on, int *ret_exit)
{
    struct tables_shape *shape = ARENA_NEW(cli->arena, struct tables_shape);

    reading->cli = cli;
    reading->client = client;
    reading->on = on;
    reading->binding.arena = cli->arena;
    if (on->count && (on->limit < INT64_MAX || on->attributes != NULL)) {
        *ret_exit = cli_fail_usage(cli, "--count counts all items: --limit and --attributes do not "
                                        "go with it.");
        return false;
    }
    if (!read_expressions(reading, ret_exit) ||
        !tables_shape_ask(cli, client, on->table, shape, ret_exit))
        return false;
    reading->shape = shape;
    if (on->index != NULL) {
        reading->index = tables_shape_index(shape, on->index);
        if (reading->index == NULL) {
            *ret_exit = fail_index(reading);
            return false;
        }
        if (on->consistent && !reading->index->local) {
            *ret_exit = cli_fail_usage(
                cli, "%s is a global index: it follows the table and has no --consistent reads.",
                on->index);
            return false;
        }
    }
    reading->request.table = on->table;
    reading->request.index = on->index;
    reading->request.binding = &reading->binding;
    reading->request.consistent = on->consistent;
    reading->request.count = on->count;
    return check_filter_keys(reading, ret_exit);
}

/* ---- where the next page begins ---- */

static bool read_start(const struct tables_reading *reading, struct bytes *ret, int *ret_exit)
{
    struct arena *arena = reading->cli->arena;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(KEY_SIZE_MAX);
    const struct json *json = NULL;
    struct api_error error = {0};
    struct item key;

    *ret = BYTES("");
    if (reading->on->start == NULL)
        return true;
    if (json_parse(arena, bytes_of_text(reading->on->start), &json, NULL) != OK) {
        *ret_exit =
            cli_fail_usage(reading->cli, "--start needs a key as JSON: '{\"pk\":\"a\",\"sk\":1}'.");
        return false;
    }
    if (tables_item_read(arena, json, reading->on->dynamodb_json, &key, &error) != OK) {
        *ret_exit = cli_fail_usage(reading->cli, "--start: %s.", error.message);
        return false;
    }
    item_print(&out, &key);
    *ret = arena_copy(arena, buffer_bytes(&out));
    return true;
}

/* The key of an item as a start; empty when the item has not all of it. */
static struct bytes start_of_item(struct arena *arena, const struct item *item,
                                  const struct tables_order *order)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(KEY_SIZE_MAX);
    struct item key = {0};

    for (size_t i = 0; i < order->count; i++) {
        const struct value *value = item_get(item, order->names[i]);

        if (value == NULL)
            return BYTES("");
        item_set(arena, &key, order->names[i], *value);
    }
    item_print(&out, &key);
    return arena_copy(arena, buffer_bytes(&out));
}

/* ---- the run: one thread or several, one of which is in here at a time ---- */

struct run {
    struct tables_reading *reading;
    struct tables_show show;
    struct tables_totals totals;
    struct progress progress;
    pthread_mutex_t mutex;
    int64_t left;      /* items that may still be shown */
    bool ended;        /* by the limit, by a failure, or because nobody reads on */
    struct bytes more; /* where it ended by the limit: the next start */
    int exit_status;
};

/* Under the mutex: what came is shown. */
static void take_page(struct run *run, const struct tables_page *page)
{
    struct arena *arena = run->reading->cli->arena;
    size_t count = page->count;

    if (run->ended)
        return;
    if ((int64_t)count > run->left)
        count = (size_t)run->left;
    run->totals.matched += page->matched;
    run->totals.looked_at += page->looked_at;
    run->totals.capacity += page->capacity;
    run->totals.shown += (int64_t)count;
    run->left -= (int64_t)count;
    if (run->reading->cli->out_is_terminal)
        cli_progress_hide(&run->progress);
    if (!tables_show_items(&run->show, page->items, count)) {
        run->ended = true;
        run->exit_status = ferror(run->reading->cli->out) ? CLI_FAILED : CLI_DONE;
        return;
    }
    cli_progress_add(&run->progress, (uint64_t)page->looked_at);
    if (run->left > 0)
        return;
    run->ended = true;
    if (count < page->count)
        run->more = start_of_item(arena, &page->items[count - 1], &run->show.order);
    else
        run->more = arena_copy(arena, page->next);
}

static void fail_page(struct run *run, struct client *client, enum status status,
                      const struct client_answer *answer)
{
    const struct tables_reading *reading = run->reading;

    if (run->ended)
        return;
    run->ended = true;
    cli_progress_end(&run->progress);
    run->exit_status = tables_fail(reading->cli, client, reading->on->table, status, answer);
}

/* A filter's pages are whole: their limit is what is looked at, not what is found. */
static int64_t page_limit(const struct run *run)
{
    return run->left < INT64_MAX && run->reading->request.filter.size == 0 ? run->left : 0;
}

static void read_pages(struct run *run, struct client *client, int64_t segment, struct bytes start)
{
    AUTO(buffer_free) struct buffer next = BUFFER_INIT(KEY_SIZE_MAX);
    bool more = true;

    buffer_append(&next, start);
    while (more) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct tables_page page = {0};
        struct client_answer answer = {0};
        enum status status = OK;

        pthread_mutex_lock(&run->mutex);

        int64_t limit = page_limit(run);

        more = !run->ended;
        pthread_mutex_unlock(&run->mutex);
        if (!more)
            return;
        status = tables_page_ask(client, arena, &run->reading->request, segment, limit,
                                 buffer_bytes(&next), &page, &answer);
        pthread_mutex_lock(&run->mutex);
        if (status == OK)
            take_page(run, &page);
        else
            fail_page(run, client, status, &answer);
        more = !run->ended && page.next.size > 0;
        pthread_mutex_unlock(&run->mutex);
        buffer_clear(&next);
        buffer_append(&next, page.next);
    }
}

/* ---- segments ---- */

struct segment {
    struct run *run;
    struct client *client;
    int64_t number;
    pthread_t thread;
};

static void *read_segment(void *context)
{
    struct segment *segment = context;

    read_pages(segment->run, segment->client, segment->number, BYTES(""));
    return NULL;
}

/* A thread and a connection each. */
static void read_segments(struct run *run, int64_t count)
{
    const struct tables_reading *reading = run->reading;
    struct segment *segments = ARENA_NEW_ARRAY(reading->cli->arena, (size_t)count, struct segment);

    for (int64_t i = 0; i < count; i++) {
        segments[i] = (struct segment){
            .run = run, .client = client_new(client_target(reading->client)), .number = i};
        if (pthread_create(&segments[i].thread, NULL, read_segment, &segments[i]) != 0)
            assert(false && "a thread begins"); /* out of memory, as mem_new() */
    }
    for (int64_t i = 0; i < count; i++) {
        pthread_join(segments[i].thread, NULL);
        client_free(segments[i].client);
    }
}

/* ---- the end ---- */

struct bytes tables_totals_text(struct arena *arena, const struct tables_totals *totals, bool count)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(KEY_SIZE_MAX);
    int64_t items = count ? totals->matched : totals->shown;

    buffer_printf(&out, "%s item%s", items == 0 ? "No" : cli_count_text(items),
                  items == 1 ? "" : "s");
    if (totals->looked_at != items)
        buffer_printf(&out, ", %s looked at", cli_count_text(totals->looked_at));
    if (totals->capacity > 0)
        buffer_printf(&out, ", %g read unit%s", totals->capacity, totals->capacity == 1 ? "" : "s");
    return arena_copy(arena, buffer_bytes(&out));
}

/* A word of a shell. */
static void print_quoted(struct buffer *out, struct bytes text)
{
    buffer_append_byte(out, '\'');
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == '\'')
            buffer_append_text(out, "'\\''");
        else
            buffer_append_byte(out, text.ptr[i]);
    buffer_append_byte(out, '\'');
}

static struct bytes more_text(const struct run *run)
{
    struct arena *arena = run->reading->cli->arena;
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(KEY_SIZE_MAX);
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4 * KEY_SIZE_MAX);
    struct item item;

    if (item_decode(arena, run->more, &item) != OK)
        return BYTES("");
    tables_item_print(&key, &item, &run->show.order, run->show.dynamodb_json);
    buffer_append_text(&out, "There is more: --start ");
    print_quoted(&out, buffer_bytes(&key));
    return arena_copy(arena, buffer_bytes(&out));
}

static void print_dim(const struct cli *cli, struct bytes text)
{
    AUTO(buffer_free) struct buffer safe = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_text_show(&safe, text, SIZE_MAX);
    fprintf(cli->out, "%s%.*s%s\n", cli_paint(cli, cli->out, CLI_DIM), BYTES_ARG(safe),
            cli_paint(cli, cli->out, CLI_PLAIN));
}

static int print_count(const struct run *run)
{
    struct cli *cli = run->reading->cli;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(KEY_SIZE_MAX);

    if (cli_for_people(cli, run->reading->on->json)) {
        struct bytes text = tables_totals_text(cli->arena, &run->totals, true);

        fprintf(cli->out, "%.*s\n", BYTES_ARG(text));
        return CLI_DONE;
    }
    buffer_printf(&out, "{\"count\":%" PRId64 ",\"lookedAt\":%" PRId64 ",\"capacityUnits\":%g}",
                  run->totals.matched, run->totals.looked_at, run->totals.capacity);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int print_end(const struct run *run)
{
    const struct tables_reading *reading = run->reading;
    struct cli *cli = reading->cli;

    if (reading->on->count)
        return print_count(run);
    if (run->show.form == TABLES_LINES) {
        if (run->more.size > 0 && reading->request.segments == 0)
            cli_note(cli, "%.*s", BYTES_ARG(more_text(run)));
        return CLI_DONE;
    }
    tables_show_hidden(&run->show);
    print_dim(cli, tables_totals_text(cli->arena, &run->totals, false));
    if (run->more.size > 0 && reading->request.segments == 0)
        print_dim(cli, more_text(run));
    return CLI_DONE;
}

static enum tables_form form_of(const struct cli *cli, const struct tables_read_options *on)
{
    if (!cli_for_people(cli, on->json) || (on->dynamodb_json && !on->is_long))
        return TABLES_LINES;
    return on->is_long ? TABLES_LONG : TABLES_TABLE;
}

/* Of a scan it is known how many items there are, about; a bar between lines on the same terminal
 * would only flicker. */
static struct progress progress_of(const struct tables_reading *reading)
{
    bool scan = strcmp(reading->request.operation, "Scan") == 0;
    const struct tables_index *index = reading->index;
    int64_t total = index != NULL ? index->item_count : reading->shape->item_count;

    return (struct progress){.cli = reading->cli,
                             .things = "items",
                             .total =
                                 scan && reading->on->limit == INT64_MAX ? (uint64_t)total : 0};
}

int tables_reading_run(struct tables_reading *reading)
{
    struct cli *cli = reading->cli;
    const struct tables_read_options *on = reading->on;
    struct run run = {.reading = reading,
                      .show = tables_show_begin(cli, form_of(cli, on), on->dynamodb_json, on->wide,
                                                reading->shape, reading->index),
                      .progress = progress_of(reading),
                      .mutex = PTHREAD_MUTEX_INITIALIZER,
                      .left = on->limit};
    struct bytes start = {0};
    int exit_status = CLI_DONE;

    if (!read_start(reading, &start, &exit_status))
        return exit_status;
    if (!cli->out_is_terminal || on->count)
        cli_progress_begin(&run.progress);
    if (reading->request.segments > 0)
        read_segments(&run, reading->request.segments);
    else
        read_pages(&run, reading->client, 0, start);
    cli_progress_end(&run.progress);
    return run.exit_status != CLI_DONE ? run.exit_status : print_end(&run);
}
