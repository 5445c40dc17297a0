/* base/list.h - a doubly linked ring through a member of its elements. Nothing is allocated.
 *
 * A struct list is both the head and the member. An element may stand in one list per member. */
#ifndef DYNLOG_BASE_LIST_H
#define DYNLOG_BASE_LIST_H

#include "base/base.h"

struct list {
    struct list *next, *previous;
};

static inline void list_init(struct list *list)
{
    list->next = list->previous = list;
}

static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_insert_before(struct list *place, struct list *element)
{
    element->next = place;
    element->previous = place->previous;
    place->previous->next = element;
    place->previous = element;
}

static inline void list_append(struct list *head, struct list *element)
{
    list_insert_before(head, element);
}

/* Leaves the element as a ring of its own, so that removing twice does no harm. */
static inline void list_remove(struct list *element)
{
    element->previous->next = element->next;
    element->next->previous = element->previous;
    list_init(element);
}

/* The first element, taken out; NULL when the list is empty. */
static inline struct list *list_take(struct list *head)
{
    struct list *first = head->next;

    if (first == head)
        return NULL;
    list_remove(first);
    return first;
}

#define LIST_ITEM(element, type, member) CONTAINER_OF(element, type, member)

/* The body may remove `it`, nothing else. */
/* NOLINTBEGIN(bugprone-macro-parentheses): `it` is the name of a variable that is declared */
#define LIST_EACH(head, it)                                                                        \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
