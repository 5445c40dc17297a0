/* pattern/fold.c - see fold.h. All letters of the table have two bytes in UTF-8, large and small.
 */
#include "pattern/fold.h"

/* Large letters from..to; the small one is `distance` further. In a run of pairs (distance 1) the
 * large letters are every second, beginning with `from`. */
static const struct {
    uint16_t from, to, distance;
} runs[] = {
    /* Latin-1 */
    {0x00C0, 0x00D6, 32},
    {0x00D8, 0x00DE, 32},
    /* Latin Extended-A; U+0130 and U+0131 are no pair */
    {0x0100, 0x012E, 1},
    {0x0132, 0x0136, 1},
    {0x0139, 0x0147, 1},
    {0x014A, 0x0176, 1},
    {0x0179, 0x017D, 1},
    /* Greek */
    {0x0386, 0x0386, 38},
    {0x0388, 0x038A, 37},
    {0x038C, 0x038C, 64},
    {0x038E, 0x038F, 63},
    {0x0391, 0x03A1, 32},
    {0x03A3, 0x03AB, 32},
    /* Cyrillic */
    {0x0400, 0x040F, 80},
    {0x0410, 0x042F, 32},
    {0x0460, 0x0480, 1},
    {0x048A, 0x04BE, 1},
    {0x04C1, 0x04CD, 1},
    {0x04D0, 0x052E, 1},
    /* Armenian */
    {0x0531, 0x0556, 48},
};

static uint16_t fold_letter(uint16_t letter)
{
    for (size_t i = 0; i < ARRAY_COUNT(runs); i++) {
        if (letter < runs[i].from)
            break;
        if (letter > runs[i].to)
            continue;
        if (runs[i].distance == 1 && (letter - runs[i].from) % 2 != 0)
            return letter;
        return (uint16_t)(letter + runs[i].distance);
    }
    return letter;
}

struct bytes fold_text(struct arena *arena, struct bytes text)
{
    uint8_t *folded = arena_alloc(arena, text.size);

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (c >= 'A' && c <= 'Z') {
            folded[i] = (uint8_t)(c + ('a' - 'A'));
        } else if (c >= 0xC2 && c <= 0xDF && i + 1 < text.size) { /* the first of two bytes */
            uint16_t letter = fold_letter((uint16_t)((c & 0x1F) << 6 | (text.ptr[i + 1] & 0x3F)));

            folded[i] = (uint8_t)(0xC0 | letter >> 6);
            folded[++i] = (uint8_t)(0x80 | (letter & 0x3F));
        } else {
            folded[i] = c;
        }
    }
    return bytes_of(folded, text.size);
}
