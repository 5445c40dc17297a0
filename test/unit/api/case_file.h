/* api/case_file.h - what an operation does, as text (test/unit/api/cases/).
 *
 *   # a comment
 *   service DynamoDB_20120810          of the calls below whose target has no dot
 *   == GetItem answers with the item   a case; all cases of a file share one api, in order
 *   > GetItem                          a call: its operation ...
 *   {"TableName": "users",             ... and its body, up to the answer
 *    "Key": {"pk": {"S": "a"}}}
 *   < 200                              the answer: HTTP status ...
 *   {"Item": {"pk": {"S": "a"}}}       ... and JSON, whatever the order of members
 *   > GetItem
 *   {}
 *   < 400 com.amazon.coral.validate#ValidationException
 *   1 validation error detected: ...   an error's type and message; or its whole JSON
 *   > Query x-dynlog-positions: true   a call with a header, whose name is in lower case
 *   + 900001                           the clock moves on by that many milliseconds
 *   ! {"TransactionConflict": [...]}   what POST /_dynlog/faults takes
 *
 *   > form /000000000000/q             a call in the Query protocol: the request's path ...
 *   Action=SendMessage                 ... and its fields, a line each or joined by &
 *   MessageBody=hello+world
 *   < 200                              the answer is XML; line ends in what is expected mean
 * nothing <SendMessageResponse ...>
 *
 * In bodies
 *   {{a*256}}      256 times "a"
 *   [*26* X *]     [X, X, ...] with # in X counting from 1;  {*26* "k#": X *} likewise
 *   {{name}}       what an answer gave that name
 * In answers
 *   "{{any}}" "{{time}}" "{{uuid}}"   any value, epoch seconds, a UUID
 *   "{{name}}"                        the first time any text, from then on that text; a message
 *                                     may have {{name}} and {{a*256}} within */
#ifndef DYNLOG_TEST_API_CASE_FILE_H
#define DYNLOG_TEST_API_CASE_FILE_H

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum case_step_kind { CASE_CALL, CASE_ADVANCE, CASE_FAULTS };

struct case_step {
    enum case_step_kind kind;
    size_t line;
    const char *target; /* CASE_CALL: with its service; of a form: the path */
    bool is_form;
    struct bytes header_name, header; /* empty: it has none */
    struct bytes body;                /* CASE_CALL, CASE_FAULTS: as it stands in the file */
    int http_status;
    struct bytes error_type; /* empty: none is said */
    struct bytes answer;     /* JSON, or an error's message; as it stands in the file */
    uint64_t by_ms;          /* CASE_ADVANCE */
};

struct case_file;

struct case_case {
    struct case_file *file;
    const char *name; /* "get_item: GetItem answers with the item" */
    struct case_step *steps;
    size_t step_count, step_capacity;
};

struct case_file {
    const char *path;
    struct case_case *cases;
    size_t case_count, case_capacity;
};

/* ---- reading ---- */

struct case_reader {
    struct arena *arena;
    struct case_file *file;
    struct bytes text;
    size_t at, line_number;
    struct bytes line; /* without its end */
    const char *service;
};

static inline void case_fail(const struct case_reader *r, const char *why)
{
    fail_msg("%s:%zu: %s", r->file->path, r->line_number, why);
}

static inline bool case_next_line(struct case_reader *r)
{
    if (r->at >= r->text.size)
        return false;

    size_t end = bytes_find_byte(r->text, '\n', r->at);

    end = end == SIZE_MAX ? r->text.size : end;
    r->line = bytes_slice(r->text, r->at, end - r->at);
    r->at = end + 1;
    r->line_number++;
    return true;
}

static inline bool case_is(const struct case_reader *r, const char *start)
{
    return bytes_start_with(r->line, bytes_of_text(start));
}

static inline struct bytes case_rest(const struct case_reader *r, const char *start)
{
    return bytes_slice(r->line, strlen(start), r->line.size);
}

/* A line that begins something new. */
static inline bool case_is_mark(const struct case_reader *r)
{
    return case_is(r, "== ") || case_is(r, "> ") || case_is(r, "< ") || case_is(r, "+ ") ||
           case_is(r, "! ") || case_is(r, "service ");
}

/* The lines up to the next mark, without comments and blank lines. The mark is the line then; at
 * the file's end there is none. */
static inline struct bytes case_block(struct case_reader *r)
{
    AUTO(buffer_free) struct buffer block = BUFFER_INIT(1024 * 1024);
    bool more = false;

    while ((more = case_next_line(r)) && !case_is_mark(r)) {
        if (r->line.size == 0 || case_is(r, "# ") || case_is(r, "#\n"))
            continue;
        if (block.size > 0)
            buffer_append_byte(&block, '\n');
        buffer_append(&block, r->line);
    }
    if (!more)
        r->line = BYTES("");
    return arena_copy(r->arena, buffer_bytes(&block));
}

