/* The floor: a relay that looks at nothing. Every client connection has its own origin connection,
 * and bytes are copied with recv and send. No HTTP proxy with two sockets per request and an epoll
 * loop can be cheaper on the same system calls; what a proxy costs above this is its own work.
 *
 * usage: relay PORT ORIGIN_PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 512 };

typedef struct Side {
  int fd;
  int is_closed;
  struct Side *peer;
  /* Bytes for this side that did not fit into its socket. While there are some, the peer is not
   * read. */
  char *pending;
  size_t offset, length;
} Side;

/* Both sides in one allocation, freed at the end of the event batch: an event of the same batch may
 * still point to a side that was just closed. */
typedef struct Pair {
  Side client, origin;
  struct Pair *next_closed;
} Pair;

static int epoll;
static Pair *closed;
static char buffer[262144];

static void watch(Side *s, int operation, uint32_t events) {
  struct epoll_event event = {events, {.ptr = s}};
  epoll_ctl(epoll, operation, s->fd, &event);
}

/* A side is read while its peer has nothing pending, and watched for room while it has itself. */
static void rewatch(Side *s) {
  watch(s, EPOLL_CTL_MOD, (s->peer->pending ? 0 : EPOLLIN) | (s->pending ? EPOLLOUT : 0));
}

static Pair *pair_of(Side *s) {
  /* The client is the first member, and the origin follows it. */
  return (Pair *)(s < s->peer ? s : s->peer);
}

static void close_both(Side *s) {
  if (s->is_closed) return;
  s->is_closed = s->peer->is_closed = 1;
  close(s->fd);
  close(s->peer->fd);
  Pair *pair = pair_of(s);
  pair->next_closed = closed;
  closed = pair;
}

static void free_closed(void) {
  while (closed) {
    Pair *pair = closed;
    closed = pair->next_closed;
    free(pair->client.pending);
    free(pair->origin.pending);
    free(pair);
  }
}

/* From `s`, which is readable, to its peer. */
static void pump(Side *s) {
  Side *to = s->peer;
  if (to->pending) return;
  ssize_t received = recv(s->fd, buffer, sizeof buffer, 0);
  if (received < 0 && errno == EAGAIN) return;
  if (received <= 0) return close_both(s);

  ssize_t sent = send(to->fd, buffer, received, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) return close_both(s);
    sent = 0;
  }
  if (sent < received) {
    to->length = received - sent;
    to->offset = 0;
    to->pending = malloc(to->length);
    memcpy(to->pending, buffer + sent, to->length);
    rewatch(to);
    rewatch(s);
  }
}

static void flush(Side *s) {
  ssize_t sent = send(s->fd, s->pending + s->offset, s->length - s->offset, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) close_both(s);
    return;
  }
  s->offset += sent;
  if (s->offset < s->length) return;
  free(s->pending);
  s->pending = NULL;
  rewatch(s);
  rewatch(s->peer);
}

static void accept_all(int listener, const struct sockaddr_in *origin) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    int upstream = socket(AF_INET, SOCK_STREAM, 0);
    /* Blocking: over loopback a connect to a listening socket returns at once. */
    if (upstream < 0 || connect(upstream, (void *)origin, sizeof *origin)) {
      if (upstream >= 0) close(upstream);
      close(fd);
      continue;
    }
    fcntl(upstream, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(upstream, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Pair *pair = calloc(1, sizeof *pair);
    pair->client.fd = fd;
    pair->client.peer = &pair->origin;
    pair->origin.fd = upstream;
    pair->origin.peer = &pair->client;
    watch(&pair->client, EPOLL_CTL_ADD, EPOLLIN);
    watch(&pair->origin, EPOLL_CTL_ADD, EPOLLIN);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return fprintf(stderr, "usage: relay PORT ORIGIN_PORT\n"), 2;
  signal(SIGPIPE, SIG_IGN);

  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in origin = address;
  origin.sin_port = htons(atoi(argv[2]));
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 65535))
    return perror("relay"), 1;

  epoll = epoll_create1(0);
  struct epoll_event accepts = {EPOLLIN, {.ptr = NULL}}, events[EVENTS_MAX];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &accepts);
  for (;;) {
    int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      Side *side = events[i].data.ptr;
      if (!side) accept_all(listener, &origin);
      else if (side->is_closed) continue;
      else if (side->pending && (events[i].events & EPOLLOUT)) flush(side);
      else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) pump(side);
    }
    free_closed();
  }
}
