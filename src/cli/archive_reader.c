/* cli/archive_reader.c - see archive_reader.h. */
#include "cli/archive_reader.h"

#include "cli/archive.h"

static void hide_progress(const struct archive_reader *reader)
{
    if (reader->progress != NULL)
        cli_progress_hide(reader->progress);
}

static bool read_some(struct archive_reader *reader, int *ret_exit)
{
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    size_t size = 0;

    if (reader->arena == NULL)
        reader->arena = arena_new();
    arena_reset(reader->arena);
    reader->read = reader->at = 0;
    while (reader->read < ARCHIVE_READER_EVENTS_MAX && size < ARCHIVE_READER_SIZE_MAX &&
           reader->next + reader->read < reader->count) {
        struct sealed_event *event = &reader->events[reader->read];

        if (archive_file_read(reader->file, reader->arena,
                              &reader->places[reader->next + reader->read], &event->text,
                              message) != OK) {
            hide_progress(reader);
            *ret_exit = cli_archive_fail(reader->cli, reader->path, message);
            return false;
        }
        cli_sealed_look(event);
        size += event->text.size;
        reader->read++;
    }
    return true;
}

static bool open_some(struct archive_reader *reader, int *ret_exit)
{
    struct client_answer answer = {0};
    enum status status = OK;

    if (reader->opener == NULL)
        return true;
    status = cli_sealed_open(reader->opener, reader->arena, reader->events, reader->read, &answer);
    if (status == OK)
        return true;
    hide_progress(reader);
    *ret_exit = cli_client_fail(reader->cli, reader->opener, status, &answer);
    return false;
}

enum archive_reading cli_archive_next(struct archive_reader *reader, struct sealed_event *ret,
                                      int *ret_exit)
{
    if (reader->next == reader->count)
        return ARCHIVE_END;
    if (reader->at == reader->read &&
        (!read_some(reader, ret_exit) || !open_some(reader, ret_exit)))
        return ARCHIVE_UNREADABLE;
    *ret = reader->events[reader->at++];
    reader->next++;
    return ARCHIVE_READ;
}

void cli_archive_reader_end(struct archive_reader *reader)
{
    arena_free(reader->arena);
    reader->arena = NULL;
}
