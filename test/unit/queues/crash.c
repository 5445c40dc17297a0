/* test/unit/queues/crash.c - kill -9: a process sends, receives, deletes and lets messages die, and
 * notes in a pipe what was answered; it is killed at some moment. Whatever was sent is there once,
 * in its queue or in the dead-letter queue; what was deleted is gone; and all that always holds
 * holds. Every round goes on in the folder of the one before. The process is this program, started
 * anew. */
#include "queues/queues_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define ROUNDS 5
#define NOTED_MAX 300          /* the most answers that a round waits for before it kills */
#define NUMBERS_OF_ROUND 20000 /* of messages */

static struct test_queues t;

enum note_kind { NOTE_SENT, NOTE_DELETING, NOTE_DELETED };

struct note {
    uint32_t kind, number;
};

static const char *const names[] = {"q", "dead", "q.fifo", "dead.fifo"};

/* ---- the process that is killed ---- */

static void tell(int pipe, enum note_kind kind, uint64_t number)
{
    const struct note note = {kind, (uint32_t)number};

    if (write(pipe, &note, sizeof note) != sizeof note)
        _exit(1);
}

static void make_queues(void)
{
    assert_int_equal(test_create(&t, "dead", NULL), OK);
    assert_int_equal(test_create(&t, "dead.fifo", PAIRS("FifoQueue", "true")), OK);
    assert_int_equal(
        test_create(&t, "q",
                    PAIRS("VisibilityTimeout", "1", "RedrivePolicy",
                          "{\"deadLetterTargetArn\":\"" TEST_ARN "dead\",\"maxReceiveCount\":2}")),
        OK);
    assert_int_equal(
        test_create(&t, "q.fifo",
                    PAIRS("FifoQueue", "true", "VisibilityTimeout", "1", "RedrivePolicy",
                          "{\"deadLetterTargetArn\":\"" TEST_ARN
                          "dead.fifo\",\"maxReceiveCount\":2}")),
        OK);
}

static void send_one(int pipe, uint64_t number)
{
    char text[24], group[8];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    snprintf(group, sizeof group, "g%d", (int)(number % 3));
    if (number % 2 == 0)
        test_send_text(&t, "q", text);
    else
        test_send_fifo(&t, "q.fifo", group, text, NULL);
    tell(pipe, NOTE_SENT, number);
}

/* Every third message that is received is deleted, the others come again, and die. */
static void receive_some(int pipe, const char *name)
{
    const struct test_receive *test = test_receive(&t, name, 5);

    for (size_t i = 0; i < test->receive.count; i++) {
        const struct queue_received *received = test_received(test, i);
        uint64_t number = 0;

        if (!bytes_to_uint64(received->message.body, &number))
            _exit(1);
        if (number % 3 != 0)
            continue;
        tell(pipe, NOTE_DELETING, number);
        if (test_delete(&t, name, received->receipt_handle) == OK)
            tell(pipe, NOTE_DELETED, number);
    }
}

NO_RETURN static void work_until_killed(const char *folder, int pipe, uint64_t from)
{
    test_queues_attach(&t, test_open(folder), TEST_NOW_MS + from);
    make_queues();
    for (uint64_t number = from;; number++) {
        send_one(pipe, number);
        if (number % 4 == 0) {
            receive_some(pipe, "q");
            receive_some(pipe, "q.fifo");
            test_advance(&t, 1000);
        }
    }
}

/* ---- the one that looks ---- */

struct seen {
    bool sent, deleting, deleted;
    size_t found;
};

static struct seen *seen; /* by number */

static void read_notes(pid_t child, int pipe, uint64_t count)
{
    struct note note;
    ssize_t size = 0;

    for (uint64_t noted = 0; (size = read(pipe, &note, sizeof note)) > 0;) {
        assert_int_equal(size, sizeof note);
        assert_true(note.number < ROUNDS * NUMBERS_OF_ROUND);
        seen[note.number].sent |= note.kind == NOTE_SENT;
        seen[note.number].deleting |= note.kind == NOTE_DELETING;
        seen[note.number].deleted |= note.kind == NOTE_DELETED;
        if (++noted == count)
            assert_int_equal(kill(child, SIGKILL), 0);
    }
    assert_int_equal(size, 0);
}

static void count_messages(const char *name)
{
    uint64_t id = test_view(&t, name)->id, number = 0;
    struct key from = key_of_kind(id, KEY_MESSAGE);
    struct key to = key_of_kind(id, (enum key_kind)(KEY_MESSAGE + 1));
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(t.store, NULL, STORE_QUEUES, key_bytes(&from), key_bytes(&to), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct queue_message message;

        assert_int_equal(message_decode(value, t.arena, &message), OK);
        assert_true(bytes_to_uint64(message.body, &number));
        assert_true(number < ROUNDS * NUMBERS_OF_ROUND);
        seen[number].found++;
    }
}

static void check_folder(const char *folder, uint64_t now_ms)
{
    test_queues_attach(&t, test_open(folder), now_ms);
    test_settle(&t);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (queues_find(t.queues, bytes_of_text(names[i])) == NULL)
            continue; /* it was killed before */
        test_check(&t, names[i]);
        count_messages(names[i]);
    }
    for (size_t i = 0; i < ROUNDS * NUMBERS_OF_ROUND; i++) {
        if (seen[i].found > 1 || (seen[i].deleted && seen[i].found > 0) ||
            (seen[i].sent && !seen[i].deleting && seen[i].found == 0))
            fail_msg("message %zu is there %zu times; sent %d, deleting %d, deleted %d", i,
                     seen[i].found, seen[i].sent, seen[i].deleting, seen[i].deleted);
        seen[i].found = 0;
    }
    test_queues_close(&t);
}

static pid_t start_working(const char *folder, const int pipes[2], uint64_t from)
{
    char descriptor[16], number[24];
    pid_t child = -1;

    snprintf(descriptor, sizeof descriptor, "%d", pipes[1]);
    snprintf(number, sizeof number, "%llu", (unsigned long long)from);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipes[0]);
        execl("/proc/self/exe", "crash", folder, descriptor, number, (char *)NULL);
        _exit(1);
    }
    return child;
}

static void nothing_answered_is_lost(void **state)
{
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    seen = mem_new(ROUNDS * NUMBERS_OF_ROUND * sizeof *seen);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t count = 0;
        int pipes[2], result = 0;
        pid_t child = -1;

        id_random((uint8_t *)&count, sizeof count);
        assert_int_equal(pipe(pipes), 0);
        child = start_working(folder, pipes, round * NUMBERS_OF_ROUND);
        close(pipes[1]);
        read_notes(child, pipes[0], 1 + count % NOTED_MAX);
        close(pipes[0]);
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
        check_folder(folder, TEST_NOW_MS + (round + 1) * NUMBERS_OF_ROUND);
    }
    mem_free(seen);
    test_folder_remove(folder);
}

int main(int count, char **args)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_answered_is_lost),
    };

    if (count == 4)
        work_until_killed(args[1], (int)strtol(args[2], NULL, 10),
                          (uint64_t)strtoll(args[3], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
