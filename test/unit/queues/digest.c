/* test/unit/queues/digest.c - digests that clients compare with their own. The expected ones are
 * Python's hashlib's. */
#include "queues/queues_test.h"

static void texts(void **state)
{
    char md5[QUEUE_MD5_SIZE], sha256[SHA256_SIZE];

    (void)state;
    queue_md5(BYTES("hello"), md5);
    assert_string_equal(md5, "5d41402abc4b2a76b9719d911017c592");
    queue_md5((struct bytes){NULL, 0}, md5);
    assert_string_equal(md5, "d41d8cd98f00b204e9800998ecf8427e");
    queue_sha256(BYTES("hello"), sha256);
    assert_string_equal(sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

/* In the order of their names, whatever order they came in. */
static void attributes(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct message_attribute list[] = {
        {BYTES("b"), BYTES("String"), BYTES("x"), false},
        {BYTES("a"), BYTES("Binary"), bytes_of("\0\xFF", 2), true},
        {BYTES("c"), BYTES("Number"), BYTES("5"), false},
    };
    char md5[QUEUE_MD5_SIZE], again[QUEUE_MD5_SIZE];

    (void)state;
    queue_attributes_md5(list, 3, arena, md5);
    assert_string_equal(md5, "25eb6b092cf9d83a96dc9fb17b5a586a");
    list[1] = list[2];
    list[2] = (struct message_attribute){BYTES("a"), BYTES("Binary"), bytes_of("\0\xFF", 2), true};
    queue_attributes_md5(list, 3, arena, again);
    assert_string_equal(again, md5);
    list[0].value = BYTES("y");
    queue_attributes_md5(list, 3, arena, again);
    assert_string_not_equal(again, md5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(attributes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
