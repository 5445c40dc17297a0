/* library/dynlog.c - opening and closing a place; see dynlog.h. */
#include "library/event.h"
#include "library/place.h"
#include "library/streams.h"

#include "base/id.h"

#include <errno.h>
#include <time.h>

#define TABLE_DEFAULT "local-dynamodb-logs"
#define PAUSE_MS 50
#define PAUSE_DOUBLED_MAX 2 /* up to 200 ms */

const char *dynlog_version(void)
{
    return DYNLOG_VERSION;
}

static bool is_asked(const char *place)
{
    static const char *const prefixes[] = {"http://", "https://", "aws:"};

    for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++)
        if (strncmp(place, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

enum dynlog_status dynlog_open(const char *place, const struct dynlog_options *options,
                               struct dynlog **ret, struct dynlog_error *error)
{
    static const struct dynlog_options defaults;
    struct dynlog *dynlog = NULL;
    enum dynlog_status status = DYNLOG_OK;

    *ret = NULL;
    if (options == NULL)
        options = &defaults;
    if (place == NULL || (place[0] == '\0' && !options->memory))
        return fault_say(error, DYNLOG_INVALID,
                         "A place is a folder (./data), a server (http://127.0.0.1:8000) or AWS "
                         "(aws:eu-central-1).");
    if (options->table != NULL && options->table[0] == '\0')
        return fault_say(error, DYNLOG_INVALID, "The table's name may not be empty.");

    struct dynlog_options whole = *options;

    if (whole.table == NULL)
        whole.table = TABLE_DEFAULT;
    status = is_asked(place) ? asked_open(place, &whole, &dynlog, error)
                             : folder_open(place, &whole, &dynlog, error);
    if (status != DYNLOG_OK)
        return status;
    dynlog->place = mem_copy_text(place);
    dynlog->table = mem_copy_text(whole.table);
    if (dynlog->clock == NULL)
        dynlog->clock = clock_new_real();
    *ret = dynlog;
    return DYNLOG_OK;
}

void dynlog_close(struct dynlog *dynlog)
{
    char *place = NULL, *table = NULL;
    struct clock *clock = NULL;

    if (dynlog == NULL)
        return;
    place = dynlog->place;
    table = dynlog->table;
    clock = dynlog->clock;
    dynlog->kind->close(dynlog);
    clock_free(clock);
    mem_free(place);
    mem_free(table);
}

void place_pause(const struct dynlog *dynlog, unsigned turn)
{
    uint64_t most_ms = (uint64_t)PAUSE_MS << size_min(turn, PAUSE_DOUBLED_MAX), random = 0;

    if (dynlog->never_pause)
        return;
    id_random((uint8_t *)&random, sizeof random);

    struct timespec left = {0, (long)(random % (most_ms * 1000) + 1) * 1000L};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

enum dynlog_status dynlog_subscribe(struct dynlog *dynlog,
                                    const struct dynlog_subscription *subscription,
                                    struct dynlog_reader **ret, struct dynlog_error *error)
{
    static const struct dynlog_subscription all;

    *ret = NULL;
    if (subscription == NULL)
        subscription = &all;
    if (subscription->id != NULL && subscription->log == NULL)
        return fault_say(error, DYNLOG_INVALID, "A subscription to an id needs its log too.");
    if (subscription->group && subscription->name == NULL)
        return fault_say(error, DYNLOG_INVALID, "A group needs a name.");
    if (subscription->name != NULL && subscription->name[0] == '\0')
        return fault_say(error, DYNLOG_INVALID, "The name of a subscription may not be empty.");
    return dynlog->kind->subscribe(dynlog, subscription, ret, error);
}

enum dynlog_status dynlog_logs(struct dynlog *dynlog, struct dynlog_logs **ret,
                               struct dynlog_error *error)
{
    *ret = NULL;
    return dynlog->kind->logs(dynlog, ret, error);
}

enum dynlog_status dynlog_streams(struct dynlog *dynlog, const char *log, const char *after,
                                  size_t limit, struct dynlog_streams **ret,
                                  struct dynlog_error *error)
{
    struct streams_query query = {.log = log,
                                  .after = after,
                                  .limit = limit == 0 ? STREAMS_LIMIT_MAX
                                                      : size_min(limit, STREAMS_LIMIT_MAX)};
    enum dynlog_status status = event_check_name(log, after != NULL ? after : "any", error);

    *ret = NULL;
    return status == DYNLOG_OK ? dynlog->kind->streams(dynlog, &query, ret, error) : status;
}

enum dynlog_status dynlog_position(struct dynlog *dynlog, uint64_t *ret, struct dynlog_error *error)
{
    *ret = 0;
    return dynlog->kind->position(dynlog, ret, error);
}

enum dynlog_status dynlog_forget(struct dynlog *dynlog, const char *log, const char *id,
                                 struct dynlog_error *error)
{
    enum dynlog_status status = event_check_name(log, id, error);

    return status == DYNLOG_OK ? dynlog->kind->forget(dynlog, log, id, error) : status;
}

enum dynlog_status dynlog_private_logs(struct dynlog *dynlog, struct dynlog_private_logs **ret,
                                       struct dynlog_error *error)
{
    *ret = NULL;
    return dynlog->kind->private_logs(dynlog, ret, error);
}

enum dynlog_status dynlog_make_private(struct dynlog *dynlog, const char *log,
                                       struct dynlog_error *error)
{
    enum dynlog_status status = event_check_name(log, "id", error);

    return status == DYNLOG_OK ? dynlog->kind->make_private(dynlog, log, error) : status;
}
