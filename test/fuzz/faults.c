/* Fuzz target: what POST /_dynlog/faults takes, against an engine in memory with two tables.
 *
 * Whatever the body: it is taken whole or not at all; what is shown afterwards is taken again and
 * shown the same; a refusal says why. Build with -fsanitize=fuzzer,address,undefined. */
#include "api/dynlog/dynlog.h"

#include <pthread.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

static struct {
    struct store *store;
    struct store_port *port;
    struct api api;
} on;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static bool awake;

static void wake(void *context)
{
    (void)context;
    pthread_mutex_lock(&mutex);
    awake = true;
    pthread_cond_signal(&moved);
    pthread_mutex_unlock(&mutex);
}

static void made(struct table_change *change, enum status status)
{
    bool *done = change->context;

    assert(status == OK);
    *done = true;
}

static void make_table(const char *name, enum value_type range)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    bool done = false;
    struct table_change change = {
        .kind = TABLE_CREATE,
        .name = bytes_of_text(name),
        .wanted = {.billing = BILLING_PAY_PER_REQUEST},
        .arena = arena,
        .done = made,
        .context = &done,
    };

    key_schema_add(&change.wanted.key, BYTES("pk"), VALUE_S, true);
    if (range != VALUE_NULL)
        key_schema_add(&change.wanted.key, BYTES("sk"), range, false);
    engine_change_table(on.api.services.engine, on.port, &change);
    while (!done) {
        pthread_mutex_lock(&mutex);
        while (!awake)
            pthread_cond_wait(&moved, &mutex);
        awake = false;
        pthread_mutex_unlock(&mutex);
        store_port_run(on.port);
    }
}

static void open_engine(void)
{
    const struct store_options options = {.memory = true};
    char message[STORE_MESSAGE_SIZE];
    enum status status = store_open(&options, &on.store, message);

    assert(status == OK);
    on.port = store_port_new(on.store, wake, NULL, NULL);
    status = engine_open(on.store, clock_new_manual(0), &place, &on.api.services.engine);
    assert(status == OK);
    on.api.services.faults = faults_new();
    make_table("abc", VALUE_NULL);
    make_table("log", VALUE_N);
}

static struct bytes shown(struct api_call *call)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);

    api_print_faults(call, &out);
    assert(!buffer_failed(&out));
    return arena_copy(call->arena, buffer_bytes(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_call call = {.api = &on.api, .on = &on.api.services, .arena = arena};
    struct bytes first, nothing;

    if (on.store == NULL)
        open_engine();
    api_clear_faults(&call);
    nothing = shown(&call);
    call.body_text = bytes_of(data, size);
    if (api_add_faults(&call) != OK) {
        assert(call.error.message[0] != '\0');
        assert(bytes_equal(shown(&call), nothing));
        return 0;
    }
    first = shown(&call);
    api_clear_faults(&call);
    call.body_text = first;

    enum status again = api_add_faults(&call);

    assert(again == OK && bytes_equal(shown(&call), first));
    api_clear_faults(&call);
    return 0;
}
