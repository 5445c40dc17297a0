/* The operations, as the files in cases/ say they behave. A failure prints the file and line of the
 * call; `test_api_cases get_item` runs one file's cases only. */
#include "api/api_test.h"
#include "api/case_file.h"

#include "api/api_data.h"
#include "api/dynlog/dynlog.h"
#include "base/map.h"

#include <dirent.h>

static struct test_api shared; /* of the file whose cases run */
static struct case_file *opened;
static struct map names; /* {{name}} -> text, of that file */
static struct arena *names_arena;

static void close_file(void)
{
    if (opened == NULL)
        return;
    test_api_close(&shared);
    map_free(&names);
    names = MAP_INIT;
    arena_free(names_arena);
    opened = NULL;
}

static void open_file(struct case_file *file)
{
    if (file == opened)
        return;
    close_file();
    test_api_open(&shared);
    names_arena = arena_new();
    opened = file;
}

/* ---- what stands for something else in a body ---- */

static void expand(struct buffer *out, struct bytes text);

/* {{a*256}} or {{name}} */
static void expand_braces(struct buffer *out, struct bytes inner)
{
    size_t star = bytes_find_byte(inner, '*', 0);
    uint64_t count = 0;

    if (star != SIZE_MAX && bytes_to_uint64(bytes_slice(inner, star + 1, inner.size), &count)) {
        while (count-- > 0)
            buffer_append(out, bytes_slice(inner, 0, star));
        return;
    }

    const struct bytes *value = map_get(&names, inner);

    if (value != NULL)
        buffer_append(out, *value);
    else
        buffer_printf(out, "{{%.*s}}", BYTES_ARG(inner));
}

static void expand_repeated(struct buffer *out, struct bytes inner)
{
    size_t star = bytes_find_byte(inner, '*', 0);
    struct bytes piece = bytes_slice(inner, star + 1, inner.size);
    uint64_t count = 0;

    assert_true(bytes_to_uint64(bytes_slice(inner, 0, star), &count));
    for (uint64_t i = 1; i <= count; i++) {
        AUTO(buffer_free) struct buffer one = BUFFER_INIT(1024 * 1024);

        for (size_t at = 0; at < piece.size; at++)
            if (piece.ptr[at] == '#')
                buffer_printf(&one, "%llu", (unsigned long long)i);
            else
                buffer_append_byte(&one, piece.ptr[at]);
        buffer_append_text(out, i > 1 ? "," : "");
        expand(out, buffer_bytes(&one));
    }
}

static void expand(struct buffer *out, struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        struct bytes rest = bytes_slice(text, at, text.size);
        size_t end = SIZE_MAX;

        if (bytes_start_with(rest, BYTES("{{")) &&
            (end = bytes_find(rest, BYTES("}}"))) != SIZE_MAX) {
            expand_braces(out, bytes_slice(rest, 2, end - 2));
            at += end + 2;
        } else if ((bytes_start_with(rest, BYTES("[*")) || bytes_start_with(rest, BYTES("{*"))) &&
                   (end = bytes_find(rest, BYTES(" *"))) != SIZE_MAX) {
            buffer_append_byte(out, rest.ptr[0]);
            expand_repeated(out, bytes_slice(rest, 2, end - 2));
            buffer_append_byte(out, rest.ptr[0] == '[' ? ']' : '}');
            at += end + 3;
        } else {
            buffer_append_byte(out, text.ptr[at++]);
        }
    }
}

static struct bytes expanded(struct arena *arena, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)32 * 1024 * 1024);

    expand(&out, text);
    assert_false(buffer_failed(&out));
    return arena_copy(arena, buffer_bytes(&out));
}

/* ---- comparing answers ---- */

static bool is_uuid(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash != (text.ptr[i] == '-') || strchr("0123456789abcdef-", text.ptr[i]) == NULL)
            return false;
    }
    return text.size == 36;
}

/* A text that stands for something: {{any}}, {{time}}, {{uuid}}, {{name}}. */
static bool matches_placeholder(struct bytes name, const struct json *answered)
{
    const struct bytes *value = NULL;

    if (bytes_equal_text(name, "any"))
        return answered != NULL;
    if (bytes_equal_text(name, "time"))
        return json_is(answered, JSON_NUMBER) &&
               bytes_start_with(json_number_text(answered), BYTES("17850"));
    if (bytes_equal_text(name, "uuid"))
        return is_uuid(json_string(answered));
    if (!json_is(answered, JSON_STRING))
        return false;
    value = map_get(&names, name);
    if (value == NULL) {
        struct bytes *kept = ARENA_NEW(names_arena, struct bytes);

        *kept = arena_copy(names_arena, json_string(answered));
        map_put(&names, arena_copy(names_arena, name), kept);
        return true;
    }
    return bytes_equal(*value, json_string(answered));
}

static bool matches(const struct json *expected, const struct json *answered);

