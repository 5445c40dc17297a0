/* cli/check.c - dynlog check: whether a data folder is what it should be (check/check.h). */
#include "cli/check.h"

#include "base/clock.h"
#include "check/check.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "json/json.h"

#define DATA_DEFAULT ".dynlog"
#define LABEL_WIDTH 12
#define NS_PER_MS 1000000u

struct check_command {
    const char *folder, *archive;
    bool gapless, json;
};

static const struct option_row options[] = {
    {.name = "archive",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "its SQLite archive; else DIR/archive.db, if that is there",
     .offset = offsetof(struct check_command, archive)},
    {.name = "gapless",
     .kind = OPTION_FLAG,
     .help = "a version that is missing in a stream of events is a finding too",
     .offset = offsetof(struct check_command, gapless)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line for each finding and each part, on a terminal too",
     .offset = offsetof(struct check_command, json)},
};

static const struct argument_row arguments[] = {
    {"DIR", "the data folder; else " DATA_DEFAULT, offsetof(struct check_command, folder), true},
};

struct checking {
    struct cli *cli;
    bool for_people;
    struct progress progress;
    struct cli_table parts;
};

static const struct table_column columns[] = {
    {"Looked at", false, false}, {"Rows", true, false},     {"Bytes", true, false},
    {"Time", true, false},       {"Findings", true, false}, {"", false, true},
};

/* ---- for programs ---- */

static void member(struct json_writer *w, const char *name, struct bytes value)
{
    AUTO(buffer_free) struct buffer shown = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_text_show(&shown, value, SIZE_MAX);
    json_member_string(w, name, buffer_bytes(&shown));
}

static void finding_line(const struct checking *checking, const struct check_finding *finding)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "finding", finding->kind->word);
    json_member_text(&w, "family", finding->family);
    member(&w, "key", finding->key);
    member(&w, "expected", finding->expected);
    member(&w, "there", finding->there);
    json_member_text(&w, "means", finding->kind->means);
    json_end_object(&w);
    (void)!cli_line(checking->cli, buffer_bytes(&out));
}

static void part_line(const struct checking *checking, const struct check_part *part)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "part", part->name);
    json_member_uint(&w, "rows", part->rows);
    json_member_uint(&w, "bytes", part->bytes);
    json_member_uint(&w, "findings", part->findings);
    json_member_uint(&w, "ms", part->ms);
    if (part->remark.size > 0)
        member(&w, "remark", part->remark);
    json_end_object(&w);
    (void)!cli_line(checking->cli, buffer_bytes(&out));
}

static void result_line(const struct checking *checking, const struct check_result *result,
                        uint64_t ms)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_uint(&w, "findings", result->findings);
    json_member_uint(&w, "rows", result->rows);
    json_member_uint(&w, "bytes", result->bytes);
    json_member_uint(&w, "lastPosition", result->last_position);
    json_member_uint(&w, "ms", ms);
    json_end_object(&w);
    (void)!cli_line(checking->cli, buffer_bytes(&out));
}

/* ---- for people ---- */

static void print_labelled(const struct checking *checking, const char *label, struct bytes text)
{
    AUTO(buffer_free) struct buffer shown = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const struct cli *cli = checking->cli;

    cli_text_show(&shown, text, SIZE_MAX);
    buffer_append_byte(&shown, '\0');
    fprintf(cli->out, "  %-*s", LABEL_WIDTH, label);
    cli_text_wrap(cli->out, (const char *)shown.ptr, 2 + LABEL_WIDTH, 2 + LABEL_WIDTH, cli->width);
}

static void print_finding(const struct checking *checking, const struct check_finding *finding)
{
    const struct cli *cli = checking->cli;

    fprintf(cli->out, "%s%s%s in %s\n", cli_paint(cli, cli->out, CLI_RED), finding->kind->word,
            cli_paint(cli, cli->out, CLI_PLAIN), finding->family);
    print_labelled(checking, "where", finding->key);
    print_labelled(checking, "expected", finding->expected);
    print_labelled(checking, "there", finding->there);
    print_labelled(checking, "it means", bytes_of_text(finding->kind->means));
}

static void add_part(struct checking *checking, const struct check_part *part)
{
    struct arena *arena = checking->cli->arena;
    struct bytes cells[] = {
        bytes_of_text(part->name),
        arena_copy(arena, bytes_of_text(cli_count_text((int64_t)part->rows))),
        arena_copy(arena, bytes_of_text(cli_size_text((int64_t)part->bytes))),
        arena_copy(arena, bytes_of_text(cli_duration_text(part->ms))),
        part->findings > 0
            ? arena_copy(arena, bytes_of_text(cli_count_text((int64_t)part->findings)))
            : BYTES("-"),
        arena_copy(arena, part->remark),
    };

    cli_table_add(checking->cli, &checking->parts, cells);
}

