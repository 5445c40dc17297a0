/* logs/filter*.c: filter patterns. The examples of AWS's page, limits, what is refused; and random
 * patterns beside the naive reader. FILTER_SEED=N replays a run. */
#include "logs/filter_naive.h"
#include "logs/logs_test.h"

#include "base/id.h"

#include <inttypes.h>

static struct arena *arena;

static bool matches(const char *pattern, const char *message)
{
    const struct log_filter *filter = NULL;
    struct api_error error = {0};
    bool sure = false, matched = false;

    if (log_filter_parse(arena, bytes_of_text(pattern), &filter, &error) != OK)
        fail_msg("%s: %s", pattern, error.message);
    matched = filter == NULL || log_filter_matches(filter, bytes_of_text(message), arena);
    if (matched != naive_matches(arena, bytes_of_text(pattern), bytes_of_text(message), &sure) &&
        sure)
        fail_msg("%s: %s: naively %d", pattern, message, !matched);
    return matched;
}

struct row {
    const char *pattern, *message;
    bool matched;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (matches(rows[i].pattern, rows[i].message) != rows[i].matched)
            fail_msg("%s: %s: not %d", rows[i].pattern, rows[i].message, rows[i].matched);
}

/* ---- AWS's examples ---- */

#define BAD "[ERROR 400] BAD REQUEST"
#define UNAUTHORIZED "[ERROR 401] UNAUTHORIZED REQUEST"
#define MISSING "[ERROR 419] MISSING ARGUMENTS"
#define INVALID "[ERROR 420] INVALID ARGUMENTS"

static void test_terms(void **state)
{
    static const struct row rows[] = {
        {"ERROR", BAD, true},
        {"ERROR", "ERRORNEOUS", true},
        {"error", BAD, false},
        {"ERROR ARGUMENTS", MISSING, true},
        {"ERROR ARGUMENTS", BAD, false},
        {"?ERROR ?ARGUMENTS", BAD, true},
        {"?BAD ?ARGUMENTS", UNAUTHORIZED, false},
        {"?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED", true},
        {"?ERROR ?ARGUMENTS REQUEST", MISSING, false},
        {"?ERROR -REQUEST", MISSING, true},
        {"?BAD -REQUEST", MISSING, true},
        {"\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR", true},
        {"\"SERVER INTERNAL\"", "[ERROR 500] INTERNAL SERVER ERROR", false},
        {"ERROR -ARGUMENTS", BAD, true},
        {"ERROR -ARGUMENTS", INVALID, false},
        {"-ARGUMENTS", BAD, true},
        {"-\"BAD REQUEST\"", BAD, false},
        {"\" \"", "anything", true},
        {"", "anything", true},
        {"  ", "anything", true},
        {"\"\" ERROR", "none", false},
        {"?\" \" ?x", "y", true},
        {"\"say \\\"hi\\\"\"", "I say \"hi\" to you", true},
        {"\"[ERROR\"", BAD, true},
        {"_a1", "x_a1y", true},
    };

    (void)state;
    check_rows(rows, ARRAY_COUNT(rows));
}

#define EVENT                                                                                      \
    "{\"eventType\":\"UpdateTrail\",\"sourceIPAddress\":\"111.111.111.111\",\"arrayKey\":["        \
    "\"value\",\"another value\"],\"objectList\":[{\"name\":\"a\",\"id\":1},{\"name\":\"b\","      \
    "\"id\":2}],\"SomeObject\":null,\"cluster.name\":\"c\",\"on\":true,\"off\":false,"             \
    "\"bandwidth\":76,\"latency\":4.9e1,\"number\":[1000,0.001],\"errorCode\":\"400\"}"
#define USERS                                                                                      \
    "{\"user\":{\"id\":1,\"email\":\"John.Stiles@example.com\"},\"users\":[{\"id\":2,\"email\":"   \
    "\"John.Doe@example.com\"},{\"id\":3,\"email\":\"Jane.Doe@example.com\"}],\"actions\":["       \
    "\"GET\",\"PUT\",\"DELETE\"],\"coordinates\":[[0,1,2],[4,5,6],[7,8,9]]}"

