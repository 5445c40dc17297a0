/* api/dynamodb/legacy.h - DynamoDB's parameters from before expressions, decoded into the trees of
 * expressions (expr/build.h): from there on nothing tells them apart. (AWS: DynamoDB developer
 * guide, "Legacy conditional parameters".)
 *
 *   Expected                                 a condition         legacy_conditions.c
 *   QueryFilter, ScanFilter                  a filter            legacy_conditions.c
 *   KeyConditions                            key terms           legacy_conditions.c
 *   AttributeUpdates                         an update           legacy_attributes.c
 *   AttributesToGet                          a projection        legacy_attributes.c
 *
 * That none of them stands beside an expression is dynamodb_check_parameters()'s to see. Each of
 * these leaves *ret alone when the parameter is absent or empty. REFUSED: AWS's
 * ValidationException. Results live in the call's arena and point into its body. */
#ifndef DYNLOG_API_DYNAMODB_LEGACY_H
#define DYNLOG_API_DYNAMODB_LEGACY_H

#include "api/dynamodb/dynamodb.h"

/* With ConditionalOperator, which is refused without two conditions to join. */
MUST_USE enum status legacy_expected(struct api_call *call, const struct json *body,
                                     const struct expr_condition **ret, struct api_error *reterr);
/* name: QueryFilter or ScanFilter. */
MUST_USE enum status legacy_filter(struct api_call *call, const struct json *body, const char *name,
                                   const struct expr_condition **ret, struct api_error *reterr);

/* What can be said of KeyConditions without the key's schema; expr_match_key_terms() says the rest.
 */
MUST_USE enum status legacy_key_terms(struct api_call *call, const struct json *body,
                                      struct key_term **ret, size_t *ret_count,
                                      struct api_error *reterr);

MUST_USE enum status legacy_updates(struct api_call *call, const struct json *body,
                                    const struct expr_update **ret, struct api_error *reterr);
MUST_USE enum status legacy_attributes_to_get(struct api_call *call, const struct json *body,
                                              const struct expr_projection **ret,
                                              struct api_error *reterr);

#endif
