#define _GNU_SOURCE
#include "ccounting.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// MARK: the counters

static __thread counting_totals totals;
static __thread bool counts;
static __thread int traces;

void counting_start(bool trace) {
  void *warm[1];
  if (trace) backtrace(warm, 1);  // the first call loads a library
  totals = (counting_totals){0};
  traces = trace ? 20 : 0;
  counts = true;
}

void counting_resume(void) { counts = true; }

counting_totals counting_stop(void) {
  counts = false;
  return totals;
}

static void trace(const char *what, size_t length) {
  void *frames[24];
  counts = false;
  traces--;
  ssize_t ignored = write(2, what, length);
  (void)ignored;
  backtrace_symbols_fd(frames, backtrace(frames, 24), 2);
  counts = true;
}

#define COUNT(field) \
  do { \
    if (counts) totals.field++; \
  } while (0)

#define COUNT_COST(field) \
  do { \
    if (!counts) break; \
    totals.field++; \
    if (traces > 0) trace("== " #field "\n", sizeof "== " #field); \
  } while (0)

// MARK: memory

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

void *malloc(size_t size) {
  COUNT_COST(allocations);
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  COUNT_COST(allocations);
  return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
  COUNT_COST(allocations);
  return __libc_realloc(old, size);
}
void *memalign(size_t alignment, size_t size) {
  COUNT_COST(allocations);
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  COUNT_COST(allocations);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
  COUNT_COST(allocations);
  void *memory = __libc_memalign(alignment, size);
  if (!memory) return ENOMEM;
  *out = memory;
  return 0;
}
void free(void *old) {
  if (old) COUNT(frees);
  __libc_free(old);
}

// MARK: reference counts

// The runtime has hooks for Instruments (`_swift_retain` and a flag), but Swift 6.3's mistake a
// small string for an object and crash, and interposing `swift_retain` misses the standard
// library's own calls, which are bound inside it. So the first bytes of the four functions become a
// jump to ours, and ours go on to the bodies that the hooks point to: every retain passes here,
// also that of swift_bridgeObjectRetain. Done before `main`, while there is one thread.
static void *(*original_retain)(void *);
static void (*original_release)(void *);
static void *(*original_retain_n)(void *, uint32_t);
static void (*original_release_n)(void *, uint32_t);

static void *counted_retain(void *object) {
  COUNT_COST(retains);
  return original_retain(object);
}
static void counted_release(void *object) {
  COUNT_COST(releases);
  original_release(object);
}
static void *counted_retain_n(void *object, uint32_t count) {
  COUNT_COST(retains);
  return original_retain_n(object, count);
}
static void counted_release_n(void *object, uint32_t count) {
  COUNT_COST(releases);
  original_release_n(object, count);
}

static bool patched;

bool counting_is_complete(void) { return patched; }

#if defined(__x86_64__)
/// The body behind a hook of the runtime.
static void *body(const char *hook) {
  void **pointer = dlsym(RTLD_DEFAULT, hook);
  return pointer ? *pointer : NULL;
}

/// Makes the function begin with `movabs $target, %rax; jmp *%rax`.
static bool redirect(const char *name, void *target) {
  uint8_t *code = dlsym(RTLD_DEFAULT, name);
  if (!code) return false;
  uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
  void *page = (void *)((uintptr_t)code & ~(size - 1));
  if (mprotect(page, 2 * size, PROT_READ | PROT_WRITE | PROT_EXEC)) return false;
  uint8_t jump[12] = {0x48, 0xb8, [10] = 0xff, [11] = 0xe0};
  memcpy(jump + 2, &target, sizeof target);
  memcpy(code, jump, sizeof jump);
  return mprotect(page, 2 * size, PROT_READ | PROT_EXEC) == 0;
}

__attribute__((constructor)) static void patch(void) {
  original_retain = (void *(*)(void *))body("_swift_retain");
  original_release = (void (*)(void *))body("_swift_release");
  original_retain_n = (void *(*)(void *, uint32_t))body("_swift_retain_n");
  original_release_n = (void (*)(void *, uint32_t))body("_swift_release_n");
  if (!original_retain || !original_release || !original_retain_n || !original_release_n) return;
  patched = redirect("swift_retain", (void *)counted_retain)
            && redirect("swift_release", (void *)counted_release)
            && redirect("swift_retain_n", (void *)counted_retain_n)
            && redirect("swift_release_n", (void *)counted_release_n);
}
#endif

// MARK: locks

// Looked up at the first call, which may come before any constructor of ours.
#define REAL(name) \
  static typeof(&name) real; \
  if (!real) real = (typeof(&name))dlsym(RTLD_NEXT, #name)

int pthread_mutex_lock(pthread_mutex_t *mutex) {
  REAL(pthread_mutex_lock);
  COUNT_COST(locks);
  return real(mutex);
}
int pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
  REAL(pthread_rwlock_rdlock);
  COUNT_COST(locks);
  return real(lock);
}
int pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
  REAL(pthread_rwlock_wrlock);
  COUNT_COST(locks);
  return real(lock);
}

long syscall(long number, ...) {
  REAL(syscall);
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
  long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  COUNT_COST(locks);
  return real(number, a, b, c, d, e, f);
}

// MARK: system calls

ssize_t recv(int fd, void *bytes, size_t count, int flags) {
  REAL(recv);
  COUNT(receives);
  return real(fd, bytes, count, flags);
}
ssize_t send(int fd, const void *bytes, size_t count, int flags) {
  REAL(send);
  COUNT(sends);
  return real(fd, bytes, count, flags);
}
int epoll_wait(int epoll, struct epoll_event *events, int most, int milliseconds) {
  REAL(epoll_wait);
  COUNT(waits);
  return real(epoll, events, most, milliseconds);
}
ssize_t read(int fd, void *bytes, size_t count) {
  REAL(read);
  COUNT(reads);
  return real(fd, bytes, count);
}
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  REAL(epoll_ctl);
  COUNT(connection_calls);
  return real(epoll, operation, fd, event);
}
int connect(int fd, const struct sockaddr *address, socklen_t length) {
  REAL(connect);
  COUNT(connection_calls);
  return real(fd, address, length);
}
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  REAL(accept4);
  COUNT(connection_calls);
  return real(fd, address, length, flags);
}
int shutdown(int fd, int how) {
  REAL(shutdown);
  COUNT(connection_calls);
  return real(fd, how);
}
int close(int fd) {
  REAL(close);
  COUNT(connection_calls);
  return real(fd);
}
