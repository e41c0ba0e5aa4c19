import COpenSSL

/// What a listener needs to speak TLS: for each worker a set of `SSL_CTX` of its own, so that
/// connections count references on memory that no other worker writes.
///
/// Made by the control plane and held by the snapshots that use it (an unchanged one is handed on
/// from snapshot to snapshot). Connections keep what they need of it alive themselves.
@safe
package final class TLSServerContexts: @unchecked Sendable {
  /// The first context of each worker.
  private let sets: [OpaquePointer]

  /// Reads everything anew for each worker.
  ///
  /// - Parameter tickets: nil: clients resume no sessions.
  package static func make(
    _ settings: TLSServerSettings, tickets: TLSTicketRing?, workers: Int
  ) throws(TLSProblem) -> TLSServerContexts {
    unsafe TLSServerContexts(try sets(settings, tickets, workers))
  }

  private init(_ sets: [OpaquePointer]) { unsafe self.sets = sets }

  deinit { for index in unsafe sets.indices { unsafe SSL_CTX_free(sets[index]) } }

  package var workers: Int { unsafe sets.count }

  package func set(_ worker: Int) -> TLSServerSet { unsafe TLSServerSet(context: sets[worker]) }

  private static func sets(
    _ settings: TLSServerSettings, _ tickets: TLSTicketRing?, _ workers: Int
  ) throws(TLSProblem) -> [OpaquePointer] {
    var made: [OpaquePointer] = unsafe []
    do throws(TLSProblem) {
      for _ in 0..<workers {
        let builder = try TLSServerSetBuilder(settings, tickets)
        unsafe made.append(try builder.build())
      }
    } catch {
      for index in unsafe made.indices { unsafe SSL_CTX_free(made[index]) }
      throw error
    }
    return unsafe made
  }
}

/// One worker's part of `TLSServerContexts`: the context that connections begin with. Borrowed: its
/// owner outlives it.
@safe
package struct TLSServerSet: BitwiseCopyable, @unchecked Sendable {
  let context: OpaquePointer
}

/// What hangs on each `SSL_CTX` of a listener, freed with it.
@safe
final class TLSContextNotes: @unchecked Sendable {
  let tickets: TLSTicketRing?
  /// The names of its certificates.
  let names: TLSNames
  /// Which context serves which name; only at the first context, which the others do not point
  /// back to.
  let directory: TLSDirectory?

  init(tickets: TLSTicketRing?, names: TLSNames, directory: TLSDirectory?) {
    self.tickets = tickets
    self.names = names
    self.directory = directory
  }

  private static let index = unsafe hr_tls_new_index { _, notes, _, _, _, _ in
    // Safe: `attach` put a retained object there, and nobody else frees it.
    guard let notes = unsafe notes else { return }
    unsafe Unmanaged<TLSContextNotes>.fromOpaque(notes).release()
  }

  func attach(to context: OpaquePointer) {
    let pointer = unsafe Unmanaged.passRetained(self).toOpaque()
    unsafe SSL_CTX_set_ex_data(context, TLSContextNotes.index, pointer)
  }

  static func of(_ context: OpaquePointer?) -> TLSContextNotes? {
    guard let notes = unsafe SSL_CTX_get_ex_data(context, index) else { return nil }
    return unsafe Unmanaged<TLSContextNotes>.fromOpaque(notes).takeUnretainedValue()
  }
}

/// Which of a listener's contexts serves a name. Holds all of them but the first, which holds it.
@safe
final class TLSDirectory: @unchecked Sendable {
  /// By place in `others`, from 1; 0 is the first.
  let names: TLSNames
  private let others: [OpaquePointer]

  init(names: TLSNames, others: [OpaquePointer]) {
    self.names = names
    unsafe self.others = others
  }

  deinit { for index in unsafe others.indices { unsafe SSL_CTX_free(others[index]) } }

  var isAlone: Bool { unsafe others.isEmpty }

  /// nil for the first context.
  func context(_ place: Int) -> OpaquePointer? {
    unsafe place > 0 ? others[place - 1] : nil
  }

  /// The place for a name that a client sent.
  func find(_ name: UnsafePointer<CChar>) -> Int? {
    var count = 0
    while count < 256, unsafe name[count] != 0 { count += 1 }
    return unsafe name.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
      names.find(unsafe Span(_unsafeStart: bytes, count: count), 0, count)
    }
  }
}
