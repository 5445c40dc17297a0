/* cli/tables/ask_pages.c - the pages of an interactive query, and where one goes from there. See
 * ask.h. */
#include "cli/tables/ask_private.h"

#include <sys/ioctl.h>

#define PAGE_ITEMS_DEFAULT 15
#define LINES_AROUND 9   /* titles, footer, the command, keys; and what was asked, above */
#define STARTS_MAX 10000 /* pages back */

/* ---- what was asked for ---- */

const struct key_schema *ask_keys(const struct asking *on)
{
    const struct tables_index *index =
        on->now.index != NULL ? tables_shape_index(&on->shape, on->now.index) : NULL;

    return index != NULL ? &index->keys : &on->shape.keys;
}

static bool begins_with_operator(const char *text)
{
    return text[0] == '<' || text[0] == '>' || text[0] == '=' || text[0] == '!' ||
           (text[0] == '^' && text[1] == '=');
}

size_t ask_spec_words(struct asking *on, const char *words[KEY_ATTRIBUTES_MAX])
{
    const struct key_schema *keys = ask_keys(on);
    size_t count = 0;

    for (size_t i = 0; i < keys->count; i++) {
        const char *value = on->now.values[i];
        bool sort = i >= keys->hash_count;
        bool operator_ = value != NULL && sort && begins_with_operator(value);
        bool literal = value != NULL && !sort && value[0] == '='; /* "=": as it is */

        if (value != NULL && value[0] != '\0')
            words[count++] =
                arena_copy_text(on->cli->arena, arena_printf(on->cli->arena, "%.*s%s%s",
                                                             BYTES_ARG(keys->attributes[i].name),
                                                             operator_ ? ""
                                                             : literal ? "=="
                                                                       : "=",
                                                             value));
    }
    return count;
}

bool ask_spec_key(struct asking *on, struct tables_key *ret, struct tables_fault *reterr)
{
    const struct key_schema *keys = ask_keys(on);
    const char *words[KEY_ATTRIBUTES_MAX];
    size_t count = ask_spec_words(on, words);

    *ret = (struct tables_key){0};
    for (size_t i = 0; i < keys->hash_count; i++)
        if (on->now.values[i] == NULL || on->now.values[i][0] == '\0') {
            struct key_schema part = {.hash_count = i, .count = i};

            memcpy(part.attributes, keys->attributes, i * sizeof part.attributes[0]);
            return count == 0 ||
                   tables_key_read(on->cli->arena, words, count, &part, TABLES_KEY_OF_ITEM,
                                   &(struct tables_key){0}, reterr);
        }
    return tables_key_read(on->cli->arena, words, count, keys, TABLES_KEY_CONDITION, ret, reterr);
}

