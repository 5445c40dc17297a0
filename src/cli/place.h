/* cli/place.h - the place of a command's logs (dynlog.h): a server or AWS, as the options say who
 * is asked, or with --data the folder itself. */
#ifndef DYNLOG_CLI_PLACE_H
#define DYNLOG_CLI_PLACE_H

#include "cli/internal.h"
#include "cli/target.h"

#include <dynlog.h>

/* The row of --data, for the table of a command whose options have a `const char *data`. */
#define PLACE_OPTIONS(type)                                                                        \
    {                                                                                              \
        .name = "data", .kind = OPTION_TEXT, .value_name = "DIR",                                  \
        .help = "this data folder itself, without a server", .offset = offsetof(type, data)        \
    }

/* For what is of all tables of a dynlog: a table is named for a folder alone, which has it made.
 * False: one was named for a server; said why, exit status in *ret_exit. */
bool cli_place_needs_no_table(const struct cli *cli, const struct target_options *options,
                              const char *data, int *ret_exit);

/* NULL: said why, exit status in *ret_exit. data NULL: not a folder. */
struct dynlog *cli_place_open(struct cli *cli, const struct target_options *options,
                              const char *data, int *ret_exit);
static inline void cli_place_release(struct dynlog **dynlog) /* for AUTO() */
{
    dynlog_close(*dynlog);
}
static inline void cli_reader_release(struct dynlog_reader **reader) /* for AUTO() */
{
    dynlog_reader_close(*reader);
}

/* Says what went wrong, and what to do; returns the exit status. */
int cli_place_fail(const struct cli *cli, const struct dynlog_error *error);

#endif
