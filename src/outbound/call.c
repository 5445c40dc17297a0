/* outbound/call.c - one call of an API destination, from outbound_call() to done().
 *
 *   begin --> its turn (gate) --> a token --> sending --> done()
 *               |                    |            |
 *               +--------------------+------------+--> cancelled: done() from the loop
 *
 * What a call needs is looked up at each step: a destination or a connection may change, or go,
 * while it waits. */
#include "outbound/internal.h"

#include "outbound/retry_after.h"

#include <stdio.h>

struct running {
    struct outbound *outbound;
    struct outbound_call *call;
    struct arena *arena;
    struct list in_calls;
    struct list place; /* in a gate, at a token, or cancelled; a ring of its own elsewhere */
    size_t *counted;   /* where it waits: among those for a token, or held by a rate */
    bool turn_taken;
    struct outbound_request request;
    uint64_t token_serial; /* of the token that the request carries */
};

#define LIST_RUNNING(it) LIST_ITEM(it, struct running, place)

static void go_on(struct running *running, const char *token);

/* ---- waiting ---- */

static void wait_in(struct running *running, struct list *list, size_t *counted)
{
    list_append(list, &running->place);
    running->counted = counted;
    ++*counted;
}

void running_wait(struct running *running, struct list *list)
{
    wait_in(running, list, &running->outbound->waiting);
}

static void wake(struct running *running)
{
    list_remove(&running->place);
    if (running->counted != NULL)
        --*running->counted;
    running->counted = NULL;
}

/* ---- the end ---- */

static void running_free(struct running *running)
{
    struct outbound *outbound = running->outbound;

    wake(running);
    list_remove(&running->in_calls);
    outbound->call_count--;
    outbound_client_cancel(outbound->client, &running->request);
    running->call->running = NULL;
    arena_free(running->arena);
    mem_free(running);
}

/* done() may begin other calls, and free this one. What was answered holds until it returns. */
static void end(struct running *running)
{
    struct outbound *outbound = running->outbound;
    struct outbound_call *call = running->call;
    struct arena *arena = running->arena;

    running->arena = NULL;
    if (call->outcome == OUTBOUND_DELIVERED)
        outbound->delivered++;
    else
        outbound->failed++;
    running_free(running);
    call->done(call);
    arena_free(arena);
    outbound_tell_changed(outbound);
}

static void set_error(struct running *running, enum outbound_outcome outcome, const char *code,
                      const char *format, ...) PRINTF_LIKE(4, 5);

static void set_error(struct running *running, enum outbound_outcome outcome, const char *code,
                      const char *format, ...)
{
    struct outbound_call *call = running->call;
    va_list args;

    call->outcome = outcome;
    call->error_code = code;
    va_start(args, format);
    vsnprintf(call->error_message, sizeof call->error_message, format, args);
    va_end(args);
}

#define UNABLE "Unable to invoke ApiDestination endpoint: "

/* ---- what came back ---- */

static bool is_retried(int status)
{
    return status == 401 || status == 407 || status == 409 || status == 429 ||
           (status >= 500 && status <= 599);
}

static const char *code_of(int status)
{
    if (status == 429)
        return "THROTTLING";
    return status >= 500 && status <= 599 ? "ERROR_FROM_TARGET" : "SDK_CLIENT_ERROR";
}

/* The credentials are not taken: a new token may be; other credentials stay what they are, and wait
 * for an update (AWS: user guide, "Deauthorizing connections"). */
static void refused(struct running *running)
{
    struct outbound *outbound = running->outbound;
    const struct outbound_destination *destination =
        outbound_destination_of(outbound, running->call->destination_arn);
    const struct connection *connection =
        destination != NULL ? outbound_connection_of(outbound, destination->connection_arn) : NULL;

    set_error(running, OUTBOUND_RETRIABLE, "SDK_CLIENT_ERROR",
              UNABLE "The request failed because the credentials included for the connection are "
                     "not authorized for the API destination.");
    if (connection == NULL)
        return;
    if (connection->view.type == OUTBOUND_OAUTH) {
        if (connection->token != NULL && connection->token->serial == running->token_serial)
            token_drop(connection->token);
    } else if (connection->view.state == OUTBOUND_AUTHORIZED) {
        outbound_set_state(outbound, &connection->view, OUTBOUND_DEAUTHORIZED,
                           "The API destination returned an HTTP status that says that the "
                           "credentials of the connection are not authorized.");
    }
}

