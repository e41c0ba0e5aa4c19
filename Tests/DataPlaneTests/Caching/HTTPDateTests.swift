import Testing

@testable import DataPlane

/// Dates of HTTP (RFC 9110 section 5.6.7).
struct HTTPDateTests {
  private static func parse(_ value: String, now: Int64 = CacheProbe.wall) -> Int64? {
    let block = block(bytes("9" + value + "9"))
    return HTTPDate.parse(block.bytes, 1, value.unicodeScalars.count, nowSeconds: now)
  }

  @Test(
    "the three forms, without case, whatever weekday",
    arguments: [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994", "Sun Nov 06 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
      "sun, 06 nov 1994 08:49:37 gmt", "WEDNESDAY, 06-NOV-94 08:49:37 GMT",
    ])
  func forms(value: String) {
    #expect(Self.parse(value) == 784_111_777, "\(value)")
  }

  @Test(
    "what is no date",
    arguments: [
      "", "0", "-1", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06  Nov 1994 08:49:37 GMT",
      "Sun 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT",
      "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 29 Feb 1994 08:49:37 GMT", "Sun, 29 Feb 1900 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
      "Sun, 06 Nov 1994 08.49.37 GMT", "Sun, 06 Abc 1994 08:49:37 GMT",
      "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMTx",
      "Sun, 06 Nov 1994 08:49:37GMT ", "Sun, 06 Nov 1994 08:49:37 GM",
      "Sun, 06 Nov 19a4 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
      "Someday, 06-Nov-94 08:49:37 GMT", "Sunday, 32-Nov-94 08:49:37 GMT",
      "Sunday 06-Nov-94 08:49:37 GMT", "Sunday, 06 Nov 94 08:49:37 GMT",
      "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT", "Sun Nov  0 08:49:37 1994",
      "Sun Nov  6 08:49:37 94  ", "Sun, Nov 6 1994 08:49:37 GMT ", "----------------------------",
      "Wednesday,06-Nov-94 08:49:37 GMT",
    ])
  func none(value: String) {
    #expect(Self.parse(value) == nil, "\(value)")
  }

  @Test("the ends of the calendar, leap days and leap seconds")
  func ends() {
    #expect(Self.parse("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
    #expect(Self.parse("Wed, 31 Dec 1969 23:59:59 GMT") == -1)
    #expect(Self.parse("Fri, 31 Dec 9999 23:59:59 GMT") == 253_402_300_799)
    #expect(Self.parse("Sat, 01 Jan 0000 00:00:00 GMT") == -62_167_219_200)
    #expect(Self.parse("Tue, 29 Feb 2000 00:00:00 GMT") == 951_782_400)
    #expect(Self.parse("Thu, 29 Feb 2024 12:00:00 GMT") == 1_709_208_000)
    #expect(Self.parse("Tue, 19 Jan 2038 03:14:08 GMT") == 1 << 31)
    #expect(Self.parse("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_800)
  }

  @Test("two digits of a year: at most 50 years in the future, to the second")
  func twoDigits() {
    // Now is 6 November 1994, 08:49:37.
    #expect(
      Self.parse("Sunday, 06-Nov-44 08:49:37 GMT") == Self.parse("Sun, 06 Nov 2044 08:49:37 GMT"))
    #expect(
      Self.parse("Sunday, 06-Nov-44 08:49:38 GMT") == Self.parse("Sun, 06 Nov 1944 08:49:38 GMT"))
    #expect(
      Self.parse("Sunday, 06-Nov-45 08:49:37 GMT") == Self.parse("Sun, 06 Nov 1945 08:49:37 GMT"))
    #expect(
      Self.parse("Sunday, 06-Nov-00 08:49:37 GMT") == Self.parse("Sun, 06 Nov 2000 08:49:37 GMT"))
    let late = Self.parse("Wed, 01 Jan 2098 00:00:00 GMT") ?? 0
    #expect(
      Self.parse("Sunday, 06-Nov-05 08:49:37 GMT", now: late)
        == Self.parse("Sun, 06 Nov 2105 08:49:37 GMT"))
    #expect(
      Self.parse("Sunday, 06-Nov-97 08:49:37 GMT", now: late)
        == Self.parse("Sun, 06 Nov 2097 08:49:37 GMT"))
    for now in [Int64.min, -1, 0, .max] {
      #expect(Self.parse("Sunday, 06-Nov-94 08:49:37 GMT", now: now) != nil)
    }
  }

  @Test("what is written is read again, and the weekday is right")
  func roundTrip() {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    var dice = Dice(seed: 5)
    for turn in 0..<3000 {
      let second =
        turn < 1500 ? Int64(turn) * 86_399 * 7 : Int64(dice.next() % 253_402_300_800)
      let value = CacheProbe.date(second - CacheProbe.wall)
      #expect(Self.parse(value) == second, "\(value)")
      #expect(value.prefix(3) == days[Int(second / 86_400 % 7)], "\(value)")
    }
    #expect(CacheProbe.date() == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(CacheProbe.date(.min / 2) == "Thu, 01 Jan 1970 00:00:00 GMT")
    #expect(CacheProbe.date(.max / 2) == "Fri, 31 Dec 9999 23:59:59 GMT")
  }

  @Test("a day after the other, against a plain count")
  func everyDay() {
    let names = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    var expected: Int64 = -2_208_988_800  // 1900
    for year in 1900..<2110 {
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      for (month, length) in zip(names, lengths) {
        for day in [1, length] {
          let date = "Mon, \(day < 10 ? "0" : "")\(day) \(month) \(year) 00:00:00 GMT"
          let offset = Int64(day - 1) * 86_400
          #expect(Self.parse(date) == expected + offset, "\(date)")
        }
        let beyond = "Mon, \(length + 1) \(month) \(year) 00:00:00 GMT"
        #expect(Self.parse(beyond) == nil, "\(beyond)")
        expected += Int64(length) * 86_400
      }
    }
  }
}