static void test_json(void **state)
{
    static const struct row rows[] = {
        {"{ $.eventType = \"UpdateTrail\" }", EVENT, true},
        {"{$.eventType=UpdateTrail}", EVENT, true},
        {"{ $.eventType = \"updateTrail\" }", EVENT, false},
        {"{ $.eventType = Update* }", EVENT, true},
        {"{ $.eventType = \"*Trail\" }", EVENT, true},
        {"{ $.eventType = *eTr* }", EVENT, true},
        {"{ $.eventType = Up*Trail }", EVENT, false},
        {"{ $.eventType = * }", EVENT, true},
        {"{ $.eventType != * }", EVENT, false},
        {"{ $.sourceIPAddress != 123.123.* }", EVENT, true},
        {"{ $.sourceIPAddress = 111.111.* }", EVENT, true},
        {"{ $.none != \"a\" }", EVENT, false},
        {"{ $.arrayKey != \"a\" }", EVENT, false},
        {"{ $.arrayKey[0] = \"value\" }", EVENT, true},
        {"{ $.arrayKey[2] = \"value\" }", EVENT, false},
        {"{ $.eventType = %Trail% }", EVENT, true},
        {"{ $.arrayKey[*] = %val.{2}% }", EVENT, true},
        {"{ $.* = %111\\.111\\.111\\.1[0-9]{1,2}% }", EVENT, true},
        {"{ $.['cluster.name'] = \"c\" }", EVENT, true},
        {"{ $['cluster.name'] = \"c\" }", EVENT, true},
        {"{ $.SomeObject IS NULL }", EVENT, true},
        {"{ $.eventType IS NULL }", EVENT, false},
        {"{ $.SomeOtherObject NOT EXISTS }", EVENT, true},
        {"{ $.SomeObject NOT EXISTS }", EVENT, false},
        {"{ $.objectList[*].size NOT EXISTS }", EVENT, true},
        {"{ $.on IS TRUE && $.off IS FALSE }", EVENT, true},
        {"{ $.on IS FALSE || $.off IS TRUE }", EVENT, false},
        {"{ $.bandwidth > 75 }", EVENT, true},
        {"{ $.bandwidth > 76 }", EVENT, false},
        {"{ $.bandwidth >= 76 }", EVENT, true},
        {"{ $.latency < 50 }", EVENT, true},
        {"{ $.latency = 49 }", EVENT, true},
        {"{ $.latency <= +48.9 }", EVENT, false},
        {"{ $.number[0] = 1e+3 }", EVENT, true},
        {"{ $.number[1] != 1e-3 }", EVENT, false},
        {"{ $.bandwidth = 7* }", EVENT, true},
        {"{ $.bandwidth = \"76\" }", EVENT, false},
        {"{ $.bandwidth != \"76\" }", EVENT, true},
        {"{ $.errorCode = 400 }", EVENT, false},
        {"{ $.errorCode != 400 }", EVENT, true},
        {"{ $.errorCode = \"400\" }", EVENT, true},
        {"{ $.objectList[1].id = 2 }", EVENT, true},
        {"{ $.objectList[*].id = 2 }", EVENT, true},
        {"{ $.objectList[*].id = 3 }", EVENT, false},
        {"{ $.objectList.id = 2 }", EVENT, false},
        {"{ ($.user.id = 1) && ($.users[0].email = \"John.Doe@example.com\") }", USERS, true},
        {"{ $.user.email = \"John.Stiles@example.com\" || $.coordinates[0][1] = \"nonmatch\" && "
         "$.actions[2] = \"nonmatch\" }",
         USERS, true},
        {"{ ($.user.email = \"John.Stiles@example.com\" || $.coordinates[0][1] = \"nonmatch\") && "
         "$.actions[2] = \"nonmatch\" }",
         USERS, false},
        {"{ ($.user.id = 2 && $.users[0].email = \"nonmatch\") || $.actions[2] = \"GET\" }", USERS,
         false},
        {"{ $.coordinates[1][2] = 6 }", USERS, true},
        {"{ $[0] = 1 }", "[1]", true},
        {"{ $.a = 1 }", "no JSON {\"a\":1}", false},
        {"{ $.a = 1 }", "1", false},
        {"{ $.a = \"x || y && z\" }", "{\"a\":\"x || y && z\"}", true},
        {"{ $.a = \"q\\\"q\" }", "{\"a\":\"q\\\"q\"}", true},
    };

    (void)state;
    check_rows(rows, ARRAY_COUNT(rows));
}

