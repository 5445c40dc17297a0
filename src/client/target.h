/* client/target.h - who is asked: a dynlog, AWS, or another engine that speaks DynamoDB; with which
 * keys; and which table.
 *
 *   endpoint   --endpoint, else AWS itself with --region, else what is configured, else
 *              http://127.0.0.1:8000
 *   configured AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, endpoint_url of the profile's
 *              `services` section, of the profile; nothing of it with
 *              AWS_IGNORE_CONFIGURED_ENDPOINT_URLS. Other services have theirs by their own names
 *              (AWS_ENDPOINT_URL_EVENTBRIDGE, ..._LAMBDA, ..._CLOUDWATCH_LOGS,
 *              ..._DYNAMODB_STREAMS), and are asked there when the endpoint is the configured one
 *   region     --region, else the one in an AWS endpoint's name, AWS_REGION, AWS_DEFAULT_REGION,
 *              the profile's, else us-east-1
 *   keys       client/credentials.h; any, unless AWS is asked
 *   table      --table, else STAGE-dynamodb-logs
 *
 * The profile is --profile, else AWS_PROFILE, else `default` (client/settings.h). */
#ifndef DYNLOG_CLIENT_TARGET_H
#define DYNLOG_CLIENT_TARGET_H

#include "client/credentials.h"

#define TARGET_ENDPOINT_DEFAULT "http://127.0.0.1:8000"
#define TARGET_STAGE_DEFAULT "local"
#define TARGET_TABLE_SUFFIX "-dynamodb-logs"

struct target_options { /* what was asked for; NULL: nothing */
    const char *endpoint, *region, *profile, *stage, *table;
};

enum target_service { /* each has a host of its own on AWS */
                      TARGET_DYNAMODB,
                      TARGET_DYNAMODB_STREAMS,
                      TARGET_EVENTS,
                      TARGET_LAMBDA,
                      TARGET_LOGS,
                      TARGET_SERVICE_COUNT,
};

struct target {
    const char *url;                          /* no slash at the end */
    const char *host;                         /* without port and brackets */
    const char *others[TARGET_SERVICE_COUNT]; /* URLs of services that are elsewhere; NULL: not */
    bool is_aws, is_this_machine;
    bool is_fips; /* of AWS: hosts with cryptography by FIPS 140 */
    const char *region, *key_id, *secret;
    const char *token;     /* NULL: none */
    const char *process;   /* who is asked for keys when these are over; NULL: nobody */
    uint64_t expires_ms;   /* 0: nobody said */
    const char *ca_bundle; /* certificates that are trusted; NULL: the system's */
    const char *table;
};

#define TARGET_MESSAGE_SIZE CREDENTIALS_MESSAGE_SIZE

/* Texts live in the arena, all of them. REFUSED, and NOT_PERMITTED for keys that
 * are not there: `message` says what is wrong. */
MUST_USE enum status target_resolve(struct arena *arena, const struct target_options *options,
                                    struct target *ret, char message[TARGET_MESSAGE_SIZE]);

/* Where a service is asked: "https://events.eu-central-1.amazonaws.com". */
struct bytes target_url(struct arena *arena, const struct target *target,
                        enum target_service service);
/* Its name in signatures: "events". */
const char *target_signing_name(enum target_service service);

#endif
