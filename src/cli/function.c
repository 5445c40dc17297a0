/* cli/function.c - see function.h. */
#include "cli/function.h"

#include "cli/server_door.h"

/* "arn:aws:lambda:...:function:NAME" and "NAME:$LATEST". */
static struct bytes name_part(struct bytes wanted, struct bytes *ret_qualifier)
{
    size_t at = bytes_find(wanted, BYTES(":function:")), colon = 0;

    if (at != SIZE_MAX)
        wanted = bytes_slice(wanted, at + strlen(":function:"), wanted.size);
    colon = bytes_find_byte(wanted, ':', 0);
    *ret_qualifier = colon == SIZE_MAX ? BYTES("") : bytes_slice(wanted, colon + 1, wanted.size);
    return bytes_slice(wanted, 0, colon);
}

const char *cli_function_path(struct arena *arena, const char *name, const char *wanted)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT((size_t)64 * 1024);
    struct bytes qualifier;

    (void)name_part(bytes_of_text(wanted), &qualifier);
    buffer_printf(&path, "/2015-03-31/functions/%s/invocations", name);
    if (qualifier.size > 0)
        client_query(&path, "Qualifier", qualifier);
    return arena_copy_text(arena, buffer_bytes(&path));
}

const char *cli_function_name(const struct cli *cli, struct client *client, const char *wanted)
{
    struct bytes qualifier, name = name_part(bytes_of_text(wanted), &qualifier);
    const struct json *status = NULL;
    struct client_answer answer = {0};
    struct bytes found = {NULL, 0};

    if (cli_server_ask_status(client, cli->arena, &status, &answer) == OK)
        found = json_string(json_get_bytes(json_get(status, "functionKeys"), name));
    for (struct json_iter it = json_iter(json_get(status, "functions")); json_next(&it);)
        if (bytes_equal(json_string(it.value), name)) /* a name before a key */
            found = name;
    return arena_copy_text(cli->arena, found.size > 0 ? found : name);
}