#define LINE                                                                                       \
    "127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534"

static void test_fields(void **state)
{
    static const struct row rows[] = {
        {"[ip=%127\\.0\\.0\\.[1-9]%, user, username, timestamp, request =*.html*, status_code = "
         "4*, bytes]",
         LINE, true},
        {"[..., request =*.html*, status_code = 4*, bytes]", LINE, true},
        {"[..., request =*.html*, status_code = 5*, bytes]", LINE, false},
        {"[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = "
         "410, bytes]",
         LINE, true},
        {"[ip, user, username, timestamp, request, status = 4*, bytes > 1533]", LINE, true},
        {"[ip, user, username, timestamp, request, status = 4*, bytes > 1534]", LINE, false},
        {"[ip, user, username, timestamp = 10/Oct/2000*, ...]", LINE, true},
        {"[ip, ..., bytes = 1534]", LINE, true},
        {"[a, b, c, d, e, f, g, h]", LINE, false},
        {"[a, b, c, d, e, f, g, ...]", LINE, true},
        {"[w1=ERROR, w2]", "ERROR 09/25/2014 12:00:02 Failed to process request", true},
        {"[w1=ERROR, w2]", "WARNING 09/25/2014 12:00:02 Invalid user request", false},
        {"[w1=ERROR]", "ERROR and more", false},
        {"[w1=ERROR]", "ERROR", true},
        {"[w1, w2=*request]", "ERROR Failed to process request ", true},
        {"[w1=ERROR || w1=WARNING, w2]", "WARNING 09/25/2014", true},
        {"[w1!=ERROR && w1!=WARNING, w2]", "WARNING 09/25/2014", false},
        {"[w1!=ERROR && w1!=WARNING, w2]", "INFO 09/25/2014", true},
        {"[(w1=A || w1=B) && w1!=B, w2]", "B x", false},
        {"[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]",
         "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200", true},
        {"[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]",
         "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310", false},
        {"[a=\"x y\", b]", "\"x y\" z", true},
        {"[a=404.0, b]", "404 z", true},
        {"[a!=404, b]", "x z", true},
        {"[a<5, b]", "x z", false},
        {"[a, b]", "\"open x", true},
        {"[a, b]", "", false},
    };

    (void)state;
    check_rows(rows, ARRAY_COUNT(rows));
}

/* ---- what is refused ---- */

