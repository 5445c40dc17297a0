/* cli/doctor_ports.c - the three ports: free, a dynlog's, or somebody else's. */
#include "cli/doctor.h"
#include "cli/output.h"
#include "cli/server_door.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS 1000
#define ANSWER_MS 3000

static const int default_ports[] = {8000, 4010, 3002};
static const char *const port_options[] = {"--port", "--events-port", "--lambda-port"};

/* Whether somebody takes connections at the address. */
static bool is_taken(int family, const struct sockaddr *address, socklen_t size)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t error_size = sizeof error;
    bool taken = false;

    if (fd < 0)
        return false; /* no such family here */
    if (connect(fd, address, size) == 0)
        taken = true;
    else if (poll(&wanted, 1, CONNECT_MS) == 1)
        taken = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) == 0 && error == 0;
    close(fd);
    return taken;
}

/* On either loopback address: dynlog wants both. *ret_host: where. */
static bool is_port_taken(int port, const char **ret_host)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    six.sin6_addr = in6addr_loopback;
    *ret_host = "127.0.0.1";
    if (is_taken(AF_INET, (const struct sockaddr *)&four, sizeof four))
        return true;
    *ret_host = "[::1]";
    return is_taken(AF_INET6, (const struct sockaddr *)&six, sizeof six);
}

static void tell_dynlog(struct doctor *doctor, const char *what, const struct json *status)
{
    struct bytes version = json_string(json_get(status, "version"));
    bool same = bytes_equal_text(version, DYNLOG_VERSION);

    doctor_tell(doctor, same ? FINDING_OK : FINDING_WARNING, what,
                same ? NULL : "Stop it with `dynlog stop`, and start this one.",
                "a dynlog answers: %.*s%s, process %" PRId64 ", up for %s, data %.*s",
                BYTES_ARG(version), same ? "" : " (this one is " DYNLOG_VERSION ")",
                cli_server_number(status, "pid"),
                cli_duration_text((uint64_t)cli_server_number(status, "uptimeMs")),
                BYTES_ARG(json_string(json_get(status, "data"))));
}

/* One who does not even speak HTTP is told as well. */
static void look_who(struct doctor *doctor, const char *what, const char *host, int port,
                     const char *option)
{
    struct arena *arena = doctor->cli->arena;
    struct target *target = ARENA_NEW(arena, struct target);
    struct client_request request = {
        .method = "GET", .path = "/_dynlog/status", .answer_ms = ANSWER_MS, .once = true};
    struct client_answer answer = {0};
    const char *advice =
        arena_copy_text(arena, arena_printf(arena,
                                            "End that program, or start dynlog with %s PORT and "
                                            "ask it with --endpoint URL.",
                                            option));

    *target = (struct target){
        .url = arena_copy_text(arena, arena_printf(arena, "http://%s:%d", host, port)),
        .host = host,
        .is_this_machine = true,
        .region = "us-east-1",
        .key_id = "dynlog",
        .secret = "dynlog",
        .table = "",
    };

    AUTO(client_release) struct client *client = client_new(target);
    enum status status = client_ask(client, arena, &request, &answer);
    struct bytes server = client_header(&answer, "Server");

    if (status == OK && json_get(answer.json, "version") != NULL &&
        json_get(answer.json, "position") != NULL)
        tell_dynlog(doctor, what, answer.json);
    else if (answer.http_status > 0)
        doctor_tell(doctor, FINDING_PROBLEM, what, advice,
                    "another program answers at %s%s%.*s (HTTP status %d)", target->url,
                    server.size > 0 ? ", " : "", BYTES_ARG(server), answer.http_status);
    else
        doctor_tell(doctor, FINDING_PROBLEM, what, advice,
                    "another program listens at %s, and does not speak HTTP", target->url);
}

void doctor_ports(struct doctor *doctor)
{
    const struct stack *stack = doctor->stack;
    int from_stack[] = {0, stack != NULL ? stack->events_port : 0,
                        stack != NULL ? stack->lambda_port : 0};

    for (size_t i = 0; i < ARRAY_COUNT(default_ports); i++) {
        int port = (int)doctor->ports[i];
        const char *host = NULL, *what = NULL;

        if (port == 0)
            port = from_stack[i] != 0 ? from_stack[i] : default_ports[i];
        what = arena_copy_text(doctor->cli->arena, arena_printf(doctor->cli->arena, "%d", port));
        if (is_port_taken(port, &host))
            look_who(doctor, what, host, port, port_options[i]);
        else
            doctor_tell(doctor, FINDING_OK, what, NULL, "free");
    }
}
