/* Random updates and projections against naive ones: the new item is built from the old one, member
 * by member, asking of each what the actions say of its path. (AWS: developer guide, "Update
 * expressions"; every right-hand side and every index speaks of the item as it was.) */
#include "random.h"

#define ROUNDS 10000
#define ACTIONS_MAX 6
#define PATHS_MAX 4

/* ---- what is set ---- */

enum value_kind { PATH, LITERAL, IF_NOT_EXISTS, LIST_APPEND, PLUS, MINUS };

struct source {
    enum value_kind kind;
    struct path path; /* PATH, IF_NOT_EXISTS */
    struct value literal;
    struct source *left, *right; /* IF_NOT_EXISTS: right alone */
};

static struct source *random_source(struct arena *arena, const struct item *item,
                                    enum value_type wanted, unsigned depth)
{
    struct source *source = ARENA_NEW(arena, struct source);
    unsigned which = draw(depth < 2 ? 6 : 4);

    source->path = random_path(item);
    for (unsigned i = 0; i < 10; i++) { /* look for what fits */
        const struct value *at = model_follow(item, &source->path);

        if (at != NULL && at->type == wanted)
            break;
        source->path = random_path(item);
    }
    source->literal =
        one_in(12) ? random_value_near(arena, item) : random_value_of(arena, wanted, 2);
    source->kind = which < 2 ? PATH : which < 4 ? LITERAL : which < 5 ? IF_NOT_EXISTS : LIST_APPEND;
    if (source->kind == LIST_APPEND && wanted != VALUE_L && !one_in(6))
        source->kind = IF_NOT_EXISTS;
    if (source->kind == LIST_APPEND) {
        source->left = random_source(arena, item, VALUE_L, depth + 1);
        source->right = random_source(arena, item, VALUE_L, depth + 1);
    } else if (source->kind == IF_NOT_EXISTS) {
        source->right = random_source(arena, item, wanted, depth + 1);
    }
    return source;
}

/* Sums stand outside, and have no list_append() in them: its type alone would be refused. */
static bool appends(const struct source *source)
{
    return source != NULL && (source->kind == LIST_APPEND || appends(source->right));
}

static struct source *random_sum(struct arena *arena, const struct item *item)
{
    struct source *sum = ARENA_NEW(arena, struct source);

    sum->kind = one_in(2) ? PLUS : MINUS;
    do {
        sum->left = random_source(arena, item, VALUE_N, 1);
        sum->right = random_source(arena, item, VALUE_N, 1);
    } while (appends(sum->left) || appends(sum->right));
    return sum;
}

static void write_source(struct writing *w, const struct source *source)
{
    bool parentheses = one_in(10);

    buffer_append_text(&w->text, parentheses ? "(" : "");
    switch (source->kind) {
    case PATH:
        write_path(w, &source->path);
        break;
    case LITERAL:
        write_literal(w, &source->literal);
        break;
    case IF_NOT_EXISTS:
        buffer_append_text(&w->text, "if_not_exists(");
        write_path(w, &source->path);
        buffer_append_text(&w->text, ",");
        write_source(w, source->right);
        buffer_append_text(&w->text, ")");
        break;
    case LIST_APPEND:
        buffer_append_text(&w->text, "list_append(");
        write_source(w, source->left);
        buffer_append_text(&w->text, " , ");
        write_source(w, source->right);
        buffer_append_text(&w->text, ")");
        break;
    case PLUS:
    case MINUS:
        write_source(w, source->left);
        buffer_append_text(&w->text, source->kind == PLUS ? " + " : " - ");
        write_source(w, source->right);
        break;
    }
    buffer_append_text(&w->text, parentheses ? ")" : "");
}

static bool literal_is_not(const struct source *source, enum value_type type)
{
    return source->kind == LITERAL && source->literal.type != type;
}

