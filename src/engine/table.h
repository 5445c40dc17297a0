/* engine/table.h - what a table is: its keys, its stream, its settings. Names as in AWS's
 * TableDescription.
 *
 * A struct table never changes: a change of settings makes a new one with the same id. Whoever
 * holds a reference (engine_table_ref()) may read it on any thread until it lets go. */
#ifndef DYNLOG_ENGINE_TABLE_H
#define DYNLOG_ENGINE_TABLE_H

#include "value/key_schema.h"
#include "value/shard.h"

#define TABLE_NAME_SIZE_MIN 3
#define TABLE_NAME_SIZE_MAX 255
#define TABLE_TAGS_MAX 50
#define TABLES_MAX 2500 /* AWS: tables per account and region */
#define TABLE_LOCAL_INDEXES_MAX 5
#define TABLE_GLOBAL_INDEXES_MAX 20
#define TABLE_INDEXES_MAX ((size_t)TABLE_LOCAL_INDEXES_MAX + TABLE_GLOBAL_INDEXES_MAX + 1)
#define INDEX_INCLUDED_MAX 20        /* attributes that one index includes */
#define TABLE_INDEX_INCLUDED_MAX 100 /* that all indexes of a table include together */

enum table_billing { BILLING_PROVISIONED, BILLING_PAY_PER_REQUEST };

enum stream_view {
    STREAM_NONE,
    STREAM_KEYS_ONLY,
    STREAM_NEW_IMAGE,
    STREAM_OLD_IMAGE,
    STREAM_NEW_AND_OLD_IMAGES,
};

struct table_tag {
    struct bytes key, value;
};

/* A change stream of a table; readable for 24 hours after it was disabled or its table deleted. */
struct table_stream {
    uint32_t id;        /* in change keys; 0: the table never had one */
    struct bytes label; /* "2026-01-31T23:59:59.999", the end of the stream's ARN */
    enum stream_view view;
    bool enabled;
    uint64_t created_ms, closed_ms; /* closed_ms 0: open */
    struct stream_shard *shards;    /* by number; those that closed a day ago may still be there */
    size_t shard_count;
};

enum index_kind {
    INDEX_LOCAL,
    INDEX_GLOBAL,
    INDEX_EXPIRY, /* our own, without a name: items by their time to live, to find what expired */
};

enum index_projection { PROJECTION_ALL, PROJECTION_KEYS_ONLY, PROJECTION_INCLUDE };

/* A secondary index: entries in the order of its own key, each with what it projects. */
struct table_index {
    uint32_t id; /* in the keys of its entries; never used again after deletion */
    struct bytes name;
    enum index_kind kind;
    struct key_schema key; /* INDEX_LOCAL: the table's partition key and one sort key */
    enum index_projection projection;
    struct bytes *included; /* PROJECTION_INCLUDE: the attributes besides the keys */
    size_t included_count;
    uint64_t read_units, write_units; /* provisioned throughput; 0 when on demand, and local */
    bool backfilling; /* entries of older items are on their way; it cannot be read yet */
};

struct table {
    uint32_t id;           /* in item keys; never used again after deletion */
    struct bytes table_id; /* a UUID, AWS's TableId */
    struct bytes name;
    struct key_schema key;
    enum table_billing billing;
    uint64_t read_units, write_units; /* provisioned throughput; 0 when on demand */
    uint64_t billing_changed_ms;      /* LastUpdateToPayPerRequestDateTime; 0: never */
    uint64_t created_ms;
    struct table_stream stream;
    struct bytes ttl_attribute; /* empty: never set */
    bool ttl_enabled;
    bool point_in_time_recovery;
    uint64_t point_in_time_recovery_since_ms;
    uint32_t recovery_period_days;
    bool deletion_protection;
    bool sse_enabled;
    struct bytes sse_kms_key; /* empty: the AWS managed key */
    struct bytes table_class; /* "" or "STANDARD" or "STANDARD_INFREQUENT_ACCESS" */
    struct table_tag *tags;
    size_t tag_count;
    struct table_index *indexes; /* in the order in which they were made */
    size_t index_count;
};

/* NULL when the table has no index of that name. */
const struct table_index *table_find_index(const struct table *table, struct bytes name);

/* The stored key of an item: table id (4) | encoded hash | encoded range. docs/format/keys.md.
 * REFUSED with AWS's messages when key attributes are missing, of the wrong type, empty, too long,
 * or (exact) when there are attributes that are no key. */
MUST_USE enum status table_key(const struct table *table, const struct item *attributes, bool exact,
                               struct buffer *out, struct api_error *reterr);

#endif
