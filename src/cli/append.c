/* cli/append.c - dynlog append: the next event of a stream; or of many (append_many.h). */
#include "cli/append_many.h"
#include "cli/event.h"
#include "cli/lanes.h"
#include "cli/output.h"
#include "cli/place.h"

#include <inttypes.h>

struct append_options {
    struct target_options target;
    const char *data;
    const char *log, *id, *type, *json_text;
    const char *expect, *event_id, *correlation_id, *causation_id;
    const char *file, *atomic;
    int64_t in_flight;
    bool json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users", offsetof(struct append_options, log), true},
    {"ID", "the entity whose stream it is, for example 12", offsetof(struct append_options, id),
     true},
    {"TYPE", "what happened, for example signup", offsetof(struct append_options, type), true},
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
    {.name = "event-id",
     .kind = OPTION_TEXT,
     .value_name = "ID",
     .help = "unique in its stream: the same again changes nothing, and is a success that says so",
     .offset = offsetof(struct append_options, event_id)},
    {.name = "correlation-id",
     .kind = OPTION_TEXT,
     .value_name = "ID",
     .help = "what all of this belongs to; with --file: of lines that say none",
     .offset = offsetof(struct append_options, correlation_id)},
    {.name = "causation-id",
     .kind = OPTION_TEXT,
     .value_name = "ID",
     .help = "the event id of what led to this; with --file: of lines that say none",
     .offset = offsetof(struct append_options, causation_id)},
    {.name = "file",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "instead of LOG ID TYPE: a JSON line an event, as read and tail --json print them; - "
             "is standard input",
     .offset = offsetof(struct append_options, file)},
    {.name = "atomic",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "the same, at most 100 events of any streams: all of them or none",
     .offset = offsetof(struct append_options, atomic)},
    {.name = "in-flight",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "with --file: streams at once, else 16",
     .min = 1,
     .max = LANES_MAX,
     .number_default = 0,
     .offset = offsetof(struct append_options, in_flight)},
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

    if (cli->in_is_terminal)
        cli_note(cli, "Reading the payload from the terminal, as JSON; Ctrl-D ends.");
    /* behind its end a terminal would be read once more */
    while (!feof(cli->in) && (size = fread(piece, 1, sizeof piece, cli->in)) > 0)
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

/* What is known of one event of an append. Of repeated ones that is what stands there: its event
 * id, and of the last one its place. */
static struct event event_of_append(struct arena *arena, const struct dynlog_append *append,
                                    size_t index, struct bytes payload)
{
    const struct dynlog_new_event *from = &append->events[index];
    uint64_t behind = append->event_count - 1 - index; /* events of the append */
    struct event event = {
        .log = bytes_of_text(append->log),
        .id = bytes_of_text(append->id),
        .version = arena_printf(arena, "%" PRIu64, append->version - behind),
        .type = bytes_of_text(from->type),
        .event_id = bytes_of_text(from->event_id),
    };

    if (!append->repeated) {
        event.payload = payload;
        event.correlation_id = bytes_of_text(from->correlation_id);
        event.causation_id = bytes_of_text(from->causation_id);
    }
    if (!append->repeated || behind == 0) {
        event.position = append->position > behind ? append->position - behind : 0;
        event.time_ms = append->time_ms;
    }
    return event;
}

bool cli_append_show(struct cli *cli, bool json, uint64_t line, const struct dynlog_append *append,
                     size_t index, struct bytes payload)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct event event = event_of_append(arena, append, index, payload);

    if (!cli_for_people(cli, json)) {
        if (append->repeated)
            event.more = BYTES(",\"repeated\":true");
        if (line > 0)
            event.more =
                arena_printf(arena, ",\"line\":%" PRIu64 "%.*s", line, BYTES_ARG(event.more));
        cli_event_print(&out, &event);
    } else {
        cli_text_show(&out, cli_event_stream(arena, &event), SIZE_MAX);
        buffer_printf(&out, " version %s%.*s%s ", cli_paint(cli, cli->out, CLI_BOLD),
                      BYTES_ARG(event.version), cli_paint(cli, cli->out, CLI_PLAIN));
        cli_text_show(&out, event.type, SIZE_MAX);
        if (append->repeated)
            buffer_append_text(&out, " (there before, by its event id)");
    }
    return cli_line(cli, buffer_bytes(&out));
}

/* ---- one event ---- */

