/* Fuzz target: TZif files. Whatever is read: each moment has an offset within a day or so, and the
 * local time of a moment leads back to it, or to an earlier moment with the same local time. Build
 * with -fsanitize=fuzzer,address,undefined. */
#include "schedule/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct zone *zone, int64_t utc_s)
{
    int32_t offset_s = zone_offset_s(zone, utc_s);
    int64_t back = 0;
    enum zone_local kind = zone_to_utc(zone, utc_s + offset_s, &back);

    assert(offset_s > -ZONE_OFFSET_S_MAX && offset_s < ZONE_OFFSET_S_MAX);
    assert(kind != ZONE_NEVER);
    assert(kind == ZONE_TWICE || back == utc_s);
    assert(back <= utc_s && back + zone_offset_s(zone, back) == utc_s + offset_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone *zone = NULL;
    uint64_t moment = 0x9e3779b97f4a7c15;

    if (zone_read(bytes_of(data, size), &zone) != OK)
        return 0;
    for (size_t i = 0; i < 50; i++) {
        moment = moment * 6364136223846793005 + 1442695040888963407;
        check(zone, (int64_t)(moment >> 31)); /* until 2242 */
    }
    zone_free(zone);
    return 0;
}
