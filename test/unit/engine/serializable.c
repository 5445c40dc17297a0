/* Concurrent transactions are serialisable: random transfers between accounts, reads, checks and
 * conditional writes by many clients at once; serial.h then looks for a serial order in what each
 * of them saw and did. A failure prints its seed; TEST_SEED=N draws the same operations again
 * (which of them meet is up to the threads).
 *
 * An account is {pk, balance, version, writer}: every write makes the version one larger and puts
 * the number of its operation into `writer`. Who wrote which version is read from the change
 * records. */
#include "engine/engine_test.h"
#include "engine/serial.h"

#include "value/change.h"

#include <stdatomic.h>

#define ACCOUNTS 12
#define BALANCE 100
#define THREADS 3
#define CLIENTS 4      /* of each thread */
#define OPERATIONS 600 /* of each thread */
#define HISTORIES 2

/* ---- what was recorded ---- */

struct record {
    struct serial_operation operation;
    bool done;                                  /* it was acknowledged: its writes must be there */
    bool transaction;                           /* its writes stand together */
    size_t items[SERIAL_ITEMS_MAX], item_count; /* that it writes when it is done */
    struct serial_access seen[2];               /* that it has read when it is done */
    size_t seen_count;
};

struct run {
    struct test_engine *t;
    atomic_ullong time;
    atomic_size_t next; /* record */
    atomic_size_t conflicts, refused, done;
    struct record records[THREADS * OPERATIONS];
};

struct client {
    struct worker *worker;
    bool busy;
    uint64_t versions[ACCOUNTS]; /* that it saw last */
    int64_t balances[ACCOUNTS];
    /* of the operation under way */
    struct record *record;
    struct arena *arena;
    struct engine_write write;
    struct item_write writes[2];
};

struct worker {
    struct run *run;
    struct test_loop loop;
    uint64_t random;
    size_t started, busy;
    struct client clients[CLIENTS];
};

static uint64_t draw(struct worker *worker, uint64_t below)
{
    worker->random ^= worker->random >> 12;
    worker->random ^= worker->random << 25;
    worker->random ^= worker->random >> 27;
    return (worker->random * 0x2545F4914F6CDD1Du >> 32) % below;
}

static uint64_t now(struct run *run)
{
    return atomic_fetch_add(&run->time, 1) + 1;
}

static struct record *begin(struct client *client, const char *name)
{
    struct run *run = client->worker->run;
    struct record *record = &run->records[atomic_fetch_add(&run->next, 1)];

    client->record = record;
    client->arena = arena_new();
    record->operation.name = name;
    record->operation.asked = now(run);
    return record;
}

static int64_t number_in(const struct item *item, const char *name)
{
    const struct value *value = item_get_text(item, name);
    int64_t number = 0;

    assert(value != NULL && value->type == VALUE_N && number_to_int64(&value->number, &number));
    return number;
}

static size_t account_of(const struct item *item)
{
    const struct value *pk = item_get_text(item, "pk");

    assert(pk != NULL && pk->bytes.size == 1);
    return (size_t)(pk->bytes.ptr[0] - 'a');
}

/* The client sees an account; the operation has read it when `record` says so. */
static void see(struct client *client, struct bytes form, bool record)
{
    struct serial_operation *operation = &client->record->operation;
    struct item item;
    size_t account = 0;

    if (item_decode(client->arena, form, &item) != OK)
        assert(false && "a stored item");
    account = account_of(&item);
    client->versions[account] = (uint64_t)number_in(&item, "version");
    client->balances[account] = number_in(&item, "balance");
    if (record)
        operation->reads[operation->read_count++] =
            (struct serial_access){account, client->versions[account]};
}

/* ---- reads ---- */

static void finish(struct client *client)
{
    client->record->operation.answered = now(client->worker->run);
    arena_free(client->arena);
    client->record = NULL;
}

/* All accounts, or some of them. With all of them the sum must be right. */
static void read_accounts(struct client *client, bool all)
{
    struct worker *worker = client->worker;
    struct transact_read reads[ACCOUNTS];
    struct api_error error;
    size_t count = 0;
    int64_t sum = 0;
    bool lost = false;

    begin(client, all ? "reads all" : "reads some");
    for (size_t i = 0; i < ACCOUNTS; i++)
        if (all || draw(worker, 2) == 0)
            reads[count++] = (struct transact_read){
                .read = {.table_name = BYTES("t"),
                         .key = test_item(client->arena,
                                          (const char *)arena_printf(
                                              client->arena, "{'pk':{'S':'%c'}}", (int)('a' + i))
                                              .ptr)}};
    if (engine_transact_get(worker->run->t->engine, reads, count, client->arena, &error) != OK)
        assert(false && "a transactional read is not refused");
    for (size_t i = 0; i < count; i++)
        lost = lost || reads[i].error != NULL;
    for (size_t i = 0; i < count && !lost; i++) {
        see(client, reads[i].read.item, true);
        sum += client->balances[account_of(&reads[i].read.key)];
    }
    assert(lost || !all || sum == ACCOUNTS * BALANCE);
    atomic_fetch_add(lost ? &worker->run->conflicts : &worker->run->done, 1);
    finish(client);
}

