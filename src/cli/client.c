/* cli/client.c - see client.h. */
#include "cli/client.h"

#include "cli/output.h"

static int fail_unreachable(const struct cli *cli, const struct target *target,
                            const struct client_answer *answer)
{
    if (target->is_this_machine && answer->message.size == 0)
        return cli_fail(cli, CLI_UNREACHABLE,
                        "Nothing answers at %s. Start dynlog with `dynlog start`, or say where it "
                        "runs with --endpoint URL.",
                        target->url);
    return cli_fail(cli, CLI_UNREACHABLE, "Nothing answers at %s: %.*s", target->url,
                    BYTES_ARG(answer->message));
}

#define KEYS_HINT                                                                                  \
    " (Keys are those of --profile, of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or of "        \
    "~/.aws/credentials.)"

static bool is_about_keys(struct bytes name)
{
    return bytes_equal_text(name, "UnrecognizedClientException") ||
           bytes_equal_text(name, "InvalidSignatureException");
}

const char *cli_hint_of_refusal(struct bytes message)
{
    /* AWS's words for a key of another type, or a table without such a sort key. */
    static const char *const words[] = {"match schema",          "match the schema",
                                        "key condition not",     "key schema element",
                                        "Type mismatch for key", "[ValidationError"};

    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (bytes_find(message, bytes_of_text(words[i])) < message.size)
            return " (A table of events has the keys pk, text, and sk, a number: `dynlog tables "
                   "NAME` shows those of this one.)";
    return "";
}

int cli_client_fail(const struct cli *cli, const struct client *client, enum status status,
                    const struct client_answer *answer)
{
    const struct target *target = client_target(client);
    struct bytes name = answer->error_name;

    if (status == CLOSED)
        return fail_unreachable(cli, target, answer);
    if (status == TIMED_OUT)
        return cli_fail(cli, CLI_UNREACHABLE, "%s took the request and gives no answer: %.*s",
                        target->url, BYTES_ARG(answer->message));
    if (bytes_equal_text(name, "ResourceNotFoundException"))
        return cli_fail(cli, CLI_FAILED,
                        "There is no table %s at %s. Name it with --table NAME or --stage STAGE; "
                        "`dynlog tables` lists what there is.",
                        target->table, target->url);
    if (name.size > 0)
        return cli_fail(cli, CLI_FAILED, "%s answers %.*s: %.*s%s", target->url, BYTES_ARG(name),
                        BYTES_ARG(answer->message),
                        is_about_keys(name) ? KEYS_HINT : cli_hint_of_refusal(answer->message));
    if (answer->message.size > 0 && answer->http_status < 500) /* a sentence of a dynlog's own */
        return cli_fail(cli, CLI_FAILED, "%s refuses this: %.*s%s", target->url,
                        BYTES_ARG(answer->message),
                        bytes_end_with(answer->message, BYTES(".")) ? "" : ".");
    return cli_fail(cli, CLI_FAILED, "%s answers with HTTP status %d%s%.*s", target->url,
                    answer->http_status, answer->message.size > 0 ? ": " : "",
                    BYTES_ARG(answer->message));
}

struct client *cli_client_open(const struct cli *cli, const struct target_options *options,
                               int *ret_exit)
{
    char message[TARGET_MESSAGE_SIZE] = "";
    struct target *target = ARENA_NEW(cli->arena, struct target);

    if (target_resolve(cli->arena, options, target, message) == OK)
        return client_new(target);
    *ret_exit = cli_fail_usage(cli, "%s", message);
    return NULL;
}
