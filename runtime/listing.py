"""Lists, generic: a List request's descriptor is the list's description.

    PEOPLE = Listing("people", Person, orderable=("create_time", "display_name"))
    rows, next_page_token, total_size = await PEOPLE.page(views, call, request)

Every field of the request but `page_size`, `page_token` and `order_by` filters the column of its name: repeated means
or, `<column>_after` and `<column>_before` bound a time (both exclusive), and where the resource's own field is a list
(`tags`) the filter asks whether the list contains it. A page token holds the sort keys of the last row shown, so rows
that are added meanwhile neither repeat nor hide others; it is bound to the list, the tenant, the filters and the order
it was made for.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Protocol

import asyncpg
import orjson
from baton.common.v1 import options_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from eventlog.clock import utc_now
from eventlog.decider import Invalid
from eventlog.views import to_json
from runtime.call import Call

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 500
_COUNTED = "counted of all pages"
_PAGING = frozenset({"page_size", "page_token", "order_by"})


class Rows(Protocol):
    """What a list reads from: a department's read models."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]: ...


class Page(NamedTuple):
    """Rows with the resource's field names, the token of the next page ("" on the last) and the count of all pages."""

    rows: Sequence[Mapping[str, Any]]
    next_page_token: str
    total_size: int


class Order(NamedTuple):
    column: str
    descending: bool


@dataclass
class Arguments:
    """Bound values of one statement: `bind` answers the placeholder. Values never stand in the statement's text."""

    values: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


#: A further condition on the rows: given the function that binds a value, its SQL.
Where = Callable[[Callable[[Any], str]], str]


@dataclass(frozen=True)
class Listing:
    """How one resource is listed. `message` is the resource, `orderable` the columns that `order_by` may name.

    `scope` is the condition for callers who see only their branch; `{branch}` and `{tenant}` stand for bound values;
    "" shows the whole tenant to everybody. `computed` gives SQL for filters that are no column (`overdue`), with
    `{now}` for the time of asking. `ignored` are request fields that the caller handles (`query`). `built_in` are rows
    that every tenant has until the table holds one of their key."""

    table: str
    message: type[Message]
    orderable: Sequence[str]
    default_order: str = "create_time desc"
    scope: str = "branch = {branch}"
    computed: Mapping[str, str] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    key: str = "id"
    built_in: Sequence[Mapping[str, Any]] = ()

    async def page(
        self, views: Rows, call: Call, request: Any, *, now: datetime | None = None, where: Sequence[Where] = ()
    ) -> Page:
        """One page for this caller. Raises `Invalid` for a wrong `page_size`, `order_by`, `page_token` or filter."""
        size = page_size(request.page_size)
        order = self.order(request.order_by)
        bound = binding(request, order, call.identity.tenant)
        arguments = Arguments()
        conditions = [
            *self._visible(call, arguments),
            *self._filters(request, arguments, now or utc_now()),
            *(each(arguments.bind) for each in where),
        ]
        matching = f'FROM {self._rows(call, arguments)} AS "{self.table}" WHERE ' + " AND ".join(conditions)
        after = read_token(request.page_token, bound, order)
        total, rows = await self._fetch(views, matching, order, size, after, arguments)
        if len(rows) <= size:
            return Page(rows, "", total)
        return Page(rows[:size], write_token(bound, [rows[size - 1][key.column] for key in order]), total)

    async def _fetch(
        self, views: Rows, matching: str, order: Sequence[Order], size: int, after: Sequence[Any], arguments: Arguments
    ) -> tuple[int, Sequence[Mapping[str, Any]]]:
        """How many rows match, and the page with one row more, in one statement: of two, each would see a moment of its
        own, and the count would miss a row that is shown."""
        beyond = f" AND ({_beyond(order, after, arguments)})" if after else ""
        keys = ", ".join(f'"{key.column}" {"DESC" if key.descending else "ASC"}' for key in order)
        sql = (
            f'SELECT page.*, counted.n AS "{_COUNTED}" FROM (SELECT count(*) AS n {matching}) AS counted '
            f"LEFT JOIN (SELECT * {matching}{beyond} ORDER BY {keys} LIMIT {size + 1}) AS page ON true ORDER BY {keys}"
        )
        try:
            found = await views.fetch(sql, *arguments.values)
        except (asyncpg.DataError, ValueError) as error:
            if not after:
                raise
            raise Invalid("this page token was not made here", field="page_token") from error
        # Where the page is empty, the count stands alone, beside a row of nothing.
        return found[0][_COUNTED], [] if found[0][self.key] is None else found

    def order(self, text: str) -> Sequence[Order]:
        """`"createTime desc, display_name"` -> columns and directions, ended by the key, so that the order is total."""
        keys = [self._key(part.split()) for part in (text or self.default_order).split(",")]
        columns = [key.column for key in keys]
        if len(set(columns)) < len(columns):
            raise Invalid("a field stands twice", field="order_by")
        return keys if self.key in columns else [*keys, Order(self.key, keys[-1].descending)]

    def _key(self, words: Sequence[str]) -> Order:
        column = snake_case(words[0]) if words else ""
        if column not in {*self.orderable, self.key} or len(words) > 2 or words[1:] not in ([], ["asc"], ["desc"]):
            allowed = ", ".join(camel_case(each) for each in self.orderable)
            raise Invalid(f"expected one or several of {allowed}, each alone or with asc or desc", field="order_by")
        return Order(column, words[1:] == ["desc"])

    def _rows(self, call: Call, arguments: Arguments) -> str:
        if not self.built_in:
            return f'"{self.table}"'
        tenant = arguments.bind(call.identity.tenant)
        rows = arguments.bind(to_json([{**row, "tenant": call.identity.tenant} for row in self.built_in]).decode())
        return (
            f'(SELECT * FROM "{self.table}" UNION ALL '
            f'SELECT b.* FROM jsonb_populate_recordset(NULL::"{self.table}", {rows}::text::jsonb) b WHERE NOT EXISTS '
            f'(SELECT FROM "{self.table}" t WHERE t.tenant = {tenant} AND t."{self.key}" = b."{self.key}"))'
        )

    def _visible(self, call: Call, arguments: Arguments) -> list[str]:
        tenant = arguments.bind(call.identity.tenant)
        conditions = [f"tenant = {tenant}"]
        if self.scope and call.identity.scope is not None:
            conditions.append(f"({self.scope.format(tenant=tenant, branch=arguments.bind(call.identity.scope))})")
        return conditions

    def _filters(self, request: Message, arguments: Arguments, now: datetime) -> list[str]:
        return [
            self._filter(described, value, arguments, now)
            for described, value in request.ListFields()
            if described.name not in _PAGING and described.name not in self.ignored
        ]

    def _filter(self, described: FieldDescriptor, value: Any, arguments: Arguments, now: datetime) -> str:
        column, ending = described.name, described.name.rpartition("_")[2]
        if described.message_type is not None and ending in ("after", "before"):
            return _time_bound(column.removesuffix(f"_{ending}"), ending, described, value, arguments)
        values = [_plain(described, each) for each in (value if described.is_repeated else [value])]
        if column in self.computed:
            holds = self.computed[column].format(now=arguments.bind(now))
            return f"({holds}) = ANY({arguments.bind(values)}::boolean[])"
        if self._is_list(column):
            return f'"{column}" ?| {arguments.bind([str(each) for each in values if each is not None])}::text[]'
        given = f'"{column}" = ANY({arguments.bind([each for each in values if each is not None])})'
        return f'({given} OR "{column}" IS NULL)' if None in values else given

    def _is_list(self, column: str) -> bool:
        shown = self.message.DESCRIPTOR.fields_by_name.get(column)
        return shown is not None and shown.is_repeated


