/// Messages of the cache's model, as text: nothing here is fast, everything is plain.
struct ModelField: Equatable, Sendable {
  var name: String
  var value: String

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

struct ModelRequest: Equatable, Sendable {
  var method = "GET"
  var path: String
  var fields: [ModelField] = []

  var bytes: [UInt8] {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: model.example\r\n"
    for field in fields { text += "\(field.name): \(field.value)\r\n" }
    if method == "POST" || method == "PUT" { text += "Content-Length: 0\r\n" }
    return Array((text + "\r\n").utf8)
  }

  var line: String {
    ([method + " " + path] + fields.map { "\($0.name): \($0.value)" }).joined(separator: " | ")
  }
}

struct ModelResponse: Equatable, Sendable {
  var status = 200
  var fields: [ModelField] = []
  var body = ""
  var isChunked = false

  /// On the wire, as the answer to this method.
  func bytes(to method: String) -> [UInt8] {
    var text = "HTTP/1.1 \(status) Some Reason\r\n"
    for field in fields { text += "\(field.name): \(field.value)\r\n" }
    let hasBody = method != "HEAD" && status != 304 && status != 204
    if status != 204, status != 304 {
      text +=
        isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(body.utf8.count)\r\n"
    }
    text += "\r\n"
    if hasBody, isChunked {
      let half = body.utf8.count / 2
      for part in [String(body.prefix(half)), String(body.dropFirst(half))] where !part.isEmpty {
        text += String(part.utf8.count, radix: 16) + "\r\n" + part + "\r\n"
      }
      text += "0\r\n\r\n"
    } else if hasBody {
      text += body
    }
    return Array(text.utf8)
  }

  var line: String {
    (["\(status)"] + fields.map { "\($0.name): \($0.value)" } + [body]).joined(separator: " | ")
  }
}

extension [ModelField] {
  func values(_ name: String) -> [String] {
    filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }

  func value(_ name: String) -> String? { values(name).first }

  func has(_ name: String) -> Bool { value(name) != nil }

  func without(_ names: [String]) -> [ModelField] {
    filter { field in !names.contains { $0.lowercased() == field.name.lowercased() } }
  }
}

/// Dates in the one form that is written (RFC 9110 section 5.6.7).
enum ModelDate {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  private static func lengths(_ year: Int) -> [Int] {
    [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  }

  private static func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }

  static func text(_ seconds: Int) -> String {
    var rest = seconds / 86_400
    let weekday = days[rest % 7]
    var year = 1970
    while rest >= (isLeap(year) ? 366 : 365) {
      rest -= isLeap(year) ? 366 : 365
      year += 1
    }
    var month = 0
    while rest >= lengths(year)[month] {
      rest -= lengths(year)[month]
      month += 1
    }
    let time = seconds % 86_400
    return "\(weekday), \(two(rest + 1)) \(months[month]) \(year) "
      + "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60)) GMT"
  }

  /// Nil for everything that `text` would not write.
  static func seconds(_ value: String) -> Int? {
    let words = value.split(separator: " ").map(String.init)
    guard words.count == 6, let day = Int(words[1]), let month = months.firstIndex(of: words[2]),
      let year = Int(words[3])
    else { return nil }
    let clock = words[4].split(separator: ":").compactMap { Int($0) }
    guard clock.count == 3, year >= 1970 else { return nil }
    var total = day - 1
    for earlier in 1970..<year { total += isLeap(earlier) ? 366 : 365 }
    for earlier in 0..<month { total += lengths(year)[earlier] }
    return total * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
  }
}
