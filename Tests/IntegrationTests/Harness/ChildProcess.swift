import CLinux
import Foundation
import Synchronization

/// A program started by a test: output goes to files, it is ended by its own id, and it cannot
/// outlive the test process (see `Watchdog`).
final class ChildProcess: @unchecked Sendable {
  enum Status: Equatable {
    case exited(Int32)
    case killed(Int32)
  }

  let id: pid_t
  private let outputPath: String
  private let errorPath: String
  private var status: Status?

  /// `folder` receives the output files `out` and `err`.
  init(
    _ arguments: [String], folder: String, environment extra: [String: String] = [:]
  ) throws {
    outputPath = folder + "/out"
    errorPath = folder + "/err"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, flags, 0o600)
    var variables = ProcessInfo.processInfo.environment
    variables["SWIFT_BACKTRACE"] = "enable=no"
    // What lives as long as the process is no leak; their exit statuses hide ours.
    variables["ASAN_OPTIONS"] = variables["ASAN_OPTIONS"] ?? "detect_leaks=0"
    variables["TSAN_OPTIONS"] = variables["TSAN_OPTIONS"] ?? "report_thread_leaks=0"
    variables.merge(extra) { _, new in new }
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var id: pid_t = 0
    let result = posix_spawnp(&id, arguments[0], &actions, nil, &argv, &envp)
    guard result == 0 else { throw HarnessError.system("spawn \(arguments[0])", Int(result)) }
    self.id = id
    Watchdog.shared.watch(id)
  }

  deinit { kill() }

  var output: String { Self.text(outputPath) }
  var errors: String { Self.text(errorPath) }

  private static func text(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { [UInt8]($0).text } ?? ""
  }

  /// nil while it runs.
  var exitStatus: Status? {
    if let status { return status }
    var raw: Int32 = 0
    guard waitpid(id, &raw, WNOHANG) == id else { return nil }
    // WIFEXITED and WEXITSTATUS are macros that Swift does not see.
    status = raw & 0x7f == 0 ? .exited((raw >> 8) & 0xff) : .killed(raw & 0x7f)
    Watchdog.shared.forget(id)
    return status
  }
  var isRunning: Bool { exitStatus == nil }

  func signal(_ number: Int32) { if isRunning { Glibc.kill(id, number) } }

  func waitForExit(within seconds: Double = 10) throws -> Status {
    try wait(for: "process \(id) to exit", within: seconds) { !isRunning }
    return exitStatus!
  }

  /// Ends it now, whatever it does.
  func kill() {
    guard isRunning else { return }
    Glibc.kill(id, SIGKILL)
    _ = try? waitForExit()
  }

  /// A line such as `VmRSS` of /proc/ID/status, in bytes.
  func memory(_ name: String) -> Int {
    let status = Self.text("/proc/\(id)/status")
    let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
    return Int(line?.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "0")! << 10
  }
  var residentBytes: Int { memory("VmRSS") }
  var peakResidentBytes: Int { memory("VmHWM") }

  var descriptorCount: Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count) ?? 0
  }

  /// User and system time so far, in seconds.
  var processorTime: Double {
    let fields = Self.text("/proc/\(id)/stat").split(separator: " ")
    guard fields.count > 14 else { return 0 }
    return (Double(fields[13])! + Double(fields[14])!) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}

/// A shell that ends what the tests started when the test process itself dies without cleaning up:
/// its input is a pipe that only this process holds open.
final class Watchdog: Sendable {
  static let shared = Watchdog()
  private let pipeEnd: Int32

  private init() {
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipeEnd = ends[1]
    let script = """
      all=" "
      while read -r what id; do
        case $what in
          +) all="$all$id " ;;
          -) all="${all%% $id *} ${all#* $id }" ;;
        esac
      done
      for id in $all; do kill -9 "$id" 2>/dev/null; done
      """
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    // The pipes of whoever runs the tests must not be held open by it.
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    let arguments = ["sh", "-c", script]
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var id: pid_t = 0
    posix_spawnp(&id, "sh", &actions, nil, &argv, environ)
    for text in argv { free(text) }
    close(ends[0])
  }

  func watch(_ id: pid_t) { tell("+ \(id)\n") }
  func forget(_ id: pid_t) { tell("- \(id)\n") }

  private func tell(_ line: String) {
    let bytes = line.bytes
    _ = write(pipeEnd, bytes, bytes.count)
  }
}
