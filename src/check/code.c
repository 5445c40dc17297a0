/* check/code.c - the folders with the code of functions that clients made: each that a function
 * speaks of is there (docs/format/function.md). */
#include "check/internal.h"

#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

static const struct check_kind lost_code = {"code",
                                            "the function can't be invoked: its code is not there"};

void check_code_add(struct check *check, struct bytes hash)
{
    map_put(&check->code, hash, check);
}

/* What was in the zip: something. (The hash is that of the zip, which is not kept.) */
static bool has_files(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry = NULL;
    bool has = false;

    while (folder != NULL && !has && (entry = readdir(folder)) != NULL)
        has = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (folder != NULL)
        closedir(folder);
    return has;
}

void check_code(struct check *check)
{
    char path[PATH_MAX];
    struct bytes hash;
    void *value = NULL;

    for (size_t i = 0; map_next(&check->code, &i, &hash, &value);) {
        arena_reset(check->scratch);
        check->part.rows++;
        if ((size_t)snprintf(path, sizeof path, "%s/functions/%.*s", check->options->folder,
                             BYTES_ARG(hash)) < sizeof path &&
            has_files(path))
            continue;
        check_find(check, &lost_code, "code",
                   check_text(check, "functions/%.*s", BYTES_ARG(check_bytes_text(check, hash))),
                   BYTES("a folder with the files of the zip of that hash"), BYTES("none"));
    }
}
