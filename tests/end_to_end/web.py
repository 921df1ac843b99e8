"""Pages that a test reads from servers on this host, and what promtool says of them."""

import socket
import subprocess
import urllib.error
import urllib.request

from processes import PATIENCE_SECONDS

# Straight to this host, whatever proxy the environment names for the web.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, method="GET"):
    """The status, the headers and the text of an answer, also of a refusal."""
    try:
        with DIRECT.open(urllib.request.Request(url, method=method), timeout=10) as response:
            return response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def promtools_complaints(page):
    """The lines that `promtool check metrics` prints: "name what is wrong with it"."""
    result = subprocess.run(
        ["promtool", "check", "metrics"],
        input=page,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    # 3: it can read the page, and has something to criticise.
    assert result.returncode in (0, 3), result.stdout
    return set(result.stdout.splitlines())
