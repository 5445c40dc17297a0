/* functions/record.h - a function as clients see it, and its stored form: docs/format/function.md.
 *
 *   struct function_record --> configurations: $LATEST, then the published versions in order
 *                         +--> aliases, event configs, statements of its policies, tags
 *
 * One record is one key of the catalogue, so one change of a function is one put, and a function
 * that is deleted is one delete: no crash leaves a half of it. A record is made from its stored
 * bytes and never changed; a change makes another one (change.h). Functions of a stack file have
 * the same form, but are not in the store. */
#ifndef DYNLOG_FUNCTIONS_RECORD_H
#define DYNLOG_FUNCTIONS_RECORD_H

#include "functions/functions.h"

#define FUNCTION_CODE_HASH_SIZE 64 /* SHA-256 in hexadecimal */
/* AWS has no number of versions, but 75 GB for all code. A record is written whole. */
#define FUNCTION_VERSIONS_MAX 1000
#define FUNCTION_ALIASES_MAX 1000
#define FUNCTION_STORED_SIZE_MAX                                                                   \
    ((size_t)16 * 1024 * 1024) /* 1,000 versions with 4 KB each, and more */
#define FUNCTION_RECORD_SIZE_MAX ((size_t)64 * 1024 * 1024) /* of the buffer: one too many fits */

/* A member that is kept and told and changes nothing here; or a tag. */
struct function_kept {
    const char *name;   /* of a table: "VpcConfig"; NULL of a tag */
    struct bytes key;   /* of a tag */
    struct bytes value; /* JSON; of a tag its text */
};

/* $LATEST, or a published version. */
struct function_configuration {
    uint64_t version; /* 0: $LATEST */
    struct bytes description, handler, runtime, role;
    const struct function_variable *environment;
    size_t environment_count;
    uint32_t timeout_s, memory_mb;
    struct bytes code;    /* its hash (code.h); empty: of a stack file */
    struct bytes folder;  /* of a stack file: where its code lies */
    struct bytes archive; /* of a stack file: the hash of the zip that it was; empty: of none */
    uint64_t code_size;   /* of the zip */
    struct bytes dead_letter_arn, log_group;
    const struct function_kept *kept;
    size_t kept_count;
    uint64_t modified_ms;
    struct bytes revision_id;
};

struct function_alias {
    struct bytes name, description;
    uint64_t version;          /* 0: $LATEST */
    uint64_t other_version;    /* of RoutingConfig; 0: none */
    struct bytes other_weight; /* a number from 0 to 1, as it was given */
    struct bytes revision_id;
};

struct function_event_config {
    struct bytes qualifier;         /* "$LATEST", "3", "live" */
    int32_t maximum_retry_attempts; /* -1: not set */
    int32_t maximum_event_age_s;    /* -1: not set */
    struct bytes on_success_arn, on_failure_arn;
    uint64_t modified_ms;
};

struct function_statement {
    struct bytes qualifier; /* "$LATEST": the function's own */
    struct bytes sid, json;
};

struct function_record {
    struct bytes name;
    bool stored;            /* a client made it; else a stack file's */
    bool disable_logs;      /* a stack file's: as in struct function_settings */
    int64_t retry_delay_ms; /* a stack file's override; -1: AWS's */
    uint64_t last_version;  /* that was published; 0: none */
    const struct function_configuration *configurations;
    size_t configuration_count;
    const struct function_alias *aliases; /* in order of their names */
    size_t alias_count;
    const struct function_event_config *event_configs;
    size_t event_config_count;
    const struct function_statement *statements;
    size_t statement_count;
    const struct function_kept *tags;
    size_t tag_count;
    int32_t reserved_concurrency; /* -1: none */
};

/* "function/NAME" */
struct bytes function_record_key(struct arena *arena, struct bytes name);
struct bytes function_record_encode(struct arena *arena, const struct function_record *record);
/* In the arena, but bytes may point into `stored`. CORRUPT or NEWER_FORMAT. */
MUST_USE enum status function_record_decode(struct arena *arena, struct bytes stored,
                                            struct function_record **ret);

/* "$LATEST" or "3". */
struct bytes function_version_text(struct arena *arena, uint64_t version);
/* What a qualifier of digits or $LATEST means; false: it is none of these. */
bool function_version_of(struct bytes qualifier, uint64_t *ret);

/* NULL: there is none. */
const struct function_configuration *
function_record_configuration(const struct function_record *record, uint64_t version);
const struct function_alias *function_record_alias(const struct function_record *record,
                                                   struct bytes name);
const struct function_event_config *
function_record_event_config(const struct function_record *record, struct bytes qualifier);

#endif
