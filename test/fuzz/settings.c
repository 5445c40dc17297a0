/* Fuzz target: AWS's shared files, as config and as credentials. Of what a profile says the last
 * line counts. Build with -fsanitize=fuzzer,address,undefined. */
#include "client/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_of_x(const struct setting *setting)
{
    return setting->section == SETTINGS_PROFILE && bytes_equal_text(setting->owner, "x") &&
           bytes_find_byte(setting->name, '\0', 0) == SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct settings settings = {.profile = "x"};

    settings_parse(arena, bytes_of(data, size), false, &settings);
    settings_parse(arena, bytes_of(data, size), true, &settings);
    for (size_t i = settings.count; i-- > 0;) {
        const struct setting *last = &settings.list[i];

        if (!is_of_x(last))
            continue;
        const char *value = settings_get(arena, &settings, arena_copy_text(arena, last->name));

        assert(settings.has_profile);
        assert((value == NULL) == (last->value.size == 0));
        break;
    }
    (void)settings_get_of_service(arena, &settings, "dynamodb", "endpoint_url");
    return 0;
}
