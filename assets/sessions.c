/*
 * Programs that skiff starts in the sandbox: children of the forwarder instead of the Engine's, which takes
 * tens of milliseconds longer.
 *
 * skiff puts a listening socket into a folder; the forwarder connects to it and is sent one request. Frames go
 * both ways: a byte of type, four of length (little endian), the payload. To the program: REQUEST (what to
 * start), INPUT, INPUT_END, SIGNAL (number). Back: STARTED, FAILED (errno), OUTPUT, ERRORS, CREDIT (bytes of
 * input that were taken), EXIT (code as of shells). skiff sends at most WINDOW bytes of input more than were
 * taken, so that a signal never waits behind input that nobody reads. When the connection ends before the
 * program, the program and all that it started are ended.
 */
#define _GNU_SOURCE
#include "sessions.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 5, PIECE = 65536, WINDOW = 262144, LONGEST_REQUEST = 2 << 20, MOST_SESSIONS = 256 };
/* What may still come from others that hold the outputs of a program that has ended (as the Engine does it);
 * and what a program has to tidy up in when skiff is gone. */
enum { DRAIN_MS = 2000, KILL_MS = 1000 };
enum { REQUEST = 1, INPUT, INPUT_END, SIGNAL };
enum { STARTED = 1, FAILED, OUTPUT, ERRORS, CREDIT, EXIT };
enum role { FOLDER, CHILDREN, WIRE, IN, OUT, ERR, EXEC };

struct source {
    enum kind kind;
    enum role role;
    int fd;
    unsigned watched;
    struct session *of;
    long long most; /* bytes that are still read; negative: to the end */
};

struct session {
    struct source wire, in, out, err, exec;
    pid_t pid;
    int code, exited, started, failed, finishing, ending, dead;
    long long deadline; /* 0: none */
    char *marker;       /* "SKIFF_SESSION=…", in the environment of all that the program starts */

    unsigned char header[HEADER];
    size_t header_length, left;
    char *request;
    size_t request_length;
    char window[WINDOW]; /* a ring of input that the program has not taken */
    size_t first, used;
    int input_ended;

    uint32_t credit;
    char piece[HEADER + PIECE]; /* on its way to skiff; the next one is made when it is gone */
    size_t from, to;
    struct session *next;
};

extern char **environ;
static int poll_fd, session_count;
static const char *folder;
static const struct inherited *original;
static struct session *sessions;
static struct source folder_source = { SESSION, FOLDER, -1, 0, 0, -1 };
static struct source children_source = { SESSION, CHILDREN, -1, 0, 0, -1 };

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Taken out of the set when nothing is wanted: a hang-up would be told again and again. */
static void want(struct source *s, unsigned wanted) {
    if (s->fd < 0 || wanted == s->watched) return;
    struct epoll_event event = { .events = wanted, .data.ptr = s };
    epoll_ctl(poll_fd, !wanted ? EPOLL_CTL_DEL : s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->fd, &event);
    s->watched = wanted;
}

static void shut(struct source *s) {
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    s->watched = 0;
}

/* To the program's group, and to what it started in other groups, which are known by the marker. */
static void signal_all(const struct session *s, int number) {
    char *entry = 0;
    size_t room = 0;
    if (s->pid == 0) return;
    if (kill(-s->pid, number) < 0 && !s->exited) kill(s->pid, number);
    DIR *processes = s->marker ? opendir("/proc") : 0;
    for (struct dirent *d; processes && (d = readdir(processes));) {
        char path[64];
        pid_t pid = atoi(d->d_name);
        if (pid <= 1 || pid == getpid() || getpgid(pid) == s->pid) continue;
        snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
        FILE *file = fopen(path, "re");
        while (file && getdelim(&entry, &room, 0, file) > 0) {
            if (strcmp(entry, s->marker) != 0) continue;
            kill(pid, number);
            break;
        }
        if (file) fclose(file);
    }
    if (processes) closedir(processes);
    free(entry);
}

/* The connection is at its end; what runs then is ended. */
static void hang_up(struct session *s) {
    struct source *all[] = { &s->wire, &s->in, &s->out, &s->err, &s->exec };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) shut(all[i]);
    if (s->ending || s->dead) return;
    if (s->finishing || s->pid == 0) {
        s->dead = 1;
        return;
    }
    s->ending = 1;
    s->deadline = now() + KILL_MS;
    signal_all(s, SIGHUP);
    signal_all(s, SIGTERM);
    signal_all(s, SIGCONT);
}

