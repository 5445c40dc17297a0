/* user.h - a user as their events make them: the read model. */
#ifndef USER_H
#define USER_H

#include <dynlog.h>

struct user {
    char id[128], name[128], email[128], phone_number[64], longitude[32], latitude[32];
    bool verified; /* the phone number */
    uint64_t version;
};

/* From nothing, or from where it is. The event that is missing, or that stopped it, is in the
 * error. */
enum dynlog_status user_catch_up(struct dynlog *dynlog, struct user *user,
                                 struct dynlog_error *error);

/* {"id":"12","version":2,"name":"test",...} into out. */
void user_print(const struct user *user, char *out, size_t size);

/* The value of a member of a flat JSON object, as it is written there, without its quotes. False:
 * it has none. */
bool json_member(const char *json, const char *name, char *value, size_t size);

#endif
