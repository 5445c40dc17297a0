/* cli/tables/binding.h - the names and values of a request's expressions: every name becomes a
 * placeholder, so that no word is reserved and no character forbidden, and so does every value.
 *
 *   type = "signup"   ->   #n0 = :v0    {"#n0":"type"}   {":v0":{"S":"signup"}}
 *
 * A name that stands twice has one placeholder. Everything lives in the arena. */
#ifndef DYNLOG_CLI_TABLES_BINDING_H
#define DYNLOG_CLI_TABLES_BINDING_H

#include "expr/expr.h"

struct tables_binding {
    struct arena *arena;
    struct expr_names names;
    size_t name_capacity, value_capacity;
};

/* Append a placeholder. */
void tables_bind_name(struct tables_binding *binding, struct buffer *out, struct bytes name);
void tables_bind_value(struct tables_binding *binding, struct buffer *out,
                       const struct value *value);

/* ExpressionAttributeNames and ExpressionAttributeValues, as far as there are any. */
void tables_binding_print(const struct tables_binding *binding, struct json_writer *w);

#endif
