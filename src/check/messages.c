/* check/messages.c - STORE_QUEUES: messages, their states, and what they are found by
 * (docs/format/queue.md, "What always holds"). The rows of a queue are few beside items, and each
 * is held against the others by looking them up. */
#include "check/internal.h"

#include "json/json.h"
#include "queues/internal.h"

#define HEAD_SIZE 9 /* id, letter */

static const struct check_kind lost_message = {
    "message", "a message is not received, or never goes, or is received though it is gone"};
static const struct check_kind wrong_counts = {
    "queue-counts", "GetQueueAttributes tells ApproximateNumberOfMessages by it"};

struct walk {
    uint64_t id;
    struct bytes name;
    bool is_known, has_counts;
    struct counts told, counted;
};

static void tell(struct check *check, const struct walk *walk, struct bytes key,
                 const char *expected, const char *there)
{
    struct place place;
    struct bytes where = check_bytes_text(check, key);

    if (key_place(key, &place))
        where = check_text(check, "message sent %llu, position %llu",
                           (unsigned long long)place.sent_ms, (unsigned long long)place.position);
    check_find(check, &lost_message, "queues",
               check_text(check, "queue \"%.*s\", %c, %.*s", BYTES_ARG(walk->name), key.ptr[8],
                          BYTES_ARG(where)),
               bytes_of_text(expected), bytes_of_text(there));
}

static bool has(struct check *check, const struct key *key, struct bytes *ret)
{
    return check_get(check, STORE_QUEUES, key_bytes(key), ret);
}

/* ---- messages and states ---- */

static enum status read_message(struct check *check, struct walk *walk, struct bytes key,
                                struct bytes value)
{
    struct queue_message message;
    struct bytes state;
    struct place place = {0};
    enum status status = message_decode(value, check->scratch, &message);

    if (!key_place(key, &place))
        return CORRUPT;
    walk->counted.messages++;
    if (status == OK && value.ptr[0] == 2)
        check_sealed_text(check, "queues", key, message.body);
    if (place.position > check->last_position)
        tell(check, walk, key, "a position up to the last one", "one behind it");

    struct key wanted = key_of_place(walk->id, KEY_STATE, place);

    if (!has(check, &wanted, &state))
        tell(check, walk, key, "a state", "none");
    return status;
}

static bool is_found(struct check *check, const struct walk *walk, struct place place,
                     const struct message_state *state, bool *ret_needed)
{
    struct key key = {0};
    struct bytes value;

    *ret_needed = true;
    switch (state->kind) {
    case STATE_DELAYED:
        key = key_of_due(walk->id, KEY_DELAYED, state->due_ms, place);
        break;
    case STATE_IN_FLIGHT:
        key = key_of_due(walk->id, KEY_IN_FLIGHT, state->due_ms, place);
        break;
    case STATE_READY:
        *ret_needed = place_is_none(state->previous); /* FIFO: only the first of its group */
        key = key_of_place(walk->id, KEY_READY, place);
        break;
    case STATE_NONE:
    default:
        return false;
    }
    return has(check, &key, &value);
}

static bool is_linked(struct check *check, const struct walk *walk, struct place from,
                      struct place to, bool forward)
{
    struct key key = key_of_place(walk->id, KEY_STATE, to);
    struct message_state other;
    struct bytes value;

    return place_is_none(to) || (has(check, &key, &value) && state_decode(value, &other) == OK &&
                                 place_equal(forward ? other.previous : other.next, from));
}

static enum status read_state(struct check *check, struct walk *walk, struct bytes key,
                              struct bytes value)
{
    struct message_state state;
    struct bytes message;
    struct place place = {0};
    bool needed = false;
    enum status status = state_decode(value, &state);

    if (!key_place(key, &place))
        return CORRUPT;
    if (status != OK)
        return status;

    struct key wanted = key_of_place(walk->id, KEY_MESSAGE, place);
    bool found = is_found(check, walk, place, &state, &needed);

    if (!has(check, &wanted, &message))
        tell(check, walk, key, "a message", "none");
    if (found != needed)
        tell(check, walk, key,
             needed ? "a row that it is found by, as its state says"
                    : "none in `r`: another message of its group is first",
             found ? "one" : "none");
    if (!is_linked(check, walk, place, state.next, true) ||
        !is_linked(check, walk, place, state.previous, false))
        tell(check, walk, key, "links to the messages beside it in its group, and back",
             "links that lead elsewhere");
    return OK;
}

/* ---- what they are found by ---- */

static enum status check_index(struct check *check, struct walk *walk, struct bytes key,
                               struct place place, enum state_kind kind, uint64_t due_ms)
{
    struct key wanted = key_of_place(walk->id, KEY_STATE, place);
    struct message_state state;
    struct bytes value;

    if (!has(check, &wanted, &value))
        tell(check, walk, key, "a message", "none");
    else if (state_decode(value, &state) == OK &&
             (state.kind != kind || (kind != STATE_READY && state.due_ms != due_ms)))
        tell(check, walk, key, "a message in that state, due then", "one in another");
    return OK;
}

static enum status read_ready(struct check *check, struct walk *walk, struct bytes key,
                              struct bytes value)
{
    struct place place;

    if (!key_place(key, &place) || value.size != 0)
        return CORRUPT;
    return check_index(check, walk, key, place, STATE_READY, 0);
}

