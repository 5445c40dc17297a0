/* functions/environment.h - the variables that a worker is started with: Lambda's own, the
 * function's, and the few of the machine's that programs cannot do without. Nothing else of
 * dynlog's environment reaches a handler, above all no keys of a real account. */
#ifndef DYNLOG_FUNCTIONS_ENVIRONMENT_H
#define DYNLOG_FUNCTIONS_ENVIRONMENT_H

#include "functions/functions.h"

struct environment_options {
    const struct function_settings *settings;
    const struct function_variable *common; /* what every handler gets: endpoints */
    size_t common_count;
    const char *region;
    const char *runtime_folder;   /* LAMBDA_RUNTIME_DIR */
    const char *temporary_folder; /* TMPDIR; NULL: the machine's */
    uint16_t runtime_api_port;
    struct bytes log_group, log_stream;
};

/* NAME=VALUE texts and a NULL, in the arena. A name stands once; Lambda's own win over the
 * function's, the function's over the common ones. */
char **environment_make(struct arena *arena, const struct environment_options *options);

/* What a program of the machine's own gets (the check of an interpreter): the machine's few alone.
 */
char **environment_of_machine(struct arena *arena);

#endif
