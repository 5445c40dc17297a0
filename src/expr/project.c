/* expr/project.c - the part of an item that paths name: ProjectionExpression and ReturnValues.
 *
 * The tree of the paths is walked beside the item, so that a map or a list which several paths
 * enter comes out once. What ends up empty is left out. The result shares bytes with the item. */
#include "expr/parser.h"
#include "expr/path.h"

enum status expr_parse_projection(struct arena *arena, struct bytes text, struct expr_names *names,
                                  const struct expr_projection **ret, struct api_error *reterr)
{
    struct parser parser;
    uint32_t *paths = NULL, count = 0;
    struct expr_projection *projection = ARENA_NEW(arena, struct expr_projection);

    if (parser_start(&parser, arena, EXPR_PROJECTION, text, names, reterr) != OK ||
        parser_projection(&parser, &paths, &count) != OK ||
        check_projection(&parser, paths, count, &projection->tree) != OK)
        return REFUSED;
    projection->expression = parser_expression(&parser);
    *ret = projection;
    return OK;
}

static void project_map(const struct path_tree *tree, const struct path_entry *entry,
                        const struct item *item, struct arena *arena, struct item *ret);

static void project_list(const struct path_tree *tree, const struct path_entry *entry,
                         const struct value *list, struct arena *arena, struct value *ret);

/* False when nothing of `value` is named. */
static bool project_value(const struct path_tree *tree, const struct path_entry *entry,
                          const struct value *value, struct arena *arena, struct value *ret)
{
    if (path_tree_ends(tree, entry)) {
        *ret = *value;
        return true;
    }

    bool indexes = tree->entries[entry->first].step->is_index;

    if (value->type == VALUE_M && !indexes) {
        ret->type = VALUE_M;
        project_map(tree, entry, &value->map, arena, &ret->map);
        return ret->map.count > 0;
    }
    if (value->type == VALUE_L && indexes) {
        project_list(tree, entry, value, arena, ret);
        return ret->list.count > 0;
    }
    return false;
}

static void project_map(const struct path_tree *tree, const struct path_entry *entry,
                        const struct item *item, struct arena *arena, struct item *ret)
{
    ret->attributes = ARENA_NEW_ARRAY(arena, entry->count, struct attribute);
    ret->count = 0;
    for (uint32_t i = entry->first; i != 0; i = tree->entries[i].next) {
        const struct path_entry *below = &tree->entries[i];
        const struct value *value = item_get(item, below->step->name);
        struct attribute *attribute = &ret->attributes[ret->count];

        if (value == NULL || !project_value(tree, below, value, arena, &attribute->value))
            continue;
        attribute->name = below->step->name;
        ret->count++;
    }
}

static void project_list(const struct path_tree *tree, const struct path_entry *entry,
                         const struct value *list, struct arena *arena, struct value *ret)
{
    ret->type = VALUE_L;
    ret->list.values = ARENA_NEW_ARRAY(arena, entry->count, struct value);
    ret->list.count = 0;
    for (uint32_t i = entry->first; i != 0; i = tree->entries[i].next) {
        const struct path_entry *below = &tree->entries[i];
        size_t index = below->step->index;

        if (index < list->list.count && project_value(tree, below, &list->list.values[index], arena,
                                                      &ret->list.values[ret->list.count]))
            ret->list.count++;
    }
}

void expr_project(const struct expr_projection *projection, const struct item *item,
                  struct arena *arena, struct item *ret)
{
    project_map(projection->tree, &projection->tree->entries[0], item, arena, ret);
}

void expr_updated_part(const struct expr_update *update, const struct item *item,
                       struct arena *arena, struct item *ret)
{
    static const struct item nothing = {0};

    project_map(update->tree, &update->tree->entries[0], item != NULL ? item : &nothing, arena,
                ret);
}

size_t expr_projection_names(const struct expr_projection *projection, struct arena *arena,
                             struct bytes **ret)
{
    const struct path_entry *entries = projection->tree->entries;
    size_t count = 0;

    *ret = ARENA_NEW_ARRAY(arena, entries[0].count, struct bytes);
    for (uint32_t i = entries[0].first; i != 0; i = entries[i].next)
        (*ret)[count++] = entries[i].step->name;
    return count;
}
