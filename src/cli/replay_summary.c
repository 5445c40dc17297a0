/* cli/replay_summary.c - what a replay did, and how it ends. See replay.h. */
#include "cli/replay.h"

#include "cli/output.h"

static const struct table_column count_columns[] = {
    {"READ", true, false},      {"SENT", true, false},   {"SKIPPED", true, false},
    {"DIFFERENT", true, false}, {"FAILED", true, false},
};

static void summary_for_people(const struct replay *replay, uint64_t took_ms, uint64_t before)
{
    struct cli *cli = replay->cli;
    const struct replay_counts *counts = &replay->place.counts;
    const uint64_t numbers[] = {counts->read, counts->sent, counts->skipped, counts->different,
                                counts->failed};
    struct cli_table table = {.columns = count_columns, .column_count = ARRAY_COUNT(count_columns)};
    struct bytes cells[ARRAY_COUNT(count_columns)];
    uint64_t now = counts->read - before;

    for (size_t i = 0; i < ARRAY_COUNT(cells); i++)
        cells[i] = arena_printf(cli->arena, "%s", cli_count_text((int64_t)numbers[i]));
    cli_table_add(cli, &table, cells);
    cli_table_print(cli, &table);
    fprintf(cli->out, "\ntook %s", cli_duration_text(took_ms));
    if (took_ms > 0)
        fprintf(cli->out, ", %s events/s", cli_count_text((int64_t)(now * 1000 / took_ms)));
    if (replay->to == TO_BUS)
        fprintf(cli->out, "; replay-name %s", replay->name);
    fprintf(cli->out, "\n");
}

static bool summary_line(const struct replay *replay, enum replay_end end, uint64_t took_ms)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const struct replay_counts *counts = &replay->place.counts;
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "name", replay->name);
    json_member_text(&w, "from", replay->on->from);
    json_member_text(&w, "to", replay->on->to);
    json_member_uint(&w, "read", counts->read);
    json_member_uint(&w, "sent", counts->sent);
    json_member_uint(&w, "skipped", counts->skipped);
    json_member_uint(&w, "different", counts->different);
    json_member_uint(&w, "failed", counts->failed);
    json_member_bool(&w, "finished", end == REPLAY_ALL);
    json_member_uint(&w, "tookMs", took_ms);
    json_end_object(&w);
    return cli_line(replay->cli, buffer_bytes(&out));
}

static void tell_without_time(const struct replay *replay)
{
    if (replay->without_time > 0)
        cli_note(replay->cli,
                 "%s items have no time (a dynlog or meta.time tells it) and were left out by "
                 "--since and --until.",
                 cli_count_text((int64_t)replay->without_time));
}

static int end_of(const struct replay *replay, enum replay_end end, int exit_status)
{
    const struct replay_counts *counts = &replay->place.counts;

    if (end != REPLAY_ALL && replay->state != NULL)
        cli_fail(replay->cli, CLI_FAILED, "%s after %s. The same command goes on behind them (%s).",
                 end == REPLAY_INTERRUPTED ? "Interrupted" : "Not finished",
                 cli_things_text(counts->read, "event"), replay->state_path);
    else if (end != REPLAY_ALL)
        cli_fail(replay->cli, CLI_FAILED,
                 "%s after %s. With --name a replay can go on where it was.",
                 end == REPLAY_INTERRUPTED ? "Interrupted" : "Not finished",
                 cli_things_text(counts->read, "event"));
    if (end == REPLAY_BROKEN)
        return exit_status;
    if (end == REPLAY_INTERRUPTED || counts->failed > 0)
        return CLI_FAILED;
    return counts->different > 0 ? CLI_LOST_RACE : CLI_DONE;
}

int replay_tell_end(const struct replay *replay, enum replay_end end, uint64_t took_ms,
                    uint64_t before, int exit_status)
{
    bool for_people = cli_for_people(replay->cli, replay->on->json);

    if (for_people && end == REPLAY_BROKEN && replay->place.counts.read == 0)
        return exit_status; /* it did not begin, and that was told */
    if (for_people)
        summary_for_people(replay, took_ms, before);
    else if (!summary_line(replay, end, took_ms))
        return CLI_FAILED;
    tell_without_time(replay);
    return end_of(replay, end, exit_status);
}
