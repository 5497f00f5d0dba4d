"""What installs something says how long that takes, and that it goes on."""

import os
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "local" / "with-progress"


def test_a_silent_command_shows_that_it_goes_on_until_it_is_done(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go-on")
    command = [PROGRAM, "Installing (a minute)", "cat", tmp_path / "go-on"]
    with subprocess.Popen(command, env={**os.environ, "PROGRESS_EVERY_S": "1"}, stderr=subprocess.PIPE) as process:
        said = b""
        while b" 2 s" not in said:
            said += process.stderr.read1()
        (tmp_path / "go-on").write_text("")
        said += process.stderr.read()

    assert said.startswith(b"Installing (a minute) ... 1 s 2 s")
    assert said.endswith(b" done\n")
    assert process.returncode == 0


def test_a_command_that_fails_fails_with_its_own_code() -> None:
    done = subprocess.run([PROGRAM, "Installing", "sh", "-c", "exit 3"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (3, "Installing ... failed (3)\n")
