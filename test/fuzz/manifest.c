/* Fuzz target: where the whole records of a MANIFEST end (store/manifest.h).
 *
 * The first byte says which of two things follows. 0: a MANIFEST as it is. Else a script: records
 * to write (their sizes, small ones and some that reach over blocks), then bytes to change or where
 * it is cut. Up to the first record that was touched everything is found whole, and no further;
 * what is behind it is torn or damaged, by how many untouched records there are; and what is cut
 * off where it says is whole. Build with -fsanitize=fuzzer,address,undefined. */
#include "store/manifest.h"

#include "store/fragment.h"

#define FILE_SIZE (3 * FRAGMENT_BLOCK_SIZE)
#define RECORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct script {
    struct bytes rest;
    uint8_t file[FILE_SIZE];
    size_t size;
    size_t starts[RECORDS_MAX], ends[RECORDS_MAX];
    bool touched[RECORDS_MAX];
    size_t count;
};

static uint8_t next_byte(struct script *script)
{
    uint8_t byte = script->rest.size > 0 ? script->rest.ptr[0] : 0;

    script->rest = bytes_slice(script->rest, 1, script->rest.size);
    return byte;
}

/* Of bytes that are no fragments: kinds of 0xEE. */
static void put_fragment(struct script *script, enum fragment_kind kind, size_t size)
{
    uint8_t *head = script->file + script->size;

    memset(head + FRAGMENT_HEAD_SIZE, 0xEE, size);
    fragment_put_head(head, kind, bytes_of(head + FRAGMENT_HEAD_SIZE, size));
    script->size += FRAGMENT_HEAD_SIZE + size;
}

static void put_record(struct script *script, size_t size)
{
    bool first = true, last = false;

    while (!last) {
        size_t left = FRAGMENT_BLOCK_SIZE - script->size % FRAGMENT_BLOCK_SIZE;

        if (left < FRAGMENT_HEAD_SIZE) {
            script->size += left;
            continue;
        }

        size_t part = size_min(size, left - FRAGMENT_HEAD_SIZE);

        last = part == size;
        if (first)
            script->starts[script->count] = script->size;
        put_fragment(script, fragment_kind_of(first, last), part);
        size -= part;
        first = false;
    }
    script->ends[script->count++] = script->size;
}

static void write_records(struct script *script)
{
    size_t count = 1 + next_byte(script) % (RECORDS_MAX - 1);

    while (script->count < count) {
        size_t size = next_byte(script);

        if (size >= 0xF0)
            size = size << 8 | next_byte(script);
        else if (size >= 0xE0)
            size = FRAGMENT_BLOCK_SIZE - size % 0x20;
        if (script->size + size + 64 > FILE_SIZE)
            break;
        put_record(script, size);
    }
}

static void touch(struct script *script, size_t from, size_t to)
{
    for (size_t i = 0; i < script->count; i++)
        if (from < script->ends[i] && to > script->starts[i])
            script->touched[i] = true;
}

static void damage(struct script *script)
{
    while (script->rest.size >= 4 && script->size > 0) {
        uint8_t change = next_byte(script);
        size_t at =
            ((size_t)next_byte(script) << 16 | (size_t)next_byte(script) << 8 | next_byte(script)) %
            script->size;

        if (change == 0) {
            script->size = at;
            touch(script, at, FILE_SIZE);
        } else {
            script->file[at] ^= change;
            touch(script, at, at + 1);
        }
    }
}

/* As whole as it can be. */
static void check_cut(struct bytes file, const struct manifest_end *end)
{
    struct manifest_end again;

    assert(manifest_find_end(bytes_slice(file, 0, end->end), &again) == MANIFEST_WHOLE);
    assert(again.end == end->end && again.records == end->records);
}

static void check(const struct script *script)
{
    struct bytes file = bytes_of(script->file, script->size);
    struct manifest_end end;
    enum manifest_tail tail = manifest_find_end(file, &end);
    size_t whole = 0, behind = 0;

    while (whole < script->count && !script->touched[whole])
        whole++;
    for (size_t i = whole; i < script->count; i++)
        behind += !script->touched[i];
    /* Changes may undo each other. */
    assert(end.records >= whole);
    if (end.records > whole)
        return;
    assert(end.end == (whole == 0 ? 0 : script->ends[whole - 1]));
    assert(whole > 0 || tail == MANIFEST_DAMAGED);
    assert(behind < MANIFEST_UNSYNCED_MAX || tail == MANIFEST_DAMAGED);
    if (tail != MANIFEST_DAMAGED)
        check_cut(file, &end);
}

static void look_as_it_is(struct bytes file)
{
    struct manifest_end end;

    if (manifest_find_end(file, &end) == MANIFEST_DAMAGED)
        return;
    assert(end.records > 0 && end.end > 0 && end.end <= file.size);
    check_cut(file, &end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct script script;

    if (size == 0)
        return 0;
    if (data[0] == 0) {
        look_as_it_is(bytes_of(data + 1, size - 1));
        return 0;
    }
    script = (struct script){.rest = bytes_of(data + 1, size - 1)};
    write_records(&script);
    damage(&script);
    check(&script);
    return 0;
}