static void test_refused(void **state)
{
    static const struct {
        const char *pattern, *message;
    } rows[] = {
        {"a-b", "Invalid character(s) in term 'a-b'"},
        {"a \"b", "Invalid filter pattern"},
        {"\"a\"b", "Invalid filter pattern"},
        {"?", "Invalid filter pattern"},
        {"- a", "Invalid filter pattern"},
        {"-\"\"", "Invalid filter pattern"},
        {"%a", "Invalid filter pattern"},
        {"%%", "Invalid filter pattern"},
        {"%a!%", "Invalid filter pattern"},
        {"%(a)%", "Invalid filter pattern"},
        {"%a%b", "Invalid filter pattern"},
        {"{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"},
        {"[a, b", "If a filter pattern starts with '[' it must end with ']'"},
        {"{", "If a filter pattern starts with '{' it must end with '}'"},
        {"{}", "Invalid filter pattern"},
        {"{ $.a }", "Invalid filter pattern"},
        {"{ a = 1 }", "Invalid filter pattern"},
        {"{ $ = 1 }", "Invalid filter pattern"},
        {"{ $. = 1 }", "Invalid filter pattern"},
        {"{ $.a[-1] = 1 }", "Invalid filter pattern"},
        {"{ $.a[x] = 1 }", "Invalid filter pattern"},
        {"{ $.a[''] = 1 }", "Invalid filter pattern"},
        {"{ $.a == 1 }", "Invalid filter pattern"},
        {"{ $.a > x }", "Invalid filter pattern"},
        {"{ $.a > \"1\" }", "Invalid filter pattern"},
        {"{ $.a > 4* }", "Invalid filter pattern"},
        {"{ $.a EXISTS }", "Invalid filter pattern"},
        {"{ $.a IS NOT NULL }", "Invalid filter pattern"},
        {"{ $.a IS NULLS }", "Invalid filter pattern"},
        {"{ $.a = 1 && }", "Invalid filter pattern"},
        {"{ $.a = 1 || || $.b = 1 }", "Invalid filter pattern"},
        {"{ ($.a = 1 }", "Invalid filter pattern"},
        {"{ $.a = 1) }", "Invalid filter pattern"},
        {"{ $.a = 1 $.b = 2 }", "Invalid filter pattern"},
        {"{ $.a = a$b }", "Invalid filter pattern"},
        {"{ $.*.* = 1 }", "Invalid filter pattern: a selector has at most one wildcard, and a "
                          "pattern at most 3 selectors with one"},
        {"{ $.* = 1 || $.* = 2 || $.* = 3 || $.* = 4 }",
         "Invalid filter pattern: a selector has at most one wildcard, and a pattern at most 3 "
         "selectors with one"},
        {"{ $.a = %a% || $.a = %b% || $.a = %c% }",
         "Invalid filter pattern: it has more than 2 regular expressions"},
        {"[]", "Invalid filter pattern"},
        {"[a,]", "Invalid filter pattern"},
        {"[a, ..., b, ...]", "Invalid filter pattern"},
        {"[ip, status_code = 4* && bytes > 1000]", "Invalid filter pattern"},
        {"[a IS NULL]", "Invalid filter pattern"},
        {"[a b]", "Invalid filter pattern"},
        {"[a = ]", "Invalid filter pattern"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct log_filter *filter = NULL;
        struct api_error error = {0};

        if (log_filter_parse(arena, bytes_of_text(rows[i].pattern), &filter, &error) != REFUSED)
            fail_msg("%s: taken", rows[i].pattern);
        assert_string_equal(error.message, rows[i].message);
    }
}

static void check_depth(size_t depth, enum status wanted)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(4096);
    const struct log_filter *filter = NULL;
    struct api_error error = {0};

    buffer_append_byte(&text, '{');
    for (size_t i = 0; i < depth; i++)
        buffer_append_byte(&text, '(');
    buffer_append_text(&text, "$.a=1");
    for (size_t i = 0; i < depth; i++)
        buffer_append_byte(&text, ')');
    buffer_append_byte(&text, '}');
    assert_int_equal(log_filter_parse(arena, buffer_bytes(&text), &filter, &error), wanted);
}

static void test_depth(void **state)
{
    (void)state;
    check_depth(LOG_FILTER_DEPTH_MAX, OK);
    check_depth(LOG_FILTER_DEPTH_MAX + 1, REFUSED);
}

/* ---- random ones ---- */

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

#define PICK(list) (list)[draw(ARRAY_COUNT(list))]

static void draw_regex(struct buffer *out)
{
    static const char *const atoms[] = {"a", "b", ".", "[ab]", "[^a]", "\\d", "\\W", "ab", "\\x61"};
    static const char *const counts[] = {"", "", "", "?", "*", "+", "{2}", "{,2}", "{1,3}", "{2,}"};

    buffer_append_text(out, draw(6) == 0 ? "%^" : "%");
    for (uint64_t i = 0, n = 1 + draw(3); i < n; i++) {
        if (i > 0 && draw(5) == 0)
            buffer_append_text(out, draw(3) == 0 ? "$|" : "|");
        buffer_append_text(out, PICK(atoms));
        buffer_append_text(out, PICK(counts));
    }
    buffer_append_text(out, draw(6) == 0 ? "$%" : "%");
}

