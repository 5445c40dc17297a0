/* stack/node.h - a YAML value that knows its place: what every step of reading a stack file works
 * on.
 *
 * Nodes live in the loader's arena and are shared: an alias and its anchor, or two variables with
 * one value, are one node. So the values form a graph without cycles (yaml.c and variables.c refuse
 * them), and whoever walks one deeply counts against the loader's node budget. */
#ifndef DYNLOG_STACK_NODE_H
#define DYNLOG_STACK_NODE_H

#include "stack/stack.h"

#define NODE_DEPTH_MAX 64 /* lists and mappings inside each other; below JSON_DEPTH_MAX */
#define NODE_COUNT_MAX                                                                             \
    200000 /* of one load, with the copies: stops files that unfold without end */
#define NODE_MEMBERS_MAX 4096 /* of one mapping; names are compared one by one */

enum node_kind { NODE_NULL, NODE_BOOLEAN, NODE_NUMBER, NODE_STRING, NODE_LIST, NODE_MAP };

/* How far the variables of a node are resolved (variables.c). */
enum node_state {
    NODE_RAW,       /* may still be a ${variable} */
    NODE_RESOLVING, /* its variables are being resolved: meeting it again is a cycle */
    NODE_SHALLOW,   /* itself a value; what is inside it may not be */
    NODE_WALKING,   /* what is inside it is being resolved: meeting it again is a cycle */
    NODE_DONE,
};

struct node_member {
    struct bytes name;
    struct stack_where where; /* of the name */
    struct node *value;
    bool merged; /* came through `<<`: a later name of its own wins */
};

struct node {
    enum node_kind kind;
    enum node_state state;
    bool boolean;
    uint32_t height;     /* levels inside it, once NODE_DONE */
    struct bytes text;   /* NODE_STRING; NODE_NUMBER as JavaScript prints it, which is JSON too */
    size_t count;        /* items or members */
    struct node **items; /* NODE_LIST */
    struct node_member *members; /* NODE_MAP */
    struct stack_where where;    /* of a list or mapping: where it is written */
    struct stack_where
        variable; /* where the variable stood that it is the value of; line 0: none */
};

struct node *node_new(struct arena *arena, enum node_kind kind, struct stack_where where);
struct node *node_new_string(struct arena *arena, struct bytes text, struct stack_where where);

/* NULL is a node that is not there: every reader below answers for it. */
static inline bool node_is(const struct node *node, enum node_kind kind)
{
    return node != NULL && node->kind == kind;
}

/* Not there, or null. */
static inline bool node_is_nothing(const struct node *node)
{
    return node == NULL || node->kind == NODE_NULL;
}

/* The member of a mapping; NULL when there is none. */
const struct node_member *node_find(const struct node *map, struct bytes name);
struct node *node_get(const struct node *map, const char *name);

/* Text, number and boolean as text ("true"); nothing as the empty text. False for lists and
 * mappings. */
bool node_scalar_text(const struct node *node, struct bytes *ret);

/* For messages: `"many"`, `5`, `a list`, `nothing`. */
struct bytes node_describe(struct arena *arena, const struct node *node);

/* As JSON. Stops early when the buffer is full. */
void node_write(struct json_writer *writer, const struct node *node);

/* ---- scalar.c: what a plain (unquoted) scalar means ---- */

/* Sets kind, boolean and text as YAML 1.2's core schema does, in the dialect of js-yaml, which the
 * Serverless Framework reads with. */
void scalar_resolve(struct arena *arena, struct bytes plain, struct node *node);
/* A number as JavaScript prints it: 1, 0.5, 1e+21. */
struct bytes scalar_number_text(struct arena *arena, double number);
/* The whole text is a decimal number, as JSON or YAML write it. */
bool scalar_is_decimal(struct bytes text, double *ret);

#endif
