/* stack/loader.h - one load of a stack file: what its steps share.
 *
 *   load.c        which form the file has             stack_load()
 *   yaml.c        text -> nodes                       yaml_parse()
 *
 * Serverless Framework files (serverless/):
 *   serverless.c  the order of the steps              serverless_read()
 *   variables.c   ${...} in all nodes                 variables_resolve()
 *   sources.c     what self:, opt:, env: ... give     source_find()
 *   enabled.c     `enabled: '"a" == "a"'`             enabled_evaluate()
 *   functions.c   functions -> stack->functions       functions_declare(), functions_read()
 *   destinations.c, function_logs.c                   whom their ends are told, their log groups
 *   events.c      what calls them                     events_read()
 *   mappings.c    stream or queue -> function         mappings_read_stream() ...
 *   bridge.c      bus -> function                     bridge_read()
 *   timed.c       time -> function                    timed_read()
 *
 * CloudFormation and SAM templates (template/, with a header of its own):
 *   template.c    the order of the steps              template_read()
 *
 * What both have, CloudFormation's:
 *   intrinsics.c  Ref, Fn::Sub ... in one value       intrinsics_resolve()
 *   references.c  what Ref and Fn::GetAtt find        references_find()
 *   conditions.c  the template's Conditions           conditions_hold()
 *   parameters.c  its Parameters (regex.c)            parameters_read()
 *   resources.c   resources -> calls, archives        resources_read(), resources_read_rules()
 *   property.c    properties as a request's members   property_write()  (rows: property_rows.h)
 *   table.c       a table's calls                     table_read()
 *   queue.c       a queue's calls                     queue_read()
 *   outbound.c    connections, API destinations       outbound_read_connection() ...
 *   schedule.c    schedules and their groups          schedule_read() ...
 *   pipe.c        pipes                               pipe_read()
 *   rules.c       a rule's calls                      rules_add()
 *   lambda.c      functions that are resources        lambda_declare(), lambda_read()
 *   code.c        where their code lies               code_find()
 *   source.c      AWS::Lambda::EventSourceMapping     source_read_mapping()
 *   late.c        values that are known later         late_mark()
 *
 * A step that finds something wrong fills the one error and returns REFUSED (loader_refuse()); what
 * will not act goes into the notes (loader_note()), each once. All memory is the arena's. */
#ifndef DYNLOG_STACK_LOADER_H
#define DYNLOG_STACK_LOADER_H

#include "stack/node.h"

#define LOADER_STAGE_DEFAULT "local"
#define LOADER_REGION_DEFAULT "us-east-1"

#define LOADER_NOTES_MAX 500 /* more are not news any more */
#define LOADER_TEXT_SIZE_MAX                                                                       \
    ((size_t)256 * 1024) /* of one resolved text: Lambda's whole environment has 4 KB */
#define LOADER_TEXT_TOTAL_MAX ((size_t)64 * 1024 * 1024)
#define LOADER_BODY_SIZE_MAX ((size_t)1024 * 1024) /* of one call */
#define LOADER_FILES_MAX 200

struct loader_file { /* one file of ${file(...)} */
    const char *name;
    struct node *root;
};

/* A function of the file, before its fields are read: names are needed by everything else. */
struct loader_function {
    struct bytes key, name, arn, logical_id;
    const struct node *node;
    bool resource; /* the node is an AWS::Lambda::Function, not a function of a Serverless file */
    struct stack_where where; /* of the key */
    bool enabled;
};

struct loader_name {
    struct bytes name, id;
};

struct loader {
    struct arena *arena;
    const struct stack_options *options;
    struct stack *stack;
    struct stack_error *error;
    struct arn_place place;
    bool files_readable; /* false: text from memory; files are not there */

    struct node *root;
    const struct node *resources, *conditions, *mappings,
        *parameters;               /* of CloudFormation; NULL: none */
    bool is_template;              /* and not part of a Serverless file */
    struct loader_name *generated; /* of SAM: what Function.Alias and the like stand for */
    size_t generated_count, generated_capacity;
    bool quiet;                               /* what is not known offline is not noted */
    const struct node **parameter_values;     /* of each of parameters; NULL: not known */
    struct bytes chosen_stage, chosen_region; /* empty until they are known */
    struct bytes stack_name;

    struct loader_function *functions;
    size_t function_count, function_capacity;

