/* outbound/change.c - settings: each change is checked against what is in memory, written, and,
 * once it is durable, applied to memory from the very bytes that were written (catalogue.c).
 *
 *   outbound_change() --> waiting --> running --(batch durable)--> done()
 *
 * They run one after the other: they are rare, and a check never looks at what is about to change.
 * A change of ours (the state of a connection) waits in the same line. */
#include "outbound/internal.h"

#include "base/id.h"
#include "outbound/endpoint.h"

#define LIST_CHANGE(element) LIST_ITEM(element, struct outbound_change, place)

static struct connection *get_connection(const struct outbound *outbound, struct bytes name)
{
    return map_get(&outbound->connections, name);
}

static enum status refuse_limit(struct outbound_change *change)
{
    return api_refuse(&change->error, API_LIMIT_EXCEEDED,
                      "The requested resource exceeds the maximum number allowed.");
}

static struct bytes new_id(struct arena *arena)
{
    char id[ID_UUID_SIZE];

    id_uuid(id);
    return arena_copy(arena, bytes_of_text(id));
}

/* As Secrets Manager makes the ends of its ARNs: a dash and six letters or digits. */
static struct bytes new_secret_id(struct arena *arena)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char uuid[ID_UUID_SIZE], suffix[7] = "";
    uint8_t random[6];

    id_uuid(uuid);
    id_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        suffix[i] = letters[random[i] % (sizeof letters - 1)];
    return arena_printf(arena, "%s-%s", uuid, suffix);
}

/* ---- connections ---- */

static void plan_connection(struct outbound_change *change)
{
    change->key = outbound_connection_key(change->arena, change->connection.name);
    change->stored = outbound_encode_connection(change->arena, &change->connection);
}

/* What it is now, in bytes that outlive it. */
static enum status take_connection(struct outbound_change *change, const char *verb)
{
    const struct connection *connection = get_connection(change->outbound, change->name);

    if (connection == NULL)
        return api_refuse(&change->error, API_RESOURCE_NOT_FOUND,
                          "Failed to %s the connection(s). Connection '%.*s' does not exist.", verb,
                          BYTES_ARG(change->name));
    change->connection = connection->view;
    change->connection.name = arena_copy(change->arena, connection->view.name);
    change->connection.id = arena_copy(change->arena, connection->view.id);
    return OK;
}

/* The state after new parameters: a token has to be fetched first, or not. */
static void authorize(struct outbound_change *change, uint64_t now_ms)
{
    struct outbound_connection *plan = &change->connection;

    plan->state = plan->type == OUTBOUND_OAUTH ? OUTBOUND_AUTHORIZING : OUTBOUND_AUTHORIZED;
    plan->state_reason = (struct bytes){NULL, 0};
    plan->authorized_ms = now_ms;
    if (plan->secret_id.size == 0)
        plan->secret_id = new_secret_id(change->arena);
}

static enum status create_connection(struct outbound_change *change)
{
    struct outbound *outbound = change->outbound;
    struct outbound_connection *plan = &change->connection;
    uint64_t now_ms = outbound_now_ms(outbound);

    if (get_connection(outbound, change->name) != NULL)
        return api_refuse(&change->error, API_RESOURCE_ALREADY_EXISTS,
                          "Failed to create the connection(s). Connection '%.*s' already exists.",
                          BYTES_ARG(change->name));
    if (outbound->connections.count >= OUTBOUND_CONNECTIONS_COUNT_MAX)
        return refuse_limit(change);
    *plan = (struct outbound_connection){
        .name = change->name,
        .id = new_id(change->arena),
        .description = change->description,
        .type = change->type,
        .created_ms = now_ms,
        .modified_ms = now_ms,
    };
    outbound_authorization_read(change->arena, change->parameters, plan->type,
                                &plan->authorization);
    enum status st =
        authorization_check(plan->type, &plan->authorization, "create", &change->error);

    if (st != OK)
        return st;
    authorize(change, now_ms);
    plan_connection(change);
    return OK;
}

/* Another type begins anew; the same one keeps what is not said. */
static enum status update_parameters(struct outbound_change *change)
{
    struct outbound_connection *plan = &change->connection;
    enum outbound_type old_type = plan->type;
    struct outbound_authorization old = plan->authorization;

