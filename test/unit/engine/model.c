/* Random histories of writes and reads against a model that is too simple to be wrong: an array of
 * items, searched from the front. Writes come alone, in batches and in transactions, and several
 * requests at once. A failure prints its seed; TEST_SEED=N replays it. */
#include "engine/engine_test.h"

#define PARTITIONS 3
#define RANGES 12
#define STEPS 300
#define HISTORIES 3
#define REQUESTS_MAX 3 /* in flight at once */
#define WRITES_MAX 8   /* of one request */

/* What stands under a key. An attribute that is not there is no zero, no "" and no empty list. */
struct model_item {
    bool there;
    bool has_v, has_w, has_l;
    int64_t v;  /* N */
    size_t w;   /* S: so many "x" */
    unsigned s; /* SS: a bit each for x, y and z; 0: it is not there */
    size_t l;   /* L: so many {"N":"1"} */
};

struct model {
    struct model_item items[PARTITIONS][RANGES];
    uint64_t random, changes, conflicts;
    struct test_engine *t;
};

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t draw(struct model *m, uint64_t below)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return (m->random * 0x2545F4914F6CDD1Du >> 32) % below;
}

/* ---- items as text ---- */

struct place {
    size_t partition, range;
};

static struct model_item *item_at(struct model *m, struct place place)
{
    return &m->items[place.partition][place.range];
}

static const char *print_key(struct arena *arena, struct place place)
{
    return (const char *)arena_printf(arena, "{'pk':{'S':'p%zu'},'sk':{'N':'%zu'}}",
                                      place.partition, place.range)
        .ptr;
}

static void print_set(struct buffer *out, unsigned set)
{
    bool comma = false;

    for (unsigned i = 0; i < 3; i++)
        if ((set & 1u << i) != 0) {
            buffer_printf(out, "%s'%c'", comma ? "," : "", (int)('x' + i));
            comma = true;
        }
}

static const char *print_item(struct arena *arena, struct place place,
                              const struct model_item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);

    buffer_printf(&out, "{'pk':{'S':'p%zu'},'sk':{'N':'%zu'}", place.partition, place.range);
    if (item->has_v)
        buffer_printf(&out, ",'v':{'N':'%lld'}", (long long)item->v);
    if (item->has_w) {
        buffer_append_text(&out, ",'w':{'S':'");
        for (size_t i = 0; i < item->w; i++)
            buffer_append_byte(&out, 'x');
        buffer_append_text(&out, "'}");
    }
    if (item->s != 0) {
        buffer_append_text(&out, ",'s':{'SS':[");
        print_set(&out, item->s);
        buffer_append_text(&out, "]}");
    }
    if (item->has_l) {
        buffer_append_text(&out, ",'l':{'L':[");
        for (size_t i = 0; i < item->l; i++)
            buffer_printf(&out, "%s{'N':'1'}", i > 0 ? "," : "");
        buffer_append_text(&out, "]}");
    }
    buffer_append_byte(&out, '}');
    return arena_copy_text(arena, buffer_bytes(&out));
}

/* The stored form is that item, whatever the order of its attributes; NULL: nothing is there. */
static void expect_form(struct model *m, const char *what, struct bytes form, struct place place,
                        const struct model_item *item)
{
    struct arena *arena = m->t->arena;
    struct item expected, answered;

    if (item == NULL || !item->there) {
        if (form.size > 0)
            fail_msg("%s: %.*s where nothing is", what, BYTES_ARG(form));
        return;
    }
    expected = test_item(arena, print_item(arena, place, item));
    if (item_decode(arena, form, &answered) != OK || !item_equal(&expected, &answered))
        fail_msg("%s\n  expected: %s\n  answered: %.*s", what, print_item(arena, place, item),
                 BYTES_ARG(form));
}

/* ---- updates and conditions, as text and as the model has them ---- */

