/* expr/reserved.h - the words that may not stand for an attribute in an expression. */
#ifndef DYNLOG_EXPR_RESERVED_H
#define DYNLOG_EXPR_RESERVED_H

#include "base/bytes.h"

/* In any mix of upper and lower case. */
bool reserved_word(struct bytes word);

#endif
