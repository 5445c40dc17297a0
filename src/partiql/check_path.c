/* partiql/check_path.c - document paths: names that are there, indexes that fit. */
#include "partiql/check.h"

/* AWS holds list indexes in a signed integer of 32 bits. */
static enum status check_index(struct check *check, struct path_step *step)
{
    uint64_t index = 0;

    for (size_t i = 0; i < step->text.size; i++)
        if (step->text.ptr[i] < '0' || step->text.ptr[i] > '9')
            return partiql_refuse_at(check, step->token, "Unexpected path component");
    if (!bytes_to_uint64(step->text, &index) || index > INT32_MAX || (step->negative && index > 0))
        return partiql_refuse_at(check, step->token,
                                 "List index is not within the allowable range; index: [%s%.*s]",
                                 step->negative ? "-" : "", BYTES_ARG(step->text));
    step->index = (uint32_t)index;
    return OK;
}

enum status partiql_check_step(struct check *check, struct path_step *step)
{
    switch (step->kind) {
    case STEP_NAME:
        if (step->text.size == 0)
            return api_invalid(check->reterr, "Path component cannot be an empty string");
        return OK;
    case STEP_INDEX:
        return check_index(check, step);
    case STEP_WILDCARD:
        return api_invalid(check->reterr, "Wildcard path component like a[*].b are not supported");
    case STEP_UNPIVOT:
        return api_invalid(check->reterr, "Unpivot path component like a.*.b are not supported");
    case STEP_OTHER:
        return partiql_refuse_at(check, step->token, "Unexpected path component");
    }
    assert(false && "not a kind of step");
}

enum status partiql_check_path(struct check *check, uint32_t at)
{
    const struct node *path = partiql_node(check->statement, at);

    for (size_t i = 0; i < path->step_count; i++)
        REFUSE_IF(partiql_check_step(check, &path->steps[i]));
    if (path->step_count > EXPR_PATH_DEPTH_MAX)
        return api_invalid(check->reterr,
                           "The document path has too many nesting levels; nesting levels: %zu",
                           path->step_count);
    return OK;
}

bool partiql_same_path(const struct node *a, const struct node *b)
{
    if (a->kind != NODE_PATH || b->kind != NODE_PATH || a->step_count != b->step_count)
        return false;
    for (size_t i = 0; i < a->step_count; i++) {
        const struct path_step *one = &a->steps[i], *two = &b->steps[i];

        if (one->kind != two->kind ||
            (one->kind == STEP_INDEX ? one->index != two->index
                                     : !bytes_equal(one->text, two->text)))
            return false;
    }
    return true;
}