#define VALUES                                                                                     \
    "{':L':{'S':'L'},':zero':{'N':'0'},':one':{'N':'1'},':x':{'S':'x'},':xy':{'SS':['x','y']},"    \
    "':yz':{'SS':['y','z']},':none':{'L':[]},':element':{'L':[{'N':'1'}]}}"

#define MISSING                                                                                    \
    "ValidationException: The provided expression refers to an attribute that does not exist in "  \
    "the item"
#define PATH                                                                                       \
    "ValidationException: The document path provided in the update expression is invalid for "     \
    "update"

enum update {
    UPDATE_NOTHING,
    UPDATE_COUNT,
    UPDATE_ADD,
    UPDATE_INCREASE,
    UPDATE_REMOVE,
    UPDATE_ADD_SET,
    UPDATE_DELETE_SET,
    UPDATE_APPEND,
    UPDATE_REMOVE_ELEMENT,
    UPDATE_SEVERAL,
    UPDATE_KINDS,
};

static const char *const updates[] = {
    [UPDATE_NOTHING] = NULL,
    [UPDATE_COUNT] = "SET v = if_not_exists(v, :zero) + :one",
    [UPDATE_ADD] = "ADD v :one",
    [UPDATE_INCREASE] = "SET v = v - :one",
    [UPDATE_REMOVE] = "REMOVE v, s",
    [UPDATE_ADD_SET] = "ADD s :xy",
    [UPDATE_DELETE_SET] = "DELETE s :yz",
    [UPDATE_APPEND] = "SET l = list_append(if_not_exists(l, :none), :element)",
    [UPDATE_REMOVE_ELEMENT] = "REMOVE l[0]",
    [UPDATE_SEVERAL] = "SET w = :x, v = :one REMOVE l ADD s :yz",
};

/* Taking away does not make an item be there. */
static bool only_removes(enum update update)
{
    return update == UPDATE_REMOVE || update == UPDATE_DELETE_SET ||
           update == UPDATE_REMOVE_ELEMENT;
}

/* The error, or NULL and the item as it is then. */
static const char *update_item(enum update update, struct model_item *item)
{
    item->there = item->there || !only_removes(update);
    switch (update) {
    case UPDATE_NOTHING:
        return NULL;
    case UPDATE_COUNT:
    case UPDATE_ADD:
        item->v = item->has_v ? item->v + 1 : 1;
        item->has_v = true;
        return NULL;
    case UPDATE_INCREASE:
        item->v--;
        return item->has_v ? NULL : MISSING;
    case UPDATE_REMOVE:
        item->has_v = false;
        item->v = 0;
        item->s = 0;
        return NULL;
    case UPDATE_ADD_SET:
        item->s |= 3;
        return NULL;
    case UPDATE_DELETE_SET:
        item->s &= ~6u;
        return NULL;
    case UPDATE_APPEND:
        item->has_l = true;
        item->l++;
        return NULL;
    case UPDATE_REMOVE_ELEMENT:
        if (!item->has_l)
            return PATH;
        item->l -= item->l > 0;
        return NULL;
    case UPDATE_SEVERAL:
        item->has_w = item->has_v = true;
        item->w = 1;
        item->v = 1;
        item->has_l = false;
        item->l = 0;
        item->s |= 6;
        return NULL;
    case UPDATE_KINDS:
        break;
    }
    return NULL;
}

static const char *const conditions[] = {
    NULL,
    "attribute_not_exists(pk)",
    "attribute_exists(pk)",
    "v > :one OR attribute_type(l, :L)",
    "contains(s, :x) AND NOT begins_with(w, :x)",
    "size(l) = :one",
};

static bool holds(size_t condition, const struct model_item *item)
{
    switch (condition) {
    case 1:
        return !item->there;
    case 2:
        return item->there;
    case 3:
        return (item->has_v && item->v > 1) || item->has_l;
    case 4:
        return (item->s & 1) != 0 && !(item->has_w && item->w > 0);
    case 5:
        return item->has_l && item->l == 1;
    default:
        return true;
    }
}

/* ---- one write, and what the model makes of it ---- */

