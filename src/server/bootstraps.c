/* server/bootstraps.c - the bootstraps of the Node.js and Python runtimes are in the program itself
 * (runtimes/), so that dynlog is one file; they are unpacked beside the data whenever it starts,
 * and so is the code of functions that clients make. */
#include "server/internal.h"

#include "base/file.h"
#include "server/bootstraps.inc" /* made from runtimes/ by scripts/embed */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_OF(folder, name, array)                                                               \
    {                                                                                              \
        folder, name,                                                                              \
        {                                                                                          \
            array, sizeof(array)                                                                   \
        }                                                                                          \
    }
static const struct runtime_file {
    const char *folder, *name;
    struct bytes content;
} runtime_files[] = {
    FILE_OF("node", "bootstrap.mjs", node_bootstrap),
    FILE_OF("node", "hooks.mjs", node_hooks),
    FILE_OF("node", "loaded.mjs", node_loaded),
    FILE_OF("python", "bootstrap.py", python_bootstrap),
    FILE_OF("python", "loaded.py", python_loaded),
};

static bool unpack(struct server *server, const char *folder, const char *name,
                   struct bytes content)
{
    char path[sizeof server->runtimes + 64];
    enum status status = OK;

    snprintf(path, sizeof path, "%s/%s", server->runtimes, folder);
    status = file_make_folder(path);
    if (status == OK) {
        snprintf(path, sizeof path, "%s/%s/%s", server->runtimes, folder, name);
        status = file_write_unsynced(path, content, 0644);
    }
    if (status != OK)
        output_error("can't write %s: %s", path, status_text(status));
    return status == OK;
}

/* An absolute path: workers run in their functions' folders. */
static bool choose_folder(struct server *server)
{
    const char *data = server->options.data != NULL ? server->options.data : ".dynlog";
    char *absolute = NULL;

    if (server->options.memory) {
        if (file_make_temporary("runtimes", server->runtimes, sizeof server->runtimes) != OK)
            return false;
        snprintf(server->functions_folder, sizeof server->functions_folder, "%s/functions",
                 server->runtimes);
        return true;
    }
    absolute = realpath(data, NULL);
    if (absolute == NULL)
        return false;
    snprintf(server->runtimes, sizeof server->runtimes, "%s/runtimes", absolute);
    snprintf(server->functions_folder, sizeof server->functions_folder, "%s/functions", absolute);
    free(absolute);
    return true;
}

/* A short path, because programs make sockets in it, whose paths have 108 bytes. It goes by the
 * data folder, which is ours alone: what a dynlog that was killed left there is removed. */
static void make_temporary(struct server *server)
{
    const char *in = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    int size = snprintf(server->temporary, sizeof server->temporary, "%s/dynlog-%016llx", in,
                        (unsigned long long)bytes_hash(bytes_of_text(server->runtimes)));
    struct stat folder;

    if (size < 0 || (size_t)size >= sizeof server->temporary ||
        file_remove_folder(server->temporary) != OK || mkdir(server->temporary, 0700) != 0 ||
        lstat(server->temporary, &folder) != 0 || folder.st_uid != geteuid())
        server->temporary[0] = '\0'; /* somebody else has it: the machine's will do */
}

bool bootstraps_unpack(struct server *server)
{
    if (!choose_folder(server)) {
        output_error("there is no folder for the runtimes' files");
        return false;
    }
    make_temporary(server);
    for (size_t i = 0; i < ARRAY_COUNT(runtime_files); i++) {
        const struct runtime_file *file = &runtime_files[i];

        if (!unpack(server, file->folder, file->name, file->content))
            return false;
    }
    return true;
}

void bootstraps_remove(struct server *server)
{
    if (server->temporary[0] != '\0' && file_remove_folder(server->temporary) != OK)
        output_error("can't remove %s", server->temporary);
    if (server->options.memory && server->runtimes[0] != '\0' &&
        file_remove_folder(server->runtimes) != OK)
        output_error("can't remove %s", server->runtimes);
}
