/* bench/backup.c - how fast backups and restores are, and what point-in-time recovery costs a
 * write.
 *
 *   backup FOLDER [items] [size]    FOLDER must not be there; it is removed at the end
 *   backup --memory [items] [size]
 *
 * A table of so many items (100,000 of 1,000 bytes unless others are given) is filled, written over
 * once without recovery and once with it, backed up, restored from the backup, and restored to the
 * moment before it was written over. Prints one JSON object a line: items a second, and the CPU
 * time that all threads take for one. */
#include "bench.h"

#include "base/clock.h"
#include "base/file.h"
#include "engine/backup.h"

#define IN_FLIGHT 256
#define PAYLOAD_SIZE_MAX 100000

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

static struct {
    struct bench_loop loop;
    struct engine *engine;
    uint64_t items, size, next, answered;
    uint8_t payload[PAYLOAD_SIZE_MAX];
} bench = {.loop = BENCH_LOOP_INIT};

/* ---- what is measured ---- */

static uint64_t cpu_ns(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void measure(const char *what, void (*body)(void))
{
    uint64_t start_ns = clock_monotonic_ns(), start_cpu_ns = cpu_ns();

    body();

    double took_ns = (double)(clock_monotonic_ns() - start_ns);

    printf("{\"what\":\"%s\",\"items\":%llu,\"size\":%llu,\"per_s\":%.0f,\"cpu_us\":%.3f}\n", what,
           (unsigned long long)bench.items, (unsigned long long)bench.size,
           (double)bench.items / took_ns * 1e9,
           (double)(cpu_ns() - start_cpu_ns) / 1e3 / (double)bench.items);
    fflush(stdout);
}

/* ---- puts ---- */

struct put {
    struct engine_write write;
    struct item_write item;
};

static void submit(struct put *put);

static void put_done(struct engine_write *write, enum status status)
{
    struct put *put = CONTAINER_OF(write, struct put, write);

    bench_must("a put", status, &write->error);
    arena_free(write->arena);
    bench.answered++;
    submit(put);
}

static void submit(struct put *put)
{
    if (bench.next == bench.items)
        return;

    struct arena *arena = arena_new();
    struct attribute *attributes = ARENA_NEW_ARRAY(arena, 2, struct attribute);

    attributes[0] = (struct attribute){
        BYTES("pk"), {.type = VALUE_N, .number = number_of_int64((int64_t)bench.next++)}};
    attributes[1] = (struct attribute){
        BYTES("payload"), {.type = VALUE_B, .bytes = bytes_of(bench.payload, bench.size)}};
    put->item = (struct item_write){
        .kind = WRITE_PUT, .table_name = BYTES("source"), .item = {attributes, 2}};
    put->write =
        (struct engine_write){.writes = &put->item, .count = 1, .arena = arena, .done = put_done};
    engine_write(bench.engine, bench.loop.port, &put->write);
}

static void put_all(void)
{
    static struct put puts[IN_FLIGHT];

    bench.next = bench.answered = 0;
    bench.payload[0]++; /* a put of what is there already changes nothing */
    for (size_t i = 0; i < IN_FLIGHT; i++)
        submit(&puts[i]);
    while (bench.answered < bench.items)
        bench_turn(&bench.loop);
}

/* ---- tables, a backup, restores ---- */

static void changed(struct table_change *change, enum status status)
{
    bench_must("a table", status, &change->error);
    *(bool *)change->context = true;
}

static enum status turn_recovery_on(struct table_change *change, struct table *table,
                                    struct api_error *reterr)
{
    (void)change, (void)reterr;
    table->point_in_time_recovery = true;
    return OK;
}

static void change_table(enum table_change_kind kind)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    bool done = false;
    struct table_change change = {
        .kind = kind,
        .name = BYTES("source"),
        .wanted = {.billing = BILLING_PAY_PER_REQUEST},
        .edit = turn_recovery_on,
        .arena = arena,
        .done = changed,
        .context = &done,
    };

    key_schema_add(&change.wanted.key, BYTES("pk"), VALUE_N, true);
    engine_change_table(bench.engine, bench.loop.port, &change);
    while (!done)
        bench_turn(&bench.loop);
}

static char backup_id[BACKUP_ID_SIZE];

static void backed_up(struct backup_change *change, enum status status)
{
    bench_must("the backup", status, &change->error);
    snprintf(backup_id, sizeof backup_id, "%.*s", BYTES_ARG(change->backup.id));
}

static void back_up(void)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct backup_change change = {
        .table_name = BYTES("source"), .name = BYTES("backup"), .arena = arena, .done = backed_up};

    engine_backup_create(bench.engine, &change);
    while (backup_id[0] == '\0')
        bench_turn(&bench.loop);
}

static enum status leave_as_is(struct table_change *change, struct table *table,
                               struct api_error *reterr)
{
    (void)change, (void)table, (void)reterr;
    return OK;
}

static void restore(struct table_source *source)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    bool done = false;

    source->change.kind = TABLE_CREATE;
    source->change.arena = arena;
    source->change.edit = leave_as_is;
    source->change.done = changed;
    source->change.context = &done;
    source->table_name = BYTES("source");
    engine_restore_table(bench.engine, source);
    while (!done || engine_busy(bench.engine))
        bench_turn(&bench.loop);
}

static void restore_backup(void)
{
    struct table_source source = {.change.name = BYTES("from-backup"),
                                  .backup_arn = BYTES("arn"),
                                  .backup_id = bytes_of_text(backup_id)};

    restore(&source);
}

static void restore_past(void)
{
    const struct table *table = engine_table_ref(bench.engine, BYTES("source"));
    struct table_source source = {.change.name = BYTES("from-past"),
                                  .time_ms = table->point_in_time_recovery_since_ms};

    engine_table_unref(table);
    restore(&source);
}

static void measure_all(void)
{
    change_table(TABLE_CREATE);
    measure("fill", put_all);
    measure("write over", put_all);
    change_table(TABLE_UPDATE);
    measure("write over, with recovery", put_all);
    measure("back up", back_up);
    measure("restore the backup", restore_backup);
    measure("restore to the moment before each item changed", restore_past);
}

/* ---- */

int main(int count, char **args)
{
    struct clock *clock = clock_new_real();
    bool memory = count > 1 && strcmp(args[1], "--memory") == 0;
    struct store_options options = {.folder = count > 1 ? args[1] : NULL, .memory = memory};
    struct store *store = NULL;
    char message[STORE_MESSAGE_SIZE];

    bench.items = 100000;
    bench.size = 1000;
    if (count < 2 || (count > 2 && !bytes_to_uint64(bytes_of_text(args[2]), &bench.items)) ||
        (count > 3 && !bytes_to_uint64(bytes_of_text(args[3]), &bench.size)) || bench.size == 0 ||
        bench.size > PAYLOAD_SIZE_MAX) {
        fprintf(stderr, "bench backup: FOLDER|--memory [items] [size]\n");
        return 2;
    }
    if (store_open(&options, &store, message) != OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    bench_open(&bench.loop, store);

    enum status status = engine_open(store, clock, &place, &bench.engine);
    struct engine_door door = {.port = bench.loop.port, .timers = timers_new(clock, NULL, NULL)};

    if (status == OK)
        status = engine_start(bench.engine, &door);
    bench_must("the engine", status, NULL);
    measure_all();
    if (!engine_stop(bench.engine))
        fprintf(stderr, "something is under way\n");
    store_port_free(bench.loop.port);
    engine_close(bench.engine);
    store_close(store);
    timers_free(door.timers);
    clock_free(clock);
    return !memory && file_remove_folder(args[1]) != OK;
}