static bool source_is_refused(const struct source *source)
{
    switch (source->kind) {
    case PATH:
    case LITERAL:
        return false;
    case IF_NOT_EXISTS:
        return source_is_refused(source->right) ||
               (source->right->kind == PATH && same_path(&source->path, &source->right->path));
    case LIST_APPEND:
        return literal_is_not(source->left, VALUE_L) || literal_is_not(source->right, VALUE_L) ||
               source_is_refused(source->left) || source_is_refused(source->right);
    case PLUS:
    case MINUS:
        return literal_is_not(source->left, VALUE_N) || literal_is_not(source->right, VALUE_N) ||
               source_is_refused(source->left) || source_is_refused(source->right);
    }
    return false;
}

/* NULL: an attribute that is not there, or a wrong type. */
static const struct value *model_source(struct arena *arena, const struct source *source,
                                        const struct item *old)
{
    const struct value *left = NULL, *right = NULL;
    struct value *made = NULL;

    if (source->kind == PATH || source->kind == IF_NOT_EXISTS) {
        left = model_follow(old, &source->path);
        return left != NULL || source->kind == PATH ? left
                                                    : model_source(arena, source->right, old);
    }
    if (source->kind == LITERAL)
        return &source->literal;
    left = model_source(arena, source->left, old);
    right = model_source(arena, source->right, old);
    if (left == NULL || right == NULL || left->type != right->type ||
        left->type != (source->kind == LIST_APPEND ? VALUE_L : VALUE_N))
        return NULL;
    made = ARENA_NEW(arena, struct value);
    if (source->kind != LIST_APPEND) {
        *made = tenths_value(source->kind == PLUS ? tenths_of(left) + tenths_of(right)
                                                  : tenths_of(left) - tenths_of(right));
        return made;
    }
    made->type = VALUE_L;
    made->list.values = ARENA_NEW_ARRAY(arena, left->list.count + right->list.count, struct value);
    for (size_t i = 0; i < left->list.count; i++)
        made->list.values[made->list.count++] = left->list.values[i];
    for (size_t i = 0; i < right->list.count; i++)
        made->list.values[made->list.count++] = right->list.values[i];
    return made;
}

/* ---- actions ---- */

enum section { SET, REMOVE, ADD, DELETE };

static const char *const section_words[] = {"SET", "REMOVE", "ADD", "DELETE"};

struct action {
    enum section section;
    struct path path;
    struct source *source; /* SET */
    struct value literal;  /* ADD, DELETE */
};

struct update {
    struct action actions[ACTIONS_MAX]; /* those of one section together */
    unsigned count;
};

/* Of a path that leads to a set or a number mostly such a value. */
static struct value random_addend(struct arena *arena, const struct item *item,
                                  const struct action *action)
{
    static const enum value_type added[] = {VALUE_N, VALUE_N, VALUE_SS, VALUE_NS, VALUE_BS};
    const struct value *at = model_follow(item, &action->path);

    if (one_in(15))
        return random_value(arena, 2);
    if (at != NULL && (is_set(at) || (at->type == VALUE_N && action->section == ADD)) && !one_in(6))
        return random_value_of(arena, at->type, 2);
    return random_value_of(arena, added[action->section == ADD ? draw(5) : 2 + draw(3)], 2);
}

static bool paths_clash(const struct path *a, const struct path *b);

/* Mostly one that does not clash with the others, and that leads to what ADD and DELETE take. */
static struct path random_target(const struct item *item, const struct update *update,
                                 enum section section)
{
    struct path path = {.count = 0};
    bool good = false;

    for (unsigned i = 0; i < 12 && !good; i++) {
        path = random_path(item);
        if (update->count > 0 && one_in(3)) { /* beside another, often a second one of a list */
            path = update->actions[draw(update->count)].path;
            path.steps[path.count - 1] = path.steps[path.count - 1].name != NULL
                                             ? (struct step){.name = PICK(all_names)}
                                             : (struct step){.index = draw(7)};
        }

        const struct value *at = model_follow(item, &path);

        good = section < ADD || i > 8 ||
               (at != NULL && (is_set(at) || (at->type == VALUE_N && section == ADD)));
        for (unsigned k = 0; good && k < update->count; k++)
            good = !paths_clash(&path, &update->actions[k].path);
    }
    return path;
}

static struct update random_update(struct arena *arena, const struct item *item)
{
    struct update update = {.count = 0};
    unsigned first = draw(4), counts[4] = {0};

