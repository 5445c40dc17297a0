/* net/sigv4.h - AWS Signature Version 4: checking a request's signature against known keys.
 * (AWS: "Signature Version 4 signing process" in the IAM user guide.)
 *
 * By default any key may sign and no signature is computed, as local stacks do; but a request that
 * AWS would not even look at (sigv4_check_form()) is refused in AWS's words. With a credentials
 * file signatures are checked. Errors are AWS's: MissingAuthenticationToken, IncompleteSignature,
 * UnrecognizedClient, InvalidSignature (also for a date more than 15 minutes away). */
#ifndef DYNLOG_NET_SIGV4_H
#define DYNLOG_NET_SIGV4_H

#include "base/api_error.h"
#include "base/clock.h"
#include "net/http.h"

struct sigv4_keys;

/* The format of ~/.aws/credentials: every profile's aws_access_key_id and aws_secret_access_key.
 * `message` says file, line and what was expected. */
MUST_USE enum status sigv4_keys_load(const char *path, struct sigv4_keys **ret, char message[512]);
void sigv4_keys_free(struct sigv4_keys *keys);

/* Header form and query form (presigned). OK, or REFUSED with *reterr. */
MUST_USE enum status sigv4_check(const struct sigv4_keys *keys, struct http_request *request,
                                 uint64_t now_ms, struct api_error *reterr);

/* Only whether there is a signature with all its parts, in one of the two forms. */
MUST_USE enum status sigv4_check_form(struct http_request *request, struct api_error *reterr);

#endif
