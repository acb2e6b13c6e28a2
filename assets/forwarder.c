/*
 * skiff's forwarder: the main process of a sandbox. It keeps the container alive, and carries TCP
 * connections from 127.0.0.1 inside to unix sockets that skiff's proxy on the host listens on.
 *
 *     forwarder [PORT=SOCKET]...
 *
 * One process, one epoll loop; each accepted connection makes its own connection to the socket, so the proxy
 * may come and go. Needs nothing of the image: it is linked statically.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER = 65536, LISTENERS = 16, EVENTS = 64, RETRY_MS = 5 };
enum kind { LISTENER, END };

/* Bytes on their way from one end to the other. */
struct flow {
    char bytes[BUFFER];
    size_t from, to;
    int ended; /* the source sent its last byte */
    int shut;  /* and the destination was told */
};

struct end {
    enum kind kind;
    int fd;
    struct end *peer;
    struct flow *out; /* to this end's fd */
    struct connection *of;
    unsigned watched;
};

struct connection {
    struct end inside, outside;
    struct flow up, down; /* up: from inside to the socket */
    const struct listener *by;
    int waiting, dead;
    struct connection *next; /* in the list of the waiting or of the dead */
};

struct listener {
    enum kind kind;
    int fd;
    struct sockaddr_un target;
};

static int poll_fd;
static struct listener listeners[LISTENERS];
static int listener_count, paused;
static struct connection *waiting, *dead;

static const char unavailable[] =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    "Content-Length: 92\r\n\r\n"
    "skiff's sandbox proxy is not running on the host; `skiff sandbox run` there starts it again\n";

static void fail(const char *what) {
    const char *why = strerror(errno);
    (void)!write(2, "forwarder: ", 11);
    (void)!write(2, what, strlen(what));
    (void)!write(2, ": ", 2);
    (void)!write(2, why, strlen(why));
    (void)!write(2, "\n", 1);
    _exit(1);
}

static void on_end_signal(int signal_number) {
    (void)signal_number;
    _exit(0);
}

static void accept_again(int on) {
    for (int i = 0; i < listener_count; i++) {
        struct epoll_event event = { .events = on ? EPOLLIN : 0, .data.ptr = &listeners[i] };
        epoll_ctl(poll_fd, EPOLL_CTL_MOD, listeners[i].fd, &event);
    }
    paused = !on;
}

/* Events of this batch may still point to it: it is freed after the batch. */
static void drop(struct connection *c) {
    if (c->dead) return;
    c->dead = 1;
    if (c->inside.fd >= 0) close(c->inside.fd);
    if (c->outside.fd >= 0) close(c->outside.fd);
    if (!c->waiting) {
        c->next = dead;
        dead = c;
    }
    if (paused) accept_again(1);
}

static void free_dead(void) {
    while (dead) {
        struct connection *c = dead;
        dead = c->next;
        free(c);
    }
}

/* Asks for exactly the events that can lead to work. */
static void watch(struct end *e) {
    unsigned wanted = 0;
    const struct flow *in = e->peer->out;
    if (!in->ended && in->from == in->to) wanted |= EPOLLIN;
    if (e->out->from < e->out->to) wanted |= EPOLLOUT;
    if (wanted == e->watched) return;
    struct epoll_event event = { .events = wanted, .data.ptr = e };
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, e->fd, &event);
    e->watched = wanted;
}