static void read_retry_after(struct running *running)
{
    struct outbound_call *call = running->call;
    uint64_t delay_ms = 0;

    switch (retry_after_read(outbound_answer_header(&running->request, "Retry-After"),
                             outbound_now_ms(running->outbound), &delay_ms)) {
    case RETRY_AFTER_DELAY:
        call->retry_after_ms = delay_ms;
        return;
    case RETRY_AFTER_NEVER:
        call->outcome = OUTBOUND_FAILED;
        return;
    case RETRY_AFTER_NOT_SAID:
        return;
    }
}

static void judge_status(struct running *running)
{
    int status = running->request.status;

    if (status >= 200 && status <= 299)
        return;
    if (status == 401 || status == 407)
        refused(running);
    else
        set_error(running, is_retried(status) ? OUTBOUND_RETRIABLE : OUTBOUND_FAILED,
                  code_of(status), UNABLE "API destination returned HTTP status %d.", status);
    if (running->call->outcome == OUTBOUND_RETRIABLE)
        read_retry_after(running);
}

static void answered(struct outbound_request *request)
{
    struct running *running = request->context;

    switch (request->end) {
    case OUTBOUND_ANSWERED:
        running->call->answer = arena_copy(running->arena, request->answer_body);
        judge_status(running);
        break;
    case OUTBOUND_TIMED_OUT:
        set_error(running, OUTBOUND_RETRIABLE, "TIMEOUT",
                  UNABLE "Timeout calling endpoint for API Destination.");
        break;
    case OUTBOUND_NO_SUCH_HOST: /* AWS: an invalid address is not retried */
        set_error(running, OUTBOUND_FAILED, "SDK_CLIENT_ERROR",
                  UNABLE "API destination endpoint cannot be reached.");
        break;
    case OUTBOUND_UNREACHABLE:
        set_error(running, OUTBOUND_RETRIABLE, "CONNECTION_FAILURE",
                  UNABLE "API destination endpoint cannot be reached.");
        break;
    case OUTBOUND_UNTRUSTED:
        set_error(running, OUTBOUND_RETRIABLE, "CONNECTION_FAILURE",
                  UNABLE "The TLS handshake failed, or the certificate is not trusted.");
        break;
    case OUTBOUND_TOO_LARGE:
        set_error(running, OUTBOUND_FAILED, "ERROR_FROM_TARGET",
                  UNABLE "The response of the API destination is too large.");
        break;
    case OUTBOUND_UNUSABLE:
        set_error(running, OUTBOUND_FAILED, "INVALID_PARAMETER",
                  UNABLE "The request cannot be sent.");
        break;
    }
    end(running);
}

/* ---- steps ---- */

static void send_request(struct running *running, const struct destination *destination,
                         const struct connection *connection, const char *token)
{
    char why[OUTBOUND_MESSAGE_SIZE] = "";

    if (connection->token != NULL)
        running->token_serial = connection->token->serial;
    if (request_of_call(running->arena, &destination->view, &connection->view, token, running->call,
                        &running->request, why) != OK) {
        set_error(running, OUTBOUND_FAILED, "INVALID_PARAMETER", UNABLE "%s", why);
        end(running);
        return;
    }
    running->request.done = answered;
    running->request.context = running;
    outbound_client_send(running->outbound->client, &running->request);
}

static struct destination *find_destination(const struct running *running)
{
    const struct outbound_destination *view =
        outbound_destination_of(running->outbound, running->call->destination_arn);

    return view != NULL ? map_get(&running->outbound->destinations, view->name) : NULL;
}

static void fail_without_destination(struct running *running)
{
    set_error(running, OUTBOUND_FAILED, "NO_RESOURCE", "The API destination does not exist.");
    end(running);
}

/* Its turn has come, and perhaps its token. */
static void go_on_with(struct running *running, const struct destination *destination,
                       const char *token)
{
    const struct connection *connection =
        outbound_connection_of(running->outbound, destination->view.connection_arn);

    if (connection == NULL) {
        set_error(running, OUTBOUND_FAILED, "NO_RESOURCE",
                  "The connection of the API destination does not exist.");
        end(running);
        return;
    }
    if (connection->view.state == OUTBOUND_DEAUTHORIZED) {
        set_error(running, OUTBOUND_RETRIABLE, "NO_PERMISSIONS",
                  UNABLE "The connection '%.*s' is not authorized.",
                  BYTES_ARG(connection->view.name));
        end(running);
        return;
    }
    if (connection->token != NULL && token == NULL)
        token = token_get(connection->token, running);
    if (connection->token == NULL || token != NULL)
        send_request(running, destination, connection, token);
}