/* ---- writes ---- */

static void written(struct engine_write *write, enum status status)
{
    struct client *client = CONTAINER_OF(write, struct client, write);
    struct run *run = client->worker->run;
    struct serial_operation *operation = &client->record->operation;
    bool done = status == OK, lost = false;

    assert(status == OK && "what happens to one item does not refuse the whole");
    for (size_t i = 0; i < write->count; i++) {
        const struct item_write *one = &write->writes[i];

        done = done && one->status == OK;
        lost = lost || (one->status == REFUSED && one->error->kind == API_TRANSACTION_CONFLICT);
        /* A condition that failed has read its item, at the point where it was refused. */
        if (one->old.size > 0)
            see(client, one->old, true);
    }
    for (size_t i = 0; i < write->count && done; i++)
        if (write->writes[i].returned.size > 0)
            see(client, write->writes[i].returned, false);
    client->record->done = done;
    for (size_t i = 0; i < client->record->seen_count && done; i++)
        operation->reads[operation->read_count++] = client->record->seen[i];
    atomic_fetch_add(lost ? &run->conflicts : done ? &run->done : &run->refused, 1);
    finish(client);
    client->busy = false;
    client->worker->busy--;
}

/* One write of an account as text: $x is the operation's number. */
static struct item_write make_write(struct client *client, enum write_kind kind, size_t account,
                                    const char *update, const char *condition, struct bytes values)
{
    struct arena *arena = client->arena;
    struct api_error error;
    struct item_write write = {.kind = kind,
                               .table_name = BYTES("t"),
                               .return_old_on_failure = true,
                               .return_values = kind == WRITE_CHECK ? RETURN_NONE : RETURN_ALL_NEW};
    struct expr_names names = test_names(arena, (const char *)values.ptr);

    write.item = test_item(
        arena, (const char *)arena_printf(arena, "{'pk':{'S':'%c'}}", (int)('a' + account)).ptr);
    if (update != NULL &&
        expr_parse_update(arena, bytes_of_text(update), &names, &write.update, &error) != OK)
        assert(false && "an update expression");
    if (condition != NULL && expr_parse_condition(arena, EXPR_CONDITION, bytes_of_text(condition),
                                                  &names, &write.condition, &error) != OK)
        assert(false && "a condition");
    return write;
}

static struct bytes values_of(struct client *client, size_t account, int64_t amount)
{
    return arena_printf(client->arena,
                        "{':x':{'N':'%lld'},':one':{'N':'1'},':by':{'N':'%zu'},"
                        "':version':{'N':'%llu'},':least':{'N':'%lld'}}",
                        (long long)amount, (size_t)(client->record - client->worker->run->records),
                        (unsigned long long)client->versions[account],
                        (long long)(amount < 0 ? -amount : 0));
}

#define MOVE "SET balance = balance + :x, version = version + :one, writer = :by"
#define TOUCH "SET version = version + :one, writer = :by"
#define AS_SEEN "version = :version"
#define ENOUGH "balance >= :least"

static void add_write(struct client *client, enum write_kind kind, size_t account,
                      const char *update, const char *condition, int64_t amount)
{
    struct record *record = client->record;

    client->writes[client->write.count++] =
        make_write(client, kind, account, update, condition, values_of(client, account, amount));
    if (kind != WRITE_CHECK)
        record->items[record->item_count++] = account;
    if (condition != NULL && strcmp(condition, AS_SEEN) == 0)
        record->seen[record->seen_count++] =
            (struct serial_access){account, client->versions[account]};
}

static void submit(struct client *client, bool atomic)
{
    struct worker *worker = client->worker;

    client->write.writes = client->writes;
    client->write.atomic = atomic;
    client->write.arena = client->arena;
    client->write.done = written;
    client->record->transaction = atomic;
    client->busy = true;
    worker->busy++;
    engine_write(worker->run->t->engine, worker->loop.port, &client->write);
}

