/* engine/conflict_faults.c - see conflict_faults.h. */
#include "engine/conflict_faults.h"

#include "engine/internal.h"

#define TABLE_ID_SIZE 4 /* in front of stored keys */

struct armed_fault {
    struct armed_fault *next;
    struct bytes table_name;
    struct bytes key;      /* stored form without the table's id, which another table of that name
                              has not; empty: every item */
    struct bytes key_text; /* as it was given, in wire form */
    uint64_t left;
    uint8_t memory[]; /* of the three */
};

void conflict_faults_init(struct conflict_faults *faults)
{
    *faults = (struct conflict_faults){0};
    faults->end = &faults->first;
    pthread_mutex_init(&faults->mutex, NULL);
}

static void free_chain(struct armed_fault *fault)
{
    while (fault != NULL) {
        struct armed_fault *next = fault->next;

        mem_free(fault);
        fault = next;
    }
}

static void clear(struct conflict_faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    free_chain(faults->first);
    faults->first = NULL;
    faults->end = &faults->first;
    atomic_store(&faults->count, 0);
    pthread_mutex_unlock(&faults->mutex);
}

void conflict_faults_free(struct conflict_faults *faults)
{
    clear(faults);
    pthread_mutex_destroy(&faults->mutex);
}

/* ---- used by operations ---- */

static bool fits(const struct armed_fault *fault, struct bytes table_name, struct bytes key)
{
    return bytes_equal(fault->table_name, table_name) &&
           (fault->key.size == 0 ||
            bytes_equal(fault->key, bytes_slice(key, TABLE_ID_SIZE, key.size)));
}

static void remove_at(struct conflict_faults *faults, struct armed_fault **at)
{
    struct armed_fault *fault = *at;

    *at = fault->next;
    if (faults->end == &fault->next)
        faults->end = at;
    mem_free(fault);
    atomic_fetch_sub(&faults->count, 1);
}

bool conflict_faults_hit(struct conflict_faults *faults, struct bytes table_name, struct bytes key)
{
    bool hit = false;

    if (atomic_load_explicit(&faults->count, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&faults->mutex);
    for (struct armed_fault **at = &faults->first; *at != NULL && !hit; at = &(*at)->next) {
        hit = fits(*at, table_name, key);
        if (hit && --(*at)->left == 0) {
            remove_at(faults, at);
            break;
        }
    }
    pthread_mutex_unlock(&faults->mutex);
    return hit;
}

/* ---- asked for ---- */

static struct bytes put(uint8_t **at, struct bytes bytes)
{
    struct bytes copy = bytes_of(*at, bytes.size);

    if (bytes.size > 0)
        memcpy(*at, bytes.ptr, bytes.size);
    *at += bytes.size;
    return copy;
}

static struct armed_fault *armed_fault_new(const struct engine_fault *given, struct bytes key,
                                           struct bytes key_text)
{
    struct armed_fault *fault =
        mem_new(sizeof *fault + given->table_name.size + key.size + key_text.size);
    uint8_t *at = fault->memory;

    fault->table_name = put(&at, given->table_name);
    fault->key = put(&at, key);
    fault->key_text = put(&at, key_text);
    fault->left = given->count;
    return fault;
}

static enum status arm(struct engine *engine, const struct engine_fault *given,
                       struct armed_fault **ret, struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    AUTO(buffer_free) struct buffer key_text = BUFFER_INIT(ITEM_TEXT_SIZE_MAX);
    const struct table *table = engine_table_ref(engine, given->table_name);
    enum status status = OK;

    assert(given->count > 0);
    if (table == NULL)
        return refuse_missing_table(reterr);
    if (given->key.count > 0)
        status = table_key(table, &given->key, true, &key, reterr);
    engine_table_unref(table);
    if (status != OK)
        return status;
    if (given->key.count > 0)
        item_print(&key_text, &given->key);
    *ret = armed_fault_new(given, bytes_slice(buffer_bytes(&key), TABLE_ID_SIZE, SIZE_MAX),
                           buffer_bytes(&key_text));
    return OK;
}

static enum status enter(struct conflict_faults *faults, struct armed_fault *chain, size_t count,
                         struct api_error *reterr)
{
    enum status status = OK;

    pthread_mutex_lock(&faults->mutex);
    if (atomic_load(&faults->count) + count > ENGINE_FAULTS_MAX) {
        status = api_invalid(reterr, "No more than %d faults wait at once; DELETE forgets them",
                             ENGINE_FAULTS_MAX);
    } else {
        *faults->end = chain;
        while (*faults->end != NULL)
            faults->end = &(*faults->end)->next;
        atomic_fetch_add(&faults->count, count);
    }
    pthread_mutex_unlock(&faults->mutex);
    return status;
}

enum status engine_add_faults(struct engine *engine, const struct engine_fault *given, size_t count,
                              struct api_error *reterr)
{
    struct armed_fault *chain = NULL, **end = &chain;
    enum status status = OK;

    for (size_t i = 0; i < count && status == OK; i++) {
        status = arm(engine, &given[i], end, reterr);
        while (*end != NULL)
            end = &(*end)->next;
    }
    if (status == OK)
        status = enter(&engine->faults, chain, count, reterr);
    if (status != OK)
        free_chain(chain);
    return status;
}

/* ---- shown and forgotten ---- */

void engine_faults(struct engine *engine, struct arena *arena, struct engine_fault **ret,
                   size_t *ret_count)
{
    struct conflict_faults *faults = &engine->faults;
    size_t count = 0;

    pthread_mutex_lock(&faults->mutex);
    *ret = ARENA_NEW_ARRAY(arena, atomic_load(&faults->count), struct engine_fault);
    for (const struct armed_fault *fault = faults->first; fault != NULL; fault = fault->next) {
        (*ret)[count] = (struct engine_fault){.table_name = arena_copy(arena, fault->table_name),
                                              .key_text = arena_copy(arena, fault->key_text),
                                              .count = fault->left};
        count++;
    }
    pthread_mutex_unlock(&faults->mutex);
    *ret_count = count;
}

void engine_clear_faults(struct engine *engine)
{
    clear(&engine->faults);
}
