/// System calls as Swift can use them: each wrapper returns a value >= 0 or -errno, takes and
/// returns plain integers, and hides sockaddr, errno and GNU-only names. No state, no allocation.
#pragma once
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

// MARK: bytes

/// Never blocks. 0 is the end of the stream.
static inline int64_t hr_recv(int fd, void *p, size_t n) {
  ssize_t r = recv(fd, p, n, MSG_DONTWAIT);
  return r < 0 ? -(int64_t)errno : r;
}
/// Never blocks, never raises SIGPIPE.
static inline int64_t hr_send(int fd, const void *p, size_t n) {
  ssize_t r = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
  return r < 0 ? -(int64_t)errno : r;
}
/// Two stretches of memory as one; `closes` adds CR LF, the end of a chunk.
static inline int64_t hr_send_both(
    int fd, const void *p, size_t n, const void *q, size_t m, int closes) {
  struct iovec parts[3] = {{(void *)p, n}, {(void *)q, m}, {(void *)"\r\n", 2}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = closes ? 3 : 2};
  ssize_t r = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return r < 0 ? -(int64_t)errno : r;
}
/// 1: a byte is there to read; 0: end of stream; -EAGAIN: alive and silent; other: broken.
static inline int64_t hr_peek(int fd) {
  char c;
  ssize_t r = recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK);
  return r < 0 ? -(int64_t)errno : r;
}
/// As hr_recv; the bytes stay to be received.
static inline int64_t hr_recv_peek(int fd, void *p, size_t n) {
  ssize_t r = recv(fd, p, n, MSG_DONTWAIT | MSG_PEEK);
  return r < 0 ? -(int64_t)errno : r;
}
/// As hr_send; more follows at once, so the bytes wait for it, to leave in one packet.
static inline int64_t hr_send_more(int fd, const void *p, size_t n) {
  ssize_t r = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE);
  return r < 0 ? -(int64_t)errno : r;
}
static inline int hr_shutdown_write(int fd) { return shutdown(fd, SHUT_WR) < 0 ? -errno : 0; }
static inline int hr_close(int fd) { return close(fd) < 0 ? -errno : 0; }
/// Closes with RST instead of FIN: the peer sees a broken connection, not an end.
int hr_close_reset(int fd);

// MARK: epoll

static inline int hr_epoll_create(void) {
  int r = epoll_create1(EPOLL_CLOEXEC);
  return r < 0 ? -errno : r;
}
/// Edge-triggered for reading, writing and half-close; registered once, never modified.
static inline int hr_epoll_add_stream(int ep, int fd, uint64_t token) {
  struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.u64 = token}};
  return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}
/// Level-triggered for reading: listeners and eventfds.
static inline int hr_epoll_add_level(int ep, int fd, uint64_t token) {
  struct epoll_event e = {EPOLLIN, {.u64 = token}};
  return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}
/// As above; of the epolls that share the descriptor only one is woken.
static inline int hr_epoll_add_exclusive(int ep, int fd, uint64_t token) {
  struct epoll_event e = {EPOLLIN | EPOLLEXCLUSIVE, {.u64 = token}};
  return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}
static inline int hr_epoll_remove(int ep, int fd) {
  return epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
}
static inline int hr_epoll_wait(int ep, struct epoll_event *e, int n, int milliseconds) {
  int r = epoll_wait(ep, e, n, milliseconds);
  return r < 0 ? -errno : r;
}
static inline uint64_t hr_epoll_token(const struct epoll_event *e) { return e->data.u64; }

// MARK: addresses and sockets

/// An endpoint in numbers. `family`: 4, 6 or 1 (unix). IPv4 sits in the first 4 bytes of
/// `address`. A unix path is at most 107 bytes, NUL-terminated.
typedef struct {
  uint8_t family;
  uint8_t path_length;
  uint16_t port;
  uint8_t address[16];
  uint32_t scope;
  char path[108];
} hr_endpoint;

/// Fills `out` from a literal IPv4 or IPv6 address (no brackets; `%scope` accepted).
/// 0 or -EINVAL.
int hr_endpoint_ip(const char *literal, uint16_t port, hr_endpoint *out);
/// 0 or -ENAMETOOLONG.
int hr_endpoint_unix(const char *path, hr_endpoint *out);

typedef struct {
  int reuse_port;     ///< SO_REUSEPORT
  int defer_accept;   ///< seconds of TCP_DEFER_ACCEPT; 0 is off
  int backlog;
  int v6_only;
} hr_listen_options;
/// A listening, non-blocking, close-on-exec socket. TCP_NODELAY is inherited by what it accepts.
int hr_listen(const hr_endpoint *at, hr_listen_options options);
/// The address that a stream socket which listens is bound to; -ENOTSOCK or -EINVAL when it is
/// something else.
int hr_listening_address(int fd, hr_endpoint *out);
/// The port that a listening TCP socket is bound to.
int hr_bound_port(int fd);

