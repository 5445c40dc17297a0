/* library/lineage.c - see shards.h. */
#include "library/lineage.h"

#include "base/buffer.h"

#include <inttypes.h>

/* ---- the list ---- */

static void free_shard(struct shard_state *shard)
{
    mem_free(shard->id);
    mem_free(shard->parent);
    mem_free(shard->sequence);
    mem_free(shard->iterator);
    mem_free(shard);
}

void lineage_free(struct lineage *shards)
{
    while (shards->first != NULL) {
        struct shard_state *shard = shards->first;

        shards->first = shard->next;
        free_shard(shard);
    }
    mem_free(shards->label);
    *shards = (struct lineage){0};
}

void lineage_set_text(char **text, struct bytes value)
{
    char *copy = mem_new(value.size + 1);

    if (value.size > 0)
        memcpy(copy, value.ptr, value.size);
    mem_free(*text);
    *text = copy;
}

struct shard_state *lineage_find(const struct lineage *shards, struct bytes id)
{
    for (struct shard_state *shard = shards->first; shard != NULL; shard = shard->next)
        if (bytes_equal_text(id, shard->id))
            return shard;
    return NULL;
}

struct shard_state *lineage_add(struct lineage *shards, struct bytes id)
{
    struct shard_state *shard = mem_new(sizeof *shard), **end = &shards->first;

    while (*end != NULL)
        end = &(*end)->next;
    lineage_set_text(&shard->id, id);
    *end = shard;
    shards->count++;
    return shard;
}

bool lineage_is_readable(const struct lineage *shards, const struct shard_state *shard)
{
    const struct shard_state *parent = NULL;

    if (shard->done)
        return false;
    if (shard->parent != NULL)
        parent = lineage_find(shards, bytes_of_text(shard->parent));
    return parent == NULL || parent->done;
}

void lineage_forget_gone(struct lineage *shards)
{
    struct shard_state **at = &shards->first;

    while (*at != NULL) {
        struct shard_state *shard = *at;

        if (!shard->done || shard->named) {
            at = &shard->next;
            continue;
        }
        *at = shard->next;
        shards->count--;
        free_shard(shard);
    }
}

/* ---- the cursor ---- */

static size_t mark_of(struct bytes part)
{
    for (size_t i = 0; i < part.size; i++)
        if (strchr("=*@!", part.ptr[i]) != NULL && part.ptr[i] != 0)
            return i;
    return SIZE_MAX;
}

static bool parse_shard(struct lineage *shards, struct bytes part)
{
    size_t mark = mark_of(part);
    struct shard_state *shard = NULL;

    if (mark == SIZE_MAX || mark == 0 || shards->count == LINEAGE_SHARDS_MAX)
        return false;

    struct bytes id = bytes_slice(part, 0, mark), rest = bytes_slice(part, mark + 1, part.size);
    uint8_t kind = part.ptr[mark];

    if (lineage_find(shards, id) != NULL)
        return false;
    shard = lineage_add(shards, id);
    switch (kind) {
    case '=':
        lineage_set_text(&shard->sequence, rest);
        return rest.size > 0 && bytes_are_of(rest, "");
    case '@':
        return bytes_to_uint64(rest, &shard->since_s);
    case '!':
        shard->done = true;
        return rest.size == 0;
    default:
        return rest.size == 0;
    }
}

bool lineage_parse(struct lineage *shards, struct bytes cursor)
{
    size_t end = size_min(bytes_find_byte(cursor, '/', 0), cursor.size);
    bool good = end > 0 && end < cursor.size && cursor.size <= LINEAGE_CURSOR_SIZE_MAX &&
                memchr(cursor.ptr, 0, cursor.size) == NULL;

    *shards = (struct lineage){0};
    if (good)
        lineage_set_text(&shards->label, bytes_slice(cursor, 0, end));
    while (good && end < cursor.size) {
        size_t from = end + 1;

        end = size_min(bytes_find_byte(cursor, '/', from), cursor.size);
        good = parse_shard(shards, bytes_slice(cursor, from, end - from));
    }
    if (!good)
        lineage_free(shards);
    return good;
}

struct bytes lineage_print(struct arena *arena, const struct lineage *shards)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LINEAGE_CURSOR_SIZE_MAX);

    buffer_append_text(&out, shards->label);
    for (const struct shard_state *shard = shards->first; shard != NULL; shard = shard->next) {
        buffer_printf(&out, "/%s", shard->id);
        if (shard->done)
            buffer_append_byte(&out, '!');
        else if (shard->sequence != NULL)
            buffer_printf(&out, "=%s", shard->sequence);
        else if (shard->since_s > 0)
            buffer_printf(&out, "@%" PRIu64, shard->since_s);
        else
            buffer_append_byte(&out, '*');
    }
    return arena_copy(arena, buffer_bytes(&out));
}
