/* vault/vault.h - private logs: which they are, the keys that the payloads of their streams are
 * sealed with, sealing and opening, forgetting. docs/format/vault.md, docs/private-logs.md.
 *
 *   STORE_VAULT   1 | LOG      -> format 1 (1) | state (1) | time of the declaration in ms (8)
 *                                | position of the store then (8)
 *                 2 | LOG#ID   -> format 2 (1) | id (16) of the key that seals now; zeros: none
 *                                | size (1) and highest version that was forgotten
 *                                | highest version that was ever sealed
 *                 3 | id (16)  -> format 1 (1) | key (32)
 *                 4 | LOG#ID | version -> format 1 (1) | id (16) of the key that seals now
 *
 * A sealed value stands where the value would: {"sealed":"BASE64"}, of the bytes
 *
 *   format 1 (1) | id of the key (16) | nonce (12) | AES-256-GCM of the value's text | tag (16)
 *
 * with what kind it is (enum vault_kind) and the item's pk and sk as additional data, so that it
 * opens in its own place alone. No client can make such a value in an item: "sealed" is no type of
 * DynamoDB's. Nothing else has the key: not the item, not its index entries, change records,
 * history, backups, nor events of archives and deliveries. Therefore one deletion forgets it
 * everywhere.
 *
 * What always holds:
 *   1. A key is put in the batch of the first value that it seals, and never changed.
 *   2. A log stays private. What was stored before its declaration is plain: the engine refuses to
 *      declare a log that has events (engine/private.c). While it looks for them, the log is being
 *      declared: everything is sealed already.
 *   3. The id of a key is random and never given again: what a destroyed key sealed is never tried
 *      with another one.
 *   4. What was opened before a forgetting and is stored after it is stored forgotten: a text with
 *      an event of a version that was forgotten (stream.c). Versions of a stream go up, so a new
 *      event has a higher one; where an item of such a version is written anew, row 4 says so, with
 *      the key of that time. A row 2 of format 1 (1 | id (16)) does not know its versions: when
 *      such a stream is forgotten all of them are, until an item is written.
 *
 * Opening goes by the keys of now, whatever moment the value was read of: what was forgotten is
 * forgotten for old views, too. Threads: opening on any thread; what takes a vault_work on the
 * writer's. */
#ifndef DYNLOG_VAULT_VAULT_H
#define DYNLOG_VAULT_VAULT_H

#include "store/store.h"
#include "value/value.h"

/* As long as a partition key may be, without "#ID#stream". */
#define VAULT_LOG_SIZE_MAX ((size_t)2000)

#define VAULT_KEY_ID_SIZE 16
#define VAULT_KEY_SIZE 32
#define VAULT_NONCE_SIZE 12
#define VAULT_TAG_SIZE 16
/* Before and behind what is sealed. */
#define VAULT_SEAL_SIZE (1 + VAULT_KEY_ID_SIZE + VAULT_NONCE_SIZE + VAULT_TAG_SIZE)

struct vault;

MUST_USE enum status vault_open(struct store *store, struct vault **ret);
void vault_close(struct vault *vault);
/* Some log was ever declared private. Any thread. While there is none, nothing costs anything. */
bool vault_is_used(const struct vault *vault);

/* ---- which logs are private ---- */

enum vault_state { VAULT_PRIVATE = 0, VAULT_BEING_DECLARED = 1 };

struct vault_log {
    struct bytes name; /* not of vault_log_load() */
    enum vault_state state;
    uint64_t declared_ms;
    uint64_t position; /* everything that is stored above it is sealed */
};
/* Those that are private, by name, in the arena. */
MUST_USE enum status vault_logs(struct vault *vault, struct arena *arena, struct vault_log **ret,
                                size_t *ret_count);
/* In run(). NOT_FOUND: it is not private. */
MUST_USE enum status vault_log_load(struct store_batch *batch, struct bytes name,
                                    struct vault_log *ret);
void vault_log_store(struct vault *vault, struct store_batch *batch, const struct vault_log *log);
/* One that was being declared is not to be private. What was sealed meanwhile can still be read. */
void vault_log_remove(struct store_batch *batch, struct bytes name);
/* *ret false: there is no key, so there is nothing that could be read. Which versions were sealed
 * is kept: copies of them that are still on their way are forgotten as well. The bytes of the key
 * go from the disk, too, before the work is done (store_batch_scrub()). */
MUST_USE enum status vault_forget(struct store_batch *batch, struct bytes log, struct bytes id,
                                  bool *ret);

/* ---- sealing: within a run() ---- */

enum vault_kind {
    VAULT_ITEM = 'I',  /* an attribute's value, as DynamoDB JSON */
    VAULT_EVENT = 'E', /* detail.payload of an event, as plain JSON */
};

struct vault_stream; /* a private log's, with its key */

struct vault_work { /* begin with the batch and the arena */
    struct store_batch *batch;
    struct arena *arena;
    struct vault_stream *streams; /* those that were loaded */
};
/* Puts nothing. *ret NULL: the log is not private. */
MUST_USE enum status vault_load(struct vault_work *work, struct bytes log, struct bytes id,
                                struct vault_stream **ret);