typedef struct {
  uint8_t family;       ///< 4, 6 or 1 (unix)
  uint8_t address[16];  ///< IPv4-mapped IPv6 arrives as family 4
  uint16_t port;
} hr_peer;
/// A non-blocking, close-on-exec socket, its peer in `peer`.
int hr_accept(int listener, hr_peer *peer);
/// Both ends of a connected socket. 0 or -errno.
int hr_socket_ends(int fd, hr_peer *remote, hr_peer *local);
/// Starts connecting: *in_progress tells whether completion is still to come by epoll.
int hr_connect(const hr_endpoint *to, int *in_progress);
/// SO_ERROR: 0 or -errno of the failed connect.
int hr_socket_error(int fd);
/// Blocking connect, send, receive with a timeout for tools and the admin server. fd or -errno.
int hr_connect_blocking(const hr_endpoint *to, int timeout_ms);
int hr_set_blocking_timeouts(int fd, int timeout_ms);

/// Resolves a name (blocking; control plane only). The number of addresses put into `out`, sorted,
/// without repeats; or -1 not found, -2 try again, -3 other, with a text from gai_strerror.
int hr_resolve(const char *name, uint16_t port, hr_endpoint *out, int max, const char **error);

// MARK: process and threads

int hr_eventfd(void);
static inline void hr_eventfd_signal(int fd) {
  uint64_t one = 1;
  ssize_t r = write(fd, &one, 8);
  (void)r;
}
static inline void hr_eventfd_clear(int fd) { uint64_t v; ssize_t r = read(fd, &v, 8); (void)r; }

uint64_t hr_now_monotonic_ns(void);
int64_t hr_now_wall_seconds(void);
/// Milliseconds since 1970.
int64_t hr_now_wall_ms(void);
/// IMF-fixdate (RFC 9110 section 5.6.7) into 29 bytes.
void hr_format_http_date(int64_t seconds, uint8_t out[29]);
/// `2026-11-20T10:00:00.123Z` into 24 bytes.
void hr_format_iso8601(int64_t milliseconds, uint8_t out[24]);

int hr_random_bytes(void *p, size_t n);
/// Cores this process may use (affinity and cgroup quota), at least 1.
int hr_usable_cores(void);
/// Raises the soft descriptor limit to the hard one; returns the limit then in force.
int64_t hr_raise_descriptor_limit(void);
/// One arena for all threads, that grows by a MiB: what a worker stores in a cache, others free,
/// and an arena of a thread asks the system for a page at a time (`mprotect`).
void hr_tune_malloc(void);
/// Blocks the signals in every thread made from now on and returns a signalfd-like descriptor
/// that reports them. `signals` ends with 0.
int hr_signalfd(const int *signals);
/// The next signal's number from that descriptor (blocking), or -errno.
int hr_signalfd_read(int fd);
void hr_ignore_sigpipe(void);
int hr_thread_name(const char *name);
/// Pages of this process in memory, in bytes.
int64_t hr_resident_bytes(void);
/// 0 when the path does not exist or was a stale socket and is gone now; -EADDRINUSE when a
/// server answers there; -errno otherwise.
int hr_unlink_stale_socket(const char *path);
/// Blocking write of all bytes to a descriptor such as stdout: 0 or -errno.
int hr_write_all(int fd, const void *p, size_t n);

// MARK: counters with one writer and any number of readers

static inline void hr_counter_add(uint64_t *p, uint64_t n) {
  __atomic_store_n(p, __atomic_load_n(p, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}
static inline void hr_counter_set(uint64_t *p, uint64_t n) {
  __atomic_store_n(p, n, __ATOMIC_RELAXED);
}
static inline uint64_t hr_counter_load(const uint64_t *p) {
  return __atomic_load_n(p, __ATOMIC_RELAXED);
}

// MARK: words that several threads write

static inline uint64_t hr_shared_load(const uint64_t *p) {
  return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}
static inline void hr_shared_store(uint64_t *p, uint64_t n) {
  __atomic_store_n(p, n, __ATOMIC_SEQ_CST);
}
/// The new value.
static inline uint64_t hr_shared_add(uint64_t *p, uint64_t n) {
  return __atomic_add_fetch(p, n, __ATOMIC_SEQ_CST);
}
/// Whether it was `expected` and is `desired` now.
static inline _Bool hr_shared_replace(uint64_t *p, uint64_t expected, uint64_t desired) {
  return __atomic_compare_exchange_n(p, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

// MARK: architecture

/// One bit per byte of `lanes` from its highest bit: PMOVMSKB on x86-64, portable elsewhere.
/// `lanes` is passed as two halves so that no vector type crosses the module's border by value
/// where the target has none.
typedef unsigned char hr_u8x16 __attribute__((ext_vector_type(16)));
static inline uint32_t hr_byte_mask_portable(hr_u8x16 v) {
  uint64_t lo, hi;
  union { hr_u8x16 v; uint64_t w[2]; } u = {.v = v};
  // Gathers the top bits of eight bytes into the top byte (Bit Twiddling Hacks, movemask).
  lo = ((u.w[0] & 0x8080808080808080ull) >> 7) * 0x0102040810204080ull >> 56;
  hi = ((u.w[1] & 0x8080808080808080ull) >> 7) * 0x0102040810204080ull >> 56;
  return (uint32_t)(lo | hi << 8);
}
static inline uint32_t hr_byte_mask(hr_u8x16 v) {
#if defined(__x86_64__)
  return (uint32_t)__builtin_ia32_pmovmskb128((__attribute__((__vector_size__(16))) char)v);
#else
  return hr_byte_mask_portable(v);
#endif
}
