/* cli/fake_user.h - people who do not exist, and what happened to them: the four events of the
 * sample application.
 *
 *   version 1 signup             {id, name, email}
 *           2 addPhoneNumber     {id, phoneNumber}
 *           3 verifyPhoneNumber  {id, phoneNumber}
 *           4 addLocation        {id, long, lat}
 *
 * A user is a function of seed and number alone, the same on every machine: a run that is
 * interrupted goes on where it was, and one for more users has the users of one for fewer.
 *
 * Nobody is bothered: addresses are of domains, and telephone numbers of ranges, that are kept free
 * for such use (RFC 2606, section 3; 555-0100 to 555-0199 of the North American plan; Ofcom's and
 * PTS's numbers for drama). */
#ifndef DYNLOG_CLI_FAKE_USER_H
#define DYNLOG_CLI_FAKE_USER_H

#include "base/id.h"
#include "value/value.h"

#define FAKE_EVENTS 4 /* of each user */

struct fake_user {
    char id[ID_UUID_SIZE];
    char name[64], email[96], phone[24];
    char longitude[16], latitude[16]; /* decimal text, four digits behind the point: 11 metres */
};

void fake_user_make(uint64_t seed, uint64_t number, struct fake_user *ret);

/* "signup": version from 1 to FAKE_EVENTS. */
const char *fake_event_type(unsigned version);
/* The item of the event {pk, sk, type, log, payload}. It lives in the arena. */
struct item fake_event_item(struct arena *arena, const char *log, const struct fake_user *user,
                            unsigned version);

#endif