/* {"sealed":...}, in the work's arena. */
struct bytes vault_seal(struct vault_work *work, struct vault_stream *stream, enum vault_kind kind,
                        const struct value *pk, const struct value *sk, struct bytes text);
/* What was sealed with it is put: then so must be its key, and the version is known as sealed. An
 * item is new whatever its version. */
void vault_use(struct vault_work *work, struct vault_stream *stream, enum vault_kind kind,
               const struct value *sk);
/* An event that is no item is a copy of one that was forgotten. */
MUST_USE enum status vault_is_late(struct vault_work *work, const struct vault_stream *stream,
                                   const struct value *sk, bool *ret);
/* What stands for its payload: {"sealed":...} of nothing, by a key that nobody keeps. */
struct bytes vault_seal_nothing(struct vault_work *work, enum vault_kind kind,
                                const struct value *pk, const struct value *sk);
/* Once, at the end: puts the keys that are new and used. */
void vault_store(struct vault_work *work);

/* ---- opening ---- */

/* Of a batch (in run()), or of the store. */
struct vault_reader {
    struct store *store;
    struct store_batch *batch; /* NULL: the store */
};

/* sealed: what stands in {"sealed":"..."}. NOT_FOUND: its key was destroyed. MALFORMED: this is
 * nothing that a vault sealed, or not here. In the arena. */
MUST_USE enum status vault_unseal(const struct vault_reader *reader, enum vault_kind kind,
                                  const struct value *pk, const struct value *sk,
                                  struct bytes sealed, struct arena *arena, struct bytes *ret);

/* The text is of the form that vault_seal() makes. Whether it is one of ours, opening it tells. */
bool vault_is_seal(struct bytes sealed);

/* ---- items (item.c) ---- */

/* Of an item's stored form, the {"sealed":...} that is its payload; empty: it is not sealed. */
struct bytes vault_sealed_part(struct bytes form);
/* An item's stored form with `sealed` as its payload. */
void vault_print_item(struct buffer *out, const struct item *item, struct bytes sealed);
/* The item as it is for the outside: with its payload; or, when that was forgotten, with an empty
 * map as payload and `forgotten` true. A form that is not sealed stays as it is. In the arena. */
MUST_USE enum status vault_open_item(const struct vault_reader *reader, struct bytes form,
                                     struct arena *arena, struct bytes *ret);
/* This payload is worth a key. An empty map is not: so an event that was forgotten and is written
 * again stays what it is. */
bool vault_hides(const struct value *payload);

/* An opened item is one whose payload was forgotten. */
bool vault_is_forgotten(const struct item *item);

/* ---- JSON texts with events in them (text.c) ----
 *
 * What the bus and those behind it store: an event, what a target gets of it, what tells of a
 * failed invocation. Each payload in it is sealed that has the key of a private log's stream beside
 * it, {"key":{"pk":...,"sk":...},"payload":...} or {"pk":...,"sk":...,"payload":...}, at any depth
 * and whoever wrote it; everything else stays, byte for byte.
 *
 *   plain size (4) | number of sealed payloads (4) | where each begins in the text (4) | the text
 *
 * Which ones are sealed says that head and not the text: {"sealed":"..."} of a client's is no
 * sealed one. Late copies of what was forgotten have a sealed nothing there. A row says by its
 * format whether it holds such a text or a plain one. */

/* Of the sealed form of a text of that size. The least that has a payload to seal,
 * {"pk":"a#b#stream","sk":1,"payload":1}, has 38 bytes and gets 81 more. */
#define VAULT_TEXT_SIZE_MAX(size) ((size)*4 + 8)

/* In run(). *ret empty: there is nothing to seal, and the text is stored as it is; else it is what
 * to store instead, and what its keys need is put. Not OK: the disk was not read, and the text may
 * not be stored. In the arena. */
MUST_USE enum status vault_seal_text(const struct vault *vault, struct store_batch *batch,
                                     struct arena *arena, struct bytes text, struct bytes *ret);
/* The plain text; of what was forgotten "payload":{},"forgotten":true. CORRUPT. In the arena. */
MUST_USE enum status vault_open_text(const struct vault_reader *reader, struct bytes sealed,
                                     struct arena *arena, struct bytes *ret);
/* The size of the plain text, and the text with its sealed payloads, which is JSON. CORRUPT. */
MUST_USE enum status vault_read_text(struct bytes sealed, size_t *ret_size, struct bytes *ret_text);

/* A payload that hides something, in a JSON text, with the key beside it (find.c). */
struct vault_place {
    size_t offset, size;
    struct value pk, sk;
    struct bytes log, id; /* of pk */
    bool marked;          /* a member "forgotten" stands beside it */
    const void *owner;    /* while it is looked for */
};
/* In the order of their offsets; one may be within another. In the arena, and the text. */
size_t vault_find(struct arena *arena, struct bytes text, const struct vault_place **ret);
/* What stands in the place of a payload that was forgotten. */
struct bytes vault_forgotten_text(const struct vault_place *place);

/* The text of a sealed value; false: it is none. */
MUST_USE bool vault_sealed_text(struct bytes part, struct bytes *ret);

#endif
