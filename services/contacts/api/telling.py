"""Facts told for people: a title and a sentence each. Texts that were erased read `erased`."""

from collections.abc import Callable, Mapping
from typing import Any

Data = Mapping[str, Any]
Summary = Callable[[Data], str]


def title(type: str) -> str:
    """What happened, in a few words; a fact that nobody has worded yet is told by its name."""
    found = TOLD.get(type)
    return found[0] if found else type.partition(".")[2].replace("-", " ").capitalize()


def summary(type: str, data: Data) -> str:
    """What it says. `data` is the fact as JSON, without what has its default."""
    found = TOLD.get(type)
    return found[1](data) if found else ""


def _joined(*parts: object, by: str = " · ") -> str:
    return by.join(str(part) for part in parts if part)


def _texts(*names: str) -> Summary:
    return lambda data: _joined(*(data.get(name) for name in names))


def _labelled(label: str, name: str) -> Summary:
    return lambda data: f"{label} {data[name]}" if data.get(name) else ""


def _changed(data: Data) -> str:
    names = [name.replace("_", " ") for name in data.get("fields", ()) if name != "row"]
    return f"Changed: {', '.join(names)}" if names else "Imported again"


def _addresses(data: Data) -> list[str]:
    mails = [each["address"] for each in data.get("emails", ())]
    return mails + [each.get("number") or each.get("raw", "") for each in data.get("phones", ())]


def _person(data: Data) -> str:
    return _joined(data.get("display_name"), data.get("job_title"), *_addresses(data))


def _lead(data: Data) -> str:
    person = data.get("person") or {}
    who = _joined(person.get("name"), person.get("email"), person.get("phone"), by=", ")
    source = f"from {data['source']}" if data.get("source") else ""
    return _joined(who, source, data.get("landing_page"), (data.get("enquiry") or {}).get("summary"), data.get("note"))


def _interaction(data: Data) -> str:
    how = _joined(data.get("channel", "").replace("_", " ").lower(), data.get("direction", "").lower(), by=" ")
    promises = [f"promised by {each['by']}: {each['what']}" for each in data.get("promises", ())]
    return _joined(how, data.get("summary"), *promises)


def _touch(data: Data) -> str:
    return _texts("channel", "source", "campaign", "landing_page")(data.get("touch", {}))


def _money(data: Data) -> str:
    amount = data.get("amount")
    return f"{amount['amount']} {amount['currency']}" if amount else ""


def _qualified(data: Data) -> str:
    ask, brief = data.get("ask", {}), data.get("brief") or {}
    to = _joined(ask.get("to_department"), ask.get("to_branch"), ask.get("to_employee"), by=", ")
    return _joined(f"Asks {to} to take it over" if to else "", data.get("note"), *brief.values())


def _offered(data: Data) -> str:
    to = _joined(data.get("to_department"), data.get("to_branch"), data.get("assignee"), by=", ")
    return _joined(f"To {to}, with {len(data.get('manifest', ()))} streams of facts", data.get("note"))


def _proved(data: Data) -> str:
    return f"{data.get('part', 'offer').capitalize()}: every fact is there"


def _supplemented(data: Data) -> str:
    return f"{len(data.get('manifest', ()))} streams have something new"


def _accepted(data: Data) -> str:
    return f"By {data.get('accepted_by')}; {data.get('owner')} goes on with it"


def _received(data: Data) -> str:
    return f"{data.get('part', 'offer').capitalize()}: {len(data.get('entries', ()))} streams recomputed"


def _returned(data: Data) -> str:
    return _joined("Handed back after it was accepted" if data.get("handed_back") else "", data.get("reason"))


def _candidates(data: Data) -> str:
    return f"{len(data.get('candidates', ()))} people fit; an employee decides"


def _reassigned(data: Data) -> str:
    return "To " + _joined(data.get("to_branch"), data.get("assignee"), by=", ")


_RECEIVED = ("Receipt given", _received)

#: Title and summary of each fact, by its stored name.
TOLD: Mapping[str, tuple[str, Summary]] = {
    "contacts.person-registered": ("Person registered", _person),
    "contacts.person-updated": ("Person changed", _changed),
    "contacts.company-registered": ("Company registered", _texts("company_name", "legal_name", "tax_id", "website")),
    "contacts.company-updated": ("Company changed", _changed),
    "contacts.interaction-recorded": ("Interaction recorded", _interaction),
    "contacts.interaction-updated": ("Interaction changed", _changed),
    "contacts.promise-kept": ("Promise kept", lambda data: ""),
    "contacts.promise-released": ("Promise released", _texts("reason")),
    "contacts.promise-passed-on": ("Promise passed on", _labelled("Now answered for by", "by")),
    "contacts.lead-person-found": ("Person of the lead found", _labelled("Found by:", "found_by")),
    "contacts.lead-person-undecided": ("Person of the lead undecided", _candidates),
    "contacts.handoff-asked": ("Handoff asked", _texts("kind", "note")),
    "contacts.handoff-offered": ("Handoff offered", _offered),
    "contacts.handoff-delivered": ("Handoff delivered", _proved),
    "contacts.handoff-discrepant": ("Handoff discrepant", lambda data: _joined(*data.get("differences", ()))),
    "contacts.handoff-supplemented": ("Handoff supplemented", _supplemented),
    "contacts.handoff-questioned": ("Question asked", _texts("question")),
    "contacts.handoff-answered": ("Question answered", _texts("answer")),
    "contacts.handoff-accepted": ("Handoff accepted", _accepted),
    "contacts.handoff-returned": ("Handoff returned", _returned),
    "contacts.handoff-reassigned": ("Handoff reassigned", _reassigned),
    "contacts.handoff-withdrawn": ("Handoff withdrawn", _texts("reason")),
    "contacts.handoff-updated": ("Handoff changed", _changed),
    "contacts.handoff-overdue": ("Handoff overdue", _labelled("Nobody took it by", "deadline")),
    "contacts.handoff-received": _RECEIVED,
    "marketing.lead-captured": ("Lead captured", _lead),
    "marketing.lead-updated": ("Lead changed", _changed),
    "marketing.lead-touched": ("Lead touched", _touch),
    "marketing.lead-qualified": ("Lead qualified", _qualified),
    "marketing.lead-disqualified": ("Lead disqualified", _texts("reason")),
    "marketing.lead-returned": ("Lead returned", _texts("reason")),
    "marketing.lead-person-linked": ("Person of the lead decided", lambda data: ""),
    "marketing.handoff-received": _RECEIVED,
    "sales.opportunity-opened": ("Opportunity opened", lambda data: _joined(data.get("title"), _money(data))),
    "sales.opportunity-updated": ("Opportunity changed", _changed),
    "sales.opportunity-moved": ("Opportunity moved", _labelled("To stage", "stage")),
    "sales.opportunity-won": ("Opportunity won", _money),
    "sales.opportunity-lost": ("Opportunity lost", _texts("reason")),
    "sales.opportunity-reopened": ("Opportunity reopened", _texts("note")),
    "sales.lead-linked": ("Lead linked to the opportunity", lambda data: ""),
    "sales.handoff-received": _RECEIVED,
}
