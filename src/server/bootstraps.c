/* server/bootstraps.c - the bootstraps of the Node.js and Python runtimes are in the program itself
 * (runtimes/), so that dynlog is one file; they are unpacked beside the data whenever it starts,
 * and so is the code of functions that clients make. */
#include "server/internal.h"

#include "base/file.h"
#include "server/bootstraps.inc" /* made from runtimes/ by scripts/embed */

#include <stdio.h>
#include <stdlib.h>

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
        snprintf(server->runtimes, sizeof server->runtimes, "%s/dynlog-runtimes-XXXXXX",
                 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
        if (mkdtemp(server->runtimes) == NULL)
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

bool bootstraps_unpack(struct server *server)
{
    if (!choose_folder(server)) {
        output_error("there is no folder for the runtimes' files");
        return false;
    }
    return unpack(server, "node", "bootstrap.mjs",
                  bytes_of(node_bootstrap, sizeof node_bootstrap)) &&
           unpack(server, "python", "bootstrap.py",
                  bytes_of(python_bootstrap, sizeof python_bootstrap));
}

void bootstraps_remove(struct server *server)
{
    if (server->options.memory && server->runtimes[0] != '\0' &&
        file_remove_folder(server->runtimes) != OK)
        output_error("can't remove %s", server->runtimes);
}
