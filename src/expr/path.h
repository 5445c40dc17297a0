/* expr/path.h - document paths: looking one up in an item, and several of them as a tree.
 *
 *   a.b, a.c[1], a.c[4]       a ── b ── (path 0 ends)
 *                             └─── c ── [1] ── (path 1 ends)
 *                                  └─── [4] ── (path 2 ends)
 *
 * The paths of one update or projection must not overlap, so what always holds in a tree that was
 * built: an entry has either one end below it or only steps, all names or all indexes, the indexes
 * ascending. Private to src/expr. */
#ifndef DYNLOG_EXPR_PATH_H
#define DYNLOG_EXPR_PATH_H

#include "expr/nodes.h"

/* NULL when the item has nothing there. */
const struct value *path_find(const struct item *item, const struct path_step *steps, size_t count);

bool path_step_equal(const struct path_step *a, const struct path_step *b);
bool path_equal(const struct path_step *a, size_t a_count, const struct path_step *b,
                size_t b_count);

/* "[a, [1], b]", as AWS writes a path in a message. */
struct bytes path_text(struct arena *arena, const struct path_step *steps, size_t count);

struct path {
    const struct path_step *steps;
    size_t count;
};

struct path_entry {
    const struct path_step *step; /* NULL: a path ends here; it is at the root, too */
    uint32_t path;                /* the first path that comes through here */
    uint32_t first, last, next;   /* the entries below; 0: none */
    uint32_t count;               /* how many are below */
};
struct path_tree {
    const struct path_entry *entries; /* [0] is the root */
    const struct path *paths;
};

struct path_clash {
    const char *what; /* "overlap" or "conflict" */
    uint32_t one, two;
};

/* "Two document paths overlap with each other; ...", without its end. */
struct bytes path_clash_text(struct arena *arena, const struct path *paths,
                             const struct path_clash *clash);

/* False when two paths overlap or use one attribute as map and as list. */
MUST_USE bool path_tree_build(struct arena *arena, const struct path *paths, uint32_t count,
                              const struct path_tree **ret, struct path_clash *ret_clash);

static inline bool path_tree_ends(const struct path_tree *tree, const struct path_entry *entry)
{
    return tree->entries[entry->first].step == NULL;
}

#endif
