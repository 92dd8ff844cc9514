"""A server of pages for this machine alone: it listens on 127.0.0.1, and refuses requests that name another host."""

import socket
from collections.abc import Callable
from typing import Any

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document
from bokeh.server.auth_provider import NullAuth
from bokeh.server.server import Server
from tornado.web import HTTPError

from gan_jax.common.errors import UsageError

_ADDRESS = "127.0.0.1"


def serve(page: Callable[[Document], None], port: int, ready: Callable[[str], None]) -> None:
    """Serves a page until the process is interrupted.

    page: puts its contents into the document of each tab that opens it.
    port: the port, or 0 for any that is free.
    ready: called with the address of the page.

    Raises UsageError for a port that cannot be had.
    """
    hosts = [_ADDRESS, "localhost"]
    port = port or _free_port()  # the origins of websockets are given before the server starts
    try:
        server = Server(
            {"/": Application(FunctionHandler(page))},
            address=_ADDRESS,
            port=port,
            auth_provider=_OwnHosts(hosts),
            allow_websocket_origin=[f"{host}:{port}" for host in hosts],
        )
    except OSError as error:
        raise UsageError(f"--port {port}: {error.strerror or error}") from error
    server.start()
    ready(f"http://{_ADDRESS}:{port}")
    try:
        server.io_loop.start()
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((_ADDRESS, 0))
        return found.getsockname()[1]


class _OwnHosts(NullAuth):
    """Lets requests pass that are addressed to one of these hosts.

    A foreign page can give its own name the address 127.0.0.1. Browsers then send that name.
    """

    def __init__(self, hosts: list[str]):
        self._hosts = hosts

    @property
    def get_user(self) -> Callable[[Any], str]:
        def check(handler: Any) -> str:
            if handler.request.host_name not in self._hosts:
                raise HTTPError(403, reason="this page is for this machine alone")
            return "here"

        return check

    @property
    def login_url(self) -> str:
        return "/"  # every request that passes has a user
