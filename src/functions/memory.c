/* functions/memory.c - see memory.h. (proc(5): /proc/PID/status, /proc/PID/task/TID/children.) */
#include "functions/memory.h"

#include "base/bytes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_SIZE 4096 /* of /proc's files; both are well below */

struct tree {
    int processes[MEMORY_PROCESSES_MAX];
    size_t count;
    uint64_t peak_kb, own_kb;
};

static bool read_text(const char *path, char text[TEXT_SIZE])
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0)
        return false;
    ssize_t size = read(descriptor, text, TEXT_SIZE - 1);

    close(descriptor);
    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}

static unsigned kilobytes(const char *text, const char *name)
{
    const char *line = strstr(text, name);

    return line != NULL ? (unsigned)strtoul(line + strlen(name), NULL, 10) : 0;
}

static bool add_process(struct tree *tree, int process)
{
    char path[64], text[TEXT_SIZE];

    snprintf(path, sizeof path, "/proc/%d/status", process);
    if (!read_text(path, text))
        return false;
    tree->peak_kb += kilobytes(text, "\nVmHWM:");
    tree->own_kb += kilobytes(text, "\nRssAnon:") + kilobytes(text, "\nRssShmem:");
    return true;
}

static void add_children(struct tree *tree, int process)
{
    char path[64], text[TEXT_SIZE];

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", process, process);
    if (!read_text(path, text))
        return;
    for (char *at = text, *end; tree->count < MEMORY_PROCESSES_MAX; at = end) {
        long child = strtol(at, &end, 10);

        if (end == at)
            break;
        tree->processes[tree->count++] = (int)child;
    }
}

bool memory_of_tree(int process, struct memory_use *ret)
{
    struct tree tree = {.processes = {process}, .count = 1};

    if (!add_process(&tree, process))
        return false;
    add_children(&tree, process);
    for (size_t i = 1; i < tree.count; i++) {
        if (add_process(&tree, tree.processes[i]))
            add_children(&tree, tree.processes[i]);
    }
    ret->peak_mb = (uint32_t)(tree.peak_kb / 1024);
    ret->own_mb = (uint32_t)(tree.own_kb / 1024);
    return true;
}
