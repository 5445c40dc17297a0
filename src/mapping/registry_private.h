/* mapping/registry_private.h - what the files of the registry share.
 *
 *   registry.c         which there are, opening, a stack file's
 *   registry_change.c  what clients change, and the way from state to state
 *   registry_check.c   what AWS would refuse
 *   registry_record.c  one of them as the store holds it */
#ifndef DYNLOG_MAPPING_REGISTRY_PRIVATE_H
#define DYNLOG_MAPPING_REGISTRY_PRIVATE_H

#include "mapping/internal.h"
#include "mapping/registry.h"

enum entry_state {
    ENTRY_CREATING,
    ENTRY_ENABLED,
    ENTRY_DISABLED,
    ENTRY_UPDATING,
    ENTRY_ENABLING,
    ENTRY_DISABLING,
    ENTRY_DELETING,
    ENTRY_STATE_COUNT
};

struct registered {
    struct mapping_registry *registry;
    char uuid[ID_UUID_SIZE];
    enum entry_state state;
    bool stored;   /* a client made it: it is in the store */
    bool changing; /* a change is with the store */
    struct arena *arena;
    struct mapping_settings settings; /* in the arena, as tags are; uuid and name are there */
    const struct mapping_registry_tag *tags;
    size_t tag_count;
    uint64_t modified_ms;
    struct mapping *mapping; /* NULL: not yet */
    struct store_work work;  /* its last */
    struct timer again;      /* the store failed */
};

struct mapping_registry {
    struct mapping_registry_options options;
    struct arn_place place;
    struct registered **all; /* by UUID */
    size_t count, capacity;
    size_t works; /* with the store */
    bool started, stopping;
};

/* ---- registry.c ---- */

struct registered *mapping_registry_get(const struct mapping_registry *registry, struct bytes uuid);
/* That of a function and a source; NULL: there is none. */
struct registered *mapping_registry_get_of(const struct mapping_registry *registry,
                                           const struct mapping_settings *settings);
/* NAME or NAME:QUALIFIER; empty: it is no name. */
struct bytes mapping_registry_function_name(struct bytes name_or_arn);
struct registered *mapping_registry_add(struct mapping_registry *registry, struct bytes uuid);
void mapping_registry_drop(struct mapping_registry *registry, struct registered *entry);
/* Copies; name and uuid are the entry's own. */
void registered_set(struct registered *entry, const struct mapping_settings *settings,
                    const struct mapping_registry_tag *tags, size_t tag_count);
void mapping_registry_changed(const struct mapping_registry *registry);

/* ---- registry_change.c ---- */

/* The only place that changes a state. */
void registered_enter(struct registered *entry, enum entry_state state);
/* It is read from now on; the store's failures are tried again. */
void registered_begin(struct registered *entry);
/* Its settings are new: what is under way ends first. */
void registered_apply(struct registered *entry, enum entry_state state);
void registered_end(struct registered *entry); /* it is being deleted */

/* ---- registry_check.c ---- */

MUST_USE enum status mapping_registry_check(const struct mapping_registry *registry,
                                            const struct mapping_settings *settings,
                                            struct api_error *reterr);

/* ---- registry_record.c ---- */

#define REGISTRY_KEY_PREFIX "mapping/"
#define REGISTRY_KEY_END "mapping0"                    /* '0' follows '/' */
#define REGISTRY_RECORD_SIZE_MAX ((size_t)1024 * 1024) /* filters and tags are far below */

struct mapping_registry_record {
    struct bytes uuid;
    struct mapping_settings settings;
    const struct mapping_registry_tag *tags;
    size_t tag_count;
    uint64_t modified_ms;
    bool deleting;
};

struct bytes mapping_registry_record_key(struct arena *arena, struct bytes uuid);
struct bytes mapping_registry_record_encode(struct arena *arena,
                                            const struct mapping_registry_record *record);
/* In the arena. CORRUPT, NEWER_FORMAT. */
MUST_USE enum status mapping_registry_record_decode(struct bytes stored, struct arena *arena,
                                                    struct mapping_registry_record *ret);

#endif
