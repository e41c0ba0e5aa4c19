"""What the benchmarks share: two cores, the origins, a proxy under test, its CPU time and memory.

The proxy runs alone on the first core that this process may use; origins and load share the
second. So the CPU time of the proxy is its own, and a slow load generator cannot distort it.
"""

import contextlib
import functools
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
ORIGIN_PORTS = (9001, 9002)
CLOCK_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def fail(message):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {message}")


# ---- the machine ----


@functools.cache
def cores():
    """(core of the proxy, core of the load and the origins)"""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        fail("needs two cores: one for the proxy, one for the load")
    return usable[0], usable[1]


def pinned(core, command):
    return ["taskset", "-c", str(core), *command]


def raise_descriptor_limit():
    """2,000 client connections are 4,000 descriptors in a proxy."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def describe_machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        found = re.search(r"model name\s*:\s*(.+)", file.read())
        if found:
            model = found[1]
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port, seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


# ---- our C programs ----


def compiled(name):
    """The path of Benchmarks/<name>.c as a program, compiled when the source is newer."""
    source = os.path.join(HERE, name + ".c")
    directory = os.path.join(ROOT, ".build", "bench")
    try:
        os.makedirs(directory, exist_ok=True)
    except OSError:
        directory = tempfile.mkdtemp(prefix="headrace-bench-tools-")
    program = os.path.join(directory, name)
    if os.path.exists(program) and os.path.getmtime(program) >= os.path.getmtime(source):
        return program
    candidates = [os.environ.get("CC", ""), "cc", "clang"]
    compiler = next((found for name in candidates if (found := shutil.which(name))), None)
    if not compiler:
        fail("no C compiler (cc, clang, or CC in the environment)")
    subprocess.check_call([compiler, "-O2", "-Wall", "-o", program, source])
    return program


@contextlib.contextmanager
def origins():
    """Two origins on the load's core. ORIGIN in the environment names another program."""
    program = os.environ.get("ORIGIN") or compiled("origin")
    running = [
        subprocess.Popen(pinned(cores()[1], [program, str(port)])) for port in ORIGIN_PORTS
    ]
    try:
        for origin, port in zip(running, ORIGIN_PORTS):
            if not wait_until_listening(port) or origin.poll() is not None:
                fail(f"no origin on port {port}; is something else listening there?")
        yield
    finally:
        for origin in running:
            origin.kill()
            origin.wait()


# ---- the proxy under test ----


def parse_systems(options):
    """['NAME=COMMAND with {port} {scenario} {dir} {certs}'] as {name: command}"""
    systems = {}
    for option in options:
        name, separator, command = option.partition("=")
        if not separator:
            fail(f"--sut wants NAME=COMMAND, not {option!r}")
        systems[name] = command
    return systems


def fill_in(command, **values):
    return shlex.split(command.format(**values))


@contextlib.contextmanager
def proxy(command, port, log, core=None):
    """Runs a proxy in a session of its own and kills all of it afterwards. Yields its process id,
    or None when it did not start; the log then says why."""
    if core is not None:
        command = pinned(core, command)
    with open(log, "w") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True)
    try:
        yield process.pid if wait_until_listening(port) else None
    finally:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def report_failed_start(name, log):
    with open(log) as file:
        print(f"{name} did not start: {file.read()[-800:]}", file=sys.stderr)


def process_tree(pid):
    found, todo = [], [pid]
    while todo:
        pid = todo.pop()
        found.append(pid)
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children") as file:
                    todo += map(int, file.read().split())
    return found


def cpu_seconds(pid):
    """User and system time of the process, its threads and its living children."""
    ticks = 0
    for process in process_tree(pid):
        with contextlib.suppress(OSError):
            with open(f"/proc/{process}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / CLOCK_TICKS_PER_SECOND


def memory_mb(pid):
    """Proportional set size: pages that workers share count once."""
    kilobytes = 0
    for process in process_tree(pid):
        with contextlib.suppress(OSError):
            with open(f"/proc/{process}/smaps_rollup") as file:
                found = re.search(r"Pss:\s+(\d+)", file.read())
            kilobytes += int(found[1]) if found else 0
    return kilobytes / 1024


# ---- folders ----


@contextlib.contextmanager
def workspace():
    """A temporary folder that peers which give up root can still enter."""
    with tempfile.TemporaryDirectory(prefix="headrace-bench-", ignore_cleanup_errors=True) as top:
        os.chmod(top, 0o755)
        yield top


def subfolder(top, name):
    path = os.path.join(top, name)
    os.makedirs(path)
    os.chmod(path, 0o777)
    return path


def make_certificate(top):
    """cert.pem, key.pem and both.pem (for HAProxy) in the folder."""
    def path(name):
        return os.path.join(top, name)

    subprocess.check_call(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", path("key.pem"), "-out", path("cert.pem")],
        stderr=subprocess.DEVNULL)
    with open(path("both.pem"), "w") as both:
        for name in ("cert.pem", "key.pem"):
            with open(path(name)) as part:
                both.write(part.read())
    for name in ("cert.pem", "key.pem", "both.pem"):
        os.chmod(path(name), 0o644)
