/* partiql/words.h - the words that may not name an attribute or a table without quotes: those of
 * SQL-92 and PartiQL's own. Private to src/partiql. */
#ifndef DYNLOG_PARTIQL_WORDS_H
#define DYNLOG_PARTIQL_WORDS_H

#include "partiql/lexer.h"

/* TOKEN_NAME when it is none of them. In any mix of upper and lower case. */
enum token_kind partiql_word(struct bytes word);

#endif
