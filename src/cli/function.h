/* cli/function.h - which function a command means. */
#ifndef DYNLOG_CLI_FUNCTION_H
#define DYNLOG_CLI_FUNCTION_H

#include "cli/client.h"

/* Of a name, an ARN, or, when the target is a dynlog, the key that the function has in its stack
 * file. What is no function there is taken as it is: the answer will say so. */
const char *cli_function_name(const struct cli *cli, struct client *client, const char *wanted);
/* Where it is invoked: the name that was found, with the version or alias of what was wanted
 * ("NAME:live", an ARN's end). */
const char *cli_function_path(struct arena *arena, const char *name, const char *wanted);

#endif
