/* schedule/zones.c - zones by their names; see zone.h. */
#include "schedule/zone.h"

#include "base/file.h"
#include "base/map.h"

#include <stdio.h>

struct zones {
    const char *folder;
    struct map by_name; /* struct zone */
};

struct zones *zones_new(const char *folder)
{
    struct zones *zones = mem_new(sizeof *zones);

    zones->folder = folder;
    zones->by_name = MAP_INIT;
    return zones;
}

void zones_free(struct zones *zones)
{
    struct bytes name;
    void *zone = NULL;

    if (zones == NULL)
        return;
    for (size_t i = 0; map_next(&zones->by_name, &i, &name, &zone);)
        zone_free(zone);
    map_free(&zones->by_name);
    mem_free(zones);
}

/* Parts between slashes, each of letters, digits, _, + and -, the first letter of all a capital: so
 * the names of files that are no zones (posixrules, zone.tab) and of other folders are none. */
bool zone_name_is_valid(struct bytes name)
{
    uint8_t before = '/';

    if (name.size == 0 || name.size > ZONE_NAME_SIZE_MAX || name.ptr[0] < 'A' || name.ptr[0] > 'Z')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '+' || c == '-';

        if (!word && (c != '/' || before == '/'))
            return false;
        before = c;
    }
    return before != '/';
}

static enum status read_zone(const struct zones *zones, struct bytes name, struct zone **ret)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes file;
    char path[512];

    if (snprintf(path, sizeof path, "%s/%.*s", zones->folder, BYTES_ARG(name)) >= (int)sizeof path)
        return NOT_FOUND;
    enum status st = file_read(arena, path, ZONE_FILE_SIZE_MAX, &file);

    return st == OK ? zone_read(file, ret) : st;
}

enum status zones_find(struct zones *zones, struct bytes name, const struct zone **ret)
{
    struct zone *zone = NULL;

    if (!zone_name_is_valid(name))
        return NOT_FOUND;
    zone = map_get(&zones->by_name, name);
    if (zone == NULL) {
        enum status st = OK;

        if (bytes_equal_text(name, "UTC"))
            zone = zone_utc();
        else
            st = read_zone(zones, name, &zone);
        if (st != OK)
            return st;
        map_put(&zones->by_name, name, zone);
    }
    *ret = zone;
    return OK;
}
