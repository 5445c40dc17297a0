/* functions/watch.c - see watch.h. */
#include "functions/watch.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS_SIZE ((size_t)16 * 1024)
#define EVENT_SIZE_MAX (sizeof(struct inotify_event) + NAME_MAX + 1)
#define READS_MAX                                                                                  \
    256 /* somebody who writes for ever must not hold the loop: the rest is a loss                 \
         */

#define FUTURE_NS ((uint64_t)1000 * 1000 * 1000)

#define APPEARS ((uint32_t)(IN_CREATE | IN_MOVED_TO))
#define LEAVES ((uint32_t)(IN_DELETE | IN_MOVED_FROM))
#define FOLDER_GONE ((uint32_t)(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
#define MASK                                                                                       \
    (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |              \
     IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

enum entry_kind {
    ENTRY_FILE,
    ENTRY_FOLDER, /* it leads to others: what is in it is not its affair */
    ENTRY_WANTED,
    ENTRY_INSIDE, /* anything new in its folder: its path ends with a slash, so it has no name */
};

struct watch_folder {
    struct watcher *watcher;
    int number; /* the kernel's; -1: the folder is gone */
    struct list entries;
};

struct watch_entry {
    struct watched *owner;
    struct watch_folder *folder;
    struct list in_folder;
    enum entry_kind kind;
    bool old; /* while the paths are renewed: not asked for yet */
    ino_t file;
    mode_t mode;
    struct timespec modified;
    struct bytes name; /* the end of the path */
    char path[];
};

struct watcher {
    uv_poll_t poll;
    int descriptor;
    struct map folders; /* by number */
    struct list changed;
    void (*read)(void *context);
    void *context;
    void (*closed)(void *context);
    void *closed_context;
};

static uint64_t stamp_ns(const struct stat *file)
{
    return (uint64_t)file->st_ctim.tv_sec * 1000000000 + (uint64_t)file->st_ctim.tv_nsec;
}

/* A stamp of the future is of a clock that was set: it says nothing. (Kernels stamp with the exact
 * clock too, which is a tick ahead of ours.) */
static bool changed_since(const struct stat *file, uint64_t since_ns)
{
    return stamp_ns(file) >= since_ns && stamp_ns(file) <= clock_file_ns() + FUTURE_NS;
}

/* ---- folders ---- */

static struct bytes number_key(const int *number)
{
    return bytes_of(number, sizeof *number);
}

/* NULL: it is not there, or no more can be watched (errno says which). */
static struct watch_folder *folder_get(struct watcher *watcher, const char *path)
{
    int number = inotify_add_watch(watcher->descriptor, path, MASK); /* the same for a known one */

    if (number < 0)
        return NULL;
    struct watch_folder *folder = map_get(&watcher->folders, number_key(&number));

    if (folder != NULL)
        return folder;
    if (watcher->folders.count >= WATCH_FOLDERS_MAX) {
        inotify_rm_watch(watcher->descriptor, number);
        errno = ENOSPC;
        return NULL;
    }
    folder = mem_new(sizeof *folder);
    folder->watcher = watcher;
    folder->number = number;
    list_init(&folder->entries);
    map_put(&watcher->folders, number_key(&number), folder);
    return folder;
}

static void folder_forget(struct watch_folder *folder)
{
    map_remove(&folder->watcher->folders, number_key(&folder->number));
    folder->number = -1;
}

static void folder_free_if_unused(struct watch_folder *folder)
{
    if (!list_empty(&folder->entries))
        return;
    if (folder->number >= 0) {
        inotify_rm_watch(folder->watcher->descriptor, folder->number);
        folder_forget(folder);
    }
    mem_free(folder);
}

/* ---- events ---- */

static void mark_changed(struct watch_entry *entry)
{
    struct watched *owner = entry->owner;

    if (owner->first != NULL)
        return;
    owner->first = mem_copy_text(entry->path);
    list_append(&owner->watcher->changed, &owner->in_changed);
}

/* Times and rights change too when nobody touched the content: a link was made, an owner set. */
static bool attributes_changed(struct watch_entry *entry)
{
    struct stat file;

    return stat(entry->path, &file) != 0 || file.st_ino != entry->file ||
           file.st_mode != entry->mode || file.st_mtim.tv_sec != entry->modified.tv_sec ||
           file.st_mtim.tv_nsec != entry->modified.tv_nsec;
}

static bool is_wanted(struct bytes wanted, struct bytes name)
{
    return bytes_start_with(name, wanted) &&
           (name.size == wanted.size || name.ptr[wanted.size] == '.');
}

static bool concerns(struct watch_entry *entry, uint32_t mask, struct bytes name)
{
    switch (entry->kind) {
    case ENTRY_FILE:
        return bytes_equal(entry->name, name) &&
               ((mask & ~(uint32_t)(IN_ATTRIB | IN_ISDIR)) != 0 || attributes_changed(entry));
    case ENTRY_FOLDER:
        return (mask & (APPEARS | LEAVES)) != 0 && bytes_equal(entry->name, name);
    case ENTRY_WANTED:
        return (mask & APPEARS) != 0 && is_wanted(entry->name, name);
    case ENTRY_INSIDE:
        return (mask & APPEARS) != 0;
    }
    return false;
}

static void take_event(struct watcher *watcher, const struct inotify_event *event)
{
    struct watch_folder *folder = map_get(&watcher->folders, number_key(&event->wd));
    struct bytes name = event->len > 0 ? bytes_of_text(event->name) : BYTES("");

    if (folder == NULL)
        return;
    if (name.size > 0) {
        LIST_EACH (&folder->entries, it) {
            struct watch_entry *entry = LIST_ITEM(it, struct watch_entry, in_folder);

            if (concerns(entry, event->mask, name))
                mark_changed(entry);
        }
        return;
    }
    if ((event->mask & FOLDER_GONE) == 0)
        return;
    LIST_EACH (&folder->entries, it)
        mark_changed(LIST_ITEM(it, struct watch_entry, in_folder));
    if ((event->mask & (uint32_t)IN_IGNORED) != 0)
        folder_forget(folder);
}

/* Events were lost: whoever watches anything is told. */
static void mark_all(struct watcher *watcher)
{
    struct bytes key;
    void *value;

    for (size_t i = 0; map_next(&watcher->folders, &i, &key, &value);)
        LIST_EACH (&((struct watch_folder *)value)->entries, it)
            mark_changed(LIST_ITEM(it, struct watch_entry, in_folder));
}

/* False when there are no more. */
static bool read_events(struct watcher *watcher)
{
    _Alignas(struct inotify_event) char events[EVENTS_SIZE];
    bool lost = false;
    ssize_t size;

    do {
        size = read(watcher->descriptor, events, sizeof events);
    } while (size < 0 && errno == EINTR);
    if (size <= 0)
        return false;
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event = (const void *)(events + at);

        if ((event->mask & (uint32_t)IN_Q_OVERFLOW) != 0)
            lost = true;
        else
            take_event(watcher, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    if (lost)
        mark_all(watcher);
    return (size_t)size + EVENT_SIZE_MAX > EVENTS_SIZE; /* else there was room for another one */
}

static void tell(struct watcher *watcher)
{
    struct list *first;

    while ((first = list_take(&watcher->changed)) != NULL) {
        struct watched *watched = LIST_ITEM(first, struct watched, in_changed);
        char *path = watched->first;

        watched->first = NULL;
        watched->changed(watched, path);
        mem_free(path);
    }
}

void watcher_read(struct watcher *watcher)
{
    unsigned reads = 0;

    while (reads < READS_MAX && read_events(watcher))
        reads++;
    if (reads == READS_MAX)
        mark_all(watcher);
    tell(watcher);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct watcher *watcher = poll->data;

    (void)status;
    (void)events;
    watcher_read(watcher);
    watcher->read(watcher->context);
}

/* ---- paths ---- */

static void entry_free(struct watch_entry *entry)
{
    struct watch_folder *folder = entry->folder;

    list_remove(&entry->in_folder);
    folder_free_if_unused(folder);
    mem_free(entry);
}

/* Of "/a/b/c": size of "/a/b"; of "/a" and "/": 1. */
static size_t folder_size(struct bytes path)
{
    size_t size = path.size;

    while (size > 1 && path.ptr[size - 1] != '/')
        size--;
    while (size > 1 && path.ptr[size - 1] == '/')
        size--;
    return size;
}

static struct watch_entry *entry_new(struct watched *watched, struct bytes path,
                                     struct watch_folder *folder, enum entry_kind kind)
{
    struct watch_entry *entry = mem_new(sizeof *entry + path.size + 1);
    size_t name = folder_size(path);

    memcpy(entry->path, path.ptr, path.size);
    while (name < path.size && entry->path[name] == '/')
        name++;
    entry->owner = watched;
    entry->folder = folder;
    entry->kind = kind;
    entry->name = bytes_of(entry->path + name, path.size - name);
    list_append(&folder->entries, &entry->in_folder);
    map_put(&watched->entries, path, entry);
    return entry;
}

static void entry_note_file(struct watch_entry *entry, const struct stat *file)
{
    entry->file = file->st_ino;
    entry->mode = file->st_mode;
    entry->modified = file->st_mtim;
}

/* It is still what is asked for: of that kind, and in the folder to which its path leads now. */
static bool is_current(const struct watch_entry *entry, const struct watch_folder *folder,
                       enum entry_kind kind)
{
    return entry->folder == folder &&
           (entry->kind == kind || (entry->kind == ENTRY_FILE && kind == ENTRY_FOLDER));
}

/* NULL in the folder's place: it can't be watched; *reterror says why. */
static struct watch_folder *folder_of_path(struct watcher *watcher, struct bytes path,
                                           int *reterror)
{
    char text[PATH_MAX];

    snprintf(text, sizeof text, "%.*s", (int)folder_size(path), (const char *)path.ptr);
    struct watch_folder *folder = folder_get(watcher, text);

    *reterror = errno;
    return folder;
}

/* *ret: the new entry; NULL: it was there already, or could not be made. */
static enum watch_added add_entry(struct watched *watched, struct bytes path, enum entry_kind kind,
                                  struct watch_entry **ret)
{
    struct watch_entry *before = map_get(&watched->entries, path);
    int error;
    struct watch_folder *folder = folder_of_path(watched->watcher, path, &error);

    *ret = NULL;
    if (before != NULL && is_current(before, folder, kind)) {
        before->old = false;
        return WATCH_SAME;
    }
    if (before != NULL)
        map_remove(&watched->entries, path);
    if (folder != NULL && watched->entries.count < WATCH_PATHS_MAX)
        *ret = entry_new(watched, path, folder, kind);
    else if (folder != NULL)
        folder_free_if_unused(folder);
    if (before != NULL)
        entry_free(before); /* now, because it may be the only one in the folder */
    if (*ret != NULL)
        return WATCH_SAME;
    return folder == NULL && (error == ENOENT || error == ENOTDIR) ? WATCH_CHANGED : WATCH_FULL;
}

/* Folders that lead to the path, up to the one in which the root lies. */
static enum watch_added add_ways(struct watched *watched, struct bytes path)
{
    struct bytes root = bytes_of_text(watched->root);
    enum watch_added added = WATCH_SAME;

    for (path.size = folder_size(path); path.size > 1 && added == WATCH_SAME;
         path.size = folder_size(path)) {
        struct watch_entry *entry;

        if (bytes_start_with(root, path) && root.size > path.size && root.ptr[path.size] == '/')
            break;
        added = add_entry(watched, path, ENTRY_FOLDER, &entry);
    }
    return added;
}

static enum watch_added add_file(struct watched *watched, struct bytes path, uint64_t since_ns)
{
    struct watch_entry *entry;
    struct stat file;
    enum watch_added added = add_entry(watched, path, ENTRY_FILE, &entry);

    if (added == WATCH_SAME)
        added = add_ways(watched, path);
    if (added != WATCH_SAME)
        return added;
    bool known = entry == NULL;

    if (known)
        entry = map_get(&watched->entries, path);
    if (stat(entry->path, &file) != 0)
        return WATCH_CHANGED;
    entry_note_file(entry, &file);
    return !known && changed_since(&file, since_ns) ? WATCH_CHANGED : WATCH_SAME;
}

/* Whether something that was wanted came into the folder meanwhile; an empty name: anything. */
static bool came_since(const char *folder, struct bytes wanted, uint64_t since_ns)
{
    DIR *opened = opendir(folder);
    struct dirent *found;
    struct stat file;
    bool came = false;

    if (opened == NULL)
        return true;
    while (!came && (found = readdir(opened)) != NULL)
        came = found->d_name[0] != '.' &&
               (wanted.size == 0 || is_wanted(wanted, bytes_of_text(found->d_name))) &&
               fstatat(dirfd(opened), found->d_name, &file, 0) == 0 &&
               changed_since(&file, since_ns);
    closedir(opened);
    return came;
}

static enum watch_added add_inside(struct watched *watched, const char *folder, uint64_t since_ns)
{
    struct watch_entry *entry;
    char path[PATH_MAX + 1];

    snprintf(path, sizeof path, "%s/", folder);
    enum watch_added added = add_entry(watched, bytes_of_text(path), ENTRY_INSIDE, &entry);

    if (added == WATCH_SAME && entry != NULL && came_since(folder, BYTES(""), since_ns))
        return WATCH_CHANGED;
    return added == WATCH_SAME ? add_ways(watched, bytes_of_text(path)) : added;
}

/* The first part of the path that is not there is what its folder will be told of. */
static enum watch_added add_wanted(struct watched *watched, struct bytes path, uint64_t since_ns)
{
    struct watch_entry *entry;
    struct bytes part = path;
    char text[PATH_MAX];
    struct stat file;
    enum watch_added added;

    snprintf(text, sizeof text, "%.*s", BYTES_ARG(path));
    if (stat(text, &file) == 0 && S_ISDIR(file.st_mode))
        return add_inside(watched, text, since_ns);
    for (size_t up = folder_size(part); up > 1; up = folder_size(part)) {
        snprintf(text, sizeof text, "%.*s", (int)up, (const char *)path.ptr);
        if (stat(text, &file) == 0)
            break;
        part.size = up;
    }
    added = add_entry(watched, part, ENTRY_WANTED, &entry);
    if (added != WATCH_SAME || entry == NULL)
        return added;
    if (came_since(text, entry->name, since_ns))
        return WATCH_CHANGED;
    return add_ways(watched, part);
}

enum watch_added watched_add(struct watched *watched, struct bytes path, enum watch_kind kind,
                             uint64_t since_ns)
{
    while (path.size > 1 && path.ptr[path.size - 1] == '/')
        path.size--;
    if (path.size < 2 || path.ptr[0] != '/' || path.size >= PATH_MAX)
        return WATCH_FULL;
    return kind == WATCH_FILE ? add_file(watched, path, since_ns)
                              : add_wanted(watched, path, since_ns);
}

void watched_renew_begin(struct watched *watched)
{
    struct bytes path;
    void *value;

    for (size_t i = 0; map_next(&watched->entries, &i, &path, &value);)
        ((struct watch_entry *)value)->old = true;
}

/* The map must not change while it is gone through: what is left makes a new one. */
void watched_renew_end(struct watched *watched)
{
    struct map kept = MAP_INIT;
    struct bytes path;
    void *value;

    for (size_t i = 0; map_next(&watched->entries, &i, &path, &value);) {
        struct watch_entry *entry = value;

        if (entry->old)
            entry_free(entry);
        else
            map_put(&kept, path, entry);
    }
    map_free(&watched->entries);
    watched->entries = kept;
}

/* ---- life ---- */

void watched_open(struct watched *watched, struct watcher *watcher, struct bytes root)
{
    watched->watcher = watcher;
    watched->root = mem_new(root.size + 1);
    memcpy(watched->root, root.ptr, root.size);
    watched->first = NULL;
    watched->entries = MAP_INIT;
    list_init(&watched->in_changed);
}

void watched_close(struct watched *watched)
{
    if (watched->watcher == NULL)
        return;
    watched_renew_begin(watched);
    watched_renew_end(watched);
    map_free(&watched->entries);
    list_remove(&watched->in_changed);
    mem_free(watched->first);
    mem_free(watched->root);
    watched->watcher = NULL;
}

size_t watched_count(const struct watched *watched)
{
    return watched->entries.count;
}

struct watcher *watcher_new(uv_loop_t *loop, void (*read)(void *context), void *context)
{
    int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (descriptor < 0)
        return NULL;
    struct watcher *watcher = mem_new(sizeof *watcher);

    watcher->descriptor = descriptor;
    watcher->read = read;
    watcher->context = context;
    list_init(&watcher->changed);
    if (uv_poll_init(loop, &watcher->poll, descriptor) != 0) {
        close(descriptor);
        mem_free(watcher);
        return NULL;
    }
    watcher->poll.data = watcher;
    uv_poll_start(&watcher->poll, UV_READABLE, on_readable);
    return watcher;
}

size_t watcher_folders(const struct watcher *watcher)
{
    return watcher->folders.count;
}

static void on_closed(uv_handle_t *handle)
{
    struct watcher *watcher = handle->data;

    if (watcher->closed != NULL)
        watcher->closed(watcher->closed_context);
    mem_free(watcher);
}

void watcher_close(struct watcher *watcher, void (*closed)(void *context), void *context)
{
    if (watcher == NULL)
        return;
    assert(watcher->folders.count == 0);
    map_free(&watcher->folders);
    watcher->closed = closed;
    watcher->closed_context = context;
    uv_poll_stop(&watcher->poll);
    uv_close((uv_handle_t *)&watcher->poll, on_closed);
    close(watcher->descriptor);
}
