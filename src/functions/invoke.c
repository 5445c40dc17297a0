/* functions/invoke.c - synchronous invocation: what is refused at once, and the way into the pool.
 */
#include "functions/pool.h"
#include "functions/worker.h"

#include <stdio.h>

/* X-Amzn-Trace-Id as Lambda makes it when a caller sends none: nothing is sampled. */
void functions_make_trace_id(const struct functions *functions, struct invocation *invocation)
{
    uint64_t now_ms = clock_now_ms(timers_clock(functions->options.timers));
    uint32_t random[5];

    id_random((uint8_t *)random, sizeof random);
    snprintf(invocation->made_trace_id, sizeof invocation->made_trace_id,
             "Root=1-%08x-%08x%08x%08x;Parent=%08x%08x;Sampled=0", (unsigned)(now_ms / 1000),
             random[0], random[1], random[2], random[3], random[4]);
    invocation->trace_id = bytes_of_text(invocation->made_trace_id);
}

static enum status refuse_not_found(struct functions *functions, struct invocation *invocation)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes arn = invocation->function_name;

    if (!bytes_start_with(arn, BYTES("arn:")))
        arn = functions_arn(functions, arena, arn);
    return api_refuse(&invocation->error, API_LAMBDA_RESOURCE_NOT_FOUND, "Function not found: %.*s",
                      BYTES_ARG(arn));
}

static enum status refuse_too_many(struct functions *functions, struct invocation *invocation,
                                   const char *reason)
{
    functions->throttles_total++;
    invocation->error.extra = bytes_of_text(reason);
    return api_refuse(&invocation->error, API_LAMBDA_TOO_MANY_REQUESTS, "Rate Exceeded.");
}

static void copy_name(char *out, size_t size, struct bytes name)
{
    name = bytes_slice(name, 0, size - 1);
    if (name.size > 0)
        memcpy(out, name.ptr, name.size);
    out[name.size] = '\0';
}

/* What it was asked for as, and the version that is to run. */
static void note_version(struct invocation *invocation, struct function *asked)
{
    struct bytes qualifier = {NULL, 0};

    function_name_split(invocation->function_name, &qualifier);
    invocation->function = function_route(asked);
    if (!bytes_end_with(invocation->function_name, qualifier)) /* it stood there, or is meant */
        qualifier = BYTES("");
    copy_name(invocation->qualifier, sizeof invocation->qualifier, qualifier);
    copy_name(invocation->version, sizeof invocation->version,
              invocation->function->version->settings.version);
}

static enum status check(struct functions *functions, struct invocation *invocation)
{
    const char *reason = NULL;

    if (functions->stopping)
        return CLOSED;
    struct function *asked = function_find(functions, invocation->function_name);

    if (asked == NULL)
        return refuse_not_found(functions, invocation);
    note_version(invocation, asked);
    if (invocation->payload.size > FUNCTION_PAYLOAD_SIZE_MAX)
        return api_refuse(&invocation->error, API_REQUEST_TOO_LARGE,
                          "%zu byte payload is too large for the RequestResponse invocation type "
                          "(limit %zu bytes)",
                          invocation->payload.size, FUNCTION_PAYLOAD_SIZE_MAX);
    if (!invocation->wait && pool_full(invocation->function, &reason))
        return refuse_too_many(functions, invocation, reason);
    return OK;
}

void functions_invoke(struct functions *functions, struct invocation *invocation)
{
    invocation->function = NULL;
    invocation->error = (struct api_error){0};
    list_init(&invocation->in_waiting);
    if (invocation->request_id[0] == '\0')
        id_uuid(invocation->request_id);
    invocation->status = check(functions, invocation);
    if (invocation->status != OK) {
        invocation->done(invocation);
        return;
    }
    if (invocation->payload.size == 0)
        invocation->payload = BYTES("{}");
    if (invocation->trace_id.size == 0)
        functions_make_trace_id(functions, invocation);
    functions->invocations_total++;
    pool_append(invocation->function, invocation);
    pool_dispatch(invocation->function);
}

bool functions_withdraw(struct functions *functions, struct invocation *invocation)
{
    const char *reason = "ConcurrentInvocationLimitExceeded";

    if (invocation->function == NULL || !pool_withdraw(invocation))
        return false;
    (void)pool_full(invocation->function, &reason);
    invocation->status = refuse_too_many(functions, invocation, reason);
    invocation->done(invocation);
    return true;
}
