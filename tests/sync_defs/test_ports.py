"""A port that is taken is replaced by the next free one."""

import socket

import pytest

from sync_core.errors import ConfigurationError
from sync_defs.ports import HOST, free_port


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        taken = listener.getsockname()[1]
        assert free_port(taken) > taken


def test_ports_promised_to_others_are_passed_over() -> None:
    first = free_port(36000)
    assert free_port(first, taken=frozenset({first})) > first


def test_no_free_port_is_a_sentence() -> None:
    with pytest.raises(ConfigurationError, match="are all in use"):
        free_port(40000, taken=frozenset(range(40000, 40200)))
