#define _GNU_SOURCE
#include "include/clinux.h"
#include <malloc.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un un;
} address;

static socklen_t to_sockaddr(const hr_endpoint *e, address *a) {
  memset(a, 0, sizeof *a);
  if (e->family == 4) {
    a->v4.sin_family = AF_INET;
    a->v4.sin_port = htons(e->port);
    memcpy(&a->v4.sin_addr, e->address, 4);
    return sizeof a->v4;
  }
  if (e->family == 6) {
    a->v6.sin6_family = AF_INET6;
    a->v6.sin6_port = htons(e->port);
    a->v6.sin6_scope_id = e->scope;
    memcpy(&a->v6.sin6_addr, e->address, 16);
    return sizeof a->v6;
  }
  a->un.sun_family = AF_UNIX;
  memcpy(a->un.sun_path, e->path, (size_t)e->path_length + 1);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + e->path_length + 1);
}

static int family_of(const hr_endpoint *e) {
  return e->family == 4 ? AF_INET : e->family == 6 ? AF_INET6 : AF_UNIX;
}

int hr_close_reset(int fd) {
  struct linger l = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  return hr_close(fd);
}

int hr_endpoint_ip(const char *literal, uint16_t port, hr_endpoint *out) {
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
  memset(out, 0, sizeof *out);
  out->port = port;
  if (inet_pton(AF_INET, literal, out->address) == 1) {
    out->family = 4;
    return 0;
  }
  if (strlen(literal) >= sizeof text) return -EINVAL;
  strcpy(text, literal);
  char *scope = strchr(text, '%');
  if (scope) {
    *scope++ = 0;
    out->scope = if_nametoindex(scope);
    if (!out->scope) out->scope = (uint32_t)strtoul(scope, NULL, 10);
    if (!out->scope) return -EINVAL;
  }
  if (inet_pton(AF_INET6, text, out->address) != 1) return -EINVAL;
  out->family = 6;
  return 0;
}

int hr_endpoint_unix(const char *path, hr_endpoint *out) {
  size_t n = strlen(path);
  memset(out, 0, sizeof *out);
  if (n >= sizeof out->path) return -ENAMETOOLONG;
  out->family = 1;
  out->path_length = (uint8_t)n;
  memcpy(out->path, path, n + 1);
  return 0;
}

static int fail(int fd) {
  int e = errno;
  close(fd);
  return -e;
}

int hr_listen(const hr_endpoint *at, hr_listen_options o) {
  int one = 1, fd = socket(family_of(at), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  address a;
  socklen_t n = to_sockaddr(at, &a);
  if (at->family != 1) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (o.reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one)) return fail(fd);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (o.defer_accept)
      setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &o.defer_accept, sizeof o.defer_accept);
    if (at->family == 6)
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &o.v6_only, sizeof o.v6_only);
  }
  if (bind(fd, &a.any, n) || listen(fd, o.backlog)) return fail(fd);
  return fd;
}

int hr_listening_address(int fd, hr_endpoint *out) {
  address a;
  int type = 0, listening = 0;
  socklen_t n = sizeof type;
  memset(&a, 0, sizeof a);
  memset(out, 0, sizeof *out);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n)) return -errno;
  n = sizeof listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n)) return -errno;
  if (type != SOCK_STREAM || !listening) return -EINVAL;
  n = sizeof a;
  if (getsockname(fd, &a.any, &n)) return -errno;
  if (a.any.sa_family == AF_INET) {
    out->family = 4;
    out->port = ntohs(a.v4.sin_port);
    memcpy(out->address, &a.v4.sin_addr, 4);
  } else if (a.any.sa_family == AF_INET6) {
    out->family = 6;
    out->port = ntohs(a.v6.sin6_port);
    out->scope = a.v6.sin6_scope_id;
    memcpy(out->address, &a.v6.sin6_addr, 16);
  } else if (a.any.sa_family == AF_UNIX && n > offsetof(struct sockaddr_un, sun_path)) {
    return hr_endpoint_unix(a.un.sun_path, out);
  } else {
    return -EINVAL;
  }
  return 0;
}

int hr_bound_port(int fd) {
  address a;
  socklen_t n = sizeof a;
  if (getsockname(fd, &a.any, &n)) return -errno;
  if (a.any.sa_family == AF_INET) return ntohs(a.v4.sin_port);
  if (a.any.sa_family == AF_INET6) return ntohs(a.v6.sin6_port);
  return 0;
}

