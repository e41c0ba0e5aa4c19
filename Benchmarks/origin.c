/* A minimal HTTP/1.1 origin for benchmarks: one thread, epoll, prebuilt responses.
 *
 * GET /b/<size>[?..]       <size> bytes, Cache-Control: no-store
 * GET /static/<size>[?..]  <size> bytes, Cache-Control: public, max-age=3600
 * A request body (Content-Length) is read and dropped before the answer.
 *
 * usage: origin PORT
 *
 * Good for proxies that behave: it checks nothing and answers 200 to everything. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RESPONSES_MAX = 64, EVENTS_MAX = 512 };

typedef struct {
  size_t length;
  char *bytes;
} Response;

typedef struct {
  int fd;
  int closes;           /* the client asked for `Connection: close` */
  size_t received;      /* bytes in `input` */
  size_t body_left;     /* of the request, to be dropped */
  Response *response;   /* what is being sent, once the body was dropped */
  size_t sent;
  char input[65536];
} Connection;

static int epoll;

/* ---- responses, made once for each size ---- */

static Response *response_of(size_t size, int cacheable) {
  static struct {
    size_t size;
    int cacheable;
    Response response;
  } made[RESPONSES_MAX];
  static int count;

  for (int i = 0; i < count; i++)
    if (made[i].size == size && made[i].cacheable == cacheable) return &made[i].response;
  if (count == RESPONSES_MAX) return &made[0].response;

  char head[512];
  int head_length = snprintf(
      head, sizeof head,
      "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Fri, 20 Nov 2026 00:00:00 GMT\r\n"
      "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n"
      "Cache-Control: %s\r\nETag: \"v1-%zu\"\r\n\r\n",
      size, cacheable ? "public, max-age=3600" : "no-store", size);
  char *bytes = malloc(head_length + size);
  memcpy(bytes, head, head_length);
  for (size_t i = 0; i < size; i++) bytes[head_length + i] = 'a' + i % 26;

  made[count].size = size;
  made[count].cacheable = cacheable;
  made[count].response = (Response){head_length + size, bytes};
  return &made[count++].response;
}

/* ---- connections ---- */

static void watch(Connection *c, int operation, uint32_t events) {
  struct epoll_event event = {events, {.ptr = c}};
  epoll_ctl(epoll, operation, c->fd, &event);
}

static void drop(Connection *c) {
  close(c->fd);
  free(c);
}

static void consume(Connection *c, size_t count) {
  memmove(c->input, c->input + count, c->received - count);
  c->received -= count;
}

/* Receives what is there. 1: some bytes. 0: nothing now. -1: the connection is gone. */
static int receive(Connection *c) {
  ssize_t count = recv(c->fd, c->input + c->received, sizeof c->input - c->received, 0);
  if (count > 0) {
    c->received += count;
    return 1;
  }
  return count < 0 && errno == EAGAIN ? 0 : -1;
}

/* 1: all was sent. 0: the socket is full. -1: the connection is gone. */
static int send_response(Connection *c) {
  while (c->sent < c->response->length) {
    ssize_t count = send(c->fd, c->response->bytes + c->sent, c->response->length - c->sent,
                         MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN) return -1;
      watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
      return 0;
    }
    c->sent += count;
  }
  c->response = NULL;
  c->sent = 0;
  return c->closes ? -1 : 1;
}

/* Takes a request head out of the input. 0: it is not complete. */
static int take_head(Connection *c) {
  char *end = memmem(c->input, c->received, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t length = end + 4 - c->input;
  *end = 0;

  int cacheable = 0;
  size_t size = 0;
  char *path = strchr(c->input, ' ');
  if (path && !strncmp(path + 1, "/static/", 8)) {
    cacheable = 1;
    size = strtoul(path + 9, NULL, 10);
  } else if (path && !strncmp(path + 1, "/b/", 3)) {
    size = strtoul(path + 4, NULL, 10);
  }
  char *body = strcasestr(c->input, "\ncontent-length:");
  c->body_left = body ? strtoul(body + 16, NULL, 10) : 0;
  if (strcasestr(c->input, "\nconnection: close")) c->closes = 1;

  consume(c, length);
  c->response = response_of(size, cacheable);
  return 1;
}

/* Goes on until there is nothing to receive or no room to send. */
static void run(Connection *c) {
  for (;;) {
    if (c->body_left) {
      size_t count = c->received < c->body_left ? c->received : c->body_left;
      consume(c, count);
      c->body_left -= count;
    }
    if (!c->body_left && c->response) {
      int was_blocked = c->sent > 0;
      int status = send_response(c);
      if (status < 0) return drop(c);
      if (status == 0) return;
      if (was_blocked) watch(c, EPOLL_CTL_MOD, EPOLLIN);
    }
    if (!c->body_left && c->received && take_head(c)) continue;
    int status = receive(c);
    if (status < 0) return drop(c);
    if (status == 0) return;
  }
}

static void accept_all(int listener) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Connection *c = malloc(sizeof *c); /* not zeroed: most of the input is never touched */
    c->fd = fd;
    c->closes = 0;
    c->received = c->body_left = c->sent = 0;
    c->response = NULL;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: origin PORT\n"), 2;
  signal(SIGPIPE, SIG_IGN);

  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 65535))
    return perror("origin"), 1;

  epoll = epoll_create1(0);
  struct epoll_event accepts = {EPOLLIN, {.ptr = NULL}}, events[EVENTS_MAX];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &accepts);
  for (;;) {
    int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr) run(events[i].data.ptr);
      else accept_all(listener);
    }
  }
}
