/* functions/folder.c - see folder.h. */
#include "functions/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE ((size_t)16 * 1024)
#define DIGEST_SIZE (FUNCTION_CODE_HASH_SIZE / 2)

struct entry {
    struct bytes path; /* from the folder on, with its NUL behind it */
    struct stat stat;
};

struct found { /* what a folder was when it was asked about last */
    char stamp[FUNCTION_CODE_HASH_SIZE + 1];
    struct folder_code code;
};

struct walk {
    struct arena *arena;
    struct stat data; /* st_ino 0: there is none */
    struct entry *entries;
    size_t count, capacity;
};

/* ---- hashing ---- */

static EVP_MD_CTX *hash_begin(void)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();

    if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
        assert(false && "libcrypto has SHA-256");
    return hash;
}

static void hash_more(EVP_MD_CTX *hash, const void *ptr, size_t size)
{
    if (EVP_DigestUpdate(hash, ptr, size) != 1)
        assert(false && "SHA-256 takes any bytes");
}

static void hash_uint(EVP_MD_CTX *hash, uint64_t value)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    hash_more(hash, bytes, sizeof bytes);
}

static void hash_end(EVP_MD_CTX *hash, char ret[FUNCTION_CODE_HASH_SIZE + 1])
{
    uint8_t digest[DIGEST_SIZE];
    unsigned size = 0;

    if (EVP_DigestFinal_ex(hash, digest, &size) != 1 || size != sizeof digest)
        assert(false && "SHA-256 has 32 bytes");
    EVP_MD_CTX_free(hash);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

void folder_hash(struct bytes content, char ret[FUNCTION_CODE_HASH_SIZE + 1])
{
    EVP_MD_CTX *hash = hash_begin();

    hash_more(hash, content.ptr, content.size);
    hash_end(hash, ret);
}

/* ---- what is there ---- */

static bool is_left_out(const char *name)
{
    return name[0] == '.' || strcmp(name, "node_modules") == 0 || strcmp(name, "__pycache__") == 0;
}

static bool is_data(const struct walk *walk, const struct stat *stat)
{
    return walk->data.st_ino != 0 && walk->data.st_ino == stat->st_ino &&
           walk->data.st_dev == stat->st_dev;
}

static void add_entry(struct walk *walk, const char *path, const struct stat *stat)
{
    size_t size = strlen(path);
    char *copy = arena_copy_text(walk->arena, bytes_of(path, size));

    walk->entries = arena_grow(walk->arena, walk->entries, walk->count, walk->count + 1,
                               &walk->capacity, sizeof *walk->entries);
    walk->entries[walk->count++] = (struct entry){bytes_of(copy, size), *stat};
}

/* Those of one folder, and the ones below. `folder` is open, and is closed. */
static void walk_folder(struct walk *walk, int folder, const char *path, size_t depth)
{
    DIR *dir = fdopendir(folder);
    const struct dirent *found = NULL;

    if (dir == NULL) {
        close(folder);
        return;
    }
    while (walk->count < FOLDER_ENTRIES_MAX && (found = readdir(dir)) != NULL) {
        struct stat stat;
        struct bytes below = {NULL, 0};
        int inner = -1;

        if (is_left_out(found->d_name) ||
            fstatat(dirfd(dir), found->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        below =
            arena_printf(walk->arena, "%s%s%s", path, path[0] != '\0' ? "/" : "", found->d_name);
        if (S_ISREG(stat.st_mode) || S_ISLNK(stat.st_mode))
            add_entry(walk, arena_copy_text(walk->arena, below), &stat);
        if (!S_ISDIR(stat.st_mode) || is_data(walk, &stat) || depth >= FOLDER_DEPTH_MAX)
            continue;
        inner = openat(dirfd(dir), found->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0)
            walk_folder(walk, inner, arena_copy_text(walk->arena, below), depth + 1);
    }
    closedir(dir);
}

static int compare_paths(const void *a, const void *b)
{
    return bytes_compare(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

/* Whatever a change of any of the files changes. */
static void stamp_of(const struct walk *walk, char ret[FUNCTION_CODE_HASH_SIZE + 1])
{
    EVP_MD_CTX *hash = hash_begin();

    for (size_t i = 0; i < walk->count; i++) {
        const struct entry *entry = &walk->entries[i];

        hash_more(hash, entry->path.ptr, entry->path.size + 1);
        hash_uint(hash, (uint64_t)entry->stat.st_mode);
        hash_uint(hash, (uint64_t)entry->stat.st_size);
        hash_uint(hash, (uint64_t)entry->stat.st_ino);
        hash_uint(hash, (uint64_t)entry->stat.st_ctim.tv_sec);
        hash_uint(hash, (uint64_t)entry->stat.st_ctim.tv_nsec);
    }
    hash_end(hash, ret);
}

/* ---- its code ---- */

static void hash_link(EVP_MD_CTX *hash, int folder, const struct entry *entry)
{
    char target[4096];
    ssize_t size = readlinkat(folder, (const char *)entry->path.ptr, target, sizeof target);

    if (size > 0)
        hash_more(hash, target, (size_t)size);
}

static void hash_file(EVP_MD_CTX *hash, int folder, const struct entry *entry)
{
    uint8_t piece[READ_SIZE];
    uint64_t left = (uint64_t)entry->stat.st_size;
    int file = openat(folder, (const char *)entry->path.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    while (file >= 0 && left > 0) {
        ssize_t size = read(file, piece, (size_t)(left < sizeof piece ? left : sizeof piece));

        if (size <= 0)
            break;
        hash_more(hash, piece, (size_t)size);
        left -= (uint64_t)size;
    }
    if (file >= 0)
        close(file);
}

static char kind_of(const struct entry *entry)
{
    if (S_ISLNK(entry->stat.st_mode))
        return 'l';
    return (entry->stat.st_mode & S_IXUSR) != 0 ? 'x' : 'f';
}

static struct folder_code read_code(const struct walk *walk, int folder)
{
    EVP_MD_CTX *hash = hash_begin();
    struct folder_code code = {.size = 0};
    uint64_t left = FOLDER_READ_MAX;

    for (size_t i = 0; i < walk->count; i++) {
        const struct entry *entry = &walk->entries[i];
        uint64_t size = (uint64_t)entry->stat.st_size;
        char kind = kind_of(entry);

        hash_more(hash, entry->path.ptr, entry->path.size + 1);
        hash_more(hash, &kind, 1);
        hash_uint(hash, size);
        if (kind == 'l') {
            hash_link(hash, folder, entry);
        } else if (size <= left) {
            hash_file(hash, folder, entry);
            left -= size;
        }
        code.size += size;
    }
    hash_end(hash, code.hash);
    return code;
}

struct folder_code folder_code(struct folder_codes *codes, struct bytes folder, const char *data)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct walk walk = {.arena = arena};
    int top = open(arena_copy_text(arena, folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct found *found = map_get(&codes->by_folder, folder);
    char stamp[FUNCTION_CODE_HASH_SIZE + 1];

    if (data != NULL && stat(data, &walk.data) != 0)
        walk.data.st_ino = 0;
    if (top >= 0)
        walk_folder(&walk, fcntl(top, F_DUPFD_CLOEXEC, 0), "", 1);
    if (walk.count > 0)
        qsort(walk.entries, walk.count, sizeof *walk.entries, compare_paths);
    stamp_of(&walk, stamp);
    if (found == NULL) {
        found = mem_new(sizeof *found);
        map_put(&codes->by_folder, folder, found);
    }
    if (strcmp(found->stamp, stamp) != 0) {
        memcpy(found->stamp, stamp, sizeof stamp);
        found->code = read_code(&walk, top);
    }
    if (top >= 0)
        close(top);
    return found->code;
}

void folder_codes_free(struct folder_codes *codes)
{
    size_t at = 0;
    struct bytes key;
    void *found = NULL;

    while (map_next(&codes->by_folder, &at, &key, &found))
        mem_free(found);
    map_free(&codes->by_folder);
}