struct drawn {
    struct place place;
    enum write_kind kind;
    enum update update;
    size_t condition;
    struct model_item item; /* of a put */
    /* what must come of it */
    bool lost;
    const char *error;
    struct model_item before, after;
};

static bool same_place(struct place a, struct place b)
{
    return a.partition == b.partition && a.range == b.range;
}

static struct model_item draw_item(struct model *m)
{
    struct model_item item = {.there = true};

    item.has_v = draw(m, 4) > 0;
    item.v = item.has_v ? (int64_t)draw(m, 3) : 0;
    item.has_w = draw(m, 2) == 0;
    item.w = item.has_w ? draw(m, 3) : 0;
    item.s = (unsigned)draw(m, 8);
    item.has_l = draw(m, 3) == 0;
    item.l = item.has_l ? draw(m, 3) : 0;
    return item;
}

static struct drawn draw_write(struct model *m, bool batch, bool transaction)
{
    struct drawn drawn = {.place = {draw(m, PARTITIONS), draw(m, RANGES)}};

    if (batch)
        drawn.kind = draw(m, 2) == 0 ? WRITE_PUT : WRITE_DELETE;
    else
        drawn.kind = (enum write_kind)draw(m, transaction ? 4 : 3);
    drawn.update = (enum update)draw(m, UPDATE_KINDS);
    /* Most hold: a transaction of several is to come through now and then. */
    if (!batch && draw(m, transaction ? 4 : 2) == 0)
        drawn.condition = draw(m, ARRAY_COUNT(conditions));
    drawn.item = draw_item(m);
    return drawn;
}

static void expect_outcome(struct drawn *drawn)
{
    drawn->after = drawn->before;
    drawn->error = NULL;
    if (!holds(drawn->condition, &drawn->before)) {
        drawn->error = "ConditionalCheckFailedException: The conditional request failed";
        return;
    }
    switch (drawn->kind) {
    case WRITE_PUT:
        drawn->after = drawn->item;
        break;
    case WRITE_UPDATE:
        drawn->error = update_item(drawn->update, &drawn->after);
        break;
    case WRITE_DELETE:
        drawn->after = (struct model_item){0};
        break;
    case WRITE_CHECK:
        break;
    }
}

static bool changes(const struct drawn *drawn)
{
    const struct model_item *a = &drawn->before, *b = &drawn->after;

    return a->there != b->there || a->has_v != b->has_v || a->v != b->v || a->has_w != b->has_w ||
           a->w != b->w || a->s != b->s || a->has_l != b->has_l || a->l != b->l;
}

static struct item_write make_write(struct model *m, const struct drawn *drawn)
{
    struct arena *arena = m->t->arena;
    const struct test_step step = {
        .kind = drawn->kind,
        .item = drawn->kind == WRITE_PUT ? print_item(arena, drawn->place, &drawn->item)
                                         : print_key(arena, drawn->place),
        .condition = conditions[drawn->condition],
        .update = drawn->kind == WRITE_UPDATE ? updates[drawn->update] : NULL,
        .values = VALUES,
        .returns = drawn->kind == WRITE_UPDATE ? RETURN_ALL_NEW : RETURN_ALL_OLD,
        .return_old_on_failure = true,
    };

    return test_item_write(m->t, "t", &step);
}

/* ---- one request ---- */

struct request {
    bool transaction;
    size_t count;
    struct drawn drawn[WRITES_MAX];
    struct item_write writes[WRITES_MAX];
    struct test_engine_write test;
    bool cancelled; /* must be */
};

static void draw_request(struct model *m, struct request *request)
{
    size_t kind = draw(m, 4), wanted = kind < 2 ? 1 : 1 + draw(m, WRITES_MAX);

    *request = (struct request){.transaction = kind == 3};
    for (size_t tries = 0; request->count < wanted && tries < 50; tries++) {
        struct drawn drawn = draw_write(m, kind == 2, request->transaction);
        bool taken = false;

        for (size_t i = 0; i < request->count; i++)
            taken = taken || same_place(request->drawn[i].place, drawn.place);
        if (!taken)
            request->drawn[request->count++] = drawn;
    }
    for (size_t i = 0; i < request->count; i++)
        request->writes[i] = make_write(m, &request->drawn[i]);
    request->test.write = (struct engine_write){
        .writes = request->writes, .count = request->count, .atomic = request->transaction};
}

