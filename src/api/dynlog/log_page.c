/* api/dynlog/log_page.c - see log_page.h. */
#include "api/dynlog/log_page.h"

#include "vault/vault.h"

#include <stdlib.h>

#define PAGE_COUNT_MAX 500 /* of each table */
#define PAGE_SIZE_MAX ((size_t)1024 * 1024)
#define TABLE_SIZE_MIN ((size_t)64 * 1024) /* of a page, when there are many tables */

struct table_name {
    struct bytes name;
    uint32_t id;
};

/* ---- which tables ---- */

static bool add_table(struct api *api, struct bytes name, struct table_name *ret)
{
    const struct table *table = engine_table_ref(api->services.engine, name);
    bool takes = table != NULL && order_takes(&table->key);

    if (takes)
        *ret = (struct table_name){name, table->id};
    engine_table_unref(table);
    return takes;
}

static size_t find_tables(struct api *api, const struct log_page_read *read, struct arena *arena,
                          struct table_name **ret)
{
    struct bytes one = read->table, *names = &one;
    size_t name_count = 1, count = 0;
    bool more = false;

    if (one.size == 0)
        engine_table_names(api->services.engine, (struct bytes){NULL, 0}, TABLES_MAX, arena, &names,
                           &name_count, &more);
    *ret = ARENA_NEW_ARRAY(arena, size_max(name_count, 1), struct table_name);
    for (size_t i = 0; i < name_count; i++)
        count += add_table(api, names[i], &(*ret)[count]);
    return count;
}

struct bytes log_page_filling(struct api *api, struct bytes table, struct arena *arena)
{
    struct log_page_read read = {.table = table};
    struct table_name *tables = NULL;
    size_t count = find_tables(api, &read, arena, &tables);

    for (size_t i = 0; i < count; i++) {
        bool is_filled = false;

        if (order_is_filled(api->services.store, NULL, tables[i].id, &is_filled) == OK &&
            !is_filled)
            return tables[i].name;
    }
    return (struct bytes){NULL, 0};
}

/* ---- merging ---- */

static int forward(const void *a, const void *b)
{
    const struct log_page_event *x = a, *y = b;

    if (x->entry.position != y->entry.position)
        return x->entry.position < y->entry.position ? -1 : 1;
    return bytes_compare(x->table, y->table);
}

static int backward(const void *a, const void *b)
{
    return forward(b, a);
}

/* Pages of all tables as one list; *ret_next: as far as all of them were read. */
struct collecting {
    struct log_page page;
    size_t capacity;
    uint64_t next;
    bool any;
};

static void add_page(struct collecting *collecting, struct arena *arena, struct bytes table,
                     const struct order_page *from, bool is_backward)
{
    struct log_page *page = &collecting->page;
    bool bounds = !is_backward || !from->at_end; /* backward, at the end: all of it was read */

    page->list = arena_grow(arena, page->list, page->count, page->count + from->count,
                            &collecting->capacity, sizeof *page->list);
    for (size_t i = 0; i < from->count; i++)
        page->list[page->count++] = (struct log_page_event){table, from->list[i]};
    page->at_end = page->at_end && from->at_end;
    page->filling = page->filling || from->filling;
    if (bounds && (!collecting->any ||
                   (is_backward ? from->next > collecting->next : from->next < collecting->next)))
        collecting->next = from->next;
    collecting->any = collecting->any || bounds;
}

static void settle(struct collecting *collecting, const struct log_page_read *read)
{
    struct log_page *page = &collecting->page;
    size_t whole = 0;

    page->next = collecting->any ? collecting->next : read->backward ? read->before : read->after;
    if (page->count > 0)
        qsort(page->list, page->count, sizeof *page->list, read->backward ? backward : forward);
    while (whole < page->count &&
           (!collecting->any ||
            (read->backward ? page->list[whole].entry.position >= collecting->next
                            : page->list[whole].entry.position <= collecting->next)))
        whole++;
    page->at_end = page->at_end && whole == page->count;
    page->count = whole;
}

enum status log_page_read(struct api *api, const struct log_page_read *read, struct arena *arena,
                          struct log_page *ret)
{
    uint64_t known_to = store_last_position(api->services.store);
    struct table_name *tables = NULL;
    size_t count = find_tables(api, read, arena, &tables);
    struct collecting collecting = {.page = {.at_end = true}};

    for (size_t i = 0; i < count; i++) {
        struct order_read one = {.table_id = tables[i].id,
                                 .filter = read->filter,
                                 .backward = read->backward,
                                 .after = read->after,
                                 .before = read->before,
                                 .limit = PAGE_COUNT_MAX,
                                 .size_max = size_max(PAGE_SIZE_MAX / count, TABLE_SIZE_MIN)};
        struct order_page page;
        enum status status = order_read(api->services.store, NULL, &one, arena, &page);

        if (status != OK)
            return status;
        add_page(&collecting, arena, tables[i].name, &page, read->backward);
    }
    if (count == 0 && !read->backward) { /* nothing is there, and nothing was */
        collecting.any = true;
        collecting.next = known_to > read->after ? known_to : read->after;
    }
    settle(&collecting, read);
    *ret = collecting.page;
    return OK;
}

/* ---- a line ---- */

static uint64_t time_of(const struct item *item, uint64_t appended_ms)
{
    const struct value *meta = item_get_text(item, "meta"), *time = NULL;
    int64_t time_ms = 0;

    if (meta != NULL && meta->type == VALUE_M)
        time = item_get_text(&meta->map, "time");
    if (time != NULL && time->type == VALUE_N && number_to_int64(&time->number, &time_ms) &&
        time_ms > 0)
        return (uint64_t)time_ms;
    return appended_ms;
}

void log_event_print(struct buffer *out, struct arena *arena, const struct log_page_event *event,
                     bool with_item)
{
    struct json_writer w = JSON_WRITER(out);
    const struct order_entry *entry = &event->entry;
    struct item item = {NULL, 0};
    uint64_t time_ms = 0;

    if (item_decode(arena, entry->item.form, &item) != OK)
        return; /* the index says that it is an event */
    time_ms = time_of(&item, entry->item.time_ms);
    json_begin_object(&w);
    json_member_uint(&w, "position", entry->position);
    if (time_ms != 0)
        json_member_uint(&w, "time", time_ms);
    json_member_string(&w, "table", event->table);
    json_member_string(&w, "log", entry->event.log);
    json_member_string(&w, "id", entry->event.id);
    json_member_uint(&w, "version", entry->event.version);
    json_key(&w, "key");
    json_begin_object(&w);
    value_member_plain(&w, "pk", item_get_text(&item, "pk"));
    value_member_plain(&w, "sk", item_get_text(&item, "sk"));
    json_end_object(&w);
    value_member_plain(&w, "type", item_get_text(&item, "type"));
    value_member_plain(&w, "payload", item_get_text(&item, "payload"));
    if (vault_is_forgotten(&item))
        json_member_bool(&w, "forgotten", true);
    value_member_plain(&w, "meta", item_get_text(&item, "meta"));
    if (with_item) {
        json_key(&w, "item");
        json_write_raw(&w, entry->item.form);
    }
    json_end_object(&w);
}
