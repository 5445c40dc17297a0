/* client/credentials.h - the keys that requests are signed with, and where they come from.
 *
 *   environment     AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; not with --profile
 *   credentials     aws_access_key_id and its fellows of the profile
 *   a process       credential_process of the profile: a program that prints them as JSON, and is
 *                   run again when they are over
 *   config          aws_access_key_id and its fellows, there
 *
 * That is AWS's order. What AWS's tools fetch from elsewhere - roles, single sign-on, web identity,
 * containers, instances - is refused by its name, with what to do: `aws configure
 * export-credentials` is such a process. */
#ifndef DYNLOG_CLIENT_CREDENTIALS_H
#define DYNLOG_CLIENT_CREDENTIALS_H

#include "client/settings.h"

#define CREDENTIALS_MESSAGE_SIZE 1024

struct credentials {
    const char *key_id, *secret; /* NULL: there are none */
    const char *token;           /* NULL: none */
    const char *process;         /* NULL: they are for ever; else who is asked for the next ones */
    uint64_t expires_ms;         /* 0: nobody said */
};

struct credentials_wanted {
    const struct settings *settings;
    bool profile_was_asked; /* the environment's do not count */
    bool are_needed;        /* AWS is asked, or a profile was: none is an error */
    bool may_run;           /* a process is worth running */
};

/* OK: also without keys, when none are needed. NOT_PERMITTED: `message` says why there are none. */
MUST_USE enum status credentials_find(struct arena *arena, const struct credentials_wanted *wanted,
                                      struct credentials *ret,
                                      char message[CREDENTIALS_MESSAGE_SIZE]);

/* Runs the process. NOT_PERMITTED: `message` says what it did instead of printing keys. */
MUST_USE enum status credentials_run(struct arena *arena, const char *process,
                                     struct credentials *ret,
                                     char message[CREDENTIALS_MESSAGE_SIZE]);
/* The next keys of the process of `old`, which are over or soon will be: of one run for all clients
 * of this program that ask within a minute. */
MUST_USE enum status credentials_renew(struct arena *arena, const struct credentials *old,
                                       struct credentials *ret,
                                       char message[CREDENTIALS_MESSAGE_SIZE]);
/* What it printed. */
MUST_USE enum status credentials_parse(struct arena *arena, const char *process, struct bytes text,
                                       struct credentials *ret,
                                       char message[CREDENTIALS_MESSAGE_SIZE]);

#endif
