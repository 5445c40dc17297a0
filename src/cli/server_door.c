/* cli/server_door.c - see server_door.h. */
#include "cli/server_door.h"

#include "cli/output.h"

#include <inttypes.h>

#define ORDER_PAUSE_MS 250
#define PATH_SIZE_MAX ((size_t)4096) /* with a table's name */

enum status cli_server_ask_status(struct client *client, struct arena *arena,
                                  const struct json **ret, struct client_answer *ret_answer)
{
    struct client_request request = {.method = "GET", .path = "/_dynlog/status"};
    enum status status = OK;

    if (client_target(client)->is_aws) {
        ret_answer->http_status = 404; /* AWS has no such path; no need to ask */
        return REFUSED;
    }
    status = client_ask(client, arena, &request, ret_answer);
    if (status != OK)
        return status;
    if (json_get(ret_answer->json, "version") == NULL ||
        json_get(ret_answer->json, "position") == NULL)
        return REFUSED;
    *ret = ret_answer->json;
    return OK;
}

/* Every dynlog has a status. */
bool cli_server_is_another(enum status status, const struct client_answer *answer)
{
    return status == REFUSED && (answer->http_status == 404 || client_is_stranger(answer));
}

bool cli_server_status(struct cli *cli, struct client *client, struct arena *arena,
                       const struct json **ret, int *ret_exit)
{
    struct client_answer answer = {0};
    enum status status = cli_server_ask_status(client, arena, ret, &answer);

    if (status == OK)
        return true;
    if (cli_server_is_another(status, &answer))
        *ret_exit =
            cli_fail(cli, CLI_FAILED,
                     "What answers at %s is no dynlog, and `dynlog %s` needs one. Say where "
                     "one runs with --endpoint URL.",
                     client_target(client)->url, cli->command->name);
    else
        *ret_exit = cli_client_fail(cli, client, status, &answer);
    return false;
}

/* Other refusals are for whoever asks for more than one event. */
static enum status ask_for_one(struct client *client, struct arena *arena,
                               struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);
    struct client_request request = {.method = "GET", .once = true};

    buffer_append_text(&path, "/_dynlog/log");
    client_query(&path, "follow", BYTES("false"));
    client_query(&path, "limit", BYTES("1"));
    client_query(&path, "table", bytes_of_text(client_target(client)->table));
    request.path = arena_copy_text(arena, buffer_bytes(&path));
    return client_ask(client, arena, &request, ret);
}

bool cli_server_wait_for_order(struct cli *cli, struct client *client,
                               const struct interrupts *interrupts, int *ret_exit)
{
    for (bool told = false;; told = true) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct client_answer answer = {0};
        enum status status = ask_for_one(client, arena, &answer);

        if (status == CLOSED || status == TIMED_OUT) {
            *ret_exit = cli_client_fail(cli, client, status, &answer);
            return false;
        }
        if (status == OK || !bytes_equal_text(json_get_string(answer.json, "error"), "IN_USE"))
            return true;
        if (!told)
            fprintf(cli->err,
                    "The events of %s are being put in order, once, because an older "
                    "dynlog wrote them: waiting.\n",
                    client_target(client)->table);
        if (!cli_interrupts_pause(interrupts, ORDER_PAUSE_MS)) {
            *ret_exit = cli_interrupts_end(cli);
            return false;
        }
    }
}

int64_t cli_server_number(const struct json *object, const char *name)
{
    int64_t number = 0;

    return json_int64(json_get(object, name), &number) ? number : 0;
}

static void add(struct buffer *out, int64_t count, const char *one, const char *many)
{
    if (count > 0)
        buffer_printf(out, "%s%" PRId64 " %s", out->size > 0 ? ", " : "", count,
                      count == 1 ? one : many);
}

struct bytes cli_server_busy(struct arena *arena, const struct json *status)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);
    const struct json *invocations = json_get(status, "invocations");
    const struct json *archive = json_get(status, "archive");
    const struct json *in_flight = json_get(status, "inFlight");
    bool more = json_bool(json_get(in_flight, "moreRecords"));

    if (json_bool(json_get(status, "idle")))
        return BYTES("");
    add(&out, cli_server_number(in_flight, "records"),
        more ? "record or more on its way" : "record on its way",
        more ? "records or more on their way" : "records on their way");
    add(&out, cli_server_number(in_flight, "puts"), "put of events", "puts of events");
    add(&out, cli_server_number(invocations, "running"), "invocation running",
        "invocations running");
    add(&out, cli_server_number(invocations, "waiting"), "waiting for a worker",
        "waiting for a worker");
    add(&out, cli_server_number(invocations, "retrying"), "waiting for its next try",
        "waiting for their next try");
    if (json_bool(json_get(archive, "behind")))
        buffer_printf(&out, "%sthe archive", out.size > 0 ? ", " : "");
    if (out.size == 0)
        buffer_append_text(&out, "the last of it is being written down");
    return arena_copy(arena, buffer_bytes(&out));
}
