/* client/feed.h - an answer without end, line by line: as its reader asks for the next one, or by a
 * callback.
 *
 * The server is not read faster than the lines are taken: more than FEED_WAITING_SIZE_MAX never
 * waits here. One thread at a time. */
#ifndef DYNLOG_CLIENT_FEED_H
#define DYNLOG_CLIENT_FEED_H

#include "client/client.h"

#define FEED_WAITING_SIZE_MAX ((size_t)1024 * 1024)

struct client_feed;

/* GET of a path; nothing is sent before the first client_feed_next(). silence_ms: after so long
 * without a byte the connection counts as broken. The target must live as long as the feed. */
struct client_feed *client_feed_new(const struct target *target, const char *path,
                                    uint64_t silence_ms);
void client_feed_free(struct client_feed *feed);

/* OK: the next line that is not empty, without its end; it holds until the next call. TIMED_OUT:
 * none came within wait_ms (-1: for ever), or wake_fd (-1: none) has something to read. CLOSED:
 * the connection ended, or was never made. REFUSED: the answer is another one than lines; *ret, in
 * the arena, says which. */
MUST_USE enum status client_feed_next(struct client_feed *feed, struct arena *arena,
                                      int64_t wait_ms, int wake_fd, struct bytes *ret_line,
                                      struct client_answer *ret);
/* A line is there, without waiting. */
bool client_feed_has_line(const struct client_feed *feed);
/* The answer ended as it should; what it had was given. */
bool client_feed_is_whole(const struct client_feed *feed);
/* The server answered with lines, though the connection may be broken by now. */
bool client_feed_answered(const struct client_feed *feed);

/* All of it. `line` returns false to end it. Returns OK when ended so or
 * by a byte to read from wake_fd (-1: none); CLOSED when the connection ended; REFUSED as above. */
struct client_lines {
    bool (*line)(void *context, struct bytes line);
    void *context;
    int wake_fd;
    uint64_t silence_ms; /* after so long without a byte the connection counts as broken */
};
MUST_USE enum status client_lines(const struct target *target, struct arena *arena,
                                  const char *path, const struct client_lines *lines,
                                  struct client_answer *ret);

#endif
