/* stack/yaml.c - YAML (and so JSON) text as nodes that know their places. libyaml finds the events.
 *
 * CloudFormation's short tags become their long forms here, so that no later step knows tags:
 *   !Ref x          {Ref: x}
 *   !GetAtt a.b     {Fn::GetAtt: a.b}
 * An alias is the very node of its anchor. Merge keys (`<<: *defaults`) are merged here. Refused: a
 * name twice in one mapping, names that are lists or mappings, a second document, unknown tags. */
#include "stack/loader.h"

#include "base/map.h"

#include <yaml.h>

struct reader {
    struct loader *loader;
    const char *file;
    struct bytes text;
    yaml_parser_t parser;
    yaml_event_t event;
    bool event_full;
    struct map anchors;
};

static void reader_release(struct reader *reader)
{
    if (reader->event_full)
        yaml_event_delete(&reader->event);
    yaml_parser_delete(&reader->parser);
    map_free(&reader->anchors);
}

static struct stack_where where_of(const struct reader *reader, yaml_mark_t mark)
{
    return (struct stack_where){reader->file, mark.line + 1, mark.column + 1};
}

/* libyaml knows only the offset of bytes that are no text. */
static struct stack_where where_of_offset(const struct reader *reader, size_t offset)
{
    struct stack_where where = {reader->file, 1, 1};

    for (size_t i = 0; i < offset && i < reader->text.size; i++) {
        bool line_ends = reader->text.ptr[i] == '\n';

        where.line += line_ends ? 1 : 0;
        where.column = line_ends ? 1 : where.column + 1;
    }
    return where;
}

static enum status refuse_yaml(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";

    if (parser->error == YAML_READER_ERROR)
        return loader_refuse(reader->loader, where_of_offset(reader, parser->problem_offset),
                             "bad YAML: %s: expected UTF-8 text", problem);
    if (parser->context != NULL)
        return loader_refuse(reader->loader, where_of(reader, parser->problem_mark),
                             "bad YAML: %s, %s that starts in line %zu", problem, parser->context,
                             parser->context_mark.line + 1);
    return loader_refuse(reader->loader, where_of(reader, parser->problem_mark), "bad YAML: %s",
                         problem);
}

/* The next event stands in reader->event until the next call. */
static enum status advance(struct reader *reader)
{
    if (reader->event_full)
        yaml_event_delete(&reader->event);
    reader->event_full = false;
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return refuse_yaml(reader);
    reader->event_full = true;
    return OK;
}

static enum status read_node(struct reader *reader, size_t depth, struct node **ret);

static struct bytes copy_text(struct reader *reader, const yaml_char_t *text, size_t size)
{
    return arena_copy(reader->loader->arena, bytes_of(text, size));
}

/* ---- tags ---- */

static const struct {
    const char *tag, *name;
} short_forms[] = {
    {"!And", "Fn::And"},
    {"!Base64", "Fn::Base64"},
    {"!Cidr", "Fn::Cidr"},
    {"!Condition", "Condition"},
    {"!Equals", "Fn::Equals"},
    {"!FindInMap", "Fn::FindInMap"},
    {"!GetAtt", "Fn::GetAtt"},
    {"!GetAZs", "Fn::GetAZs"},
    {"!If", "Fn::If"},
    {"!ImportValue", "Fn::ImportValue"},
    {"!Join", "Fn::Join"},
    {"!Length", "Fn::Length"},
    {"!Not", "Fn::Not"},
    {"!Or", "Fn::Or"},
    {"!Ref", "Ref"},
    {"!Select", "Fn::Select"},
    {"!Split", "Fn::Split"},
    {"!Sub", "Fn::Sub"},
    {"!ToJsonString", "Fn::ToJsonString"},
    {"!Transform", "Fn::Transform"},
};

static const char *const plain_tags[] = {
    "!",           YAML_STR_TAG,  YAML_INT_TAG, YAML_FLOAT_TAG,
    YAML_BOOL_TAG, YAML_NULL_TAG, YAML_SEQ_TAG, YAML_MAP_TAG,
};

/* The node as {name: node} when its tag is one of CloudFormation's. */
static enum status apply_tag(struct reader *reader, const char *tag, struct node *node,
                             struct node **ret)
{
    struct loader *loader = reader->loader;

