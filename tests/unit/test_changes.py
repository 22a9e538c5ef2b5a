"""A coalesced batch does what its changes do one by one."""

from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog.changes import DELETE, UPSERT, AppendItems, Changes, Layer
from eventlog.projections import Add, AppendItem, Change, Delete, Insert, Max, Update

Rows = dict[tuple[Any, ...], dict[str, Any]]
KEY = ("tenant", "deal", "item")


def one_by_one(changes: Iterable[Change]) -> Rows:
    rows: Rows = {}
    for change in changes:
        if isinstance(change, Insert):
            key = tuple(change.row[name] for name in KEY)
            apply(rows.setdefault(key, {}), {name: v for name, v in change.row.items() if name not in KEY})
            continue
        leading = tuple(change.key.values())
        for key in [key for key in rows if key[: len(leading)] == leading]:
            if isinstance(change, Delete):
                del rows[key]
            else:
                apply(rows[key], change.columns)
    return rows


def in_layers(layers: Sequence[Layer]) -> Rows:
    rows: Rows = {}
    for layer in layers:
        for leading, operation in layer.items():
            if operation.kind == UPSERT:
                apply(rows.setdefault(leading, {}), operation.columns)
                continue
            for key in [key for key in rows if key[: len(leading)] == leading]:
                if operation.kind == DELETE:
                    del rows[key]
                else:
                    apply(rows[key], operation.columns)
    return rows


def apply(row: dict[str, Any], columns: Any) -> None:
    for name, value in columns.items():
        old = row.get(name)
        match value:
            case Add(amount):
                row[name] = (old or 0) + amount
            case Max(found):
                row[name] = found if old is None else max(old, found)
            case AppendItem(item):
                row[name] = [*(old or []), item]
            case AppendItems(items):
                row[name] = [*(old or []), *items]
            case _:
                row[name] = value


keys = st.tuples(st.sampled_from(["olist", "acme"]), st.sampled_from(["d1", "d2"]), st.integers(1, 2))
columns = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.one_of(st.integers(0, 9), st.none(), st.integers(1, 9).map(Add), st.integers(0, 9).map(Max)),
        "state": st.sampled_from(["OPEN", "WON"]),
        "notes": st.one_of(st.integers(0, 9).map(AppendItem), st.just([0]), st.none()),
    },
)
inserts = st.builds(lambda key, row: Insert("items", {**dict(zip(KEY, key, strict=True)), **row}), keys, columns)
leading = st.builds(lambda key, n: dict(list(zip(KEY, key, strict=True))[:n]), keys, st.integers(1, 3))
updates = st.builds(lambda key, row: Update("items", key, row), leading, columns)
deletes = st.builds(lambda key: Delete("items", key), leading)
batches = st.lists(st.one_of(inserts, inserts, updates, deletes), max_size=14)


@settings(max_examples=400)
@given(batches)
def test_coalescing_is_applying_one_by_one(batch: list[Change]) -> None:
    changes = Changes({"items": KEY})
    changes.add(batch)

    layers = changes.tables["items"].layers if batch else []

    assert in_layers(layers) == one_by_one(batch)


def test_a_thousand_changes_of_one_row_become_one() -> None:
    changes = Changes({"items": KEY})
    row = {"tenant": "olist", "deal": "d1", "item": 1}
    changes.add([Insert("items", {**row, "amount": Add(1), "notes": AppendItem(n)}) for n in range(1000)])

    (layer,) = changes.tables["items"].layers
    (operation,) = layer.values()

    assert operation.columns == {"amount": Add(1000), "notes": AppendItems(tuple(range(1000)))}


def test_replacing_the_items_of_many_deals_takes_two_statements_not_two_a_deal() -> None:
    changes = Changes({"items": KEY})
    for n in range(100):
        deal = {"tenant": "olist", "deal": f"d{n}"}
        changes.add([Delete("items", deal), Insert("items", {**deal, "item": 1})])

    assert [len(layer) for layer in changes.tables["items"].layers] == [100, 100]
