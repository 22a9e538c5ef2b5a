"""People as they are asked for."""

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from baton.common.v1.imports_pb2 import ImportResult
from baton.contacts.v1 import branches_pb2, companies_pb2
from baton.contacts.v1 import people_pb2 as pb

from runtime.errors import RpcError
from tests.support.house import Desk, Town, eventually

ANNA: dict[str, Any] = {
    "given_name": "Anna",
    "family_name": "Petrova",
    "emails": [pb.Email(address="Anna.Petrova@example.com", kind="work")],
    "phones": [pb.Phone(number="020 7946 0018")],
    "tags": ["wholesale", "wholesale"],
    "birthday": "1985-04-12",
}


async def register(desk: Desk, **fields: Any) -> pb.Person:
    return await desk.ask("People/CreatePerson", pb.CreatePersonRequest(person=pb.Person(**fields)))


async def refusal(awaited: Any) -> RpcError:
    with pytest.raises(RpcError) as raised:
        await awaited
    return raised.value


async def test_a_person_is_registered_and_read_again(town: Town) -> None:
    emma = town.desk("emma", branch="london")
    await emma.ask(
        "Branches/CreateBranch",
        branches_pb2.CreateBranchRequest(branch=branches_pb2.Branch(id="london", country="GB")),
    )

    made = await register(emma, **ANNA)

    assert made.display_name == "Anna Petrova"
    assert made.branch == "london"
    assert [phone.number for phone in made.phones] == ["+442079460018"]
    assert [phone.raw for phone in made.phones] == ["020 7946 0018"]
    assert list(made.tags) == ["wholesale"]
    assert made.etag == "1"
    assert await emma.ask("People/GetPerson", pb.GetPersonRequest(id=made.id)) == made
    listed = await eventually(lambda: emma.ask("People/ListPeople", pb.ListPeopleRequest()), lambda page: page.people)
    assert list(listed.people) == [made]
    assert listed.total_size == 1


async def test_a_repeated_request_registers_nobody_twice(town: Town) -> None:
    emma, key = town.desk("emma"), str(uuid4())
    request = pb.CreatePersonRequest(person=pb.Person(**ANNA))

    first = await emma.reply("People/CreatePerson", request, idempotency_key=key)
    again = await emma.reply("People/CreatePerson", request, idempotency_key=key)

    assert again.message == first.message
    assert again.metadata["idempotency-replayed"] == "true"


async def test_nobody_is_registered_of_whom_nothing_is_known(town: Town) -> None:
    emma = town.desk("emma")
    refused = await refusal(register(emma, note="Somebody called"))
    assert (refused.kind.http, [each.field for each in refused.violations]) == (409, ["person.display_name"])

    anna = await register(emma, given_name="Anna")
    request = pb.UpdatePersonRequest(person=pb.Person(id=anna.id), update_mask={"paths": ["given_name"]})
    assert (await refusal(emma.ask("People/UpdatePerson", request))).kind.http == 409


async def test_a_phone_number_has_digits(town: Town) -> None:
    emma = town.desk("emma")
    phones = [pb.Phone(number="extension 7"), pb.Phone(number="abc")]
    refused = await refusal(register(emma, given_name="Anna", phones=phones))
    assert [(each.field, each.detail) for each in refused.violations] == [
        ("person.phones[1].number", "a phone number has digits")
    ]


async def test_a_wrong_day_is_named_where_it_stands(town: Town) -> None:
    emma = town.desk("emma")
    refused = await refusal(register(emma, given_name="Anna", birthday="1985-02-30"))
    assert [each.field for each in refused.violations] == ["person.birthday"]

    row = pb.PersonRow(line=2, digest="a" * 64, person=pb.Person(external_id="crm-1", birthday="1985-02-30"))
    answer = await emma.ask("People/ImportPeople", pb.ImportPeopleRequest(import_id="i", rows=[row]))
    assert [(each.outcome, each.field) for each in answer.results] == [(ImportResult.REJECTED, "person.birthday")]


