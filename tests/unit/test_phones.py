"""Phone numbers as people write them."""

import pytest

from runtime.phones import e164


@pytest.mark.parametrize(
    ("written", "country", "understood"),
    [
        ("020 7946 0018", "GB", "+442079460018"),
        ("00 44 20 7946 0018", "GB", "+442079460018"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("495 123-45-67", "RU", "+74951234567"),
        ("+7 495 123-45-67", "", "+74951234567"),
        ("00447911123456", "RU", "+447911123456"),
        ("(00) 44 7911 123456", "US", "+447911123456"),
        ("00 44 7911 123456", "", "+447911123456"),
        ("07700 900123", "GB", "+447700900123"),
        ("+1 202 555 0143", "GB", "+12025550143"),
    ],
)
def test_a_number_is_understood_by_its_country(written: str, country: str, understood: str) -> None:
    assert e164(written, country) == understood


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("020 7946 0018", ""),
        ("020 7946 0018", "XX"),
        ("ask at the desk", "GB"),
        ("", "GB"),
        ("+44 20 7946 0018 x5", ""),
        ("00 123 456 789", "RU"),
        ("0000000000", "RU"),
        ("0000000000", ""),
    ],
)
def test_what_cannot_be_understood_is_no_number(written: str, country: str) -> None:
    assert e164(written, country) == ""
