/* outbound/catalogue.c - connections and API destinations as the store holds them
 * (docs/format/outbound.md), and the structs in memory that are made from those bytes; see
 * internal.h. */
#include "outbound/internal.h"

#define CONNECTION_KEY "outbound/connection/"
#define CONNECTION_KEY_END "outbound/connection0" /* '0' follows '/' */
#define DESTINATION_KEY "outbound/destination/"
#define DESTINATION_KEY_END "outbound/destination0"
#define FORMAT 1 /* of both */

const char *const outbound_state_words[OUTBOUND_STATE_COUNT] = {
    [OUTBOUND_AUTHORIZED] = "AUTHORIZED",     [OUTBOUND_AUTHORIZING] = "AUTHORIZING",
    [OUTBOUND_DEAUTHORIZED] = "DEAUTHORIZED", [OUTBOUND_DEAUTHORIZING] = "DEAUTHORIZING",
    [OUTBOUND_DELETING] = "DELETING",
};

struct bytes outbound_connection_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, CONNECTION_KEY "%.*s", BYTES_ARG(name));
}

struct bytes outbound_destination_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, DESTINATION_KEY "%.*s", BYTES_ARG(name));
}

/* ---- writing ---- */

static struct bytes take(struct arena *arena, const struct buffer *buffer)
{
    assert(!buffer_failed(buffer) && "the limits of names and parameters keep a setting small");
    return arena_copy(arena, buffer_bytes(buffer));
}

struct bytes outbound_encode_connection(struct arena *arena,
                                        const struct outbound_connection *connection)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(OUTBOUND_STORED_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_string(&w, "name", connection->name);
    json_member_string(&w, "id", connection->id);
    json_member_set(&w, "description", connection->description);
    json_member_text(&w, "type", outbound_type_words[connection->type]);
    json_member_text(&w, "state", outbound_state_words[connection->state]);
    json_member_set(&w, "reason", connection->state_reason);
    json_member_uint(&w, "created", connection->created_ms);
    json_member_uint(&w, "modified", connection->modified_ms);
    json_member_uint(&w, "authorized", connection->authorized_ms);
    if (connection->secret_id.size > 0) {
        json_member_string(&w, "secret", connection->secret_id);
        json_key(&w, "parameters");
        json_begin_object(&w);
        outbound_authorization_write(&w, connection->type, &connection->authorization, true);
        json_end_object(&w);
    }
    json_end_object(&w);
    return take(arena, &out);
}

struct bytes outbound_encode_destination(struct arena *arena,
                                         const struct outbound_destination *destination)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(OUTBOUND_STORED_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_string(&w, "name", destination->name);
    json_member_string(&w, "id", destination->id);
    json_member_set(&w, "description", destination->description);
    json_member_string(&w, "connection", destination->connection_arn);
    json_member_string(&w, "endpoint", destination->endpoint);
    json_member_string(&w, "method", destination->method);
    json_member_uint(&w, "rate", destination->rate);
    json_member_uint(&w, "created", destination->created_ms);
    json_member_uint(&w, "modified", destination->modified_ms);
    json_end_object(&w);
    return take(arena, &out);
}

/* ---- reading ---- */

static bool get_word(const struct json *object, const char *name, const char *const *words,
                     size_t count, size_t *ret)
{
    struct bytes text = json_get_string(object, name);

    for (*ret = 0; *ret < count; ++*ret)
        if (bytes_equal_text(text, words[*ret]))
            return true;
    return false;
}

static enum status parse_stored(struct arena *arena, struct bytes stored, const struct json **ret)
{
    int64_t format = 0;

    if (json_parse(arena, stored, ret, NULL) != OK ||
        !json_int64(json_get(*ret, "format"), &format) || format < 1)
        return CORRUPT;
    return format > FORMAT ? NEWER_FORMAT : OK;
}

static enum status decode_connection(struct connection *connection, struct bytes stored)
{
    const struct json *root = NULL;
    size_t type = 0, state = 0;
    struct api_error error;
    enum status st = parse_stored(connection->arena, stored, &root);

    if (st != OK)
        return st;
    if (!get_word(root, "type", outbound_type_words, OUTBOUND_TYPE_COUNT, &type) ||
        !get_word(root, "state", outbound_state_words, OUTBOUND_STATE_COUNT, &state))
        return CORRUPT;
    connection->view = (struct outbound_connection){
        .name = json_get_string(root, "name"),
        .id = json_get_string(root, "id"),
        .description = json_get_string(root, "description"),
        .secret_id = json_get_string(root, "secret"),
        .type = (enum outbound_type)type,
        .state = (enum outbound_state)state,
        .state_reason = json_get_string(root, "reason"),
        .created_ms = json_get_uint(root, "created", 0),
        .modified_ms = json_get_uint(root, "modified", 0),
        .authorized_ms = json_get_uint(root, "authorized", 0),
    };
    outbound_authorization_read(connection->arena, json_get(root, "parameters"),
                                connection->view.type, &connection->view.authorization);
    if (connection->view.secret_id.size > 0 &&
        authorization_check(connection->view.type, &connection->view.authorization, "read",
                            &error) != OK)
        return CORRUPT;
    return connection->view.name.size > 0 && connection->view.id.size > 0 ? OK : CORRUPT;
}

