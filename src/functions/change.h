/* functions/change.h - what clients change of functions. The record in the store (record.h) is the
 * truth: a change is checked against the record in memory, makes another record, writes it, and,
 * once that is durable, becomes what is in memory (registry.c).
 *
 *   function_change() --> planned --> written --(durable)--> applied --> done()
 *                    \-> waits while another change of the same function is under way
 *
 * A stack file's function has a record too, but not in the store: its changes skip the writing. */
#ifndef DYNLOG_FUNCTIONS_CHANGE_H
#define DYNLOG_FUNCTIONS_CHANGE_H

#include "functions/code.h"
#include "functions/record.h"

#define FUNCTION_ENVIRONMENT_SIZE_MAX 4096                /* AWS: 4 KB */
#define FUNCTION_POLICY_SIZE_MAX ((size_t)20480)          /* AWS: 20 KB */
#define FUNCTION_CODE_STORAGE_MAX ((uint64_t)80530636800) /* AWS: 75 GB for an account's region */
#define FUNCTION_TAGS_MAX 50
#define FUNCTION_UNRESERVED_MIN 100 /* AWS: of the account's concurrency */

/* NULL: there is none of that name; a qualifier changes nothing. Holds until the next change. */
const struct function_record *functions_record(const struct functions *functions,
                                               struct bytes name_or_arn);

enum function_change_kind {
    FUNCTION_CREATE,
    FUNCTION_UPDATE_CODE,
    FUNCTION_UPDATE_CONFIGURATION,
    FUNCTION_PUBLISH,
    FUNCTION_DELETE,
    FUNCTION_CREATE_ALIAS,
    FUNCTION_UPDATE_ALIAS,
    FUNCTION_DELETE_ALIAS,
    FUNCTION_SET_CONCURRENCY,
    FUNCTION_PUT_EVENT_CONFIG,
    FUNCTION_UPDATE_EVENT_CONFIG,
    FUNCTION_DELETE_EVENT_CONFIG,
    FUNCTION_ADD_PERMISSION,
    FUNCTION_REMOVE_PERMISSION,
    FUNCTION_TAG,
    FUNCTION_CHANGE_KIND_COUNT,
};

/* Members of a configuration, an alias or an event config that an update names; others stay. */
enum function_member {
    FUNCTION_DESCRIPTION = 1 << 0,
    FUNCTION_HANDLER = 1 << 1,
    FUNCTION_RUNTIME = 1 << 2,
    FUNCTION_ROLE = 1 << 3,
    FUNCTION_ENVIRONMENT = 1 << 4,
    FUNCTION_TIMEOUT = 1 << 5,
    FUNCTION_MEMORY = 1 << 6,
    FUNCTION_DEAD_LETTERS = 1 << 7,
    FUNCTION_LOG_GROUP = 1 << 8,
    FUNCTION_VERSION = 1 << 9,
    FUNCTION_ROUTING = 1 << 10,
    FUNCTION_RETRIES = 1 << 11,
    FUNCTION_AGE = 1 << 12,
    FUNCTION_DESTINATIONS = 1 << 13,
};

struct function_change {
    enum function_change_kind kind;
    struct bytes name;        /* of the function, bare */
    struct bytes qualifier;   /* "$LATEST" or empty, "3", "live"; where the kind has one */
    struct bytes revision_id; /* it must be this one; empty: any */
    unsigned members;         /* enum function_member */

    /* CREATE, UPDATE_CONFIGURATION; of UPDATE_CODE code, code_size and kept. kept: what is set;
     * others stay. */
    struct function_configuration configuration;
    bool publish;      /* CREATE, UPDATE_CODE */
    bool only_look;    /* UPDATE_CODE: DryRun */
    struct bytes code; /* PUBLISH: its hash must be this one; empty: any */
    struct function_alias alias;
    int32_t reserved_concurrency; /* SET_CONCURRENCY; -1: none any more */
    struct function_event_config event_config;
    struct function_statement statement; /* ADD_PERMISSION; of REMOVE_PERMISSION sid */
    const struct function_kept *tags;    /* CREATE, TAG */
    size_t tag_count;
    const struct bytes *untagged; /* TAG */
    size_t untagged_count;

    struct arena *arena;
    /* OK: *record is how it is now (of DELETE as it was before). REFUSED: error says why. */
    void (*done)(struct function_change *change, enum status status);
    void *context;
    const struct function_record *record; /* holds until the next change */
    uint64_t version; /* CREATE, UPDATE_CODE, PUBLISH: which configuration the answer is about */
    struct api_error error;

    /* private */
    struct functions *functions;
    struct store_work work;
    struct list place;
    struct function_record planned;
    struct bytes key, stored; /* stored empty: it is deleted */
    bool changes;
};
/* done() may come before this returns. The change and its bytes must live until then. */
void functions_change(struct functions *functions, struct function_change *change);

/* ---- code: change.h's way begins when it is unpacked ---- */

void functions_unpack(struct functions *functions, struct code_job *job);
/* The job's reference, once the change that it was for has ended. */
void functions_release_code(struct functions *functions, struct bytes hash);
/* Where its code lies. */
struct bytes functions_code_folder(const struct functions *functions, struct arena *arena,
                                   const struct function_configuration *configuration);
/* Its SHA-256 in hexadecimal, in the arena; *ret_size (may be NULL): its size. Of a zip, or of what
 * lies in the folder now (functions/folder.h). */
struct bytes functions_code_hash(struct functions *functions, struct arena *arena,
                                 const struct function_configuration *configuration,
                                 uint64_t *ret_size);
/* What all versions have, for GetAccountSettings and limits. */
struct functions_totals {
    uint64_t code_size;
    size_t functions;
    int64_t reserved_concurrency;
};
void functions_totals(const struct functions *functions, struct functions_totals *ret);

#endif
