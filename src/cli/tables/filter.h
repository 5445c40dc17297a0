/* cli/tables/filter.h - conditions, lists of attributes and assignments as a person types them, as
 * AWS's expressions. Values stand where they are meant, and any attribute may be named:
 *
 *   type = "signup" and payload.age > 3   ->   #n0 = :v0 AND #n1.#n2 > :v1
 *
 *   names      type  payload.age  tags[0]  first-name  `any other`  (letters, digits, _ - $ @ and
 *              what is not ASCII; in backquotes everything else, and words such as `and`)
 *   values     "text" 'text' 12.5 true false null, b"aGVsbG8=" (binary), and JSON as plain.h reads
 *              it: ["a",1] {"a":1} {"$stringSet":["a"]}
 *   compare    = == <> != < <= > >=   ^= (begins with)   [not] between A and B   [not] in (A, B)
 *   functions  attribute_exists(a) attribute_not_exists(a), shorter exists(a) missing(a);
 *              attribute_type(a, "S") begins_with(a, "x") contains(a, "x") size(a)
 *   join       and && or || not ! ( )
 *   changes    a = b + 1, c = if_not_exists(c, 0), d = list_append(d, ["x"])   (--set)
 *
 * What reads well here, AWS reads too: it is checked by the same rules (expr/expr.h) before
 * anything is asked. */
#ifndef DYNLOG_CLI_TABLES_FILTER_H
#define DYNLOG_CLI_TABLES_FILTER_H

#include "cli/tables/binding.h"

#define TABLES_NESTING_MAX 100 /* parentheses and "not" inside each other: bounds the recursion */

struct tables_fault {
    char message[1024]; /* a sentence, with its place */
};

/* Append an expression to `out`, its names and values to the binding. False: the fault says what
 * was expected where. */
MUST_USE bool tables_condition_read(struct bytes text, enum expr_kind kind,
                                    struct tables_binding *binding, struct buffer *out,
                                    struct tables_fault *reterr);
/* "a, b.c, d[0]" */
MUST_USE bool tables_attributes_read(struct bytes text, struct tables_binding *binding,
                                     struct buffer *out, struct tables_fault *reterr);

enum tables_clause { TABLES_SET, TABLES_REMOVE, TABLES_ADD, TABLES_DELETE };

/* One clause of an update: "a = 1, b = b + 1" of SET, "a, b.c" of REMOVE, "a 1, b 2" of the
 * others. */
MUST_USE bool tables_clause_read(struct bytes text, enum tables_clause clause,
                                 struct tables_binding *binding, struct buffer *out,
                                 struct tables_fault *reterr);
/* A whole update, of clauses, by AWS's rules. */
MUST_USE bool tables_update_check(struct bytes expression, struct tables_binding *binding,
                                  struct tables_fault *reterr);

#endif
