/* cli/function.h - which function a command means. */
#ifndef DYNLOG_CLI_FUNCTION_H
#define DYNLOG_CLI_FUNCTION_H

#include "cli/client.h"

/* A name, an ARN, or the key that the function has in its stack file, when the target is a dynlog:
 * the one function there is whose name ends in "-KEY". NULL: said why, exit status in *ret_exit.
 * What is no function of the dynlog is taken as it is: the answer will say so. */
const char *cli_function_name(const struct cli *cli, struct client *client, const char *wanted,
                              int *ret_exit);

#endif
