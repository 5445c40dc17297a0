/* logs/logs.c - opening, closing and looking up; see logs.h. */
#include "logs/internal.h"

#include <stdlib.h>

enum status logs_open(const struct logs_options *options, struct logs **ret)
{
    struct logs *logs = mem_new(sizeof *logs);
    enum status status = OK;

    logs->options = *options;
    logs->place = *options->place;
    pthread_mutex_init(&logs->mutex, NULL);
    list_init(&logs->changes);
    list_init(&logs->appending);
    list_init(&logs->doomed);
    status = logs_catalogue_load(logs);
    if (status == OK)
        status = sweep_load(logs);
    if (status != OK) {
        logs_stop(logs);
        logs_close(logs);
        return status;
    }
    *ret = logs;
    return OK;
}

bool logs_stop(struct logs *logs)
{
    logs->stopped = true;
    sweep_stop(logs);
    appenders_stop(logs);
    return logs->works == 0 && list_empty(&logs->changes);
}

void logs_close(struct logs *logs)
{
    struct bytes name;
    void *value = NULL;

    if (logs == NULL)
        return;
    assert(logs->stopped && logs->works == 0 && list_empty(&logs->changes));
    assert(list_empty(&logs->appending) && "appenders are closed");
    for (struct list *it = list_take(&logs->doomed); it != NULL; it = list_take(&logs->doomed))
        mem_free(LIST_ITEM(it, struct log_doomed, place));
    for (size_t i = 0; map_next(&logs->groups, &i, &name, &value);)
        log_group_free(value);
    map_free(&logs->groups);
    pthread_mutex_destroy(&logs->mutex);
    mem_free(logs);
}

bool logs_busy(const struct logs *logs)
{
    return logs->works > 0 || !list_empty(&logs->changes) || logs->appenders > 0 ||
           sweep_busy(logs);
}

void logs_told(struct logs *logs)
{
    if (!logs_busy(logs) && logs->options.changed != NULL)
        logs->options.changed(logs->options.context);
}

void logs_submit(struct logs *logs, struct store_work *work)
{
    logs->works++;
    store_submit(logs->options.store, logs->options.port, work);
}

void logs_returned(struct logs *logs)
{
    assert(logs->works > 0);
    logs->works--;
    logs_told(logs);
}

/* ---- names ---- */

struct log_group *log_group_find(const struct logs *logs, struct bytes name)
{
    return map_get(&logs->groups, name);
}

uint64_t log_group_id_of(struct logs *logs, struct bytes name, uint32_t *ret_retention_days)
{
    uint64_t id = 0;

    pthread_mutex_lock(&logs->mutex);
    const struct log_group *group = log_group_find(logs, name);

    if (group != NULL) {
        id = group->view.id;
        *ret_retention_days = group->view.retention_days;
    }
    pthread_mutex_unlock(&logs->mutex);
    return id;
}

#define RESOURCE "log-group:"

struct bytes logs_name_of_arn(const struct logs *logs, struct bytes text)
{
    struct arn arn;
    struct bytes name = {NULL, 0};

    if (!arn_parse(text, &arn) || !bytes_equal_text(arn.service, "logs") ||
        !bytes_equal_text(arn.region, logs->place.region) ||
        !bytes_equal_text(arn.account, logs->place.account) ||
        !bytes_start_with(arn.resource, BYTES(RESOURCE)))
        return name;
    name = bytes_slice(arn.resource, strlen(RESOURCE), arn.resource.size);
    if (bytes_end_with(name, BYTES(":*")))
        name.size -= strlen(":*");
    return name;
}

bool log_stream_name_is_valid(struct bytes name)
{
    size_t characters = 0;

    for (size_t i = 0; i < name.size; i++) {
        if (name.ptr[i] == ':' || name.ptr[i] == '*')
            return false;
        characters += (name.ptr[i] & 0xC0) != 0x80;
    }
    return characters > 0 && characters <= LOG_NAME_SIZE_MAX && bytes_are_utf8(name);
}

enum status log_refuse_group(struct api_error *error)
{
    return api_refuse(error, API_RESOURCE_NOT_FOUND, "The specified log group does not exist.");
}

enum status log_refuse_stream(struct api_error *error)
{
    return api_refuse(error, API_RESOURCE_NOT_FOUND, "The specified log stream does not exist.");
}

uint64_t log_alive_ms(uint32_t retention_days, uint64_t now_ms)
{
    uint64_t age_ms = retention_days * LOG_DAY_MS;

    return retention_days == 0 || age_ms > now_ms ? 0 : now_ms - age_ms + 1;
}

/* ---- looking up ---- */

const struct log_group_view *logs_find(const struct logs *logs, struct bytes name)
{
    const struct log_group *group = log_group_find(logs, name);

    return group != NULL ? &group->view : NULL;
}

static int compare_views(const void *a, const void *b)
{
    const struct log_group_view *const *x = a, *const *y = b;

    return bytes_compare((*x)->name, (*y)->name);
}

void logs_list(const struct logs *logs, struct bytes name_prefix, struct arena *arena,
               const struct log_group_view ***ret, size_t *ret_count)
{
    const struct log_group_view **list =
        ARENA_NEW_ARRAY(arena, logs->groups.count, const struct log_group_view *);
    size_t count = 0;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&logs->groups, &i, &name, &value);) {
        const struct log_group *group = value;

        if (bytes_start_with(group->view.name, name_prefix))
            list[count++] = &group->view;
    }
    if (count > 0)
        qsort(list, count, sizeof *list, compare_views);
    *ret = list;
    *ret_count = count;
}

enum status logs_figures(struct logs *logs, const struct log_group_view *group,
                         struct log_figures *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct log_key key;
    enum status status = OK;

    log_key_kind(&key, group->id, LOG_KEY_FIGURES);
    status = store_get(logs->options.store, NULL, STORE_LOGS, log_key_bytes(&key), &value);
    return status == OK ? log_figures_decode(value.bytes, ret) : status;
}
