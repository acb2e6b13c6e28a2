/* What the forwarder's loop needs of the programs that skiff starts in a sandbox (sessions.c). */
#pragma once
#include <signal.h>
#include <sys/resource.h>

/* First field of everything that epoll points to. */
enum kind { LISTENER, END, SESSION };

/* What the forwarder changed of its own, and its children must not have. */
struct inherited {
    struct rlimit files;
    sigset_t mask;
};

/* Watches the folder for skiff's sockets; without the folder or inotify there are no sessions. */
void open_sessions(int poll_fd, const char *folder, const struct inherited *original);
void serve_session(void *source, unsigned events);
/* After each batch of events: what is due by time, and freeing. */
void tend_sessions(void);
/* Milliseconds until something is due; -1 for never. */
int session_wait(void);
