/* api/sqs/common.c - see sqs.h. */
#include "api/sqs/sqs.h"

#include "base/base64.h"

#define PAGE_MAX 1000
#define URL_SIZE_MAX 2048

/* ---- queues' URLs ---- */

static enum status refuse_address(struct api_call *call, struct bytes url)
{
    return api_refuse(&call->error, API_INVALID_ADDRESS,
                      "The address %.*s is not valid for this endpoint.", BYTES_ARG(url));
}

/* "/000000000000/name" of "http://localhost:8000/000000000000/name" */
static struct bytes path_of(struct bytes url)
{
    size_t scheme = bytes_find(url, BYTES("://"));
    size_t slash = bytes_find_byte(url, '/', scheme == SIZE_MAX ? 0 : scheme + 3);

    return slash == SIZE_MAX ? (struct bytes){NULL, 0} : bytes_slice(url, slash, url.size);
}

enum status sqs_queue_name(struct api_call *call, struct bytes *ret)
{
    struct bytes url = decode_string(call->body, "QueueUrl");
    struct bytes path = bytes_slice(path_of(url), 1, URL_SIZE_MAX);
    size_t slash = bytes_find_byte(path, '/', 0);

    if (slash == SIZE_MAX || slash == 0 || url.size > URL_SIZE_MAX)
        return refuse_address(call, url);
    *ret = bytes_slice(path, slash + 1, path.size);
    if (ret->size == 0 || bytes_find_byte(*ret, '/', 0) != SIZE_MAX)
        return refuse_address(call, url);
    return OK;
}

enum status sqs_queue(struct api_call *call, const struct queue_view **ret)
{
    struct bytes name = {NULL, 0};
    enum status status = sqs_queue_name(call, &name);

    if (status != OK)
        return status;
    *ret = queues_find(call->on->queues, name);
    if (*ret == NULL)
        return api_refuse(&call->error, API_QUEUE_DOES_NOT_EXIST,
                          "The specified queue does not exist.");
    return OK;
}

struct bytes sqs_queue_url(struct api_call *call, struct bytes name)
{
    struct bytes host =
        call->request != NULL ? http_header(call->request, "host") : (struct bytes){NULL, 0};

    if (host.size == 0)
        host = BYTES("localhost");
    return arena_printf(call->arena, "http://%.*s/%s/%.*s", BYTES_ARG(host),
                        call->on->place->account, BYTES_ARG(name));
}

/* ---- members ---- */

struct queue_pair *sqs_pairs(struct api_call *call, const char *member, size_t *ret_count)
{
    const struct json *map = decode_member(call->body, member);
    struct queue_pair *pairs = ARENA_NEW_ARRAY(call->arena, json_count(map), struct queue_pair);

    *ret_count = 0;
    for (struct json_iter it = json_iter(map); json_next(&it);)
        pairs[(*ret_count)++] = (struct queue_pair){it.name, json_string(it.value)};
    return pairs;
}

struct bytes *sqs_texts(struct api_call *call, const char *member, size_t *ret_count)
{
    const struct json *list = decode_member(call->body, member);
    struct bytes *texts = ARENA_NEW_ARRAY(call->arena, json_count(list), struct bytes);

    *ret_count = 0;
    for (struct json_iter it = json_iter(list); json_next(&it);)
        texts[(*ret_count)++] = json_string(it.value);
    return texts;
}

/* ---- changes ---- */

void sqs_answer_nothing(struct api_call *call)
{
    api_answer(call, BYTES("{}"));
}

static void changed(struct queue_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == OK)
        sqs_answer_nothing(call);
    else if (status == REFUSED)
        api_fail(call, &change->error);
    else
        api_fail_status(call, status);
}

struct queue_change *sqs_change(struct api_call *call, enum queue_change_kind kind)
{
    struct queue_change *change = ARENA_NEW(call->arena, struct queue_change);

    change->kind = kind;
    change->arena = call->arena;
    change->done = changed;
    change->context = call;
    return change;
}

void sqs_submit(struct api_call *call, struct queue_change *change, enum status status)
{
    if (status == OK)
        queues_change(call->on->queues, change);
    else
        api_fail_status(call, status);
}

/* ---- pages ---- */

static enum status first_of_page(struct api_call *call, const struct queue_view *const *list,
                                 size_t count, size_t *ret)
{
    struct bytes token = decode_string(call->body, "NextToken"), after = {NULL, 0};

    *ret = 0;
    if (token.size == 0)
        return OK;
    if (base64_decode(call->arena, token, &after) != BASE64_NO_FAULT || after.size == 0)
        return api_refuse(&call->error, API_INVALID_PARAMETER_VALUE,
                          "Invalid or expired next token.");
    while (*ret < count && bytes_compare(list[*ret]->name, after) <= 0)
        ++*ret;
    return OK;
}

enum status sqs_page(struct api_call *call, const struct queue_view *const *list, size_t count,
                     struct sqs_page *ret)
{
    bool asked = decode_has(call->body, "MaxResults");
    int64_t limit = decode_int(call->body, "MaxResults", PAGE_MAX);
    enum status status = OK;

    if (limit < 1 || limit > PAGE_MAX)
        return api_refuse(&call->error, API_INVALID_PARAMETER_VALUE,
                          "Value %lld for parameter MaxResults is invalid. Reason: MaxResults must "
                          "be an integer between 1 and %d.",
                          (long long)limit, PAGE_MAX);
    status = first_of_page(call, list, count, &ret->first);
    if (status != OK)
        return status;
    ret->end = size_min(ret->first + (size_t)limit, count);
    ret->more = asked && ret->end < count;
    return OK;
}

static void write_token(struct json_writer *w, struct bytes name)
{
    AUTO(buffer_free) struct buffer token = BUFFER_INIT(256);

    base64_encode(&token, name);
    json_member_string(w, "NextToken", buffer_bytes(&token));
}

void sqs_answer_page(struct api_call *call, const char *member,
                     const struct queue_view *const *list, const struct sqs_page *page)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (page->end > page->first) {
        json_key(&w, member);
        json_begin_array(&w);
        for (size_t i = page->first; i < page->end; i++)
            json_write_string(&w, sqs_queue_url(call, list[i]->name));
        json_end_array(&w);
    }
    if (page->more)
        write_token(&w, list[page->end - 1]->name);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
