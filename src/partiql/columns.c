/* partiql/columns.c - what a SELECT answers of an item: each column under the last name of its
 * path, "k[0]" for m.k[0]. A column that the item does not have is left out. */
#include "partiql/tree.h"

void partiql_append_column_name(struct buffer *out, const struct node *path)
{
    size_t first = path->step_count - 1;

    while (path->steps[first].kind == STEP_INDEX)
        first--;
    buffer_append(out, path->steps[first].text);
    for (size_t i = first + 1; i < path->step_count; i++)
        buffer_printf(out, "[%u]", path->steps[i].index);
}

static struct bytes column_name(struct arena *arena, const struct node *path)
{
    AUTO(buffer_free) struct buffer name = BUFFER_INIT(1 << 16);
    const struct path_step *last = &path->steps[path->step_count - 1];

    if (last->kind == STEP_NAME)
        return last->text;
    partiql_append_column_name(&name, path);
    return arena_copy(arena, buffer_bytes(&name));
}

static const struct value *find(const struct item *item, const struct node *path)
{
    const struct value *value = item_get(item, path->steps[0].text);

    for (size_t i = 1; i < path->step_count && value != NULL; i++) {
        const struct path_step *step = &path->steps[i];

        if (step->kind == STEP_NAME)
            value = value->type == VALUE_M ? item_get(&value->map, step->text) : NULL;
        else
            value = value->type == VALUE_L && step->index < value->list.count
                        ? &value->list.values[step->index]
                        : NULL;
    }
    return value;
}

void partiql_columns(const struct partiql_statement *statement, const struct item *item,
                     struct arena *arena, struct item *ret)
{
    ret->attributes = ARENA_NEW_ARRAY(arena, statement->column_count, struct attribute);
    ret->count = 0;
    for (size_t i = 0; i < statement->column_count; i++) {
        const struct node *path = partiql_node(statement, statement->columns[i]);
        const struct value *value = find(item, path);

        if (value != NULL)
            ret->attributes[ret->count++] = (struct attribute){column_name(arena, path), *value};
    }
}

bool partiql_selects_all(const struct partiql_statement *statement)
{
    return statement->column_count == 0;
}
