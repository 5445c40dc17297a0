/* api/sqs/sqs.h - what SQS's operations share. */
#ifndef DYNLOG_API_SQS_SQS_H
#define DYNLOG_API_SQS_SQS_H

#include "api/api.h"
#include "api/decode.h"
#include "api/operations.h"
#include "api/query.h"
#include "api/shape.h"

/* shapes.c */
#define SQS_RESULT_COUNT 14
extern const struct query_result sqs_results[SQS_RESULT_COUNT];

/* query.c: the code that batches name an entry's error by. */
const char *sqs_code(enum api_error_kind kind);

/* ---- common.c ---- */

/* The name in QueueUrl: http://HOST/ACCOUNT/NAME, or only the path. Host and account choose
 * nothing. REFUSED when it is no such URL. */
MUST_USE enum status sqs_queue_name(struct api_call *call, struct bytes *ret);
/* The queue that QueueUrl names; until the next change. */
MUST_USE enum status sqs_queue(struct api_call *call, const struct queue_view **ret);
/* http://HOST/ACCOUNT/NAME with the host that the request was sent to. */
struct bytes sqs_queue_url(struct api_call *call, struct bytes name);

/* A map of texts; an array in the arena. */
struct queue_pair *sqs_pairs(struct api_call *call, const char *member, size_t *ret_count);
/* A list of texts. */
struct bytes *sqs_texts(struct api_call *call, const char *member, size_t *ret_count);

struct queue_change *sqs_change(struct api_call *call, enum queue_change_kind kind);
void sqs_submit(struct api_call *call, struct queue_change *change, enum status status);
/* {} */
void sqs_answer_nothing(struct api_call *call);

/* A page of a list in the order of names: NextToken is the last name of the page before. */
struct sqs_page {
    size_t first, end;
    bool more;
};
MUST_USE enum status sqs_page(struct api_call *call, const struct queue_view *const *list,
                              size_t count, struct sqs_page *ret);
/* "MEMBER": [URL, ...] and "NextToken". */
void sqs_answer_page(struct api_call *call, const char *member,
                     const struct queue_view *const *list, const struct sqs_page *page);

/* ---- batch.c: what all batches have ---- */

/* The entries' ids: present, well formed, different, as many as allowed. *ret are the entries. */
MUST_USE enum status sqs_batch(struct api_call *call, const char *entry_name,
                               const struct json **ret, size_t *ret_count);
/* One element of "Failed". */
void sqs_write_failed(struct json_writer *w, struct bytes id, const struct api_error *error);

#endif
