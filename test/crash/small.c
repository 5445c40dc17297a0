/* crash/small.c - a store whose memtables, logs and tables are small, so that a moment's writes flush and
 * compact it (LD_PRELOAD): the sizes that src/store/options.c gives RocksDB are bounded on their way. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct rocksdb_options_t;

#define KIB ((uint64_t)1 << 10)

#define BOUNDED(name_, type_, max_)                                                                \
    void name_(struct rocksdb_options_t *options, type_ size);                                     \
    void name_(struct rocksdb_options_t *options, type_ size)                                      \
    {                                                                                              \
        void (*real)(struct rocksdb_options_t *options, type_ size) = NULL;                        \
        void *found = dlsym(RTLD_NEXT, #name_);                                                    \
                                                                                                   \
        memcpy(&real, &found, sizeof real);                                                        \
        real(options, getenv("CRASH_SMALL") != NULL && size > (max_) ? (type_)(max_) : size);       \
    }

BOUNDED(rocksdb_options_set_write_buffer_size, size_t, 96 * KIB)
BOUNDED(rocksdb_options_set_db_write_buffer_size, size_t, 512 * KIB)
BOUNDED(rocksdb_options_set_max_total_wal_size, uint64_t, 384 * KIB)
BOUNDED(rocksdb_options_set_target_file_size_base, uint64_t, 64 * KIB)
BOUNDED(rocksdb_options_set_max_bytes_for_level_base, uint64_t, 256 * KIB)
BOUNDED(rocksdb_options_set_max_manifest_file_size, size_t, 16 * KIB)
