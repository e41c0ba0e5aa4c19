import CCounting
import Glibc
import Testing

/// The counters can fail: each counts what was planted, on this thread and no other, and nothing
/// else.
@Suite("Counting") struct CountingTests {
  private final class Box {
    var next: Box?
  }

  init() throws { try #require(counting_is_complete()) }

  /// What `body` does.
  private func count(_ body: () -> Void) -> counting_totals {
    counting_start(false)
    body()
    return counting_stop()
  }

  @Test("nothing counts nothing")
  func nothing() {
    let totals = count {}
    #expect(totals.allocations == 0 && totals.frees == 0)
    #expect(totals.retains == 0 && totals.releases == 0)
    #expect(totals.locks == 0 && totals.reads == 0 && totals.connection_calls == 0)
    #expect(totals.receives == 0 && totals.sends == 0 && totals.waits == 0)
  }

  @Test("each of C's ways to allocate is counted once")
  func allocations() {
    var memory: [UnsafeMutableRawPointer?] = [nil, nil, nil, nil, nil]
    let totals = memory.withUnsafeMutableBufferPointer { memory in
      count {
        memory[0] = malloc(100)
        memory[1] = calloc(10, 10)
        memory[2] = realloc(nil, 100)
        memory[3] = aligned_alloc(64, 128)
        posix_memalign(&memory[4], 64, 100)
      }
    }
    #expect(totals.allocations == 5)
    #expect(totals.frees == 0)
    #expect(!memory.contains(nil))
    let (first, last) = (memory[0], memory[4])
    let freed = count {
      free(first)
      free(last)
    }
    #expect(freed.allocations == 0)
    #expect(freed.frees == 2)
    for pointer in memory[1...3] { free(pointer) }
  }

  @Test("an object of Swift is an allocation; an array that grows is one more")
  func swiftAllocations() {
    // What the runtime makes once for a type is made before.
    var warm: [UInt64] = []
    warm.reserveCapacity(10)
    var box: Box? = Box()
    let totals = count { box = Box() }
    #expect(totals.allocations == 1)
    #expect(box != nil)
    var array: [UInt64] = []
    let growth = count { array.reserveCapacity(100) }
    #expect(growth.allocations == 1)
    #expect(array.isEmpty && warm.isEmpty)
  }

  @Test("a reference that is kept is a retain, one that is dropped a release")
  func references() {
    let box = Box()
    var kept: [Box?] = [nil, nil, nil]
    let totals = kept.withUnsafeMutableBufferPointer { kept in
      count { for index in kept.indices { kept[index] = box } }
    }
    // Optimised code may retain three at once; debug code does more than is asked.
    #expect(totals.retains >= 1)
    let dropped = kept.withUnsafeMutableBufferPointer { kept in
      count { for index in kept.indices { kept[index] = nil } }
    }
    #expect(dropped.releases >= 3)
    #expect(box.next == nil)
  }

  private typealias Entry = @convention(c) (UnsafeMutableRawPointer) -> Void

  @Test(
    "the runtime's entries count exactly once",
    arguments: [
      ("swift_retain", "swift_release"), ("swift_bridgeObjectRetain", "swift_bridgeObjectRelease"),
    ])
  func exactReferences(_ retainName: String, _ releaseName: String) throws {
    let retain = unsafeBitCast(try #require(dlsym(nil, retainName)), to: Entry.self)
    let release = unsafeBitCast(try #require(dlsym(nil, releaseName)), to: Entry.self)
    let box = Unmanaged.passRetained(Box())
    let object = box.toOpaque()
    let totals = count { for _ in 0..<10 { retain(object) } }
    #expect(totals.retains == 10)
    #expect(totals.releases == 0)
    let released = count { for _ in 0..<10 { release(object) } }
    #expect(released.releases == 10)
    #expect(released.retains == 0)
    box.release()
  }

  @Test("what is not an object passes the counted entries unharmed")
  func immediates() {
    // A small string holds its text where a large one holds its object.
    var texts = ["small", String(repeating: "large", count: 10)]
    let copies = texts
    texts.append(copies[0] + "er")
    #expect(texts == ["small", copies[1], "smaller"])
  }

  @Test("a lock is counted")
  func locks() {
    var mutex = pthread_mutex_t()
    pthread_mutex_init(&mutex, nil)
    let totals = withUnsafeMutablePointer(to: &mutex) { mutex in
      count {
        pthread_mutex_lock(mutex)
        pthread_mutex_unlock(mutex)
      }
    }
    #expect(totals.locks == 1)
  }

  @Test("receives, sends and reads are counted")
  func systemCalls() {
    var pair: [Int32] = [-1, -1]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
    var byte: UInt8 = 1
    let (left, right) = (pair[0], pair[1])
    let totals = withUnsafeMutablePointer(to: &byte) { byte in
      count {
        _ = send(left, byte, 1, 0)
        _ = recv(right, byte, 1, 0)
        _ = send(left, byte, 1, 0)
        _ = read(right, byte, 1)
        close(left)
        close(right)
      }
    }
    #expect(totals.sends == 2)
    #expect(totals.receives == 1)
    #expect(totals.reads == 1)
    #expect(totals.connection_calls == 2)
  }

  @Test("other threads are not counted")
  func otherThreads() {
    var thread = pthread_t()
    let totals = withUnsafeMutablePointer(to: &thread) { thread in
      count {
        pthread_create(
          thread, nil,
          { _ in
            for _ in 0..<1000 { free(malloc(10)) }
            return nil
          }, nil)
        pthread_join(thread.pointee, nil)
      }
    }
    #expect(totals.frees < 100)
  }
}