    for (unsigned i = one_in(4) ? ACTIONS_MAX : 1 + draw(2); i > 0; i--)
        counts[one_in(3) ? SET : draw(4)]++;
    for (unsigned s = 0; s < 4; s++) {
        enum section section = (enum section)((first + s) % 4);

        for (unsigned i = counts[section]; i > 0; i--) {
            struct action *action = &update.actions[update.count];

            action->section = section;
            action->path = random_target(item, &update, section);
            action->source = one_in(3)
                                 ? random_sum(arena, item)
                                 : random_source(arena, item, one_in(3) ? VALUE_L : VALUE_N, 0);
            action->literal = random_addend(arena, item, action);
            update.count++;
        }
    }
    return update;
}

static void write_update(struct writing *w, const struct update *update)
{
    for (unsigned i = 0; i < update->count; i++) {
        const struct action *action = &update->actions[i];

        if (i == 0 || update->actions[i - 1].section != action->section) {
            write_blank(w);
            write_keyword(w, section_words[action->section]);
        } else {
            buffer_append_byte(&w->text, ',');
        }
        write_blank(w);
        write_path(w, &action->path);
        buffer_append_text(&w->text, action->section == SET ? one_in(2) ? "=" : " = " : "");
        if (action->section == SET)
            write_source(w, action->source);
        if (action->section >= ADD) {
            write_blank(w);
            write_literal(w, &action->literal);
        }
    }
}

/* One leads into the other, or one takes for a list what the other takes for a map. */
static bool paths_clash(const struct path *a, const struct path *b)
{
    for (unsigned i = 0; i < a->count && i < b->count; i++)
        if (!same_step(&a->steps[i], &b->steps[i]))
            return (a->steps[i].name == NULL) != (b->steps[i].name == NULL);
    return true;
}

static bool update_is_refused(const struct update *update)
{
    for (unsigned i = 0; i < update->count; i++) {
        const struct action *action = &update->actions[i];

        for (unsigned k = 0; k < i; k++)
            if (paths_clash(&action->path, &update->actions[k].path))
                return true;
        if (action->section == SET && source_is_refused(action->source))
            return true;
        if (action->section >= ADD && !is_set(&action->literal) &&
            (action->section == DELETE || action->literal.type != VALUE_N))
            return true;
    }
    return false;
}

/* ---- what an action makes of a value ---- */

struct outcome {
    bool failed; /* the update is refused */
    bool gone;   /* nothing stands there any more */
    struct value value;
};

static const struct outcome failed = {.failed = true}, gone = {.gone = true};

/* The members of `set`, without (or with) those of `other`. */
static struct outcome model_set(struct arena *arena, const struct value *set,
                                const struct value *other, bool add)
{
    struct outcome outcome = {.value = {.type = set->type}};
    struct value *values =
        ARENA_NEW_ARRAY(arena, set->list.count + other->list.count, struct value);
    size_t count = 0;

    for (size_t i = 0; i < set->list.count; i++)
        if (add || !model_has_member(other, &set->list.values[i]))
            values[count++] = set->list.values[i];
    for (size_t i = 0; add && i < other->list.count; i++)
        if (!model_has_member(set, &other->list.values[i]))
            values[count++] = other->list.values[i];
    outcome.value.list.values = values;
    outcome.value.list.count = count;
    outcome.gone = count == 0;
    return outcome;
}

static struct outcome model_act(struct arena *arena, const struct action *action,
                                const struct item *old, const struct value *at)
{
    const struct value *made = NULL;

    switch (action->section) {
    case SET:
        made = model_source(arena, action->source, old);
        return made != NULL ? (struct outcome){.value = *made} : failed;
    case REMOVE:
        return gone;
    case ADD:
        if (at == NULL)
            return (struct outcome){.value = action->literal};
        if (at->type != action->literal.type)
            return failed;
        if (at->type == VALUE_N)
            return (struct outcome){.value =
                                        tenths_value(tenths_of(at) + tenths_of(&action->literal))};
        return model_set(arena, at, &action->literal, true);
    case DELETE:
        if (at == NULL)
            return gone;
        return at->type == action->literal.type ? model_set(arena, at, &action->literal, false)
                                                : failed;
    }
    return failed;
}

