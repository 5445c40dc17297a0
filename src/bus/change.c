/* bus/change.c - settings: each change is checked against what is in memory, written, and, once it
 * is durable, applied to memory from the very bytes that were written (catalogue.c).
 *
 *                      nothing else changes the subject
 *   bus_change() --+--------------------------------------> running --(batch durable)--> done()
 *                  |                                           ^
 *                  +--> waiting -------(what was before it ended)
 *
 * The subject is a rule, or a whole bus; an archive or a replay with its bus. A change waits while
 * one that came before it, running or waiting, has the same subject or the bus around it; so a
 * check never looks at what is about to change.
 *
 * What a kind of change checks, stores and applies is a row of its subject's table: bus_change.c,
 * rule_change.c, target_change.c, archive_change.c, replay_change.c. */
#include "bus/internal.h"

#define LIST_CHANGE(element) LIST_ITEM(element, struct bus_change, place)

static const struct change_subject *const subjects[] = {
    &change_of_bus, &change_of_rule, &change_of_targets, &change_of_archive, &change_of_replay,
};

static const struct change_subject *subject_of(const struct bus_change *change)
{
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++)
        if (subjects[i]->plans[change->kind] != NULL)
            return subjects[i];
    assert(false && "a kind of change that nobody plans");
    return NULL;
}

size_t change_count_running(const struct bus *bus, enum bus_change_kind kind)
{
    size_t count = 0;

    for (struct list *it = bus->running.next; it != &bus->running; it = it->next)
        count += LIST_CHANGE(it)->kind == kind;
    return count;
}

static void write_change(struct store_batch *batch, struct store_work *work)
{
    struct bus_change *change = CONTAINER_OF(work, struct bus_change, work);

    if (subject_of(change)->write != NULL)
        subject_of(change)->write(batch, change);
    if (change->stored.size > 0)
        store_batch_put(batch, STORE_CATALOGUE, change->key, change->stored);
    else
        store_batch_delete(batch, STORE_CATALOGUE, change->key);
}

static bool is_same(struct bytes one, struct bytes other)
{
    return one.size > 0 && bytes_equal(one, other);
}

static bool must_wait(const struct bus_change *change, const struct bus_change *before)
{
    if (is_same(change->subject_archive, before->subject_archive) ||
        is_same(change->subject_replay, before->subject_replay))
        return true;
    return is_same(change->subject_bus, before->subject_bus) &&
           (change->subject_rule.size == 0 || before->subject_rule.size == 0 ||
            bytes_equal(change->subject_rule, before->subject_rule));
}

/* Whether one of the list, up to `end`, must end first. */
static bool waits_for(const struct bus_change *change, const struct list *list,
                      const struct list *end)
{
    for (struct list *it = list->next; it != end; it = it->next)
        if (must_wait(change, LIST_CHANGE(it)))
            return true;
    return false;
}

static void change_written(struct store_work *work, enum status status);

/* True when it is under way; else it ended, with *ret. */
static bool begin(struct bus_change *change, enum status *ret)
{
    struct bus *bus = change->bus;

    *ret = subject_of(change)->plans[change->kind](change);
    if (*ret != OK || change->key.size == 0)
        return false;
    list_append(&bus->running, &change->place);
    change->work = (struct store_work){.run = write_change, .done = change_written};
    store_submit(bus->store, bus->port, &change->work);
    return true;
}

/* The first that needs to wait no more; NULL when there is none. */
static struct bus_change *next_waiting(struct bus *bus)
{
    LIST_EACH (&bus->waiting, it) {
        struct bus_change *change = LIST_CHANGE(it);

        if (!waits_for(change, &bus->running, &bus->running) &&
            !waits_for(change, &bus->waiting, it))
            return change;
    }
    return NULL;
}

/* done() may come back with new changes, or free the one it is told of. */
static void begin_waiting(struct bus *bus)
{
    for (struct bus_change *change = next_waiting(bus); change != NULL;
         change = next_waiting(bus)) {
        enum status st = OK;

        list_remove(&change->place);
        if (!begin(change, &st))
            change->done(change, st);
    }
}

static void change_written(struct store_work *work, enum status status)
{
    struct bus_change *change = CONTAINER_OF(work, struct bus_change, work);
    struct bus *bus = change->bus;

    list_remove(&change->place);
    if (status == OK) {
        enum status applied = subject_of(change)->apply(change);

        assert(applied == OK && "what was checked and encoded is understood");
    }
    arena_free(change->writers);
    change->writers = NULL;
    if (subject_of(change)->ended != NULL)
        subject_of(change)->ended(change);
    change->done(change, status);
    begin_waiting(bus);
}

void bus_change(struct bus *bus, struct bus_change *change)
{
    enum status st = OK;

    change->bus = bus;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    change->writers = NULL;
    change->key = change->stored = change->bus_stored = (struct bytes){NULL, 0};
    change->subject_bus = change->subject_rule = (struct bytes){NULL, 0};
    change->subject_archive = change->subject_replay = (struct bytes){NULL, 0};
    list_init(&change->place);
    subject_of(change)->name(change);
    if (waits_for(change, &bus->running, &bus->running) ||
        waits_for(change, &bus->waiting, &bus->waiting))
        list_append(&bus->waiting, &change->place);
    else if (!begin(change, &st))
        change->done(change, st);
}
