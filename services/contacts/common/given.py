"""What requests and other departments' facts give, brought into the form that decisions take."""

from collections.abc import Mapping
from typing import Any

from eventlog.decider import Refused
from eventlog.handling import Handler
from facts.contacts import Phone
from runtime.phones import e164
from services.contacts.domain.branch import BRANCH


class Given:
    """Knows the branches' countries, by which national phone numbers are understood."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def reachable(self, tenant: str, asked: Mapping[str, Any], branch: str) -> dict[str, Any]:
        """The values that are given, phone numbers in E.164 and whole where something was cleared."""
        given = dict(asked)
        if given.get("phones"):
            country = await self._country(tenant, branch) if any(map(_national, given["phones"])) else ""
            given["phones"] = tuple(_phone(each, country) for each in given["phones"])
        return whole(given)

    async def _country(self, tenant: str, branch: str) -> str:
        """ISO 3166-1; "" of a branch that nobody described."""
        return (await self._handler.load(BRANCH, tenant, branch)).state.country if branch else ""


def dialled(asked: Mapping[str, Any], resource: str) -> None:
    """Whoever types a phone number types digits. Rows of a file are taken as they are: nothing in them is lost.
    Raises `Refused`."""
    for n, each in enumerate(asked.get("phones") or ()):
        text = each.get("number") or each.get("raw", "")
        if text and not any(map(str.isdecimal, text)):
            raise Refused("a phone number has digits", field=f"{resource}.phones[{n}].number")


def _phone(given: Mapping[str, Any], country: str) -> Phone:
    """`number` in E.164 or empty; `raw` as it was given."""
    text = given.get("number") or given.get("raw", "")
    return Phone(number=e164(text, country), kind=given.get("kind", ""), raw=given.get("raw") or text)


def _national(given: Mapping[str, Any]) -> bool:
    """Whether a number can only be understood by knowing the country."""
    return not (given.get("number") or given.get("raw", "")).lstrip().startswith("+")


def whole(given: dict[str, Any]) -> dict[str, Any]:
    """Custom values that were cleared are none."""
    if "custom" in given and given["custom"] is None:
        given["custom"] = {}
    return given
