/* users.c - an append-only log of users, and what they are made of it, in one program.
 *
 *   users PLACE signup ID NAME EMAIL          PLACE: ./data, http://127.0.0.1:8000,
 * aws:eu-central-1 users PLACE add-phone-number ID NUMBER users PLACE verify-phone-number ID users
 * PLACE add-location ID LONG LAT users PLACE show ID                       the user, made from
 * their events users PLACE history ID                    the events users PLACE follow [N] each
 * user, made anew with each of their events */
#include "user.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 1024

static int fail(const struct dynlog_error *error)
{
    fprintf(stderr, "users: %s\n", error->message);
    return error->status == DYNLOG_CONFLICT ? 3 : EXIT_FAILURE;
}

/* ---- writing ---- */

/* The text as the inside of a JSON string. */
static void escape(const char *text, char *out, size_t size)
{
    size_t at = 0;

    for (; *text != '\0' && at + 7 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            at += (size_t)snprintf(out + at, size - at, "\\%c", c);
        else if (c < 0x20)
            at += (size_t)snprintf(out + at, size - at, "\\u%04x", c);
        else
            out[at++] = (char)c;
    }
    out[at] = '\0';
}

/* Who signs up is new; everything else is said of whoever signed up, as they are now. */
static int append(struct dynlog *dynlog, const char *id, const char *type, const char *payload)
{
    struct dynlog_new_event event = {.type = type, .payload = payload};
    struct dynlog_append append = {.log = "users", .id = id, .events = &event, .event_count = 1};
    struct user user = {0};
    struct dynlog_error error;

    snprintf(user.id, sizeof user.id, "%s", id);
    if (user_catch_up(dynlog, &user, &error) != DYNLOG_OK)
        return fail(&error);
    if (strcmp(type, "signup") != 0 && user.version == 0) {
        fprintf(stderr, "users: %s has not signed up.\n", id);
        return EXIT_FAILURE;
    }
    append.expected = strcmp(type, "signup") == 0 ? DYNLOG_NONE : (int64_t)user.version;
    if (dynlog_append(dynlog, &append, 1, &error) != DYNLOG_OK)
        return fail(&error);
    printf("users/%s version %" PRIu64 " %s\n", id, append.version, type);
    return EXIT_SUCCESS;
}

static int signup(struct dynlog *dynlog, char **words)
{
    char payload[LINE_SIZE], name[LINE_SIZE / 4], email[LINE_SIZE / 4];

    escape(words[1], name, sizeof name);
    escape(words[2], email, sizeof email);
    snprintf(payload, sizeof payload, "{\"name\":\"%s\",\"email\":\"%s\"}", name, email);
    return append(dynlog, words[0], "signup", payload);
}

static int add_phone_number(struct dynlog *dynlog, char **words)
{
    char payload[LINE_SIZE], number[LINE_SIZE / 4];

    escape(words[1], number, sizeof number);
    snprintf(payload, sizeof payload, "{\"phoneNumber\":\"%s\"}", number);
    return append(dynlog, words[0], "addPhoneNumber", payload);
}

static int verify_phone_number(struct dynlog *dynlog, char **words)
{
    return append(dynlog, words[0], "verifyPhoneNumber", NULL);
}

static int add_location(struct dynlog *dynlog, char **words)
{
    char payload[LINE_SIZE];

    snprintf(payload, sizeof payload, "{\"long\":%g,\"lat\":%g}", strtod(words[1], NULL),
             strtod(words[2], NULL));
    return append(dynlog, words[0], "addLocation", payload);
}

/* ---- reading ---- */

static int show(struct dynlog *dynlog, char **words)
{
    struct user user = {0};
    struct dynlog_error error;
    char line[LINE_SIZE];

    snprintf(user.id, sizeof user.id, "%s", words[0]);
    if (user_catch_up(dynlog, &user, &error) != DYNLOG_OK)
        return fail(&error);
    user_print(&user, line, sizeof line);
    puts(line);
    return EXIT_SUCCESS;
}

static int history(struct dynlog *dynlog, char **words)
{
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    enum dynlog_status status = dynlog_read(dynlog, "users", words[0], NULL, &reader, &error);

    while (status == DYNLOG_OK && (status = dynlog_next(reader, 0, &event, &error)) == DYNLOG_OK)
        printf("%" PRIu64 " %s %s\n", event.version, event.type,
               event.payload != NULL ? event.payload : "");
    dynlog_reader_close(reader);
    return status == DYNLOG_END ? EXIT_SUCCESS : fail(&error);
}

/* Events of the log in their order. What became of a user is read from their stream, so it does not
 * matter when the program was started, or whether an event comes twice. */
static int follow(struct dynlog *dynlog, char **words)
{
    struct dynlog_subscription users = {.log = "users", .from = DYNLOG_FROM_START};
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    long left = words[0] != NULL ? strtol(words[0], NULL, 10) : -1;
    enum dynlog_status status = dynlog_subscribe(dynlog, &users, &reader, &error);

    for (; status == DYNLOG_OK && left != 0; left--) {
        char *id[] = {NULL};

        status = dynlog_next(reader, -1, &event, &error);
        if (status != DYNLOG_OK)
            break;
        id[0] = strdup(event.id);
        if (id[0] != NULL)
            (void)show(dynlog, id);
        free(id[0]);
        fflush(stdout);
    }
    dynlog_reader_close(reader);
    return status == DYNLOG_OK ? EXIT_SUCCESS : fail(&error);
}

/* ---- the command line ---- */

static const struct {
    const char *name;
    int words, optional;
    int (*run)(struct dynlog *dynlog, char **words);
} commands[] = {
    {"signup", 3, 0, signup},
    {"add-phone-number", 2, 0, add_phone_number},
    {"verify-phone-number", 1, 0, verify_phone_number},
    {"add-location", 3, 0, add_location},
    {"show", 1, 0, show},
    {"history", 1, 0, history},
    {"follow", 0, 1, follow},
};

int main(int argc, char **argv)
{
    struct dynlog *dynlog = NULL;
    struct dynlog_error error;
    struct dynlog_options options = {.table = getenv("DYNAMODB_LOGS_TABLE")};

    for (size_t i = 0; argc >= 3 && i < sizeof commands / sizeof *commands; i++) {
        int exit_status = EXIT_SUCCESS;

        if (strcmp(argv[2], commands[i].name) != 0 || argc - 3 < commands[i].words ||
            argc - 3 > commands[i].words + commands[i].optional)
            continue;
        if (dynlog_open(argv[1], &options, &dynlog, &error) != DYNLOG_OK)
            return fail(&error);
        exit_status = commands[i].run(dynlog, argv + 3);
        dynlog_close(dynlog);
        return exit_status;
    }
    fprintf(stderr, "users PLACE signup ID NAME EMAIL | add-phone-number ID NUMBER | "
                    "verify-phone-number ID |\n  add-location ID LONG LAT | show ID | history ID | "
                    "follow [N]\n");
    return 2;
}
