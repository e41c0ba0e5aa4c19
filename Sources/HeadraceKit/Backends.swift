import ArgumentParser
import ControlPlane
import Glibc

/// `headrace backends ...`: where the backends of a running proxy stand, and taking them out.
struct Backends: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show where backends stand and why; take them out, bring them back.",
    discussion: """
      Asks the admin listener of the running proxy. Without a subcommand: list.

      Examples:
        headrace backends                            (of /etc/headrace/headrace.yaml)
        headrace backends drain app 127.0.0.1:3001
        headrace backends ready app 127.0.0.1:3001
      """,
    subcommands: [List.self, Drain.self, Maintenance.self, Ready.self], defaultSubcommand: List.self
  )

  /// `headrace backends list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show every backend with its state and the reason for it.",
      discussion: """
        A table of all pools, or one JSON document for scripts.

        Examples:
          headrace backends
          headrace backends --pool app site.yaml
          headrace backends --json | jq '.backends[] | select(.available | not)'

        Exit status: 0 shown, 1 there is no such pool, or nobody answers.
        """)

    @Option(help: "Only the backends of this pool.") var pool: String?
    @Flag(help: "Print one JSON document on stdout.") var json = false
    @OptionGroup var target: AdminTarget

    func run() throws {
      let failing = "no backends to show"
      let client = try target.client(failing: failing)
      let answer = try target.ask(failing: failing) { () throws(AdminClient.Failure) in
        try client.backends(pool: pool, json: json)
      }
      try answer.show()
    }
  }

  /// `headrace backends drain`
  struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a backend no new requests; what it has is finished.",
      discussion: """
        Clients that are bound to it by a sticky session still go there. A reload keeps this, a \
        restart of the proxy forgets it.

        Examples:
          headrace backends drain app 127.0.0.1:3001
          headrace backends drain app unix:/run/app.sock site.yaml
          headrace backends drain --wait 60 app 127.0.0.1:3001 && restart-the-app

        Exit status: 0 done, 1 there is no such backend, nobody answers, or --wait was too short.
        """)

    @OptionGroup var waiting: WaitOption
    @OptionGroup var backend: BackendArguments
    @OptionGroup var target: AdminTarget

    func run() throws {
      try backend.change(to: "drain", target, waiting)
    }
  }

  /// `headrace backends maintenance`
  struct Maintenance: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a backend nothing at all, and close the connections to it.",
      discussion: """
        Neither new requests nor sticky sessions go there. Idle connections are closed at once, \
        others when their request has ended. A reload keeps this, a restart of the proxy forgets it.

        Example:
          headrace backends maintenance app 127.0.0.1:3001

        Exit status: 0 done, 1 there is no such backend, nobody answers, or --wait was too short.
        """)

    @OptionGroup var waiting: WaitOption
    @OptionGroup var backend: BackendArguments
    @OptionGroup var target: AdminTarget

    func run() throws {
      try backend.change(to: "maintenance", target, waiting)
    }
  }

  /// `headrace backends ready`
  struct Ready: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Bring a backend back after drain or maintenance.",
      discussion: """
        It starts slowly where its pool says so. Health checks and its breaker may still keep it \
        out: headrace backends says why.

        Example:
          headrace backends ready app 127.0.0.1:3001

        Exit status: 0 done, 1 there is no such backend, or nobody answers.
        """)

    @OptionGroup var backend: BackendArguments
    @OptionGroup var target: AdminTarget

    func run() throws { try backend.change(to: "ready", target) }
  }
}

/// The backend that a command is about.
struct BackendArguments: ParsableArguments {
  @Argument(help: "The pool's name.") var pool: String
  @Argument(help: "The backend's address, as `headrace backends` shows it.") var backend: String

  func change(to state: String, _ target: AdminTarget, _ waiting: WaitOption? = nil) throws {
    let failing = "nothing is changed"
    let client = try target.client(failing: failing)
    let answer = try target.ask(failing: failing) { () throws(AdminClient.Failure) in
      try client.change(pool: pool, backend: backend, to: state)
    }
    try answer.show()
    try waiting?.wait {
      try target.ask(failing: "not waiting") { () throws(AdminClient.Failure) in
        try client.inFlight(pool: pool, backend: backend)
      }
    }
  }
}

/// `--wait`: until the backend may be stopped.
struct WaitOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Wait until nothing is in flight there, for so many seconds at most.", valueName: "seconds"))
  var wait: Int?

  func validate() throws {
    if let wait, !(1...86_400).contains(wait) {
      throw ValidationError("--wait must be 1 to 86400 seconds, not \(wait)")
    }
  }

  /// Asks five times a second; twice in a row there must be nothing, since a worker may have chosen
  /// the backend a moment before it was taken out.
  func wait(inFlight: () throws -> Int?) throws {
    guard let wait else { return }
    var quiet = 0
    for turn in 0...(wait * 5) {
      if turn > 0 { usleep(200_000) }
      guard let count = try inFlight() else {
        Terminal.say("not waiting: the backend is gone")
        throw ExitStatus.failed
      }
      quiet = count == 0 ? quiet + 1 : 0
      if quiet == 2 { return Terminal.write("nothing in flight\n", to: 1) }
      if turn == wait * 5 { Terminal.say("still \(count) in flight after \(wait) s") }
    }
    throw ExitStatus.failed
  }
}