static void draw_value(struct buffer *out, size_t *regexes)
{
    static const char *const values[] = {"1",   "a",      "\"a\"", "a*",      "*b",
                                         "*a*", "\"b*\"", "-2e-1", "\"a b\"", "1*",
                                         "10",  "\"1\"",  "*"};

    if (draw(5) == 0 && ++*regexes <= LOG_FILTER_REGEXES_MAX)
        draw_regex(out);
    else
        buffer_append_text(out, PICK(values));
}

static void draw_test(struct buffer *out, const char *subject, size_t *regexes)
{
    static const char *const equal[] = {"=", "!=", " = ", " != "};
    static const char *const orders[] = {"<", "<=", ">", ">="};
    static const char *const words[] = {" IS NULL", " IS TRUE", " IS FALSE", " NOT EXISTS"};

    buffer_append_text(out, subject);
    if (subject[0] == '$' && draw(4) == 0) {
        buffer_append_text(out, PICK(words));
    } else if (draw(4) == 0) {
        buffer_printf(out, "%s%d", PICK(orders), (int)draw(12));
    } else {
        buffer_append_text(out, PICK(equal));
        draw_value(out, regexes);
    }
}

static const char *draw_selector(size_t *wildcards)
{
    static const char *const plain[] = {"$.a",       "$.b",      "$.a.b", "$.a[0]",
                                        "$.['a.b']", "$.b[1].a", "$[0]",  "$.c-d"};
    static const char *const wild[] = {"$.*", "$.a[*]", "$.b[*].a", "$.*.a"};

    return draw(4) == 0 && ++*wildcards <= LOG_FILTER_WILDCARDS_MAX ? PICK(wild) : PICK(plain);
}

static void draw_condition(struct buffer *out, const char *name, size_t depth, size_t *regexes,
                           size_t *wildcards)
{
    if (depth == 0 || draw(3) == 0) {
        draw_test(out, name != NULL ? name : draw_selector(wildcards), regexes);
        return;
    }
    bool enclosed = draw(2) == 0;

    buffer_append_text(out, enclosed ? "(" : "");
    draw_condition(out, name, depth - 1, regexes, wildcards);
    buffer_append_text(out, draw(2) == 0 ? " && " : "||");
    draw_condition(out, name, depth - 1, regexes, wildcards);
    buffer_append_text(out, enclosed ? " )" : "");
}

static void draw_fields(struct buffer *out, size_t *regexes)
{
    static const char *const names[] = {"a", "b", "w1", "x-y"};
    size_t dots = draw(6), wildcards = 0;

    buffer_append_byte(out, '[');
    for (size_t i = 0, n = 1 + draw(4); i < n; i++) {
        const char *name = PICK(names);

        buffer_append_text(out, i > 0 ? ", " : "");
        if (i == dots)
            buffer_append_text(out, "...");
        else if (draw(3) == 0)
            buffer_append_text(out, name);
        else
            draw_condition(out, name, draw(2), regexes, &wildcards);
    }
    buffer_append_byte(out, ']');
}

static void draw_terms(struct buffer *out)
{
    static const char *const terms[] = {"a", "b", "ab", "\"a b\"", "\" \"", "\"\\\"\"", "1"};
    static const char *const marks[] = {"", "", "?", "-"};

    for (size_t i = 0, n = draw(4); i < n; i++)
        buffer_printf(out, "%s%s ", PICK(marks), PICK(terms));
}

static void draw_pattern(struct buffer *out)
{
    size_t regexes = 0, wildcards = 0;

    switch (draw(4)) {
    case 0:
        draw_terms(out);
        break;
    case 1:
        draw_regex(out);
        break;
    case 2:
        draw_fields(out, &regexes);
        break;
    default:
        buffer_append_text(out, "{ ");
        draw_condition(out, NULL, draw(3), &regexes, &wildcards);
        buffer_append_text(out, " }");
    }
}

