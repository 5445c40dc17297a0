/* cli/options.c - see options.h. */
#include "cli/options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct reading {
    const struct option_table *table;
    char **argv;
    int argc, at;
    void *into;
    size_t argument_count;
    bool only_arguments;
    char *message;
};

static enum options_found wrong(const struct reading *reading, const char *format, ...)
    PRINTF_LIKE(2, 3);

static enum options_found wrong(const struct reading *reading, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reading->message, OPTIONS_MESSAGE_SIZE, format, args);
    va_end(args);
    return OPTIONS_WRONG;
}

/* ---- names ---- */

#define WORD_SIZE_MAX 32 /* longer words have no neighbours */

/* Letters to change, put in, take out or swap with their neighbour to make one of the other. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_SIZE_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    size_t a_size = strlen(a), b_size = strlen(b);

    if (a_size > WORD_SIZE_MAX || b_size > WORD_SIZE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            now[j] =
                size_min(size_min(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = size_min(now[j], before[j - 2] + 1);
        }
        size_t *oldest = before;

        before = last;
        last = now;
        now = oldest;
    }
    return last[b_size];
}

const char *cli_options_nearest(const char *word, const void *first, size_t count, size_t step)
{
    const char *nearest = NULL;
    size_t best = size_max(2, strlen(word) / 3) + 1;

    for (size_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)(const void *)((const char *)first + i * step);

        assert(name != NULL); /* tables have no row without one */
        size_t far = distance(word, name);

        /* "exp" means "expect", however many letters are missing */
        if (strlen(word) >= 3 && strncmp(name, word, strlen(word)) == 0)
            far = 1;
        if (far < best && far < strlen(name)) {
            best = far;
            nearest = name;
        }
    }
    return nearest;
}

static const struct option_row *row_of_name(const struct option_table *table, struct bytes name)
{
    for (size_t i = 0; i < table->option_count; i++)
        if (bytes_equal_text(name, table->options[i].name))
            return &table->options[i];
    return NULL;
}

static const struct option_row *row_of_letter(const struct option_table *table, char letter)
{
    for (size_t i = 0; i < table->option_count; i++)
        if (letter != '\0' && table->options[i].letter == letter)
            return &table->options[i];
    return NULL;
}

static enum options_found unknown(const struct reading *reading, const char *name)
{
    const struct option_table *table = reading->table;
    const char *nearest = table->option_count == 0
                              ? NULL
                              : cli_options_nearest(name, &table->options[0].name,
                                                    table->option_count, sizeof *table->options);

    if (nearest != NULL)
        return wrong(reading, "There is no option --%s. Did you mean --%s?", name, nearest);
    return wrong(reading, "There is no option --%s.", name);
}

/* ---- values ---- */

static enum options_found set_number(const struct reading *reading, const struct option_row *row,
                                     const char *value)
{
    int64_t number = 0;

    if (!bytes_to_int64(bytes_of_text(value), &number) || number < row->min || number > row->max) {
        if (row->max == INT64_MAX)
            return wrong(reading, "--%s needs a whole number from %" PRId64 ", not \"%s\".",
                         row->name, row->min, value);
        return wrong(reading,
                     "--%s needs a whole number from %" PRId64 " to %" PRId64 ", not \"%s\".",
                     row->name, row->min, row->max, value);
    }
    *(int64_t *)(void *)((char *)reading->into + row->offset) = number;
    return OPTIONS_READ;
}

static enum options_found add_text(const struct reading *reading, const struct option_row *row,
                                   const char *value, struct option_texts *texts)
{
    if (value[0] == '\0')
        return wrong(reading, "--%s needs a value (%s) that is not empty.", row->name,
                     row->value_name);
    if (texts->count == OPTION_TEXTS_MAX)
        return wrong(reading, "--%s stands more than %d times.", row->name, OPTION_TEXTS_MAX);
    texts->texts[texts->count++] = value;
    return OPTIONS_READ;
}

static enum options_found set(const struct reading *reading, const struct option_row *row,
                              const char *value)
{
    void *member = (char *)reading->into + row->offset;

    assert(value != NULL || row->kind == OPTION_FLAG || row->kind == OPTION_REFUSED);
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)member = true;
        return OPTIONS_READ;
    case OPTION_TEXT:
        if (value[0] == '\0')
            return wrong(reading, "--%s needs a value (%s) that is not empty.", row->name,
                         row->value_name);
        *(const char **)member = value;
        return OPTIONS_READ;
    case OPTION_TEXTS:
        return add_text(reading, row, value, member);
    case OPTION_NUMBER:
        return set_number(reading, row, value);
    case OPTION_REFUSED:
        break;
    }
    return wrong(reading, "--%s is %s.", row->name, row->help);
}