/* Sends what waits; 0 when the connection is broken. */
static int flush(struct session *s) {
    while (s->from < s->to) {
        ssize_t n = send(s->wire.fd, s->piece + s->from, s->to - s->from, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        s->from += (size_t)n;
    }
    s->from = s->to = 0;
    return 1;
}

/* The frame's payload lies behind its header already. */
static int emit(struct session *s, int type, size_t length) {
    uint32_t n = (uint32_t)length;
    s->piece[0] = (char)type;
    for (int i = 0; i < 4; i++) s->piece[1 + i] = (char)(n >> (8 * i));
    s->to = HEADER + length;
    return flush(s);
}

static int emit_number(struct session *s, int type, uint32_t value) {
    for (int i = 0; i < 4; i++) s->piece[HEADER + i] = (char)(value >> (8 * i));
    return emit(s, type, 4);
}

/* Says what is to be said now, and asks for the events that lead on. */
static void settle(struct session *s) {
    if (s->ending || s->dead) return;
    int ok = 1;
    if (!s->finishing && s->to == 0 && s->credit > 0) {
        uint32_t credit = s->credit;
        s->credit = 0;
        ok = emit_number(s, CREDIT, credit);
    }
    int ended = s->failed || (s->exited && s->started && s->out.fd < 0 && s->err.fd < 0);
    if (ok && !s->finishing && s->to == 0 && ended) {
        s->finishing = 1;
        ok = s->failed ? emit_number(s, FAILED, (uint32_t)s->failed)
                       : emit_number(s, EXIT, (uint32_t)s->code);
    }
    if (!ok || (s->finishing && s->to == 0)) {
        hang_up(s);
        return;
    }
    unsigned reading = s->started && s->to == 0 ? EPOLLIN : 0;
    want(&s->wire, EPOLLIN | (s->to > 0 ? EPOLLOUT : 0));
    want(&s->in, s->used > 0 ? EPOLLOUT : 0);
    want(&s->out, reading);
    want(&s->err, reading);
    want(&s->exec, EPOLLIN);
}

/* Gives the program what it takes of its input. One that has closed it loses the rest, as in a pipeline. */
static void feed(struct session *s) {
    while (s->used > 0) {
        size_t run = s->first + s->used > WINDOW ? WINDOW - s->first : s->used;
        ssize_t n = s->in.fd < 0 ? (ssize_t)run : write(s->in.fd, s->window + s->first, run);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) {
            shut(&s->in);
            continue;
        }
        s->first = (s->first + (size_t)n) % WINDOW;
        s->used -= (size_t)n;
        s->credit += (uint32_t)n;
    }
    if (s->input_ended) shut(&s->in);
}

static int keep_input(struct session *s, const char *bytes, size_t length) {
    if (length > WINDOW - s->used) return 0;
    for (size_t done = 0; done < length;) {
        size_t at = (s->first + s->used) % WINDOW;
        size_t run = length - done < WINDOW - at ? length - done : WINDOW - at;
        memcpy(s->window + at, bytes + done, run);
        s->used += run;
        done += run;
    }
    return 1;
}

/* The environment of the container with the additions, which win. */
static char **environment(char **added, size_t count) {
    size_t have = 0, length = 0;
    while (environ[have]) have++;
    char **all = calloc(have + count + 1, sizeof *all);
    for (size_t i = 0; all && i < have; i++) {
        size_t name = strcspn(environ[i], "="), by = 0;
        while (by < count && (strncmp(environ[i], added[by], name) != 0 || added[by][name] != '=')) by++;
        if (by == count) all[length++] = environ[i];
    }
    for (size_t i = 0; all && i < count; i++) all[length++] = added[i];
    return all;
}

/* In the child: becomes the program, or says why not. */
static void become(int in, int out, int err, int report, const char *cwd, char **argv, char **env) {
    setsid();
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    int ok = dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0;
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    setrlimit(RLIMIT_NOFILE, &original->files);
    sigprocmask(SIG_SETMASK, &original->mask, 0);
    if (ok && chdir(cwd) == 0) execve(argv[0], argv, env);
    int why = errno;
    (void)!write(report, &why, sizeof why);
    _exit(127);
}

