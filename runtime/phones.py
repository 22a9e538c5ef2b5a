"""Phone numbers as people write them -> E.164."""

import phonenumbers


def e164(text: str, country: str) -> str:
    """`+442079460018` of `020 7946 0018` in the country GB (ISO 3166-1; "" understands international numbers only).

    Empty when it cannot be understood. Possible numbers count, not only those that a plan has given out yet."""
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number) or number.extension:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