static bool matches_members(const struct json *expected, const struct json *answered)
{
    if (json_count(expected) != json_count(answered))
        return false;
    for (struct json_iter it = json_iter(expected); json_next(&it);) {
        const struct json *other = json_is(expected, JSON_OBJECT)
                                       ? json_get_bytes(answered, it.name)
                                       : json_at(answered, it.index);

        if (!matches(it.value, other))
            return false;
    }
    return true;
}

static bool matches(const struct json *expected, const struct json *answered)
{
    struct bytes text = json_string(expected);

    if (bytes_start_with(text, BYTES("{{")) && bytes_end_with(text, BYTES("}}")))
        return matches_placeholder(bytes_slice(text, 2, text.size - 4), answered);
    if (answered == NULL || json_type(expected) != json_type(answered))
        return false;
    switch (json_type(expected)) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return json_bool(expected) == json_bool(answered);
    case JSON_NUMBER:
        return bytes_equal(json_number_text(expected), json_number_text(answered));
    case JSON_STRING:
        return bytes_equal(text, json_string(answered));
    case JSON_ARRAY:
    case JSON_OBJECT:
        return matches_members(expected, answered);
    }
    return false;
}

/* ---- running ---- */

static const struct json *parse(struct arena *arena, const struct case_step *step,
                                struct bytes text, const char *what)
{
    const struct json *json = NULL;
    struct json_error error = {0};

    if (json_parse(arena, text, &json, &error) != OK)
        fail_msg("%s:%zu: %s is no JSON: %s at %zu:%zu\n%.*s", opened->path, step->line, what,
                 error.message, error.line, error.column, BYTES_ARG(text));
    return json;
}

static void fail_step(const struct case_step *step, const struct test_answer *answer)
{
    /* cmocka cuts what is long: the answer first, the rest is in the file */
    fail_msg("%s:%zu: %s\n  answered: %d\n%.*s\n  expected: %d %.*s\n%.*s", opened->path,
             step->line, step->target, answer->http_status, BYTES_ARG(answer->body),
             step->http_status, BYTES_ARG(step->error_type), BYTES_ARG(step->answer));
}

/* AWS's model spells it both ways. */
static const char *message_name(const struct case_step *step)
{
    static const char *const capital[] = {
        "SerializationException",
        "#AccessDeniedException",
        "#TransactionCanceledException",
        "#TransactionInProgressException",
        "#IdempotentParameterMismatchException",
    };
    static const char *const by_path[] = {"AWSScheduler.", "AWSLambda."};

    for (size_t i = 0; i < ARRAY_COUNT(capital); i++)
        if (bytes_end_with(step->error_type, bytes_of_text(capital[i])))
            return "Message";
    for (size_t i = 0; i < ARRAY_COUNT(by_path); i++)
        if (bytes_start_with(bytes_of_text(step->target), bytes_of_text(by_path[i])))
            return "Message";
    return "message";
}

/* The type and message of an error, and nothing beside them. */
static bool is_error(const struct case_step *step, const struct json *answered,
                     struct bytes message)
{
    return bytes_equal(json_string(json_get(answered, "__type")), step->error_type) &&
           json_count(answered) == 2 &&
           bytes_equal(json_string(json_get(answered, message_name(step))), message);
}

static void run_call(struct arena *arena, const struct case_step *step)
{
    struct test_answer answer =
        test_api_call_with(&shared, arena, step->target,
                           (struct api_header){step->header_name, expanded(arena, step->header)},
                           expanded(arena, step->body));
    struct bytes expected = expanded(arena, step->answer);
    const struct json *answered = NULL;
    bool good = answer.http_status == step->http_status;

    if (!good)
        fail_step(step, &answer);
    if (answer.body.size == 0) {
        if (expected.size > 0)
            fail_step(step, &answer);
        return;
    }
    answered = parse(arena, step, answer.body, "the answer");
    if (step->error_type.size > 0 && !bytes_start_with(expected, BYTES("{")))
        good = is_error(step, answered, expected);
    else if (step->error_type.size > 0)
        good = bytes_equal(json_string(json_get(answered, "__type")), step->error_type) &&
               matches(parse(arena, step, expected, "what is expected"), answered);
    else if (expected.size > 0)
        good = matches(parse(arena, step, step->answer, "what is expected"), answered);
    if (!good)
        fail_step(step, &answer);
}

/* ---- the Query protocol ---- */

/* Text with its line ends as `joint`. */
static struct bytes joined(struct arena *arena, struct bytes text, const char *joint)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)32 * 1024 * 1024);

    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == '\n')
            buffer_append_text(&out, joint);
        else
            buffer_append_byte(&out, text.ptr[i]);
    return arena_copy(arena, buffer_bytes(&out));
}

