"""The made-up company of `company.toml`, and the customers that a seed makes of its words."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

_LATIN = str.maketrans(
    dict(zip("абвгдеёзийклмнопрстуфхыэ", "abvgdeeziiklmnoprstufhye", strict=True))
    | {"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
)
_AROUND_THE_CLOCK = tuple({"day": day, "opens": "00:00", "closes": "24:00"} for day in range(1, 8))


@dataclass(frozen=True)
class Office:
    """A branch; `words` is what its country's customers say and are called. Without `working_hours` it works as most
    do, Monday to Friday."""

    id: str
    name: str
    country: str
    time_zone: str
    marketing: str
    sales: Sequence[str]
    words: dict[str, Any]
    working_hours: Sequence[dict[str, Any]] = ()

    def pick(self, random: Random, kind: str) -> str:
        """One of the words of a kind."""
        words = self.words[kind]
        return str(random.choice(words.split() if isinstance(words, str) else words))


@dataclass(frozen=True)
class Customer:
    """A person. `number` counts all of them and is in the e-mail and the phone number, so that both are unique."""

    number: int
    office: Office
    given: str
    middle: str
    family: str

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.given, self.middle, self.family) if part)

    @property
    def email(self) -> str:
        latin = f"{self.given}.{self.family}".casefold().translate(_LATIN)
        domain = "example.org" if self.office.country == "RU" else "example.com"
        return f"{latin}{self.number}@{domain}"

    @property
    def phone(self) -> str:
        return str(self.office.words["phone"].format(self.number))


@dataclass(frozen=True)
class Company:
    """Clay & Kiln."""

    document: dict[str, Any]

    @classmethod
    def read(cls) -> "Company":
        return cls(tomllib.loads(Path(__file__).with_name("company.toml").read_text()))

    @cached_property
    def offices(self) -> Sequence[Office]:
        return [
            Office(
                each["id"],
                each["name"],
                each["country"],
                each["timeZone"],
                each["marketing"],
                each["sales"],
                self.document[each["country"]],
                _AROUND_THE_CLOCK if each.get("aroundTheClock") else (),
            )
            for each in self.document["office"]
        ]

    def customer(self, random: Random, number: int) -> Customer:
        office = self.offices[number % len(self.offices)]
        woman = random.random() < 0.5
        given = office.pick(random, "women" if woman else "men")
        family = office.pick(random, "families")
        if office.country != "RU":
            return Customer(number, office, given, "", family)
        middle = office.pick(random, "fathers") + ("на" if woman else "ич")
        return Customer(number, office, given, middle, family + ("а" if woman else ""))

    def business(self, number: int) -> tuple[Office, str]:
        """The n-th customer that is a business: its branch and its name."""
        office = self.offices[number % len(self.offices)]
        names, kinds = office.words["businessNames"].split(), office.words["businesses"]
        # Two numbers without a common factor visit every pair of name and kind before one comes again.
        return office, kinds[number % 5 % len(kinds)].format(names[number // 2 % len(names)])
