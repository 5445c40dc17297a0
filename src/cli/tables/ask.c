/* cli/tables/ask.c - see ask.h. The questions; ask_pages.c shows what they found.
 *
 *   table -> index -> partition key -> sort key -> filter -> pages
 *     <------- Escape goes one back, from the table out ------- */
#include "cli/tables/ask_private.h"

#define SUGGESTIONS_MAX 50  /* values that differ */
#define LOOKED_AT_LIMIT 200 /* items that are read for them */

/* ---- table and index ---- */

static enum prompt_end ask_table(struct asking *on)
{
    struct prompt_choice *choices =
        ARENA_NEW_ARRAY(on->cli->arena, on->table_count, struct prompt_choice);
    enum prompt_end end = PROMPT_QUIT;
    size_t at = 0;

    for (size_t i = 0; i < on->table_count; i++) {
        choices[i].text = on->tables[i];
        if (on->now.table != NULL && strcmp(on->now.table, on->tables[i]) == 0)
            at = i;
    }
    end = cli_prompt_select(&on->prompt, "Table", choices, on->table_count, &at);
    if (end != PROMPT_ANSWERED)
        return end;
    if (on->now.table == NULL || strcmp(on->now.table, on->tables[at]) != 0)
        on->now = (struct ask_spec){.table = on->tables[at]};
    return end;
}

static enum prompt_end ask_index(struct asking *on)
{
    const struct tables_shape *shape = &on->shape;
    struct prompt_choice *choices =
        ARENA_NEW_ARRAY(on->cli->arena, shape->index_count + 1, struct prompt_choice);
    enum prompt_end end = PROMPT_QUIT;
    size_t at = 0;

    choices[0] = (struct prompt_choice){"the table", tables_key_text(on->cli->arena, &shape->keys)};
    for (size_t i = 0; i < shape->index_count; i++) {
        choices[i + 1].text = arena_copy_text(on->cli->arena, shape->indexes[i].name);
        choices[i + 1].hint = tables_key_text(on->cli->arena, &shape->indexes[i].keys);
        if (on->now.index != NULL && strcmp(on->now.index, choices[i + 1].text) == 0)
            at = i + 1;
    }
    end = cli_prompt_select(&on->prompt, "Index", choices, shape->index_count + 1, &at);
    if (end != PROMPT_ANSWERED)
        return end;

    const char *index = at > 0 ? choices[at].text : NULL;

    if ((index == NULL) != (on->now.index == NULL) ||
        (index != NULL && strcmp(index, on->now.index) != 0))
        on->now = (struct ask_spec){.table = on->now.table, .index = index};
    return end;
}

/* ---- values that are there ---- */

struct suggestions {
    const char *texts[SUGGESTIONS_MAX];
    size_t count;
};

/* A sort key that would read as a range or a comparison is taken as it is by "==". */
static void suggest(struct asking *on, struct suggestions *suggestions, const struct value *value,
                    bool sort)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(PROMPT_LINE_SIZE_MAX);

    if (value == NULL || suggestions->count == SUGGESTIONS_MAX)
        return;
    if (sort && value->type == VALUE_S && value->bytes.size > 0 &&
        (bytes_find(value->bytes, BYTES("..")) != SIZE_MAX ||
         strchr("<>=!^", value->bytes.ptr[0]) != NULL))
        buffer_append_text(&text, "==");
    value_print_bare(&text, value);
    if (buffer_failed(&text))
        return;
    for (size_t i = 0; i < suggestions->count; i++)
        if (bytes_equal_text(buffer_bytes(&text), suggestions->texts[i]))
            return;
    suggestions->texts[suggestions->count++] = arena_copy_text(on->cli->arena, buffer_bytes(&text));
}

/* Of an attribute of the key: of the first items, or of those with the values that were given for
 * the attributes before it. What cannot be read suggests nothing. */
static struct suggestions suggestions_for(struct asking *on, const struct key_attribute *attribute)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer names = BUFFER_INIT(PROMPT_LINE_SIZE_MAX);
    AUTO(buffer_free) struct buffer condition = BUFFER_INIT(EXPR_SIZE_MAX);
    struct tables_binding binding = {.arena = arena};
    struct tables_request request = {
        .operation = "Scan", .table = on->now.table, .index = on->now.index, .binding = &binding};
    struct suggestions suggestions = {.count = 0};
    struct tables_page page = {0};
    struct client_answer answer = {0};
    struct tables_key key;
    struct tables_fault fault;
    const struct key_schema *keys = ask_keys(on);
    bool sort = attribute >= keys->attributes + keys->hash_count;

    if (ask_spec_key(on, &key, &fault) && key.count > 0) {
        tables_key_condition(&binding, &condition, &key);
        request.operation = "Query";
        request.key_condition = buffer_bytes(&condition);
    }
    tables_bind_name(&binding, &names, attribute->name);
    request.projection = buffer_bytes(&names);
    if (tables_page_ask(on->client, arena, &request, 0, LOOKED_AT_LIMIT, BYTES(""), &page,
                        &answer) == OK)
        for (size_t i = 0; i < page.count; i++)
            suggest(on, &suggestions, item_get(&page.items[i], attribute->name), sort);
    return suggestions;
}

/* ---- the key ---- */

static const char *back_text(const struct asking *on)
{
    return on->prompt.plain ? "\"<\" goes back" : "Tab suggests; Esc goes back";
}