static inline struct case_step *case_add_step(struct case_reader *r, struct case_case *c)
{
    c->steps = arena_grow(r->arena, c->steps, c->step_count, c->step_count + 1, &c->step_capacity,
                          sizeof *c->steps);
    c->steps[c->step_count] = (struct case_step){.line = r->line_number};
    return &c->steps[c->step_count++];
}

static inline void case_read_answer(struct case_reader *r, struct case_step *step)
{
    struct bytes head = case_rest(r, "< ");
    size_t blank = bytes_find_byte(head, ' ', 0);
    uint64_t status = 0;

    if (!bytes_to_uint64(bytes_slice(head, 0, blank), &status))
        case_fail(r, "an answer begins with its HTTP status");
    step->http_status = (int)status;
    if (blank != SIZE_MAX)
        step->error_type = bytes_slice(head, blank + 1, head.size);
    step->answer = case_block(r);
}

/* "Query x-dynlog-positions: true" -> "Query" */
static inline struct bytes case_read_header(struct bytes target, struct case_step *step)
{
    size_t blank = bytes_find_byte(target, ' ', 0), colon = bytes_find(target, BYTES(": "));

    if (blank == SIZE_MAX || colon == SIZE_MAX)
        return target;
    step->header_name = bytes_slice(target, blank + 1, colon - blank - 1);
    step->header = bytes_slice(target, colon + 2, target.size);
    return bytes_slice(target, 0, blank);
}

static inline void case_read_call(struct case_reader *r, struct case_step *step)
{
    struct bytes target = case_rest(r, "> ");

    step->is_form = bytes_start_with(target, BYTES("form "));
    if (!step->is_form)
        target = case_read_header(target, step);
    if (step->is_form)
        step->target = arena_copy_text(r->arena, bytes_slice(target, strlen("form "), target.size));
    else if (bytes_find_byte(target, '.', 0) != SIZE_MAX)
        step->target = arena_copy_text(r->arena, target);
    else
        step->target = arena_copy_text(
            r->arena, arena_printf(r->arena, "%s.%.*s", r->service, BYTES_ARG(target)));
    step->body = case_block(r);
    if (!case_is(r, "< "))
        case_fail(r, "a call needs an answer");
    case_read_answer(r, step);
}

static inline void case_read_steps(struct case_reader *r, struct case_case *c)
{
    while (r->line.size > 0 && !case_is(r, "== ")) {
        if (case_is(r, "> ")) {
            case_read_call(r, case_add_step(r, c));
        } else if (case_is(r, "+ ")) {
            struct case_step *step = case_add_step(r, c);

            step->kind = CASE_ADVANCE;
            if (!bytes_to_uint64(case_rest(r, "+ "), &step->by_ms))
                case_fail(r, "the clock moves by a number of milliseconds");
            case_block(r);
        } else if (case_is(r, "! ")) {
            struct case_step *step = case_add_step(r, c);

            step->kind = CASE_FAULTS;
            step->body = case_rest(r, "! ");
            case_block(r);
        } else if (case_is(r, "service ")) {
            r->service = arena_copy_text(r->arena, case_rest(r, "service "));
            case_block(r);
        } else {
            case_fail(r, "expected a call, a move of the clock, faults or a case");
        }
    }
}

/* "get_item" of ".../get_item.case" */
static inline struct bytes case_base_name(const char *path)
{
    struct bytes name = bytes_of_text(path);
    size_t slash = 0;

    while ((slash = bytes_find_byte(name, '/', 0)) != SIZE_MAX)
        name = bytes_slice(name, slash + 1, name.size);
    return bytes_slice(name, 0, bytes_find_byte(name, '.', 0));
}

static inline struct case_file *case_file_parse(struct arena *arena, const char *path,
                                                struct bytes text)
{
    struct case_file *file = ARENA_NEW(arena, struct case_file);
    struct case_reader r = {.arena = arena, .file = file, .text = text, .service = ""};

    file->path = path;
    case_block(&r);
    while (case_is(&r, "service ")) {
        r.service = arena_copy_text(arena, case_rest(&r, "service "));
        case_block(&r);
    }
    while (r.line.size > 0) {
        if (!case_is(&r, "== "))
            case_fail(&r, "expected a case");
        file->cases = arena_grow(arena, file->cases, file->case_count, file->case_count + 1,
                                 &file->case_capacity, sizeof *file->cases);
        struct case_case *c = &file->cases[file->case_count++];

        *c = (struct case_case){.file = file};
        c->name = arena_copy_text(arena,
                                  arena_printf(arena, "%.*s: %.*s", BYTES_ARG(case_base_name(path)),
                                               BYTES_ARG(case_rest(&r, "== "))));
        case_block(&r);
        case_read_steps(&r, c);
    }
    return file;
}

#endif
