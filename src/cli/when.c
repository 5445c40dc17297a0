/* cli/when.c - see when.h. */
#include "cli/when.h"

#include "base/clock.h"
#include "base/duration.h"
#include "cli/event.h"
#include "cli/output.h"

uint64_t cli_when_now(void)
{
    struct clock *clock = clock_new_real();
    uint64_t now_ms = clock_now_ms(clock);

    clock_free(clock);
    return now_ms;
}

uint64_t cli_when_server(const struct cli *cli, struct client *client)
{
    struct client_request request = {.method = "GET", .path = "/_dynlog/clock"};
    struct client_answer answer = {0};
    uint64_t now_ms = 0;

    if (!client_target(client)->is_aws && client_ask(client, cli->arena, &request, &answer) == OK &&
        clock_parse_iso(json_get_string(answer.json, "now"), &now_ms))
        return now_ms;
    return cli_when_now();
}

bool cli_when_read(const struct cli *cli, const char *option, const char *text, uint64_t *ret_ms,
                   int *ret_exit)
{
    struct bytes bytes = bytes_of_text(text);
    uint64_t ago_ms = 0, now_ms = 0;

    if (text == NULL || clock_parse_iso(bytes, ret_ms) ||
        clock_parse_iso(arena_printf(cli->arena, "%sT00:00:00Z", text), ret_ms))
        return true;
    if (!duration_parse(bytes, &ago_ms)) {
        *ret_exit = cli_fail_usage(cli,
                                   "%s needs a time, a day or a duration, for example "
                                   "2026-01-31T09:30:00Z, 2026-01-31 or 1h30m, not \"%s\".",
                                   option, text);
        return false;
    }
    now_ms = cli_when_now();
    *ret_ms = ago_ms < now_ms ? now_ms - ago_ms : 0;
    return true;
}

bool cli_stream_read(const struct cli *cli, const char *text, struct bytes *ret_pk, int *ret_exit)
{
    struct bytes bytes = bytes_of_text(text);
    size_t slash = bytes_find_byte(bytes, '/', 0);

    *ret_pk = (struct bytes){NULL, 0};
    if (text == NULL)
        return true;
    if (bytes_end_with(bytes, BYTES("#stream"))) {
        *ret_pk = bytes;
        return true;
    }
    if (slash == SIZE_MAX) {
        *ret_exit =
            cli_fail_usage(cli, "--stream needs LOG/ID, for example users/12, not \"%s\".", text);
        return false;
    }

    const char *log = arena_copy_text(cli->arena, bytes_slice(bytes, 0, slash));

    if (!cli_event_name(cli, log, text + slash + 1, ret_exit))
        return false;
    *ret_pk = cli_event_key(cli->arena, log, text + slash + 1);
    return true;
}

struct bytes cli_when_text(struct arena *arena, uint64_t time_ms)
{
    char iso[CLOCK_ISO_SIZE];

    if (time_ms == 0)
        return BYTES("-");
    clock_format_iso(time_ms, false, iso);
    return arena_printf(arena, "%.10s %.8s", iso, iso + strlen("2026-01-31T"));
}
