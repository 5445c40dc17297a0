/* schedule/zone.h - time zones: what the clocks on the wall show, from the system's tz database.
 *
 * A zone is a TZif file (RFC 9636) of IANA's database: the moments at which its offset changed, and
 * a rule in POSIX's form for the time behind the last of them. Files are read by our own reader,
 * which trusts nothing in them.
 *
 * From local time to UTC: a local time happens once, as a rule; never, when the clocks are put
 * forward over it; or twice, when they are put back. */
#ifndef DYNLOG_SCHEDULE_ZONE_H
#define DYNLOG_SCHEDULE_ZONE_H

#include "base/bytes.h"

#define ZONE_NAME_SIZE_MAX 50                  /* ScheduleExpressionTimezone */
#define ZONE_FILE_SIZE_MAX ((size_t)64 * 1024) /* the largest has 4 KB */
#define ZONE_CHANGES_MAX 2000                  /* TZ_MAX_TIMES of the tz code */
#define ZONE_TYPES_MAX 256                     /* an index has one byte */
#define ZONE_OFFSET_S_MAX (26 * 3600)          /* RFC 9636, 3.2: less than 26 hours */
#define ZONE_FOLDER "/usr/share/zoneinfo"

struct zone;

/* MALFORMED: not a TZif file, or one with leap seconds. */
MUST_USE enum status zone_read(struct bytes file, struct zone **ret);
struct zone *zone_utc(void);
void zone_free(struct zone *zone);

/* What is added to UTC at that moment. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_s);

enum zone_local { ZONE_ONCE, ZONE_TWICE, ZONE_NEVER };
/* *ret: the first of two; for one that never is, as if the clock had not been put forward (02:30
 * becomes 03:30). */
enum zone_local zone_to_utc(const struct zone *zone, int64_t local_s, int64_t *ret_utc_s);

/* ---- by name ---- */

struct zones;

/* folder: of the system's database, ZONE_FOLDER but in tests. A zone is read once and kept. */
struct zones *zones_new(const char *folder);
void zones_free(struct zones *zones);

/* IANA's names: "Europe/Berlin", "UTC", "Etc/GMT+5". */
bool zone_name_is_valid(struct bytes name);
/* NOT_FOUND: no name, or no zone of that name. Others: the file can't be read. UTC is there also
 * without a database. */
MUST_USE enum status zones_find(struct zones *zones, struct bytes name, const struct zone **ret);

#endif