    if (change->has_type)
        plan->type = change->type;
    outbound_authorization_read(change->arena, change->parameters, plan->type,
                                &plan->authorization);
    if (plan->type == old_type && plan->secret_id.size > 0)
        authorization_over(&plan->authorization, &old);
    return authorization_check(plan->type, &plan->authorization, "update", &change->error);
}

static enum status update_connection(struct outbound_change *change)
{
    struct outbound_connection *plan = &change->connection;
    uint64_t now_ms = outbound_now_ms(change->outbound);
    enum status st = take_connection(change, "update");
    bool new_type = st == OK && change->has_type && change->type != plan->type;

    if (st != OK)
        return st;
    if (change->has_description)
        plan->description = change->description;
    if (change->parameters != NULL || new_type) {
        st = update_parameters(change);
        if (st != OK)
            return st;
        authorize(change, now_ms);
    }
    plan->modified_ms = now_ms;
    plan_connection(change);
    return OK;
}

#define DEAUTHORIZED_REASON                                                                        \
    "The authorization parameters were removed from this connection by a DeauthorizeConnection "   \
    "operation."

/* The secret goes at once, and with it the name under which it was kept. */
static enum status deauthorize_connection(struct outbound_change *change)
{
    struct outbound_connection *plan = &change->connection;
    enum status st = take_connection(change, "deauthorize");

    if (st != OK)
        return st;
    plan->state = OUTBOUND_DEAUTHORIZED;
    plan->state_reason = BYTES(DEAUTHORIZED_REASON);
    plan->secret_id = (struct bytes){NULL, 0};
    plan->authorization = (struct outbound_authorization){0};
    plan->modified_ms = outbound_now_ms(change->outbound);
    plan_connection(change);
    plan->state = OUTBOUND_DEAUTHORIZING; /* as AWS answers */
    return OK;
}

/* API destinations that use it stay, and are not active. */
static enum status delete_connection(struct outbound_change *change)
{
    enum status st = take_connection(change, "delete");

    if (st != OK)
        return st;
    change->connection.state = OUTBOUND_DELETING;
    change->connection.secret_id = (struct bytes){NULL, 0};
    change->key = outbound_connection_key(change->arena, change->name);
    return OK;
}

static enum status set_state(struct outbound_change *change)
{
    const struct connection *connection = get_connection(change->outbound, change->name);
    struct outbound_connection *plan = &change->connection;

    if (connection == NULL || !bytes_equal(connection->view.id, change->id) ||
        connection->view.secret_id.size == 0 || connection->view.state == change->state)
        return OK;
    *plan = connection->view;
    plan->state = change->state;
    plan->state_reason = change->reason;
    if (change->state == OUTBOUND_AUTHORIZED)
        plan->authorized_ms = outbound_now_ms(change->outbound);
    plan_connection(change);
    return OK;
}

/* ---- API destinations ---- */

static void plan_destination(struct outbound_change *change)
{
    change->key = outbound_destination_key(change->arena, change->destination.name);
    change->stored = outbound_encode_destination(change->arena, &change->destination);
}

static enum status check_endpoint(struct outbound_change *change, const char *verb)
{
    struct endpoint endpoint;

    if (endpoint_parse(change->endpoint, &endpoint) && endpoint.query.size == 0 &&
        bytes_find_byte(change->endpoint, '?', 0) == SIZE_MAX)
        return OK;
    return api_invalid(&change->error,
                       "Failed to %s the api-destination(s). Parameter InvocationEndpoint is not "
                       "valid. Reason: Endpoint '%.*s' is invalid, please provide a valid HTTPS "
                       "endpoint URL.",
                       verb, BYTES_ARG(change->endpoint));
}

static enum status check_connection(struct outbound_change *change, const char *verb)
{
    if (outbound_connection_of(change->outbound, change->connection_arn) != NULL)
        return OK;
    return api_refuse(&change->error, API_RESOURCE_NOT_FOUND,
                      "Failed to %s the api-destination(s). Connection '%.*s' does not exist.",
                      verb, BYTES_ARG(change->connection_arn));
}

