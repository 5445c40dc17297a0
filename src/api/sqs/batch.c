/* api/sqs/batch.c - what all batches have: entries with ids of their own, answered one by one. */
#include "api/sqs/sqs.h"

#define ENTRY_ID_SIZE_MAX 80

static bool is_entry_id(struct bytes id)
{
    for (size_t i = 0; i < id.size; i++) {
        uint8_t c = id.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return id.size > 0 && id.size <= ENTRY_ID_SIZE_MAX;
}

static enum status check_ids(struct api_call *call, const struct json *entries)
{
    for (struct json_iter it = json_iter(entries); json_next(&it);)
        if (!is_entry_id(decode_string(it.value, "Id")))
            return api_refuse(&call->error, API_INVALID_BATCH_ENTRY_ID,
                              "A batch entry id can only contain alphanumeric characters, hyphens "
                              "and underscores. It can be at most %d letters long.",
                              ENTRY_ID_SIZE_MAX);
    for (struct json_iter it = json_iter(entries); json_next(&it);) {
        struct bytes id = decode_string(it.value, "Id");

        for (struct json_iter other = json_iter(entries);
             json_next(&other) && other.index < it.index;)
            if (bytes_equal(decode_string(other.value, "Id"), id))
                return api_refuse(&call->error, API_BATCH_IDS_NOT_DISTINCT, "Id %.*s repeated.",
                                  BYTES_ARG(id));
    }
    return OK;
}

enum status sqs_batch(struct api_call *call, const char *entry_name, const struct json **ret,
                      size_t *ret_count)
{
    const struct json *entries = decode_member(call->body, "Entries");
    size_t count = json_count(entries);

    if (count == 0)
        return api_refuse(&call->error, API_EMPTY_BATCH,
                          "There should be at least one %s in the request.", entry_name);
    if (count > QUEUE_BATCH_MAX)
        return api_refuse(&call->error, API_TOO_MANY_ENTRIES,
                          "Maximum number of entries per request are %d. You have sent %zu.",
                          QUEUE_BATCH_MAX, count);
    *ret = entries;
    *ret_count = count;
    return check_ids(call, entries);
}

void sqs_write_failed(struct json_writer *w, struct bytes id, const struct api_error *error)
{
    json_begin_object(w);
    json_member_string(w, "Id", id);
    json_member_bool(w, "SenderFault", api_error_http_status(error->kind) < 500);
    json_member_text(w, "Code", sqs_code(error->kind));
    json_member_text(w, "Message", error->message);
    json_end_object(w);
}