/* ---- the new item ---- */

struct building {
    struct arena *arena;
    const struct update *update;
    const struct item *old;
    bool failed;
};

static bool leads_through(const struct path *path, const struct path *prefix)
{
    for (unsigned i = 0; i < prefix->count; i++)
        if (i >= path->count || !same_step(&path->steps[i], &prefix->steps[i]))
            return false;
    return true;
}

static struct value build(struct building *b, const struct value *old, const struct path *here);

/* What stands at this path in the new item; false: nothing. */
static bool build_member(struct building *b, const struct value *old, const struct path *here,
                         struct value *ret)
{
    bool inside = false;

    for (unsigned i = 0; i < b->update->count; i++) {
        const struct action *action = &b->update->actions[i];

        if (!leads_through(&action->path, here))
            continue;
        inside = true;
        if (action->path.count == here->count) {
            struct outcome outcome = model_act(b->arena, action, b->old, old);

            b->failed = b->failed || outcome.failed;
            *ret = outcome.value;
            return !outcome.failed && !outcome.gone;
        }
    }
    if (inside && old->type != VALUE_M && old->type != VALUE_L)
        b->failed = true; /* there is nothing inside */
    *ret = inside && !b->failed ? build(b, old, here) : *old;
    return true;
}

/* The next action whose target is not there in `old`, at `here` and one step more; in a list from
 * index `from` on. */
static const struct action *next_new(const struct building *b, const struct path *here,
                                     const struct value *old, unsigned from, unsigned *at)
{
    const struct action *next = NULL;

    for (; *at < b->update->count && old->type == VALUE_M; ++*at) {
        const struct path *path = &b->update->actions[*at].path;

        if (path->count == here->count + 1 && leads_through(path, here) &&
            path->steps[here->count].name != NULL &&
            model_get(&old->map, bytes_of_text(path->steps[here->count].name)) == NULL)
            return &b->update->actions[(*at)++];
    }
    for (unsigned i = 0; i < b->update->count && old->type == VALUE_L; i++) {
        const struct path *path = &b->update->actions[i].path;

        if (path->count == here->count + 1 && leads_through(path, here) &&
            path->steps[here->count].name == NULL && path->steps[here->count].index >= from &&
            (next == NULL || path->steps[here->count].index < next->path.steps[here->count].index))
            next = &b->update->actions[i];
    }
    return next;
}

/* Actions that lead further, or elsewhere than there is a way, fail. */
static void look_for_dead_ends(struct building *b, const struct value *old, const struct path *here)
{
    for (unsigned i = 0; i < b->update->count; i++) {
        const struct path *path = &b->update->actions[i].path;
        const struct step *step = &path->steps[here->count];

        if (path->count <= here->count || !leads_through(path, here))
            continue;
        if ((step->name != NULL) != (old->type == VALUE_M))
            b->failed = true;
        else if (path->count > here->count + 1 &&
                 (step->name != NULL ? model_get(&old->map, bytes_of_text(step->name)) == NULL
                                     : step->index >= old->list.count))
            b->failed = true;
    }
}

static struct value build_map(struct building *b, const struct value *old, struct path *child)
{
    struct value made = {.type = VALUE_M};
    struct path here = *child;
    const struct action *action = NULL;
    unsigned at = 0;

    made.map.attributes = ARENA_NEW_ARRAY(b->arena, old->map.count + ACTIONS_MAX, struct attribute);
    child->count++;
    for (size_t i = 0; i < old->map.count; i++) {
        struct attribute *attribute = &made.map.attributes[made.map.count];

        attribute->name = old->map.attributes[i].name;
        child->steps[here.count] =
            (struct step){.name = arena_copy_text(b->arena, attribute->name)};
        made.map.count += build_member(b, &old->map.attributes[i].value, child, &attribute->value);
    }
    while ((action = next_new(b, &here, old, 0, &at)) != NULL) {
        struct outcome outcome = model_act(b->arena, action, b->old, NULL);

        b->failed = b->failed || outcome.failed;
        if (!outcome.failed && !outcome.gone)
            made.map.attributes[made.map.count++] = (struct attribute){
                bytes_of_text(action->path.steps[here.count].name), outcome.value};
    }
    return made;
}

