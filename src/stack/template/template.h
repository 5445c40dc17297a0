/* stack/template/template.h - one load of a CloudFormation or SAM template: what its steps share.
 *
 *   template.c   the order of the steps, the top level, Outputs    template_read()
 *   names.c      how the stack is called                            names_choose()
 *   foreach.c    Fn::ForEach, unfolded                              foreach_expand()
 *   sam.c        AWS::Serverless::* as the resources that SAM       sam_expand()
 *                makes of them, with SAM's own logical ids
 *   function.c   AWS::Serverless::Function                          sam_function()
 *   events.c     its Events                                         sam_event()
 *   build.c      new nodes
 *   custom.c     Custom::EventBridge of Serverless Framework 1, 2   rules_read_custom()
 *
 * What SAM would do when it deploys is done here with nodes, before anything is read: behind
 * sam_expand() there is only CloudFormation. Made nodes have the place of what they were made of.
 */
#ifndef DYNLOG_STACK_TEMPLATE_TEMPLATE_H
#define DYNLOG_STACK_TEMPLATE_TEMPLATE_H

#include "stack/loader.h"

#define SAM_TRANSFORM "AWS::Serverless-2016-10-31"
#define LANGUAGE_EXTENSIONS "AWS::LanguageExtensions"

/* ---- names.c ---- */
/* service, stage, region and AWS::StackName. */
MUST_USE enum status names_choose(struct loader *loader);

/* ---- foreach.c ---- */
/* In the whole file, in place. */
MUST_USE enum status foreach_expand(struct loader *loader);

/* ---- build.c ---- */
struct node *build_map(struct loader *loader, struct stack_where where);
/* Appends; value NULL: nothing. A map that grows here was made by build_map() or build_copy(). */
void build_add(struct loader *loader, struct node *map, struct bytes name,
               const struct node *value);
void build_add_text(struct loader *loader, struct node *map, const char *name, struct bytes text);
/* The same members under the same names, those of `from` that are in the list; NULL ends it. */
void build_add_members(struct loader *loader, struct node *map, const struct node *from,
                       const char *const *names);
/* A map or list that may be appended to. */
struct node *build_copy(struct loader *loader, const struct node *node);
void build_append(struct loader *loader, struct node *list, const struct node *item);
/* {NAME: text}, as {Ref: id}. */
struct node *build_one(struct loader *loader, const char *name, struct bytes text,
                       struct stack_where where);
/* {Fn::GetAtt: [id, attribute]} */
struct node *build_get_attribute(struct loader *loader, struct bytes id, const char *attribute,
                                 struct stack_where where);
/* base, and over it `over`, as SAM does with Globals: maps are merged, lists joined, else `over`
 * counts. Either may be NULL. */
const struct node *build_merge(struct loader *loader, const struct node *base,
                               const struct node *over);

/* ---- sam.c ---- */
MUST_USE enum status sam_expand(struct loader *loader);
/* Adds a resource: Type and Properties, and the condition of the one it was made of. REFUSED: there
 * is one with that id. */
MUST_USE enum status sam_add(struct loader *loader, struct bytes id, const char *type,
                             const struct node *properties, const struct node_member *of);
/* Function.Alias -> its id */
void sam_name(struct loader *loader, struct bytes name, struct bytes id);

/* ---- function.c, events.c ---- */
MUST_USE enum status sam_function(struct loader *loader, const struct node_member *resource,
                                  const struct node *globals);
/* alias: the id of the function's alias, which is called then; empty: none. */
MUST_USE enum status sam_event(struct loader *loader, const struct node_member *function,
                               struct bytes alias, const struct node_member *event);

#endif
