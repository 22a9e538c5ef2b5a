"""One example of every fact of people, companies, branches and interactions: shared by all tests."""

from datetime import UTC, date, datetime

from facts.contacts import (
    BranchOpened,
    BranchUpdated,
    CompanyRegistered,
    CompanyUpdated,
    Email,
    IdentifierClaimed,
    IdentifierReleased,
    InteractionRecorded,
    InteractionUpdated,
    LeadPersonFound,
    LeadPersonUndecided,
    PersonRegistered,
    PersonUpdated,
    Phone,
    PromiseKept,
    PromiseMade,
    PromisePassedOn,
    PromiseReleased,
    WorkingDay,
)

ANNA = "0f8fad5b-d9cb-469f-a165-70867728950e"
BORIS = "2c1d43b8-e6e7-4d2c-9f5c-9a4f3f1a1d11"
NORTHWIND = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CALL = "16fd2706-8baf-433b-82eb-8c7fada847da"
LEAD = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
PRICE_LIST = "1b671a64-40d5-491e-99b0-da01ff1f3341"
SAMPLES = "6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b"
OPPORTUNITY = "3d594650-3436-4a0b-8b64-1f2c0f0a7b55"

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOMORROW = datetime(2026, 3, 3, 12, tzinfo=UTC)

PERSON_REGISTERED = PersonRegistered(
    person_id=ANNA,
    external_id="crm-10442",
    given_name="Anna",
    middle_name="Sergeevna",
    family_name="Petrova",
    display_name="Anna Sergeevna Petrova",
    emails=(Email(address="anna.petrova@example.com", kind="work"),),
    phones=(Phone(number="+442079460018", kind="office", raw="020 7946 0018"),),
    company_id=NORTHWIND,
    job_title="Head of purchasing",
    birthday=date(1985, 4, 12),
    tags=("wholesale",),
    branch="london",
    responsible="emma.clarke",
    note="Prefers to be called in the morning",
    custom={"shoeSize": 38},
)
PERSON_UPDATED = PersonUpdated(person_id=ANNA, fields=("family_name", "birthday"), family_name="Ivanova")
IDENTIFIER_CLAIMED = IdentifierClaimed(kind="email", person_id=ANNA)
IDENTIFIER_RELEASED = IdentifierReleased(kind="email", person_id=ANNA)
COMPANY_REGISTERED = CompanyRegistered(
    company_id=NORTHWIND, company_name="Northwind Traders", tax_id="GB123456789", branch="london"
)
COMPANY_UPDATED = CompanyUpdated(company_id=NORTHWIND, fields=("legal_name",), legal_name="Northwind Traders Ltd")
BRANCH_OPENED = BranchOpened(
    branch_id="london",
    branch_name="London",
    country="GB",
    time_zone="Europe/London",
    working_hours=(WorkingDay(day=1, opens="09:00", closes="17:30"),),
    holidays=(date(2026, 12, 25),),
)
BRANCH_UPDATED = BranchUpdated(branch_id="london", fields=("holidays",), holidays=(date(2026, 12, 26),))
INTERACTION_RECORDED = InteractionRecorded(
    interaction_id=CALL,
    person_id=ANNA,
    lead_id=LEAD,
    channel="CALL",
    direction="IN",
    employee="emma.clarke",
    branch="london",
    occurred_at=NOON,
    duration_seconds=340,
    summary="Asked for the wholesale price list",
    promises=(
        PromiseMade(id=PRICE_LIST, what="Send the new price list", by="emma.clarke", due=TOMORROW),
        PromiseMade(id=SAMPLES, what="Choose two samples", by="CUSTOMER"),
    ),
)
INTERACTION_UPDATED = InteractionUpdated(
    interaction_id=CALL,
    fields=("summary", "promises"),
    summary="Asked for two price lists",
    promises=(PromiseMade(id=PRICE_LIST, what="Send both price lists", by="emma.clarke", due=TOMORROW),),
)
PROMISE_KEPT = PromiseKept(interaction_id=CALL, promise_id=PRICE_LIST)
PROMISE_RELEASED = PromiseReleased(interaction_id=CALL, promise_id=SAMPLES, reason="She came by herself")
PROMISE_PASSED_ON = PromisePassedOn(interaction_id=CALL, promise_id=PRICE_LIST, by="oleg.smirnov", handoff_id=LEAD)
LEAD_PERSON_FOUND = LeadPersonFound(lead_id=LEAD, person_id=ANNA, found_by="email")
LEAD_PERSON_UNDECIDED = LeadPersonUndecided(lead_id=LEAD, candidates=(ANNA, BORIS))

EXAMPLES = (
    PERSON_REGISTERED,
    PERSON_UPDATED,
    IDENTIFIER_CLAIMED,
    IDENTIFIER_RELEASED,
    COMPANY_REGISTERED,
    COMPANY_UPDATED,
    BRANCH_OPENED,
    BRANCH_UPDATED,
    INTERACTION_RECORDED,
    INTERACTION_UPDATED,
    PROMISE_KEPT,
    PROMISE_RELEASED,
    PROMISE_PASSED_ON,
    LEAD_PERSON_FOUND,
    LEAD_PERSON_UNDECIDED,
)