static struct value build_list(struct building *b, const struct value *old, struct path *child)
{
    struct value made = {.type = VALUE_L};
    struct path here = *child;
    const struct action *action = NULL;
    unsigned from = (unsigned)old->list.count, at = 0;

    made.list.values = ARENA_NEW_ARRAY(b->arena, old->list.count + ACTIONS_MAX, struct value);
    child->count++;
    for (size_t i = 0; i < old->list.count; i++) {
        child->steps[here.count] = (struct step){.index = (unsigned)i};
        made.list.count +=
            build_member(b, &old->list.values[i], child, &made.list.values[made.list.count]);
    }
    while ((action = next_new(b, &here, old, from, &at)) != NULL) {
        struct outcome outcome = model_act(b->arena, action, b->old, NULL);

        from = action->path.steps[here.count].index + 1;
        b->failed = b->failed || outcome.failed;
        if (!outcome.failed && !outcome.gone)
            made.list.values[made.list.count++] = outcome.value;
    }
    return made;
}

static struct value build(struct building *b, const struct value *old, const struct path *here)
{
    struct path child = *here;

    look_for_dead_ends(b, old, here);
    if (b->failed || here->count == STEPS_MAX)
        return *old;
    return old->type == VALUE_M ? build_map(b, old, &child) : build_list(b, old, &child);
}

/* ---- projections ---- */

struct selection {
    struct path paths[ACTIONS_MAX];
    unsigned count;
};

/* The part of a value that the paths name; false: none. */
static bool model_part(struct arena *arena, const struct selection *selection,
                       const struct value *value, const struct path *here, struct value *ret)
{
    bool inside = false, found = false;
    struct path child = *here;

    for (unsigned i = 0; i < selection->count; i++) {
        const struct path *path = &selection->paths[i];

        inside = inside || leads_through(path, here);
        if (path->count == here->count && leads_through(path, here)) {
            *ret = *value;
            return true;
        }
    }
    if (!inside || here->count == STEPS_MAX || (value->type != VALUE_M && value->type != VALUE_L))
        return false;
    *ret = (struct value){.type = value->type};
    child.count++;
    if (value->type == VALUE_M) {
        ret->map.attributes = ARENA_NEW_ARRAY(arena, value->map.count, struct attribute);
        for (size_t i = 0; i < value->map.count; i++) {
            struct attribute *part = &ret->map.attributes[ret->map.count];

            part->name = value->map.attributes[i].name;
            child.steps[here->count] = (struct step){.name = arena_copy_text(arena, part->name)};
            ret->map.count +=
                model_part(arena, selection, &value->map.attributes[i].value, &child, &part->value);
        }
        return ret->map.count > 0;
    }
    ret->list.values = ARENA_NEW_ARRAY(arena, value->list.count, struct value);
    for (size_t i = 0; i < value->list.count; i++) {
        child.steps[here->count] = (struct step){.index = (unsigned)i};
        found = model_part(arena, selection, &value->list.values[i], &child,
                           &ret->list.values[ret->list.count]);
        ret->list.count += found;
    }
    return ret->list.count > 0;
}

static struct item model_project(struct arena *arena, const struct selection *selection,
                                 const struct item *item)
{
    struct value whole = {.type = VALUE_M}, part = {.type = VALUE_M};

    if (item != NULL)
        whole.map = *item;
    if (!model_part(arena, selection, &whole, &(struct path){.count = 0}, &part))
        return (struct item){NULL, 0};
    return part.map;
}

/* ---- rounds ---- */

static unsigned applied, failed_late, refused, projected;

static void expect_item(struct writing *w, const char *what, const struct item *found,
                        const struct item *expected, const struct item *old)
{
    if (!same_map(found, expected))
        fail_round("%s\nof %s\n%s is %s\n     and not %s", writing_text(w),
                   item_text(w->arena, old), what, item_text(w->arena, found),
                   item_text(w->arena, expected));
}

