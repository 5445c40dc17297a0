/* client/target.h - who is asked: a dynlog, AWS, or another engine that speaks DynamoDB; with which
 * keys; and which table.
 *
 *   endpoint   --endpoint, else AWS itself with --region, else AWS_ENDPOINT_URL_DYNAMODB,
 *              AWS_ENDPOINT_URL, else http://127.0.0.1:8000
 *   region     --region, else the one in an AWS endpoint's name, AWS_REGION, AWS_DEFAULT_REGION,
 *              else us-east-1
 *   keys       of --profile, else AWS_ACCESS_KEY_ID and its fellows, else of AWS_PROFILE or
 *              `default` in ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE); else any, unless AWS
 *              is asked
 *   table      --table, else STAGE-dynamodb-logs */
#ifndef DYNLOG_CLIENT_TARGET_H
#define DYNLOG_CLIENT_TARGET_H

#include "base/arena.h"

#define TARGET_ENDPOINT_DEFAULT "http://127.0.0.1:8000"
#define TARGET_STAGE_DEFAULT "local"
#define TARGET_TABLE_SUFFIX "-dynamodb-logs"

struct target_options { /* what was asked for; NULL: nothing */
    const char *endpoint, *region, *profile, *stage, *table;
};

struct target {
    const char *url;  /* no slash at the end */
    const char *host; /* without port and brackets */
    bool is_aws, is_this_machine;
    const char *region, *key_id, *secret;
    const char *token; /* NULL: none */
    const char *table;
};

#define TARGET_MESSAGE_SIZE 1024

/* Texts live in the arena. REFUSED, and NOT_PERMITTED for keys that
 * are not there: `message` says what is wrong. */
MUST_USE enum status target_resolve(struct arena *arena, const struct target_options *options,
                                    struct target *ret, char message[TARGET_MESSAGE_SIZE]);

#endif
