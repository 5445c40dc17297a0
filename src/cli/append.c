/* cli/append.c - dynlog append: the next event of a stream. */
#include "cli/event.h"
#include "cli/output.h"
#include "cli/place.h"

#include <inttypes.h>

struct append_options {
    struct target_options target;
    const char *data;
    const char *log, *id, *type, *json_text, *expect;
    bool json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users", offsetof(struct append_options, log), false},
    {"ID", "the entity whose stream it is, for example 12", offsetof(struct append_options, id),
     false},
    {"TYPE", "what happened, for example signup", offsetof(struct append_options, type), false},
    {"JSON",
     "the payload, a JSON object; \"-\" reads it from standard input; without it {\"id\":ID}",
     offsetof(struct append_options, json_text), true},
};

static const struct option_row options[] = {
    {.name = "expect",
     .kind = OPTION_TEXT,
     .value_name = "VERSION",
     .help = "append only if the stream is at this version (none: has no event yet); else exit "
             "status 3",
     .offset = offsetof(struct append_options, expect)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "print the event as a JSON line, on a terminal too",
     .offset = offsetof(struct append_options, json)},
    TARGET_TABLE_OPTIONS(struct append_options),
    TARGET_OPTIONS(struct append_options),
    PLACE_OPTIONS(struct append_options),
};

/* All of standard input. */
static bool read_input(const struct cli *cli, struct bytes *ret, int *ret_exit)
{
    AUTO(buffer_free) struct buffer input = BUFFER_INIT(ITEM_TEXT_SIZE_MAX);
    uint8_t piece[4096];
    size_t size = 0;

    while ((size = fread(piece, 1, sizeof piece, cli->in)) > 0)
        buffer_append(&input, bytes_of(piece, size));
    if (buffer_failed(&input) || ferror(cli->in)) {
        *ret_exit = cli_fail(cli, CLI_FAILED, "Standard input can't be read: %s.",
                             buffer_failed(&input) ? "it is too large for an event" : "error");
        return false;
    }
    *ret = arena_copy(cli->arena, buffer_bytes(&input));
    return true;
}

static struct value string_value(struct bytes text)
{
    return (struct value){.type = VALUE_S, .bytes = text};
}

/* The payload as it will be stored: with its id, which comes first when it was not given. */
static bool read_payload(const struct cli *cli, const struct append_options *on, struct bytes *ret,
                         int *ret_exit)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct value payload = {.type = VALUE_M};
    struct bytes text = bytes_of_text(on->json_text != NULL ? on->json_text : "{}");
    struct item whole = {0};
    const struct json *json = NULL;
    struct json_error fault;
    struct api_error error;

    if (bytes_equal_text(text, "-") && !read_input(cli, &text, ret_exit))
        return false;
    if (json_parse(cli->arena, text, &json, &fault) != OK) {
        *ret_exit = cli_fail_usage(cli, "JSON is wrong in line %zu, column %zu: %s.", fault.line,
                                   fault.column, fault.message);
        return false;
    }
    if (!json_is(json, JSON_OBJECT)) {
        *ret_exit = cli_fail_usage(cli, "JSON must be an object like {\"name\":\"test\"}, not %s.",
                                   json_type_name(json));
        return false;
    }
    if (value_from_plain_json(cli->arena, json, &payload, &error) != OK) {
        *ret_exit = cli_fail_usage(cli, "JSON can't be stored: %s", error.message);
        return false;
    }
    if (item_get_text(&payload.map, "id") == NULL) {
        item_set(cli->arena, &whole, BYTES("id"), string_value(bytes_of_text(on->id)));
        for (size_t i = 0; i < payload.map.count; i++)
            item_set(cli->arena, &whole, payload.map.attributes[i].name,
                     payload.map.attributes[i].value);
        payload.map = whole;
    }
    value_print_plain(&out, &payload);
    *ret = arena_copy(cli->arena, buffer_bytes(&out));
    return true;
}

static bool read_expected(const struct cli *cli, const char *text, int64_t *ret, int *ret_exit)
{
    *ret = DYNLOG_ANY;
    if (text == NULL)
        return true;
    *ret = DYNLOG_NONE;
    if (strcmp(text, "none") == 0 || (bytes_to_int64(bytes_of_text(text), ret) && *ret >= 0))
        return true;
    *ret_exit =
        cli_fail_usage(cli, "--expect needs a version (a whole number) or none, not \"%s\".", text);
    return false;
}

static int print_appended(struct cli *cli, const struct append_options *on, struct bytes payload,
                          const struct dynlog_append *append)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct event event = {
        .log = bytes_of_text(on->log),
        .id = bytes_of_text(on->id),
        .version = arena_printf(cli->arena, "%" PRIu64, append->version),
        .type = bytes_of_text(on->type),
        .payload = payload,
    };

    if (!cli_for_people(cli, on->json)) {
        cli_event_print(&out, &event);
    } else {
        cli_text_show(&out, cli_event_stream(cli->arena, &event), SIZE_MAX);
        buffer_printf(&out, " version %s%" PRIu64 "%s ", cli_paint(cli, cli->out, CLI_BOLD),
                      append->version, cli_paint(cli, cli->out, CLI_PLAIN));
        cli_text_show(&out, event.type, SIZE_MAX);
    }
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int append_run(struct cli *cli, const void *given)
{
    const struct append_options *on = given;
    struct dynlog_new_event event = {.type = on->type};
    struct dynlog_append append = {
        .log = on->log, .id = on->id, .events = &event, .event_count = 1};
    struct bytes payload = {NULL, 0};
    struct dynlog_error error;
    int exit_status = CLI_DONE;

    if (!cli_event_name(cli, on->log, on->id, &exit_status) ||
        !read_expected(cli, on->expect, &append.expected, &exit_status))
        return exit_status;
    if (on->type[0] == '\0')
        return cli_fail_usage(cli, "The type may not be empty.");
    if (!bytes_are_utf8(bytes_of_text(on->type)))
        return cli_fail_usage(cli, "The type must be UTF-8 text.");
    if (!read_payload(cli, on, &payload, &exit_status))
        return exit_status;
    event.payload = arena_copy_text(cli->arena, payload);

    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);

    if (dynlog == NULL)
        return exit_status;
    if (dynlog_append(dynlog, &append, 1, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);
    return print_appended(cli, on, payload, &append);
}

const struct command command_append = {
    .name = "append",
    .summary = "write the next event of a stream",
    .description = "Writes the event that follows the last one of the stream, and nothing when "
                   "somebody else was first: with --expect that ends with exit status 3, without "
                   "it the next version is tried.",
    .example = "dynlog append users 12 signup '{\"name\":\"test\"}'\n"
               "dynlog append users 12 addPhoneNumber '{\"number\":\"+4670\"}' --expect 1",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct append_options),
    .run = append_run,
};
