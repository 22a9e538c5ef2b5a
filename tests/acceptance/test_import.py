"""`baton import` of files of one's own: companies, their people, what was said to them, and what goes wrong."""

import csv
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import eventually
from tests.support.running import Answer, Baton, running

pytestmark = pytest.mark.timeout(240)

COMPANIES = """
[fields]
externalId = { column = "id", required = true }
name = { column = "name", required = true }
tags = { column = "tags", separator = ";" }
"""
PEOPLE = """
[fields]
externalId = { column = "id", required = true }
familyName = { column = "name", required = true }
jobTitle = { column = "job" }
companyId = { column = "works at", reference = "companies" }
emails = [ { address = { column = "mail" }, kind = { constant = "work" } } ]
birthday = { column = "born", format = "%d.%m.%Y" }
branch = { constant = "leeds" }
"""
INTERACTIONS = """
employee = { column = "who" }

[file]
timezone = "Europe/London"

[fields]
externalId = { column = "id", required = true }
personId = { column = "person", reference = "people", required = true }
channel = { column = "how", values = { phone = "CALL", mail = "EMAIL" } }
employee = { column = "who" }
occurredAt = { column = "when" }
summary = { column = "what" }
promises = [ { what = { column = "promised" }, by = { column = "who" } } ]
"""


@pytest.fixture(scope="module")
async def baton(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Baton]:
    async with running(tmp_path_factory.mktemp("import") / "home") as baton:
        yield baton


class Desk:
    """Writes files and imports them for one tenant."""

    def __init__(self, baton: Baton, folder: Path, tenant: str) -> None:
        self.baton = baton
        self.folder = folder
        self.tenant = tenant

    def command(self, resource: str, map: str, *lines: str) -> list[str]:
        file, map_file = self.folder / f"{resource}.csv", self.folder / f"{resource}.toml"
        file.write_text("\n".join(lines) + "\n")
        map_file.write_text(map)
        rejected = ["--rejected", str(self.folder / "rejected.csv")]
        return ["import", resource, str(file), "--map", str(map_file), "--tenant", self.tenant, *rejected]

    async def bring(self, resource: str, map: str, *lines: str) -> Answer:
        return await self.baton.cli(*self.command(resource, map, *lines), "--json")

    async def get(self, path: str, **query: Any) -> Any:
        async with await self.baton.client(self.tenant, "mona", "manager") as client:
            return (await client.get(path, params=query)).json()


@pytest.fixture
def desk(baton: Baton, tmp_path: Path) -> Desk:
    return Desk(baton, tmp_path, f"tenant-{tmp_path.name}")


def counted(answer: Answer) -> tuple[int, ...]:
    report = answer.json()
    return tuple(report[name] for name in ("created", "updated", "unchanged", "rejected"))


async def test_companies_their_people_and_what_was_said_to_them(desk: Desk) -> None:
    companies = ("id,name,tags", "c1,Northwind,wholesale;logo")
    people = ("id,name,job,works at,mail,born", "p1,Орлова,Chef,c1,orlova@example.org,07.03.1985", "p2,Mills,,,,")
    calls = (
        "id,person,how,who,when,what,promised",
        "i1,p1,phone,emma.clarke,2026-07-01 10:00,Asked for plates,Send a price",
    )
    assert counted(await desk.bring("companies", COMPANIES, *companies)) == (1, 0, 0, 0)
    assert counted(await desk.bring("people", PEOPLE, *people)) == (2, 0, 0, 0)
    assert counted(await desk.bring("interactions", INTERACTIONS, *calls)) == (
        1,
        0,
        0,
        0,
    )

    (company,) = (await desk.get("/v1/companies", externalId="c1"))["companies"]
    (person,) = (await desk.get("/v1/people", externalId="p1"))["people"]
    assert (company["name"], company["tags"]) == ("Northwind", ["wholesale", "logo"])
    assert (person["familyName"], person["companyId"], person["birthday"]) == ("Орлова", company["id"], "1985-03-07")
    assert person["emails"] == [{"address": "orlova@example.org", "kind": "work"}]
    (call,) = (await desk.get("/v1/interactions", personId=person["id"]))["interactions"]
    assert (call["channel"], call["employee"], call["occurredAt"]) == ("CALL", "emma.clarke", "2026-07-01T09:00:00Z")
    assert [promise["what"] for promise in call["promises"]] == ["Send a price"]