static enum status check_rate(struct outbound_change *change, const char *verb)
{
    if (change->rate <= OUTBOUND_RATE_MAX)
        return OK;
    return api_refuse(&change->error, API_LIMIT_EXCEEDED,
                      "Failed to %s the api-destination(s). Invalid Invocation Rate Limit: Rate "
                      "specified '%u' for '%.*s' exceeds maximum allowed of '%d'.",
                      verb, change->rate, BYTES_ARG(change->name), OUTBOUND_RATE_MAX);
}

static enum status create_destination(struct outbound_change *change)
{
    struct outbound *outbound = change->outbound;
    uint64_t now_ms = outbound_now_ms(outbound);
    enum status st = check_endpoint(change, "create");

    if (st == OK)
        st = check_rate(change, "create");
    if (st == OK && map_has(&outbound->destinations, change->name))
        st = api_refuse(&change->error, API_RESOURCE_ALREADY_EXISTS,
                        "Failed to create the api-destination(s). An api-destination with name "
                        "'%.*s' already exists.",
                        BYTES_ARG(change->name));
    if (st == OK)
        st = check_connection(change, "create");
    if (st == OK && outbound->destinations.count >= OUTBOUND_DESTINATIONS_COUNT_MAX)
        st = refuse_limit(change);
    if (st != OK)
        return st;
    change->destination = (struct outbound_destination){
        .name = change->name,
        .id = new_id(change->arena),
        .description = change->description,
        .connection_arn = change->connection_arn,
        .endpoint = change->endpoint,
        .method = change->method,
        .rate = change->rate > 0 ? change->rate : OUTBOUND_RATE_MAX,
        .created_ms = now_ms,
        .modified_ms = now_ms,
    };
    plan_destination(change);
    return OK;
}

static enum status take_destination(struct outbound_change *change, const char *verb)
{
    const struct destination *destination = map_get(&change->outbound->destinations, change->name);

    if (destination == NULL)
        return api_refuse(&change->error, API_RESOURCE_NOT_FOUND,
                          "Failed to %s the api-destination(s). An api-destination '%.*s' does not "
                          "exist.",
                          verb, BYTES_ARG(change->name));
    change->destination = destination->view;
    change->destination.name = arena_copy(change->arena, destination->view.name);
    change->destination.id = arena_copy(change->arena, destination->view.id);
    change->destination.connection_arn =
        arena_copy(change->arena, destination->view.connection_arn);
    return OK;
}

static enum status update_destination(struct outbound_change *change)
{
    struct outbound_destination *plan = &change->destination;
    enum status st = take_destination(change, "update");

    if (st == OK && change->endpoint.size > 0)
        st = check_endpoint(change, "update");
    if (st == OK)
        st = check_rate(change, "update");
    if (st == OK && change->connection_arn.size > 0)
        st = check_connection(change, "update");
    if (st != OK)
        return st;
    if (change->has_description)
        plan->description = change->description;
    if (change->connection_arn.size > 0)
        plan->connection_arn = change->connection_arn;
    if (change->endpoint.size > 0)
        plan->endpoint = change->endpoint;
    if (change->method.size > 0)
        plan->method = change->method;
    if (change->rate > 0)
        plan->rate = change->rate;
    plan->modified_ms = outbound_now_ms(change->outbound);
    plan_destination(change);
    return OK;
}

static enum status delete_destination(struct outbound_change *change)
{
    enum status st = take_destination(change, "delete");

    if (st == OK)
        change->key = outbound_destination_key(change->arena, change->name);
    return st;
}

/* ---- the way of a change ---- */

static enum status plan_change(struct outbound_change *change)
{
    switch (change->kind) {
    case OUTBOUND_CREATE_CONNECTION:
        return create_connection(change);
    case OUTBOUND_UPDATE_CONNECTION:
        return update_connection(change);
    case OUTBOUND_DEAUTHORIZE_CONNECTION:
        return deauthorize_connection(change);
    case OUTBOUND_DELETE_CONNECTION:
        return delete_connection(change);
    case OUTBOUND_SET_STATE:
        return set_state(change);
    case OUTBOUND_CREATE_DESTINATION:
        return create_destination(change);
    case OUTBOUND_UPDATE_DESTINATION:
        return update_destination(change);
    case OUTBOUND_DELETE_DESTINATION:
        return delete_destination(change);
    }
    assert(false && "a kind of change that nobody plans");
    return REFUSED;
}

