/* bench/index.c - what indexes cost: a put into tables with and without them, and a page of a
 * Query, by how many entries the index has.
 *
 *   index [entries]    100,000 unless said
 *
 * In memory, and in processor time, so that the disk and other programs do not count. Prints one
 * JSON object a line. */
#include "bench.h"

#include "engine/engine.h"

#define BATCH 25
#define PUTS 20000
#define PAGE 25
#define PAGES 2000

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

struct bench {
    struct store *store;
    struct bench_loop loop;
    struct clock *clock;
    struct timers *timers;
    struct engine *engine;
    bool done;
};

static void must(enum status status)
{
    if (status == OK)
        return;
    fprintf(stderr, "%s\n", status_text(status));
    exit(1);
}

/* ---- tables ---- */

enum table_kind { PLAIN, EXPIRES, GLOBAL, LOCAL, TABLE_KINDS };
static const char *const kind_names[] = {"plain", "time_to_live", "global", "local"};

static void changed(struct table_change *change, enum status status)
{
    struct bench *bench = change->context;

    must(status);
    bench->done = true;
}

static void change_table(struct bench *bench, struct table_change *change)
{
    change->arena = arena_new();
    change->done = changed;
    change->context = bench;
    bench->done = false;
    engine_change_table(bench->engine, bench->loop.port, change);
    while (!bench->done)
        bench_turn(&bench->loop);
    arena_free(change->arena);
}

static enum status enable_ttl(struct table_change *change, struct table *table,
                              struct api_error *reterr)
{
    (void)change, (void)reterr;
    table->ttl_enabled = true;
    table->ttl_attribute = BYTES("ttl");
    return OK;
}

static void make_table(struct bench *bench, const char *name, enum table_kind kind)
{
    struct table_index index = {.name = BYTES("index"),
                                .kind = kind == LOCAL ? INDEX_LOCAL : INDEX_GLOBAL,
                                .projection = PROJECTION_ALL};
    struct table_change create = {.kind = TABLE_CREATE, .name = bytes_of_text(name)};
    struct table_change update = {
        .kind = TABLE_UPDATE, .name = bytes_of_text(name), .edit = enable_ttl};

    key_schema_add(&create.wanted.key, BYTES("pk"), VALUE_S, true);
    key_schema_add(&create.wanted.key, BYTES("sk"), VALUE_N, false);
    key_schema_add(&index.key, kind == LOCAL ? BYTES("pk") : BYTES("a"), VALUE_S, true);
    key_schema_add(&index.key, BYTES("n"), VALUE_N, false);
    create.wanted.billing = BILLING_PAY_PER_REQUEST;
    if (kind == GLOBAL || kind == LOCAL) {
        create.wanted.indexes = &index;
        create.wanted.index_count = 1;
    }
    change_table(bench, &create);
    if (kind == EXPIRES)
        change_table(bench, &update);
}

/* ---- items ---- */

static struct attribute text_attribute(struct bytes name, struct bytes text)
{
    return (struct attribute){name, {.type = VALUE_S, .bytes = text}};
}

static struct attribute number_attribute(struct bytes name, uint64_t number)
{
    return (struct attribute){name, {.type = VALUE_N, .number = number_of_int64((int64_t)number)}};
}

static void written(struct engine_write *write, enum status status)
{
    struct bench *bench = write->context;

    must(status);
    for (size_t i = 0; i < write->count; i++)
        must(write->writes[i].status);
    bench->done = true;
}

static void put_batch(struct bench *bench, const char *table, uint64_t first, size_t count)
{
    static const uint8_t filling[150] = {'x'};
    AUTO(arena_release) struct arena *arena = arena_new();
    struct item_write writes[BATCH] = {0};
    struct engine_write write = {
        .writes = writes, .count = count, .arena = arena, .done = written, .context = bench};

    for (size_t i = 0; i < count; i++) {
        struct attribute *attributes = ARENA_NEW_ARRAY(arena, 5, struct attribute);

        attributes[0] = text_attribute(BYTES("pk"), BYTES("users#12#stream"));
        attributes[1] = number_attribute(BYTES("sk"), first + i);
        attributes[2] = text_attribute(BYTES("a"), BYTES("x"));
        attributes[3] = number_attribute(BYTES("n"), first + i);
        attributes[4] = text_attribute(BYTES("f"), bytes_of(filling, sizeof filling));
        writes[i] = (struct item_write){
            .kind = WRITE_PUT, .table_name = bytes_of_text(table), .item = {attributes, 5}};
    }
    bench->done = false;
    engine_write(bench->engine, bench->loop.port, &write);
    while (!bench->done)
        bench_turn(&bench->loop);
}

