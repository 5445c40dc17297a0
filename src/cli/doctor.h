/* cli/doctor.h - what the examinations of `dynlog doctor` share. Each looks, changes nothing, and
 * tells what it found. */
#ifndef DYNLOG_CLI_DOCTOR_H
#define DYNLOG_CLI_DOCTOR_H

#include "cli/client.h"
#include "cli/internal.h"
#include "stack/stack.h"

enum finding {
    FINDING_OK,
    FINDING_WARNING, /* dynlog works; something will not, or not well */
    FINDING_PROBLEM, /* `dynlog start`, or what was asked for, would fail */
};

struct doctor {
    struct cli *cli;
    const char *config, *data, *stage, *region, *profile; /* as for start; NULL: not said */
    int64_t ports[3];                                     /* all services, events, functions */
    bool json;
    /* found */
    const struct stack *stack; /* NULL: there is none, or it can't be read */
    bool needs_node, needs_python;
    size_t warnings, problems;
};

/* A heading, for people. */
void doctor_section(struct doctor *doctor, const char *title);
/* One finding about `what`; advice: what to do, NULL: nothing. Sentences. */
void doctor_tell(struct doctor *doctor, enum finding finding, const char *what, const char *advice,
                 const char *format, ...) PRINTF_LIKE(5, 6);

void doctor_stack(struct doctor *doctor);
void doctor_programs(struct doctor *doctor);
void doctor_ports(struct doctor *doctor);
void doctor_data(struct doctor *doctor);
void doctor_credentials(struct doctor *doctor);
void doctor_machine(struct doctor *doctor);

#endif