static int fork_program(struct session *s, int with_input, const char *cwd, char **argv, char **env) {
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, report[2] = { -1, -1 };
    pid_t pid = -1;
    sigset_t all, before; /* what is sent to the child must not meet the forwarder's handlers */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    if (!with_input) in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if ((with_input ? pipe2(in, O_CLOEXEC) == 0 : in[0] >= 0) && pipe2(out, O_CLOEXEC) == 0 &&
        pipe2(err, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0) become(in[0], out[1], err[1], report[1], cwd, argv, env);
    int why = errno;
    sigprocmask(SIG_SETMASK, &before, 0);
    int theirs[] = { in[0], out[1], err[1], report[1] };
    int ours[] = { in[1], out[0], err[0], report[0] };
    for (int i = 0; i < 4; i++) {
        if (theirs[i] >= 0) close(theirs[i]);
        if (pid < 0 && ours[i] >= 0) close(ours[i]);
        else if (ours[i] >= 0) fcntl(ours[i], F_SETFL, O_NONBLOCK);
    }
    if (pid < 0) return why ? why : EAGAIN;
    s->pid = pid;
    s->in.fd = in[1];
    s->out.fd = out[0];
    s->err.fd = err[0];
    s->exec.fd = report[0];
    return 0;
}

/* "<1 with input, else 0><arguments: 4 bytes><variables: 4 bytes>folder\0argument\0…variable\0…" */
static int start(struct session *s) {
    const unsigned char *head = (const unsigned char *)s->request;
    char *at = s->request + 9, *end = s->request + s->request_length;
    if (s->request_length < 10 || end[-1] != 0) return 0;
    size_t count[2] = { 0, 0 };
    for (int i = 0; i < 8; i++) count[i / 4] |= (size_t)head[1 + i] << (8 * (i % 4));
    if (count[0] < 1 || count[0] > s->request_length || count[1] > s->request_length) return 0;
    char **words = calloc(count[0] + count[1] + 2, sizeof *words);
    const char *cwd = at;
    size_t total = count[0] + count[1], found = 0;
    for (at += strlen(at) + 1; words && at < end && found < total; at += strlen(at) + 1) {
        words[found + (found >= count[0])] = at; /* a null between arguments and variables */
        found++;
    }
    int ok = words && found == total && at == end;
    char **env = ok ? environment(words + count[0] + 1, count[1]) : 0;
    for (size_t i = 0; env && i < count[1]; i++) {
        char *variable = words[count[0] + 1 + i];
        if (strncmp(variable, "SKIFF_SESSION=", 14) == 0) s->marker = strdup(variable);
    }
    if (env) s->failed = fork_program(s, head[0] & 1, cwd, words, env);
    free(env);
    free(words);
    return env != 0;
}

/* A whole header, or what follows it. 0: no frame that skiff sends. */
static int begin_frame(struct session *s) {
    int type = s->header[0];
    s->left = 0;
    for (int i = 0; i < 4; i++) s->left |= (size_t)s->header[1 + i] << (8 * i);
    if (type == REQUEST) {
        if (s->request || s->left > LONGEST_REQUEST) return 0;
        return (s->request = malloc(s->left + 1)) != 0;
    }
    if (!s->request) return 0;
    if (type == INPUT) return s->left <= WINDOW;
    if (type == INPUT_END) {
        s->input_ended = 1;
        return s->left == 0;
    }
    return type == SIGNAL && s->left == 1;
}

static int take_payload(struct session *s, const char *bytes, size_t length) {
    int type = s->header[0];
    s->left -= length;
    if (type == INPUT) return keep_input(s, bytes, length);
    if (type == SIGNAL) {
        int number = (unsigned char)*bytes;
        if (number < 1 || number > 31) return 0;
        signal_all(s, number);
        return 1;
    }
    memcpy(s->request + s->request_length, bytes, length);
    s->request_length += length;
    return s->left > 0 || start(s);
}

static int take_bytes(struct session *s, const char *bytes, size_t length) {
    while (length > 0) {
        if (s->header_length < HEADER) {
            s->header[s->header_length++] = (unsigned char)*bytes++;
            length--;
            if (s->header_length < HEADER) continue;
            if (!begin_frame(s)) return 0;
        } else {
            size_t run = length < s->left ? length : s->left;
            if (!take_payload(s, bytes, run)) return 0;
            bytes += run;
            length -= run;
        }
        if (s->left == 0) s->header_length = 0;
    }
    feed(s);
    return 1;
}

static int read_wire(struct session *s) {
    char bytes[PIECE];
    ssize_t n = recv(s->wire.fd, bytes, sizeof bytes, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    return n > 0 && take_bytes(s, bytes, (size_t)n);
}

static int read_output(struct session *s, struct source *from) {
    if (s->to > 0 || from->fd < 0) return 1;
    size_t most = from->most >= 0 && from->most < PIECE ? (size_t)from->most : PIECE;
    ssize_t n = most == 0 ? 0 : read(from->fd, s->piece + HEADER, most);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (from->most >= 0) from->most -= n;
    if (n == 0) {
        shut(from);
        return 1;
    }
    return emit(s, from->role == OUT ? OUTPUT : ERRORS, (size_t)n);
}

/* Nothing: it has become the program. Else the reason why it could not. */
static int read_start(struct session *s) {
    int why;
    ssize_t n = read(s->exec.fd, &why, sizeof why);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    shut(&s->exec);
    if (n > 0) s->failed = why;
    else s->started = 1;
    return n > 0 || emit(s, STARTED, 0);
}

static void reap(void) {
    struct signalfd_siginfo info;
    while (read(children_source.fd, &info, sizeof info) > 0) continue;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct session *s = sessions;
        while (s && (s->pid != pid || s->exited)) s = s->next;
        if (!s) continue;
        s->exited = 1;
        s->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (!s->ending) s->deadline = now() + DRAIN_MS;
        shut(&s->in);
        feed(s);
        settle(s);
    }
}

static void join(const char *name) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name);
    if (length >= (int)sizeof address.sun_path || session_count == MOST_SESSIONS) return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    struct session *s = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? calloc(1, sizeof *s) : 0;
    if (!s) {
        close(fd);
        return;
    }
    struct source *all[] = { &s->wire, &s->in, &s->out, &s->err, &s->exec };
    for (int i = 0; i < 5; i++) *all[i] = (struct source){ SESSION, WIRE + i, -1, 0, s, -1 };
    s->wire.fd = fd;
    s->next = sessions;
    sessions = s;
    session_count++;
    settle(s);
}

