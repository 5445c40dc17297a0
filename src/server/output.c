/* server/output.c - what a running server tells the person who started it: a banner, notes on the
 * stack file, lines of handlers. Errors and notes go to stderr. */
#include "base/terminal.h"
#include "server/internal.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool colour(FILE *stream)
{
    return isatty(fileno(stream)) && !terminal_has_no_colour();
}

static const char *paint(FILE *stream, const char *code)
{
    return colour(stream) ? code : "";
}

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 20
#define ERROR_SIZE_MAX ((size_t)1024 * 1024)

/* Columns of a terminal; SIZE_MAX: it is none, and whoever reads it takes a line as a message. */
static size_t width_of(FILE *stream)
{
    struct winsize size = {0};

    if (!isatty(fileno(stream)))
        return SIZE_MAX;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col < WIDTH_MIN)
        return WIDTH_DEFAULT;
    return size.ws_col;
}

/* Lines of handlers, names of a file, what a client sent: they steer no terminal. Programs get them
 * as they are. */
static struct bytes shown(struct arena *arena, FILE *stream, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);

    if (!isatty(fileno(stream)))
        return text;
    terminal_append_foreign(&out, text);
    return arena_copy(arena, buffer_bytes(&out));
}

/* In one write: what others tell does not come between. */
void output_error(const char *format, ...)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(ERROR_SIZE_MAX);
    va_list args;

    va_start(args, format);
    buffer_printf(&out, "%sdynlog:%s ", paint(stderr, RED), paint(stderr, PLAIN));
    terminal_wrap(&out, shown(arena, stderr, arena_vprintf(arena, format, args)),
                  strlen("dynlog: "), 0, width_of(stderr));
    va_end(args);
    fwrite(buffer_bytes(&out).ptr, 1, buffer_bytes(&out).size, stderr);
}

void output_note(struct server *server, const struct stack_note *note)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)server;
    fprintf(stderr, "%snote:%s %s:%zu:%zu: %.*s\n", paint(stderr, YELLOW), paint(stderr, PLAIN),
            note->where.file, note->where.line, note->where.column,
            BYTES_ARG(shown(arena, stderr, note->text)));
}

/* Like a diff: what comes, what changes, what goes. */
void output_plan(struct server *server, const struct plan *plan)
{
    static const struct {
        const char *sign, *colour, *words;
    } kinds[] = {
        [PLAN_ADD] = {"+", GREEN, ""},
        [PLAN_CHANGE] = {"~", YELLOW, ""},
        [PLAN_REMOVE] = {"-", RED, ""},
        [PLAN_STAYS] = {"=", DIM, " is not in the file any more, and stays with its data"},
    };

    AUTO(arena_release) struct arena *arena = arena_new();

    printf("%s%s has changed:%s\n", paint(stdout, BOLD), server->stack_path, paint(stdout, PLAIN));
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];

        printf("  %s%s %.*s%s%s", paint(stdout, kinds[step->kind].colour), kinds[step->kind].sign,
               BYTES_ARG(shown(arena, stdout, step->what)), kinds[step->kind].words,
               paint(stdout, PLAIN));
        if (step->details.size > 0)
            printf(": %.*s", BYTES_ARG(shown(arena, stdout, step->details)));
        printf("\n");
    }
    if (plan->at_next_start.size > 0)
        printf("  at the next start: %.*s\n", BYTES_ARG(shown(arena, stdout, plan->at_next_start)));
    fflush(stdout);
}

void output_applied(struct server *server)
{
    printf("%s is applied\n", server->stack_path);
    fflush(stdout);
}

/* Of what Node.js' console prints as on Lambda (TIME, request's id, LEVEL and message, with tabs):
 * level and message. The time is now, the id stands in the line above. */
static struct bytes without_prefix(struct bytes text, bool *ret_error)
{
    size_t time = bytes_find_byte(text, '\t', 0);
    size_t id = time != SIZE_MAX ? bytes_find_byte(text, '\t', time + 1) : SIZE_MAX;

    if (time != strlen("2026-01-31T23:59:59.999Z") || id == SIZE_MAX)
        return text;
    struct bytes rest = bytes_slice(text, id + 1, text.size);

    *ret_error = bytes_start_with(rest, BYTES("ERROR")) || bytes_start_with(rest, BYTES("FATAL"));
    return rest;
}

static void print_note(const struct function_log *log)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    fprintf(stdout, "%s[%.*s]%s %.*s\n", paint(stdout, YELLOW), BYTES_ARG(log->function_name),
            paint(stdout, PLAIN), BYTES_ARG(shown(arena, stdout, log->text)));
}

