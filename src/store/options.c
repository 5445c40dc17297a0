/* store/options.c - how RocksDB is tuned, and why. Everything else is its default.
 *
 * What is wanted: an append costs no read (bloom filters), a group costs one sync (one writer,
 * nothing of RocksDB's own write concurrency), an idle dynlog takes tens of megabytes, opening
 * takes tens of milliseconds, a reader never deletes files. docs/format/store.md lists the
 * families. */
#include "store/internal.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* Blocks of all families; filled by reading only. Filters and indexes are beside it, with their
 * tables: about 1 % of the data, and every get asks them. (In the cache they drive each other out:
 * it has many parts, and one of them holds few blocks of their size. With a million items a get
 * then cost 50 times as much.) */
#define BLOCK_CACHE_SIZE (256 * MIB)
/* All memtables together; a flush starts a little before. */
#define MEMTABLES_SIZE (64 * MIB)
#define MANIFEST_SIZE_MAX (4 * MIB)
/* Of what is read in runs; and of items, which are read one by one: a get reads a whole block. */
#define BLOCK_SIZE (8 * KIB)
#define ITEM_BLOCK_SIZE (4 * KIB)
/* A hash of its keys in each of these blocks: keys per slot. */
#define BLOCK_HASH_RATIO 0.75
#define BLOOM_BITS_PER_KEY 10 /* about 1 % of the new keys cost a read */
/* The same for items that are in no table yet, as a part of their memtable's size: most gets and
 * all conditions of appends ask for what is not there. */
#define MEMTABLE_BLOOM_RATIO 0.02
#define OPEN_FILES_MAX 512 /* leaves descriptors for connections under a limit of 1,024 */
#define BACKGROUND_JOBS 2  /* a flush beside a compaction */
/* RocksDB starts them anew for each family at each open, however few tables there are to open: its
 * 16 would be most of the time that opening an existing folder takes. */
#define FILE_OPENING_THREADS 1
#define LEVEL_BASE_SIZE (128 * MIB)
/* Of items that were flushed and not yet merged into the tables below: the keys of each are all
 * over those, so each time all of the first level is written anew. RocksDB's 4 cost twice as much.
 */
#define ITEM_FLUSHES_MAX 8
#define TABLE_FILE_SIZE (32 * MIB)

/* A queue's front is made of deletions, which every scan from the front would step over: a file
 * with this many among so many keys in a row is compacted soon. */
#define QUEUE_WINDOW_KEYS 1024
#define QUEUE_WINDOW_DELETIONS 512

/* RocksDB's LOG stays empty: errors come back through the calls that met them, and a LOG on a full
 * disk is worse than none (Debian's RocksDB has its asserts on, and one of them stops the process
 * at the second failed line). The C API has no names for the levels; this one is the number of
 * them, above all. It has no name in RocksDB's text form either, so the file with the options of
 * all families, which nobody reads and whose writing, syncing and reading back was half of the time
 * that opening took, ends before it begins: RocksDB goes on without (fail_if_options_file_error;
 * docs/adr/0064). */
#define LOG_LEVEL_NONE 6

/* In the order of enum store_family, FAMILY_META last. */
const char *const rocks_family_names[FAMILY_COUNT] = {
    "catalogue", "items",    "indexes", "changes", "events",  "deliveries", "cursors", "history",
    "queues",    "archives", "logs",    "order",   "streams", "vault",      "default",
};

struct family_tuning {
    size_t write_buffer_size;
    bool queue;  /* put at the end, deleted from the front */
    bool by_key; /* read one by one */
};

static const struct family_tuning tuning[FAMILY_COUNT] = {
    [STORE_CATALOGUE] = {2 * MIB, false, false}, [STORE_ITEMS] = {32 * MIB, false, true},
    [STORE_INDEXES] = {16 * MIB, false, false},  [STORE_CHANGES] = {32 * MIB, true, false},
    [STORE_EVENTS] = {16 * MIB, true, false},    [STORE_DELIVERIES] = {8 * MIB, true, false},
    [STORE_CURSORS] = {2 * MIB, false, false},   [STORE_HISTORY] = {16 * MIB, true, false},
    [STORE_QUEUES] = {16 * MIB, true, false},    [STORE_ARCHIVES] = {16 * MIB, true, false},
    [STORE_LOGS] = {16 * MIB, true, false},      [STORE_ORDER] = {16 * MIB, false, false},
    [STORE_STREAMS] = {16 * MIB, false, false},  [STORE_VAULT] = {2 * MIB, false, false},
    [FAMILY_META] = {2 * MIB, false, false},
};

/* Settings that the C API has no function for go through RocksDB's text form. */
static void set_by_text(rocksdb_options_t *options, const char *text)
{
    char *error = NULL;

    rocksdb_get_options_from_string(options, text, options, &error);
    assert(error == NULL && "RocksDB 7.8 knows these options");
}

/* What counts once for the whole store; RocksDB reads it from the options that come first at open,
 * FAMILY_META's (rocks.c), and ignores it in the others. */
