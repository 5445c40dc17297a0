/* stack/stack.h - a stack file as resources: tables, queues, buses, rules, schedules, functions and
 * what calls them. The same file deploys to AWS. What is understood: docs/stack-file.md.
 *
 * Three forms give the same struct stack: a Serverless Framework file (serverless.yml), a
 * CloudFormation template and an AWS SAM template, also those that tools generate. load.c tells
 * which it is by what is in it. loader.h has the steps, a file each.
 *
 * What is wrong is refused with file, line, column and what was expected. What dynlog does not know
 * is named once, in notes, and the rest goes on. A struct stack and all it points to live in the
 * arena that stack_load() was given, and so must the options' texts as long. */
#ifndef DYNLOG_STACK_STACK_H
#define DYNLOG_STACK_STACK_H

#include "base/arn.h"
#include "json/json.h"

#define STACK_FILE_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define STACK_VARIABLE_DEPTH_MAX 32
#define STACK_FILTERS_MAX 10              /* of a mapping: what AWS raises its quota of 5 to */
#define STACK_SHARDS_MAX 100              /* SHARDS_BEGIN_MAX of value/shard.h */
#define STACK_LOG_SIZE_MAX ((size_t)2000) /* VAULT_LOG_SIZE_MAX of vault/vault.h */

struct stack_where { /* a place in a file, for messages: "serverless.yml:12:5" */
    const char *file;
    size_t line, column; /* from 1 */
};

struct stack_note { /* something that was not understood or will not act */
    struct stack_where where;
    struct bytes text;
};

/* An AWS request that makes a resource: provisioning performs them in order. */
struct stack_call {
    const char *target;    /* "DynamoDB_20120810.CreateTable" */
    struct bytes body;     /* JSON */
    struct bytes resource; /* the resource's logical id, for messages */
    struct stack_where where;
    /* When it is there already, this is asked instead: it becomes what the file says. NULL: it
     * stays as it is. */
    const char *update;
    struct bytes update_body;
    int32_t late; /* of stack->late: the answer tells it; -1: none */
};

/* What a later start without it in its file removes, the last first. */
struct stack_made {
    struct bytes what;   /* "rule b-rule-1", for messages; one for each thing */
    const char *removal; /* a target as above; NULL: it has data and stays, and that is noted */
    struct bytes body;
    size_t
        first_call; /* of stack->calls: it is made by this one and those up to the next thing's */
    struct stack_where where;
};

/* ---- values that are known when the stack is made ----
 *
 * A text of a call's body or of an environment that has such a value in it holds a mark in its
 * place: the number in stack->late between two characters that no text may have (Unicode keeps them
 * for a program's own use). stack_text() puts the values in. */
#define STACK_LATE_BEGIN "\xEF\xB7\x90" /* U+FDD0 */
#define STACK_LATE_END "\xEF\xB7\x91"   /* U+FDD1 */

enum stack_late_kind {
    STACK_LATE_PORT,            /* of the server: in the URLs of queues */
    STACK_LATE_STREAM,          /* the label of a table's change stream: the end of its ARN */
    STACK_LATE_CONNECTION,      /* the end of a connection's ARN */
    STACK_LATE_API_DESTINATION, /* the same */
};
struct stack_late {
    enum stack_late_kind kind;
    struct bytes name; /* of the table, connection, API destination */
};

struct stack_variable { /* of an environment */
    struct bytes name, value;
};

enum stack_destination_kind {
    STACK_DESTINATION_NONE,
    STACK_DESTINATION_FUNCTION,
    STACK_DESTINATION_ARN
};
struct stack_destination {
    enum stack_destination_kind kind;
    struct bytes target; /* function key of this stack -> its full name; or an ARN */
};

/* Where a function's code is. Of a Serverless file: in the stack's folder, all NULL and empty. */
struct stack_code {
    const char *folder;  /* NULL: the stack's */
    const char *archive; /* a zip file that is to be unpacked; NULL: none */
    struct bytes text;   /* of a ZipFile: the program itself; empty: none */
};

struct stack_function {
    struct bytes key;                   /* "eventHandler" */
    struct bytes name;                  /* "users-local-eventHandler", or `name:` */
    struct bytes handler;               /* "src/handler.handler" */
    struct bytes runtime;               /* "nodejs20.x" */
    struct stack_code code;             /* where it lies */
    struct stack_variable *environment; /* provider's and function's; values are text */
    size_t environment_count;
    uint32_t timeout_s;             /* 6 unless said: the Serverless Framework's default */
    uint32_t memory_mb;             /* 1024 unless said: the same */
    int32_t reserved_concurrency;   /* -1: none */
    int32_t maximum_retry_attempts; /* 0-2; -1: AWS's default of 2 */
    int32_t maximum_event_age_s;    /* 60-21600; -1: default */
    struct stack_destination on_success, on_failure;
    struct bytes dead_letter_arn; /* `onError`: of a queue; empty: none */
    struct bytes log_group;       /* empty: /aws/lambda/NAME */
    bool disable_logs;            /* its lines are in no log group */
    struct stack_where where;
};

