"""Phone numbers as people write them -> E.164."""

import re

import phonenumbers
from phonenumbers import PhoneNumber

#: How a number is dialled abroad from most countries; no country's own numbers begin so.
_ABROAD = re.compile(r"\W*0\W*0")


def e164(text: str, country: str) -> str:
    """`+442079460018` of `020 7946 0018` in the country GB (ISO 3166-1; "" understands international numbers only).

    Empty when it cannot be understood. Possible numbers count, not only those that a plan has given out yet: a plan
    that is newer than the program finds its people, too. But what begins with 00 is a number of another country also
    where that is dialled otherwise, or where nobody said which country it is, and then it has to be one of a plan."""
    abroad = _ABROAD.match(text)
    number = _parsed(text, country)
    if abroad and (number is None or not phonenumbers.is_valid_number(number)):
        number = _parsed("+" + text[abroad.end() :], "")
        if number is not None and not phonenumbers.is_valid_number(number):
            return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else ""


def _parsed(text: str, country: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) and not number.extension else None
