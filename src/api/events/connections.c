/* api/events/connections.c - CreateConnection, UpdateConnection, DeauthorizeConnection,
 * DeleteConnection, DescribeConnection, ListConnections. */
#include "api/events/events.h"
#include "api/operations.h"

/* ---- changes ---- */

static struct outbound_change *make_change(struct api_call *call, enum outbound_change_kind kind,
                                           void (*done)(struct outbound_change *change,
                                                        enum status status))
{
    struct outbound_change *change = ARENA_NEW(call->arena, struct outbound_change);

    *change = (struct outbound_change){
        .kind = kind,
        .name = decode_string(call->body, "Name"),
        .has_description = decode_has(call->body, "Description"),
        .description = decode_string(call->body, "Description"),
        .has_type = decode_has(call->body, "AuthorizationType"),
        .type =
            (enum outbound_type)decode_word(call->body, "AuthorizationType", outbound_type_words,
                                            OUTBOUND_TYPE_COUNT, OUTBOUND_BASIC),
        .parameters = decode_member(call->body, "AuthParameters"),
        .arena = call->arena,
        .done = done,
        .context = call,
    };
    return change;
}

static void answer(struct outbound_change *change, enum status status)
{
    struct api_call *call = change->context;
    const struct outbound_connection *connection = &change->connection;

    if (events_outbound_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "ConnectionArn",
                       outbound_connection_arn(call->on->outbound, call->arena, connection));
    json_member_text(&w, "ConnectionState", outbound_state_words[connection->state]);
    json_member_epoch_set(&w, "CreationTime", connection->created_ms);
    json_member_epoch_set(&w, "LastModifiedTime", connection->modified_ms);
    if (change->kind != OUTBOUND_CREATE_CONNECTION)
        json_member_epoch_set(&w, "LastAuthorizedTime", connection->authorized_ms);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void submit(struct api_call *call, enum outbound_change_kind kind)
{
    outbound_change(call->on->outbound, make_change(call, kind, answer));
}

void api_create_connection(struct api_call *call)
{
    submit(call, OUTBOUND_CREATE_CONNECTION);
}

void api_update_connection(struct api_call *call)
{
    submit(call, OUTBOUND_UPDATE_CONNECTION);
}

void api_deauthorize_connection(struct api_call *call)
{
    submit(call, OUTBOUND_DEAUTHORIZE_CONNECTION);
}

void api_delete_connection(struct api_call *call)
{
    submit(call, OUTBOUND_DELETE_CONNECTION);
}

/* ---- descriptions ---- */

static void write_summary(struct api_call *call, struct json_writer *w,
                          const struct outbound_connection *connection)
{
    json_member_string(w, "ConnectionArn",
                       outbound_connection_arn(call->on->outbound, call->arena, connection));
    json_member_string(w, "Name", connection->name);
    json_member_text(w, "ConnectionState", outbound_state_words[connection->state]);
    if (connection->state_reason.size > 0)
        json_member_string(w, "StateReason", connection->state_reason);
    json_member_text(w, "AuthorizationType", outbound_type_words[connection->type]);
    json_member_epoch_set(w, "CreationTime", connection->created_ms);
    json_member_epoch_set(w, "LastModifiedTime", connection->modified_ms);
    json_member_epoch_set(w, "LastAuthorizedTime", connection->authorized_ms);
}

void api_describe_connection(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "Name");
    const struct outbound_connection *connection =
        outbound_find_connection(call->on->outbound, name);

    if (connection == NULL) {
        api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                   "Failed to describe the connection(s). Connection '%.*s' does not exist.",
                   BYTES_ARG(name));
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_summary(call, &w, connection);
    if (connection->description.size > 0)
        json_member_string(&w, "Description", connection->description);
    if (connection->secret_id.size > 0) {
        json_member_string(&w, "SecretArn",
                           outbound_secret_arn(call->on->outbound, call->arena, connection));
        json_key(&w, "AuthParameters");
        json_begin_object(&w);
        outbound_authorization_write(&w, connection->type, &connection->authorization, false);
        json_end_object(&w);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_list_connections(struct api_call *call)
{
    struct bytes state = decode_string(call->body, "ConnectionState");
    const struct outbound_connection **connections = NULL;
    struct events_list list;
    size_t all = 0, count = 0;

    outbound_list_connections(call->on->outbound, decode_string(call->body, "NamePrefix"),
                              call->arena, &connections, &all);
    for (size_t i = 0; i < all; i++)
        if (state.size == 0 || bytes_equal_text(state, outbound_state_words[connections[i]->state]))
            connections[count++] = connections[i];
    if (!events_list_begin(call, OK, "Connections", count, &list))
        return;
    for (size_t i = list.first; i < list.end; i++) {
        json_begin_object(&list.w);
        write_summary(call, &list.w, connections[i]);
        json_end_object(&list.w);
    }
    events_list_end(&list);
}
