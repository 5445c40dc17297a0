/* functions/watch.h - who is told when a file changes (inotify).
 *
 * Folders are watched, never files: an editor that saves by renaming, a checkout, a folder that is
 * removed and made again change what stands under a name, and a name belongs to its folder. The
 * kernel puts an event into our descriptor before the call that changed the file returns to
 * whoever made it; so after watcher_read() every save that had ended before it is known. That is
 * what makes a reload deterministic.
 *
 *   struct watcher          one descriptor; folders by the kernel's number for them
 *   struct watched          what one owner wants to be told of: paths, each in its folder
 *
 * A path is watched with the folders that lead to it, up to the one in which the owner's root lies:
 * `dist` renamed away and another in its place changes everything below it.
 *
 * What always holds:
 *   1. A folder is watched as long as some path is in it, once, whatever names lead to it.
 *   2. changed() is called at most once for each watcher_read(), after all events were read.
 *   3. When the kernel lost events, everybody is told.
 *
 * Not seen: what another machine changes on a network's file system; what is written through a
 * mapped page of a file that stays open. One loop thread. */
#ifndef DYNLOG_FUNCTIONS_WATCH_H
#define DYNLOG_FUNCTIONS_WATCH_H

#include "base/list.h"
#include "base/map.h"

#include <uv.h>

/* Of one owner, with the folders that lead there: what a large application with its packages loads
 * is some thousands. More are not watched. */
#define WATCH_PATHS_MAX ((size_t)20000)
/* Of all owners: below what Linux allows a user by default, so that an editor gets some too. */
#define WATCH_FOLDERS_MAX ((size_t)8000)

struct watcher;
struct watched;

/* `read` is called after changes were read because the loop said that there are some, not in
 * watcher_read(). NULL: there is no inotify to be had. */
struct watcher *watcher_new(uv_loop_t *loop, void (*read)(void *context), void *context);
/* Tells all that has changed until now. Without blocking; half a microsecond when nothing has. */
void watcher_read(struct watcher *watcher);
size_t watcher_folders(const struct watcher *watcher);
/* Everybody's paths must be gone. The handle closes at the loop's next turn; `closed` may be NULL.
 */
void watcher_close(struct watcher *watcher, void (*closed)(void *context), void *context);

struct watched {
    /* path: the first that changed, until it returns. May add and forget paths. */
    void (*changed)(struct watched *watched, const char *path);
    /* private */
    struct watcher *watcher;
    char *root;
    struct map entries; /* by path */
    struct list in_changed;
    char *first;
};

/* root: an absolute path; what leads to it is watched too. */
void watched_open(struct watched *watched, struct watcher *watcher, struct bytes root);
void watched_close(struct watched *watched);
size_t watched_count(const struct watched *watched);

enum watch_kind {
    WATCH_FILE,   /* its content, and that it is there */
    WATCH_WANTED, /* it is not there: NAME, NAME.anything, or something in the folder NAME */
};
enum watch_added {
    WATCH_SAME,    /* it is watched now, and has not changed since */
    WATCH_CHANGED, /* it has changed since, or is gone */
    WATCH_FULL,    /* a limit was reached: it is not watched */
};
/* since_ns: by clock_file_ns(). A path that was watched all the time since is the same, or
 * changed() was called. */
enum watch_added watched_add(struct watched *watched, struct bytes path, enum watch_kind kind,
                             uint64_t since_ns);

/* Between these two all that is still wanted is added again; what was not is forgotten. */
void watched_renew_begin(struct watched *watched);
void watched_renew_end(struct watched *watched);

#endif