async def test_companies_belong_to_each_other_in_no_circle(town: Town) -> None:
    emma = town.desk("emma")

    async def company(**given: Any) -> companies_pb2.Company:
        request = companies_pb2.CreateCompanyRequest(company=companies_pb2.Company(**given))
        return await emma.ask("Companies/CreateCompany", request)

    top = await company(name="Mugs Group")
    middle = await company(name="Mugs Ltd", parent_id=top.id)
    below = await company(name="Mugs of York", parent_id=middle.id)

    request = companies_pb2.UpdateCompanyRequest(company=companies_pb2.Company(id=top.id, parent_id=below.id))
    refused = await refusal(emma.ask("Companies/UpdateCompany", request))
    assert (refused.kind.http, [each.field for each in refused.violations]) == (409, ["company.parent_id"])


async def test_an_address_belongs_to_one_person(town: Town) -> None:
    emma = town.desk("emma")
    await register(emma, **ANNA)

    no = await refusal(register(emma, given_name="Boris", emails=[pb.Email(address="ANNA.petrova@EXAMPLE.com")]))

    assert no.kind.http == 409
    assert "an e-mail address belongs to one person" in str(no)
    assert "petrova" not in str(no).lower()


async def test_an_address_that_was_given_up_can_be_taken(town: Town) -> None:
    emma = town.desk("emma")
    anna = await register(emma, **ANNA)
    anna.emails[0].address = "anna@example.org"
    await emma.ask("People/UpdatePerson", pb.UpdatePersonRequest(person=anna))

    boris = await register(emma, given_name="Boris", emails=ANNA["emails"])
    no = await refusal(register(emma, given_name="Carl", emails=ANNA["emails"]))

    assert [email.address for email in boris.emails] == ["Anna.Petrova@example.com"]
    assert no.kind.http == 409


async def test_of_two_at_one_moment_one_gets_the_address(town: Town) -> None:
    emma = town.desk("emma")

    answers = await asyncio.gather(*(register(emma, **ANNA) for _ in range(4)), return_exceptions=True)

    assert sum(isinstance(answer, pb.Person) for answer in answers) == 1


async def test_a_patch_changes_what_is_given_and_clears_what_is_named(town: Town) -> None:
    emma = town.desk("emma")
    anna = await register(emma, **ANNA, custom={"shoeSize": 38, "vip": True})
    change = pb.UpdatePersonRequest(person=pb.Person(id=anna.id, family_name="Ivanova"))
    change.update_mask.paths.extend(["family_name", "birthday", "tags", "custom.vip"])

    changed = await emma.ask("People/UpdatePerson", change, if_match='"1"')

    assert (changed.family_name, changed.display_name) == ("Ivanova", "Anna Ivanova")
    assert (changed.birthday, list(changed.tags)) == ("", [])
    assert dict(changed.custom) == {"shoeSize": 38}
    assert changed.etag == "2"
    stale = await refusal(emma.ask("People/UpdatePerson", change, if_match='"1"'))
    assert stale.kind.http == 412


@pytest.mark.parametrize("tag", ["*", '"1"'])
async def test_what_is_only_now_to_be_made_matches_no_version(town: Town, tag: str) -> None:
    emma = town.desk("emma")
    request = pb.CreatePersonRequest(person=pb.Person(given_name="Anna"))
    refused = await refusal(emma.ask("People/CreatePerson", request, if_match=tag))
    assert refused.kind.http == 412


async def test_people_are_found_by_parts_of_names_addresses_and_numbers(town: Town) -> None:
    emma = town.desk("emma")
    anna = await register(emma, **ANNA)
    await register(emma, given_name="Boris")

    for query in ("petr ann", "ANNA.PETROVA@", "7946", "100%"):
        search = pb.SearchPeopleRequest(query=query)
        found = await eventually(
            partial(emma.ask, "People/SearchPeople", search),
            lambda found: found.people or search.query == "100%",  # noqa: B023 - asked before the next one
        )
        assert [person.id for person in found.people] == ([] if query == "100%" else [anna.id])


@pytest.mark.parametrize("name", ["ΓΙΩΡΓΟΣ ΠΑΠΠΑΣ", "Γιώργος Παππάς", "İpek İstanbul", "Straße", "ИВАН Ё"])
async def test_a_name_is_found_as_it_is_written_and_in_the_other_case(town: Town, name: str) -> None:
    emma = town.desk("emma")
    there = await register(emma, display_name=name)
    for query in {name, name.lower() if name[0] != "İ" else name, name.upper() if "ß" not in name else name}:
        found = await eventually(
            partial(emma.ask, "People/SearchPeople", pb.SearchPeopleRequest(query=query)), lambda page: page.people
        )
        assert [person.id for person in found.people] == [there.id], query


