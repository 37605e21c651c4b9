"""Whether somebody listens on a port."""

import socket

PATIENCE_SECONDS = 0.5
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  (what is asked at the machine's own address)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a port is taken; of an address that stands for all of the machine, its own is asked.

    Raises socket.gaierror for a name that is no host's.
    """
    try:
        with socket.create_connection(("127.0.0.1" if host in EVERYWHERE else host, port), PATIENCE_SECONDS):
            return True
    except socket.gaierror:
        raise
    except OSError:
        return False
