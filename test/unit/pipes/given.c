/* Tests of pipes/given.c: what was written to a target is known after a restart, record by record,
 * until the cursor has passed it. */
#include "store/store_test.h"

#include "pipes/execution.h"

#define ID "01234567-89ab-4cde-8f01-23456789abcd"

/* Records at these positions, of which those that are marked were written. */
struct batch_of_pipe {
    struct test_work work;
    struct execution e;
    struct pipe_plan plan;
    struct mapping_handover handover;
    struct mapping_record records[4];
    struct pipe pipe;
    size_t indexes[4];
    bool written[4];
};

static void make(struct batch_of_pipe *b, struct arena *arena, uint64_t first, const bool *written,
                 bool enriched)
{
    *b = (struct batch_of_pipe){.plan = {.source = PIPE_SOURCE_STREAM}};
    memcpy(b->e.pipe_id, ID, sizeof ID);
    for (size_t i = 0; i < 4; i++) {
        b->records[i].position = first + 2 * i;
        b->indexes[i] = i;
        b->written[i] = written[i];
    }
    b->handover = (struct mapping_handover){.records = b->records, .count = 4};
    b->e.arena = arena;
    b->e.plan = &b->plan;
    b->e.pipe = &b->pipe;
    b->e.handover = &b->handover;
    b->e.records = enriched ? NULL : b->indexes;
    b->e.count = b->e.delivery_count = 4;
    b->e.written = b->written;
}

static void note(struct store_batch *batch, struct test_work *work)
{
    given_note(batch, &CONTAINER_OF(work, struct batch_of_pipe, work)->e);
}

static void run(struct test_loop *loop, struct batch_of_pipe *b)
{
    b->work.body = note;
    test_submit(loop, &b->work);
    while (!b->work.done)
        test_loop_turn(loop);
}

/* A pipe after a restart. */
static void restart(struct pipe *pipe, struct pipes *pipes, struct store *store)
{
    *pipes = (struct pipes){.options = {.store = store}};
    *pipe = (struct pipe){.pipes = pipes};
    memcpy(pipe->record.id, ID, sizeof ID);
    assert_int_equal(given_load(pipe), OK);
}

static void expect(const struct pipe *pipe, uint64_t from, const char *given)
{
    for (size_t i = 0; given[i] != '\0'; i++)
        assert_int_equal(given_has(pipe, from + i), given[i] == 'x');
}

static void test_notes(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct store *store = test_open(NULL);
    struct test_loop loop;
    struct batch_of_pipe b;
    struct pipe pipe;
    struct pipes pipes;
    uint64_t passed[] = {14};

    (void)state;
    test_loop_open(&loop, store);
    make(&b, arena, 10, (const bool[]){true, true, true, false}, false);
    run(&loop, &b);
    restart(&pipe, &pipes, store);
    expect(&pipe, 9, "-x-x-x---");
    assert_int_equal(pipe.note_count, 1);
    given_free(&pipe);

    /* Events that an enrichment made: all of its records, or none of them. */
    make(&b, arena, 20, (const bool[]){true, true, false, true}, true);
    run(&loop, &b);
    restart(&pipe, &pipes, store);
    expect(&pipe, 20, "-------");
    given_free(&pipe);
    make(&b, arena, 20, (const bool[]){true, true, true, true}, true);
    b.e.passed = passed; /* and the cursor has passed the first note */
    b.e.passed_count = 1;
    run(&loop, &b);
    restart(&pipe, &pipes, store);
    expect(&pipe, 9, "-------");
    expect(&pipe, 20, "x-x-x-x-");
    given_free(&pipe);
    test_loop_close(&loop);
    store_close(store);
}

static void forget(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    given_forget_all(batch, ID);
}

static void test_forgotten(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct store *store = test_open(NULL);
    struct test_loop loop;
    struct batch_of_pipe b;
    struct test_work gone = {.body = forget};
    struct pipe pipe;
    struct pipes pipes;

    (void)state;
    test_loop_open(&loop, store);
    make(&b, arena, 10, (const bool[]){true, true, true, true}, false);
    run(&loop, &b);
    test_submit(&loop, &gone);
    while (!gone.done)
        test_loop_turn(&loop);
    restart(&pipe, &pipes, store);
    expect(&pipe, 10, "------");
    assert_int_equal(pipe.note_count, 0);
    given_free(&pipe);
    test_loop_close(&loop);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