static enum status read_due(struct check *check, struct walk *walk, struct bytes key,
                            struct bytes value)
{
    bool delayed = key.ptr[8] == KEY_DELAYED;
    struct place place;
    uint64_t due_ms = 0;

    if (!key_due(key, &due_ms, &place) || value.size != 0)
        return CORRUPT;
    walk->counted.delayed += delayed;
    walk->counted.in_flight += !delayed;
    return check_index(check, walk, key, place, delayed ? STATE_DELAYED : STATE_IN_FLIGHT, due_ms);
}

static enum status read_group(struct check *check, struct walk *walk, struct bytes key,
                              struct bytes value)
{
    struct group group;
    struct bytes state;
    enum status status = group_decode(value, &group);

    if (status != OK)
        return status;

    struct key head = key_of_place(walk->id, KEY_STATE, group.head);
    struct key tail = key_of_place(walk->id, KEY_STATE, group.tail);

    if (!has(check, &head, &state) || !has(check, &tail, &state))
        tell(check, walk, key, "a group whose first and last messages are there", "none of them");
    return OK;
}

static enum status read_counts(struct check *check, struct walk *walk, struct bytes key,
                               struct bytes value)
{
    (void)check, (void)key;
    walk->has_counts = true;
    return counts_decode(value, &walk->told);
}

static enum status read_move(struct check *check, struct walk *walk, struct bytes key,
                             struct bytes value)
{
    struct queue_move move;

    (void)walk, (void)key;
    return move_decode(check->scratch, value, &move);
}

static enum status read_remembered(struct check *check, struct walk *walk, struct bytes key,
                                   struct bytes value)
{
    (void)check, (void)walk, (void)key;
    return value.size >= 9 && value.ptr[0] == 1 ? OK : CORRUPT;
}

static enum status read_time(struct check *check, struct walk *walk, struct bytes key,
                             struct bytes value)
{
    uint64_t time_ms = 0;
    struct bytes text;

    (void)check, (void)walk;
    return key_time(key, &time_ms, &text) && value.size == 0 ? OK : CORRUPT;
}

/* ---- rows ---- */

static const struct {
    char letter;
    enum status (*read)(struct check *check, struct walk *walk, struct bytes key,
                        struct bytes value);
    const char *expected;
} rows[] = {
    {KEY_ATTEMPT, read_remembered, "what an attempt received"},
    {KEY_ATTEMPT_TIME, read_time, "the time of an attempt"},
    {KEY_COUNTS, read_counts, "counts of the queue"},
    {KEY_MOVE, read_move, "a message move task"},
    {KEY_DEDUPLICATION, read_remembered, "a message by its deduplication id"},
    {KEY_DEDUPLICATION_TIME, read_time, "the time of a deduplication id"},
    {KEY_DELAYED, read_due, "a delayed message"},
    {KEY_IN_FLIGHT, read_due, "a received message"},
    {KEY_GROUP, read_group, "a message group"},
    {KEY_MESSAGE, read_message, "a message"},
    {KEY_READY, read_ready, "a message that can be received"},
    {KEY_STATE, read_state, "the state of a message"},
};

static void end_queue(struct check *check, const struct walk *walk)
{
    const struct counts *told = &walk->told, *counted = &walk->counted;

    if (!walk->is_known ||
        (walk->has_counts && told->messages == counted->messages &&
         told->in_flight == counted->in_flight && told->delayed == counted->delayed))
        return;
    check_find(
        check, &wrong_counts, "queues", check_text(check, "queue \"%.*s\"", BYTES_ARG(walk->name)),
        check_text(check, "%llu messages, %llu in flight, %llu delayed: they were counted",
                   (unsigned long long)counted->messages, (unsigned long long)counted->in_flight,
                   (unsigned long long)counted->delayed),
        check_text(check, "%llu messages, %llu in flight, %llu delayed",
                   (unsigned long long)told->messages, (unsigned long long)told->in_flight,
                   (unsigned long long)told->delayed));
}

static void begin_queue(struct check *check, struct walk *walk, struct bytes key)
{
    *walk = (struct walk){.id = bytes_get_u64(key.ptr)};
    walk->is_known = check_id_name(check, CHECK_QUEUE, walk->id, &walk->name);
    if (!walk->is_known)
        check_find_nobodys(check, "queues", key, "a row of a queue", walk->id);
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    struct walk *walk = context;
    enum status status = CORRUPT;
    const char *expected = "the id of a queue and a letter";

    if (key.size >= HEAD_SIZE && walk->id != bytes_get_u64(key.ptr)) {
        end_queue(check, walk);
        begin_queue(check, walk, key);
    }
    for (size_t i = 0; key.size >= HEAD_SIZE && i < ARRAY_COUNT(rows); i++) {
        if ((char)key.ptr[8] != rows[i].letter)
            continue;
        status = rows[i].read(check, walk, key, value);
        expected = rows[i].expected;
    }
    if (status != OK)
        check_find_unreadable(check, STORE_QUEUES, key, status, expected);
}

void check_messages(struct check *check)
{
    struct walk walk = {0};

    check_scan_all(check, STORE_QUEUES, take_row, &walk);
    if (!check->damaged[STORE_QUEUES])
        end_queue(check, &walk);
}
