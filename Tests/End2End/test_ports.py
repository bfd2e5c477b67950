"""The port that a machine serves at: its own from the first moment on, whoever else wants one."""

import socket
import threading

from guest import MODEL, free_port, run_hexa_os
from raw_http import Client


def test_two_that_take_any_port_serve_side_by_side(start_guest, monitor):
    guests = [start_guest(accelerator=monitor, port=0) for _ in range(2)]
    for guest in guests:
        guest.wait_ready()
    assert guests[0].port != guests[1].port
    for guest in guests:
        with Client(guest.port) as client:
            assert client.request("GET", "/health").status == 200


def test_a_port_that_others_want_while_the_machine_boots_stays_its_own(start_guest, monitor):
    port = free_port()
    listener = socket.create_server(("127.0.0.1", port))
    guest = start_guest("--listen-fd", listener.fileno(), accelerator=monitor, descriptors=[listener.fileno()])
    listener.close()
    taken, is_ready = [], threading.Event()

    def want():
        while not is_ready.is_set():
            with socket.socket() as other:
                try:
                    other.bind(("127.0.0.1", port))
                    taken.append(port)
                except OSError:
                    is_ready.wait(0.001)

    rival = threading.Thread(target=want)
    rival.start()
    try:
        guest.wait_ready()
    finally:
        is_ready.set()
        rival.join()
    assert guest.port == port and not taken
    with Client(port) as client:
        assert client.request("GET", "/health").status == 200


def test_a_descriptor_that_is_no_listening_socket_is_wrong_usage():
    result = run_hexa_os("run", MODEL, "--listen-fd", 77)
    assert result.returncode == 64
    assert result.stderr == "error: --listen-fd 77 is no socket that listens on a port of IPv4\n"
