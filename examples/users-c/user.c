/* user.c - see user.h. */
#include "user.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- a little JSON ---- */

/* The end of the string that begins at its quote. */
static const char *string_end(const char *at)
{
    for (at++; *at != '\0' && *at != '"'; at++)
        if (*at == '\\' && at[1] != '\0')
            at++;
    return at;
}

bool json_member(const char *json, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);

    value[0] = '\0';
    for (const char *at = json != NULL ? strchr(json, '"') : NULL; at != NULL && *at == '"';
         at = strchr(at, '"')) {
        const char *end = string_end(at), *from = end;

        if (*end == '\0')
            return false;
        from += 1 + strspn(end + 1, " \t\r\n");
        if (*from != ':') { /* a value */
            at = end + 1;
            continue;
        }
        from += 1 + strspn(from + 1, " \t\r\n");
        if (*from == '{' || *from == '[') { /* look inside too */
            at = from;
            continue;
        }
        end = *from == '"' ? string_end(from) : from + strcspn(from, ",}] \t\r\n");
        if (strncmp(at + 1, name, length) == 0 && at[1 + length] == '"') {
            from += *from == '"' ? 1 : 0;
            snprintf(value, size, "%.*s", (int)(end - from), from);
            return true;
        }
        at = *end == '"' ? end + 1 : end;
    }
    return false;
}

/* ---- what an event changes ---- */

static void take(const struct dynlog_event *event, const char *name, char *value, size_t size)
{
    char found[128];

    if (json_member(event->payload, name, found, sizeof found))
        snprintf(value, size, "%s", found);
}

static bool apply(void *context, const struct dynlog_event *event)
{
    struct user *user = context;

    if (strcmp(event->type, "signup") == 0) {
        take(event, "name", user->name, sizeof user->name);
        take(event, "email", user->email, sizeof user->email);
    } else if (strcmp(event->type, "addPhoneNumber") == 0) {
        take(event, "phoneNumber", user->phone_number, sizeof user->phone_number);
        user->verified = false;
    } else if (strcmp(event->type, "verifyPhoneNumber") == 0) {
        user->verified = true;
    } else if (strcmp(event->type, "addLocation") == 0) {
        take(event, "long", user->longitude, sizeof user->longitude);
        take(event, "lat", user->latitude, sizeof user->latitude);
    } /* else: not for this model; only the version moves on */
    return true;
}

enum dynlog_status user_catch_up(struct dynlog *dynlog, struct user *user,
                                 struct dynlog_error *error)
{
    struct dynlog_projection projection = {
        .version = user->version, .apply = apply, .context = user};
    enum dynlog_status status = dynlog_catch_up(dynlog, "users", user->id, &projection, error);

    user->version = projection.version;
    return status;
}

/* Values stand as they were written in their events: they are escaped. */
void user_print(const struct user *user, char *out, size_t size)
{
    snprintf(out, size,
             "{\"id\":\"%s\",\"version\":%" PRIu64
             ",\"name\":\"%s\",\"email\":\"%s\",\"phoneNumber\":\"%s\",\"verifiedPhoneNumber\":%s,"
             "\"location\":{\"long\":%s,\"lat\":%s}}",
             user->id, user->version, user->name, user->email, user->phone_number,
             user->verified ? "true" : "false",
             user->longitude[0] != '\0' ? user->longitude : "null",
             user->latitude[0] != '\0' ? user->latitude : "null");
}