/* `value` is what stands behind "=" or the letter, or NULL: then the next word is it. */
static enum options_found take(struct reading *reading, const struct option_row *row,
                               const char *value)
{
    if (row->kind == OPTION_FLAG && value != NULL)
        return wrong(reading, "--%s takes no value.", row->name);
    if (row->kind == OPTION_TEXT || row->kind == OPTION_TEXTS || row->kind == OPTION_NUMBER) {
        if (value == NULL && reading->at < reading->argc &&
            strncmp(reading->argv[reading->at], "--", 2) != 0)
            value = reading->argv[reading->at++];
        if (value == NULL)
            return wrong(reading, "--%s needs a value: --%s %s.", row->name, row->name,
                         row->value_name);
    }
    return set(reading, row, value);
}

static enum options_found take_long(struct reading *reading, const char *word)
{
    char name[2 * WORD_SIZE_MAX];
    size_t size = strcspn(word, "=");
    const struct option_row *row = row_of_name(reading->table, bytes_of(word, size));

    if (row == NULL && strcmp(word, "help") == 0)
        return OPTIONS_HELP;
    if (row == NULL) {
        snprintf(name, sizeof name, "%.*s", (int)size_min(size, sizeof name), word);
        return unknown(reading, name);
    }
    return take(reading, row, word[size] == '=' ? word + size + 1 : NULL);
}

static enum options_found take_letters(struct reading *reading, const char *letters)
{
    enum options_found found = OPTIONS_READ;

    for (; *letters != '\0' && found == OPTIONS_READ; letters++) {
        const struct option_row *row = row_of_letter(reading->table, *letters);
        const char *rest = letters[1] != '\0' ? letters + 1 : NULL;

        if (row == NULL && *letters == 'h')
            return OPTIONS_HELP;
        if (row == NULL && *letters >= '0' && *letters <= '9')
            return wrong(reading,
                         "There is no option -%s. An argument that begins with \"-\" "
                         "stands behind \"--\".",
                         letters);
        if (row == NULL)
            return wrong(reading, "There is no option -%c.", *letters);
        if (row->kind != OPTION_FLAG)
            return take(reading, row, rest);
        found = take(reading, row, NULL);
    }
    return found;
}

static bool takes_many(const struct argument_row *row)
{
    return bytes_end_with(bytes_of_text(row->name), BYTES("..."));
}

static enum options_found take_one_of_many(const struct reading *reading,
                                           const struct argument_row *row, const char *word)
{
    struct option_texts *texts = (void *)((char *)reading->into + row->offset);

    if (texts->count == OPTION_TEXTS_MAX)
        return wrong(reading, "%s takes at most %d words.", row->name, OPTION_TEXTS_MAX);
    texts->texts[texts->count++] = word;
    return OPTIONS_READ;
}

static enum options_found take_argument(struct reading *reading, const char *word)
{
    const struct option_table *table = reading->table;
    const struct argument_row *last =
        table->argument_count > 0 ? &table->arguments[table->argument_count - 1] : NULL;

    if (last != NULL && reading->argument_count + 1 >= table->argument_count && takes_many(last)) {
        reading->argument_count = table->argument_count;
        return take_one_of_many(reading, last, word);
    }
    if (reading->argument_count == table->argument_count)
        return wrong(reading, "\"%s\" is one argument too many%s", word,
                     table->argument_count == 0 ? ": this command takes none." : ".");

    const struct argument_row *row = &table->arguments[reading->argument_count++];

    assert(row != NULL);
    *(const char **)(void *)((char *)reading->into + row->offset) = word;
    return OPTIONS_READ;
}

/* ---- the whole line ---- */

static void set_defaults(const struct reading *reading)
{
    for (size_t i = 0; i < reading->table->option_count; i++) {
        const struct option_row *row = &reading->table->options[i];

        if (row->kind == OPTION_NUMBER)
            *(int64_t *)(void *)((char *)reading->into + row->offset) = row->number_default;
    }
}

enum options_found cli_options_read(const struct option_table *table, int argc, char **argv,
                                    void *into, char message[OPTIONS_MESSAGE_SIZE])
{
    struct reading reading = {
        .table = table, .argv = argv, .argc = argc, .into = into, .message = message};
    enum options_found found = OPTIONS_READ;

    set_defaults(&reading);
    while (found == OPTIONS_READ && reading.at < argc) {
        const char *word = argv[reading.at++];

        if (reading.only_arguments || word[0] != '-' || word[1] == '\0')
            found = take_argument(&reading, word);
        else if (strcmp(word, "--") == 0)
            reading.only_arguments = true;
        else if (word[1] == '-')
            found = take_long(&reading, word + 2);
        else
            found = take_letters(&reading, word + 1);
    }
    if (found == OPTIONS_READ && reading.argument_count < table->argument_count &&
        !table->arguments[reading.argument_count].optional) {
        const struct argument_row *missing = &table->arguments[reading.argument_count];

        return wrong(&reading, "%s is missing: %s.", missing->name, missing->help);
    }
    return found;
}
