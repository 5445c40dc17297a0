/* cli/event_logs.h - the table of event logs. */
#ifndef DYNLOG_CLI_EVENT_LOGS_H
#define DYNLOG_CLI_EVENT_LOGS_H

#include "cli/place.h"

/* Name, events, last position of each; returns the exit status. */
int cli_event_logs(struct cli *cli, const struct target_options *target, const char *data,
                   bool json);

#endif