static enum status decode_destination(struct destination *destination, struct bytes stored)
{
    const struct json *root = NULL;
    enum status st = parse_stored(destination->arena, stored, &root);

    if (st != OK)
        return st;

    uint64_t rate = json_get_uint(root, "rate", 0);

    destination->view = (struct outbound_destination){
        .name = json_get_string(root, "name"),
        .id = json_get_string(root, "id"),
        .description = json_get_string(root, "description"),
        .connection_arn = json_get_string(root, "connection"),
        .endpoint = json_get_string(root, "endpoint"),
        .method = json_get_string(root, "method"),
        .rate = (uint32_t)rate,
        .created_ms = json_get_uint(root, "created", 0),
        .modified_ms = json_get_uint(root, "modified", 0),
    };
    return destination->view.name.size > 0 && destination->view.id.size > 0 && rate > 0 &&
                   rate <= OUTBOUND_RATE_MAX
               ? OK
               : CORRUPT;
}

/* ---- what is in memory ---- */

static void free_connection(struct connection *connection)
{
    if (connection->token != NULL)
        token_free(connection->token);
    arena_free(connection->arena);
    mem_free(connection);
}

static void free_destination(struct destination *destination)
{
    if (destination->gate != NULL)
        gate_free(destination->gate);
    arena_free(destination->arena);
    mem_free(destination);
}

static struct bytes authorization_text(struct arena *arena,
                                       const struct outbound_connection *connection)
{
    struct outbound_connection only = {.type = connection->type,
                                       .secret_id = connection->secret_id,
                                       .authorization = connection->authorization};

    return outbound_encode_connection(arena, &only);
}

/* Whether a token of the one is good for the other. */
static bool same_authorization(const struct connection *a, const struct connection *b)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    return bytes_equal(authorization_text(arena, &a->view), authorization_text(arena, &b->view));
}

enum status outbound_apply_connection(struct outbound *outbound, struct bytes stored)
{
    struct connection *connection = mem_new(sizeof *connection);

    connection->arena = arena_new();
    enum status st = decode_connection(connection, stored);

    if (st != OK) {
        free_connection(connection);
        return st;
    }
    struct connection *old = map_put(&outbound->connections, connection->view.name, connection);
    bool fresh = old == NULL || !same_authorization(old, connection);

    if (connection->view.type == OUTBOUND_OAUTH && connection->view.secret_id.size > 0) {
        connection->token = old != NULL ? old->token : NULL;
        if (connection->token != NULL)
            old->token = NULL;
        else
            connection->token = token_new(outbound);
        token_move(connection->token, connection, fresh);
    }
    if (old != NULL)
        free_connection(old);
    return OK;
}

enum status outbound_apply_destination(struct outbound *outbound, struct bytes stored)
{
    struct destination *destination = mem_new(sizeof *destination);

    destination->arena = arena_new();
    enum status st = decode_destination(destination, stored);

    if (st != OK) {
        free_destination(destination);
        return st;
    }
    struct destination *old = map_put(&outbound->destinations, destination->view.name, destination);

    if (old != NULL) {
        destination->gate = old->gate;
        old->gate = NULL;
        free_destination(old);
    } else {
        destination->gate = gate_new(outbound);
    }
    gate_move(destination->gate, destination);
    return OK;
}

void outbound_forget_connection(struct outbound *outbound, struct bytes name)
{
    struct connection *connection = map_remove(&outbound->connections, name);

    if (connection != NULL)
        free_connection(connection);
}

void outbound_forget_destination(struct outbound *outbound, struct bytes name)
{
    struct destination *destination = map_remove(&outbound->destinations, name);

    if (destination != NULL)
        free_destination(destination);
}

/* ---- opening ---- */

static enum status load_range(struct outbound *outbound, struct bytes from, struct bytes to,
                              enum status (*apply)(struct outbound *outbound, struct bytes stored))
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(outbound->store, NULL, STORE_CATALOGUE, from, to, false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        enum status st = apply(outbound, value);

        if (st != OK)
            return st;
    }
    return store_iter_status(iter);
}

enum status outbound_catalogue_load(struct outbound *outbound)
{
    enum status st = load_range(outbound, BYTES(CONNECTION_KEY), BYTES(CONNECTION_KEY_END),
                                outbound_apply_connection);

    if (st == OK)
        st = load_range(outbound, BYTES(DESTINATION_KEY), BYTES(DESTINATION_KEY_END),
                        outbound_apply_destination);
    return st;
}
