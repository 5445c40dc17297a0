/* cli/invoke.c - dynlog invoke: calls a function, and prints what it answers. */
#include "base/base64.h"
#include "base/file.h"

#include "cli/client.h"
#include "cli/function.h"
#include "cli/output.h"

#define DATA_SIZE_MAX ((size_t)6 * 1024 * 1024) /* of a synchronous invocation, as Lambda */
#define HEADERS_MAX 2

struct invoke_options {
    struct target_options target;
    const char *function, *data;
    bool event, tail;
};

static const struct option_row options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = OPTION_TEXT,
     .value_name = "JSON",
     .help = "the event: JSON, @FILE, or - for the standard input; else {}",
     .offset = offsetof(struct invoke_options, data)},
    {.name = "event",
     .kind = OPTION_FLAG,
     .help = "asynchronously: it is queued, and its answer goes to its destination",
     .offset = offsetof(struct invoke_options, event)},
    {.name = "tail",
     .kind = OPTION_FLAG,
     .help = "also the last 4 KB of what it printed, on stderr",
     .offset = offsetof(struct invoke_options, tail)},
    TARGET_OPTIONS(struct invoke_options),
};

static const struct argument_row arguments[] = {
    {.name = "FUNCTION",
     .help = "its name, its ARN, or its key in the stack file",
     .offset = offsetof(struct invoke_options, function)},
};

/* ---- the event ---- */

static bool read_input(struct cli *cli, struct bytes *ret, int *ret_exit)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(DATA_SIZE_MAX);
    char piece[4096];
    size_t size;

    if (cli->in_is_terminal)
        cli_note(cli, "Reading the event from the terminal, as JSON; Ctrl-D ends.");
    /* behind its end a terminal would be read once more */
    while (!feof(cli->in) && (size = fread(piece, 1, sizeof piece, cli->in)) > 0)
        buffer_append(&text, bytes_of(piece, size));
    *ret = arena_copy(cli->arena, buffer_bytes(&text));
    if (buffer_failed(&text))
        *ret_exit = cli_fail(cli, CLI_USAGE, "The standard input has more than 6 MB.");
    return !buffer_failed(&text);
}

static bool read_data(struct cli *cli, const char *data, struct bytes *ret, int *ret_exit)
{
    const struct json *ignored = NULL;

    *ret = data != NULL ? bytes_of_text(data) : BYTES("{}");
    if (data != NULL && strcmp(data, "-") == 0 && !read_input(cli, ret, ret_exit))
        return false;
    if (data != NULL && data[0] == '@') {
        enum status st = file_read(cli->arena, data + 1, DATA_SIZE_MAX, ret);

        if (st != OK) {
            *ret_exit =
                cli_fail(cli, CLI_USAGE, "%s can't be read: %s.", data + 1, status_text(st));
            return false;
        }
    }
    if (json_parse(cli->arena, *ret, &ignored, NULL) == OK)
        return true;
    *ret_exit = cli_fail_usage(cli, "The event is no JSON. A file is named as @FILE.");
    return false;
}

/* ---- the answer ---- */

static void print_tail(struct cli *cli, const struct client_answer *answer)
{
    struct bytes text = {NULL, 0};

    if (base64_decode(cli->arena, client_header(answer, "X-Amz-Log-Result"), &text) ==
        BASE64_NO_FAULT)
        fprintf(cli->err, "%.*s", BYTES_ARG(text));
}

/* Its result stands on stdout whatever it is. */
static int print_result(struct cli *cli, const struct client_answer *answer)
{
    struct bytes error = client_header(answer, "X-Amz-Function-Error");

    if (!cli_line(cli, answer->body))
        return CLI_FAILED;
    if (error.size == 0)
        return CLI_DONE;
    cli_note(cli, "The function failed.");
    return CLI_FAILED;
}

static int print_accepted(struct cli *cli, const char *name, const struct client_answer *answer)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (cli_for_people(cli, false)) {
        fprintf(cli->out, "%s takes it: dynlog logs %s shows when.\n", name, name);
        return CLI_DONE;
    }
    json_begin_object(&w);
    json_member_text(&w, "function", name);
    json_member_int(&w, "status", answer->http_status);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int fail(const struct cli *cli, const struct client *client, enum status status,
                const struct client_answer *answer)
{
    if (bytes_equal_text(answer->error_name, "ResourceNotFoundException"))
        return cli_fail(cli, CLI_FAILED, "%.*s. (`dynlog status` lists a dynlog's functions.)",
                        BYTES_ARG(answer->message));
    return cli_client_fail(cli, client, status, answer);
}

static int invoke_run(struct cli *cli, const void *given)
{
    const struct invoke_options *on = given;
    struct client_header headers[HEADERS_MAX];
    struct client_answer answer = {0};
    int exit_status = CLI_DONE;
    AUTO(client_release) struct client *client = NULL;
    struct bytes data = {NULL, 0};

    if (on->event && on->tail)
        return cli_fail_usage(cli, "--tail shows an answer, and --event waits for none.");
    if (!read_data(cli, on->data, &data, &exit_status) ||
        (client = cli_client_open(cli, &on->target, &exit_status)) == NULL)
        return exit_status;

    const char *name = cli_function_name(cli, client, on->function);
    struct client_request request = {
        .service = TARGET_LAMBDA,
        .method = "POST",
        .path = cli_function_path(cli->arena, name, on->function),
        .content_type = "application/json",
        .headers = headers,
        .body = data,
        .answer_ms = -1, /* a function may run for 15 minutes */
        .once = true,    /* it may have run */
    };

    if (on->event)
        headers[request.header_count++] = (struct client_header){"X-Amz-Invocation-Type", "Event"};
    if (on->tail)
        headers[request.header_count++] = (struct client_header){"X-Amz-Log-Type", "Tail"};

    enum status status = client_ask(client, cli->arena, &request, &answer);

    if (status != OK)
        return fail(cli, client, status, &answer);
    if (on->tail)
        print_tail(cli, &answer);
    return on->event ? print_accepted(cli, name, &answer) : print_result(cli, &answer);
}

const struct command command_invoke = {
    .name = "invoke",
    .group = COMMAND_FUNCTIONS,
    .summary = "call a function and print what it answers",
    .description =
        "Prints the function's result as it is, on stdout. When the function fails, that is "
        "its error, and the exit status is 1. Asks AWS with --region.",
    .example = "dynlog invoke eventHandler\n"
               "dynlog invoke eventHandler --data '{\"detail\":{\"log\":\"users\"}}' --tail\n"
               "dynlog invoke eventHandler --data @event.json --event",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct invoke_options),
    .run = invoke_run,
};