static void set_database(struct rocks_options *all, rocksdb_options_t *options)
{
    rocksdb_options_set_env(options, all->env);
    rocksdb_options_set_db_write_buffer_size(options, MEMTABLES_SIZE);
    rocksdb_options_set_max_manifest_file_size(options, MANIFEST_SIZE_MAX);
    rocksdb_options_set_manifest_preallocation_size(options, 64 * KIB);
    rocksdb_options_set_max_open_files(options, OPEN_FILES_MAX);
    rocksdb_options_set_max_file_opening_threads(options, FILE_OPENING_THREADS);
    rocksdb_options_set_max_background_jobs(options, BACKGROUND_JOBS);
    rocksdb_options_set_info_log_level(options, LOG_LEVEL_NONE);
    rocksdb_options_set_keep_log_file_num(options, 2);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    rocksdb_options_set_skip_stats_update_on_db_open(options, 1);
    rocksdb_options_set_is_fd_close_on_exec(options, 1);
    /* One thread writes: the machinery for several would only cost. */
    rocksdb_options_set_allow_concurrent_memtable_write(options, 0);
    rocksdb_options_set_enable_write_thread_adaptive_yield(options, 0);
    /* Readers on a loop do not delete files; a thread of RocksDB does. */
    rocksdb_options_set_avoid_unnecessary_blocking_io(options, 1);
    /* What is in memtables is in our log, or nothing needs it. */
    set_by_text(options, "avoid_flush_during_shutdown=true");
    /* Its own log has nothing. */
    set_by_text(options, "allow_fallocate=false");
}

static void set_table(struct rocks_options *all, rocksdb_options_t *options,
                      const struct family_tuning *family)
{
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();

    rocksdb_block_based_options_set_block_cache(table, all->cache);
    rocksdb_block_based_options_set_block_size(table,
                                               family->by_key ? ITEM_BLOCK_SIZE : BLOCK_SIZE);
    if (family->by_key) {
        rocksdb_block_based_options_set_data_block_index_type(
            table, rocksdb_block_based_table_data_block_index_type_binary_search_and_hash);
        rocksdb_block_based_options_set_data_block_hash_ratio(table, BLOCK_HASH_RATIO);
    }
    rocksdb_block_based_options_set_filter_policy(
        table, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS_PER_KEY));
    rocksdb_block_based_options_set_whole_key_filtering(table, 1);
    rocksdb_block_based_options_set_format_version(table, 5);
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
}

/* ---- collections in filters ---- */

/* Filters of items know collections too, beside keys: a collection that is not in the cache is read
 * from the files that have some of it, and not from all. Files from before have no prefixes in
 * their filters, and RocksDB sees that by the name. */
#define COLLECTION_NAME "dynlog.collection.1"

static void nothing(void *context)
{
    (void)context;
}

static char *collection_of(void *context, const char *key, size_t size, size_t *ret_size)
{
    struct bytes bytes = bytes_of((const uint8_t *)key, size);
    union {
        const char *in;
        char *out; /* the C API has no const for it */
    } same = {key};

    (void)context;
    *ret_size = cache_prefix_size(bytes);
    return same.out;
}

static unsigned char has_collection(void *context, const char *key, size_t size)
{
    (void)context;
    return cache_prefix_size(bytes_of((const uint8_t *)key, size)) > 0;
}

static const char *collection_name(void *context)
{
    (void)context;
    return COLLECTION_NAME;
}

static void know_collections(rocksdb_options_t *options)
{
    rocksdb_options_set_prefix_extractor(
        options, rocksdb_slicetransform_create(NULL, nothing, collection_of, has_collection,
                                               has_collection, collection_name));
}

static rocksdb_options_t *make_family(struct rocks_options *all, const struct family_tuning *family,
                                      int compression)
{
    rocksdb_options_t *options = rocksdb_options_create();

    set_table(all, options, family);
    rocksdb_options_set_compression(options, compression);
    rocksdb_options_set_write_buffer_size(options, family->write_buffer_size);
    rocksdb_options_set_target_file_size_base(options, TABLE_FILE_SIZE);
    rocksdb_options_set_max_bytes_for_level_base(options, LEVEL_BASE_SIZE);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    if (family->by_key) {
        rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, MEMTABLE_BLOOM_RATIO);
        rocksdb_options_set_memtable_whole_key_filtering(options, 1);
        know_collections(options);
        rocksdb_options_set_level0_file_num_compaction_trigger(options, ITEM_FLUSHES_MAX);
    }
    if (family->queue)
        rocksdb_options_add_compact_on_deletion_collector_factory(options, QUEUE_WINDOW_KEYS,
                                                                  QUEUE_WINDOW_DELETIONS);
    return options;
}

void rocks_options_init(struct rocks_options *options, bool memory, int compression)
{
    *options = (struct rocks_options){0};
    options->env = memory ? rocksdb_create_mem_env() : rocksdb_create_default_env();
    options->cache = rocksdb_cache_create_lru(BLOCK_CACHE_SIZE);
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        options->of_family[i] = make_family(options, &tuning[i], compression);
    set_database(options, options->of_family[FAMILY_META]);
    options->read = rocksdb_readoptions_create();
    options->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(options->write, 1); /* ours is in front (wal.h) */
}

void rocks_options_clear(struct rocks_options *options)
{
    if (options->env == NULL)
        return;
    rocksdb_writeoptions_destroy(options->write);
    rocksdb_readoptions_destroy(options->read);
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        rocksdb_options_destroy(options->of_family[i]);
    rocksdb_cache_destroy(options->cache);
    rocksdb_env_destroy(options->env);
    *options = (struct rocks_options){0};
}
