/* functions/change_access.c - who may invoke a function, and its tags: kept and told. Nobody is
 * refused by a policy. See change_plans.h. */
#include "functions/change_plans.h"

static struct bytes qualifier_of(const struct function_change *change)
{
    return change->qualifier.size > 0 ? change->qualifier : BYTES("$LATEST");
}

static const struct function_statement *find(const struct function_record *record,
                                             struct bytes qualifier, struct bytes sid)
{
    for (size_t i = 0; i < record->statement_count; i++)
        if (bytes_equal(record->statements[i].qualifier, qualifier) &&
            bytes_equal(record->statements[i].sid, sid))
            return &record->statements[i];
    return NULL;
}

/* The revision of what the qualifier names, which is the policy's too. */
static struct bytes revision_of(const struct function_record *record, struct bytes qualifier)
{
    uint64_t version = 0;

    if (function_version_of(qualifier, &version))
        return function_record_configuration(record, version)->revision_id;
    return function_record_alias(record, qualifier)->revision_id;
}

static enum status check(struct function_change *change, const struct function_record *record)
{
    enum status status = change_check_qualifier(change, record, change->qualifier);

    return status == OK ? change_check_revision(change, revision_of(record, qualifier_of(change)))
                        : status;
}

static size_t policy_size(const struct function_record *record, struct bytes qualifier)
{
    size_t size = strlen("{\"Version\":\"2012-10-17\",\"Id\":\"default\",\"Statement\":[]}");

    for (size_t i = 0; i < record->statement_count; i++)
        if (bytes_equal(record->statements[i].qualifier, qualifier))
            size += record->statements[i].json.size + 1;
    return size;
}

enum status plan_add_permission(struct function_change *change,
                                const struct function_record *record)
{
    struct bytes qualifier = qualifier_of(change);
    enum status status = check(change, record);
    size_t size = policy_size(record, qualifier) + change->statement.json.size;

    if (status != OK)
        return status;
    if (find(record, qualifier, change->statement.sid) != NULL)
        return api_refuse(&change->error, API_LAMBDA_RESOURCE_CONFLICT,
                          "The statement id (%.*s) provided already exists. Please provide a new "
                          "statement id, or remove the existing statement.",
                          BYTES_ARG(change->statement.sid));
    if (size > FUNCTION_POLICY_SIZE_MAX)
        return api_refuse(&change->error, API_POLICY_LENGTH_EXCEEDED,
                          "The final policy size (%zu) is bigger than the limit (%zu).", size,
                          FUNCTION_POLICY_SIZE_MAX);
    struct function_statement *statements =
        change_grow(change, record->statements, record->statement_count, sizeof *statements);

    statements[record->statement_count] = change->statement;
    statements[record->statement_count].qualifier = qualifier;
    change->planned.statements = statements;
    change->planned.statement_count++;
    change_touch(change, change->qualifier);
    change->changes = true;
    return OK;
}

enum status plan_remove_permission(struct function_change *change,
                                   const struct function_record *record)
{
    enum status status = check(change, record);
    const struct function_statement *old =
        status == OK ? find(record, qualifier_of(change), change->statement.sid) : NULL;

    if (status != OK)
        return status;
    if (old == NULL)
        return api_refuse(&change->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                          "Statement %.*s is not found in resource policy.",
                          BYTES_ARG(change->statement.sid));
    change->planned.statements =
        change_without(change, record->statements, change->planned.statement_count--,
                       (size_t)(old - record->statements), sizeof *record->statements);
    change_touch(change, change->qualifier);
    change->changes = true;
    return OK;
}

/* ---- tags ---- */

static void set_tag(struct function_change *change, const struct function_kept *tag)
{
    struct function_record *planned = &change->planned;
    struct function_kept *tags =
        change_grow(change, planned->tags, planned->tag_count, sizeof *tags);
    size_t at = 0;

    while (at < planned->tag_count && !bytes_equal(tags[at].key, tag->key))
        at++;
    tags[at] = *tag;
    planned->tags = tags;
    planned->tag_count += at == planned->tag_count ? 1 : 0;
}

static void remove_tag(struct function_change *change, struct bytes key)
{
    struct function_record *planned = &change->planned;

    for (size_t i = 0; i < planned->tag_count; i++)
        if (bytes_equal(planned->tags[i].key, key)) {
            planned->tags = change_without(change, planned->tags, planned->tag_count--, i,
                                           sizeof *planned->tags);
            return;
        }
}

enum status plan_tag(struct function_change *change, const struct function_record *record)
{
    (void)record;
    for (size_t i = 0; i < change->tag_count; i++)
        set_tag(change, &change->tags[i]);
    for (size_t i = 0; i < change->untagged_count; i++)
        remove_tag(change, change->untagged[i]);
    if (change->planned.tag_count > FUNCTION_TAGS_MAX)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "A function has at most %d tags.", FUNCTION_TAGS_MAX);
    change->changes = true;
    return OK;
}