/* change stream or queue -> function (events: stream, sqs): an event source mapping */
enum stack_mapping_source { STACK_MAPPING_STREAM, STACK_MAPPING_QUEUE };
struct stack_mapping {
    enum stack_mapping_source source;
    struct bytes function_name;      /* or its ARN, with a qualifier or without */
    struct bytes table_name;         /* of a stream */
    struct bytes queue_arn;          /* of a queue */
    uint32_t batch_size;             /* 10 unless said: what the Serverless Framework deploys */
    uint32_t batch_window_s;         /* 0 unless said */
    const struct bytes *filters;     /* event patterns, JSON texts; one of them is enough */
    size_t filter_count;             /* 0: every record */
    bool report_batch_item_failures; /* functionResponseType: ReportBatchItemFailures */
    bool enabled;
    /* of a stream */
    uint32_t parallelization_factor; /* 1 unless said */
    bool bisect_on_error;
    int32_t maximum_retry_attempts; /* -1: until the record expires */
    int32_t maximum_record_age_s;   /* -1: until the record expires */
    bool trim_horizon;           /* TRIM_HORIZON, the Serverless Framework's default; else LATEST */
    uint32_t tumbling_window_s;  /* 0: none */
    struct bytes on_failure_arn; /* of a queue; empty: what fails for good is dropped */
    /* of a queue */
    uint32_t maximum_concurrency; /* 2-1000; 0: none said */
    struct stack_where where;
};

/* bus or time -> function (events: eventBridge, schedule): calls, and nothing more here. */

/* An archive of a bus (AWS::Events::Archive). */
struct stack_archive {
    struct bytes name, bus_name, description;
    struct bytes pattern;    /* JSON, or empty: everything */
    uint32_t retention_days; /* 0: for ever */
};

/* A version or an alias of a function (AWS::Lambda::Version, AWS::Lambda::Alias). */
struct stack_alias {
    struct bytes function_name;
    struct bytes name; /* empty: a version without an alias */
    struct bytes version, description;
    struct stack_where where;
};

/* A log that is private (custom.dynlog.private). */
struct stack_private {
    struct bytes log;
    struct stack_where where;
};

struct stack_output { /* of a template's Outputs; the value may have late values in it */
    struct bytes name, value;
};

struct stack {
    struct bytes service, stage, region, account;
    bool is_template;   /* else a Serverless Framework file */
    const char *folder; /* of the stack file: handlers are relative to it */
    const char **files; /* that it was read from: itself, and those of ${file(...)} */
    size_t file_count;
    struct stack_call
        *calls; /* CreateTable, CreateQueue, CreateEventBus, PutRule, PutTargets ... */
    size_t call_count;
    struct stack_made *made;
    size_t made_count;
    struct stack_late *late;
    size_t late_count;
    struct stack_function *functions;
    size_t function_count;
    struct stack_mapping *mappings;
    size_t mapping_count;
    struct stack_archive *archives;
    size_t archive_count;
    struct stack_alias *aliases;
    size_t alias_count;
    struct stack_output *outputs;
    size_t output_count;
    struct stack_note *notes;
    size_t note_count;
    struct bytes *secrets; /* values of NoEcho parameters: they are printed nowhere */
    size_t secret_count;
    /* custom.serverless-offline-aws-eventbridge: offline overrides; -1 where not said */
    int64_t retry_delay_ms, maximum_retry_attempts;
    uint16_t events_port;      /* 0: not said */
    uint16_t lambda_port;      /* custom.serverless-offline.lambdaPort; 0: not said */
    struct bytes archive_path; /* custom.dynlog.archive; empty: archive.db in the data folder */
    uint32_t shard_count;      /* custom.dynlog.shards, of new change streams; 0: not said */
    struct stack_private *private_logs; /* each once */
    size_t private_log_count;
};

struct stack_parameter { /* --parameter NAME=VALUE */
    struct bytes name, value;
};

struct stack_options {
    const char *path;
    const char *stage;   /* --stage, NULL: the file's provider.stage, else "local" */
    const char *region;  /* NULL: the file's, else us-east-1 */
    const char *account; /* "000000000000" */
    const struct stack_parameter *parameters;
    size_t parameter_count;
};

struct stack_error {
    struct stack_where where;
    struct bytes message;
};

/* NOT_FOUND: no such file. REFUSED: *reterr says where and what. */
MUST_USE enum status stack_load(struct arena *arena, const struct stack_options *options,
                                const struct stack **ret, struct stack_error *reterr);

/* The text with its late values; values[n] is of stack->late[n], and empty while it is not known:
 * then "*" stands for it. *ret_known (may be NULL): all were. */
struct bytes stack_text(struct arena *arena, const struct stack *stack, const struct bytes *values,
                        struct bytes text, bool *ret_known);

/* The text without secrets: each is "****" in it. */
struct bytes stack_mask(struct arena *arena, const struct stack *stack, struct bytes text);

/* The stack file of a start that names none: the first of serverless.yml, .yaml, .json,
 * template.yaml, .yml, .json in the folder where dynlog was started. NULL: there is none. */
const char *stack_find(void);

/* The stack of a start without a file: tables STAGE-dynamodb-logs and STAGE-core, bus dynamodb-log,
 * archive dynamodb-logs-archive, archive file ./db. */
const struct stack *stack_default(struct arena *arena, const struct stack_options *options);

#endif