static const char *help_for(struct asking *on, size_t at)
{
    const struct key_schema *keys = ask_keys(on);
    const char *type = keys->attributes[at].type == VALUE_N   ? "a number"
                       : keys->attributes[at].type == VALUE_B ? "base64"
                                                              : "text";

    if (at >= keys->hash_count)
        return arena_copy_text(
            on->cli->arena,
            arena_printf(on->cli->arena, "%s, or >=3  <3  1..10%s; nothing: all. %s", type,
                         keys->attributes[at].type == VALUE_N ? "" : "  ^=prefix", back_text(on)));
    return arena_copy_text(on->cli->arena,
                           arena_printf(on->cli->arena, "%s; %s%s", type,
                                        at == 0 ? "nothing: scan all items; " : "", back_text(on)));
}

/* Attribute number `at`; asked again while it cannot be read. */
static enum prompt_end ask_value(struct asking *on, size_t at)
{
    const struct key_attribute *attribute = &ask_keys(on)->attributes[at];
    const char *before = on->now.values[at];
    struct suggestions suggestions;

    on->now.values[at] = NULL;
    suggestions = suggestions_for(on, attribute);
    for (;;) {
        struct prompt_line line = {.help = help_for(on, at),
                                   .initial = before,
                                   .suggestions = suggestions.texts,
                                   .suggestion_count = suggestions.count};
        struct tables_key key;
        struct tables_fault fault;
        enum prompt_end end =
            cli_prompt_line(&on->prompt, arena_copy_text(on->cli->arena, attribute->name), &line,
                            &on->now.values[at]);

        if (end != PROMPT_ANSWERED)
            return end;
        if (ask_spec_key(on, &key, &fault))
            return end;
        ask_say(on, CLI_YELLOW, bytes_of_text(fault.message));
        before = on->now.values[at];
    }
}

static bool is_given(const struct asking *on, size_t at)
{
    return on->now.values[at] != NULL && on->now.values[at][0] != '\0';
}

/* Attribute after attribute, as long as each is given. Without a partition key all is scanned. */
static enum prompt_end ask_key(struct asking *on)
{
    const struct key_schema *keys = ask_keys(on);
    size_t at = 0;

    while (on->from_behind && at + 1 < keys->count && is_given(on, at))
        at++;

    while (at < keys->count) {
        enum prompt_end end = ask_value(on, at);

        if (end == PROMPT_QUIT || (end == PROMPT_BACK && at == 0))
            return end;
        if (end == PROMPT_BACK) {
            at--;
            continue;
        }
        if (!is_given(on, at) && at > 0 && at < keys->hash_count) {
            ask_say(on, CLI_YELLOW,
                    BYTES("The partition key has more than one attribute, and all "
                          "of them are needed."));
            continue;
        }
        if (is_given(on, at)) {
            at++;
            continue;
        }
        for (; at < keys->count; at++)
            on->now.values[at] = NULL;
    }
    return PROMPT_ANSWERED;
}

/* ---- the filter ---- */

static enum prompt_end ask_filter(struct asking *on)
{
    const char *suggestions[ASK_HISTORY_MAX];
    size_t count = 0;

    for (size_t i = on->history_count; i-- > 0;)
        if (on->history[i].filter != NULL)
            suggestions[count++] = on->history[i].filter;
    for (;;) {
        struct prompt_line line = {
            .help =
                on->prompt.plain
                    ? "type = \"signup\" and payload.age > 3; nothing: no filter"
                    : "type = \"signup\" and payload.age > 3; nothing: no filter. Esc goes back",
            .initial = on->now.filter,
            .suggestions = suggestions,
            .suggestion_count = count};
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(EXPR_SIZE_MAX);
        struct tables_binding binding = {.arena = on->cli->arena};
        struct tables_fault fault;
        const char *text = NULL;
        enum prompt_end end = cli_prompt_line(&on->prompt, "Filter", &line, &text);

        if (end != PROMPT_ANSWERED)
            return end;
        on->now.filter = text[0] != '\0' ? text : NULL;
        if (on->now.filter == NULL ||
            tables_condition_read(bytes_of_text(text), EXPR_FILTER, &binding, &out, &fault))
            return end;
        ask_say(on, CLI_YELLOW, bytes_of_text(fault.message));
    }
}

/* ---- one after the other ---- */

static enum prompt_end ask_step(struct asking *on, enum ask_step step, int *ret_exit)
{
    switch (step) {
    case ASK_TABLE:
        return ask_table(on);
    case ASK_INDEX:
        if (!tables_shape_ask(on->cli, on->client, on->now.table, &on->shape, ret_exit))
            return PROMPT_BACK;
        return on->shape.index_count > 0 ? ask_index(on) : PROMPT_ANSWERED;
    case ASK_KEY:
        return ask_key(on);
    case ASK_FILTER:
        return ask_filter(on);
    case ASK_PAGES:
        break;
    }
    return ask_pages(on);
}

static enum ask_step step_before(const struct asking *on, enum ask_step step)
{
    if (step == ASK_KEY && on->shape.index_count == 0)
        return ASK_TABLE;
    return (enum ask_step)(step - 1);
}

int tables_ask(struct cli *cli, struct client *client)
{
    struct asking on = {.cli = cli, .client = client, .prompt = cli_prompt(cli)};
    enum ask_step step = ASK_TABLE;
    int exit_status = CLI_DONE;

    if (!tables_list(cli, client, &on.tables, &on.table_count, &exit_status))
        return exit_status;
    if (on.table_count == 0)
        return cli_fail(cli, CLI_FAILED, "There are no tables at %s.", client_target(client)->url);
    for (;;) {
        enum prompt_end end = ask_step(&on, step, &exit_status);

        if (end == PROMPT_QUIT || (end == PROMPT_BACK && step == ASK_TABLE))
            return exit_status;
        on.from_behind = end == PROMPT_BACK;
        if (end == PROMPT_BACK)
            step = step_before(&on, step);
        else if (step == ASK_PAGES)
            step = on.again ? ASK_PAGES : ASK_TABLE;
        else
            step = (enum ask_step)(step + 1);
    }
}
