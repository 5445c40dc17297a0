/* cli/function.h - which function a command means. */
#ifndef DYNLOG_CLI_FUNCTION_H
#define DYNLOG_CLI_FUNCTION_H

#include "cli/client.h"

/* Of a name, an ARN, or, when the target is a dynlog, the key that the function has in its stack
 * file. What is no function there is taken as it is: the answer will say so. */
const char *cli_function_name(const struct cli *cli, struct client *client, const char *wanted);

#endif