void ask_say(struct asking *on, enum cli_colour colour, struct bytes text)
{
    const struct cli *cli = on->cli;
    AUTO(buffer_free) struct buffer safe = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_text_show(&safe, text, SIZE_MAX);
    fputs(cli_paint(cli, cli->out, colour), cli->out);
    cli_text_wrap(cli->out, arena_copy_text(cli->arena, buffer_bytes(&safe)), 0, 0,
                  colour == CLI_YELLOW ? cli->width : SIZE_MAX); /* commands are to be copied */
    fputs(cli_paint(cli, cli->out, CLI_PLAIN), cli->out);
    fflush(cli->out);
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool same_spec(const struct ask_spec *a, const struct ask_spec *b)
{
    bool same = same_text(a->table, b->table) && same_text(a->index, b->index) &&
                same_text(a->filter, b->filter) && a->backward == b->backward;

    for (size_t i = 0; i < KEY_ATTRIBUTES_MAX; i++)
        same = same && same_text(a->values[i], b->values[i]);
    return same;
}

/* As the newest; the oldest goes. */
static void remember(struct asking *on)
{
    size_t at = 0;

    while (at < on->history_count && !same_spec(&on->history[at], &on->now))
        at++;
    if (at == ASK_HISTORY_MAX)
        at = 0;
    if (at < on->history_count) {
        memmove(&on->history[at], &on->history[at + 1],
                (on->history_count - at - 1) * sizeof on->history[0]);
        on->history_count--;
    }
    on->history[on->history_count++] = on->now;
}

/* ---- the same as a command ---- */

static void print_word(struct buffer *out, const char *word)
{
    bool plain = bytes_are_of(bytes_of_text(word), "_-.=#/:@,+") && word[0] != '#';

    buffer_append_byte(out, ' ');
    if (plain) {
        buffer_append_text(out, word);
        return;
    }
    buffer_append_byte(out, '\'');
    for (; *word != '\0'; word++)
        if (*word == '\'')
            buffer_append_text(out, "'\\''");
        else
            buffer_append_byte(out, (uint8_t)*word);
    buffer_append_byte(out, '\'');
}

static struct bytes command_text(struct asking *on)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const char *words[KEY_ATTRIBUTES_MAX];
    size_t count = ask_spec_words(on, words);

    buffer_append_text(&out, count > 0 ? "dynlog query" : "dynlog scan");
    print_word(&out, on->now.table);
    for (size_t i = 0; i < count; i++)
        print_word(&out, words[i]);
    if (on->now.index != NULL) {
        buffer_append_text(&out, " --index");
        print_word(&out, on->now.index);
    }
    if (on->now.filter != NULL) {
        buffer_append_text(&out, " --filter");
        print_word(&out, on->now.filter);
    }
    buffer_append_text(&out, on->now.backward && count > 0 ? " --backward" : "");
    return arena_copy(on->cli->arena, buffer_bytes(&out));
}

/* ---- pages ---- */

struct paging {
    struct asking *on;
    struct tables_reading reading;
    struct tables_read_options options;
    struct bytes *starts; /* of the pages that were shown; the last is the one that shows */
    size_t start_count, start_capacity;
    struct bytes next;   /* where the next one begins; empty: there is none */
    struct arena *arena; /* of the page that shows */
    struct item *items;
    size_t item_count;
    bool begun; /* something was shown */
};

static size_t page_items(const struct cli *cli)
{
    struct winsize size = {0};

    if (ioctl(fileno(cli->out), TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
        return size_max(size.ws_row, LINES_AROUND + 5) - LINES_AROUND;
    return PAGE_ITEMS_DEFAULT;
}

/* In the command's arena: it is kept for the way back. */
static struct bytes start_behind(const struct paging *paging, const struct item *item)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct item key = {0};
    struct tables_order order = {.count = 0};

    tables_order_add(&order, ask_keys(paging->on));
    tables_order_add(&order, &paging->on->shape.keys);
    for (size_t i = 0; i < order.count; i++)
        if (item_get(item, order.names[i]) != NULL)
            item_set(arena, &key, order.names[i], *item_get(item, order.names[i]));
    item_print(&out, &key);
    return arena_copy(paging->on->cli->arena, buffer_bytes(&out));
}

/* One request; what fits into the page is copied, the rest is forgotten. */
static bool read_some(struct paging *paging, size_t wanted, struct bytes *start,
                      struct tables_totals *totals)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct asking *on = paging->on;
    bool filtered = paging->reading.request.filter.size > 0;
    struct tables_page page;
    struct client_answer answer = {0};
    size_t room = wanted - paging->item_count;
    enum status status = tables_page_ask(on->client, arena, &paging->reading.request, 0,
                                         filtered ? 0 : (int64_t)room, *start, &page, &answer);

    if (status != OK) {
        (void)tables_fail(on->cli, on->client, on->now.table, status, &answer);
        return false;
    }
    for (size_t i = 0; i < page.count && i < room; i++)
        paging->items[paging->item_count++] = item_copy(paging->arena, &page.items[i]);
    *start = page.count > room ? start_behind(paging, &page.items[room - 1])
                               : arena_copy(on->cli->arena, page.next);
    totals->looked_at += page.looked_at;
    totals->capacity += page.capacity;
    return true;
}