static bool check_one(const struct cli *cli, const struct append_options *on, int *ret_exit)
{
    const char *missing = on->log == NULL ? "LOG" : on->id == NULL ? "ID" : "TYPE";

    if (on->type == NULL)
        *ret_exit = cli_fail_usage(cli, "%s is missing. (Or --file FILE, --atomic FILE.)", missing);
    else if (on->in_flight > 0)
        *ret_exit = cli_fail_usage(cli, "--in-flight goes with --file.");
    else if (on->type[0] == '\0')
        *ret_exit = cli_fail_usage(cli, "The type may not be empty.");
    else if (!bytes_are_utf8(bytes_of_text(on->type)))
        *ret_exit = cli_fail_usage(cli, "The type must be UTF-8 text.");
    else
        return cli_event_name(cli, on->log, on->id, ret_exit);
    return false;
}

static int append_one(struct cli *cli, const struct append_options *on)
{
    struct dynlog_new_event event = {.type = on->type,
                                     .event_id = on->event_id,
                                     .correlation_id = on->correlation_id,
                                     .causation_id = on->causation_id};
    struct dynlog_append append = {
        .log = on->log, .id = on->id, .events = &event, .event_count = 1};
    struct bytes payload = {NULL, 0};
    struct dynlog_error error;
    int exit_status = CLI_DONE;

    if (!check_one(cli, on, &exit_status) ||
        !read_expected(cli, on->expect, &append.expected, &exit_status) ||
        !read_payload(cli, on, &payload, &exit_status))
        return exit_status;
    event.payload = arena_copy_text(cli->arena, payload);

    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);

    if (dynlog == NULL)
        return exit_status;
    if (dynlog_append(dynlog, &append, 1, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);
    return cli_append_show(cli, on->json, 0, &append, 0, payload) ? CLI_DONE : CLI_FAILED;
}

/* ---- many ---- */

static bool check_many(const struct cli *cli, const struct append_options *on, int *ret_exit)
{
    const char *option = on->file != NULL ? "--file" : "--atomic";

    if (on->file != NULL && on->atomic != NULL)
        *ret_exit = cli_fail_usage(cli, "--file and --atomic both name the events: choose one.");
    else if (on->log != NULL)
        *ret_exit = cli_fail_usage(cli,
                                   "With %s log, id and type stand in the lines, not in the "
                                   "command.",
                                   option);
    else if (on->expect != NULL || on->event_id != NULL)
        *ret_exit = cli_fail_usage(cli, "With %s %s stands in each line, as \"%s\".", option,
                                   on->expect != NULL ? "--expect" : "--event-id",
                                   on->expect != NULL ? "expect" : "eventId");
    else if (on->atomic != NULL && on->in_flight > 0)
        *ret_exit = cli_fail_usage(cli, "--in-flight goes with --file; --atomic is one request.");
    else
        return true;
    return false;
}

static int append_many(struct cli *cli, const struct append_options *on)
{
    struct append_many many = {
        .file = on->file != NULL ? on->file : on->atomic,
        .correlation_id = on->correlation_id,
        .causation_id = on->causation_id,
        .in_flight = on->in_flight > 0 ? (unsigned)on->in_flight : APPEND_IN_FLIGHT_DEFAULT,
        .json = on->json,
    };
    int exit_status = CLI_DONE;

    if (!check_many(cli, on, &exit_status))
        return exit_status;

    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);

    if (dynlog == NULL)
        return exit_status;
    many.dynlog = dynlog;
    return on->file != NULL ? cli_append_file(cli, &many) : cli_append_atomic(cli, &many);
}

static int append_run(struct cli *cli, const void *given)
{
    const struct append_options *on = given;

    return on->file != NULL || on->atomic != NULL ? append_many(cli, on) : append_one(cli, on);
}

const struct command command_append = {
    .name = "append",
    .summary = "write the next event of a stream, or of many",
    .description =
        "Writes the event that follows the last one of the stream, and nothing when somebody else "
        "was first: with --expect that ends with exit status 3, without it the next version is "
        "tried. With --file every line is an event {\"log\",\"id\",\"type\",\"payload\",\"expect\","
        "\"eventId\",\"correlationId\",\"causationId\"}: many streams at once, the events of one "
        "in "
        "the order of their lines; what fails is told by its line, and keeps out what follows it "
        "in its stream.",
    .example = "dynlog append users 12 signup '{\"name\":\"test\"}'\n"
               "dynlog append users 12 addPhoneNumber '{\"number\":\"+4670\"}' --expect 1\n"
               "dynlog append users 12 addLocation '{\"lat\":59}' --event-id 7f3a\n"
               "dynlog read users 12 | dynlog append --file - --endpoint http://127.0.0.1:9000\n"
               "dynlog append --atomic transfer.jsonl",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct append_options),
    .run = append_run,
};
