/* cli/tables/show.c - see show.h. */
#include "cli/tables/show.h"

#include "base/terminal.h"

#define COLUMN_GAP 2
#define KEY_WIDTH_MIN 24 /* of a column, when its values are that wide and others want room too */
#define WIDTH_MIN 12
#define HIDDEN_NAMED_MAX 8

struct tables_show tables_show_begin(struct cli *cli, enum tables_form form, bool dynamodb_json,
                                     bool wide, const struct tables_shape *shape,
                                     const struct tables_index *index)
{
    struct tables_show show = {
        .cli = cli, .form = form, .dynamodb_json = dynamodb_json, .wide = wide};

    if (index != NULL)
        tables_order_add(&show.order, &index->keys);
    tables_order_add(&show.order, &shape->keys);
    return show;
}

/* ---- JSON ---- */

static bool show_line(const struct tables_show *show, const struct item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    tables_item_print(&out, item, &show->order, show->dynamodb_json);
    buffer_append_byte(&out, '\n');
    return fwrite(out.ptr, 1, out.size, show->cli->out) == out.size;
}

/* Line by line, so that nothing in it steers the terminal. */
static void show_safely(const struct cli *cli, struct bytes text)
{
    while (text.size > 0) {
        AUTO(buffer_free) struct buffer line = BUFFER_INIT(CLI_LINE_SIZE_MAX);
        size_t end = size_min(bytes_find_byte(text, '\n', 0), text.size);

        cli_text_show(&line, bytes_slice(text, 0, end), SIZE_MAX);
        buffer_append_byte(&line, '\n');
        fwrite(line.ptr, 1, line.size, cli->out);
        text = bytes_slice(text, end + 1, text.size);
    }
}

static bool show_long(const struct tables_show *show, const struct item *item)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer compact = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const struct json *json = NULL;

    tables_item_print(&compact, item, &show->order, show->dynamodb_json);
    if (json_parse(arena, buffer_bytes(&compact), &json, NULL) != OK)
        return show_line(show, item); /* deeper than JSON is read */
    tables_indent(&out, json, show->cli->width);
    show_safely(show->cli, buffer_bytes(&out));
    return fflush(show->cli->out) == 0;
}

bool tables_show_item(struct cli *cli, const struct item *item, const struct tables_order *order,
                      bool json, bool dynamodb_json)
{
    struct tables_show show = {.cli = cli, .order = *order, .dynamodb_json = dynamodb_json};
    bool shown = cli_for_people(cli, json) ? show_long(&show, item) : show_line(&show, item);

    return shown && fflush(cli->out) == 0;
}

/* ---- columns ---- */

static struct bytes cell_text(struct arena *arena, const struct value *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    if (value == NULL)
        return BYTES("");
    if (value->type == VALUE_S)
        return value->bytes;
    tables_value_print(&out, value);
    return arena_copy(arena, buffer_bytes(&out));
}

static struct tables_column *find_column(struct tables_show *show, struct bytes name)
{
    for (size_t i = 0; i < show->column_count; i++)
        if (bytes_equal(show->columns[i].name, name))
            return &show->columns[i];
    return NULL;
}

static void add_column(struct tables_show *show, struct bytes name)
{
    if (find_column(show, name) == NULL && show->column_count < TABLES_COLUMNS_MAX)
        show->columns[show->column_count++] =
            (struct tables_column){.name = arena_copy(show->cli->arena, name), .right = true};
}

static void note_hidden(struct tables_show *show, struct bytes name)
{
    for (size_t i = 0; i < show->hidden_count; i++)
        if (bytes_equal(show->hidden[i], name))
            return;
    if (show->hidden_count < TABLES_COLUMNS_MAX)
        show->hidden[show->hidden_count++] = arena_copy(show->cli->arena, name);
}

/* The widths that values and titles have; and whether all values are numbers. */
static void measure(struct tables_show *show, struct arena *arena, const struct item *items,
                    size_t count)
{
    for (size_t i = 0; i < show->column_count; i++) {
        struct tables_column *column = &show->columns[i];

        column->width = terminal_columns(column->name);
        for (size_t j = 0; j < count; j++) {
            const struct value *value = item_get(&items[j], column->name);

            column->width = size_max(column->width, terminal_columns(cell_text(arena, value)));
            if (value != NULL && value->type != VALUE_N)
                column->right = false;
        }
    }
}

static size_t width_min(const struct tables_show *show, size_t at)
{
    const struct tables_column *column = &show->columns[at];
    bool key = tables_order_has(&show->order, column->name);

    return size_min(column->width, key ? KEY_WIDTH_MIN : WIDTH_MIN);
}

/* As many columns as fit when all are as narrow as they may be; then what is left of the width goes
 * to the narrowest that want more, column by column. */
