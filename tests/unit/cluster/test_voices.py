"""One log stream: each line under the name of who said it."""

import json

import pytest

from runtime.cluster.voices import voice


def test_text_stands_beside_its_name(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    voice("text")("sales-relay", b"12:00:01.250 INFO baton.relay: leading\n")
    voice("text")("gateway", "ключ".encode())
    assert capfdbinary.readouterr().err.decode().splitlines() == [
        "sales-relay       | 12:00:01.250 INFO baton.relay: leading",
        "gateway           | ключ",
    ]


def test_json_gets_one_more_field_and_what_is_none_becomes_some(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    voice("json")("sales-relay", b'{"level":"INFO","message":"leading"}\n')
    voice("json")("gateway", b"Traceback (most recent call last):\n")
    said = [json.loads(line) for line in capfdbinary.readouterr().err.splitlines()]
    assert said == [
        {"process": "sales-relay", "level": "INFO", "message": "leading"},
        {"process": "gateway", "message": "Traceback (most recent call last):"},
    ]