/* Reads until the page is full: a filter may leave little of what is looked at. */
static bool read_page(struct paging *paging, struct bytes start, struct tables_totals *totals)
{
    size_t wanted = page_items(paging->on->cli);

    arena_reset(paging->arena);
    paging->items = ARENA_NEW_ARRAY(paging->arena, wanted, struct item);
    paging->item_count = 0;
    do
        if (!read_some(paging, wanted, &start, totals))
            return false;
    while (start.size > 0 && paging->item_count < wanted);
    totals->shown = (int64_t)paging->item_count;
    paging->next = start;
    return true;
}

static bool show_page(struct paging *paging)
{
    struct asking *on = paging->on;
    struct cli *cli = on->cli;
    struct tables_show show =
        tables_show_begin(cli, TABLES_TABLE, false, false, &on->shape, paging->reading.index);
    struct tables_totals totals = {0};

    if (!read_page(paging, paging->starts[paging->start_count - 1], &totals))
        return false;
    fputc('\n', cli->out);
    if (!tables_show_items(&show, paging->items, paging->item_count))
        return false;
    tables_show_hidden(&show);

    struct bytes text = tables_totals_text(cli->arena, &totals, false);

    ask_say(on, CLI_DIM,
            arena_printf(cli->arena, "Page %zu: %.*s%s", paging->start_count, BYTES_ARG(text),
                         paging->next.size > 0 ? "" : "; that is the end"));
    if (!paging->begun)
        ask_say(on, CLI_DIM, command_text(on));
    paging->begun = true;
    return true;
}

static void add_start(struct paging *paging, struct bytes start)
{
    paging->starts =
        arena_grow(paging->on->cli->arena, paging->starts, paging->start_count,
                   paging->start_count + 1, &paging->start_capacity, sizeof *paging->starts);
    paging->starts[paging->start_count++] = start;
}

/* ---- what one does there ---- */

static enum prompt_end open_item(struct paging *paging)
{
    struct asking *on = paging->on;
    struct arena *arena = on->cli->arena;
    struct prompt_choice *choices =
        ARENA_NEW_ARRAY(arena, paging->item_count, struct prompt_choice);
    struct tables_order order = {.count = 0};
    size_t at = 0;

    tables_order_add(&order, ask_keys(on));
    tables_order_add(&order, &on->shape.keys);
    for (size_t i = 0; i < paging->item_count; i++) {
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(CLI_LINE_SIZE_MAX);

        for (size_t j = 0; j < order.count; j++) {
            const struct value *value = item_get(&paging->items[i], order.names[j]);

            buffer_append_text(&text, j > 0 ? "  " : "");
            if (value != NULL)
                value_print_bare(&text, value);
        }
        choices[i].text = arena_copy_text(arena, buffer_bytes(&text));
    }

    enum prompt_end end = cli_prompt_select(&on->prompt, "Item", choices, paging->item_count, &at);

    if (end == PROMPT_ANSWERED)
        (void)!tables_show_item(on->cli, &paging->items[at], &order, false, false);
    return end == PROMPT_QUIT ? PROMPT_QUIT : PROMPT_ANSWERED;
}

static enum prompt_end choose_history(struct asking *on)
{
    struct prompt_choice choices[ASK_HISTORY_MAX];
    struct ask_spec now = on->now;
    struct tables_shape shape = on->shape;
    size_t count = 0, at = 0;
    int ignored = 0;
    enum prompt_end end = PROMPT_QUIT;

    for (size_t i = on->history_count; i-- > 0; count++) {
        on->now = on->history[i];
        if (!same_text(on->now.table, now.table) &&
            !tables_shape_ask(on->cli, on->client, on->now.table, &on->shape, &ignored))
            on->shape = shape;
        choices[count] =
            (struct prompt_choice){arena_copy_text(on->cli->arena, command_text(on)), NULL};
        on->shape = shape;
    }
    on->now = now;
    end = cli_prompt_select(&on->prompt, "Again", choices, count, &at);
    if (end != PROMPT_ANSWERED)
        return end == PROMPT_BACK ? PROMPT_ANSWERED : end;
    on->now = on->history[on->history_count - 1 - at];
    on->again = tables_shape_ask(on->cli, on->client, on->now.table, &on->shape, &ignored);
    return PROMPT_ANSWERED;
}