/* ---- gates: the rate of an API destination ---- */

static void open_gate(struct gate *gate)
{
    uint64_t now_ms = clock_waited_ms(timers_clock(gate->outbound->timers));

    while (!list_empty(&gate->waiting)) {
        uint64_t wait_ms = rate_take(&gate->rate, gate->destination->view.rate, now_ms);

        if (wait_ms > 0) {
            timer_set_after(gate->outbound->timers, &gate->timer, wait_ms);
            return;
        }
        struct running *first = LIST_RUNNING(gate->waiting.next);

        first->turn_taken = true;
        go_on(first, NULL);
    }
}

static void gate_due(struct timer *timer)
{
    open_gate(CONTAINER_OF(timer, struct gate, timer));
}

struct gate *gate_new(struct outbound *outbound)
{
    struct gate *gate = mem_new(sizeof *gate);

    gate->outbound = outbound;
    gate->timer.fire = gate_due;
    list_init(&gate->waiting);
    return gate;
}

/* Another rate may let more through. */
void gate_move(struct gate *gate, struct destination *destination)
{
    gate->destination = destination;
    timer_cancel(gate->outbound->timers, &gate->timer);
    if (!list_empty(&gate->waiting))
        timer_set_after(gate->outbound->timers, &gate->timer, 0);
}

void gate_free(struct gate *gate)
{
    struct list *first = NULL;

    timer_cancel(gate->outbound->timers, &gate->timer);
    while ((first = list_take(&gate->waiting)) != NULL)
        fail_without_destination(LIST_RUNNING(first));
    mem_free(gate);
}

/* ---- going on ---- */

static void go_on(struct running *running, const char *token)
{
    struct destination *destination = find_destination(running);

    wake(running);
    if (destination == NULL) {
        fail_without_destination(running);
    } else if (running->turn_taken) {
        go_on_with(running, destination, token);
    } else {
        wait_in(running, &destination->gate->waiting, &running->outbound->held);
        if (!timer_is_set(&destination->gate->timer))
            open_gate(destination->gate);
    }
}

/* Those that come back to wait are for the next time. */
static void take_all(struct list *waiting, struct list *ret)
{
    struct list *first = NULL;

    list_init(ret);
    while ((first = list_take(waiting)) != NULL)
        list_append(ret, first);
}

void running_token_there(struct list *waiting, const char *value)
{
    struct list now;
    struct list *first = NULL;

    take_all(waiting, &now);
    while ((first = list_take(&now)) != NULL)
        go_on(LIST_RUNNING(first), value);
}

void running_token_failed(struct list *waiting, const char *why)
{
    struct list now;
    struct list *first = NULL;

    take_all(waiting, &now);
    while ((first = list_take(&now)) != NULL) {
        struct running *running = LIST_RUNNING(first);

        set_error(running, OUTBOUND_RETRIABLE, "NO_PERMISSIONS", UNABLE "%s", why);
        end(running);
    }
}

/* ---- from outside ---- */

void running_end_cancelled(struct outbound *outbound)
{
    struct list *first = NULL;

    while ((first = list_take(&outbound->cancelled)) != NULL) {
        struct running *running = LIST_RUNNING(first);

        set_error(running, OUTBOUND_RETRIABLE, "INTERNAL_ERROR", UNABLE "The call was cancelled.");
        end(running);
    }
}

void outbound_call(struct outbound *outbound, struct outbound_call *call)
{
    struct running *running = mem_new(sizeof *running);

    assert(!outbound->stopped);
    running->outbound = outbound;
    running->call = call;
    running->arena = arena_new();
    list_init(&running->place);
    list_append(&outbound->calls, &running->in_calls);
    outbound->call_count++;
    call->running = running;
    call->outcome = OUTBOUND_DELIVERED;
    call->error_code = NULL;
    call->error_message[0] = '\0';
    call->retry_after_ms = 0;
    call->answer = (struct bytes){NULL, 0};
    go_on(running, NULL);
}

void outbound_cancel(struct outbound *outbound, struct outbound_call *call)
{
    struct running *running = call->running;

    if (running == NULL)
        return;
    wake(running);
    outbound_client_cancel(outbound->client, &running->request);
    list_append(&outbound->cancelled, &running->place);
    uv_async_send(&outbound->wake);
}

void running_forget_all(struct outbound *outbound)
{
    while (!list_empty(&outbound->calls))
        running_free(LIST_ITEM(outbound->calls.next, struct running, in_calls));
}
