/* cli/tables/key.h - keys as a person types them, a word an attribute:
 *
 *   pk=users#12#stream sk=1        types are those of the table or index
 *   sk>=3  sk<3  sk=1..10  sk=3..  of a query's sort key; also "sk >= 3" with blanks
 *   sk^=2026-                      begins with
 *   sk==1..10                      "==" takes what follows as it is
 *   users#12#stream 1              without names, in the order of the key
 *
 * Binary is base64. */
#ifndef DYNLOG_CLI_TABLES_KEY_H
#define DYNLOG_CLI_TABLES_KEY_H

#include "cli/tables/filter.h"

/* "pk (text) and sk (a number)" */
const char *tables_key_text(struct arena *arena, const struct key_schema *keys);

enum tables_key_use {
    TABLES_KEY_OF_ITEM,   /* every attribute, with "=" */
    TABLES_KEY_CONDITION, /* the partition key, and as much of the sort key as there is */
};

struct tables_key_part {
    const struct key_attribute *attribute;
    enum range_operator operator_;
    struct value low, high; /* high: only for BETWEEN */
};

struct tables_key {
    struct tables_key_part parts[KEY_ATTRIBUTES_MAX]; /* in the order of the schema */
    size_t count;
};

/* Values live in the arena, or where the words do. False: the fault says what was expected. */
MUST_USE bool tables_key_read(struct arena *arena, const char *const *words, size_t count,
                              const struct key_schema *schema, enum tables_key_use use,
                              struct tables_key *ret, struct tables_fault *reterr);

/* {"pk":{"S":"..."},"sk":{"N":"1"}} */
void tables_key_print(struct buffer *out, const struct tables_key *key);
/* "#n0 = :v0 AND #n1 >= :v1" */
void tables_key_condition(struct tables_binding *binding, struct buffer *out,
                          const struct tables_key *key);

#endif
