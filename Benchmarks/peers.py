"""Other proxies, set up for the same job: one worker, keep-alive to the origins, no access log.

A peer is a function from a `Setup` to the command that runs it, or None when it is not installed or
cannot do the scenario. Programs are found in PATH; NGINX, HAPROXY, ENVOY name others. Certificates
are in the folder above the setup's own.
"""

import os
import re
import shutil
import subprocess
import textwrap
from typing import NamedTuple

import harness

FIRST, SECOND = harness.ORIGIN_PORTS
# The floor parses nothing: it is shown beside the peers, but is no proxy to compare with.
FLOOR = "relay"


class Setup(NamedTuple):
    directory: str
    port: int
    tls: bool = False
    cache: bool = False


def program(name):
    chosen = os.environ.get(name.upper())
    return shutil.which(chosen) if chosen else shutil.which(name)


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write(textwrap.dedent(text))
    return path


def version(name):
    """What the peer says of itself, for the report."""
    path = program(name)
    if name == FLOOR or not path:
        return None
    flag = {"nginx": "-v", "haproxy": "-v", "caddy": "version", "varnishd": "-V"}.get(name)
    said = subprocess.run([path, flag or "--version"], capture_output=True, text=True)
    found = re.search(r"\d+\.\d+[\w.+-]*", said.stdout + said.stderr)
    return found[0] if found else None


def relay(setup):
    if setup.tls or setup.cache:
        return None
    return [harness.compiled("relay"), str(setup.port), str(FIRST)]


