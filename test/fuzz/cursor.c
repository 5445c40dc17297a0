/* Fuzz target: cursors of change streams, which a caller hands back. What is read is printed as it
 * was. Build with -fsanitize=fuzzer,address,undefined. */
#include "library/lineage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct lineage lineage, again;
    struct bytes text, second;

    if (!lineage_parse(&lineage, bytes_of(data, size)))
        return 0;
    text = lineage_print(arena, &lineage);
    if (!lineage_parse(&again, text))
        assert(false && "what is printed reads back");
    second = lineage_print(arena, &again);
    assert(bytes_equal(text, second));
    for (const struct shard_state *shard = lineage.first; shard != NULL; shard = shard->next)
        assert(lineage_find(&again, bytes_of_text(shard->id)) != NULL);
    lineage_forget_gone(&again);
    lineage_free(&lineage);
    lineage_free(&again);
    return 0;
}
