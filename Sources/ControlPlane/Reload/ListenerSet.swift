import DataPlane
import Glibc

/// Why a listener could not be opened.
public struct ListenError: Error, Sendable, CustomStringConvertible {
  let endpoint: Endpoint
  let reason: String

  public var description: String { "cannot listen on \(endpoint): \(reason)" }
}

/// The process's listening sockets: they belong to nobody's config and survive reloads.
///
/// One socket per worker where the kernel spreads connections itself (`SO_REUSEPORT`); a unix
/// socket is shared, each worker with a descriptor of its own. Workers own and close descriptors
/// once they were handed them. Used under the lock of `Proxy`.
struct ListenerSet {
  /// One address that is listened on.
  struct Entry {
    let endpoint: Endpoint
    /// With the port that the kernel gave.
    let bound: Endpoint
    /// One per worker.
    let descriptors: [Int32]
    let isShared: Bool
    var isInherited = false
  }

  private(set) var entries: [Entry] = []
  private let inherited = InheritedSockets()

  /// What a change of listeners comes to: apply it once everything else is known to be good.
  struct Change {
    var opened: [Entry] = []
    var closed: [Entry] = []
    var kept: [Entry] = []
  }

  /// Opens what is new. Nothing is changed when any of it fails.
  func prepare(_ endpoints: [Endpoint], workers: Int) -> Result<Change, ListenError> {
    var change = Change()
    for endpoint in endpoints {
      if let entry = entries.first(where: { $0.endpoint == endpoint }) {
        change.kept.append(entry)
        continue
      }
      if let entry = adopt(endpoint, workers) {
        change.opened.append(entry)
        continue
      }
      switch ListenerSet.open(endpoint, workers: workers) {
      case .success(let entry): change.opened.append(entry)
      case .failure(let error):
        ListenerSet.abandon(change)
        return .failure(error)
      }
    }
    change.closed = entries.filter { entry in !endpoints.contains(entry.endpoint) }
    return .success(change)
  }

  /// - Parameter registry: which knows the listeners by the identity that snapshots use.
  mutating func apply(_ change: Change, mailboxes: [Mailbox], registry: Registry) {
    for (index, mailbox) in mailboxes.enumerated() {
      for entry in change.closed {
        mailbox.post(.stopListening(descriptor: entry.descriptors[index]))
      }
      for entry in change.opened {
        mailbox.post(
          .listen(
            descriptor: entry.descriptors[index], isShared: entry.isShared,
            identity: registry.listener(entry.endpoint)))
      }
    }
    for entry in change.closed where !entry.isInherited { ListenerSet.removePath(entry.endpoint) }
    entries = change.kept + change.opened
  }

  /// Closes what was opened for a change that does not happen.
  static func abandon(_ change: Change) {
    for entry in change.opened {
      for descriptor in entry.descriptors { ListeningSocket.close(descriptor) }
      if !entry.isInherited { removePath(entry.endpoint) }
    }
  }

  /// The unix sockets' files go when the process does; systemd's stay.
  func removePaths() {
    for entry in entries where !entry.isInherited { ListenerSet.removePath(entry.endpoint) }
  }

  private static func removePath(_ endpoint: Endpoint) {
    if case .unix(let path) = endpoint { unlink(path) }
  }

  // MARK: Opening

  /// A socket that systemd opened for this address: shared, each worker with a copy.
  private func adopt(_ endpoint: Endpoint, _ workers: Int) -> Entry? {
    guard let descriptor = inherited.descriptor(for: endpoint) else { return nil }
    let copies = (0..<workers).map { _ in fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
    return Entry(
      endpoint: endpoint, bound: endpoint, descriptors: copies, isShared: true, isInherited: true)
  }

  private static func open(_ endpoint: Endpoint, workers: Int) -> Result<Entry, ListenError> {
    if case .unix(let path) = endpoint { return openUnix(endpoint, path, workers) }
    // Every interface: IPv6 that also takes IPv4, or IPv4 where there is no IPv6.
    if case .ip("", let port) = endpoint {
      let six = openTCP(endpoint, .ip(host: "::", port: port), workers)
      if case .success = six { return six }
      if case .failure(let error) = six, error.reason != SystemError(EAFNOSUPPORT).description,
        error.reason != SystemError(EADDRNOTAVAIL).description
      {
        return six
      }
      return openTCP(endpoint, .ip(host: "0.0.0.0", port: port), workers)
    }
    return openTCP(endpoint, endpoint, workers, v6Only: true)
  }

  private static func openTCP(
    _ written: Endpoint, _ endpoint: Endpoint, _ workers: Int, v6Only: Bool = false
  ) -> Result<Entry, ListenError> {
    func failed(_ error: SystemError) -> Result<Entry, ListenError> {
      .failure(ListenError(endpoint: written, reason: error.description))
    }
    guard let address = endpoint.literalAddress else { return failed(SystemError(EINVAL)) }
    // Without SO_REUSEPORT first: else a second instance would share the port in silence.
    var port: UInt16 = 0
    switch ListeningSocket.open(address, reusePort: false, v6Only: v6Only) {
    case .failure(let error): return failed(error)
    case .success(let descriptor):
      port = ListeningSocket.port(descriptor)
      ListeningSocket.close(descriptor)
    }
    guard let bound = endpoint.withPort(port).literalAddress else {
      return failed(SystemError(EINVAL))
    }
    var descriptors: [Int32] = []
    for _ in 0..<workers {
      switch ListeningSocket.open(bound, reusePort: true, v6Only: v6Only) {
      case .success(let descriptor): descriptors.append(descriptor)
      case .failure(let error):
        for descriptor in descriptors { ListeningSocket.close(descriptor) }
        return failed(error)
      }
    }
    return .success(
      Entry(
        endpoint: written, bound: written.withPort(port), descriptors: descriptors,
        isShared: false))
  }

  private static func openUnix(
    _ endpoint: Endpoint, _ path: String, _ workers: Int
  ) -> Result<Entry, ListenError> {
    if let error = ListeningSocket.removeStale(unixPath: path) {
      return .failure(ListenError(endpoint: endpoint, reason: error.description))
    }
    guard let address = endpoint.literalAddress else {
      return .failure(ListenError(endpoint: endpoint, reason: "the path is too long"))
    }
    switch ListeningSocket.open(address, reusePort: false) {
    case .failure(let error):
      return .failure(ListenError(endpoint: endpoint, reason: error.description))
    case .success(let descriptor):
      let copies = (1..<max(workers, 1)).map { _ in fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
      return .success(
        Entry(
          endpoint: endpoint, bound: endpoint, descriptors: [descriptor] + copies, isShared: true))
    }
  }
}