/* The first time any text, from then on that text. */
static bool matches_name(struct bytes name, struct bytes text)
{
    const struct bytes *value = map_get(&names, name);

    if (bytes_equal_text(name, "any"))
        return true;
    if (bytes_equal_text(name, "uuid"))
        return is_uuid(text);
    if (value == NULL) {
        struct bytes *kept = ARENA_NEW(names_arena, struct bytes);

        *kept = arena_copy(names_arena, text);
        map_put(&names, arena_copy(names_arena, name), kept);
        return true;
    }
    return bytes_equal(*value, text);
}

/* {{name}} stands for what is there up to the next tag. */
static bool matches_xml(struct bytes expected, struct bytes answered)
{
    while (expected.size > 0) {
        size_t end = bytes_find(expected, BYTES("}}"));
        struct bytes text;

        if (!bytes_start_with(expected, BYTES("{{")) || end == SIZE_MAX) {
            if (answered.size == 0 || answered.ptr[0] != expected.ptr[0])
                return false;
            answered = bytes_slice(answered, 1, answered.size);
            expected = bytes_slice(expected, 1, expected.size);
            continue;
        }
        text = bytes_slice(answered, 0, bytes_find_byte(answered, '<', 0));
        if (!matches_name(bytes_slice(expected, 2, end - 2), text))
            return false;
        answered = bytes_slice(answered, text.size, answered.size);
        expected = bytes_slice(expected, end + 2, expected.size);
    }
    return answered.size == 0;
}

static void run_form(struct arena *arena, const struct case_step *step)
{
    struct test_answer answer = test_api_form(&shared, arena, step->target,
                                              joined(arena, expanded(arena, step->body), "&"));
    struct bytes expected = joined(arena, step->answer, "");

    if (answer.http_status != step->http_status ||
        (expected.size > 0 && !matches_xml(expected, answer.body)))
        fail_step(step, &answer);
}

static void add_faults(struct arena *arena, const struct case_step *step)
{
    struct api_call call = {.api = shared.api,
                            .on = &shared.api->services,
                            .arena = arena,
                            .body_text = expanded(arena, step->body)};

    if (api_add_faults(&call) != OK)
        fail_msg("%s:%zu: %s", opened->path, step->line, call.error.message);
}

static void run_case(void **state)
{
    const struct case_case *c = *state;

    open_file(c->file);
    for (size_t i = 0; i < c->step_count; i++) {
        AUTO(arena_release) struct arena *arena = arena_new();

        switch (c->steps[i].kind) {
        case CASE_CALL:
            if (c->steps[i].is_form)
                run_form(arena, &c->steps[i]);
            else
                run_call(arena, &c->steps[i]);
            break;
        case CASE_ADVANCE:
            test_api_advance(&shared, c->steps[i].by_ms);
            break;
        case CASE_FAULTS:
            add_faults(arena, &c->steps[i]);
            break;
        }
    }
}

/* ---- the files ---- */

struct found {
    struct arena *arena;
    const char *only;
    struct CMUnitTest *tests;
    size_t count, capacity;
};

static void add_file(struct found *found, const char *path)
{
    struct bytes text = {NULL, 0};

    if (found->only != NULL && !bytes_equal_text(case_base_name(path), found->only))
        return;
    if (file_read(found->arena, path, 1024 * 1024, &text) != OK)
        fail_msg("%s can't be read", path);

    struct case_file *file = case_file_parse(found->arena, path, text);

    for (size_t i = 0; i < file->case_count; i++) {
        found->tests = arena_grow(found->arena, found->tests, found->count, found->count + 1,
                                  &found->capacity, sizeof *found->tests);
        found->tests[found->count++] = (struct CMUnitTest){
            .name = file->cases[i].name,
            .test_func = run_case,
            .initial_state = &file->cases[i],
        };
    }
}

static int is_case_file(const struct dirent *entry)
{
    return bytes_end_with(bytes_of_text(entry->d_name), BYTES(".case"));
}

static void add_folder(struct found *found, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_case_file, alphasort);

    for (int i = 0; i < count; i++) {
        add_file(found, arena_copy_text(found->arena, arena_printf(found->arena, "%s/%s", folder,
                                                                   entries[i]->d_name)));
        free(entries[i]);
    }
    free(entries);
}

int main(int count, char **arguments)
{
    struct found found = {.arena = arena_new(), .only = count > 1 ? arguments[1] : NULL};
    int failed = 0;

    add_folder(&found, API_CASES "/dynamodb");
    add_folder(&found, API_CASES "/lambda");
    add_folder(&found, API_CASES "/pipes");
    add_folder(&found, API_CASES "/scheduler");
    add_folder(&found, API_CASES "/streams");
    add_folder(&found, API_CASES "/events");
    add_folder(&found, API_CASES "/sqs");
    add_folder(&found, API_CASES "/logs");
    failed = _cmocka_run_group_tests("api_cases", found.tests, found.count, NULL, NULL);
    close_file();
    arena_free(found.arena);
    return failed;
}
