/* cli/tables/tables.c - dynlog tables: which there are, or what one of them is.
 *
 *   TABLE                 ITEMS    SIZE  KEY     INDEXES
 *   local-core               12  3.4 kB  pk
 *   local-dynamodb-logs   4,000  1.2 MB  pk, sk  by-type */
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/tables/key.h"
#include "cli/tables/shape.h"
#include "cli/target.h"

struct tables_options {
    struct target_options target;
    const char *table;
    bool json;
};

static const struct argument_row arguments[] = {
    {"TABLE", "tell what this one is; else all are listed", offsetof(struct tables_options, table),
     true},
};

static const struct option_row options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line a table, on a terminal too",
     .offset = offsetof(struct tables_options, json)},
    TARGET_OPTIONS(struct tables_options),
};

#define LINE_SIZE_MAX ((size_t)1024 * 1024)

/* ---- for programs ---- */

static void print_keys(struct json_writer *w, const struct key_schema *keys)
{
    json_key(w, "key");
    json_begin_array(w);
    for (size_t i = 0; i < keys->count; i++) {
        json_begin_object(w);
        json_member_string(w, "name", keys->attributes[i].name);
        json_member_text(w, "type", value_type_name(keys->attributes[i].type));
        json_member_text(w, "part", i < keys->hash_count ? "partition" : "sort");
        json_end_object(w);
    }
    json_end_array(w);
}

static bool print_line(const struct cli *cli, const struct tables_shape *shape)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_string(&w, "name", shape->name);
    json_member_string(&w, "status", shape->status);
    json_member_int(&w, "items", shape->item_count);
    json_member_int(&w, "sizeBytes", shape->size_bytes);
    print_keys(&w, &shape->keys);
    json_key(&w, "indexes");
    json_begin_array(&w);
    for (size_t i = 0; i < shape->index_count; i++) {
        const struct tables_index *index = &shape->indexes[i];

        json_begin_object(&w);
        json_member_string(&w, "name", index->name);
        json_member_text(&w, "kind", index->local ? "local" : "global");
        json_member_set(&w, "status", index->status);
        json_member_string(&w, "projection", index->projection);
        print_keys(&w, &index->keys);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_member_set(&w, "stream", shape->stream);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out));
}

/* ---- for people ---- */

static struct bytes names_of(struct arena *arena, const struct key_schema *keys)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LINE_SIZE_MAX);

    for (size_t i = 0; i < keys->count; i++)
        buffer_printf(&out, "%s%.*s", i > 0 ? ", " : "", BYTES_ARG(keys->attributes[i].name));
    return arena_copy(arena, buffer_bytes(&out));
}

static void add_row(struct cli *cli, struct cli_table *table, const struct tables_shape *shape)
{
    AUTO(buffer_free) struct buffer indexes = BUFFER_INIT(LINE_SIZE_MAX);

    for (size_t i = 0; i < shape->index_count; i++)
        buffer_printf(&indexes, "%s%.*s", i > 0 ? ", " : "", BYTES_ARG(shape->indexes[i].name));

    struct bytes cells[] = {
        shape->name,
        arena_printf(cli->arena, "%s", cli_count_text(shape->item_count)),
        arena_printf(cli->arena, "%s", cli_size_text(shape->size_bytes)),
        names_of(cli->arena, &shape->keys),
        arena_copy(cli->arena, buffer_bytes(&indexes)),
    };

    cli_table_add(cli, table, cells);
}

static void print_fact(struct cli *cli, const char *name, struct bytes text)
{
    AUTO(buffer_free) struct buffer safe = BUFFER_INIT(LINE_SIZE_MAX);

    cli_text_show(&safe, text, SIZE_MAX);
    fprintf(cli->out, "  %s%-10s%s", cli_paint(cli, cli->out, CLI_DIM), name,
            cli_paint(cli, cli->out, CLI_PLAIN));
    cli_text_wrap(cli->out, arena_copy_text(cli->arena, buffer_bytes(&safe)), 12, 12, cli->width);
}

static struct bytes index_text(struct arena *arena, const struct tables_index *index)
{
    bool active = index->status.size == 0 || bytes_equal_text(index->status, "ACTIVE");

