extension ConfigReference {
  /// The hand-written part. Its YAML blocks are loaded by a test.
  static let introduction = """
    # Configuration

    This file is made from the table of options in Sources/ControlPlane/Configuration/Options.
    Do not edit it; change the table and run `UPDATE_DOCS=1 swift test --filter ConfigReference`.

    The shortest useful config:

    ```yaml
    listen: :8080
    routes:
      - to: app
    pools:
      app: [127.0.0.1:3000]
    ```

    `headrace check FILE` says what is wrong with a file, all at once. Unknown keys are errors, so a
    misspelt option is never silently ignored. A reload (SIGHUP) with errors leaves the running
    config in place.

    Most options in one file:

    ```yaml
    listeners:
      - address: :8080
      - address: "[::1]:8081"
    routes:
      - name: static
        match: { host: "*.example.com", path: /static/** }
        to: files
      - to: app
    pools:
      files: [127.0.0.1:4000]
      app:
        strategy: weighted_round_robin
        backends:
          - 127.0.0.1:3000
          - { address: localhost:3001, weight: 2 }
          - unix:/run/app.sock
        keep_alive: { max_idle: 256, idle_timeout: 4s, max_age: 1h }
    workers: auto
    trusted_proxies: [10.0.0.0/8, "::1"]
    timeouts:
      first_byte: 30s
      request: off
    limits:
      headers: 32KiB
      body: 16MiB
    access_log: json
    admin: 127.0.0.1:9180
    drain: { readiness_delay: 5s, timeout: 30s }
    ```

    ## How values are written

    - Durations are whole numbers with a unit: `250ms`, `5s`, `1m`, `1h`.
    - Sizes are bytes, or have a unit: `512`, `8KiB`, `16MiB`, `1GiB`.
    - Numbers, sizes, durations and switches are written without quotes.
    - A value that starts with `*` or `[` and is no list needs quotes: `"*.example.com"`,
      `"[::1]:8080"`.
    - The file is UTF-8 YAML, at most 4MiB. Anchors, aliases, tags, blocks of text (`|`, `>`) and
      nesting deeper than 64 levels are refused.
    - `NAME` below is a name of your choice, `[]` an item of a list.

    """
}
