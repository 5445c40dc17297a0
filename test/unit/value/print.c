/* Tests of value/print.c: random items through print, both readers, and print again. */
#include "value/tools.h"

static struct bytes random_bytes(struct arena *arena, struct chance *chance, bool text)
{
    static const char *const pieces[] = {
        "a", "users#12#stream", "\"", "\\", "\n", "\x01", "/", "é", "😀", "{}", "],", " ", "\x7F",
        "0"};
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    for (int left = chance_between(chance, 0, 8); left > 0; left--) {
        if (text)
            buffer_append_text(&out, pieces[chance_between(chance, 0, ARRAY_COUNT(pieces) - 1)]);
        else
            buffer_append_byte(&out, (uint8_t)chance_next(chance));
    }
    return arena_copy(arena, buffer_bytes(&out));
}

static struct value random_value(struct arena *arena, struct chance *chance, int depth);

static struct value random_scalar(struct arena *arena, struct chance *chance, enum value_type type)
{
    struct value value = {.type = type};

    if (type == VALUE_N)
        value.number =
            number_of_int64((int64_t)(chance_next(chance) >> chance_between(chance, 0, 63)));
    else
        value.bytes = random_bytes(arena, chance, type == VALUE_S);
    return value;
}

static struct item random_item(struct arena *arena, struct chance *chance, int depth)
{
    struct item item = {0};

    for (int left = chance_between(chance, 0, 5); left > 0; left--)
        item_set(arena, &item, random_bytes(arena, chance, true),
                 random_value(arena, chance, depth));
    return item;
}

static struct value random_set(struct arena *arena, struct chance *chance, enum value_type type)
{
    static const enum value_type members[] = {
        [VALUE_SS] = VALUE_S, [VALUE_NS] = VALUE_N, [VALUE_BS] = VALUE_B};
    struct value set = {.type = type};

    set.list.values = ARENA_NEW_ARRAY(arena, 20, struct value);
    for (int left = chance_between(chance, 1, 20); left > 0; left--) {
        struct value member = random_scalar(arena, chance, members[type]);
        bool there = false;

        for (size_t i = 0; i < set.list.count; i++)
            there = there || value_equal(&set.list.values[i], &member);
        if (!there)
            set.list.values[set.list.count++] = member;
    }
    return set;
}

static struct value random_value(struct arena *arena, struct chance *chance, int depth)
{
    enum value_type type = (enum value_type)chance_between(chance, VALUE_S, VALUE_BS);
    struct value value = {.type = type};

    if (depth == 4 && (type == VALUE_M || type == VALUE_L))
        type = VALUE_S;
    switch (type) {
    case VALUE_S:
    case VALUE_N:
    case VALUE_B:
        return random_scalar(arena, chance, type);
    case VALUE_BOOL:
        value.boolean = chance_between(chance, 0, 1) == 1;
        return value;
    case VALUE_NULL:
        return value;
    case VALUE_M:
        value.map = random_item(arena, chance, depth + 1);
        return value;
    case VALUE_L:
        value.list.values = ARENA_NEW_ARRAY(arena, 5, struct value);
        for (int left = chance_between(chance, 0, 5); left > 0; left--)
            value.list.values[value.list.count++] = random_value(arena, chance, depth + 1);
        return value;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return random_set(arena, chance, type);
    }
    return value;
}

static void test_round_trips(void **state)
{
    for (uint64_t seed = SEED; seed < SEED + 2000; seed++) {
        struct chance chance = {seed};
        struct item item = random_item(*state, &chance, 0), decoded = {0};
        const char *text = text_of_item(*state, &item);
        struct item parsed = item_of(*state, text);

        if (item_decode(*state, bytes_of_text(text), &decoded) != OK ||
            !item_equal(&item, &decoded) || !item_equal(&item, &parsed) ||
            strcmp(text_of_item(*state, &decoded), text) != 0 ||
            strcmp(text_of_item(*state, &parsed), text) != 0)
            fail_msg("seed %llu: %s", (unsigned long long)seed, text);
        assert_int_equal(item_size(&item), item_size(&decoded));
        arena_reset(*state);
    }
}

/* A buffer that is too small remembers it; nothing is written behind its end. */
static void test_full_buffer(void **state)
{
    struct item item = item_of(*state, "{\"a\":{\"L\":[{\"N\":\"12.5\"},{\"B\":\"Zm9v\"}]}}");
    size_t whole = strlen(text_of_item(*state, &item));

    for (size_t size_max = 0; size_max <= whole; size_max++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(size_max);

        item_print(&out, &item);
        assert_true(buffer_failed(&out) == (size_max < whole));
    }
}

/* The worst item there is: as many number sets as fit, each of 99 small numbers. */
static void test_longest_text(void **state)
{
    struct value set = {.type = VALUE_NS};
    struct value list = {.type = VALUE_L};
    struct item item = {0};
    size_t set_size = 0;

    set.list.values = ARENA_NEW_ARRAY(*state, 99, struct value);
    for (int i = 1; i <= 99; i++) { /* 1E-130 to 9.9E-129: all in one pair */
        const char *text = (const char *)arena_printf(*state, "%de-130", i).ptr;

        set.list.values[set.list.count++] =
            (struct value){.type = VALUE_N, .number = number_of(text)};
    }
    set_size = value_size(&set);
    assert_int_equal(set_size, 99 * 2);
    list.list.count = (ITEM_SIZE_MAX - 4) / (set_size + 1);
    list.list.values = ARENA_NEW_ARRAY(*state, list.list.count, struct value);
    for (size_t i = 0; i < list.list.count; i++)
        list.list.values[i] = set;
    item_set(*state, &item, BYTES("a"), list);
    assert_true(item_size(&item) <= ITEM_SIZE_MAX);

    AUTO(buffer_free) struct buffer out = BUFFER_INIT(ITEM_TEXT_SIZE_MAX);

    item_print(&out, &item);
    assert_false(buffer_failed(&out));
    assert_true(out.size > ITEM_TEXT_SIZE_MAX / 100 * 96); /* the limit is not far above */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_longest_text),
        ARENA_TEST(test_round_trips),
        ARENA_TEST(test_full_buffer),
    };

    return cmocka_run_group_tests_name("value/print", tests, NULL, NULL);
}