async def test_a_clerk_sees_the_people_of_the_own_branch_only(town: Town) -> None:
    anna = await register(town.desk("emma", "clerk", branch="london"), **ANNA)
    ivan = town.desk("ivan", "clerk", branch="moscow")

    unseen = await refusal(ivan.ask("People/GetPerson", pb.GetPersonRequest(id=anna.id)))
    unchanged = await refusal(ivan.ask("People/UpdatePerson", pb.UpdatePersonRequest(person=pb.Person(id=anna.id))))
    elsewhere = await refusal(register(ivan, given_name="Boris", branch="london"))
    stranger = await refusal(
        town.desk("eve", tenant="another").ask("People/GetPerson", pb.GetPersonRequest(id=anna.id))
    )

    assert [error.kind.http for error in (unseen, unchanged, elsewhere, stranger)] == [404, 404, 403, 404]
    assert (await ivan.ask("People/ListPeople", pb.ListPeopleRequest())).total_size == 0


async def test_a_list_pages_in_order_while_people_are_added(town: Town) -> None:
    emma = town.desk("emma")
    for name in ("Boris", "Anna", "Dora", "Carl", "Emil"):
        await register(emma, given_name=name, responsible="emma" if name != "Carl" else "otto")
    request = pb.ListPeopleRequest(page_size=2, order_by="givenName desc", responsible=["emma", "mia"])
    first = await eventually(lambda: emma.ask("People/ListPeople", request), lambda page: page.total_size == 4)
    await register(emma, given_name="Zoe", responsible="emma")
    request.page_token = first.next_page_token
    second = await emma.ask("People/ListPeople", request)

    assert [person.given_name for person in (*first.people, *second.people)] == ["Emil", "Dora", "Boris", "Anna"]
    assert second.next_page_token == ""
    request.responsible.append("otto")
    assert (await refusal(emma.ask("People/ListPeople", request))).kind.http == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"order_by": "note"},
        {"order_by": "displayName up"},
        {"order_by": "displayName,displayName"},
        {"page_token": "rubbish"},
        {"page_token": "W10"},
        {"page_size": -1},
    ],
)
async def test_a_list_refuses_what_it_does_not_understand(town: Town, wrong: dict[str, Any]) -> None:
    assert (await refusal(town.desk("emma").ask("People/ListPeople", pb.ListPeopleRequest(**wrong)))).kind.http == 400


async def test_tags_and_times_filter(town: Town) -> None:
    emma = town.desk("emma")
    anna = await register(emma, given_name="Anna", tags=["vip", "wholesale"])
    await register(emma, given_name="Boris", tags=["retail"])
    request = pb.ListPeopleRequest(tags=["vip", "gold"])
    request.create_time_before.FromJsonString("2100-01-01T00:00:00Z")

    found = await eventually(lambda: emma.ask("People/ListPeople", request), lambda page: page.total_size)
    request.create_time_after.FromJsonString("2100-01-01T00:00:00Z")

    assert [person.id for person in found.people] == [anna.id]
    assert (await emma.ask("People/ListPeople", request)).total_size == 0


async def test_the_same_row_again_changes_nothing(town: Town) -> None:
    emma = town.desk("emma")

    def request(name: str, digest: str) -> pb.ImportPeopleRequest:
        person = pb.Person(external_id="crm-1", given_name=name, emails=ANNA["emails"])
        return pb.ImportPeopleRequest(
            import_id="i", rows=[pb.PersonRow(line=2, digest=digest * 64, employee="lena", person=person)]
        )

    outcomes = []
    for name, digest in (("Anna", "a"), ("Anna", "a"), ("Anya", "b")):
        answer = await emma.ask("People/ImportPeople", request(name, digest))
        outcomes.append(answer.results[0].outcome)

    assert outcomes == [ImportResult.CREATED, ImportResult.UNCHANGED, ImportResult.UPDATED]
    person = await emma.ask("People/GetPerson", pb.GetPersonRequest(id=answer.results[0].id))
    assert person.given_name == "Anya"


