/* cli/tables/scan.c - dynlog scan: all items of a table, or those for which a filter holds. */
#include "cli/tables/reading.h"

#define SEGMENTS_MAX 64 /* threads and connections of ours; AWS would take a million */

struct scan_options {
    struct target_options target;
    struct tables_read_options read;
    int64_t segments;
};

static const struct argument_row arguments[] = {
    {"TABLE", "the table; `dynlog tables` lists them", offsetof(struct scan_options, read.table),
     false},
};

static const struct option_row options[] = {
    TABLES_READ_OPTIONS(struct scan_options),
    {.name = "segments",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "read so many parts side by side: faster, in no order",
     .min = 1,
     .max = SEGMENTS_MAX,
     .offset = offsetof(struct scan_options, segments)},
    TARGET_OPTIONS(struct scan_options),
};

static int scan_run(struct cli *cli, const void *given)
{
    const struct scan_options *on = given;
    struct tables_reading reading = {.request = {.operation = "Scan", .segments = on->segments}};
    struct target_options target = on->target;
    int exit_status = CLI_DONE;

    if (on->segments > 0 && on->read.start != NULL)
        return cli_fail_usage(cli, "--start is a place in one run over the table: it does not go "
                                   "with --segments.");
    target.table = on->read.table;

    AUTO(client_release) struct client *client = cli_client_open(cli, &target, &exit_status);

    if (client == NULL || !tables_reading_begin(&reading, cli, client, &on->read, &exit_status))
        return exit_status;
    return tables_reading_run(&reading);
}

const struct command command_scan = {
    .name = "scan",
    .group = COMMAND_TABLES,
    .summary = "print all items of a table, or those that a filter finds",
    .description = "Reads the whole table: what a filter leaves out is read, and paid for, too. "
                   "`dynlog query` reads one partition key.",
    .example = "dynlog scan local-core\n"
               "dynlog scan local-core --filter 'type = \"order\" and delivery.city ^= \"Os\"'\n"
               "dynlog scan local-dynamodb-logs --count\n"
               "dynlog scan local-dynamodb-logs --segments 4 --dynamodb-json",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct scan_options),
    .run = scan_run,
};
