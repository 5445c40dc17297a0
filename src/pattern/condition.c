/* pattern/condition.c - see condition.h. */
#include "pattern/condition.h"

#include "pattern/fold.h"

struct leaf leaf_of(struct arena *arena, const struct json *value)
{
    struct leaf leaf = {.type = json_type(value)};

    assert(leaf.type != JSON_ARRAY && leaf.type != JSON_OBJECT);
    if (leaf.type == JSON_STRING) {
        leaf.text = json_string(value);
    } else if (leaf.type == JSON_NUMBER) {
        leaf.number = decimal_parse(arena, json_number_text(value));
        leaf.text = decimal_key(arena, &leaf.number);
    } else if (leaf.type == JSON_BOOL) {
        leaf.truth = json_bool(value);
    }
    return leaf;
}

struct bytes leaf_folded(struct leaf *leaf, struct arena *arena)
{
    assert(leaf->type == JSON_STRING);
    if (leaf->folded.ptr == NULL)
        leaf->folded = fold_text(arena, leaf->text);
    return leaf->folded;
}

static bool leaf_equal(const struct leaf *a, const struct leaf *b)
{
    return a->type == b->type && a->truth == b->truth && bytes_equal(a->text, b->text);
}

/* The first and the last piece are fixed at the ends; each one between them is taken where it
 * stands first, which leaves the most for those behind it. */
static bool wildcard_holds(const struct operand *operand, struct bytes text)
{
    const struct bytes *pieces = operand->pieces;
    size_t last = operand->piece_count - 1;

    if (last == 0)
        return bytes_equal(pieces[0], text);
    if (text.size < pieces[0].size + pieces[last].size || !bytes_start_with(text, pieces[0]) ||
        !bytes_end_with(text, pieces[last]))
        return false;
    text = bytes_slice(text, pieces[0].size, text.size - pieces[0].size - pieces[last].size);
    for (size_t i = 1; i < last; i++) {
        size_t at = bytes_find(text, pieces[i]);

        if (at == SIZE_MAX)
            return false;
        text = bytes_slice(text, at + pieces[i].size, text.size);
    }
    return true;
}

static bool within(const struct condition *condition, const struct decimal *number)
{
    if (condition->low.set) {
        int order = decimal_compare(number, &condition->low.number);

        if (order < 0 || (order == 0 && condition->low.open))
            return false;
    }
    if (condition->high.set) {
        int order = decimal_compare(number, &condition->high.number);

        if (order > 0 || (order == 0 && condition->high.open))
            return false;
    }
    return true;
}

static bool inside(const struct network *network, struct leaf *leaf)
{
    if (leaf->address_state == ADDRESS_NOT_ASKED)
        leaf->address_state =
            address_parse(leaf->text, &leaf->address) ? ADDRESS_KNOWN : ADDRESS_NONE;
    return leaf->address_state == ADDRESS_KNOWN && network_has(network, &leaf->address);
}

/* The comparisons with one operand that only strings can pass. */
static bool string_holds(enum condition_kind kind, const struct operand *operand, struct leaf *leaf,
                         struct arena *arena)
{
    switch (kind) {
    case CONDITION_EQUAL_IGNORE_CASE:
        return bytes_equal(leaf_folded(leaf, arena), operand->leaf.text);
    case CONDITION_PREFIX:
        return bytes_start_with(leaf->text, operand->leaf.text);
    case CONDITION_PREFIX_IGNORE_CASE:
        return bytes_start_with(leaf_folded(leaf, arena), operand->leaf.text);
    case CONDITION_SUFFIX:
        return bytes_end_with(leaf->text, operand->leaf.text);
    case CONDITION_SUFFIX_IGNORE_CASE:
        return bytes_end_with(leaf_folded(leaf, arena), operand->leaf.text);
    case CONDITION_WILDCARD:
        return wildcard_holds(operand, leaf->text);
    case CONDITION_EQUAL:
    case CONDITION_NUMERIC:
    case CONDITION_CIDR:
    case CONDITION_EXISTS:
    case CONDITION_ABSENT:
        break;
    }
    assert(false && "not a comparison of strings");
    return false;
}

static bool any_operand_holds(const struct condition *condition, struct leaf *leaf,
                              struct arena *arena)
{
    for (size_t i = 0; i < condition->operand_count; i++) {
        const struct operand *operand = &condition->operands[i];

        if (condition->kind == CONDITION_EQUAL
                ? leaf_equal(leaf, &operand->leaf)
                : leaf->type == JSON_STRING && string_holds(condition->kind, operand, leaf, arena))
            return true;
    }
    return false;
}

bool condition_holds(const struct condition *condition, struct leaf *leaf, struct arena *arena)
{
    switch (condition->kind) {
    case CONDITION_EXISTS:
        return true;
    case CONDITION_ABSENT:
        return false;
    case CONDITION_NUMERIC:
        return leaf->type == JSON_NUMBER && within(condition, &leaf->number);
    case CONDITION_CIDR:
        return leaf->type == JSON_STRING && inside(&condition->network, leaf);
    case CONDITION_EQUAL:
    case CONDITION_EQUAL_IGNORE_CASE:
    case CONDITION_PREFIX:
    case CONDITION_PREFIX_IGNORE_CASE:
    case CONDITION_SUFFIX:
    case CONDITION_SUFFIX_IGNORE_CASE:
    case CONDITION_WILDCARD:
        return any_operand_holds(condition, leaf, arena) != condition->anything_but;
    }
    return false;
}
