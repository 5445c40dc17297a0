/* Fuzz target: what is typed for plain tables - conditions, lists of attributes, changes, and keys
 * (cli/tables/filter.h, key.h), and items as plain JSON (plain.h). The first byte says which.
 *
 * What reads must be an expression that uses each of its names and values; a key must read back
 * from its own print; an item from its plain JSON. */
#include "cli/tables/key.h"
#include "cli/tables/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_SIZE_MAX ((size_t)16 * 1024 * 1024)

static const struct key_schema schema = {
    .attributes = {{{(const uint8_t *)"pk", 2}, VALUE_S},
                   {{(const uint8_t *)"sk", 2}, VALUE_N},
                   {{(const uint8_t *)"bin", 3}, VALUE_B}},
    .hash_count = 1,
    .count = 3,
};

static void read_condition(struct arena *arena, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(OUT_SIZE_MAX);
    struct tables_binding binding = {.arena = arena};
    struct tables_fault fault = {.message = ""};
    struct api_error error = {0};

    if (tables_condition_read(text, EXPR_FILTER, &binding, &out, &fault))
        assert(expr_finish(&binding.names, &error) == OK);
    else
        assert(fault.message[0] != '\0');
}

static void read_attributes(struct arena *arena, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(OUT_SIZE_MAX);
    struct tables_binding binding = {.arena = arena};
    struct tables_fault fault = {.message = ""};
    struct api_error error = {0};

    if (tables_attributes_read(text, &binding, &out, &fault))
        assert(expr_finish(&binding.names, &error) == OK);
    else
        assert(fault.message[0] != '\0');
}

/* What a clause reads as, AWS's parser reads too, or refuses for what it means: never as a syntax
 * error. */
static void read_clause(struct arena *arena, struct bytes text, enum tables_clause clause)
{
    static const char *const words[] = {"SET ", "REMOVE ", "ADD ", "DELETE "};
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(OUT_SIZE_MAX);
    struct tables_binding binding = {.arena = arena};
    struct tables_fault fault = {.message = ""};

    buffer_append_text(&out, words[clause]);
    if (tables_clause_read(text, clause, &binding, &out, &fault) &&
        !tables_update_check(buffer_bytes(&out), &binding, &fault))
        assert(strstr(fault.message, "Syntax error") == NULL);
}

/* Lines are words. A key of an item reads back from its values, each behind "==". */
static void read_key(struct arena *arena, struct bytes text, enum tables_key_use use)
{
    AUTO(buffer_free) struct buffer first = BUFFER_INIT(OUT_SIZE_MAX);
    AUTO(buffer_free) struct buffer second = BUFFER_INIT(OUT_SIZE_MAX);
    struct tables_binding binding = {.arena = arena};
    struct tables_fault fault = {.message = ""};
    struct tables_key key, again;
    char *line = arena_copy_text(arena, text);
    const char *words[8];
    size_t count = 0;

    while (line != NULL && count < ARRAY_COUNT(words))
        words[count++] = strsep(&line, "\n");
    if (!tables_key_read(arena, words, count, &schema, use, &key, &fault)) {
        assert(fault.message[0] != '\0');
        return;
    }
    tables_key_condition(&binding, &second, &key);
    buffer_clear(&second);
    if (use != TABLES_KEY_OF_ITEM)
        return;
    tables_key_print(&first, &key);
    for (size_t i = 0; i < key.count; i++) {
        AUTO(buffer_free) struct buffer word = BUFFER_INIT(OUT_SIZE_MAX);

        buffer_append(&word, key.parts[i].attribute->name);
        buffer_append_text(&word, "==");
        value_print_bare(&word, &key.parts[i].low);
        words[i] = arena_copy_text(arena, buffer_bytes(&word));
    }
    if (!tables_key_read(arena, words, key.count, &schema, use, &again, &fault))
        assert(false && "a printed key is none");
    tables_key_print(&second, &again);
    assert(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
}

static void read_item(struct arena *arena, struct bytes text, bool dynamodb_json)
{
    static const struct tables_order none = {.count = 0};
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(OUT_SIZE_MAX);
    AUTO(buffer_free) struct buffer indented = BUFFER_INIT(OUT_SIZE_MAX);
    const struct json *json = NULL;
    struct api_error error = {0};
    struct item item, again;

    if (json_parse(arena, text, &json, NULL) != OK ||
        tables_item_read(arena, json, dynamodb_json, &item, &error) != OK)
        return;
    tables_item_print(&out, &item, &none, false);
    if (buffer_failed(&out))
        return;
    if (json_parse(arena, buffer_bytes(&out), &json, NULL) != OK ||
        tables_item_read(arena, json, false, &again, &error) != OK)
        assert(false && "a printed item is none");
    assert(item_equal(&item, &again));
    tables_indent(&indented, json, 80);
    assert(json_parse(arena, buffer_bytes(&indented), &json, NULL) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text = bytes_slice(bytes_of(data, size), 1, size);

    if (size == 0)
        return 0;
    switch (data[0]) {
    case 'c':
        read_condition(arena, text);
        break;
    case 'a':
        read_attributes(arena, text);
        break;
    case '0':
    case '1':
    case '2':
    case '3':
        read_clause(arena, text, (enum tables_clause)(data[0] - '0'));
        break;
    case 'k':
        read_key(arena, text, TABLES_KEY_OF_ITEM);
        break;
    case 'q':
        read_key(arena, text, TABLES_KEY_CONDITION);
        break;
    case 'p':
        read_item(arena, text, false);
        break;
    case 'd':
        read_item(arena, text, true);
        break;
    default:
        break;
    }
    return 0;
}