static void fit(struct tables_show *show)
{
    size_t widths[TABLES_COLUMNS_MAX], taken = 0, count = 0;

    for (; count < show->column_count; count++) {
        size_t wanted = width_min(show, count) + (count > 0 ? COLUMN_GAP : 0);

        if (count > 0 && taken + wanted > show->cli->width)
            break;
        widths[count] = width_min(show, count);
        taken += wanted;
    }
    for (size_t i = count; i < show->column_count; i++)
        note_hidden(show, show->columns[i].name);
    show->column_count = count;
    for (; taken < show->cli->width; taken++) {
        size_t narrowest = SIZE_MAX;

        for (size_t i = 0; i < count; i++)
            if (widths[i] < show->columns[i].width &&
                (narrowest == SIZE_MAX || widths[i] < widths[narrowest]))
                narrowest = i;
        if (narrowest == SIZE_MAX)
            break;
        widths[narrowest]++;
    }
    for (size_t i = 0; i < count; i++)
        show->columns[i].width = widths[i];
}

static void set_columns(struct tables_show *show, struct arena *arena, const struct item *items,
                        size_t count)
{
    for (size_t i = 0; i < show->order.count; i++)
        for (size_t j = 0; j < count; j++)
            if (item_get(&items[j], show->order.names[i]) != NULL)
                add_column(show, show->order.names[i]);
    for (size_t j = 0; j < count; j++)
        for (size_t i = 0; i < items[j].count; i++)
            add_column(show, items[j].attributes[i].name);
    measure(show, arena, items, count);
    if (!show->wide)
        fit(show);
}

/* ---- rows ---- */

static void show_row(struct tables_show *show, const struct bytes *cells, enum cli_colour colour)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const struct cli *cli = show->cli;
    size_t pending = 0; /* blanks are only written before something */

    if (colour != CLI_PLAIN)
        buffer_append_text(&out, cli_paint(cli, cli->out, colour));
    for (size_t i = 0; i < show->column_count; i++) {
        const struct tables_column *column = &show->columns[i];
        AUTO(buffer_free) struct buffer cell = BUFFER_INIT(CLI_LINE_SIZE_MAX);
        size_t shown = cli_text_show(&cell, cells[i], show->wide ? SIZE_MAX : column->width);
        size_t blanks = shown < column->width ? column->width - shown : 0;

        pending += column->right ? blanks : 0;
        if (shown > 0) {
            buffer_printf(&out, "%*s", (int)pending, "");
            buffer_append(&out, buffer_bytes(&cell));
            pending = 0;
        }
        pending += COLUMN_GAP + (column->right ? 0 : blanks);
    }
    if (colour != CLI_PLAIN)
        buffer_append_text(&out, cli_paint(cli, cli->out, CLI_PLAIN));
    buffer_append_byte(&out, '\n');
    fwrite(out.ptr, 1, out.size, cli->out);
}

static void show_titles(struct tables_show *show)
{
    struct bytes titles[TABLES_COLUMNS_MAX];

    for (size_t i = 0; i < show->column_count; i++)
        titles[i] = show->columns[i].name;
    show_row(show, titles, CLI_BOLD);
    show->titled = true;
}

static bool show_table(struct tables_show *show, const struct item *items, size_t count)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    if (count == 0)
        return true;
    if (!show->titled) {
        set_columns(show, arena, items, count);
        show_titles(show);
    }
    for (size_t i = 0; i < count; i++) {
        struct bytes cells[TABLES_COLUMNS_MAX];

        for (size_t j = 0; j < show->column_count; j++)
            cells[j] = cell_text(arena, item_get(&items[i], show->columns[j].name));
        for (size_t j = 0; j < items[i].count; j++)
            if (find_column(show, items[i].attributes[j].name) == NULL)
                note_hidden(show, items[i].attributes[j].name);
        show_row(show, cells, CLI_PLAIN);
    }
    return fflush(show->cli->out) == 0;
}

bool tables_show_items(struct tables_show *show, const struct item *items, size_t count)
{
    if (show->form == TABLES_TABLE)
        return show_table(show, items, count);
    for (size_t i = 0; i < count; i++)
        if (show->form == TABLES_LONG ? !show_long(show, &items[i]) : !show_line(show, &items[i]))
            return false;
    return fflush(show->cli->out) == 0;
}

void tables_show_hidden(const struct tables_show *show)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    AUTO(buffer_free) struct buffer safe = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const struct cli *cli = show->cli;
    size_t named = size_min(show->hidden_count, HIDDEN_NAMED_MAX);

    if (show->hidden_count == 0)
        return;
    buffer_append_text(&out, "Not shown: ");
    for (size_t i = 0; i < named; i++)
        buffer_printf(&out, "%s%.*s", i > 0 ? ", " : "", BYTES_ARG(show->hidden[i]));
    if (named < show->hidden_count)
        buffer_printf(&out, " and %zu more", show->hidden_count - named);
    buffer_append_text(&out, " (--wide, --long or --attributes shows them)");
    cli_text_show(&safe, buffer_bytes(&out), SIZE_MAX);
    fputs(cli_paint(cli, cli->out, CLI_DIM), cli->out);
    cli_text_wrap(cli->out, arena_copy_text(arena, buffer_bytes(&safe)), 0, 0, cli->width);
    fputs(cli_paint(cli, cli->out, CLI_PLAIN), cli->out);
}