async def test_the_row_last_imported_is_compared_so_edits_survive(desk: Desk) -> None:
    header, row = "id,name,job,works at,mail,born", "p1,Orlova,Chef,,orlova@example.org,"
    await desk.bring("people", PEOPLE, header, row)
    (person,) = (await desk.get("/v1/people", externalId="p1"))["people"]
    async with await desk.baton.client(desk.tenant, "mona", "manager") as client:
        edited = await client.patch(f"/v1/people/{person['id']}", json={"note": "Only after 4 pm", "jobTitle": "Owner"})
        assert edited.status_code == 200
    assert counted(await desk.bring("people", PEOPLE, header, row)) == (0, 0, 1, 0)
    assert counted(await desk.bring("people", PEOPLE, header, row.replace("Orlova", "Orlova-Mills"))) == (0, 1, 0, 0)
    found = await desk.get(f"/v1/people/{person['id']}")
    assert (found["familyName"], found["note"]) == ("Orlova-Mills", "Only after 4 pm")


async def test_wrong_rows_go_to_a_file_with_their_reasons_and_the_others_come_in(desk: Desk) -> None:
    lines = (
        "id,name,job,works at,mail,born",
        "p1,Orlova,,,nobody,",
        "p2,,,,,",
        "p3,Mills,,,,1985-03-07",
        "p4,Ward,,,,",
    )
    answer = await desk.bring("people", PEOPLE, *lines)
    assert (answer.code, counted(answer)) == (1, (1, 0, 0, 3))
    with (desk.folder / "rejected.csv").open(newline="") as file:
        rejected = list(csv.DictReader(file))
    assert [(row["rejected_line"], row["rejected_column"], row["id"]) for row in rejected] == [
        ("2", "mail", "p1"),
        ("3", "name", "p2"),
        ("4", "born", "p3"),
    ]


async def test_a_dry_run_records_nothing(desk: Desk) -> None:
    command = desk.command("people", PEOPLE, "id,name,job,works at,mail,born", "p1,Orlova,,,,")
    answer = await desk.baton.cli(*command, "--dry-run", "--json")
    assert (answer.code, answer.json()["rows"], counted(answer)) == (0, 1, (0, 0, 0, 0))
    assert (await desk.get("/v1/people"))["totalSize"] == 0


async def test_ctrl_c_stops_it_and_the_same_again_goes_on(desk: Desk) -> None:
    lines = ["id,name,job,works at,mail,born", *(f"p{n},Orlova,,,orlova{n}@example.org," for n in range(12000))]
    command = [*desk.command("people", PEOPLE, *lines), "--json"]
    importing = await desk.baton.spawn(*command)
    await eventually(lambda: desk.get("/v1/people", pageSize=1), lambda listed: listed["totalSize"] > 0)
    importing.send_signal(signal.SIGINT)
    stdout, stderr = await importing.communicate()
    assert importing.returncode == 130, stderr
    assert Answer(130, stdout.decode(), "").json()["rows"] < 12000
    again = await desk.baton.cli(*command)
    assert sum(counted(again)) == 12000
    assert counted(again)[2] > 0
    assert counted(await desk.baton.cli(*command)) == (0, 0, 12000, 0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("people", "nowhere.csv", "--map", "people.toml"), "No such file"),
        (("deals", "people.csv", "--map", "people.toml"), "this is a map of people"),
        (("people", "people.csv", "--map", "nowhere.toml"), "No such file"),
        (("people", "other.csv", "--map", "people.toml"), "has no column"),
    ],
)
async def test_what_cannot_be_used_is_told_in_words(desk: Desk, arguments: tuple[str, ...], told: str) -> None:
    desk.command("people", 'resource = "people"\n' + PEOPLE, "id,name,job,works at,mail,born")
    (desk.folder / "other.csv").write_text("a,b\n")
    in_folder = [str(desk.folder / each) if "." in each else each for each in arguments]
    answer = await desk.baton.cli("import", *in_folder)
    assert (answer.code, answer.stdout) == (2, "")
    assert told in answer.stderr