/* One that was submitted before has that item, and did not lose it itself. */
static bool is_held(const struct request *requests, size_t count, bool transaction,
                    struct place place)
{
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; (transaction || requests[r].transaction) && i < requests[r].count; i++)
            if (same_place(requests[r].drawn[i].place, place) && !requests[r].drawn[i].lost)
                return true;
    return false;
}

/* The model does it, after those that were submitted before. */
static void do_request(struct model *m, struct request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        struct drawn *drawn = &request->drawn[i];

        drawn->before = drawn->after = *item_at(m, drawn->place);
        if (drawn->lost)
            drawn->error = "TransactionConflictException: Transaction is ongoing for the item";
        else
            expect_outcome(drawn);
        m->conflicts += drawn->lost;
        request->cancelled = request->cancelled || (request->transaction && drawn->error != NULL);
    }
    for (size_t i = 0; i < request->count && !request->cancelled; i++) {
        struct drawn *drawn = &request->drawn[i];

        if (drawn->error != NULL)
            continue;
        *item_at(m, drawn->place) = drawn->after;
        m->changes += changes(drawn);
    }
}

static void expect_write(struct model *m, const struct request *request, size_t index)
{
    const struct drawn *drawn = &request->drawn[index];
    const struct item_write *one = &request->writes[index];
    const char *what = print_key(m->t->arena, drawn->place);
    bool failed = drawn->error != NULL && drawn->error[0] == 'C', done = !request->cancelled;

    test_expect_error(what, one->status, one->error, drawn->error);
    expect_form(m, what, one->old, drawn->place, failed ? &drawn->before : NULL);
    if (drawn->error != NULL || !done) {
        assert_int_equal(one->position, 0);
        return;
    }
    assert_int_equal(one->position != 0, changes(drawn));
    if (drawn->kind != WRITE_CHECK)
        expect_form(m, what, one->returned, drawn->place,
                    drawn->kind == WRITE_UPDATE ? &drawn->after : &drawn->before);
}

/* Several requests at once: those that come meet those that are there, then each is done in turn.
 */
static void write_some(struct model *m)
{
    struct request requests[REQUESTS_MAX];
    size_t count = 1 + draw(m, REQUESTS_MAX);

    for (size_t r = 0; r < count; r++) {
        draw_request(m, &requests[r]);
        for (size_t i = 0; i < requests[r].count; i++)
            requests[r].drawn[i].lost =
                is_held(requests, r, requests[r].transaction, requests[r].drawn[i].place);
    }
    for (size_t r = 0; r < count; r++)
        test_submit_write(m->t, &requests[r].test);
    for (size_t r = 0; r < count; r++) {
        assert_int_equal(test_wait(m->t, &requests[r].test), OK);
        do_request(m, &requests[r]);
        for (size_t i = 0; i < requests[r].count; i++)
            expect_write(m, &requests[r], i);
    }
    assert_int_equal(engine_conflicts(m->t->engine), m->conflicts);
}

/* ---- reads ---- */

static void get_one(struct model *m)
{
    struct place place = {draw(m, PARTITIONS), draw(m, RANGES)};
    struct api_error error;
    struct item_read read = {.table_name = BYTES("t"),
                             .key = test_item(m->t->arena, print_key(m->t->arena, place))};

    assert_int_equal(engine_get_item(m->t->engine, NULL, &read, m->t->arena, &error), OK);
    assert_int_equal(read.found, item_at(m, place)->there);
    expect_form(m, "a get", read.item, place, item_at(m, place));
}