static void to_peer(const address *a, socklen_t n, hr_peer *peer) {
  memset(peer, 0, sizeof *peer);
  if (n >= sizeof a->v4 && a->any.sa_family == AF_INET) {
    peer->family = 4;
    peer->port = ntohs(a->v4.sin_port);
    memcpy(peer->address, &a->v4.sin_addr, 4);
  } else if (n >= sizeof a->v6 && a->any.sa_family == AF_INET6) {
    peer->port = ntohs(a->v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr)) {
      peer->family = 4;
      memcpy(peer->address, (const uint8_t *)&a->v6.sin6_addr + 12, 4);
    } else {
      peer->family = 6;
      memcpy(peer->address, &a->v6.sin6_addr, 16);
    }
  } else {
    peer->family = 1;
  }
}

int hr_accept(int listener, hr_peer *peer) {
  address a;
  socklen_t n = sizeof a;
  int fd = accept4(listener, &a.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return -errno;
  to_peer(&a, n, peer);
  return fd;
}

int hr_socket_ends(int fd, hr_peer *remote, hr_peer *local) {
  address a;
  socklen_t n = sizeof a;
  if (getpeername(fd, &a.any, &n)) return -errno;
  to_peer(&a, n, remote);
  n = sizeof a;
  if (getsockname(fd, &a.any, &n)) return -errno;
  to_peer(&a, n, local);
  return 0;
}

int hr_connect(const hr_endpoint *to, int *in_progress) {
  int one = 1, fd = socket(family_of(to), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (to->family != 1) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  address a;
  socklen_t n = to_sockaddr(to, &a);
  *in_progress = 0;
  if (connect(fd, &a.any, n) < 0) {
    if (errno != EINPROGRESS) return fail(fd);
    *in_progress = 1;
  }
  return fd;
}

int hr_socket_error(int fd) {
  int e = 0;
  socklen_t n = sizeof e;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n)) return -errno;
  return -e;
}

int hr_set_blocking_timeouts(int fd, int timeout_ms) {
  struct timeval t = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK)) return -errno;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t)) return -errno;
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t)) return -errno;
  return 0;
}

int hr_connect_blocking(const hr_endpoint *to, int timeout_ms) {
  int progress = 0, fd = hr_connect(to, &progress);
  if (fd < 0) return fd;
  if (progress) {
    struct pollfd p = {fd, POLLOUT, 0};
    int r = poll(&p, 1, timeout_ms);
    if (r < 0) return fail(fd);
    if (r == 0) {
      close(fd);
      return -ETIMEDOUT;
    }
    int e = hr_socket_error(fd);
    if (e) {
      close(fd);
      return e;
    }
  }
  int r = hr_set_blocking_timeouts(fd, timeout_ms);
  if (r < 0) {
    close(fd);
    return r;
  }
  return fd;
}

static int compare_endpoints(const void *a, const void *b) {
  const hr_endpoint *x = a, *y = b;
  if (x->family != y->family) return (int)x->family - (int)y->family;
  return memcmp(x->address, y->address, 16);
}

int hr_resolve(const char *name, uint16_t port, hr_endpoint *out, int max, const char **error) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list = NULL;
  int r = getaddrinfo(name, NULL, &hints, &list), n = 0;
  *error = r ? gai_strerror(r) : "";
  if (r) return r == EAI_NONAME || r == EAI_NODATA ? -1 : r == EAI_AGAIN ? -2 : -3;
  for (struct addrinfo *i = list; i && n < max; i = i->ai_next) {
    hr_endpoint e;
    memset(&e, 0, sizeof e);
    e.port = port;
    if (i->ai_family == AF_INET) {
      e.family = 4;
      memcpy(e.address, &((struct sockaddr_in *)i->ai_addr)->sin_addr, 4);
    } else if (i->ai_family == AF_INET6) {
      e.family = 6;
      memcpy(e.address, &((struct sockaddr_in6 *)i->ai_addr)->sin6_addr, 16);
      e.scope = ((struct sockaddr_in6 *)i->ai_addr)->sin6_scope_id;
    } else {
      continue;
    }
    out[n++] = e;
  }
  freeaddrinfo(list);
  qsort(out, (size_t)n, sizeof *out, compare_endpoints);
  int kept = 0;
  for (int i = 0; i < n; i++)
    if (!kept || compare_endpoints(&out[kept - 1], &out[i])) out[kept++] = out[i];
  return kept;
}

