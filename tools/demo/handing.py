"""One lead on its way from marketing to sales: what the people of both departments do about it."""

from dataclasses import dataclass
from random import Random
from typing import Any

from baton.contacts.v1 import handoffs_pb2
from baton.marketing.v1 import leads_pb2
from baton.sales.v1 import opportunities_pb2

from runtime.messages import fill
from tools.demo.company import Office
from tools.demo.writing import Writing

_BRIEF = {"wants": "wishes", "agreed": "agreed", "next_step": "nextSteps", "cautions": "cautions"}
_STAGES = ("new", "qualified", "proposal", "negotiation")


@dataclass
class Handing:
    """One lead on its way from marketing to sales. The n-th seller of the branch takes it."""

    writing: Writing
    random: Random
    office: Office
    lead_id: str
    n: int
    handoff_id: str = ""
    attempt: int = 1

    def __post_init__(self) -> None:
        self.marketing = self.writing.who(self.office.marketing, self.office.id, "marketing")
        self.seller = self.writing.who(self.owner, self.office.id, "sales")

    @property
    def owner(self) -> str:
        return self.office.sales[self.n % 2]

    def word(self, kind: str) -> str:
        return self.office.pick(self.random, kind)

    def qualify(self) -> None:
        brief = {name: self.word(words) for name, words in _BRIEF.items()}
        request = fill(leads_pb2.QualifyLeadRequest, {"note": self.word("calls"), "brief": brief})
        path = f"/v1/leads/{self.lead_id}:qualify"
        lead = self.writing.once(self.marketing, path, leads_pb2.Lead, request, f"qualify-{self.attempt}")
        self.handoff_id = lead.handoff_id

    def delivered(self) -> None:
        self.writing.offered(self.seller, self.handoff_id)

    def verb(self, who: Any, name: str, request: Any) -> handoffs_pb2.Handoff:
        path = f"/v1/handoffs/{self.handoff_id}:{name}"
        return self.writing.once(who, path, handoffs_pb2.Handoff, request, name)

    def accepted(self) -> str:
        """Taken over; the opportunity that this opens goes on to some stage. Answers its id."""
        self.verb(self.seller, "accept", handoffs_pb2.AcceptHandoffRequest(owner=self.owner))
        id = self.writing.opportunity(self.seller, self.handoff_id)
        stage = _STAGES[self.n % len(_STAGES)]
        if stage != "new":
            self.deal(id, "move", opportunities_pb2.MoveOpportunityRequest(stage=stage))
        return id

    def deal(self, id: str, name: str, request: Any) -> None:
        path = f"/v1/opportunities/{id}:{name}"
        self.writing.once(self.seller, path, opportunities_pb2.Opportunity, request, name)

    def won(self) -> None:
        amount = f"{self.random.randrange(40, 900) * 10}.00"
        money = {"currency": self.office.words["currency"], "amount": amount}
        self.deal(self.accepted(), "win", fill(opportunities_pb2.WinOpportunityRequest, {"amount": money}))

    def lost(self) -> None:
        request = opportunities_pb2.LoseOpportunityRequest(reason=self.word("withdrawals"))
        self.deal(self.accepted(), "lose", request)

    def questioned(self) -> str:
        """Asked back; answers the question's id."""
        request = handoffs_pb2.AskHandoffRequest(question=self.word("questions"))
        return self.verb(self.seller, "ask", request).questions[-1].id

    def answered(self) -> None:
        request = handoffs_pb2.AnswerHandoffRequest(question_id=self.questioned(), answer=self.word("answers"))
        self.verb(self.marketing, "answer", request)

    def returned(self) -> None:
        self.verb(self.seller, "return", handoffs_pb2.ReturnHandoffRequest(reason=self.word("returns")))

    def again(self) -> None:
        """Marketing hears of the return, and asks once more."""
        self.writing.returned(self.marketing, self.lead_id, self.handoff_id)
        self.attempt += 1
        self.qualify()

    def handed_back(self) -> None:
        self.accepted()
        self.verb(self.seller, "handBack", handoffs_pb2.HandBackHandoffRequest(reason=self.word("returns")))

    def withdrawn(self) -> None:
        request = handoffs_pb2.WithdrawHandoffRequest(reason=self.word("withdrawals"))
        self.verb(self.marketing, "withdraw", request)

    def disqualified(self) -> None:
        request = leads_pb2.DisqualifyLeadRequest(reason=self.word("withdrawals"))
        self.writing.once(self.marketing, f"/v1/leads/{self.lead_id}:disqualify", leads_pb2.Lead, request, "disqualify")

    def reassigned(self) -> None:
        request = handoffs_pb2.ReassignHandoffRequest(to_employee=self.office.sales[(self.n + 1) % 2])
        self.verb(self.seller, "reassign", request)
