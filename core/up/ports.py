"""Are the ports free, and who has them if not."""

import socket

import psutil

from core.errors import SettingsError


def check(ports: dict[int, str]) -> None:
    """Raises: SettingsError naming the setting, the port, its holder where that can be seen, and the remedy."""
    for port, setting in ports.items():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                key = setting.replace("[", "").replace("] ", "__").upper()
                raise SettingsError(
                    f"port {port} ({setting}) is taken{_holder(port)}: stop that program, or choose another port"
                    f" with KWM_{key}=... or in kwm.toml"
                ) from error


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return (
                    f" by process {connection.pid} ({psutil.Process(connection.pid).name()})" if connection.pid else ""
                )
    except psutil.Error:
        return ""  # not ours to see
    return ""