async def test_a_wrong_row_is_rejected_and_the_others_go_on(town: Town) -> None:
    emma = town.desk("emma")
    await register(emma, **ANNA)
    rows = [
        pb.PersonRow(line=2, digest="a" * 64, person=pb.Person(external_id="crm-1", emails=ANNA["emails"])),
        pb.PersonRow(line=3, digest="b" * 64, person=pb.Person(given_name="Boris")),
        pb.PersonRow(line=4, digest="c" * 64, person=pb.Person(external_id="crm-3", given_name="Carl")),
    ]

    answer = await emma.ask("People/ImportPeople", pb.ImportPeopleRequest(import_id="i", rows=rows))

    assert [(result.line, result.field) for result in answer.results] == [
        (2, "person.emails"),
        (3, "person.external_id"),
        (4, ""),
    ]
    rejected, created = ImportResult.REJECTED, ImportResult.CREATED
    assert [result.outcome for result in answer.results] == [rejected, rejected, created]


async def test_a_changed_row_changes_what_it_says_differently_and_leaves_edits(town: Town) -> None:
    emma = town.desk("emma")

    async def take(digest: str, **said: Any) -> ImportResult:
        person = pb.Person(external_id="crm-1", family_name="Petrova", job_title="Buyer", **said)
        row = pb.PersonRow(line=2, digest=digest * 64, person=person)
        return (await emma.ask("People/ImportPeople", pb.ImportPeopleRequest(import_id="i", rows=[row]))).results[0]

    made = await take("a", given_name="Anna", phones=[{"number": "+442079460018"}], custom={"x": 1, "y": 2})
    edit = pb.Person(id=made.id, job_title="Owner", note="Calls in the morning", custom={"z": 3})
    paths = {"paths": ["job_title", "note", "custom.z"]}
    await emma.ask("People/UpdatePerson", pb.UpdatePersonRequest(person=edit, update_mask=paths))

    after = await take("b", given_name="Anya", custom={"x": 4})

    person = await emma.ask("People/GetPerson", pb.GetPersonRequest(id=made.id))
    assert after.outcome == ImportResult.UPDATED
    assert (person.given_name, person.display_name, person.job_title) == ("Anya", "Anya Petrova", "Owner")
    assert (person.note, list(person.phones), dict(person.custom)) == ("Calls in the morning", [], {"x": 4, "z": 3})


async def test_what_a_row_says_again_is_no_news_whoever_said_it_between(town: Town) -> None:
    emma = town.desk("emma")

    async def take(digest: str, title: str) -> ImportResult:
        row = pb.PersonRow(line=2, digest=digest * 64, person=pb.Person(external_id="crm-1", job_title=title))
        return (await emma.ask("People/ImportPeople", pb.ImportPeopleRequest(import_id="i", rows=[row]))).results[0]

    async def edit(id: str, title: str) -> None:
        await emma.ask("People/UpdatePerson", pb.UpdatePersonRequest(person=pb.Person(id=id, job_title=title)))

    made = await take("a", "Buyer")
    await edit(made.id, "Owner")
    await take("b", "Owner")
    await edit(made.id, "Chair")
    await take("c", "Owner")

    assert (await emma.ask("People/GetPerson", pb.GetPersonRequest(id=made.id))).job_title == "Chair"


async def test_a_changed_row_of_a_company_leaves_edits(town: Town) -> None:
    emma = town.desk("emma")

    async def take(digest: str, **said: Any) -> ImportResult:
        company = companies_pb2.Company(external_id="crm-1", website="petrov.example", **said)
        rows = [companies_pb2.CompanyRow(line=2, digest=digest * 64, company=company)]
        request = companies_pb2.ImportCompaniesRequest(import_id="i", rows=rows)
        return (await emma.ask("Companies/ImportCompanies", request)).results[0]

    made = await take("a", name="Petrov", tax_id="GB1")
    edit = companies_pb2.Company(id=made.id, website="petrov.shop")
    await emma.ask("Companies/UpdateCompany", companies_pb2.UpdateCompanyRequest(company=edit))
    await take("b", name="Petrov Ltd")

    company = await emma.ask("Companies/GetCompany", companies_pb2.GetCompanyRequest(id=made.id))
    assert (company.name, company.website, company.tax_id) == ("Petrov Ltd", "petrov.shop", "")