/* Keys that mean something now. */
static enum prompt_end ask_what(struct paging *paging, char *ret)
{
    struct prompt_key keys[8];
    size_t count = 0;

    if (paging->next.size > 0 && paging->start_count < STARTS_MAX)
        keys[count++] = (struct prompt_key){'n', "next"};
    if (paging->start_count > 1)
        keys[count++] = (struct prompt_key){'p', "previous"};
    if (paging->item_count > 0)
        keys[count++] = (struct prompt_key){'o', "open"};
    if (paging->reading.request.key_condition.size > 0)
        keys[count++] = (struct prompt_key){'r', paging->on->now.backward ? "forward" : "backward"};
    keys[count++] = (struct prompt_key){'c', "change"};
    keys[count++] = (struct prompt_key){'t', "table"};
    keys[count++] = (struct prompt_key){'h', "history"};
    keys[count++] = (struct prompt_key){'q', "quit"};
    return cli_prompt_key(&paging->on->prompt, keys, count, ret);
}

/* *ret_stay: this query goes on. */
static enum prompt_end act(struct paging *paging, char key, bool *ret_stay)
{
    struct asking *on = paging->on;
    enum prompt_end end = PROMPT_ANSWERED;

    *ret_stay = true;
    switch (key) {
    case 'n':
        add_start(paging, paging->next);
        return show_page(paging) ? PROMPT_ANSWERED : PROMPT_BACK;
    case 'p':
        paging->start_count--;
        return show_page(paging) ? PROMPT_ANSWERED : PROMPT_BACK;
    case 'o':
        return open_item(paging);
    case 'r':
        on->now.backward = !on->now.backward;
        on->again = true;
        *ret_stay = false;
        return PROMPT_ANSWERED;
    case 'h':
        end = choose_history(on);
        *ret_stay = !on->again;
        return end;
    case 'c':
        return PROMPT_BACK;
    case 't':
        *ret_stay = false;
        return PROMPT_ANSWERED;
    default:
        return PROMPT_QUIT;
    }
}

static bool begin(struct paging *paging)
{
    struct asking *on = paging->on;
    AUTO(buffer_free) struct buffer condition = BUFFER_INIT(EXPR_SIZE_MAX);
    struct tables_reading *reading = &paging->reading;
    struct tables_key key;
    struct tables_fault fault;
    int ignored = 0;

    paging->options = (struct tables_read_options){.table = on->now.table,
                                                   .index = on->now.index,
                                                   .filter = on->now.filter,
                                                   .limit = INT64_MAX};
    if (!ask_spec_key(on, &key, &fault)) {
        ask_say(on, CLI_YELLOW, bytes_of_text(fault.message));
        return false;
    }
    reading->request.operation = key.count > 0 ? "Query" : "Scan";
    if (!tables_reading_begin(reading, on->cli, on->client, &paging->options, &ignored))
        return false;
    assert(reading->shape != NULL);
    on->shape = *reading->shape;
    reading->request.backward = on->now.backward && key.count > 0;
    tables_key_condition(&reading->binding, &condition, &key);
    reading->request.key_condition = arena_copy(on->cli->arena, buffer_bytes(&condition));
    return true;
}

enum prompt_end ask_pages(struct asking *on)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct paging paging = {.on = on, .arena = arena};
    enum prompt_end end = PROMPT_ANSWERED;
    bool stay = true;

    on->again = false;
    if (!begin(&paging))
        return PROMPT_BACK;
    remember(on);
    add_start(&paging, BYTES(""));
    if (!show_page(&paging))
        return PROMPT_BACK;
    while (end == PROMPT_ANSWERED && stay) {
        char key = 0;

        end = ask_what(&paging, &key);
        if (end == PROMPT_ANSWERED)
            end = act(&paging, key, &stay);
    }
    return end;
}
