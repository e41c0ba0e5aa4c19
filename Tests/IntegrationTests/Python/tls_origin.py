"""An HTTP/1.1 backend that speaks TLS: `tls_origin.py CERT KEY [NAME=VALUE...]` prints its port.

`port`: that one; `ca`: asks clients for a certificate; `newest=1.2`: nothing newer; `alpn`: agrees
on it. An answer says which connection and which request on it this was, whether its session was
resumed, the name that was asked for and who the client is. The path says more: /close has a body
that ends with the connection, /cut the same without the word that ends TLS, /last closes behind a
whole answer, /leave does so a moment later.
"""

import os
import socket
import ssl
import sys
import threading
import time

settings = dict(word.split("=", 1) for word in sys.argv[3:])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
if "ca" in settings:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(settings["ca"])
if settings.get("newest") == "1.2":
    context.maximum_version = ssl.TLSVersion.TLSv1_2
if "alpn" in settings:
    context.set_alpn_protocols([settings["alpn"]])


def note_name(connection, name, _):
    connection.asked = name


context.sni_callback = note_name


def answer(connection, reader, number, count):
    line = reader.readline()
    if not line:
        return False
    length = 0
    while (field := reader.readline().strip().lower()) != b"":
        if field.startswith(b"content-length:"):
            length = int(field[15:])
    reader.read(length)
    path = line.split(b" ")[1]
    subject = (connection.getpeercert() or {}).get("subject", ((("", "-"),),))
    text = " ".join([
        f"connection={number}", f"request={count}", f"resumed={connection.session_reused}",
        f"name={getattr(connection, 'asked', None)}", f"version={connection.version()}",
        f"alpn={connection.selected_alpn_protocol()}", f"client={subject[0][0][1]}",
    ]).encode()
    if path in (b"/close", b"/cut"):
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + text)
        if path == b"/cut":
            os.close(connection.detach())
        return False
    last = b"Connection: close\r\n" if path == b"/last" else b""
    connection.sendall(
        b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (last, len(text), text))
    if path == b"/leave":
        time.sleep(0.1)
    return path not in (b"/last", b"/leave")


def serve(plain, number):
    try:
        connection = context.wrap_socket(plain, server_side=True)
        reader = connection.makefile("rb")
        count = 1
        while answer(connection, reader, number, count):
            count += 1
        reader.close()
        if connection.fileno() >= 0:
            connection.unwrap()
    except (OSError, ValueError):
        pass
    finally:
        plain.close()


def main():
    listener = socket.create_server(("127.0.0.1", int(settings.get("port", "0"))))
    print(f"port {listener.getsockname()[1]}", flush=True)
    number = 0
    while True:
        plain, _ = listener.accept()
        number += 1
        threading.Thread(target=serve, args=(plain, number), daemon=True).start()


main()
