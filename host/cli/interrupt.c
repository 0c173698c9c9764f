#include "cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;
static const char *volatile message = "";

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        interrupted = 1; /* nobody reads it */
}

static void interrupt(int number)
{
    int kept = errno;

    (void)number;
    interrupted = 1;
    say("\nketamap: ");
    say(message);
    say("\n");
    errno = kept;
}

void km_interrupt_catch(const char *words)
{
    struct sigaction action;

    message = words;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    action.sa_flags = (int)SA_RESETHAND;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool km_interrupted(void) { return interrupted != 0; }
