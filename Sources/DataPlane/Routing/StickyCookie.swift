/// Which backend a request is bound to by its cookies. Pure.
enum StickyCookie {
  /// More cookies of the pool's name than this are not looked at: browsers send one for each path
  /// and domain.
  private static var candidatesMax: Int { 16 }

  /// The place in the pool of the backend that the first known token names, in the order of the
  /// fields; nil when there is none. `head` describes `bytes[origin...]`.
  static func place(
    _ policy: StickyPolicy, _ snapshot: borrowing Snapshot, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) -> Int? {
    let (nameAt, nameCount) = (Int(policy.cookie.offset), Int(policy.cookie.count))
    var left = candidatesMax
    for index in 0..<head.fieldCount where head.fields[index].id == .cookie {
      var at = origin &+ Int(head.fields[index].value)
      let end = at &+ Int(head.fields[index].valueLength)
      while left > 0,
        let value = CookieParser.next(
          snapshot.text.span, nameAt, nameCount, in: bytes, from: &at, to: end)
      {
        left &-= 1
        if let token = StickyToken(bytes, value.at, value.count),
          let place = snapshot.sticky.place(of: token, policy)
        {
          return place
        }
      }
    }
    return nil
  }
}
