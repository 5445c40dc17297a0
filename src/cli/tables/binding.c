/* cli/tables/binding.c - see binding.h. */
#include "cli/tables/binding.h"

void tables_bind_name(struct tables_binding *binding, struct buffer *out, struct bytes name)
{
    struct expr_names *names = &binding->names;

    for (size_t i = 0; i < names->name_count; i++)
        if (bytes_equal(names->names[i].name, name)) {
            buffer_append(out, names->names[i].placeholder);
            return;
        }
    names->names = arena_grow(binding->arena, names->names, names->name_count,
                              names->name_count + 1, &binding->name_capacity, sizeof *names->names);
    names->names[names->name_count] =
        (struct expr_name){.placeholder = arena_printf(binding->arena, "#n%zu", names->name_count),
                           .name = arena_copy(binding->arena, name)};
    buffer_append(out, names->names[names->name_count++].placeholder);
}

void tables_bind_value(struct tables_binding *binding, struct buffer *out,
                       const struct value *value)
{
    struct expr_names *names = &binding->names;

    names->values =
        arena_grow(binding->arena, names->values, names->value_count, names->value_count + 1,
                   &binding->value_capacity, sizeof *names->values);
    names->values[names->value_count] = (struct expr_value){
        .placeholder = arena_printf(binding->arena, ":v%zu", names->value_count), .value = *value};
    buffer_append(out, names->values[names->value_count++].placeholder);
}

void tables_binding_print(const struct tables_binding *binding, struct json_writer *w)
{
    const struct expr_names *names = &binding->names;

    if (names->name_count > 0) {
        json_key(w, "ExpressionAttributeNames");
        json_begin_object(w);
        for (size_t i = 0; i < names->name_count; i++) {
            json_key_bytes(w, names->names[i].placeholder);
            json_write_string(w, names->names[i].name);
        }
        json_end_object(w);
    }
    if (names->value_count == 0)
        return;
    json_key(w, "ExpressionAttributeValues");
    json_begin_object(w);
    for (size_t i = 0; i < names->value_count; i++) {
        json_key_bytes(w, names->values[i].placeholder);
        json_write_raw(w, BYTES(""));
        value_print(w->out, &names->values[i].value);
    }
    json_end_object(w);
}
