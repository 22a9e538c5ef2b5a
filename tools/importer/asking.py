"""Asks Baton, for a batch of rows: which ids external ids stand for, and what became of rows that are sent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from baton.common.v1.imports_pb2 import ImportResult
from baton.operations.v1 import operations_pb2

from runtime.client import Client, Problem
from tools.importer.maps import ImportMap
from tools.importer.report import NOT_YET, REJECTED, Outcome, Warned
from tools.importer.resources import RESOURCES, Resource
from tools.importer.rows import column_of

#: External ids in one question, so that its address stays short.
_IDS_MAX = 100
_TOO_LARGE = 413
#: Baton is busier than a request waits for: its rows are sent again later.
_BUSY = frozenset({429, 503})
_WRONG = frozenset({400, 422})


class Asking:
    """One import's questions. Safe to share between threads."""

    def __init__(self, client: Client, map: ImportMap, import_id: str) -> None:
        self._client = client
        self._map = map
        self._import_id = import_id
        self._known: dict[tuple[str, str], str] = {}
        self._leads: dict[str, Any] = {}

    def find(self, resource: Resource, external_ids: Iterable[str]) -> dict[str, Any]:
        """The resources that have these external ids, by external id; those that are not there are left out."""
        wanted = sorted(set(external_ids))
        found: dict[str, Any] = {}
        for start in range(0, len(wanted), _IDS_MAX):
            query: dict[str, int | list[str]] = {"externalId": wanted[start : start + _IDS_MAX], "pageSize": 500}
            answer = self._client.get(resource.path, resource.listed, query)
            found.update((each.external_id, each) for each in getattr(answer, resource.items))
        return found

    def ids(self, references: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """Ids of (resource, external id), as far as they are known; asked once."""
        wanted = set(references) - self._known.keys()
        for name in {name for name, _ in wanted}:
            found = self.find(RESOURCES[name], (external_id for each, external_id in wanted if each == name))
            self._known.update(((name, external_id), each.id) for external_id, each in found.items())
        return self._known

    def handed_on(self, external_ids: Iterable[str]) -> Mapping[str, Any]:
        """Leads that were handed to sales, by external id; asked until they are."""
        wanted = set(external_ids) - self._leads.keys()
        found = self.find(RESOURCES["leads"], wanted)
        self._leads.update((name, lead) for name, lead in found.items() if lead.handoff_id)
        return {**found, **self._leads}

    def under_way(self) -> object:
        """What Baton has still to hear or do, or None when there is nothing."""
        status = self._client.get("/v1/status", operations_pb2.Status)
        lags = sum(source.lag for each in status.departments for source in each.sources)
        due = sum(each.due for each in status.departments)
        heads = tuple(each.head for each in status.departments)
        return (lags, due, heads) if lags or due else None

    def send(self, resource: Resource, path: str, messages: Sequence[Any]) -> list[ImportResult]:
        """One result for each row. A request that is refused for one row's sake is sent again by halves, so that the
        row stands alone and its neighbours go on."""
        if not messages:
            return []
        request = resource.request(import_id=self._import_id, rows=messages)
        try:
            return list(self._client.post(path, resource.response, request).results)
        except Problem as problem:
            if problem.status in _BUSY:
                return [
                    ImportResult(line=row.line, outcome=ImportResult.NOT_YET, detail=str(problem)) for row in messages
                ]
            if problem.status != _TOO_LARGE and problem.status not in _WRONG:
                raise
            if len(messages) > 1:
                half = len(messages) // 2
                return self.send(resource, path, messages[:half]) + self.send(resource, path, messages[half:])
            return [refused(problem)]

    def outcome(self, line: int, result: ImportResult) -> Outcome:
        """A department's result, with the file's columns in place of its fields."""
        name = ImportResult.Outcome.Name(result.outcome)
        column = column_of(self._map, result.field) if name in (REJECTED, NOT_YET) else ""
        warnings = tuple(Warned(line, column_of(self._map, each.field), each.detail) for each in result.warnings)
        return Outcome(name, column, result.detail, warnings)


def refused(problem: Problem) -> ImportResult:
    """The result of a row for whose sake its request was refused: `/rows/0/lead/source` is the row's `lead.source`."""
    first: Mapping[str, str] = problem.errors[0] if problem.errors else {}
    field = ".".join(first.get("pointer", "").split("/")[3:])
    detail = first.get("detail") or problem.detail or problem.title
    return ImportResult(outcome=ImportResult.REJECTED, field=field, detail=detail)
