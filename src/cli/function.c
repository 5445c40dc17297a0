/* cli/function.c - see function.h. */
#include "cli/function.h"

#include "cli/server_door.h"

/* "arn:aws:lambda:...:function:NAME" and "NAME:$LATEST". */
static struct bytes name_part(struct bytes wanted)
{
    size_t at = bytes_find(wanted, BYTES(":function:"));

    if (at != SIZE_MAX)
        wanted = bytes_slice(wanted, at + strlen(":function:"), wanted.size);
    return bytes_slice(wanted, 0, bytes_find_byte(wanted, ':', 0));
}

const char *cli_function_name(const struct cli *cli, struct client *client, const char *wanted)
{
    struct bytes name = name_part(bytes_of_text(wanted));
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
