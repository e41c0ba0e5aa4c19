import CLinux
import Foundation

/// Many connections in one thread, each with the same requests: for more clients than threads.
final class Crowd {
  /// What one connection has received, up to its end.
  struct Member {
    var descriptor: Int32
    var request: [UInt8]
    var received: [UInt8] = []
    var isOpen = true
    /// 0 for an orderly end.
    var error = 0
    var attempts = 1
  }

  private(set) var members: [Member] = []
  private let poller: Int32
  private let address: String

  init(_ address: String) {
    self.address = address
    poller = epoll_create1(Int32(EPOLL_CLOEXEC))
  }

  deinit {
    for index in members.indices where members[index].isOpen { close(index) }
    _ = hr_close(poller)
  }

  /// Opens `count` more connections; each sends `request`, which asks for the connection's end.
  func join(_ count: Int, _ request: String) throws {
    for _ in 0..<count {
      members.append(Member(descriptor: -1, request: request.bytes))
      try begin(members.count - 1)
    }
  }

  private func begin(_ index: Int) throws {
    let client = try connect(address)
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = UInt64(index)
    epoll_ctl(poller, EPOLL_CTL_ADD, client, &event)
    members[index].descriptor = client
    let bytes = members[index].request
    let sent = bytes.withUnsafeBytes { hr_send(client, $0.baseAddress!, bytes.count) }
    guard sent == bytes.count else { throw HarnessError.system("send", Int(sent)) }
  }

  private func connect(_ address: String) throws -> Int32 {
    var endpoint = try Address.parse(address)
    var inProgress: Int32 = 0
    let descriptor = hr_connect(&endpoint, &inProgress)
    guard descriptor >= 0 else { throw HarnessError.system("connect", Int(descriptor)) }
    var set = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    let deadline = Deadline(20)
    guard poll(&set, 1, deadline.milliseconds) == 1, hr_socket_error(descriptor) == 0 else {
      _ = hr_close(descriptor)
      throw HarnessError.timedOut("connect to \(address)")
    }
    return descriptor
  }

  /// Out of the poller first: while another test starts a program, the child shares the connection,
  /// and its events would go on coming.
  private func close(_ index: Int) {
    epoll_ctl(poller, EPOLL_CTL_DEL, members[index].descriptor, nil)
    _ = hr_close(members[index].descriptor)
  }

  /// Reads until every connection has ended.
  func readAll(within seconds: Double = 60) throws {
    let deadline = Deadline(seconds)
    var open = members.filter { $0.isOpen }.count
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    var piece = [UInt8](repeating: 0, count: 65_536)
    while open > 0 {
      let count = epoll_wait(poller, &events, 256, deadline.milliseconds)
      if count == 0 { throw HarnessError.timedOut("\(open) of \(members.count) connections") }
      for event in events.prefix(max(Int(count), 0)) {
        let index = Int(event.data.u64)
        guard members[index].isOpen else { continue }
        let got = hr_recv(members[index].descriptor, &piece, piece.count)
        if got > 0 {
          members[index].received += piece[..<Int(got)]
        } else if got == -Int64(ECONNRESET) || got == 0, members[index].received.isEmpty,
          members[index].attempts < 10
        {
          // The kernel's queue of the listener overflowed: nobody had accepted it. (The proxy's log
          // has an answer for each request that it got.)
          close(index)
          members[index].attempts += 1
          try begin(index)
        } else if got != -Int64(EAGAIN) {
          close(index)
          members[index].isOpen = false
          members[index].error = Int(-got)
          open -= 1
        }
      }
    }
  }

  /// Connections whose bytes do not end with an empty line and this body, after a 200.
  func wrong(_ body: String) -> Int { members.count { !isRight($0, body) } }

  /// How those ended, by kind.
  func whatIsWrong(_ body: String) -> String {
    var kinds: [String: Int] = [:]
    for member in members where !isRight(member, body) {
      let begin = Array(member.received.prefix(200)).text.prefix { $0 != "\r\n" }
      let kind =
        "error \(member.error) after \(member.attempts) attempts and "
        + "\(member.received.count) bytes, \(String(begin).debugDescription)"
      kinds[kind, default: 0] += 1
    }
    return kinds.sorted { $0.value > $1.value }.prefix(8).map { "\($0.value) times \($0.key)" }
      .joined(separator: "; ")
  }

  private func isRight(_ member: Member, _ body: String) -> Bool {
    let ending = ("\r\n\r\n" + body).bytes
    return member.received.starts(with: "HTTP/1.1 200 OK\r\n".bytes)
      && member.received.suffix(ending.count).elementsEqual(ending)
  }
}
