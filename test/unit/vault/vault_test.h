/* vault/vault_test.h - what tests need of private logs: a vault over a test's store, a log that is
 * private, a stream that is forgotten. */
#ifndef DYNLOG_TEST_VAULT_TEST_H
#define DYNLOG_TEST_VAULT_TEST_H

#include "store/store_test.h"

#include "vault/vault.h"

struct test_vault_change {
    struct vault *vault;
    struct bytes log, id;
    bool had_key;
};

static inline void test_declare_body(struct store_batch *batch, struct test_work *work)
{
    const struct test_vault_change *change = work->context;

    vault_log_store(change->vault, batch,
                    &(struct vault_log){.name = change->log, .declared_ms = 17, .position = 3});
}

static inline void test_make_private(struct test_loop *loop, struct vault *vault, const char *log)
{
    struct test_vault_change change = {.vault = vault, .log = bytes_of_text(log)};
    struct test_work work = {.body = test_declare_body, .context = &change};

    assert_int_equal(test_do(loop, &work), OK);
}

static inline void test_forget_body(struct store_batch *batch, struct test_work *work)
{
    struct test_vault_change *change = work->context;

    assert_int_equal(vault_forget(batch, change->log, change->id, &change->had_key), OK);
}

/* False: there was no key. */
static inline bool test_forget_stream(struct test_loop *loop, const char *log, const char *id)
{
    struct test_vault_change change = {.log = bytes_of_text(log), .id = bytes_of_text(id)};
    struct test_work work = {.body = test_forget_body, .context = &change};

    assert_int_equal(test_do(loop, &work), OK);
    return change.had_key;
}

/* Whether a family's values have the text. */
static inline bool test_family_has(struct store *store, enum store_family family, const char *text)
{
    struct bytes none = {NULL, 0}, key, value;
    struct store_iter *iter = store_iter_new(store, NULL, family, none, none, false);
    bool found = false;

    while (!found && store_iter_next(iter, &key, &value))
        found = bytes_find(value, bytes_of_text(text)) != SIZE_MAX;
    store_iter_free(iter);
    return found;
}

#endif