static void draw_json(struct buffer *out, size_t depth)
{
    static const char *const leaves[] = {"1",    "10",    "\"a\"", "\"b\"",   "\"aab\"", "null",
                                         "true", "false", "-0.2",  "\"a b\"", "\"1\"",   "1e1"};
    static const char *const names[] = {"a", "b", "a.b", "c-d"};
    uint64_t kind = depth == 0 ? 2 : draw(3);

    if (kind == 2) {
        buffer_append_text(out, PICK(leaves));
        return;
    }
    buffer_append_byte(out, kind == 0 ? '{' : '[');
    for (size_t i = 0, n = draw(4); i < n; i++) {
        buffer_append_text(out, i > 0 ? "," : "");
        if (kind == 0)
            buffer_printf(out, "\"%s\":", names[(i + draw(1)) % ARRAY_COUNT(names)]);
        draw_json(out, depth - 1);
    }
    buffer_append_byte(out, kind == 0 ? '}' : ']');
}

static void draw_message(struct buffer *out)
{
    static const char *const words[] = {"a",     "b", "ab",   "aab", "1",  "10", "\"a b\"",
                                        "[a b]", " ", "-0.2", "é",   "\"", "[x", "aaa"};

    if (draw(2) == 0) {
        draw_json(out, 3);
        return;
    }
    for (size_t i = 0, n = draw(6); i < n; i++)
        buffer_printf(out, "%s%s", PICK(words), draw(4) == 0 ? "" : " ");
}

static struct bytes print(const struct log_filter *filter)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);

    log_filter_print(&out, filter);
    return arena_copy(arena, buffer_bytes(&out));
}

static void check_random(size_t *matched_count)
{
    AUTO(buffer_free) struct buffer pattern = BUFFER_INIT(4096);
    AUTO(buffer_free) struct buffer message = BUFFER_INIT(4096);
    const struct log_filter *filter = NULL, *again = NULL;
    struct api_error error = {0};
    bool sure = false, matched = false;

    draw_pattern(&pattern);
    draw_message(&message);
    if (log_filter_parse(arena, buffer_bytes(&pattern), &filter, &error) != OK)
        fail_msg("%.*s: %s", BYTES_ARG(buffer_bytes(&pattern)), error.message);
    matched = filter == NULL || log_filter_matches(filter, buffer_bytes(&message), arena);
    *matched_count += matched;
    if (matched != naive_matches(arena, buffer_bytes(&pattern), buffer_bytes(&message), &sure) &&
        sure)
        fail_msg("%.*s\n%.*s\nnaively %d", BYTES_ARG(buffer_bytes(&pattern)),
                 BYTES_ARG(buffer_bytes(&message)), !matched);
    if (filter == NULL)
        return;

    struct bytes printed = print(filter);

    if (log_filter_parse(arena, printed, &again, &error) != OK || again == NULL)
        fail_msg("%.*s: %.*s", BYTES_ARG(buffer_bytes(&pattern)), BYTES_ARG(printed));
    assert_true(bytes_equal(print(again), printed));
    assert_int_equal(log_filter_matches(again, buffer_bytes(&message), arena), matched);
}

static void test_random(void **state)
{
    const char *given = getenv("FILTER_SEED");
    size_t matched = 0;

    (void)state;
    id_random((uint8_t *)&seed, sizeof seed);
    if (given != NULL)
        seed = strtoull(given, NULL, 10);
    printf("FILTER_SEED=%" PRIu64 "\n", seed);
    for (size_t i = 0; i < 20000; i++) {
        check_random(&matched);
        arena_reset(arena);
    }
    assert_in_range(matched, 2000, 18000);
}

/* A name with a NUL is a name like others. */
static void test_nul(void **state)
{
    struct bytes pattern = BYTES("{ $.['a\0b'] = 1 }");
    const struct log_filter *filter = NULL;
    struct api_error error = {0};

    (void)state;
    assert_int_equal(log_filter_parse(arena, pattern, &filter, &error), OK);
    assert_true(log_filter_matches(filter, BYTES("{\"a\\u0000b\":1}"), arena));
    assert_false(log_filter_matches(filter, BYTES("{\"a\":1}"), arena));
    assert_true(bytes_equal(print(filter), pattern));
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),   cmocka_unit_test(test_json),  cmocka_unit_test(test_fields),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_depth), cmocka_unit_test(test_random),
        cmocka_unit_test(test_nul),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
