/* net/sigv4.h - AWS Signature Version 4: checking a request's signature against known keys.
 * (AWS: "Signature Version 4 signing process" in the IAM user guide.)
 *
 * By default dynlog accepts any key and any signature, as local stacks do; with a credentials file
 * it checks. Errors are AWS's: MissingAuthenticationToken, IncompleteSignature, UnrecognizedClient,
 * InvalidSignature (also for a date more than 15 minutes away). */
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

#endif
