/// Dates of HTTP (RFC 9110 section 5.6.7), as seconds since 1970.
package enum HTTPDate {
  /// Any of the three forms; nil for everything else.
  ///
  /// Without case, as caches should (RFC 9111 section 4.2). A weekday must be one, but need not be
  /// the right one. Only GMT: other zones are no dates (same section).
  ///
  /// - Parameter nowSeconds: of the wall clock, for years of two digits: the latest year that is at
  ///   most 50 years from now.
  package static func parse(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, nowSeconds: Int64
  ) -> Int64? {
    guard count >= 24, count <= 33 else { return nil }
    if bytes[at &+ 3] == 0x2c { return fixed(bytes, at, count) }
    if bytes[at &+ 3] == 0x20 { return asctime(bytes, at, count) }
    return longName(bytes, at, count, nowSeconds)
  }

  /// `Sun, 06 Nov 1994 08:49:37 GMT`
  private static func fixed(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int64? {
    guard count == 29, isWeekday(bytes, at), bytes[at &+ 4] == 0x20, bytes[at &+ 7] == 0x20,
      bytes[at &+ 11] == 0x20, bytes[at &+ 16] == 0x20, isGMT(bytes, at &+ 26),
      let day = two(bytes, at &+ 5), let month = month(bytes, at &+ 8),
      let century = two(bytes, at &+ 12), let year = two(bytes, at &+ 14),
      let time = time(bytes, at &+ 17)
    else { return nil }
    return seconds(year: century &* 100 &+ year, month, day, time)
  }

  /// `Sunday, 06-Nov-94 08:49:37 GMT`
  private static func longName(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ now: Int64
  ) -> Int64? {
    // The comma behind the name, from which all is fixed.
    let comma = at &+ count &- 24
    guard comma > at, bytes[comma] == 0x2c, isLongWeekday(bytes, at, comma &- at),
      bytes[comma &+ 1] == 0x20, bytes[comma &+ 4] == 0x2d, bytes[comma &+ 8] == 0x2d,
      bytes[comma &+ 11] == 0x20, isGMT(bytes, comma &+ 21),
      let day = two(bytes, comma &+ 2), let month = month(bytes, comma &+ 5),
      let year = two(bytes, comma &+ 9), let time = time(bytes, comma &+ 12)
    else { return nil }
    return recent(year, month, day, time, now)
  }

  /// `Sun Nov  6 08:49:37 1994`
  private static func asctime(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int64? {
    guard count == 24, isWeekday(bytes, at), bytes[at &+ 7] == 0x20, bytes[at &+ 10] == 0x20,
      bytes[at &+ 19] == 0x20, let month = month(bytes, at &+ 4),
      let day = bytes[at &+ 8] == 0x20 ? one(bytes, at &+ 9) : two(bytes, at &+ 8),
      let time = time(bytes, at &+ 11), let century = two(bytes, at &+ 20),
      let year = two(bytes, at &+ 22)
    else { return nil }
    return seconds(year: century &* 100 &+ year, month, day, time)
  }

  /// More than 50 years in the future means the past (RFC 9110 section 5.6.7).
  private static func recent(
    _ year: Int64, _ month: Int64, _ day: Int64, _ time: Int64, _ now: Int64
  ) -> Int64? {
    let now = min(max(now, 0), 200_000_000_000)
    let current = civil(days: now / 86_400).year
    var candidate = current &- current % 100 &+ 100 &+ year
    // Fifty years before it is still to come.
    while days(candidate &- 50, month, day) &* 86_400 &+ time > now { candidate &-= 100 }
    return seconds(year: candidate, month, day, time)
  }

  // MARK: Writing

  /// Appends `Sun, 06 Nov 1994 08:49:37 GMT`; years outside of 1970...9999 are cut to it.
  package static func write(_ seconds: Int64, into block: inout Block) {
    let seconds = min(max(seconds, 0), 253_402_300_799)
    let (days, time) = (seconds / 86_400, seconds % 86_400)
    let date = civil(days: days)
    // 1 January 1970 was a Thursday.
    letters("SunMonTueWedThuFriSat", (days &+ 4) % 7, &block)
    block.append(", ")
    digits(date.day, &block)
    block.append(byte: 0x20)
    letters("JanFebMarAprMayJunJulAugSepOctNovDec", date.month &- 1, &block)
    block.append(byte: 0x20)
    digits(date.year / 100, &block)
    digits(date.year % 100, &block)
    block.append(byte: 0x20)
    digits(time / 3600, &block)
    block.append(byte: 0x3a)
    digits(time / 60 % 60, &block)
    block.append(byte: 0x3a)
    digits(time % 60, &block)
    block.append(" GMT")
  }

  private static func letters(_ names: StaticString, _ index: Int64, _ block: inout Block) {
    let at = Int(index) &* 3
    for offset in 0..<3 { block.append(byte: names.byte(at &+ offset)) }
  }

  private static func digits(_ value: Int64, _ block: inout Block) {
    block.append(byte: UInt8(truncatingIfNeeded: value / 10) &+ 0x30)
    block.append(byte: UInt8(truncatingIfNeeded: value % 10) &+ 0x30)
  }

  // MARK: Parts

  private static func one(_ bytes: borrowing Bytes, _ at: Int) -> Int64? {
    ByteClass.isDigit(bytes[at]) ? Int64(bytes[at] &- 0x30) : nil
  }

  private static func two(_ bytes: borrowing Bytes, _ at: Int) -> Int64? {
    guard ByteClass.isDigit(bytes[at]), ByteClass.isDigit(bytes[at &+ 1]) else { return nil }
    return Int64(bytes[at] &- 0x30) &* 10 &+ Int64(bytes[at &+ 1] &- 0x30)
  }

  /// `08:49:37`, in seconds; 60 seconds are a leap second.
  private static func time(_ bytes: borrowing Bytes, _ at: Int) -> Int64? {
    guard bytes[at &+ 2] == 0x3a, bytes[at &+ 5] == 0x3a, let hour = two(bytes, at),
      let minute = two(bytes, at &+ 3), let second = two(bytes, at &+ 6), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    return hour &* 3600 &+ minute &* 60 &+ second
  }

  private static func isGMT(_ bytes: borrowing Bytes, _ at: Int) -> Bool {
    bytes[at &- 1] == 0x20 && FieldParser.equals(bytes, at, 3, "gmt")
  }

  /// 1...12
  private static func month(_ bytes: borrowing Bytes, _ at: Int) -> Int64? {
    let names: StaticString = "janfebmaraprmayjunjulaugsepoctnovdec"
    return place(of: bytes, at, in: names).map { $0 &+ 1 }
  }

  private static func isWeekday(_ bytes: borrowing Bytes, _ at: Int) -> Bool {
    place(of: bytes, at, in: "sunmontuewedthufrisat") != nil
  }

  private static func isLongWeekday(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    FieldParser.equals(bytes, at, count, "sunday") || FieldParser.equals(bytes, at, count, "monday")
      || FieldParser.equals(bytes, at, count, "tuesday")
      || FieldParser.equals(bytes, at, count, "wednesday")
      || FieldParser.equals(bytes, at, count, "thursday")
      || FieldParser.equals(bytes, at, count, "friday")
      || FieldParser.equals(bytes, at, count, "saturday")
  }

  /// Which of the names of three letters it is.
  private static func place(
    of bytes: borrowing Bytes, _ at: Int, in names: StaticString
  ) -> Int64? {
    let (first, second, third) = (
      FieldLines.lower(bytes[at]), FieldLines.lower(bytes[at &+ 1]),
      FieldLines.lower(bytes[at &+ 2])
    )
    var index = 0
    while index < names.utf8CodeUnitCount {
      if names.byte(index) == first, names.byte(index &+ 1) == second,
        names.byte(index &+ 2) == third
      {
        return Int64(index / 3)
      }
      index &+= 3
    }
    return nil
  }

  // MARK: The calendar

  private static func seconds(
    year: Int64, _ month: Int64, _ day: Int64, _ time: Int64
  ) -> Int64? {
    guard day >= 1, day <= length(ofMonth: month, year) else { return nil }
    return days(year, month, day) &* 86_400 &+ time
  }

  private static func length(ofMonth month: Int64, _ year: Int64) -> Int64 {
    switch month {
    case 4, 6, 9, 11: return 30
    case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: return 31
    }
  }

  /// Days since 1970 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level
  /// date algorithms", `days_from_civil`); year 0 and later.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year &- 1 : year
    // Kept positive by four centuries.
    let years = shifted &+ 400
    let era = years / 400
    let yearOfEra = years % 400
    let dayOfYear = (153 &* (month > 2 ? month &- 3 : month &+ 9) &+ 2) / 5 &+ day &- 1
    let dayOfEra = yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear
    return (era &- 1) &* 146_097 &+ dayOfEra &- 719_468
  }

  /// The inverse, for days that are not negative (`civil_from_days`).
  private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days &+ 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra =
      (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9
    return (
      yearOfEra &+ era &* 400 &+ (month <= 2 ? 1 : 0), month,
      dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
    )
  }
}
