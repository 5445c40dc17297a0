/* stack/default.c - the stack of a start without a file: the log table, the read model's table, the
 * bus and its archive. The same names as in the public sample and in the examples. */
#include "stack/stack.h"

#define BODY_SIZE_MAX ((size_t)4096)

struct default_table {
    const char *suffix, *sort_key_type;
    bool stream;
};

static struct bytes create_table(struct arena *arena, struct bytes name,
                                 const struct default_table *table)
{
    return arena_printf(arena,
                        "{\"TableName\":\"%.*s\",\"BillingMode\":\"PAY_PER_REQUEST\","
                        "\"AttributeDefinitions\":["
                        "{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},"
                        "{\"AttributeName\":\"sk\",\"AttributeType\":\"%s\"}],"
                        "\"KeySchema\":["
                        "{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},"
                        "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]%s}",
                        BYTES_ARG(name), table->sort_key_type,
                        table->stream ? ",\"StreamSpecification\":{\"StreamEnabled\":true,"
                                        "\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}"
                                      : "");
}

/* Text as the inside of a JSON string: a stage may hold anything. */
static struct bytes escaped(struct arena *arena, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);

    json_append_string(&out, text);
    return arena_copy(arena, bytes_slice(buffer_bytes(&out), 1, out.size > 2 ? out.size - 2 : 0));
}

static void add_call(struct stack *stack, const char *target, struct bytes body,
                     const char *resource)
{
    stack->calls[stack->call_count++] = (struct stack_call){
        .target = target,
        .body = body,
        .resource = bytes_of_text(resource),
        .where = {"(no stack file)", 1, 1},
        .late = -1,
    };
}

const struct stack *stack_default(struct arena *arena, const struct stack_options *options)
{
    static const struct default_table tables[] = {
        {"dynamodb-logs", "N", true},
        {"core", "S", false},
    };
    struct stack *stack = ARENA_NEW(arena, struct stack);

    stack->service = BYTES("dynamodb-logs");
    stack->stage = bytes_of_text(options->stage != NULL ? options->stage : "local");
    stack->region = bytes_of_text(options->region != NULL ? options->region : "us-east-1");
    stack->account = bytes_of_text(options->account);
    stack->folder = ".";
    stack->retry_delay_ms = -1;
    stack->maximum_retry_attempts = -1;
    stack->archive_path = BYTES("db");
    stack->calls = ARENA_NEW_ARRAY(arena, 2 * ARRAY_COUNT(tables) + 1, struct stack_call);
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        struct bytes name = arena_printf(arena, "%.*s-%s", BYTES_ARG(escaped(arena, stack->stage)),
                                         tables[i].suffix);

        add_call(stack, "DynamoDB_20120810.CreateTable", create_table(arena, name, &tables[i]),
                 tables[i].suffix);
        add_call(stack, "DynamoDB_20120810.UpdateTimeToLive",
                 arena_printf(arena,
                              "{\"TableName\":\"%.*s\",\"TimeToLiveSpecification\":"
                              "{\"AttributeName\":\"ttl\",\"Enabled\":true}}",
                              BYTES_ARG(name)),
                 tables[i].suffix);
    }
    add_call(stack, "AWSEvents.CreateEventBus", BYTES("{\"Name\":\"dynamodb-log\"}"),
             "dynamodb-log");
    stack->archives = ARENA_NEW(arena, struct stack_archive);
    stack->archives[stack->archive_count++] = (struct stack_archive){
        .name = BYTES("dynamodb-logs-archive"), .bus_name = BYTES("dynamodb-log")};
    return stack;
}