    *ret = node;
    if (tag == NULL)
        return OK;
    for (size_t i = 0; i < ARRAY_COUNT(plain_tags); i++) {
        if (strcmp(tag, plain_tags[i]) == 0)
            return OK;
    }
    for (size_t i = 0; i < ARRAY_COUNT(short_forms); i++) {
        if (strcmp(tag, short_forms[i].tag) == 0) {
            struct node *wrapper = node_new(loader->arena, NODE_MAP, node->where);

            wrapper->members = ARENA_NEW(loader->arena, struct node_member);
            wrapper->members[0].name = bytes_of_text(short_forms[i].name);
            wrapper->members[0].where = node->where;
            wrapper->members[0].value = node;
            wrapper->count = 1;
            *ret = wrapper;
            return loader_count_node(loader, node->where);
        }
    }
    return loader_refuse(loader, node->where,
                         "unknown tag %s: expected one of CloudFormation's functions, as !Ref, "
                         "!GetAtt or !Sub",
                         tag);
}

/* ---- nodes ---- */

static enum status read_scalar(struct reader *reader, struct node *node)
{
    const char *tag = (const char *)reader->event.data.scalar.tag;
    struct bytes text =
        copy_text(reader, reader->event.data.scalar.value, reader->event.data.scalar.length);
    bool plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    node->kind = NODE_STRING;
    node->text = text;
    if (tag == NULL ? plain
                    : (strcmp(tag, YAML_INT_TAG) == 0 || strcmp(tag, YAML_FLOAT_TAG) == 0 ||
                       strcmp(tag, YAML_BOOL_TAG) == 0 || strcmp(tag, YAML_NULL_TAG) == 0))
        scalar_resolve(reader->loader->arena, text, node);
    return OK;
}

static enum status read_list(struct reader *reader, size_t depth, struct node *node)
{
    size_t capacity = 0;

    node->kind = NODE_LIST;
    for (;;) {
        struct node *item = NULL;
        enum status status = advance(reader);

        if (status != OK)
            return status;
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return OK;
        status = read_node(reader, depth + 1, &item);
        if (status != OK)
            return status;
        node->items = arena_grow(reader->loader->arena, node->items, node->count, node->count + 1,
                                 &capacity, sizeof *node->items);
        node->items[node->count++] = item;
    }
}

static struct node_member *find_member(struct node *map, struct bytes name)
{
    for (size_t i = 0; i < map->count; i++) {
        if (bytes_equal(map->members[i].name, name))
            return &map->members[i];
    }
    return NULL;
}

static enum status add_member(struct reader *reader, struct node *map, size_t *capacity,
                              struct node_member member)
{
    struct loader *loader = reader->loader;

    if (map->count >= NODE_MEMBERS_MAX)
        return loader_refuse(loader, member.where, "expected at most %d names in one mapping",
                             NODE_MEMBERS_MAX);
    map->members = arena_grow(loader->arena, map->members, map->count, map->count + 1, capacity,
                              sizeof *map->members);
    map->members[map->count++] = member;
    return OK;
}

/* The members of one merged mapping that are not there yet. */
static enum status merge(struct reader *reader, struct node *map, size_t *capacity,
                         const struct node *source, struct stack_where where)
{
    if (source->kind == NODE_LIST) {
        for (size_t i = 0; i < source->count; i++) {
            enum status status = OK;

            if (source->items[i]->kind != NODE_MAP)
                return loader_refuse(
                    reader->loader, where, "<<: expected mappings in the list to merge, got %.*s",
                    BYTES_ARG(node_describe(reader->loader->arena, source->items[i])));
            status = merge(reader, map, capacity, source->items[i], where);
            if (status != OK)
                return status;
        }
        return OK;
    }
    if (source->kind != NODE_MAP)
        return loader_refuse(reader->loader, where, "<<: expected a mapping to merge, got %.*s",
                             BYTES_ARG(node_describe(reader->loader->arena, source)));
    for (size_t i = 0; i < source->count; i++) {
        struct node_member member = source->members[i];
        enum status status = loader_count_node(reader->loader, where);

        if (status != OK)
            return status;
        if (find_member(map, member.name) != NULL)
            continue;
        member.merged = true;
        status = add_member(reader, map, capacity, member);
        if (status != OK)
            return status;
    }
    return OK;
}

static enum status read_name(struct reader *reader, struct node_member *member, bool *ret_merge)
{
    struct loader *loader = reader->loader;

    member->where = where_of(reader, reader->event.start_mark);
    if (reader->event.type != YAML_SCALAR_EVENT)
        return loader_refuse(loader, member->where, "expected text as the name in a mapping");
    member->name =
        copy_text(reader, reader->event.data.scalar.value, reader->event.data.scalar.length);
    *ret_merge = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                 bytes_equal_text(member->name, "<<");
    return OK;
}