/* Every item of a partition at once. */
static void transact_get(struct model *m)
{
    struct transact_read reads[RANGES];
    struct place place = {draw(m, PARTITIONS), 0};
    struct api_error error;

    for (place.range = 0; place.range < RANGES; place.range++)
        reads[place.range] = (struct transact_read){
            .read = {.table_name = BYTES("t"),
                     .key = test_item(m->t->arena, print_key(m->t->arena, place))}};
    assert_int_equal(engine_transact_get(m->t->engine, reads, RANGES, m->t->arena, &error), OK);
    for (place.range = 0; place.range < RANGES; place.range++) {
        assert_null(reads[place.range].error);
        expect_form(m, "a transactional get", reads[place.range].read.item, place,
                    item_at(m, place));
    }
}

/* A whole query in pages of a drawn size, compared item by item. */
static void query_one(struct model *m)
{
    struct arena *arena = m->t->arena;
    size_t partition = draw(m, PARTITIONS), low = draw(m, RANGES), high = draw(m, RANGES);
    bool backward = draw(m, 2) == 0;
    struct item_query query = {
        .table_name = BYTES("t"), .limit = 1 + draw(m, 4), .backward = backward};
    struct item hash = test_item(arena, print_key(arena, (struct place){partition, 0}));
    size_t at = backward ? high + 1 : low, found = 0, seen = 0;
    struct api_error error;

    if (low > high)
        return;
    query.condition =
        (struct key_condition){.equal = {hash.attributes[0].value},
                               .equal_count = 1,
                               .range = RANGE_BETWEEN,
                               .low = {.type = VALUE_N, .number = number_of_int64((int64_t)low)},
                               .high = {.type = VALUE_N, .number = number_of_int64((int64_t)high)}};
    do {
        assert_int_equal(engine_query(m->t->engine, &query, arena, &error), OK);
        for (size_t i = 0; i < query.count; i++) {
            const struct model_item *item = NULL;

            do {
                assert_true(backward ? at > low : at <= high);
                at -= backward;
                item = &m->items[partition][at];
                at += !backward;
            } while (!item->there);
            expect_form(m, "a query", query.items[i],
                        (struct place){partition, backward ? at : at - 1}, item);
            found++;
        }
        query.start_key = query.last_key;
    } while (query.last_key.count > 0);
    for (size_t range = low; range <= high; range++)
        seen += m->items[partition][range].there;
    assert_int_equal(found, seen);
}

static void check_figures(struct model *m)
{
    struct table_figures figures = test_figures(m->t, "t");
    uint64_t count = 0, size = 0;
    struct place place;

    for (place.partition = 0; place.partition < PARTITIONS; place.partition++)
        for (place.range = 0; place.range < RANGES; place.range++) {
            const struct model_item *model = item_at(m, place);

            if (!model->there)
                continue;

            struct item item = test_item(m->t->arena, print_item(m->t->arena, place, model));

            count++;
            size += item_size(&item);
        }
    assert_int_equal(figures.item_count, count);
    assert_int_equal(figures.size_bytes, size);
    assert_int_equal(store_last_position(m->t->store), 1 + m->changes); /* 1: its shard */
}

/* ---- histories ---- */

static void run_history(uint64_t seed)
{
    struct test_engine t;
    struct model m = {.random = seed, .t = &t};

    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    for (size_t i = 0; i < STEPS; i++) {
        uint64_t what = draw(&m, 10);

        if (what < 6)
            write_some(&m);
        else if (what < 7)
            get_one(&m);
        else if (what < 8)
            transact_get(&m);
        else
            query_one(&m);
        if (i % 50 == 0)
            check_figures(&m);
    }
    check_figures(&m);
    print_message("%llu changes, %llu conflicts\n", (unsigned long long)m.changes,
                  (unsigned long long)m.conflicts);
    assert_true(m.changes > 0 && m.conflicts > 0);
    test_engine_close(&t);
}

static void test_histories(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = 0;

    (void)state;
    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed)) {
        run_history(seed);
        return;
    }
    for (size_t i = 0; i < HISTORIES; i++)
        run_history(clock_monotonic_ns() | 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
