/* Fuzz target: zips of functions' code.
 *
 * Whatever the bytes: nothing appears beside the folder, no file and no link in it leads out of it,
 * what is unpacked is within the limits, and a zip that was taken is taken again. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "base/arena.h"
#include "base/file.h"
#include "functions/unzip.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SIZE_MAX_OF_INPUT ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char outer[32], inner[40];

/* Entries of a folder, . and .. aside. */
static size_t look(struct arena *arena, const char *path, size_t depth)
{
    DIR *folder = opendir(path);
    struct dirent *entry = NULL;
    size_t count = 0;

    assert(folder != NULL && depth <= UNZIP_DEPTH_MAX);
    while ((entry = readdir(folder)) != NULL) {
        char real[PATH_MAX];
        struct stat found;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        const char *name =
            arena_copy_text(arena, arena_printf(arena, "%s/%s", path, entry->d_name));

        count++;
        if (lstat(name, &found) != 0)
            assert(false && "what is listed is there");
        assert(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode) || S_ISLNK(found.st_mode));
        if (S_ISLNK(found.st_mode) && realpath(name, real) != NULL)
            assert(strncmp(real, inner, strlen(inner)) == 0);
        if (S_ISDIR(found.st_mode))
            count += look(arena, name, depth + 1);
    }
    closedir(folder);
    return count;
}

static enum unzip_fault unpack(struct bytes zip)
{
    enum status status = file_remove_folder(inner);

    assert(status == OK && mkdir(inner, 0755) == 0);
    enum unzip_fault fault = unzip(zip, inner, &status);

    assert(fault != UNZIP_DISK && status == OK);
    return fault;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes zip = bytes_of(data, size);

    if (size > SIZE_MAX_OF_INPUT)
        return 0;
    if (outer[0] == '\0') {
        snprintf(outer, sizeof outer, "/tmp/dynlog-unzip-XXXXXX");
        if (mkdtemp(outer) == NULL)
            assert(false && "a folder can be made");
        snprintf(inner, sizeof inner, "%s/in", outer);
    }
    enum unzip_fault fault = unpack(zip);

    look(arena, inner, 0);
    assert(unpack(zip) == fault);

    size_t count = look(arena, inner, 0);

    assert(look(arena, outer, 0) == count + 1);
    assert(fault != UNZIP_NO_FAULT || count > 0);
    return 0;
}
