/* logs/put.c - events into a stream: PutLogEvents, and the door for other folders that have an
 * event to leave in their own batch. */
#include "logs/internal.h"

/* ---- PutLogEvents: what is checked before the writer sees it ---- */

static enum status check_sizes(struct log_put *put)
{
    size_t size = 0;

    for (size_t i = 0; i < put->count; i++) {
        size_t event_size = put->events[i].message.size + LOG_EVENT_OVERHEAD;

        if (event_size > LOG_EVENT_SIZE_MAX)
            return api_invalid(&put->error, "Log event too large: %zu bytes exceeds limit of %zu",
                               event_size, LOG_EVENT_SIZE_MAX);
        size += event_size;
    }
    if (size > LOG_BATCH_SIZE_MAX)
        return api_invalid(&put->error, "Upload too large: %zu bytes exceeds limit of %zu", size,
                           LOG_BATCH_SIZE_MAX);
    return OK;
}

static enum status check_order(struct log_put *put)
{
    for (size_t i = 1; i < put->count; i++)
        if (put->events[i].timestamp_ms < put->events[i - 1].timestamp_ms)
            return api_invalid(&put->error,
                               "Log events in a single PutLogEvents request must be in "
                               "chronological order.");
    return OK;
}

static size_t count_before(const struct log_put *put, uint64_t time_ms)
{
    size_t count = 0;

    while (count < put->count && put->events[count].timestamp_ms < time_ms)
        count++;
    return count;
}

static uint64_t oldest_ms(uint64_t now_ms)
{
    return now_ms > LOG_PAST_MS ? now_ms - LOG_PAST_MS : 0;
}

/* Those in the middle are taken: the events are in the order of their times. */
static void set_aside(struct log_put *put, uint32_t retention_days)
{
    uint64_t now_ms = logs_now_ms(put->logs);
    size_t old = count_before(put, oldest_ms(now_ms));
    size_t expired = count_before(put, log_alive_ms(retention_days, now_ms));

    put->first = size_max(old, expired);
    put->end = count_before(put, now_ms + LOG_FUTURE_MS + 1);
    put->too_old_end = old > 0 ? (int64_t)old : -1;
    put->expired_end = expired > 0 ? (int64_t)expired : -1;
    put->too_new_start = put->end < put->count ? (int64_t)put->end : -1;
    put->first = size_min(put->first, put->end);
}

static enum status check_span(struct log_put *put)
{
    if (put->end - put->first > 1 &&
        put->events[put->end - 1].timestamp_ms - put->events[put->first].timestamp_ms >
            LOG_BATCH_SPAN_MS)
        return api_invalid(&put->error,
                           "The batch of log events in a single PutLogEvents request cannot span "
                           "more than 24 hours.");
    return OK;
}

static enum status check(struct log_put *put, uint32_t retention_days)
{
    enum status status = check_sizes(put);

    if (status == OK)
        status = check_order(put);
    if (status == OK)
        set_aside(put, retention_days);
    return status == OK ? check_span(put) : status;
}

/* ---- PutLogEvents ---- */

static void write_put(struct store_batch *batch, struct store_work *work)
{
    struct log_put *put = CONTAINER_OF(work, struct log_put, work);
    struct log_stream_view stream;
    struct log_run run;

    put->outcome = log_run_begin(&run, put->logs, batch, put->group_id);
    if (put->outcome == NOT_FOUND) {
        put->outcome = CLOSED;
        return;
    }
    if (put->outcome == OK)
        put->outcome = log_run_stream(&run, put->stream_name, &stream);
    if (put->outcome != OK || put->first == put->end)
        return;
    for (size_t i = put->first; i < put->end; i++)
        log_run_put_event(&run, &stream, &put->events[i]);
    log_run_put_stream(&run, &stream);
    log_run_end(&run);
}

static void put_written(struct store_work *work, enum status status)
{
    struct log_put *put = CONTAINER_OF(work, struct log_put, work);
    struct logs *logs = put->logs;

    if (status == OK)
        status = put->outcome;
    if (status == CLOSED)
        status = log_refuse_group(&put->error);
    else if (status == NOT_FOUND)
        status = log_refuse_stream(&put->error);
    put->done(put, status);
    logs_returned(logs);
}

void logs_put(struct logs *logs, struct log_put *put)
{
    const struct log_group_view *group = logs_find(logs, put->group_name);
    enum status status = OK;

    put->logs = logs;
    put->too_old_end = put->expired_end = put->too_new_start = -1;
    if (group == NULL) {
        put->done(put, log_refuse_group(&put->error));
        return;
    }
    status = check(put, group->retention_days);
    if (status != OK) {
        put->done(put, status);
        return;
    }
    put->group_id = group->id;
    put->work = (struct store_work){.run = write_put, .done = put_written};
    logs_submit(logs, &put->work);
}

/* ---- the door for other folders ---- */

static enum status check_letter(const struct log_letter *letter, uint64_t now_ms)
{
    struct bytes message = letter->event.message;

    if (message.size + LOG_EVENT_OVERHEAD > LOG_EVENT_SIZE_MAX)
        return TOO_LARGE;
    if (message.size == 0 || !bytes_are_utf8(message) ||
        !log_stream_name_is_valid(letter->stream_name) ||
        letter->event.timestamp_ms < oldest_ms(now_ms) ||
        letter->event.timestamp_ms > now_ms + LOG_FUTURE_MS)
        return MALFORMED;
    return OK;
}

enum status logs_write(struct logs *logs, struct store_batch *batch,
                       const struct log_letter *letter)
{
    struct bytes name = logs_name_of_arn(logs, letter->group_arn);
    uint32_t retention_days = 0;
    uint64_t group_id =
        log_group_id_of(logs, name.size > 0 ? name : letter->group_arn, &retention_days);
    struct log_stream_view stream;
    struct log_run run;
    enum status status = group_id != 0 ? check_letter(letter, logs_now_ms(logs)) : NOT_FOUND;

    if (status == OK)
        status = log_run_begin(&run, logs, batch, group_id);
    if (status != OK)
        return status;
    status = log_run_stream(&run, letter->stream_name, &stream);
    if (status == NOT_FOUND)
        log_run_new_stream(&run, letter->stream_name, &stream);
    else if (status != OK)
        return status;
    log_run_put_event(&run, &stream, &letter->event);
    log_run_put_stream(&run, &stream);
    log_run_end(&run);
    return OK;
}
