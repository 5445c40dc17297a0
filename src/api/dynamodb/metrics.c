/* api/dynamodb/metrics.c - ItemCollectionMetrics: how large the item collections are that a request
 * wrote to. Only tables with a local index have them. */
#include "api/dynamodb/dynamodb.h"

#include <inttypes.h>

bool dynamodb_metrics_wanted(const struct json *body)
{
    return bytes_equal_text(decode_string(body, "ReturnItemCollectionMetrics"), "SIZE");
}

/* A lower and an upper bound, a gigabyte apart. */
void metrics_write(struct json_writer *w, const struct item_write *write)
{
    uint64_t gigabytes = write->collection_size >> 30;

    json_begin_object(w);
    json_key(w, "ItemCollectionKey");
    json_write_raw(w, bytes_of_text(""));
    item_print(w->out, &write->collection_key);
    json_key(w, "SizeEstimateRangeGB");
    json_write_raw(w, bytes_of_text(""));
    buffer_printf(w->out, "[%" PRIu64 ".0,%" PRIu64 ".0]", gigabytes, gigabytes + 1);
    json_end_object(w);
}

static bool same_collection(const struct item_write *a, const struct item_write *b)
{
    return bytes_equal(a->table_name, b->table_name) && b->collection_key.count > 0 &&
           item_equal(&a->collection_key, &b->collection_key);
}

/* A later write to the same collection tells its size. */
static bool is_told_later(const struct item_write *writes, size_t count, size_t at)
{
    for (size_t i = at + 1; i < count; i++)
        if (same_collection(&writes[at], &writes[i]))
            return true;
    return false;
}

static bool is_first_of_table(const struct item_write *writes, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (writes[i].collection_key.count > 0 &&
            bytes_equal(writes[i].table_name, writes[at].table_name))
            return false;
    return true;
}

void metrics_write_all(struct json_writer *w, const struct item_write *writes, size_t count,
                       const struct bytes *given)
{
    bool open = false;

    for (size_t i = 0; i < count; i++) {
        if (writes[i].collection_key.count == 0 || !is_first_of_table(writes, i))
            continue;
        if (!open) {
            json_key(w, "ItemCollectionMetrics");
            json_begin_object(w);
            open = true;
        }
        json_key_bytes(w, given != NULL ? given[i] : writes[i].table_name);
        json_begin_array(w);
        for (size_t k = i; k < count; k++)
            if (writes[k].collection_key.count > 0 &&
                bytes_equal(writes[k].table_name, writes[i].table_name) &&
                !is_told_later(writes, count, k))
                metrics_write(w, &writes[k]);
        json_end_array(w);
    }
    if (open)
        json_end_object(w);
}
