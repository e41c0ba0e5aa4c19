/// A fixed row of plain values that never moves and is never counted: what a snapshot is made of.
///
/// Written once, then only read, by any thread.
@safe
package struct Table<Row: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
  private let rows: UnsafeMutablePointer<Row>
  package let count: Int

  package init(_ source: [Row]) {
    count = source.count
    unsafe rows = .allocate(capacity: max(source.count, 1))
    for (index, row) in source.enumerated() { unsafe (rows + index).initialize(to: row) }
  }

  deinit { unsafe rows.deallocate() }

  package subscript(index: Int) -> Row {
    @inline(__always) unsafeAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return unsafe UnsafePointer(rows + index)
    }
  }

  /// All rows.
  package var span: Span<Row> {
    @_lifetime(borrow self) @inline(__always) get {
      let span = unsafe Span<Row>(_unsafeStart: rows, count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
