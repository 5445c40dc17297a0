/* cli/keys.h - the keys that a person presses, one by one, from a terminal that neither echoes nor
 * waits for a line.
 *
 * The terminal is only so between cli_keys_begin() and cli_keys_end(), and gets back what it was at
 * every way out: an end of the question, a signal that ends the process (the handler restores it
 * first), Ctrl-Z (it is as it was while the process is stopped). One a process at a time. Ctrl-C
 * is a key here. */
#ifndef DYNLOG_CLI_KEYS_H
#define DYNLOG_CLI_KEYS_H

#include "cli/internal.h"

enum key_kind {
    KEY_TEXT, /* a character */
    KEY_ENTER,
    KEY_ESCAPE,
    KEY_TAB,
    KEY_BACKSPACE,
    KEY_DELETE,
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_CONTROL, /* with a letter */
    KEY_UNKNOWN, /* one that means nothing here */
    KEY_CLOSED,  /* the terminal is gone */
};

struct key {
    enum key_kind kind;
    uint8_t size; /* TEXT: bytes of its UTF-8 */
    char text[4]; /* CONTROL: the small letter */
};

/* The key at the front of what came; returns its bytes. 0: more must come, unless `ended`: nothing
 * more came for a while, so that an Escape is one. */
size_t cli_key_decode(struct bytes bytes, bool ended, struct key *ret);

#define KEYS_PENDING_MAX 64

struct keys {
    int fd, out_fd;
    uint8_t pending[KEYS_PENDING_MAX];
    size_t pending_size;
};

/* False: that is no terminal. What was typed before is not lost. */
MUST_USE bool cli_keys_begin(struct keys *keys, const struct cli *cli);
void cli_keys_end(struct keys *keys);
/* Waits for one. Ctrl-Z stops the process here; then a KEY_UNKNOWN comes, so that the question is
 * drawn anew. */
struct key cli_keys_read(struct keys *keys);

#endif