static void look_into_folder(void) {
    _Alignas(struct inotify_event) char events[4096];
    ssize_t n;
    while ((n = read(folder_source.fd, events, sizeof events)) > 0) {
        for (char *at = events; at < events + n;) {
            const struct inotify_event *event = (const struct inotify_event *)at;
            if (event->len > 0 && (event->mask & IN_MOVED_TO)) join(event->name);
            at += sizeof *event + event->len;
        }
    }
}

void serve_session(void *of, unsigned events) {
    struct source *source = of;
    struct session *s = source->of;
    if (source->role == FOLDER) return look_into_folder();
    if (source->role == CHILDREN) return reap();
    if (source->fd < 0 || s->dead) return; /* shut by an earlier event of the batch */
    int ok = 1;
    switch (source->role) {
    case WIRE:
        if (events & EPOLLOUT) ok = flush(s);
        if (ok && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) ok = read_wire(s);
        break;
    case IN: feed(s); break;
    case EXEC: ok = s->to > 0 || read_start(s); break;
    default: ok = read_output(s, source);
    }
    if (ok) settle(s);
    else hang_up(s);
}

/* Others hold the outputs of an ended program: what they wrote until now is the last. */
static void limit(struct source *output) {
    int waiting = 0;
    if (output->fd < 0) return;
    ioctl(output->fd, FIONREAD, &waiting);
    output->most = waiting;
    if (waiting == 0) shut(output);
}

void tend_sessions(void) {
    for (struct session **link = &sessions; *link;) {
        struct session *s = *link;
        if (s->deadline && now() >= s->deadline) {
            s->deadline = 0;
            if (s->ending) {
                signal_all(s, SIGKILL);
                s->dead = 1;
            } else {
                limit(&s->out);
                limit(&s->err);
                settle(s);
            }
        }
        if (!s->dead) {
            link = &s->next;
            continue;
        }
        *link = s->next;
        session_count--;
        free(s->request);
        free(s->marker);
        free(s);
    }
}

int session_wait(void) {
    long long least = -1;
    for (struct session *s = sessions; s; s = s->next) {
        if (!s->deadline) continue;
        long long left = s->deadline - now();
        if (left < 0) left = 0;
        if (least < 0 || left < least) least = left;
    }
    return (int)least;
}

void open_sessions(int poll, const char *of, const struct inherited *before) {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    poll_fd = poll;
    folder = of;
    original = before;
    children_source.fd = signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
    folder_source.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (children_source.fd < 0 || folder_source.fd < 0) return;
    if (inotify_add_watch(folder_source.fd, of, IN_MOVED_TO | IN_ONLYDIR) < 0) return;
    signal(SIGCHLD, SIG_DFL); /* ended children are waited for */
    sigprocmask(SIG_BLOCK, &children, 0);
    want(&children_source, EPOLLIN);
    want(&folder_source, EPOLLIN);
}
