/* Tests of client/feed.c: lines as they come, ends, refusals, silence, being woken. */
#include "client/feed.h"

#include "fake_server.h"

#include <fcntl.h>

static struct target target_of(const struct fake_server *server)
{
    return (struct target){.url = server->url,
                           .host = "127.0.0.1",
                           .is_this_machine = true,
                           .region = "us-east-1",
                           .key_id = "AK",
                           .secret = "S",
                           .table = "t"};
}

/* ---- lines ---- */

struct taken {
    char text[256];
    size_t count, enough;
};

static bool take(void *context, struct bytes line)
{
    struct taken *taken = context;
    size_t size = strlen(taken->text);

    snprintf(taken->text + size, sizeof taken->text - size, "[%.*s]", BYTES_ARG(line));
    return ++taken->count != taken->enough;
}

static enum status read_lines(const char *body, int status, size_t enough, int wake_fd,
                              struct taken *ret, struct client_answer *answer, struct arena *arena)
{
    const struct fake_answer answers[] = {{"GET /_dynlog/log?from=1 ", status, body}};
    struct fake_server server;

    fake_start(&server, answers, 1);

    struct target target = target_of(&server);
    struct client_lines lines = {
        .line = take, .context = ret, .wake_fd = wake_fd, .silence_ms = 5000};

    *ret = (struct taken){.enough = enough};

    enum status got = client_lines(&target, arena, "/_dynlog/log?from=1", &lines, answer);

    fake_stop(&server);
    return got;
}

static void test_lines(void **state)
{
    static const struct {
        const char *body;
        int http_status;
        size_t enough;
        enum status status;
        const char *taken;
    } cases[] = {
        {"a\nbc\n\nd\n", 200, 0, CLOSED, "[a][bc][d]"}, /* blank lines say only: alive */
        {"a\nhalf", 200, 0, CLOSED, "[a]"},             /* half a line is none */
        {"a\nb\nc\n", 200, 2, OK, "[a][b]"},
        {"", 200, 0, CLOSED, ""},
        {"", FAKE_CUT, 0, CLOSED, ""},
        {"{\"message\":\"from is a position\"}\n", 400, 0, REFUSED, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct taken taken;
        struct client_answer answer = {0};

        assert_int_equal(read_lines(cases[i].body, cases[i].http_status, cases[i].enough, -1,
                                    &taken, &answer, arena),
                         cases[i].status);
        assert_string_equal(taken.text, cases[i].taken);
        if (cases[i].status == REFUSED)
            assert_true(bytes_equal_text(answer.message, "from is a position"));
    }
}

/* A byte to read ends it, whatever the server does. */
static void test_lines_woken(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    int wake[2], silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct fake_server server = {0};
    struct taken taken = {0};
    struct client_answer answer = {0};

    (void)state;
    assert_int_equal(bind(silent, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(silent, 1), 0); /* accepts and says nothing */
    assert_int_equal(getsockname(silent, (struct sockaddr *)&address, &size), 0);
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pipe2(wake, O_CLOEXEC), 0);
    assert_int_equal(write(wake[1], "", 1), 1);

    struct target target = target_of(&server);
    struct client_lines lines = {
        .line = take, .context = &taken, .wake_fd = wake[0], .silence_ms = 60000};

    assert_int_equal(client_lines(&target, arena, "/", &lines, &answer), OK);
    close(wake[0]);
    close(wake[1]);
    close(silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_woken),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
