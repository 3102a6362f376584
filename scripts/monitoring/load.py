"""Loads a gateway for some seconds: mostly well, and in the middle third with every fault there is. Meanwhile another one
has no room left for bodies.

    python3 scripts/monitoring/load.py 127.0.0.1:8888 127.0.0.1:8889 15
"""

import http.client
import json
import socket
import sys
import threading
import time

CLIENTS = 8
# Between two requests of one client.
PAUSE_SECONDS = 0.1
TOKEN = "token-of-the-check"
# All bodies together may hold 512 MiB: with one of these there is no room for a second.
HUGE_BYTES = 400 * 1024 * 1024
# How many wait in vain, one more each second; each is turned away after 5 s.
CROWD = 3


def connect(address, patience=10):
    return http.client.HTTPConnection(address, timeout=patience)


def ask(model, stream=False, token=TOKEN, patience=10):
    """A chat, to its end, or until the client has no patience left."""
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "Is anybody there?"}]}
    if stream:
        body["stream_options"] = {"include_usage": True}
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def act(address):
        connection = connect(address, patience)
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass  # A cut answer, or a client that leaves, as was meant.
        finally:
            connection.close()

    return act


def announce(address):
    """The head of a huge body, of which nothing follows."""
    host, port = address.split(":")
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {HUGE_BYTES}\r\n\r\n"
    announced = socket.create_connection((host, int(port)), timeout=10)
    announced.sendall(head.encode())
    return announced


def metrics(address):
    connection = connect(address)
    connection.request("GET", "/metrics")
    return connection.getresponse().read().decode()


def crowd(address, seconds):
    """In the middle third: one takes all the memory there is, and others wait for it until they are turned away."""
    time.sleep(seconds / 3)
    holder = announce(address)
    while "\noar_buffered_request_bytes 0\n" in metrics(address):
        time.sleep(PAUSE_SECONDS)
    waiting = []
    for _ in range(CROWD):
        waiting.append(announce(address))
        time.sleep(1)
    for one in waiting:
        one.recv(64)
        one.close()
    holder.close()


WELL = [ask("gpt-4.1"), ask("gpt-4.1", stream=True), ask("gpt-4o"), ask("gpt-4.1", stream=True), ask("o3", stream=True)]
ILL = [
    ask("gpt-4.1", stream=True),
    ask("gpt-4o"),
    ask("gpt-4o-mini", stream=True),
    ask("error-cut", stream=True),
    ask("nobody"),
    ask("error-400"),
    ask("gpt-4.1", token="wrong"),
    ask("o3", patience=0.1),
]


def client(address, number, begin, seconds):
    """One client: what it asks for follows from its number and from how much of the time has passed."""
    step = number
    while (passed := (time.monotonic() - begin) / seconds) < 1:
        errands = ILL if 1 / 3 <= passed < 2 / 3 else WELL
        errands[step % len(errands)](address)
        step += 1
        time.sleep(PAUSE_SECONDS)


def main(address, crowded, seconds):
    begin, seconds = time.monotonic(), float(seconds)
    load = [threading.Thread(target=client, args=(address, n, begin, seconds)) for n in range(CLIENTS)]
    load.append(threading.Thread(target=crowd, args=(crowded, seconds)))
    for thread in load:
        thread.start()
    for thread in load:
        thread.join()


main(*sys.argv[1:])
