/* cli/completion_values.c - dynlog completion --values: what there is to name, for shells that
 * complete. See completion.h.
 *
 * Somebody pressed Tab: what takes long, costs something, or fails is left out, and nothing is said
 * of it. So only a dynlog is asked, once. */
#include "cli/completion.h"

#include "cli/output.h"
#include "cli/server_door.h"

#include <ctype.h>

#define ANSWER_MS 1000
#define VALUES_MAX 500 /* more is no list to choose from */

/* ---- who is asked ---- */

/* The value of --NAME in the command line so far, as it is typed: --NAME VALUE or --NAME=VALUE. */
static const char *value_of(const struct option_texts *words, const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->texts[i];

        if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, size) != 0)
            continue;
        if (word[2 + size] == '=')
            return word + 2 + size + 1;
        if (word[2 + size] == '\0' && i + 1 < words->count)
            return words->texts[i + 1];
    }
    return NULL;
}

/* ---- what is printed ---- */

/* Shells take words apart, and bash runs what stands in them: other names are not offered. */
static bool is_safe(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!isalnum(name.ptr[i]) && strchr("._-/", name.ptr[i]) == NULL)
            return false;
    return name.size > 0 && name.ptr[0] != '-';
}

static void print_name(const struct cli *cli, struct bytes name)
{
    if (is_safe(name))
        fprintf(cli->out, "%.*s\n", BYTES_ARG(name));
}

/* Of a list of names, or of objects with one. */
static void print_names(const struct cli *cli, const struct json *list, const char *member)
{
    for (struct json_iter it = json_iter(list); json_next(&it) && it.index < VALUES_MAX;)
        print_name(cli, member != NULL ? json_get_string(it.value, member) : json_string(it.value));
}

static const struct json *ask(struct cli *cli, struct client *client, const char *path)
{
    struct client_request request = {
        .method = "GET", .path = path, .answer_ms = ANSWER_MS, .once = true};
    struct client_answer answer = {0};

    return client_ask(client, cli->arena, &request, &answer) == OK ? answer.json : NULL;
}

static void print_logs(struct cli *cli, struct client *client)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(64 * 1024);

    buffer_append_text(&path, "/_dynlog/logs");
    client_query(&path, "table", bytes_of_text(client_target(client)->table));
    print_names(
        cli, json_get(ask(cli, client, arena_copy_text(cli->arena, buffer_bytes(&path))), "logs"),
        "log");
}

static void print_functions(struct cli *cli, const struct json *status)
{
    for (struct json_iter it = json_iter(json_get(status, "functionKeys")); json_next(&it);)
        print_name(cli, it.name);
    print_names(cli, json_get(status, "functions"), NULL);
}

int cli_completion_values(struct cli *cli, const char *kind, const struct option_texts *words)
{
    struct target_options options = {
        .endpoint = value_of(words, "endpoint"),
        .region = value_of(words, "region"),
        .profile = value_of(words, "profile"),
        .stage = value_of(words, "stage"),
        .table = value_of(words, "table"),
    };
    char message[TARGET_MESSAGE_SIZE] = "";
    struct target target;
    bool is_known = false;

    for (size_t i = 0; i < COMPLETION_VALUES_COUNT; i++)
        is_known = is_known || strcmp(completion_values[i], kind) == 0;
    if (!is_known)
        return cli_fail_usage(cli, "--values needs logs, tables, functions or groups, not \"%s\".",
                              kind);
    if (value_of(words, "data") != NULL || /* a folder is not opened for a Tab */
        target_resolve(cli->arena, &options, &target, message) != OK || target.is_aws)
        return CLI_DONE;

    AUTO(client_release) struct client *client = client_new(&target);

    if (strcmp(kind, "logs") == 0) {
        print_logs(cli, client);
        return CLI_DONE;
    }

    const struct json *status = ask(cli, client, "/_dynlog/status");

    if (strcmp(kind, "tables") == 0)
        print_names(cli, json_get(status, "tables"), "name");
    else if (strcmp(kind, "groups") == 0)
        print_names(cli, json_get(status, "subscriptions"), "name");
    else
        print_functions(cli, status);
    return CLI_DONE;
}
