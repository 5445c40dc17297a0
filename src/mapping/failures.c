/* mapping/failures.c - records of what a mapping gave up, on their way into the queue of
 * DestinationConfig.OnFailure.
 *
 * A record goes into the queue in the batch that moves the shard's cursor past what it tells of: it
 * is there exactly once, and never of something that is handed over again. So a lane that is ahead
 * of another one of its shard waits with its records until that one has got there. */
#include "mapping/internal.h"

#define MESSAGE_SIZE_MAX QUEUE_MESSAGE_SIZE_MAX

void mapping_shard_note_failure(struct mapping_shard *shard, const struct mapping_failure *failure)
{
    const struct mapping *mapping = shard->mapping;
    struct mapping_failure whole = *failure;
    struct mapping_failure_letter *letter;

    if (mapping->settings.on_failure_arn.size == 0 || mapping->consumer.print_failure == NULL)
        return;
    whole.settings = &mapping->settings;
    whole.time_ms = clock_now_ms(timers_clock(mapping->mappings->options.timers));
    whole.shard_id = bytes_of_text(shard->id);
    letter = mem_new(sizeof *letter);
    letter->position = failure->last->position;
    letter->body = BUFFER_INIT(MESSAGE_SIZE_MAX);
    mapping->consumer.print_failure(mapping->consumer.context, &letter->body, &whole);
    letter->letter.queue_arn = mapping->settings.on_failure_arn;
    letter->letter.message.body = buffer_bytes(&letter->body);
    list_append(&shard->letters, &letter->in_shard);
}

static void letter_free(struct mapping_failure_letter *letter)
{
    list_remove(&letter->in_shard);
    buffer_free(&letter->body);
    mem_free(letter);
}

void mapping_shard_free_failures(struct mapping_shard *shard)
{
    while (!list_empty(&shard->letters))
        letter_free(LIST_ITEM(shard->letters.next, struct mapping_failure_letter, in_shard));
}

/* ---- into the queue ---- */

void mapping_failures_collect(struct mapping_shard *shard)
{
    struct mapping *mapping = shard->mapping;
    struct mapping_failures *writing = &mapping->failures;

    LIST_EACH (&shard->letters, it) {
        struct mapping_failure_letter *letter =
            LIST_ITEM(it, struct mapping_failure_letter, in_shard);

        if (letter->position > shard->cursor_writing)
            continue;
        writing->list = arena_grow(mapping->write_arena, writing->list, writing->count,
                                   writing->count + 1, &writing->capacity, sizeof(void *));
        writing->list[writing->count++] = letter;
    }
}

void mapping_failures_write(const struct mapping *mapping, struct store_batch *batch)
{
    struct queues *queues = mapping->mappings->options.queues;

    for (size_t i = 0; i < mapping->failures.count; i++) {
        struct mapping_failure_letter *letter = mapping->failures.list[i];

        letter->status = queues != NULL ? queues_write(queues, batch, &letter->letter) : NOT_FOUND;
    }
}

static void tell_lost(const struct mapping *mapping, const struct mapping_failure_letter *letter)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes arn = mapping->settings.on_failure_arn;

    mapping_tell(mapping, arena_printf(arena,
                                       "what was given up is not in the queue of its OnFailure "
                                       "(%.*s): %s",
                                       BYTES_ARG(arn),
                                       letter->status == NOT_FOUND ? "there is no such queue"
                                                                   : "it does not take it"));
}

void mapping_failures_written(struct mapping *mapping)
{
    for (size_t i = 0; i < mapping->failures.count; i++) {
        struct mapping_failure_letter *letter = mapping->failures.list[i];

        if (letter->status == OK)
            queues_written(mapping->mappings->options.queues, &letter->letter);
        else
            tell_lost(mapping, letter);
        letter_free(letter);
    }
    mapping->failures = (struct mapping_failures){0};
}
