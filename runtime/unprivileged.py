"""PostgreSQL refuses to run as root; started by root, it runs as an account that owns nothing but the data."""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACCOUNT = "nobody"


class NoWay(Exception):
    """The account could not read the programs or reach the data; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """How to run a program: words before it, and arguments for `subprocess`. `user` is None for ourselves."""

    user: pwd.struct_passwd | None = None
    prefix: tuple[str, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def for_files(cls, *paths: Path) -> "Account":
        """Ourselves, or, as root, an account without rights. Where that account cannot pass the folders on the way
        (a home of mode 0700), it is given the one right to do so. Raises `NoWay`."""
        if os.geteuid() != 0:
            return cls()
        user = pwd.getpwnam(ACCOUNT)
        closed = next((folder for path in paths for folder in _closed(path)), None)
        if closed is None:
            return cls(user, arguments={"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []})
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise NoWay(
                f"PostgreSQL cannot run as root, and {ACCOUNT} may not pass {closed}: run Baton as another user"
            )
        identity = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        right = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
        return cls(user, prefix=(setpriv, *identity, *right, "--"))

    def own(self, folder: Path) -> None:
        """Make a folder that only this account may enter."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.user is not None:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    def write(self, path: Path, text: str) -> None:
        """Write a file that only this account may read."""
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            if self.user is not None:
                os.fchown(file.fileno(), self.user.pw_uid, self.user.pw_gid)


def _closed(path: Path) -> list[Path]:
    """Folders on the way that others may not pass."""
    whole = path.resolve()
    return [folder for folder in (whole, *whole.parents) if not folder.stat().st_mode & stat.S_IXOTH]