/* Money from one account to another: as it was seen, or as much as there is. */
static void transfer(struct client *client, size_t from, size_t to, bool as_seen)
{
    int64_t amount = 1 + (int64_t)draw(client->worker, 50);

    begin(client, as_seen ? "transfers as seen" : "transfers");
    add_write(client, WRITE_UPDATE, from, MOVE, as_seen ? AS_SEEN : ENOUGH, -amount);
    add_write(client, WRITE_UPDATE, to, MOVE, as_seen ? AS_SEEN : NULL, amount);
    submit(client, true);
}

static void start(struct client *client)
{
    struct worker *worker = client->worker;
    size_t one = draw(worker, ACCOUNTS), other = (one + 1 + draw(worker, ACCOUNTS - 1)) % ACCOUNTS;

    client->write = (struct engine_write){0};
    switch (draw(worker, 8)) {
    case 0:
        read_accounts(client, true);
        break;
    case 1:
        read_accounts(client, false);
        break;
    case 2:
    case 3:
        transfer(client, one, other, true);
        break;
    case 4:
        transfer(client, one, other, false);
        break;
    case 5: /* what write skew is made of */
        begin(client, "checks one, touches another");
        add_write(client, WRITE_CHECK, one, NULL, AS_SEEN, 0);
        add_write(client, WRITE_UPDATE, other, TOUCH, NULL, 0);
        submit(client, true);
        break;
    case 6:
        begin(client, "touches as seen");
        add_write(client, WRITE_UPDATE, one, TOUCH, AS_SEEN, 0);
        submit(client, false);
        break;
    case 7:
        begin(client, "touches");
        add_write(client, WRITE_UPDATE, one, TOUCH, NULL, 0);
        submit(client, false);
        break;
    }
}

static void *work(void *context)
{
    struct worker *worker = context;

    while (worker->started < OPERATIONS || worker->busy > 0) {
        for (size_t i = 0; i < CLIENTS && worker->started < OPERATIONS; i++) {
            if (worker->clients[i].busy)
                continue;
            worker->started++;
            start(&worker->clients[i]);
        }
        if (worker->busy > 0)
            test_loop_turn(&worker->loop);
    }
    return NULL;
}

/* ---- afterwards ---- */

/* Who wrote which version, and that a transaction's writes stand together. */
static void read_changes(struct run *run, struct arena *arena)
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(run->t->store, NULL, STORE_CHANGES, BYTES(""), BYTES(""), false);
    struct bytes key, value;
    uint64_t positions[THREADS * OPERATIONS] = {0};

    while (store_iter_next(iter, &key, &value)) {
        struct change change;
        struct item item, old;

        assert_int_equal(change_decode(key, value, &change), OK);
        assert_int_equal(item_decode(arena, change.new_image, &item), OK);
        if (change.old_image.size == 0)
            continue; /* the account is opened */
        assert_int_equal(item_decode(arena, change.old_image, &old), OK);
        assert_int_equal(number_in(&item, "version"), number_in(&old, "version") + 1);

        size_t by = (size_t)number_in(&item, "writer");
        struct serial_operation *operation = &run->records[by].operation;

        assert_true(operation->write_count == 0 || change.position == positions[by] + 1);
        positions[by] = change.position;
        operation->writes[operation->write_count++] =
            (struct serial_access){account_of(&item), (uint64_t)number_in(&item, "version")};
    }
}

static void expect_writes(const struct run *run, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct record *record = &run->records[i];
        size_t expected = record->done ? record->item_count : 0;

        if (record->operation.write_count != expected)
            fail_msg("operation %zu, %s: %zu writes of %zu", i, record->operation.name,
                     record->operation.write_count, expected);
        for (size_t w = 0; w < expected; w++)
            assert_int_equal(record->operation.writes[w].item, record->items[w]);
    }
}

static void check(struct run *run)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer cycle = BUFFER_INIT(1024 * 1024);
    size_t count = atomic_load(&run->next);
    struct serial_history history = {.count = count, .item_count = ACCOUNTS};

    read_changes(run, arena);
    expect_writes(run, count);
    history.operations = ARENA_NEW_ARRAY(arena, count, struct serial_operation);
    for (size_t i = 0; i < count; i++)
        history.operations[i] = run->records[i].operation;
    if (!serial_check(&history, &cycle))
        fail_msg("there is no serial order:\n%.*s", BYTES_ARG(buffer_bytes(&cycle)));
    print_message("%zu done, %zu refused, %zu conflicts\n", atomic_load(&run->done),
                  atomic_load(&run->refused), atomic_load(&run->conflicts));
    assert_true(atomic_load(&run->done) > 0 && atomic_load(&run->refused) > 0);
    assert_true(atomic_load(&run->conflicts) > 0);
}

