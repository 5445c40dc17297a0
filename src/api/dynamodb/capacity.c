/* api/dynamodb/capacity.c - consumed capacity, as AWS computes it. (AWS: DynamoDB developer guide,
 * "Capacity unit consumption for read and write operations".) */
#include "api/dynamodb/dynamodb.h"

#include <inttypes.h>

#define READ_UNIT_SIZE 4096u
#define WRITE_UNIT_SIZE 1024u

enum capacity_wanted dynamodb_capacity_wanted(const struct json *body)
{
    static const char *const words[] = {"NONE", "TOTAL", "INDEXES"};

    return (enum capacity_wanted)decode_word(body, "ReturnConsumedCapacity", words,
                                             ARRAY_COUNT(words), CAPACITY_NONE);
}

static uint64_t units(size_t size, size_t unit_size)
{
    return size == 0 ? 1 : (size + unit_size - 1) / unit_size;
}

uint64_t capacity_of_read(size_t size, bool consistent)
{
    return units(size, READ_UNIT_SIZE) * (consistent ? 2 : 1);
}

uint64_t capacity_of_write(size_t old_size, size_t new_size)
{
    return units(size_max(old_size, new_size), WRITE_UNIT_SIZE) * 2;
}

static void write_units(struct json_writer *w, const char *name, uint64_t half_units)
{
    json_key(w, name);
    json_write_raw(w, bytes_of_text(""));
    buffer_printf(w->out, "%" PRIu64 ".%c", half_units / 2, half_units % 2 != 0 ? '5' : '0');
}

static void write_figures(struct json_writer *w, uint64_t half_units, bool transaction,
                          bool is_read)
{
    write_units(w, "CapacityUnits", half_units);
    if (transaction)
        write_units(w, is_read ? "ReadCapacityUnits" : "WriteCapacityUnits", half_units);
}

void capacity_add_index(struct arena *arena, struct capacity *capacity, struct bytes name,
                        enum index_kind kind, uint64_t half_units)
{
    for (size_t i = 0; i < capacity->index_count; i++) {
        if (bytes_equal(capacity->indexes[i].name, name)) {
            capacity->indexes[i].half_units += half_units;
            return;
        }
    }
    capacity->indexes =
        arena_grow(arena, capacity->indexes, capacity->index_count, capacity->index_count + 1,
                   &capacity->index_capacity, sizeof *capacity->indexes);
    capacity->indexes[capacity->index_count++] = (struct capacity_of_index){name, kind, half_units};
}

void capacity_add_write(struct arena *arena, struct capacity *capacity,
                        const struct item_write *write, uint64_t times)
{
    capacity->half_units += times * capacity_of_write(write->old_size, write->new_size);
    for (size_t i = 0; i < write->index_cost_count; i++) {
        const struct index_cost *cost = &write->index_costs[i];
        uint64_t half_units = capacity_of_write(0, cost->put_size);

        if (cost->removed_size > 0)
            half_units += capacity_of_write(cost->removed_size, 0);
        capacity_add_index(arena, capacity, cost->name, cost->kind, half_units);
    }
}

static uint64_t total_of(const struct capacity *capacity)
{
    uint64_t total = capacity->half_units;

    for (size_t i = 0; i < capacity->index_count; i++)
        total += capacity->indexes[i].half_units;
    return total;
}

static void write_indexes(struct json_writer *w, const struct capacity *capacity,
                          enum index_kind kind, bool transaction, bool is_read)
{
    bool open = false;

    for (size_t i = 0; i < capacity->index_count; i++) {
        const struct capacity_of_index *index = &capacity->indexes[i];

        if (index->kind != kind)
            continue;
        if (!open) {
            json_key(w, kind == INDEX_LOCAL ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
            json_begin_object(w);
            open = true;
        }
        json_key_bytes(w, index->name);
        json_begin_object(w);
        write_figures(w, index->half_units, transaction, is_read);
        json_end_object(w);
    }
    if (open)
        json_end_object(w);
}

void capacity_write(struct json_writer *w, enum capacity_wanted wanted,
                    const struct capacity *capacity, bool transaction, bool is_read)
{
    json_begin_object(w);
    json_member_string(w, "TableName", capacity->table_name);
    write_figures(w, total_of(capacity), transaction, is_read);
    if (wanted == CAPACITY_INDEXES) {
        json_key(w, "Table");
        json_begin_object(w);
        write_figures(w, capacity->half_units, transaction, is_read);
        json_end_object(w);
        write_indexes(w, capacity, INDEX_LOCAL, transaction, is_read);
        write_indexes(w, capacity, INDEX_GLOBAL, transaction, is_read);
    }
    json_end_object(w);
}

struct capacity *capacity_sum_of(struct capacity_sums *sums, struct bytes table_name)
{
    for (size_t i = 0; i < sums->count; i++)
        if (bytes_equal(sums->sums[i].table_name, table_name))
            return &sums->sums[i];
    assert(sums->count < ARRAY_COUNT(sums->sums));
    sums->sums[sums->count] = (struct capacity){.table_name = table_name};
    return &sums->sums[sums->count++];
}

/* What was done before is read now: the repetition costs reads of the items as they were then. */
void capacity_add_transaction(struct arena *arena, struct capacity_sums *sums,
                              const struct engine_write *write)
{
    for (size_t i = 0; i < write->count; i++) {
        const struct item_write *item = &write->writes[i];
        struct capacity *sum = capacity_sum_of(sums, item->table_name);

        if (write->repeated)
            sum->half_units += 2 * capacity_of_read(item->old_size, true);
        else
            capacity_add_write(arena, sum, item, 2);
    }
}

void capacity_write_all(struct json_writer *w, enum capacity_wanted wanted,
                        const struct capacity_sums *sums, bool transaction, bool is_read)
{
    if (wanted == CAPACITY_NONE)
        return;
    json_key(w, "ConsumedCapacity");
    json_begin_array(w);
    for (size_t i = 0; i < sums->count; i++)
        capacity_write(w, wanted, &sums->sums[i], transaction, is_read);
    json_end_array(w);
}