    struct loader_file files[LOADER_FILES_MAX];
    size_t file_count;
    size_t node_count, text_total, variable_depth, intrinsic_depth;
    struct bytes *buses; /* names that have their CreateEventBus */
    size_t bus_count;
    size_t call_capacity, note_capacity, mapping_capacity, archive_capacity, bus_capacity;
    size_t made_capacity, late_capacity, alias_capacity, output_capacity, secret_capacity;
};

enum status loader_refuse(struct loader *loader, struct stack_where where, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Once: the same words at the same place are not noted again. */
void loader_note(struct loader *loader, struct stack_where where, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Counts one node against NODE_COUNT_MAX. */
MUST_USE enum status loader_count_node(struct loader *loader, struct stack_where where);
/* Counts bytes of resolved text against LOADER_TEXT_TOTAL_MAX. */
MUST_USE enum status loader_count_text(struct loader *loader, struct stack_where where,
                                       size_t size);

/* Adds a call; the buffer holds its JSON. REFUSED when it did not fit. */
MUST_USE enum status loader_add_call(struct loader *loader, const char *target,
                                     const struct buffer *body, struct bytes resource,
                                     struct stack_where where);
/* What the call added last is followed by when the thing is there. body NULL: the call's own. */
MUST_USE enum status loader_add_update(struct loader *loader, const char *update,
                                       const struct buffer *body);
/* See struct stack_made. body NULL: it stays, and so removal is. */
MUST_USE enum status loader_add_made(struct loader *loader, struct bytes what, const char *removal,
                                     const struct buffer *body, struct stack_where where);

/* The same of what a request removes by its Name alone; called: "pipe", before the name. */
MUST_USE enum status loader_add_made_name(struct loader *loader, const char *called,
                                          struct bytes name, const char *removal,
                                          struct stack_where where);

/* ---- yaml.c ---- */
MUST_USE enum status yaml_parse(struct loader *loader, const char *file, struct bytes text,
                                struct node **ret);

/* ---- variables.c ---- */
/* Everything inside the node, deeply, in place. */
MUST_USE enum status variables_resolve(struct loader *loader, struct node *node);

/* ---- sources.c: what ${source(argument):address} gives ---- */
struct source_value {
    struct node *node;     /* NULL: there is no such value */
    struct node *fallback; /* used when no other source of the variable has a value */
    struct bytes note; /* why it cannot be known offline: then it is noted and empty, not refused */
};
MUST_USE enum status source_find(struct loader *loader, struct bytes text, struct stack_where where,
                                 struct source_value *ret);
/* The node itself, not what is inside it. */
MUST_USE enum status variables_resolve_shallow(struct loader *loader, struct node *node);
/* Walks a.b.0 from the node. NULL: not there. */
MUST_USE enum status variables_walk(struct loader *loader, struct node *from, struct bytes path,
                                    struct node **ret);

/* ---- intrinsics.c ---- */
/* The value with its intrinsic functions performed, deeply. What cannot be known offline is noted
 * and becomes null. node may be NULL and then so is the answer. */
MUST_USE enum status intrinsics_resolve(struct loader *loader, const struct node *node,
                                        const struct node **ret);
/* A text as the answer of a function. */
const struct node *intrinsics_text(struct loader *loader, struct bytes text,
                                   struct stack_where where);
/* Notes that the value is not known; the answer is null. */
const struct node *intrinsics_unknowable(struct loader *loader, const char *function,
                                         struct bytes name, struct stack_where where);

/* ---- late.c ---- */
/* The mark of a value, as text; the same one for the same value. */
struct bytes late_mark(struct loader *loader, enum stack_late_kind kind, struct bytes name);
int32_t late_index(struct loader *loader, enum stack_late_kind kind, struct bytes name);

/* ---- references.c ---- */
/* The name that a resource of that type has: of its property, or as CloudFormation makes one up,
 * without the random end. */
MUST_USE enum status references_name(struct loader *loader, struct bytes id,
                                     const struct node *resource, struct bytes *ret);
/* The ARN of a role that nobody looks at: where AWS wants one and the file's is not known. */
struct bytes references_role(struct loader *loader);
MUST_USE enum status references_find(struct loader *loader, struct bytes name,
                                     struct stack_where where, const struct node **ret);
/* path: Resource.Attribute */
MUST_USE enum status references_find_attribute(struct loader *loader, struct bytes path,
                                               struct stack_where where, const struct node **ret);

/* ---- conditions.c ---- */
/* The truth of one of the template's Conditions. */
MUST_USE enum status conditions_hold(struct loader *loader, const struct node *name, bool *ret);

/* ---- parameters.c ---- */
/* Fills loader->parameter_values. REFUSED: a value that is not allowed; one that a template needs
 * and nobody says. */
MUST_USE enum status parameters_read(struct loader *loader);
/* NULL: there is no such parameter, or its value is not known. */
const struct node *parameters_value(const struct loader *loader, struct bytes name);

/* ---- read.c: values of an expected kind. Intrinsics are performed first. ---- */
/* what: for messages, `batchSize`. Nothing there: *ret stays as it was. */
MUST_USE enum status read_integer(struct loader *loader, const struct node *node, const char *what,
                                  int64_t smallest, int64_t largest, int64_t *ret);
MUST_USE enum status read_boolean(struct loader *loader, const struct node *node, const char *what,
                                  bool *ret);
/* Numbers and booleans are text too. */
MUST_USE enum status read_text(struct loader *loader, const struct node *node, const char *what,
                               struct bytes *ret);
/* A mapping, or nothing (*ret NULL). A list of mappings is merged into one where lists_too. */
MUST_USE enum status read_map(struct loader *loader, const struct node *node, const char *what,
                              bool lists_too, const struct node **ret);

struct key_rule {
    const char *name;
    const char *note; /* NULL: known, nothing to say; else what is not done with it */
};
/* Notes the keys that are not acted on and those that no row knows, with the name that was perhaps
 * meant. what: "a function", for messages. */
void read_check_keys(struct loader *loader, const struct node *map, const struct key_rule *rules,
                     size_t rule_count, const char *what);
/* The candidate that differs least from the word, or an empty text when none is near. */
struct bytes read_nearest(struct bytes word, const struct bytes *candidates, size_t count);

/* ---- enabled.c ---- */
MUST_USE enum status enabled_evaluate(struct loader *loader, const struct node *node, bool *ret);

/* ---- property.c ---- */

/* Properties of a resource are the members of AWS's request, nearly always under the same names. A
 * table says which, and what each is. */
enum property_kind {
    PROPERTY_TEXT,
    PROPERTY_TEXTS,   /* a list */
    PROPERTY_INTEGER, /* from smallest to largest, also as text */
    PROPERTY_BOOLEAN,
    PROPERTY_TIME,      /* ISO 8601 -> seconds since 1970 */
    PROPERTY_VALUE,     /* as it is */
    PROPERTY_PATTERN,   /* a mapping or JSON -> text that is JSON */
    PROPERTY_MAP,       /* of the properties `inside` */
    PROPERTY_LIST,      /* of such mappings */
    PROPERTY_ELSEWHERE, /* known; its reader looks at it */
};

struct property {
    const char *name;
    const char *call_name; /* AWS's own, where it differs; NULL: name */
    const char *what;      /* one such mapping, for messages: "an index"; NULL: name */
    enum property_kind kind;
    const char *note;   /* not NULL: what is not done with it; it is left out */
    const char *stated; /* not NULL: a member of the mapping that is true because it is there */
    int64_t smallest, largest;
    const struct property *inside;
    size_t inside_count;
    bool required;
};

/* The members of a mapping, into the object that is open; what: "a queue", for messages. Keys that
 * no row knows are noted. The mapping's intrinsics are performed already. */
MUST_USE enum status property_write(struct loader *loader, struct json_writer *writer,
                                    const struct node *map, const struct property *properties,
                                    size_t count, const char *what);
/* One of them alone; the other keys are not looked at. */
MUST_USE enum status property_write_one(struct loader *loader, struct json_writer *writer,
                                        const struct node *map, const struct property *property,
                                        const char *what);
/* The Properties of a resource with their intrinsics performed; an empty mapping when there are
 * none. */
MUST_USE enum status property_read(struct loader *loader, struct bytes id,
                                   const struct node *resource, const struct node **ret);
/* The member of that name: [{Key, Value}] as {Key: Value}; nothing when there are none. */
MUST_USE enum status property_write_tags(struct loader *loader, struct json_writer *writer,
                                         const char *name, const struct node *tags);
/* RoleArn, which AWS requires; who may do what means nothing here. */
MUST_USE enum status property_write_role(struct loader *loader, struct json_writer *writer,
                                         const struct node *map);
bool property_has_value(const struct node *map, const char *name);

/* ---- functions.c, events.c ---- */
MUST_USE enum status functions_declare(struct loader *loader);
MUST_USE enum status functions_read(struct loader *loader);
/* A function's own value, else the provider's. */
const struct node *function_inherited(const struct loader *loader, const struct node *node,
                                      const char *name);
MUST_USE enum status destinations_read(struct loader *loader, const struct node *node,
                                       struct stack_function *function);
MUST_USE enum status function_logs_read(struct loader *loader, const struct node *node,
                                        struct stack_function *function);
/* By key, name or ARN, also with a qualifier; NULL when there is none. Disabled functions too. */
const struct loader_function *stack_function_find(const struct loader *loader, struct bytes name);
MUST_USE enum status events_read(struct loader *loader, const struct loader_function *function);

/* ---- mappings.c, bridge.c, timed.c: one event; index: its place among the function's, from 1.
 * Of `schedule` the expressions are counted: *number is of the last one. ---- */
MUST_USE enum status mappings_read_stream(struct loader *loader,
                                          const struct loader_function *function,
                                          const struct node_member *event);
MUST_USE enum status mappings_read_queue(struct loader *loader,
                                         const struct loader_function *function,
                                         const struct node_member *event);
/* The table of arn:...:table/NAME/stream/LABEL; what: "arn", for messages. Empty, and noted, when
 * it is no change stream that is known here. */
MUST_USE enum status mappings_table(struct loader *loader, const struct node *node,
                                    const char *what, struct stack_where where, struct bytes *ret);
void mappings_add_one(struct loader *loader, const struct stack_mapping *mapping);
MUST_USE enum status bridge_read(struct loader *loader, const struct loader_function *function,
                                 const struct node_member *event, size_t index);
MUST_USE enum status timed_read(struct loader *loader, const struct loader_function *function,
                                const struct node_member *event, size_t *number);
/* inputPath and inputTransformer of an event, into the target; input is JSON where it is a
 * mapping. */
struct rule_target;
MUST_USE enum status bridge_read_transformer(struct loader *loader, const struct node *event,
                                             struct rule_target *target);
/* Ref or Fn::...: what stands there is not a mapping of ours. */
bool node_is_intrinsic(const struct node *node);

/* ---- resources.c, table.c, queue.c, outbound.c, schedule.c, pipe.c ---- */
MUST_USE enum status pipe_read(struct loader *loader, struct bytes id, const struct node *resource);
MUST_USE enum status resources_find(struct loader *loader);
/* Resources, Conditions, Mappings, Parameters of a template. */
MUST_USE enum status resources_find_sections(struct loader *loader, const struct node *sections);
MUST_USE enum status resources_read(struct loader *loader);
MUST_USE enum status resources_read_rules(struct loader *loader);
/* The bus of `eventBus: x` or an archive's source: a name or an ARN. A bus that is not the stack's
 * own is made too, with a note. Empty when it cannot be known (noted already). */
MUST_USE enum status resources_bus(struct loader *loader, const struct node *node, const char *what,
                                   struct bytes *ret);
MUST_USE enum status table_read(struct loader *loader, struct bytes id,
                                const struct node *resource);
MUST_USE enum status table_read_global(struct loader *loader, struct bytes id,
                                       const struct node *resource);

MUST_USE enum status queue_read(struct loader *loader, struct bytes id,
                                const struct node *resource);
/* When all queues are there: they name each other. */
MUST_USE enum status queue_read_attributes(struct loader *loader, struct bytes id,
                                           const struct node *resource);
MUST_USE enum status outbound_read_connection(struct loader *loader, struct bytes id,
                                              const struct node *resource);
MUST_USE enum status outbound_read_destination(struct loader *loader, struct bytes id,
                                               const struct node *resource);
MUST_USE enum status schedule_read_group(struct loader *loader, struct bytes id,
                                         const struct node *resource);
MUST_USE enum status schedule_read(struct loader *loader, struct bytes id,
                                   const struct node *resource);
/* CreateSchedule, and UpdateSchedule where it is there; body: its JSON, with the name too. */
MUST_USE enum status schedule_add(struct loader *loader, struct bytes name, struct bytes group,
                                  const struct buffer *body, struct bytes resource,
                                  struct stack_where where);
/* arn: of what rule or schedule sends to. False, and noted: dynlog has nothing of that kind, or it
 * is not known; or it is a function that is disabled. */
bool target_is_ours(struct loader *loader, struct bytes arn, struct stack_where where);

/* ---- rules.c: PutRule and PutTargets ---- */
struct rule_target { /* of an event of a function */
    struct bytes id, arn;
    struct bytes input, input_path;      /* empty: not said */
    const struct node *input_paths;      /* of an input transformer; NULL: none */
    struct bytes input_template;         /* its template; ptr NULL: no transformer */
    int64_t retry_attempts, event_age_s; /* -1: not said */
    struct bytes dead_letter_arn;
};
#define RULE_TARGET_INIT ((struct rule_target){.retry_attempts = -1, .event_age_s = -1})

struct rule {
    struct bytes name, bus, description;
    struct bytes pattern;  /* JSON; empty: none */
    struct bytes schedule; /* empty: none */
    struct bytes role;     /* empty: none */
    bool enabled;
    struct bytes resource; /* for the calls' messages */
    struct stack_where where;
    const struct rule_target *target; /* NULL: as below */
    const struct node *targets;       /* of a resource: a list; NULL: none */
};
MUST_USE enum status rules_add(struct loader *loader, const struct rule *rule);
/* A pattern or input as JSON text: a mapping is printed, text is taken as JSON already where
 * text_too. */
MUST_USE enum status rules_json(struct loader *loader, const struct node *node, const char *what,
                                bool text_too, struct bytes *ret);
/* NAME-rule-N and NAME-rule-N-target as the Serverless Framework makes them: at most 64 characters,
 * by a hash when they are longer. */
MUST_USE enum status rules_name(struct loader *loader, struct bytes function_name, size_t index,
                                struct stack_where where, struct bytes *ret_rule,
                                struct bytes *ret_target);
MUST_USE enum status rules_read_resource(struct loader *loader, struct bytes id,
                                         const struct node *resource);
/* Custom::EventBridge, which the Serverless Framework made before it used AWS::Events::Rule. */
MUST_USE enum status rules_read_custom(struct loader *loader, struct bytes id,
                                       const struct node *resource);

/* ---- lambda.c, code.c, source.c: AWS::Lambda::* ---- */
/* Adds the functions among the resources to loader->functions. */
MUST_USE enum status lambda_declare(struct loader *loader);
MUST_USE enum status lambda_read(struct loader *loader, const struct loader_function *declared);
MUST_USE enum status lambda_read_invoke_config(struct loader *loader, struct bytes id,
                                               const struct node *resource);
MUST_USE enum status lambda_read_version(struct loader *loader, struct bytes id,
                                         const struct node *resource);
MUST_USE enum status lambda_read_alias(struct loader *loader, struct bytes id,
                                       const struct node *resource);
/* What Ref (attribute "") and Fn::GetAtt give of a version or an alias. *ret empty: not known. */
MUST_USE enum status lambda_reference(struct loader *loader, const struct node *resource,
                                      struct bytes attribute, struct bytes *ret);
/* Adds the variables of the map; a name that is there gets the new value. The array has room. */
MUST_USE enum status lambda_add_environment(struct loader *loader, const struct node *map,
                                            struct stack_function *function);
/* Code of a function's Properties, its intrinsics performed. *ret_known false, and noted: it is
 * nowhere here. */
MUST_USE enum status code_find(struct loader *loader, const struct loader_function *declared,
                               const struct node *properties, struct stack_code *ret,
                               bool *ret_known);
MUST_USE enum status source_read_mapping(struct loader *loader, struct bytes id,
                                         const struct node *resource);

/* ---- load.c, serverless.c, template/template.c ---- */
/* The nodes of the whole file are in loader->root. */
MUST_USE enum status serverless_read(struct loader *loader);
MUST_USE enum status template_read(struct loader *loader);
/* Once functions and resources are found: they are read, in the order in which they need each
 * other. */
MUST_USE enum status load_resources(struct loader *loader);
/* Settings of dynlog's own: {archive, shards}. what: where they stand, for messages. */
MUST_USE enum status load_dynlog(struct loader *loader, const struct node *node, const char *what);
/* The same as stack_load() from text in memory; other files are not there. */
MUST_USE enum status stack_load_text(struct arena *arena, const struct stack_options *options,
                                     struct bytes text, const struct stack **ret,
                                     struct stack_error *reterr);

#endif
