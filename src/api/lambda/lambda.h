/* api/lambda/lambda.h - what the operations on functions share. (AWS: Lambda API reference.) */
#ifndef DYNLOG_API_LAMBDA_LAMBDA_H
#define DYNLOG_API_LAMBDA_LAMBDA_H

#include "api/api.h"
#include "api/decode.h"
#include "functions/change.h"

#define LAMBDA_PAGE_MAX 50 /* AWS: "returns a maximum of 50 items in each response" */

/* What FunctionName and Qualifier name together. */
struct lambda_subject {
    struct bytes name;      /* bare */
    struct bytes qualifier; /* empty: none was given */
};
/* REFUSED with call->error: two qualifiers that differ, a name that is too long. */
MUST_USE enum status lambda_subject(struct api_call *call, struct lambda_subject *ret);
/* The same for operations on a function as a whole. */
MUST_USE enum status lambda_subject_bare(struct api_call *call, struct lambda_subject *ret);
/* NULL: call->error says that there is none. Holds until the next change. */
const struct function_record *lambda_record(struct api_call *call,
                                            const struct lambda_subject *subject);
/* The subject and its record; NULL: call->error says why not. bare: of a function as a whole. */
const struct function_record *lambda_find(struct api_call *call, bool bare,
                                          struct lambda_subject *ret);
/* "Function not found: ARN", as call->error. */
enum status lambda_refuse_unknown(struct api_call *call, const struct lambda_subject *subject);
/* What the qualifier leads to; NULL: call->error says that there is none. */
const struct function_configuration *lambda_configuration(struct api_call *call,
                                                          const struct function_record *record,
                                                          const struct lambda_subject *subject);

/* arn:...:function:NAME[:QUALIFIER], in the call's arena. */
struct bytes lambda_arn(struct api_call *call, struct bytes name, struct bytes qualifier);

/* FunctionConfiguration; qualifier is the ARN's, empty for none. */
void lambda_write_configuration(struct api_call *call, struct json_writer *w,
                                const struct function_record *record,
                                const struct function_configuration *configuration,
                                struct bytes qualifier);

/* A change in the call's arena, of the subject; its context is the call. done() answers. */
struct function_change *lambda_change(struct api_call *call, enum function_change_kind kind,
                                      const struct lambda_subject *subject,
                                      void (*done)(struct function_change *change,
                                                   enum status status));
/* The same for one that is part of something larger; it is zero. */
void lambda_change_begin(struct api_call *call, struct function_change *change,
                         enum function_change_kind kind, const struct lambda_subject *subject,
                         void (*done)(struct function_change *change, enum status status));
/* True: answered already, because the change failed. */
bool lambda_failed(struct function_change *change, enum status status);
/* 204, for operations that answer nothing. */
void lambda_answer_nothing(struct function_change *change, enum status status);

/* Tags: {key: value}. */
void lambda_decode_tags(struct api_call *call, struct function_change *change);

/* A page of a list whose elements are told apart by a text that grows. */
struct lambda_page {
    struct bytes marker; /* the last one of the page before; empty: the first page */
    size_t count_max, count;
    struct bytes last; /* of this page */
    bool more;
};
void lambda_page(struct api_call *call, struct lambda_page *ret);
/* Whether the element is of this page; it counts then. */
bool lambda_page_takes(struct lambda_page *page, struct bytes place);
/* NextMarker, when there is more. */
void lambda_page_write(const struct lambda_page *page, struct json_writer *w);

#endif
