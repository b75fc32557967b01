"""Finding a port to listen on: the usual one, or the next free one when somebody has it."""

import errno
import socket

from sync_core.errors import ConfigurationError

HOST = "127.0.0.1"
TRIED = 200


def free_port(preferred: int, *, taken: frozenset[int] = frozenset()) -> int:
    """`preferred`, or the first free port above it that is not in `taken`. Raises ConfigurationError when all are in use."""
    for port in range(preferred, min(preferred + TRIED, 65536)):
        if port not in taken and _is_free(port):
            return port
    raise ConfigurationError(f"Ports {preferred} to {preferred + TRIED - 1} are all in use: name another one.")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True