static enum status read_member(struct reader *reader, size_t depth, struct node *map,
                               size_t *capacity)
{
    struct node_member member = {0}, *there = NULL;
    bool is_merge = false;
    enum status status = read_name(reader, &member, &is_merge);

    if (status != OK)
        return status;
    status = advance(reader);
    if (status != OK)
        return status;
    status = read_node(reader, depth + 1, &member.value);
    if (status != OK)
        return status;
    if (is_merge)
        return merge(reader, map, capacity, member.value, member.where);
    there = find_member(map, member.name);
    if (there != NULL && !there->merged)
        return loader_refuse(reader->loader, member.where,
                             "\"%.*s\" stands twice in this mapping: first in line %zu",
                             BYTES_ARG(member.name), there->where.line);
    if (there != NULL) {
        *there = member;
        return OK;
    }
    return add_member(reader, map, capacity, member);
}

static enum status read_mapping(struct reader *reader, size_t depth, struct node *node)
{
    size_t capacity = 0;

    node->kind = NODE_MAP;
    for (;;) {
        enum status status = advance(reader);

        if (status != OK)
            return status;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return OK;
        status = read_member(reader, depth, node, &capacity);
        if (status != OK)
            return status;
    }
}

static enum status read_alias(struct reader *reader, struct node **ret)
{
    const char *name = (const char *)reader->event.data.alias.anchor;
    struct node *node = map_get(&reader->anchors, bytes_of_text(name));

    if (node == NULL)
        return loader_refuse(reader->loader, where_of(reader, reader->event.start_mark),
                             "*%s: expected an anchor &%s before it", name, name);
    *ret = node;
    return OK;
}

/* Reads what reader->event starts. */
static enum status read_node(struct reader *reader, size_t depth, struct node **ret)
{
    struct loader *loader = reader->loader;
    struct stack_where where = where_of(reader, reader->event.start_mark);
    struct bytes anchor = {0};
    const yaml_char_t *anchor_text = NULL, *tag_text = NULL;
    const char *tag = NULL;
    struct node *node = NULL;
    enum status status = loader_count_node(loader, where);

    if (status != OK)
        return status;
    if (depth > NODE_DEPTH_MAX)
        return loader_refuse(loader, where,
                             "expected at most %d lists and mappings inside each other",
                             NODE_DEPTH_MAX);
    if (reader->event.type == YAML_ALIAS_EVENT)
        return read_alias(reader, ret);
    if (reader->event.type == YAML_SCALAR_EVENT) {
        anchor_text = reader->event.data.scalar.anchor;
        tag_text = reader->event.data.scalar.tag;
    } else if (reader->event.type == YAML_SEQUENCE_START_EVENT) {
        anchor_text = reader->event.data.sequence_start.anchor;
        tag_text = reader->event.data.sequence_start.tag;
    } else {
        assert(reader->event.type == YAML_MAPPING_START_EVENT);
        anchor_text = reader->event.data.mapping_start.anchor;
        tag_text = reader->event.data.mapping_start.tag;
    }
    if (anchor_text != NULL)
        anchor = arena_copy(loader->arena, bytes_of_text((const char *)anchor_text));
    if (tag_text != NULL)
        tag = arena_copy_text(loader->arena, bytes_of_text((const char *)tag_text));

    node = node_new(loader->arena, NODE_NULL, where);
    if (reader->event.type == YAML_SCALAR_EVENT)
        status = read_scalar(reader, node);
    else if (reader->event.type == YAML_SEQUENCE_START_EVENT)
        status = read_list(reader, depth, node);
    else
        status = read_mapping(reader, depth, node);
    if (status != OK)
        return status;
    status = apply_tag(reader, tag, node, &node);
    if (status != OK)
        return status;
    if (anchor_text != NULL)
        map_put(&reader->anchors, anchor, node);
    *ret = node;
    return OK;
}

static enum status read_document(struct reader *reader, struct node **ret)
{
    enum status status = advance(reader); /* the stream's start */

    if (status == OK)
        status = advance(reader); /* the document's */
    if (status != OK)
        return status;
    if (reader->event.type == YAML_STREAM_END_EVENT)
        return loader_refuse(reader->loader, (struct stack_where){reader->file, 1, 1},
                             "the file is empty: expected a mapping");
    status = advance(reader);
    if (status == OK)
        status = read_node(reader, 0, ret);
    if (status == OK)
        status = advance(reader); /* the document's end */
    if (status == OK)
        status = advance(reader);
    if (status != OK)
        return status;
    if (reader->event.type != YAML_STREAM_END_EVENT)
        return loader_refuse(reader->loader, where_of(reader, reader->event.start_mark),
                             "a second document starts here: expected one");
    return OK;
}

enum status yaml_parse(struct loader *loader, const char *file, struct bytes text,
                       struct node **ret)
{
    struct reader reader = {.loader = loader, .file = file, .text = text, .anchors = MAP_INIT};
    enum status status = OK;

    if (!yaml_parser_initialize(&reader.parser))
        return NO_SPACE;
    yaml_parser_set_input_string(&reader.parser, text.ptr, text.size);
    status = read_document(&reader, ret);
    reader_release(&reader);
    return status;
}