static void write_change(struct store_batch *batch, struct store_work *work)
{
    struct outbound_change *change = CONTAINER_OF(work, struct outbound_change, work);

    if (change->stored.size > 0)
        store_batch_put(batch, STORE_CATALOGUE, change->key, change->stored);
    else
        store_batch_delete(batch, STORE_CATALOGUE, change->key);
}

static bool is_of_destination(enum outbound_change_kind kind)
{
    return kind == OUTBOUND_CREATE_DESTINATION || kind == OUTBOUND_UPDATE_DESTINATION ||
           kind == OUTBOUND_DELETE_DESTINATION;
}

/* A connection that is to be authorized fetches its token now that it is durable. */
static void apply_change(struct outbound_change *change)
{
    struct outbound *outbound = change->outbound;
    bool of_destination = is_of_destination(change->kind);
    enum status st = OK;

    if (change->stored.size > 0)
        st = of_destination ? outbound_apply_destination(outbound, change->stored)
                            : outbound_apply_connection(outbound, change->stored);
    else if (of_destination)
        outbound_forget_destination(outbound, change->name);
    else
        outbound_forget_connection(outbound, change->name);
    assert(st == OK && "what was checked and encoded is understood");
    if (of_destination || outbound->stopped)
        return;

    const struct connection *connection = get_connection(outbound, change->name);

    if (connection != NULL && connection->view.state == OUTBOUND_AUTHORIZING)
        token_fetch(connection->token);
}

static void change_written(struct store_work *work, enum status status);

/* True when it is under way; else it ended, with *ret. */
static bool begin(struct outbound_change *change, enum status *ret)
{
    struct outbound *outbound = change->outbound;

    *ret = plan_change(change);
    if (*ret != OK || change->key.size == 0)
        return false;
    change->work = (struct store_work){.run = write_change, .done = change_written};
    store_submit(outbound->store, outbound->port, &change->work);
    return true;
}

/* The first of the line runs. done() may come back with new changes, or free the one it is told
 * of. */
static void run_line(struct outbound *outbound)
{
    if (outbound->line_busy)
        return;
    outbound->line_busy = true;
    while (!list_empty(&outbound->changes)) {
        struct outbound_change *change = LIST_CHANGE(outbound->changes.next);
        enum status st = OK;

        if (begin(change, &st))
            return;
        list_remove(&change->place);
        change->done(change, st);
    }
    outbound->line_busy = false;
}

static void change_written(struct store_work *work, enum status status)
{
    struct outbound_change *change = CONTAINER_OF(work, struct outbound_change, work);
    struct outbound *outbound = change->outbound;

    list_remove(&change->place);
    if (status == OK)
        apply_change(change);
    change->done(change, status);
    outbound->line_busy = false;
    run_line(outbound);
    outbound_tell_changed(outbound);
}

void outbound_change(struct outbound *outbound, struct outbound_change *change)
{
    change->outbound = outbound;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    change->key = change->stored = (struct bytes){NULL, 0};
    list_append(&outbound->changes, &change->place);
    run_line(outbound);
}

/* ---- changes of ours ---- */

static void state_set(struct outbound_change *change, enum status status)
{
    (void)status; /* a full disk: what is in memory stays, and the next attempt tries again */
    arena_free(change->arena);
}

void outbound_set_state(struct outbound *outbound, const struct outbound_connection *connection,
                        enum outbound_state state, const char *reason)
{
    struct arena *arena = arena_new();
    struct outbound_change *change = ARENA_NEW(arena, struct outbound_change);

    *change = (struct outbound_change){
        .kind = OUTBOUND_SET_STATE,
        .name = arena_copy(arena, connection->name),
        .id = arena_copy(arena, connection->id),
        .reason = arena_copy(arena, bytes_of_text(reason)),
        .state = state,
        .arena = arena,
        .done = state_set,
    };
    outbound_change(outbound, change);
}