def page_size(asked: int) -> int:
    """0 means the default, too many means the most; raises `Invalid` below 0."""
    if asked < 0:
        raise Invalid("expected 0 (the default) to 500", field="page_size")
    return min(asked or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


def binding(request: Any, order: Sequence[Order], tenant: str) -> str:
    """What a page token is bound to: the list, the tenant, the request's filters and the order, not the page."""
    filters = type(request)()
    filters.CopyFrom(request)
    for name in ("page_size", "page_token", "order_by"):
        filters.ClearField(name)
    digest = hashlib.sha256(repr((request.DESCRIPTOR.full_name, tenant, list(order))).encode())
    digest.update(filters.SerializeToString(deterministic=True))
    return digest.hexdigest()[:24]


def write_token(bound: str, values: Sequence[Any]) -> str:
    """An opaque token for the page after the row with these sort keys."""
    tagged = [[type(value).__name__, _texts(value)] for value in values]
    return base64.urlsafe_b64encode(orjson.dumps([bound, tagged])).decode().rstrip("=")


def read_token(token: str, bound: str, order: Sequence[Order]) -> Sequence[Any]:
    """The sort keys of the last row shown, none for no token. Raises `Invalid` for another list's token."""
    if not token:
        return ()
    try:
        made_for, tagged = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        values = [_READERS[name](text) for name, text in tagged]
    except (binascii.Error, ValueError, KeyError, TypeError, InvalidOperation) as error:
        raise Invalid("this page token was not made here", field="page_token") from error
    if made_for != bound or len(values) != len(order):
        raise Invalid(
            "this page token belongs to another list, or to other filters or another order", field="page_token"
        )
    return values


def snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": float,
    "NoneType": lambda _: None,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "Decimal": Decimal,
}


def _texts(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _beyond(order: Sequence[Order], after: Sequence[Any], arguments: Arguments) -> str:
    """The rows that sort after these keys. As in PostgreSQL's own order, an empty value is the greatest."""
    bound = [None if value is None else arguments.bind(value) for value in after]
    alternatives = []
    for n, (key, value) in enumerate(zip(order, bound, strict=True)):
        same = [_equal(order[before].column, bound[before]) for before in range(n)]
        alternatives.append(" AND ".join([*same, _further(key, value)]))
    return " OR ".join(f"({each})" for each in alternatives)


def _equal(column: str, placeholder: str | None) -> str:
    return f'"{column}" IS NULL' if placeholder is None else f'"{column}" = {placeholder}'


def _further(key: Order, placeholder: str | None) -> str:
    if key.descending:
        return f'"{key.column}" IS NOT NULL' if placeholder is None else f'"{key.column}" < {placeholder}'
    return "false" if placeholder is None else f'("{key.column}" > {placeholder} OR "{key.column}" IS NULL)'


def _time_bound(column: str, ending: str, described: FieldDescriptor, value: Any, arguments: Arguments) -> str:
    if described.message_type is None or described.message_type.full_name != "google.protobuf.Timestamp":
        raise TypeError(f"{described.full_name}: only times are bounded by _after and _before")
    sign = ">" if ending == "after" else "<"
    return f'"{column}" {sign} {arguments.bind(value.ToDatetime(tzinfo=UTC))}'


def _plain(described: FieldDescriptor, value: Any) -> Any:
    if described.enum_type is not None:
        return described.enum_type.values_by_number[value].name
    text: options_pb2.Text = described.GetOptions().Extensions[options_pb2.text]  # type: ignore[index]
    return _day(described.name, value) if text.format == "date" else value


def _day(name: str, value: str) -> date | None:
    """Empty asks for the rows that have no such day."""
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise Invalid("expected a date such as 2026-03-31", field=name) from error