/* Writes what waits for this end; 0 when the connection is broken. */
static int flush(struct end *e) {
    struct flow *f = e->out;
    while (f->from < f->to) {
        ssize_t n = send(e->fd, f->bytes + f->from, f->to - f->from, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        f->from += (size_t)n;
    }
    f->from = f->to = 0;
    if (f->ended && !f->shut) {
        shutdown(e->fd, SHUT_WR);
        f->shut = 1;
    }
    return 1;
}

/* Takes what this end sent and passes it on; 0 when the connection is broken. */
static int take(struct end *e) {
    struct flow *f = e->peer->out;
    if (f->ended || f->from < f->to) return 1;
    ssize_t n = recv(e->fd, f->bytes, BUFFER, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) f->ended = 1;
    f->from = 0;
    f->to = (size_t)n;
    return flush(e->peer);
}

static void serve(struct end *e, unsigned events) {
    struct connection *c = e->of;
    if (c->dead || c->waiting) return;
    int ok = 1;
    if (events & EPOLLOUT) ok = flush(e);
    if (ok && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) ok = take(e);
    if (ok && (events & EPOLLERR)) ok = 0;
    if (!ok || (c->up.shut && c->down.shut)) {
        drop(c);
        return;
    }
    /* Gone for both directions while something waits for it: nobody will take it. */
    if ((events & EPOLLHUP) && e->out->shut == 0 && e->peer->out->ended && e->out->from < e->out->to) {
        drop(c);
        return;
    }
    watch(&c->inside);
    watch(&c->outside);
}

static int add(struct end *e) {
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = e };
    e->watched = EPOLLIN;
    return epoll_ctl(poll_fd, EPOLL_CTL_ADD, e->fd, &event);
}

/* Connects to the unix socket; when its queue is full the connection waits and tries again. */
static void reach(struct connection *c) {
    c->waiting = 0;
    if (connect(c->outside.fd, (const struct sockaddr *)&c->by->target, sizeof c->by->target) == 0) {
        if (add(&c->inside) < 0 || add(&c->outside) < 0) drop(c);
        return;
    }
    if (errno == EAGAIN || errno == EINTR) {
        c->waiting = 1;
        c->next = waiting;
        waiting = c;
        return;
    }
    (void)!send(c->inside.fd, unavailable, sizeof unavailable - 1, MSG_NOSIGNAL);
    shutdown(c->inside.fd, SHUT_WR);
    drop(c);
}

static void reach_waiting(void) {
    struct connection *list = waiting;
    waiting = 0;
    while (list) {
        struct connection *c = list;
        list = c->next;
        reach(c);
    }
}

static void accept_from(const struct listener *l) {
    for (;;) {
        int fd = accept4(l->fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) accept_again(0);
            if (errno == EINTR || errno == ECONNABORTED) continue;
            return;
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *c = calloc(1, sizeof *c);
        int out = c ? socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
        if (out < 0) {
            close(fd);
            free(c);
            continue;
        }
        c->by = l;
        c->inside = (struct end){ END, fd, &c->outside, &c->down, c, 0 };
        c->outside = (struct end){ END, out, &c->inside, &c->up, c, 0 };
        reach(c);
    }
}

static void listen_on(const char *mapping) {
    struct listener *l = &listeners[listener_count];
    const char *path = strchr(mapping, '=');
    int port = atoi(mapping), one = 1;
    errno = EINVAL;
    if (!path || port < 1 || port > 65535 || listener_count == LISTENERS) fail(mapping);
    path++;
    if (strlen(path) >= sizeof l->target.sun_path) fail(mapping);
    l->kind = LISTENER;
    l->target.sun_family = AF_UNIX;
    strcpy(l->target.sun_path, path);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) fail("socket");
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(l->fd, (struct sockaddr *)&address, sizeof address) < 0) fail(mapping);
    if (listen(l->fd, 1024) < 0) fail(mapping);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = l };
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, l->fd, &event) < 0) fail("epoll_ctl");
    listener_count++;
}

int main(int argc, char **argv) {
    struct rlimit files;
    /* Everything goes with SIGTERM at once, also as process 1; children that end are nobody's concern. */
    signal(SIGTERM, on_end_signal);
    signal(SIGINT, on_end_signal);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll_fd < 0) fail("epoll_create");
    for (int i = 1; i < argc; i++) listen_on(argv[i]);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(poll_fd, events, EVENTS, waiting ? RETRY_MS : -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (*(enum kind *)events[i].data.ptr == LISTENER) accept_from(events[i].data.ptr);
            else serve(events[i].data.ptr, events[i].events);
        }
        reach_waiting();
        free_dead();
    }
}