def nginx(setup):
    path = program("nginx")
    if not path:
        return None
    folder = setup.directory
    listen, http2, certificate, zone, use = "", "", "", "", ""
    if setup.tls:
        number = [int(x) for x in (version("nginx") or "0.0").split(".")[:2]]
        listen, http2 = (" ssl", "http2 on;") if number >= [1, 25] else (" ssl http2", "")
        certificate = (
            f"ssl_certificate {folder}/../cert.pem; ssl_certificate_key {folder}/../key.pem;"
            # As from 1.23.4 on by default. TLS 1.2 alone resumes sessions without key exchange,
            # that is without forward secrecy, at a third of the cost.
            " ssl_protocols TLSv1.2 TLSv1.3;")
    if setup.cache:
        zone = f"proxy_cache_path {folder}/cache keys_zone=c:64m max_size=1g;"
        use = "proxy_cache c;"
    for name in ("cache", "logs"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    config = write(folder, "nginx.conf", f"""
        daemon off;
        worker_processes 1;
        pid {folder}/pid;
        error_log {folder}/err crit;
        events {{ worker_connections 9000; }}
        http {{
          access_log off;
          keepalive_requests 100000000;
          {zone}
          sendfile on;
          tcp_nopush on;
          client_body_temp_path {folder}/b;
          proxy_temp_path {folder}/p;
          fastcgi_temp_path {folder}/f;
          uwsgi_temp_path {folder}/u;
          scgi_temp_path {folder}/s;
          upstream app {{
            server 127.0.0.1:{FIRST};
            server 127.0.0.1:{SECOND};
            keepalive 256;
            keepalive_requests 100000000;
          }}
          server {{
            listen 127.0.0.1:{setup.port}{listen} reuseport backlog=65535;
            {http2}
            {certificate}
            location / {{
              proxy_pass http://app;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_set_header Host $host;
              proxy_set_header X-Forwarded-For $remote_addr;
              {use}
            }}
          }}
        }}
        """)
    return [path, "-p", folder, "-c", config]


def haproxy(setup):
    path = program("haproxy")
    if not path:
        return None
    bind = f"bind 127.0.0.1:{setup.port} backlog 65535"
    if setup.tls:
        bind += f" ssl crt {setup.directory}/../both.pem alpn h2,http/1.1"
    cache, use = "", ""
    if setup.cache:
        cache = """cache c
          total-max-size 64
          max-object-size 10000000
          max-age 3600"""
        use = """http-request cache-use c
          http-response cache-store c"""
    config = write(setup.directory, "haproxy.cfg", f"""
        global
          nbthread 1
          maxconn 9000
        defaults
          mode http
          timeout client 60s
          timeout server 60s
          timeout connect 5s
          option forwardfor
          http-reuse always
        {cache}
        frontend f
          {bind}
          default_backend b
        backend b
          balance roundrobin
          {use}
          server s1 127.0.0.1:{FIRST}
          server s2 127.0.0.1:{SECOND}
        """)
    return [path, "-f", config]


def envoy(setup):
    path = program("envoy")
    if not path or setup.cache:
        return None
    api = "type.googleapis.com/envoy.extensions"
    tls = ""
    if setup.tls:
        above = f"{setup.directory}/.."
        tls = f"""
            transport_socket:
              name: tls
              typed_config:
                "@type": {api}.transport_sockets.tls.v3.DownstreamTlsContext
                common_tls_context:
                  alpn_protocols: [h2, http/1.1]
                  tls_certificates:
                  - certificate_chain: {{filename: {above}/cert.pem}}
                    private_key: {{filename: {above}/key.pem}}"""
    def address(port):
        return f"address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}"

    config = write(setup.directory, "envoy.yaml", f"""
        static_resources:
          listeners:
          - {address(setup.port)}
            filter_chains:
            - filters:
              - name: hcm
                typed_config:
                  "@type": {api}.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: s
                  use_remote_address: true
                  generate_request_id: false
                  route_config:
                    virtual_hosts:
                    - name: a
                      domains: ["*"]
                      routes: [{{match: {{prefix: "/"}}, route: {{cluster: c}}}}]
                  http_filters:
                  - name: router
                    typed_config: {{"@type": {api}.filters.http.router.v3.Router}}{tls}
          clusters:
          - name: c
            type: STATIC
            lb_policy: ROUND_ROBIN
            circuit_breakers:
              thresholds:
              - max_connections: 100000
                max_pending_requests: 100000
                max_requests: 100000
            load_assignment:
              cluster_name: c
              endpoints:
              - lb_endpoints:
                - endpoint: {{{address(FIRST)}}}
                - endpoint: {{{address(SECOND)}}}
        """)
    return [path, "-c", config, "--concurrency", "1", "-l", "error", "--disable-hot-restart"]


def caddy(setup):
    path = program("caddy")
    if not path or setup.cache:
        return None
    above = f"{setup.directory}/.."
    scheme, tls = ("https", f"tls {above}/cert.pem {above}/key.pem") if setup.tls else ("http", "")
    config = write(setup.directory, "Caddyfile", f"""
        {{
          admin off
          auto_https off
        }}
        {scheme}://127.0.0.1:{setup.port} {{
          {tls}
          reverse_proxy 127.0.0.1:{FIRST} 127.0.0.1:{SECOND} {{
            lb_policy round_robin
          }}
        }}
        """)
    return ["env", "GOMAXPROCS=1", f"HOME={setup.directory}", path, "run", "--config", config,
            "--adapter", "caddyfile"]


def varnish(setup):
    path = program("varnishd")
    if not path or setup.tls or not setup.cache:
        return None
    config = write(setup.directory, "v.vcl", f"""
        vcl 4.1;
        backend default {{ .host = "127.0.0.1"; .port = "{FIRST}"; }}
        """)
    return [path, "-F", "-a", f"127.0.0.1:{setup.port}", "-f", config, "-s", "malloc,256m",
            "-n", f"{setup.directory}/v", "-p", "thread_pools=1"]


def h2o(setup):
    path = program("h2o")
    if not path or setup.cache:
        return None
    above = f"{setup.directory}/.."
    tls = ""
    if setup.tls:
        tls = f", ssl: {{certificate-file: {above}/cert.pem, key-file: {above}/key.pem}}"
    config = write(setup.directory, "h2o.conf", f"""
        num-threads: 1
        user: root
        listen: {{host: 127.0.0.1, port: {setup.port}{tls}}}
        hosts:
          default:
            paths:
              /:
                proxy.reverse.url: http://127.0.0.1:{FIRST}/
                proxy.timeout.keepalive: 60000
        """)
    return [path, "-c", config]


PEERS = {
    "relay": relay, "nginx": nginx, "haproxy": haproxy, "envoy": envoy, "caddy": caddy,
    "varnish": varnish, "h2o": h2o,
}


def command(name, setup, systems, scenario):
    """The command of a peer or of a system under test; None means: leave it out."""
    if name in systems:
        above = os.path.dirname(setup.directory)
        return harness.fill_in(
            systems[name], port=setup.port, scenario=scenario, dir=setup.directory, certs=above)
    if name not in PEERS:
        harness.fail(f"unknown peer {name!r} ({', '.join(PEERS)})")
    return PEERS[name](setup)
