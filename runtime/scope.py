"""Whose rows a caller may touch: the tenant's, or only those of the caller's branch."""

from typing import Protocol

from eventlog.decider import Forbidden, NotThere
from runtime.call import Call
from runtime.errors import FORBIDDEN, failure


class OfBranch(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def branch(self) -> str: ...


def is_own(state: OfBranch, call: Call) -> bool:
    """Whether the caller may write this record, and so read it."""
    scope = call.identity.scope
    return scope is None or state.branch == scope


def written_branch(branch: str, call: Call) -> str:
    """The branch that a record is written for: the caller's where none is given. Raises `RpcError` (not allowed) for
    another branch than that of a caller who sees only one."""
    scope = call.identity.scope
    if scope is not None and branch not in ("", scope):
        raise failure(FORBIDDEN, f"your token lets you write for the branch {scope or '(none)'} only")
    return branch or call.identity.branch


def not_there(kind: str, id: str) -> NotThere:
    """Of another tenant, of another branch, or never made: the caller cannot tell which."""
    return NotThere(f"there is no {kind} {id}")


class OfAnotherBranch(NotThere):
    """A record that is there and not the caller's to write. To the caller it is not there, unless it may be read."""

    def __init__(self, kind: str, id: str, branch: str) -> None:
        super().__init__(str(not_there(kind, id)))
        self.kind, self.id, self.branch = kind, id, branch

    def only_read(self) -> Forbidden:
        """What to raise where it is opened to the caller's branch."""
        whose = f"of the branch {self.branch}" if self.branch else "of no branch"
        return Forbidden(f"this {self.kind} is {whose}: yours may read it, not change it")


def must_be_own(state: OfBranch, call: Call, kind: str, id: str) -> None:
    """For a decision on the state of a record. Asked before it, it would judge another state than is decided upon, and
    refuse a repeated command its first answer. Raises `NotThere`, `OfAnotherBranch`."""
    if not state.id:
        raise not_there(kind, id)
    if not is_own(state, call):
        raise OfAnotherBranch(kind, id, state.branch)
