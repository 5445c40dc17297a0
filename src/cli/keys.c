/* cli/keys.c - see keys.h. */
#include "cli/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE 0x1B
#define ESCAPE_WAIT_MS 50 /* the rest of an arrow key follows its Escape sooner than that */
#define SHOW_CURSOR "\033[?25h"

/* ---- bytes to keys ---- */

static const struct {
    const char *sequence; /* behind the Escape */
    enum key_kind kind;
} sequences[] = {
    {"[A", KEY_UP},      {"[B", KEY_DOWN},     {"[C", KEY_RIGHT},      {"[D", KEY_LEFT},
    {"OA", KEY_UP},      {"OB", KEY_DOWN},     {"OC", KEY_RIGHT},      {"OD", KEY_LEFT},
    {"[H", KEY_HOME},    {"[F", KEY_END},      {"OH", KEY_HOME},       {"OF", KEY_END},
    {"[1~", KEY_HOME},   {"[4~", KEY_END},     {"[7~", KEY_HOME},      {"[8~", KEY_END},
    {"[3~", KEY_DELETE}, {"[5~", KEY_PAGE_UP}, {"[6~", KEY_PAGE_DOWN},
};

/* The size of a whole sequence "[...x" or "Ox", 0 when it goes on. */
static size_t sequence_size(struct bytes bytes)
{
    if (bytes.ptr[0] == 'O')
        return bytes.size >= 2 ? 2 : 0;
    for (size_t i = 1; i < bytes.size; i++)
        if (bytes.ptr[i] >= 0x40 && bytes.ptr[i] <= 0x7E)
            return i + 1;
    return 0;
}

static size_t decode_escape(struct bytes bytes, bool ended, struct key *ret)
{
    struct bytes rest = bytes_slice(bytes, 1, bytes.size);
    size_t size = 0;

    *ret = (struct key){.kind = KEY_ESCAPE};
    if (rest.size == 0)
        return ended ? 1 : 0;
    if (rest.ptr[0] != '[' && rest.ptr[0] != 'O')
        return 1;
    size = sequence_size(rest);
    if (size == 0 && !ended)
        return 0;
    ret->kind = KEY_UNKNOWN;
    for (size_t i = 0; i < ARRAY_COUNT(sequences); i++)
        if (bytes_equal_text(bytes_slice(rest, 0, size), sequences[i].sequence))
            ret->kind = sequences[i].kind;
    return size > 0 ? 1 + size : bytes.size;
}

static size_t decode_control(uint8_t byte, struct key *ret)
{
    switch (byte) {
    case '\r':
    case '\n':
        ret->kind = KEY_ENTER;
        break;
    case '\t':
        ret->kind = KEY_TAB;
        break;
    case 0x08:
    case 0x7F:
        ret->kind = KEY_BACKSPACE;
        break;
    default:
        ret->kind = byte >= 1 && byte <= 26 ? KEY_CONTROL : KEY_UNKNOWN;
        ret->text[0] = (char)('a' + byte - 1);
        break;
    }
    return 1;
}

static size_t character_size(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first < 0xE0)
        return 2;
    if (first >= 0xE0 && first < 0xF0)
        return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

size_t cli_key_decode(struct bytes bytes, bool ended, struct key *ret)
{
    uint8_t first = bytes.size > 0 ? bytes.ptr[0] : 0;
    size_t size = character_size(first);

    *ret = (struct key){.kind = KEY_UNKNOWN};
    if (bytes.size == 0)
        return 0;
    if (first == ESCAPE)
        return decode_escape(bytes, ended, ret);
    if (first < 0x20 || first == 0x7F)
        return decode_control(first, ret);
    if (size == 0)
        return 1;
    if (bytes.size < size)
        return ended ? bytes.size : 0;
    if (!bytes_are_utf8(bytes_slice(bytes, 0, size)))
        return 1;
    ret->kind = KEY_TEXT;
    ret->size = (uint8_t)size;
    memcpy(ret->text, bytes.ptr, size);
    return size;
}

/* ---- the terminal ---- */

static const int endings[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT};

/* What a signal needs: there is one terminal. */
static struct {
    int fd, out_fd;
    struct termios before;
    struct sigaction actions[ARRAY_COUNT(endings)];
    struct keys left; /* keys that the last question did not read */
} terminal = {.fd = -1};

static void restore(void)
{
    tcsetattr(terminal.fd, TCSADRAIN, &terminal.before);
    (void)!write(terminal.out_fd, SHOW_CURSOR, sizeof SHOW_CURSOR - 1);
}

static void ended_by_signal(int number)
{
    int saved = errno;

    restore();
    signal(number, SIG_DFL);
    raise(number);
    errno = saved;
}

static bool make_raw(void)
{
    struct termios raw = terminal.before;

    raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON);
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(terminal.fd, TCSADRAIN, &raw) == 0;
}

bool cli_keys_begin(struct keys *keys, const struct cli *cli)
{
    struct sigaction action = {.sa_handler = ended_by_signal};

    assert(terminal.fd < 0);
    *keys = terminal.left;
    keys->fd = fileno(cli->in);
    keys->out_fd = fileno(cli->out);
    if (keys->fd < 0 || tcgetattr(keys->fd, &terminal.before) != 0)
        return false;
    terminal.fd = keys->fd;
    terminal.out_fd = keys->out_fd;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++)
        sigaction(endings[i], &action, &terminal.actions[i]);
    if (make_raw())
        return true;
    cli_keys_end(keys);
    return false;
}

void cli_keys_end(struct keys *keys)
{
    terminal.left = *keys;
    restore();
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++)
        sigaction(endings[i], &terminal.actions[i], NULL);
    terminal.fd = -1;
}

/* Ctrl-Z: the shell has its terminal until the process goes on. */
static void stop_here(void)
{
    restore();
    raise(SIGTSTP);
    (void)make_raw();
}

static bool has_more(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    return poll(&wanted, 1, ESCAPE_WAIT_MS) > 0;
}

/* One byte more, as a key can only be told from its first bytes. False: the terminal is gone. */
static bool read_byte(struct keys *keys)
{
    ssize_t count = 0;

    do
        count = read(keys->fd, keys->pending + keys->pending_size, 1);
    while (count < 0 && errno == EINTR);
    keys->pending_size += count > 0;
    return count > 0;
}

struct key cli_keys_read(struct keys *keys)
{
    struct key key = {.kind = KEY_UNKNOWN};
    size_t size = 0;

    for (;;) {
        struct bytes pending = bytes_of(keys->pending, keys->pending_size);

        size = cli_key_decode(pending, false, &key);
        if (size == 0 && pending.size > 0 &&
            (pending.size == sizeof keys->pending || !has_more(keys->fd)))
            size = cli_key_decode(pending, true, &key);
        if (size > 0)
            break;
        if (!read_byte(keys))
            return (struct key){.kind = KEY_CLOSED};
    }
    memmove(keys->pending, keys->pending + size, keys->pending_size - size);
    keys->pending_size -= size;
    if (key.kind == KEY_CONTROL && key.text[0] == 'z') {
        stop_here();
        key.kind = KEY_UNKNOWN;
    }
    return key;
}