static void put_many(struct bench *bench, const char *table, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at += BATCH)
        put_batch(bench, table, at, (size_t)(to - at < BATCH ? to - at : BATCH));
}

static void measure_puts(struct bench *bench, enum table_kind kind)
{
    double start_us = 0;

    make_table(bench, kind_names[kind], kind);
    put_many(bench, kind_names[kind], 0, 1000);
    start_us = bench_cpu_us();
    put_many(bench, kind_names[kind], 1000, 1000 + PUTS);
    printf("{\"what\":\"put\",\"table\":\"%s\",\"cpu_us\":%.2f}\n", kind_names[kind],
           (bench_cpu_us() - start_us) / PUTS);
    fflush(stdout);
}

/* ---- pages ---- */

/* Pages that begin behind entry `at`. */
static double page_us(struct bench *bench, uint64_t at, bool backward)
{
    struct attribute start[] = {
        text_attribute(BYTES("pk"), BYTES("users#12#stream")), number_attribute(BYTES("sk"), at),
        text_attribute(BYTES("a"), BYTES("x")), number_attribute(BYTES("n"), at)};
    double start_us = bench_cpu_us();

    for (size_t i = 0; i < PAGES; i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct api_error error;
        struct item_query query = {.table_name = BYTES("pages"),
                                   .index_name = BYTES("index"),
                                   .start_key = {start, ARRAY_COUNT(start)},
                                   .limit = PAGE,
                                   .backward = backward};

        query.condition.equal[0] = start[2].value;
        query.condition.equal_count = 1;
        must(engine_query(bench->engine, &query, arena, &error));
        if (query.count != PAGE)
            abort();
    }
    return (bench_cpu_us() - start_us) / PAGES;
}

static void measure_pages(struct bench *bench, uint64_t entries)
{
    uint64_t there = 0;

    make_table(bench, "pages", GLOBAL);
    for (uint64_t size = entries / 100; size <= entries && size > PAGE * 4; size *= 10) {
        put_many(bench, "pages", there, size);
        there = size;
        printf("{\"what\":\"page\",\"entries\":%llu,\"front_us\":%.1f,\"middle_us\":%.1f,"
               "\"end_us\":%.1f,\"backward_us\":%.1f}\n",
               (unsigned long long)size, page_us(bench, 1, false), page_us(bench, size / 2, false),
               page_us(bench, size - PAGE - 2, false), page_us(bench, size / 2, true));
        fflush(stdout);
    }
}

/* ---- a store for each measurement, so that none finds what another left ---- */

static void open_all(struct bench *bench)
{
    char message[STORE_MESSAGE_SIZE];
    struct store_options options = {.memory = true};

    *bench = (struct bench){.loop = BENCH_LOOP_INIT, .clock = clock_new_manual(1785000000000)};
    must(store_open(&options, &bench->store, message));
    bench_open(&bench->loop, bench->store);
    bench->timers = timers_new(bench->clock, NULL, NULL);
    must(engine_open(bench->store, bench->clock, &place, &bench->engine));

    struct engine_door door = {.port = bench->loop.port, .timers = bench->timers};

    must(engine_start(bench->engine, &door));
}

static void bench_close(struct bench *bench)
{
    while (!engine_stop(bench->engine))
        bench_turn(&bench->loop);
    timers_free(bench->timers);
    store_port_free(bench->loop.port);
    engine_close(bench->engine);
    store_close(bench->store);
    clock_free(bench->clock);
}

int main(int count, char **arguments)
{
    uint64_t entries = count > 1 ? strtoull(arguments[1], NULL, 10) : 100000;
    struct bench bench;

    for (size_t i = 0; i < TABLE_KINDS; i++) {
        open_all(&bench);
        measure_puts(&bench, (enum table_kind)i);
        bench_close(&bench);
    }
    open_all(&bench);
    measure_pages(&bench, entries);
    bench_close(&bench);
    return 0;
}
