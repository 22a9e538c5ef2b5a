"""Facts in which every personal field says something that stands nowhere else, so that it can be looked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from facts.registry import Fact, Value

LONG_AGO = date(1871, 3, 1)


@dataclass
class Distinct:
    """Makes values of any type that a personal field has; `texts` is how each of them looks where it is not sealed."""

    texts: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def filled(self, fact: Fact) -> Fact:
        """The fact with all its personal fields said. Each of them has a text of its own."""
        said = {name: self._of(type(fact).model_fields[name].annotation) for name in fact.personal}
        return type(fact).model_validate({**fact.model_dump(), **said})

    def _of(self, annotation: Any) -> Any:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._of(arguments[0])
        if origin in (Union, UnionType):
            return self._of(next(each for each in arguments if each is not NoneType))
        if origin is tuple:
            return (self._of(arguments[0]), self._of(arguments[0]))
        if origin is dict:
            return {self._of(str): self._of(str), "within": [self._of(str), {"deep": self._of(str)}]}
        if issubclass(annotation, Value):
            return {name: self._of(info.annotation) for name, info in annotation.model_fields.items()}
        return self._plain(annotation, next(self._numbers))

    def _plain(self, annotation: type, n: int) -> Any:
        if annotation is bool:
            return True  # Nothing to look for: a yes looks like every other yes.
        day = LONG_AGO + timedelta(days=n)
        made: Mapping[type, tuple[Any, str]] = {
            str: (f"Quizzaciously Zubrowka {n:06}", f"Zubrowka {n:06}"),
            int: (918_273_000 + n, str(918_273_000 + n)),
            Decimal: (Decimal(f"918273{n:06}.5"), f"918273{n:06}.5"),
            date: (day, day.isoformat()),
            datetime: (datetime.combine(day, datetime.min.time(), UTC), day.isoformat()),
        }
        value, text = made[annotation]
        self.texts.append(text)
        return value
