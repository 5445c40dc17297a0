/* read_model.c PLACE - how many phone numbers user 12 has: a read model of one number. */
#include <dynlog.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct user {
    int phone_numbers;
};

/* Called once for each version, in order. False: stop here. */
static bool apply(void *context, const struct dynlog_event *event)
{
    struct user *user = context;

    if (strcmp(event->type, "addPhoneNumber") == 0)
        user->phone_numbers++;
    return true;
}

int main(int argc, char **argv)
{
    struct dynlog *dynlog = NULL;
    struct dynlog_error error;
    struct user user = {0};
    struct dynlog_projection projection = {.version = 0, .apply = apply, .context = &user};

    if (dynlog_open(argc > 1 ? argv[1] : "./data", NULL, &dynlog, &error) != DYNLOG_OK ||
        dynlog_catch_up(dynlog, "users", "12", &projection, &error) != DYNLOG_OK) {
        fprintf(stderr, "%s\n", error.message);
        dynlog_close(dynlog);
        return EXIT_FAILURE;
    }
    printf("version %" PRIu64 ": %d phone numbers\n", projection.version, user.phone_numbers);
    dynlog_close(dynlog);
    return EXIT_SUCCESS;
}
