/* api/dynamodb/backup_json.h - backups in AWS's wire form, and the ARNs that name them. */
#ifndef DYNLOG_API_DYNAMODB_BACKUP_JSON_H
#define DYNLOG_API_DYNAMODB_BACKUP_JSON_H

#include "api/dynamodb/dynamodb.h"
#include "engine/backup.h"

/* arn:...:table/NAME/backup/ID of a member, into its two names. Region and account never select
 * another store. */
MUST_USE enum status backup_decode_arn(const struct json *body, const char *member,
                                       struct bytes *ret_table_name, struct bytes *ret_id,
                                       struct api_error *reterr);

/* Objects. `status`: "CREATING", "AVAILABLE", "DELETED". */
void backup_write_details(struct api_call *call, struct json_writer *w,
                          const struct engine_backup *backup, const char *status);
void backup_write_description(struct api_call *call, struct json_writer *w,
                              const struct engine_backup *backup, const char *status);
void backup_write_summary(struct api_call *call, struct json_writer *w,
                          const struct engine_backup *backup);
static inline const char *backup_status(const struct engine_backup *backup)
{
    return backup->available ? "AVAILABLE" : "CREATING";
}
/* The member's value is the backup's ARN. */
void backup_write_arn(struct api_call *call, struct json_writer *w, const char *member,
                      const struct engine_backup *backup);

#endif
