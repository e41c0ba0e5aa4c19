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

    In an editor that knows JSON Schema (with the YAML language server: VS Code, Neovim, Helix,
    IntelliJ), put this into the first line, with the path to
    [headrace.schema.json](../conf/headrace.schema.json), for completion and checks as you type:

        # yaml-language-server: $schema=headrace.schema.json

    Ordinary jobs, each with a config to start from: [how-to](how-to/README.md).

    Many options in one file:

    ```yaml
    listeners:
      - address: :8080
      - address: "[::1]:8081"
    routes:
      - name: www
        match: { host: example.com }
        redirect: { to: "https://www.example.com{target}", status: 301 }
      - name: static
        match: { host: ["*.example.com", "*.example.org"], path: /static/** }
        to: files
        cache: static
        response_headers: { set: { Cache-Control: "max-age=3600" }, remove: [Server] }
      - name: orders
        match:
          path: "/users/{id}/orders/**"
          method: [GET, HEAD]
          headers: { X-Canary: "1", User-Agent: { contains: Mozilla } }
        to: app
        timeout: 2s
        rewrite: { path: "/orders/{rest}?user={id}" }
        request_headers: { set: { X-Client: "{client_address}" } }
      - match: { path: /admin/**, client_address: [10.0.0.0/8, "::1"] }
        to: app
      - match: { path: /admin/** }
        respond: { status: 403, body: "Not from here.\\n" }
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
        breaker: { failure_rate: 40%, slow_after: 2s, failure_statuses: [500, 502-504] }
    caches:
      static: { memory: 256MiB, stale_if_error: 24h, key: { query: { drop: ["utm_*"] } } }
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
    - A value that starts with `*`, `[` or `{` and is no list or mapping needs quotes:
      `"*.example.com"`, `"[::1]:8080"`, `"{path}"`.
    - The file is UTF-8 YAML, at most 4MiB. Tags, blocks of text (`|`, `>`), merge keys (`<<`) and
      nesting deeper than 64 levels are refused.
    - `NAME` below is a name of your choice, `[]` an item of a list.

    ### From the environment

    `${NAME}` in a value is the environment variable of that name; one that is not set is an error.
    `${NAME:-default}` has a default for a variable that is not set or empty. `$${` is a `${` as
    such. Between brackets such a value needs quotes. A reload reads the same environment as the
    start: a process keeps the one that it was started with.

    ```yaml
    listen: "127.0.0.1:${PORT:-8080}"
    routes:
      - to: app
    pools:
      app: ["${APP_HOST:-127.0.0.1}:3000"]
    ```

    ### What is repeated

    An anchor (`&name`) in front of a value names it, and an alias (`*name`) below stands for it.
    A file may have 100 aliases, which may stand for 10,000 values in all.

    ```yaml
    listen: :8080
    routes:
      - match: { path: /a, client_address: &office [10.0.0.0/8, 192.168.0.0/16] }
        to: app
      - match: { path: /b, client_address: *office }
        to: app
    pools:
      app: [127.0.0.1:3000]
    ```

    ### Several files

    With `include: sites/*.yaml` other files are read too, relative to this one. Each has the same
    keys. Their routes and listeners come after those of this file, in the order of their names;
    pools, caches, timeouts and such are merged, and what is written twice is an error. So a route
    that matches everything belongs into the file that is read last.

    """
}
