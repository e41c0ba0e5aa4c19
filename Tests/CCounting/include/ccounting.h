/// Counts what a thread does between `counting_start` and `counting_stop`: exactly, each call once.
///
/// Only for tests. Linked into the test program, it takes the place of the C library's functions
/// for the whole process; other threads, and this one outside of the two calls, are not counted.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  /// malloc, calloc, realloc, memalign, aligned_alloc, posix_memalign; so `swift_allocObject` too.
  uint64_t allocations;
  uint64_t frees;
  /// Calls of swift_retain and swift_retain_n, also through swift_bridgeObjectRetain; of an object
  /// that is not counted (nil, static) as well: the call is what costs.
  uint64_t retains;
  uint64_t releases;
  /// pthread_mutex_lock and pthread_rwlock_*lock, and `syscall`, through which Swift's `Mutex`
  /// waits.
  uint64_t locks;
  uint64_t receives;
  uint64_t sends;
  uint64_t waits;
  /// read: of an eventfd, that is, of the mailbox.
  uint64_t reads;
  /// epoll_ctl, connect, accept4, shutdown, close: what opens and closes connections.
  uint64_t connection_calls;
} counting_totals;

/// False where retains and releases cannot be counted: not x86-64, or a runtime of another build.
bool counting_is_complete(void);
/// Counts from zero. With `trace`, the first 20 counted calls that should not be (allocations,
/// retains, releases, locks) write a backtrace to stderr.
void counting_start(bool trace);
/// Goes on counting after `counting_stop`.
void counting_resume(void);
counting_totals counting_stop(void);