static void apply(struct writing *w, const struct expr_update *update, const struct update *model,
                  const struct item *old)
{
    struct building b = {.arena = w->arena, .update = model, .old = old};
    struct value whole = {.type = VALUE_M};
    struct selection selection = {.count = 0};
    struct item new = {0}, part = {0};
    struct api_error error = {0};
    struct item before = old != NULL ? item_copy(w->arena, old) : (struct item){0};

    if (old != NULL)
        whole.map = *old;
    whole = build(&b, &whole, &(struct path){.count = 0});

    enum status st = expr_apply_update(update, old, w->arena, &new, &error);

    if ((st != OK) != b.failed)
        fail_round("%s\nof %s: %s", writing_text(w), item_text(w->arena, old),
                   st != OK ? error.message : item_text(w->arena, &new));
    if (old != NULL)
        expect_item(w, "the old item", old, &before, &before);
    applied += st == OK;
    failed_late += st != OK;
    if (st != OK)
        return;
    expect_item(w, "the new item", &new, &whole.map, old);
    for (unsigned i = 0; i < model->count; i++)
        selection.paths[selection.count++] = model->actions[i].path;
    expr_updated_part(update, old, w->arena, &part);
    struct item expected = model_project(w->arena, &selection, old);

    expect_item(w, "UPDATED_OLD", &part, &expected, old);
    expr_updated_part(update, &new, w->arena, &part);
    expected = model_project(w->arena, &selection, &new);
    expect_item(w, "UPDATED_NEW", &part, &expected, old);
}

static void round_of_updates(struct arena *arena)
{
    struct item item = random_map(arena, 0);
    const struct item *old = one_in(6) ? NULL : &item;
    struct update model = random_update(arena, old);
    struct writing w = writing_begin(arena);
    const struct expr_update *update = NULL;
    struct api_error error = {0};

    write_update(&w, &model);

    enum status st = expr_parse_update(arena, buffer_bytes(&w.text), &w.names, &update, &error);

    if (st == OK)
        st = expr_finish(&w.names, &error);
    if ((st != OK) != update_is_refused(&model))
        fail_round("%s: %s", writing_text(&w), st == OK ? "not refused" : error.message);
    refused += st != OK;
    if (st == OK)
        apply(&w, update, &model, old);
    buffer_free(&w.text);
}

static void test_updates(void **state)
{
    (void)state;
    random_rounds(ROUNDS, round_of_updates);
    if (getenv("TEST_SEED") == NULL)
        assert_true(applied > ROUNDS / 10 && failed_late > ROUNDS / 10 && refused > ROUNDS / 50);
}

static void round_of_projections(struct arena *arena)
{
    struct item item = random_map(arena, 0), found = {0}, expected = {0};
    struct selection model = {.count = 1 + draw(PATHS_MAX)};
    struct writing w = writing_begin(arena);
    const struct expr_projection *projection = NULL;
    struct api_error error = {0};
    bool clash = false;

    for (unsigned i = 0; i < model.count; i++) {
        model.paths[i] = random_path(&item);
        for (unsigned k = 0; k < i; k++)
            clash = clash || paths_clash(&model.paths[i], &model.paths[k]);
        buffer_append_text(&w.text, i > 0 ? one_in(2) ? "," : " , " : "");
        write_path(&w, &model.paths[i]);
    }

    enum status st =
        expr_parse_projection(arena, buffer_bytes(&w.text), &w.names, &projection, &error);

    if ((st != OK) != clash)
        fail_round("%s: %s", writing_text(&w), st == OK ? "not refused" : error.message);
    if (st == OK) {
        assert_int_equal(expr_finish(&w.names, &error), OK);
        expr_project(projection, &item, arena, &found);
        expected = model_project(arena, &model, &item);
        projected += expected.count > 0;
        expect_item(&w, "the projection", &found, &expected, &item);
    }
    buffer_free(&w.text);
}

static void test_projections(void **state)
{
    (void)state;
    random_rounds(ROUNDS, round_of_projections);
    if (getenv("TEST_SEED") == NULL)
        assert_true(projected > ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_projections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
