/* check/vault.c - STORE_VAULT: private logs and the keys of their streams (docs/format/vault.md).
 */
#include "check/internal.h"

#include "vault/internal.h"

static const struct check_kind lost_key = {
    "key-missing", "payloads that were sealed with it can't be read, though nobody forgot them"};

enum { ROW_LOG = 1, ROW_STREAM, ROW_KEY, ROW_VERSION };

static bool is_zero(const uint8_t id[VAULT_KEY_ID_SIZE])
{
    static const uint8_t zero[VAULT_KEY_ID_SIZE];

    return memcmp(id, zero, sizeof zero) == 0;
}

static void need_key(struct check *check, struct bytes key, const uint8_t id[VAULT_KEY_ID_SIZE])
{
    uint8_t wanted[1 + VAULT_KEY_ID_SIZE] = {ROW_KEY};
    struct bytes value;

    memcpy(wanted + 1, id, VAULT_KEY_ID_SIZE);
    if (is_zero(id) || check_get(check, STORE_VAULT, bytes_of(wanted, sizeof wanted), &value))
        return;
    check_find(check, &lost_key, "vault",
               check_text(check, "stream \"%.*s\"",
                          BYTES_ARG(check_bytes_text(check, bytes_slice(key, 1, key.size)))),
               BYTES("the key that seals it now"), BYTES("none"));
}

static bool read_row(struct check *check, struct bytes key, struct bytes value)
{
    switch (key.size > 1 ? key.ptr[0] : 0) {
    case ROW_LOG:
        return value.size == 18 && value.ptr[0] == 1 && value.ptr[1] <= VAULT_BEING_DECLARED;
    case ROW_STREAM:
        if (value.size < 1 + VAULT_KEY_ID_SIZE || value.ptr[0] < 1 || value.ptr[0] > 2)
            return false;
        need_key(check, key, value.ptr + 1);
        return true;
    case ROW_KEY:
        return key.size == 1 + VAULT_KEY_ID_SIZE && value.size == 1 + VAULT_KEY_SIZE &&
               value.ptr[0] == 1;
    case ROW_VERSION:
        return value.size == 1 + VAULT_KEY_ID_SIZE && value.ptr[0] == 1;
    default:
        return false;
    }
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    (void)context;
    if (!read_row(check, key, value))
        check_find_unreadable(check, STORE_VAULT, key, CORRUPT,
                              "a log, a stream, a key, a version");
}

void check_vault(struct check *check)
{
    check_scan_all(check, STORE_VAULT, take_row, NULL);
}
