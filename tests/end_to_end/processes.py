"""Programs that a test starts, watches and ends."""

import pathlib
import re
import signal
import subprocess
import time

# How long anything may take that should take a second or two on an idle host.
PATIENCE_SECONDS = 60


def eventually(check):
    """What check returns as soon as that is true; its last AssertionError if it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            result = check()
            if result:
                return result
            failure = AssertionError(f"{check.__name__} never came true")
        except (AssertionError, OSError) as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure
        time.sleep(0.2)


class Process:
    """A program that was started, its output in a file, ended by its pid."""

    def __init__(self, name, command, folder):
        self.name = name
        self.log = pathlib.Path(folder) / f"{name}.log"
        with open(self.log, "wb") as output:
            self.child = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def text(self):
        return self.log.read_text(errors="replace")

    def line(self, pattern):
        """The first group of the pattern, once a line of the output has it."""

        def printed():
            found = re.search(pattern, self.text())
            assert found or self.child.poll() is None, f"{self.name} ended:\n{self.text()}"
            return found and found.group(1)

        return eventually(printed)

    def terminate(self):
        """Its exit code after a SIGTERM; killed if it does not end in time."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.name} did not end on SIGTERM:\n{self.text()}")
