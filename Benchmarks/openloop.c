/* Open-loop HTTP/1.1 load at a fixed rate: a request's latency counts from the moment it was due,
 * so that a stall of the proxy is not hidden by a client that waits for it.
 *
 * usage: openloop PORT PATH RATE SECONDS CONNECTIONS
 * prints: sent ok errors p50 p90 p99 p99.9 max     (latencies in microseconds) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

typedef struct {
  int fd;
  int is_busy;
  double due;
  size_t received;
  size_t expected;  /* bytes of the whole response; 0 until its head is complete */
  char input[16384];
} Connection;

static struct {
  size_t total, sent, ok, errors, measured;
  float *latencies;
} load;

static Connection *connections;
static int *idle, idle_count;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double percentile(double share) {
  return load.measured ? load.latencies[(size_t)((load.measured - 1) * share)] : 0;
}

static void give_up(Connection *c) {
  if (!c->is_busy) return;
  load.errors++;
  c->is_busy = 0;
}

static void start(Connection *c, double due, const char *request, size_t length) {
  c->due = due;
  c->received = c->expected = 0;
  c->is_busy = 1;
  load.sent++;
  if (send(c->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) give_up(c);
}

static void read_head(Connection *c) {
  char *end = memmem(c->input, c->received, "\r\n\r\n", 4);
  if (!end) return;
  *end = 0;
  char *length = strcasestr(c->input, "content-length:");
  c->expected = (end - c->input) + 4 + (length ? strtoul(length + 15, NULL, 10) : 0);
  if (strncmp(c->input, "HTTP/1.1 200", 12)) {
    load.errors++;
    load.ok--; /* it is counted below when its body is complete */
  }
}

static void finish(Connection *c) {
  if (c->is_busy) {
    load.latencies[load.measured++] = (now() - c->due) * 1e6;
    load.ok++;
    c->is_busy = 0;
    idle[idle_count++] = c - connections;
  }
  c->received = c->expected = 0;
}

static void receive(int epoll, Connection *c) {
  for (;;) {
    /* Once the head is known, the body's bytes are counted, not kept. */
    size_t at = c->expected ? 0 : c->received;
    ssize_t count = recv(c->fd, c->input + at, sizeof c->input - at, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      give_up(c);
      epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
      close(c->fd);
      return;
    }
    c->received += count;
    if (!c->expected) read_head(c);
    if (c->expected && c->received >= c->expected) return finish(c);
  }
}

static int connect_all(int epoll, int port, int count) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1;
  connections = calloc(count, sizeof *connections);
  idle = malloc(count * sizeof *idle);
  for (int i = 0; i < count; i++) {
    int fd = connections[i].fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (void *)&address, sizeof address)) return 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {EPOLLIN, {.u32 = i}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    idle[idle_count++] = i;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 6)
    return fprintf(stderr, "usage: openloop PORT PATH RATE SECONDS CONNECTIONS\n"), 2;
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  int epoll = epoll_create1(0);
  if (!connect_all(epoll, atoi(argv[1]), atoi(argv[5]))) return perror("openloop"), 1;

  char request[1024];
  size_t length = snprintf(request, sizeof request,
                           "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: openloop\r\n\r\n",
                           argv[2]);
  load.total = rate * seconds;
  load.latencies = malloc((load.total + 1) * sizeof *load.latencies);

  double begin = now() + 0.05;
  struct epoll_event events[EVENTS_MAX];
  while (load.ok + load.errors < load.total && now() < begin + seconds + 10) {
    double time = now();
    while (load.sent < load.total && idle_count && begin + load.sent / rate <= time)
      start(&connections[idle[--idle_count]], begin + load.sent / rate, request, length);
    /* Spin while a request may become due: epoll's millisecond is too coarse. */
    int may_send = load.sent < load.total && idle_count;
    int count = epoll_wait(epoll, events, EVENTS_MAX, may_send ? 0 : 1);
    for (int i = 0; i < count; i++) receive(epoll, &connections[events[i].data.u32]);
  }

  qsort(load.latencies, load.measured, sizeof *load.latencies, by_value);
  printf("%zu %zu %zu %.0f %.0f %.0f %.0f %.0f\n", load.sent, load.ok, load.errors,
         percentile(.5), percentile(.9), percentile(.99), percentile(.999), percentile(1));
}