int hr_eventfd(void) {
  int r = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return r < 0 ? -errno : r;
}

uint64_t hr_now_monotonic_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

int64_t hr_now_wall_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec;
}

int64_t hr_now_wall_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void hr_format_http_date(int64_t seconds, uint8_t out[29]) {
  static const char days[] = "SunMonTueWedThuFriSat";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  time_t t = (time_t)seconds;
  struct tm m;
  gmtime_r(&t, &m);
  char text[64];
  snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * m.tm_wday,
           m.tm_mday, months + 3 * m.tm_mon, m.tm_year + 1900, m.tm_hour, m.tm_min, m.tm_sec);
  memcpy(out, text, 29);
}

void hr_format_iso8601(int64_t milliseconds, uint8_t out[24]) {
  time_t t = (time_t)(milliseconds / 1000);
  struct tm m;
  gmtime_r(&t, &m);
  char text[64];
  snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", m.tm_year + 1900, m.tm_mon + 1,
           m.tm_mday, m.tm_hour, m.tm_min, m.tm_sec, (int)(milliseconds % 1000));
  memcpy(out, text, 24);
}

int hr_random_bytes(void *p, size_t n) {
  size_t done = 0;
  while (done < n) {
    ssize_t r = getrandom((char *)p + done, n - done, 0);
    if (r < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    done += (size_t)r;
  }
  return 0;
}

int hr_usable_cores(void) {
  cpu_set_t set;
  int cores = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
  FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
  if (f) {
    long quota, period;
    if (fscanf(f, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0) {
      int allowed = (int)((quota + period - 1) / period);
      if (allowed < cores) cores = allowed;
    }
    fclose(f);
  }
  return cores < 1 ? 1 : cores;
}

int64_t hr_raise_descriptor_limit(void) {
  struct rlimit l;
  if (getrlimit(RLIMIT_NOFILE, &l)) return 1024;
  if (l.rlim_cur < l.rlim_max) {
    struct rlimit wanted = {l.rlim_max, l.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) l = wanted;
  }
  return l.rlim_cur > 1 << 24 ? 1 << 24 : (int64_t)l.rlim_cur;
}

void hr_tune_malloc(void) {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TOP_PAD, 1 << 20);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 32 << 20);
}

int hr_signalfd(const int *signals) {
  sigset_t set;
  sigemptyset(&set);
  for (; *signals; signals++) sigaddset(&set, *signals);
  int r = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (r) return -r;
  r = signalfd(-1, &set, SFD_CLOEXEC);
  return r < 0 ? -errno : r;
}

int hr_signalfd_read(int fd) {
  struct signalfd_siginfo i;
  for (;;) {
    ssize_t r = read(fd, &i, sizeof i);
    if (r == (ssize_t)sizeof i) return (int)i.ssi_signo;
    if (r < 0 && errno == EINTR) continue;
    return r < 0 ? -errno : -EIO;
  }
}

void hr_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

int hr_thread_name(const char *name) { return -pthread_setname_np(pthread_self(), name); }

int64_t hr_resident_bytes(void) {
  FILE *f = fopen("/proc/self/statm", "re");
  long size = 0, resident = 0;
  if (!f) return 0;
  int n = fscanf(f, "%ld %ld", &size, &resident);
  fclose(f);
  return n == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : 0;
}

int hr_unlink_stale_socket(const char *path) {
  struct stat s;
  if (lstat(path, &s)) return errno == ENOENT ? 0 : -errno;
  if (!S_ISSOCK(s.st_mode)) return -EEXIST;
  hr_endpoint e;
  int r = hr_endpoint_unix(path, &e);
  if (r < 0) return r;
  int progress, fd = hr_connect(&e, &progress);
  if (fd >= 0) {
    close(fd);
    return -EADDRINUSE;
  }
  if (fd == -EAGAIN) return -EADDRINUSE;
  return unlink(path) ? -errno : 0;
}

int hr_write_all(int fd, const void *p, size_t n) {
  size_t done = 0;
  while (done < n) {
    ssize_t r = write(fd, (const char *)p + done, n - done);
    if (r >= 0) {
      done += (size_t)r;
    } else if (errno == EAGAIN) {
      struct pollfd w = {fd, POLLOUT, 0};
      poll(&w, 1, 1000);
    } else if (errno != EINTR) {
      return -errno;
    }
  }
  return 0;
}
