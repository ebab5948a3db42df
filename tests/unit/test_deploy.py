"""What a server is set up with: `deploy/` names what is there, is loopback, and holds no secret."""

from __future__ import annotations

import configparser
import re
import subprocess

import pytest
import yaml
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.settings import PROJECT_ROOT, load_settings
from tests.conftest import IN_CI

DEPLOY = PROJECT_ROOT / "deploy"
UNITS = ("tandem-daemon", "tandem-ui")
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def instructions(name: str) -> list[str]:
    """The arguments of an instruction of the container file, in order."""
    joined = CONTAINERFILE.replace("\\\n", " ")
    return [" ".join(found.split()) for found in re.findall(rf"^\s*{name} (.*)$", joined, re.M)]


def unit(name: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / "systemd" / f"{name}.service", encoding="utf-8")
    return parser["Service"]


def example() -> dict[str, str]:
    lines = (DEPLOY / "tandem.env.example").read_text(encoding="utf-8").splitlines()
    found = re.findall(r"^#?([A-Z_]+)=(\S*)$", "\n".join(lines), re.M)
    assert len(found) >= 6
    return dict(found)


@pytest.mark.parametrize("name", UNITS)
def test_a_service_is_private_may_write_its_state_alone_and_can_be_typed(name: str) -> None:
    service = unit(name)
    assert service["UMask"] == "0077" and service["User"] == "tandem"
    assert service["ProtectSystem"] == "strict" and service["NoNewPrivileges"] == "yes"
    assert example()["TANDEM_HOME"].startswith(f"/var/lib/{service['StateDirectory']}/")
    program, *words = service["ExecStart"].split()
    assert program == f"{service['WorkingDirectory']}/.venv/bin/tandem"
    assert "--host" not in words  # loopback
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", UNITS)
def test_systemd_knows_every_line_of_a_service(name: str) -> None:
    path = DEPLOY / "systemd" / f"{name}.service"
    try:
        done = subprocess.run(
            ["systemd-analyze", "verify", path], capture_output=True, text=True, timeout=60
        )
    except FileNotFoundError:
        if IN_CI:
            pytest.fail("CI must have systemd-analyze: apt-get install systemd")
        pytest.skip("systemd is not installed (Debian: apt-get install systemd)")
    complaints = [line for line in done.stderr.splitlines() if f"{name}.service" in line]
    # The program is where it will be installed.
    assert [line for line in complaints if "is not executable" not in line] == []


def test_the_example_of_settings_can_be_loaded() -> None:
    env = {**example(), "TANDEM_COMPANY": "/", "TANDEM_READERS_GROUP": ""}
    settings = load_settings(env)
    assert settings.is_history_in_postgres and settings.keep_days == 90


def test_the_image_is_pinned_unprivileged_and_told_nothing_secret() -> None:
    for base in instructions("FROM"):
        assert re.match(r"\S+:\d+\.\d+\S*( AS \w+)?$", base), base
    assert instructions("USER")[-1].isdigit() and instructions("HEALTHCHECK")
    assert not instructions("ARG")
    for setting in instructions("ENV"):
        assert not re.search("(?i)password|secret|token|url", setting)


def test_the_image_copies_what_is_there_and_no_state() -> None:
    ignored = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        word
        for line in instructions("COPY")
        if not line.startswith("--from")
        for word in line.split()[:-1]
    ]
    assert len(copied) >= 6
    for name in copied:
        assert (PROJECT_ROOT / name).exists(), name
        assert f"!{name}" in ignored, name
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == set(copied)


def test_containers_publish_on_loopback_alone_and_can_be_typed() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
    program, *words = services["daemon"]["command"]
    assert program == "tandem"
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0
    for service in services.values():
        assert re.search(r":\d+\.\d+", service["image"]) or service["build"]