    return arena_printf(arena, "%.*s, %s: %s; projection %.*s%s%.*s", BYTES_ARG(index->name),
                        index->local ? "local" : "global", tables_key_text(arena, &index->keys),
                        BYTES_ARG(index->projection), active ? "" : "; ",
                        active ? 0 : (int)index->status.size, (const char *)index->status.ptr);
}

static void print_shape(struct cli *cli, const struct tables_shape *shape)
{
    struct arena *arena = cli->arena;

    fprintf(cli->out, "%s%.*s%s\n", cli_paint(cli, cli->out, CLI_BOLD), BYTES_ARG(shape->name),
            cli_paint(cli, cli->out, CLI_PLAIN));
    print_fact(cli, "key", bytes_of_text(tables_key_text(arena, &shape->keys)));
    print_fact(cli, "items",
               arena_printf(arena, "%s, %s", cli_count_text(shape->item_count),
                            cli_size_text(shape->size_bytes)));
    for (size_t i = 0; i < shape->index_count; i++)
        print_fact(cli, "index", index_text(arena, &shape->indexes[i]));
    print_fact(cli, "stream", shape->stream.size > 0 ? shape->stream : BYTES("none"));
    if (!bytes_equal_text(shape->status, "ACTIVE"))
        print_fact(cli, "status", shape->status);
}

/* ---- the command ---- */

static int show_one(struct cli *cli, struct client *client, const struct tables_options *on)
{
    struct tables_shape shape;
    int exit_status = CLI_DONE;

    if (!tables_shape_ask(cli, client, on->table, &shape, &exit_status))
        return exit_status;
    if (!cli_for_people(cli, on->json))
        return print_line(cli, &shape) ? CLI_DONE : CLI_FAILED;
    print_shape(cli, &shape);
    return CLI_DONE;
}

static int list_all(struct cli *cli, struct client *client, const struct tables_options *on)
{
    static const struct table_column columns[] = {
        {"TABLE", false, false}, {"ITEMS", true, false},   {"SIZE", true, false},
        {"KEY", false, false},   {"INDEXES", false, true},
    };
    struct cli_table table = {.columns = columns, .column_count = ARRAY_COUNT(columns)};
    AUTO(cli_progress_end) struct progress progress = {.cli = cli, .things = "tables"};
    const char **names = NULL;
    size_t count = 0;
    int exit_status = CLI_DONE;

    if (!tables_list(cli, client, &names, &count, &exit_status))
        return exit_status;
    progress.total = count;
    cli_progress_begin(&progress);
    for (size_t i = 0; i < count; i++) {
        struct tables_shape shape;

        if (!tables_shape_ask(cli, client, names[i], &shape, &exit_status))
            return exit_status;
        if (cli_for_people(cli, on->json))
            add_row(cli, &table, &shape);
        else if (!print_line(cli, &shape))
            return ferror(cli->out) ? CLI_FAILED : CLI_DONE;
        cli_progress_add(&progress, 1);
    }
    cli_progress_end(&progress);
    if (count == 0)
        cli_note(cli, "There are no tables.");
    else if (cli_for_people(cli, on->json))
        cli_table_print(cli, &table);
    return CLI_DONE;
}

static int tables_run(struct cli *cli, const void *given)
{
    const struct tables_options *on = given;
    struct target_options target = on->target;
    int exit_status = CLI_DONE;

    target.table = on->table;

    AUTO(client_release) struct client *client = cli_client_open(cli, &target, &exit_status);

    if (client == NULL)
        return exit_status;
    return on->table != NULL ? show_one(cli, client, on) : list_all(cli, client, on);
}

const struct command command_tables = {
    .name = "tables",
    .group = COMMAND_TABLES,
    .summary = "list the tables, or tell what one of them is",
    .description =
        "Key, indexes, change stream, and how many items there are: an estimate of AWS's, "
        "exact of dynlog's.",
    .example = "dynlog tables\n"
               "dynlog tables local-dynamodb-logs",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct tables_options),
    .run = tables_run,
};
