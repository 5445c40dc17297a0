/* store/family.c - RocksDB's column families. One is made when something is put into it.
 *
 * Making one writes its name to the manifest and all options of all families into a file, and syncs
 * both: with all of them made at the first open, that was most of the time until an empty folder
 * answered. What a folder never uses it does not have. */
#include "store/internal.h"

static bool *find_name(const char *name, bool present[FAMILY_COUNT])
{
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (strcmp(name, rocks_family_names[i]) == 0)
            return &present[i];
    return NULL;
}

/* A name that is none of ours is left to the open, which refuses it by name. */
char *rocks_list_families(const struct rocks *rocks, const char *folder, enum rocks_mode mode,
                          bool ret[FAMILY_COUNT])
{
    char *error = NULL, **names = NULL;
    size_t count = 0;

    memset(ret, 0, FAMILY_COUNT * sizeof *ret);
    ret[FAMILY_META] = true;
    names =
        rocksdb_list_column_families(rocks->options.of_family[FAMILY_META], folder, &count, &error);
    for (size_t i = 0; i < count; i++) {
        bool *present = find_name(names[i], ret);

        if (present != NULL)
            *present = true;
    }
    rocksdb_list_column_families_destroy(names, count);
    if (error != NULL && mode == ROCKS_CREATE) { /* there is nothing to list */
        rocksdb_free(error);
        return NULL;
    }
    return error;
}

enum status rocks_make_family(struct rocks *rocks, size_t family,
                              rocksdb_column_family_handle_t **ret)
{
    char *error = NULL;

    *ret = rocks_family(rocks, family);
    if (*ret != NULL)
        return OK;

    rocksdb_column_family_handle_t *made = rocksdb_create_column_family(
        rocks->db, rocks->options.of_family[family], rocks_family_names[family], &error);
    enum status status = rocks_status(error);

    if (status != OK) {
        rocksdb_column_family_handle_destroy(made); /* an empty one */
        return status;
    }
    rocks_drop_options(rocks);
    atomic_store_explicit(&rocks->families[family], made, memory_order_release);
    *ret = made;
    return OK;
}

bool rocks_has_families(const struct rocks *rocks)
{
    for (size_t i = 0; i < STORE_FAMILY_COUNT; i++)
        if (rocks_family(rocks, i) != NULL)
            return true;
    return false;
}