static void print_result(struct checking *checking, const struct check_result *result, uint64_t ms)
{
    struct cli *cli = checking->cli;
    uint64_t rate = ms > 0 ? result->rows * 1000 / ms : 0;

    cli_table_print(cli, &checking->parts);
    fprintf(cli->out, "\n%s%s%s in %s, %s, %s",
            cli_paint(cli, cli->out, result->findings > 0 ? CLI_RED : CLI_GREEN),
            result->findings > 0 ? cli_things_text(result->findings, "finding") : "Nothing wrong",
            cli_paint(cli, cli->out, CLI_PLAIN), cli_things_text(result->rows, "row"),
            cli_size_text((int64_t)result->bytes), cli_duration_text(ms));
    if (rate > 0)
        fprintf(cli->out, " (%s rows/s)", cli_count_text((int64_t)rate));
    fprintf(cli->out, ".\n");
}

/* ---- what the check tells ---- */

static void found(void *context, const struct check_finding *finding)
{
    struct checking *checking = context;

    cli_progress_hide(&checking->progress);
    if (checking->for_people)
        print_finding(checking, finding);
    else
        finding_line(checking, finding);
}

static void more(void *context, const struct check_kind *kind, uint64_t count)
{
    struct checking *checking = context;
    struct cli *cli = checking->cli;

    cli_progress_hide(&checking->progress);
    if (checking->for_people)
        fprintf(cli->out, "and %s more of %s\n", cli_count_text((int64_t)count), kind->word);
    else
        (void)!cli_line(cli, arena_printf(cli->arena, "{\"more\":\"%s\",\"count\":%llu}",
                                          kind->word, (unsigned long long)count));
}

static void part(void *context, const struct check_part *part)
{
    struct checking *checking = context;

    if (checking->for_people)
        add_part(checking, part);
    else
        part_line(checking, part);
}

static void progress(void *context, uint64_t rows)
{
    struct checking *checking = context;

    cli_progress_add(&checking->progress, rows);
}

int cli_check_folder(struct cli *cli, const char *folder, const char *archive, bool gapless,
                     bool json)
{
    struct checking checking = {
        .cli = cli,
        .for_people = cli_for_people(cli, json),
        .progress = {.cli = cli, .things = "rows"},
        .parts = {.columns = columns, .column_count = ARRAY_COUNT(columns)},
    };
    struct check_options on = {
        .folder = folder,
        .archive = archive,
        .gapless = gapless,
        .report = {.found = found,
                   .more = more,
                   .part = part,
                   .progress = progress,
                   .context = &checking},
    };
    struct check_result result;
    char message[STORE_MESSAGE_SIZE];
    uint64_t begin_ns = clock_monotonic_ns();

    cli_progress_begin(&checking.progress);

    enum status status = check_run(&on, &result, message);
    uint64_t ms = (clock_monotonic_ns() - begin_ns) / NS_PER_MS;

    cli_progress_end(&checking.progress);
    if (status == IN_USE)
        return cli_fail(cli, CLI_FAILED,
                        "%s Or check a copy of it, which a running dynlog makes: dynlog backup "
                        "COPY --check",
                        message);
    if (status != OK)
        return cli_fail(cli, CLI_FAILED, "%s", message);
    if (checking.for_people)
        print_result(&checking, &result, ms);
    else
        result_line(&checking, &result, ms);
    return result.findings > 0 ? CLI_FOUND : CLI_DONE;
}

static int check_command_run(struct cli *cli, const void *given)
{
    const struct check_command *on = given;

    return cli_check_folder(cli, on->folder != NULL ? on->folder : DATA_DEFAULT, on->archive,
                            on->gapless, on->json);
}

const struct command command_check = {
    .name = "check",
    .group = COMMAND_SERVER,
    .summary = "look whether a data folder is whole",
    .description =
        "Reads everything in a data folder that no dynlog uses: checksums, every row, and what "
        "several rows tell of one thing. Changes nothing. Ends with exit status 0 when nothing is "
        "wrong, 6 when something is, 1 when it could not look. What does not fit into memory goes "
        "through a file without a name in TMPDIR.",
    .example = "dynlog check\n"
               "dynlog check /tmp/dynlog --json",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct check_command),
    .run = check_command_run,
};
