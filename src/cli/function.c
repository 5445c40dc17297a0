/* cli/function.c - see function.h. */
#include "cli/function.h"

#include "cli/output.h"
#include "cli/server_door.h"

/* "arn:aws:lambda:...:function:NAME" and "NAME:$LATEST". */
static struct bytes name_part(struct bytes wanted)
{
    size_t at = bytes_find(wanted, BYTES(":function:"));

    if (at != SIZE_MAX)
        wanted = bytes_slice(wanted, at + strlen(":function:"), wanted.size);
    return bytes_slice(wanted, 0, bytes_find_byte(wanted, ':', 0));
}

static bool ends_in_key(struct bytes name, struct bytes key)
{
    return name.size > key.size + 1 && bytes_end_with(name, key) &&
           name.ptr[name.size - key.size - 1] == '-';
}

const char *cli_function_name(const struct cli *cli, struct client *client, const char *wanted,
                              int *ret_exit)
{
    struct bytes key = name_part(bytes_of_text(wanted));
    const struct json *status = NULL, *names = NULL;
    struct client_answer answer = {0};
    struct bytes found = {NULL, 0};
    size_t count = 0;

    if (cli_server_ask_status(client, cli->arena, &status, &answer) == OK)
        names = json_get(status, "functions");
    for (struct json_iter it = json_iter(names); json_next(&it);) {
        struct bytes name = json_string(it.value);

        if (bytes_equal(name, key))
            return arena_copy_text(cli->arena, name);
        if (ends_in_key(name, key)) {
            found = count == 0
                        ? name
                        : arena_printf(cli->arena, "%.*s, %.*s", BYTES_ARG(found), BYTES_ARG(name));
            count++;
        }
    }
    if (count == 1)
        return arena_copy_text(cli->arena, found);
    if (count == 0)
        return arena_copy_text(cli->arena, key);
    *ret_exit = cli_fail(cli, CLI_USAGE, "Which one is meant? %.*s.", BYTES_ARG(found));
    return NULL;
}
