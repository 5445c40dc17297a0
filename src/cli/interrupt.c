/* cli/interrupt.c - see interrupt.h. */
#include "cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static int interrupt_fd = -1;
static struct dynlog_reader *volatile interrupt_reader;

static void interrupted(int number)
{
    (void)number;
    (void)!write(interrupt_fd, "", 1);
    if (interrupt_reader != NULL)
        dynlog_reader_stop(interrupt_reader);
}

/* Ctrl-C must also end a write to a reader that does not read: no SA_RESTART. */
void cli_interrupts_catch(struct interrupts *interrupts)
{
    struct sigaction action = {.sa_handler = interrupted};
    int fds[2] = {-1, -1};

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
        fds[0] = fds[1] = -1;
    *interrupts = (struct interrupts){fds[0], fds[1]};
    interrupt_fd = fds[1];
    if (interrupt_fd < 0)
        return; /* then Ctrl-C ends the process as it does by itself */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void cli_interrupts_release(struct interrupts *interrupts)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    if (interrupt_fd < 0)
        return;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    interrupt_reader = NULL;
    interrupt_fd = -1;
    close(interrupts->fd);
    close(interrupts->write_fd);
}

void cli_interrupts_stop_reader(struct dynlog_reader *reader)
{
    interrupt_reader = reader;
}

bool cli_interrupts_pause(const struct interrupts *interrupts, int ms)
{
    struct pollfd wanted = {.fd = interrupts->fd, .events = POLLIN};

    return poll(&wanted, 1, ms) == 0;
}

/* The terminal has shown ^C: what comes next begins its own line. */
int cli_interrupts_end(const struct cli *cli)
{
    if (cli->err_is_terminal)
        fputc('\n', cli->err);
    return CLI_DONE;
}
