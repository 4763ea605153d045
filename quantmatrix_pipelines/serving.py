"""Serves the Dagster UI with its daemon, as a child that ends with us."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from quantmatrix_engine.errors import SettingsError
from quantmatrix_pipelines.settings import CHECKOUT

HOST = "127.0.0.1"
_GRACE_SECONDS = 30
_PR_SET_PDEATHSIG = 1


def require_free_port(port: int) -> None:
    """Raises SettingsError where somebody listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise SettingsError(
                f"Port {port} of {HOST} is in use. Stop what uses it, or name another in "
                "QUANTMATRIX_PORT."
            ) from None


def serve(port: int, *, environment: dict[str, str], log: Path) -> int:
    """Serves until the child ends or we are interrupted; gives the child's exit code.

    Dagster's own messages go to `log`. On an interrupt the child is asked to stop and, if it does
    not within half a minute, killed with everything it started.
    """
    command = [
        *(sys.executable, "-m", "dagster", "dev", "-w", str(CHECKOUT / "workspace.yaml")),
        *("-h", HOST, "-p", str(port)),
    ]
    with log.open("ab") as sink:
        child = subprocess.Popen(  # noqa: S603 (our own command)
            command,
            env={**os.environ, **environment},
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )
    try:
        return child.wait()
    finally:
        _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_SECONDS)
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """Asks the kernel to interrupt the child when we are killed without a chance to say so."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
