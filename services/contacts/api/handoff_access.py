"""Who sees a handoff, and whose it is to decide: the asking branch's or the receiving branch's."""

from eventlog.decider import Forbidden, NotThere
from runtime.call import Call
from services.contacts.domain.handoff import Handoff

#: Roles that stand for a department; a clerk works for all of them.
_DEPARTMENT_ROLES = frozenset({"marketing", "sales", "support"})


def is_seen(from_branch: str, to_branch: str, call: Call) -> bool:
    scope = call.identity.scope
    return scope is None or scope in (from_branch, to_branch)


def not_there(id: str) -> NotThere:
    return NotThere(f"there is no handoff {id}")


def seen_by(state: Handoff, call: Call) -> None:
    """Raises `NotThere` for who is neither of the asking nor of the receiving branch."""
    if state.id and not is_seen(state.from_branch, state.to_branch, call):
        raise not_there(state.id)


def receiving_side(state: Handoff, call: Call) -> None:
    """Raises `NotThere`, `Forbidden`."""
    _side(state, call, state.to_branch, state.to_department, "receiving")


def asking_side(state: Handoff, call: Call) -> None:
    """Raises `NotThere`, `Forbidden`."""
    _side(state, call, state.from_branch, state.from_department, "asking")


def _side(state: Handoff, call: Call, branch: str, department: str, called: str) -> None:
    seen_by(state, call)
    if not state.id or call.identity.sees_tenant:
        return
    if call.identity.branch != branch:
        raise Forbidden(f"this is for the {called} branch to decide, {branch}")
    roles = call.identity.roles
    if department in _DEPARTMENT_ROLES and "clerk" not in roles and department not in roles:
        raise Forbidden(f"this is for the {called} department to decide, {department}")