static void print_line(const struct function_log *log)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    bool error = log->from_stderr;
    struct bytes text = shown(arena, stdout, without_prefix(log->text, &error));

    fprintf(stdout, "%s[%.*s]%s %.*s\n", paint(stdout, error ? RED : BOLD),
            BYTES_ARG(log->function_name), paint(stdout, PLAIN), BYTES_ARG(text));
}

/* [function] line; START, END and REPORT are dimmed, errors of the handler stand out. */
void output_log(void *context, const struct function_log *log)
{
    struct server *server = context;

    if (server->options.quiet)
        return;
    if (log->kind == FUNCTION_LOG_NOTE)
        print_note(log);
    else if (log->kind != FUNCTION_LOG_LINE)
        fprintf(stdout, "%s[%.*s] %.*s%s\n", paint(stdout, DIM), BYTES_ARG(log->function_name),
                BYTES_ARG(log->text), paint(stdout, PLAIN));
    else
        print_line(log);
    fflush(stdout);
}

static void print_functions(struct server *server)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    for (size_t i = 0; i < server->stack->function_count; i++)
        printf("%s%.*s", i == 0 ? "  functions  " : ", ",
               BYTES_ARG(shown(arena, stdout, server->stack->functions[i].key)));
    if (server->stack->function_count > 0)
        printf("\n");
    if (server->has_trigger)
        printf("  trigger    built in: streams of the log become events on the bus\n");
}

/* How to call this very program from any folder: by name when the shell finds it so. */
static void program_name(char out[PATH_MAX])
{
    char self[PATH_MAX], found[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes path = bytes_of_text(getenv("PATH"));

    snprintf(out, PATH_MAX, "dynlog");
    if (size <= 0)
        return;
    self[size] = '\0';
    while (path.size > 0) {
        size_t colon = size_min(bytes_find_byte(path, ':', 0), path.size);
        struct bytes candidate =
            arena_printf(arena, "%.*s/dynlog", (int)colon, (const char *)path.ptr);

        if (realpath((const char *)candidate.ptr, found) != NULL && strcmp(found, self) == 0)
            return;
        path = bytes_slice(path, colon + 1, path.size);
    }
    snprintf(out, PATH_MAX, "%s", self);
}

/* The table that `dynlog append` writes to. */
static bool has_log_table(struct server *server)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes name = arena_printf(arena, "%.*s-dynamodb-logs", BYTES_ARG(server->stack->stage));
    const struct table *table = engine_table_ref(server->engine, name);

    if (table != NULL)
        engine_table_unref(table);
    return table != NULL;
}

/* They work as they stand, from any folder and with nothing set in the environment. */
static void print_commands(struct server *server)
{
    char program[PATH_MAX], endpoint[64] = "", stage[128] = "";

    program_name(program);
    if (server->port_number != SERVER_PORT_DEFAULT)
        snprintf(endpoint, sizeof endpoint, " --endpoint http://localhost:%u", server->port_number);
    if (!bytes_equal_text(server->stack->stage, "local"))
        snprintf(stage, sizeof stage, " --stage %.*s", BYTES_ARG(server->stack->stage));
    printf("Try:\n");
    if (has_log_table(server))
        printf("  %s append users 12 signup '{\"name\":\"test\"}'%s%s\n", program, stage, endpoint);
    else
        printf("  %s drain%s\n", program, endpoint);
    printf("  %s status%s\n", program, endpoint);
    printf("  AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x %saws dynamodb list-tables --region %s "
           "--endpoint http://localhost:%u\n",
           isatty(STDOUT_FILENO) ? "\\\n    " : "", server->place.region, server->port_number);
}

void output_banner(struct server *server)
{
    uint64_t ms = (clock_monotonic_ns() - server->started_ns) / 1000000;
    const char *data = server->options.data != NULL ? server->options.data : ".dynlog";
    char stands[CLOCK_ISO_SIZE];

    printf("%sdynlog %s%s is ready after %llu ms (stage %.*s)\n", paint(stdout, BOLD),
           DYNLOG_VERSION, paint(stdout, PLAIN), (unsigned long long)ms,
           BYTES_ARG(server->stack->stage));
    printf("  ports      %u all services, %u events, %u functions\n", server->port_number,
           server->events_port_number, server->lambda_port_number);
    printf("  data       %s, archive %s\n", server->options.memory ? "in memory" : data,
           server->has_archive ? server->archiving.path : "none");
    if (clock_is_manual(server->clock)) {
        clock_format_iso(clock_now_ms(server->clock), true, stands);
        printf("  clock      stands at %s until `dynlog clock` moves it\n", stands);
    }
    if (server->options.watch && !server->own_stack)
        printf("  follows    %s\n", server->stack_path);
    print_functions(server);
    print_commands(server);
    fflush(stdout);
}