static void open_accounts(struct test_engine *t)
{
    test_engine_open(t, NULL);
    test_create(t, "t", VALUE_NULL, STREAM_NEW_AND_OLD_IMAGES);
    for (size_t i = 0; i < ACCOUNTS; i++)
        test_put_item(t, "t",
                      (const char *)arena_printf(t->arena,
                                                 "{'pk':{'S':'%c'},'balance':{'N':'%d'},'version':"
                                                 "{'N':'0'},'writer':{'N':'0'}}",
                                                 (int)('a' + i), BALANCE)
                          .ptr);
}

static void run_history(uint64_t seed, size_t threads)
{
    struct test_engine t;
    struct run *run = mem_new(sizeof *run);
    struct worker *workers = mem_new_array(threads, sizeof *workers);
    pthread_t ids[THREADS];

    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    open_accounts(&t);
    run->t = &t;
    for (size_t i = 0; i < threads; i++) {
        workers[i].run = run;
        workers[i].random = seed + i * 2;
        test_loop_open(&workers[i].loop, t.store);
        for (size_t c = 0; c < CLIENTS; c++)
            workers[i].clients[c].worker = &workers[i];
        assert_int_equal(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        test_loop_close(&workers[i].loop);
    }
    check(run);
    test_engine_close(&t);
    mem_free(workers);
    mem_free(run);
}

static void run_histories(size_t threads)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = 0;

    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed)) {
        run_history(seed, threads);
        return;
    }
    for (size_t i = 0; i < HISTORIES; i++)
        run_history(clock_monotonic_ns() | 1, threads);
}

static void test_one_thread(void **state)
{
    (void)state;
    run_histories(1);
}

static void test_threads(void **state)
{
    (void)state;
    run_histories(THREADS);
}

/* ---- the checker itself ---- */

#define READ(item_, version_) .reads = {{item_, version_}}, .read_count = 1
#define WRITE(item_, version_) .writes = {{item_, version_}}, .write_count = 1

static const struct {
    const char *what;
    struct serial_operation operations[4]; /* up to the first without a name */
    const char *cycle;                     /* NULL: there is an order */
} known[] = {
    {.what = "one after the other",
     .operations = {{"a", 1, 2, READ(0, 0), WRITE(0, 1)}, {"b", 3, 4, READ(0, 1), WRITE(0, 2)}}},
    {.what = "at the same time, the second one first",
     .operations = {{"a", 1, 3, READ(0, 1), WRITE(1, 1)}, {"b", 2, 4, WRITE(0, 1)}}},
    {.what = "a lost update",
     .operations = {{"a", 1, 3, READ(0, 0), WRITE(0, 1)}, {"b", 2, 4, READ(0, 0), WRITE(0, 2)}},
     .cycle = "  0 a wrote what was overwritten by (item 0, version 2)\n"
              "  1 b missed what was written by (item 0, version 0)\n"
              "  0 a\n"},
    {.what = "write skew",
     .operations = {{"a", 1, 3, READ(0, 0), WRITE(1, 1)}, {"b", 2, 4, READ(1, 0), WRITE(0, 1)}},
     .cycle = "  0 a missed what was written by (item 0, version 0)\n"
              "  1 b missed what was written by (item 1, version 0)\n"
              "  0 a\n"},
    {.what = "a torn read",
     .operations = {{"a", 1, 4, .writes = {{0, 1}, {1, 1}}, .write_count = 2},
                    {"b", 2, 3, .reads = {{0, 1}, {1, 0}}, .read_count = 2}},
     .cycle = "  0 a was read by (item 0, version 1)\n"
              "  1 b missed what was written by (item 1, version 0)\n"
              "  0 a\n"},
    {.what = "a stale read",
     .operations = {{"a", 1, 2, WRITE(0, 1)}, {"b", 3, 4, READ(0, 0)}},
     .cycle = "  0 a was over before\n"
              "  1 b missed what was written by (item 0, version 0)\n"
              "  0 a\n"},
};

static void test_known_histories(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        AUTO(buffer_free) struct buffer cycle = BUFFER_INIT(4096);
        struct serial_operation operations[4];
        struct serial_history history = {.operations = operations, .item_count = 2};

        memcpy(operations, known[i].operations, sizeof operations);
        while (history.count < 4 && operations[history.count].name != NULL)
            history.count++;

        bool serial = serial_check(&history, &cycle);
        struct bytes expected = bytes_of_text(known[i].cycle);

        if (serial != (known[i].cycle == NULL) || !bytes_equal(buffer_bytes(&cycle), expected))
            fail_msg("%s: %s\n%.*s", known[i].what, serial ? "an order" : "no order",
                     BYTES_ARG(buffer_bytes(&cycle)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_histories),
        cmocka_unit_test(test_one_thread),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
