/* cli/fake_user.c - see fake_user.h. */
#include "cli/fake_user.h"

#include "cli/event.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- chance, the same everywhere ---- */

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): whatever
 * it begins with, what follows looks like chance, so that neighbouring numbers give people who have
 * nothing in common. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t draw(uint64_t *state)
{
    return mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static unsigned draw_below(uint64_t *state, unsigned limit)
{
    return (unsigned)(draw(state) % limit);
}

#define DRAW_OF(state, array) ((array)[draw_below((state), ARRAY_COUNT(array))])

/* ---- what people are called, and where they are ---- */

static const char *const first_names[] = {
    "Ada",    "Aisha", "Alejandro", "Amina", "Anders", "Anna",   "Astrid", "Ben",    "Bianca",
    "Carlos", "Chloe", "Dmitri",    "Elena", "Elin",   "Emeka",  "Emil",   "Erik",   "Fatima",
    "Felix",  "Frida", "Grace",     "Hana",  "Hugo",   "Ingrid", "Isak",   "Ivan",   "James",
    "Jin",    "Johan", "Jonas",     "Kaito", "Karin",  "Kofi",   "Lars",   "Leila",  "Linnea",
    "Liv",    "Lucas", "Maja",      "Malik", "Maria",  "Marta",  "Mateo",  "Mei",    "Mira",
    "Nadia",  "Nils",  "Noah",      "Nora",  "Olga",   "Oscar",  "Priya",  "Rafael", "Rosa",
    "Samir",  "Sara",  "Selma",     "Sofia", "Sven",   "Tara",   "Thomas", "Tove",   "Vera",
    "Viktor", "Wilma", "Yara",      "Yusuf", "Zoe",
};

static const char *const last_names[] = {
    "Abebe",    "Ahmed",   "Almeida",  "Andersson",  "Bauer",    "Berg",    "Bianchi", "Brown",
    "Carter",   "Chen",    "Costa",    "Dahl",       "Diaz",     "Dubois",  "Ek",      "Eriksson",
    "Evans",    "Fischer", "Garcia",   "Gustafsson", "Haddad",   "Hansen",  "Holm",    "Ito",
    "Ivanova",  "Jensen",  "Johnson",  "Kaya",       "Khan",     "Kim",     "Kovac",   "Larsson",
    "Lind",     "Lopez",   "Martin",   "Mensah",     "Meyer",    "Moreau",  "Mwangi",  "Nakamura",
    "Nguyen",   "Nilsson", "Novak",    "Nyberg",     "Okafor",   "Olsen",   "Park",    "Patel",
    "Persson",  "Popescu", "Rossi",    "Sandberg",   "Santos",   "Schmidt", "Silva",   "Singh",
    "Smith",    "Soto",    "Svensson", "Tanaka",     "Virtanen", "Walker",  "Wang",    "Weber",
    "Williams", "Wood",    "Yilmaz",   "Zhang",
};

static const char *const mail_domains[] = {"example.com", "example.net", "example.org"};

/* Degrees times 10,000. */
static const struct {
    int32_t latitude, longitude;
} cities[] = {
    {593293, 180686},  {577089, 119746},   {556050, 130038},   {599139, 107522},
    {556761, 125683},  {601699, 249384},   {515074, -1278},    {488566, 23522},
    {525200, 134050},  {404168, -37038},   {385766, -91427},   {419028, 124964},
    {522297, 210122},  {378044, -1222712}, {407128, -740060},  {437001, -794163},
    {194326, -991332}, {-235505, -466333}, {-346037, -583816}, {-12921, 368219},
    {65244, 33792},    {-339249, 184241},  {300444, 312357},   {410082, 289784},
    {190760, 728777},  {286139, 772090},   {13521, 1038198},   {356762, 1396503},
    {375665, 1269780}, {312304, 1214737},  {-338688, 1512093}, {-368509, 1747645},
};

/* Telephone numbers that are nobody's: what stands before the last digits, and which those are. */
static const struct {
    const char *before;
    int digits;
    unsigned first, count;
} phone_ranges[] = {
    {"+1202555", 4, 100, 100},  {"+1212555", 4, 100, 100},  {"+1312555", 4, 100, 100},
    {"+1415555", 4, 100, 100},  {"+1503555", 4, 100, 100},  {"+1617555", 4, 100, 100},
    {"+447700900", 3, 0, 1000}, {"+442079460", 3, 0, 1000}, {"+441632960", 3, 0, 1000},
    {"+46701740", 3, 605, 95},  {"+468465004", 2, 0, 100},
};

/* ---- a user ---- */

/* RFC 9562, section 5.4: 122 bits of chance, six of them fixed. */
static void make_id(uint64_t *state, char out[ID_UUID_SIZE])
{
    uint64_t high = draw(state), low = draw(state);

    high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
    low = (low & ~(UINT64_C(3) << 62)) | (UINT64_C(2) << 62);
    snprintf(out, ID_UUID_SIZE,
             "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64, high >> 32,
             high >> 16 & 0xffff, high & 0xffff, low >> 48, low & UINT64_C(0xffffffffffff));
}

/* ada.lovelace17@example.org */
static void make_email(uint64_t *state, struct fake_user *user)
{
    size_t size = 0;

    for (const char *c = user->name; *c != '\0'; c++)
        user->email[size++] = *c == ' ' ? '.' : (char)tolower(*c);
    snprintf(user->email + size, sizeof user->email - size, "%u@%s", draw_below(state, 100),
             DRAW_OF(state, mail_domains));
}

static void make_phone(uint64_t *state, struct fake_user *user)
{
    unsigned range = draw_below(state, ARRAY_COUNT(phone_ranges));

    snprintf(user->phone, sizeof user->phone, "%s%0*u", phone_ranges[range].before,
             phone_ranges[range].digits,
             phone_ranges[range].first + draw_below(state, phone_ranges[range].count));
}

#define AROUND 2000 /* a city's people are within 0.2 degrees of it */

static void make_degrees(uint64_t *state, int32_t around, char *out, size_t size)
{
    int32_t degrees = around - AROUND + (int32_t)draw_below(state, 2 * AROUND + 1);
    uint32_t whole = (uint32_t)(degrees < 0 ? -degrees : degrees);

    snprintf(out, size, "%s%" PRIu32 ".%04" PRIu32, degrees < 0 ? "-" : "", whole / 10000,
             whole % 10000);
}

void fake_user_make(uint64_t seed, uint64_t number, struct fake_user *ret)
{
    uint64_t state = mix(mix(seed) + number);
    unsigned city = 0;

    make_id(&state, ret->id);
    snprintf(ret->name, sizeof ret->name, "%s %s", DRAW_OF(&state, first_names),
             DRAW_OF(&state, last_names));
    make_email(&state, ret);
    make_phone(&state, ret);
    city = draw_below(&state, ARRAY_COUNT(cities));
    make_degrees(&state, cities[city].latitude, ret->latitude, sizeof ret->latitude);
    make_degrees(&state, cities[city].longitude, ret->longitude, sizeof ret->longitude);
}

/* ---- the events ---- */

const char *fake_event_type(unsigned version)
{
    static const char *const types[FAKE_EVENTS] = {"signup", "addPhoneNumber", "verifyPhoneNumber",
                                                   "addLocation"};

    assert(version >= 1 && version <= FAKE_EVENTS);
    return types[version - 1];
}

static void set_text(struct arena *arena, struct item *item, const char *name, const char *text)
{
    item_set(arena, item, bytes_of_text(name),
             (struct value){.type = VALUE_S, .bytes = arena_copy(arena, bytes_of_text(text))});
}

static void set_number(struct arena *arena, struct item *item, const char *name, const char *text)
{
    struct value value = {.type = VALUE_N};
    struct api_error error;
    enum status status = number_parse(bytes_of_text(text), &value.number, &error);

    assert(status == OK);
    item_set(arena, item, bytes_of_text(name), value);
}

struct item fake_event_item(struct arena *arena, const char *log, const struct fake_user *user,
                            unsigned version)
{
    struct value payload = {.type = VALUE_M};
    struct item item = {0};

    set_text(arena, &payload.map, "id", user->id);
    if (version == 1) {
        set_text(arena, &payload.map, "name", user->name);
        set_text(arena, &payload.map, "email", user->email);
    } else if (version < FAKE_EVENTS) {
        set_text(arena, &payload.map, "phoneNumber", user->phone);
    } else {
        set_number(arena, &payload.map, "long", user->longitude);
        set_number(arena, &payload.map, "lat", user->latitude);
    }
    item_set(arena, &item, BYTES("pk"),
             (struct value){.type = VALUE_S, .bytes = cli_event_key(arena, log, user->id)});
    item_set(arena, &item, BYTES("sk"),
             (struct value){.type = VALUE_N, .number = number_of_int64(version)});
    set_text(arena, &item, "type", fake_event_type(version));
    set_text(arena, &item, "log", log);
    item_set(arena, &item, BYTES("payload"), payload);
    return item;
}
