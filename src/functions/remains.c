/* functions/remains.c - see remains.h. */
#include "functions/remains.h"

#include "base/buffer.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE_SIZE ((size_t)4096)
#define ENVIRONMENT_SIZE_MAX ((size_t)2 * 1024 * 1024) /* Linux's limit, with the arguments */
#define PASSES_MAX 16 /* what we kill may have started another one while we looked */

static void read_environment(int process, struct buffer *out)
{
    char path[64], piece[PIECE_SIZE];
    ssize_t got = 0;

    snprintf(path, sizeof path, "/proc/%d/environ", process);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0)
        return;                 /* it ended, or is another user's */
    buffer_append_byte(out, 0); /* one before each variable */
    while ((got = read(descriptor, piece, sizeof piece)) > 0)
        buffer_append(out, bytes_of(piece, (size_t)got));
    close(descriptor);
}

/* True: there was one. */
static bool kill_once(struct bytes entry, struct buffer *environment)
{
    DIR *processes = opendir("/proc");
    struct dirent *found = NULL;
    bool any = false;

    while (processes != NULL && (found = readdir(processes)) != NULL) {
        int process = (int)strtol(found->d_name, NULL, 10); /* 0: not a process */

        if (process <= 1 || process == getpid())
            continue;
        buffer_clear(environment);
        read_environment(process, environment);
        if (bytes_find(buffer_bytes(environment), entry) != SIZE_MAX && kill(process, SIGKILL) == 0)
            any = true;
    }
    if (processes != NULL)
        closedir(processes);
    return any;
}

void remains_kill(struct bytes variable)
{
    AUTO(buffer_free) struct buffer environment = BUFFER_INIT(ENVIRONMENT_SIZE_MAX);
    AUTO(buffer_free) struct buffer entry = BUFFER_INIT(variable.size + 2);

    buffer_append_byte(&entry, 0);
    buffer_append(&entry, variable);
    buffer_append_byte(&entry, 0);
    for (unsigned pass = 0; pass < PASSES_MAX; pass++)
        if (!kill_once(buffer_bytes(&entry), &environment))
            break;
}
