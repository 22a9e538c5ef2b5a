"""Rules of the house that a program can check: the contract, the generated code, the rooms, the locks."""

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.contract import DESCRIPTORS, Contract
from runtime.department import DEPARTMENTS
from runtime.identity import ROLES
from runtime.methods import Method, route_of
from runtime.options import access, allowed, text

ROOT = Path(__file__).parents[2]

#: A department's rooms: the same words everywhere. A missing room is information.
ROOMS = {
    "__init__",
    "__main__",
    "api",
    "common",
    "domain",
    "projections",
    "queries",
    "reactions",
    "schema",
    "topologies",
}

#: Words that the layers below the departments do not know: what the CRM is about, and the departments themselves.
CRM_WORDS = re.compile(
    r"\b(leads?|opportunit(y|ies)|handoffs?|compan(y|ies)|pe(rsons?|ople)|customers?|campaigns?|funnels?|enquir(y|ies)"
    r"|interactions?|promises?|touch(es)?|dwell|deals?|crm|contacts|marketing|sales|support|analytics)\b",
    re.IGNORECASE,
)
#: Where such a word must stand, and why.
TOLD_THERE = {
    "runtime/__init__.py": "gRPC's own name of a setting",
    "runtime/cli.py": "what `baton --help` says that Baton is",
    "runtime/commands/up.py": "the first request for a newcomer to try",
    "runtime/department.py": "the one list of this release's departments",
    "runtime/identity.py": "the one list of the roles in a token",
}


def methods() -> dict[str, MethodDescriptor]:
    return {each.descriptor.full_name: each.descriptor for each in Contract.load().operations}


def fields() -> Iterator[FieldDescriptor]:
    for method in methods().values():
        yield from _below(method.input_type, set())


def _below(message: Descriptor, seen: set[str]) -> Iterator[FieldDescriptor]:
    if message.full_name not in seen:
        seen.add(message.full_name)
        for field in message.fields:
            yield field
            if field.message_type is not None:
                yield from _below(field.message_type, seen)


def files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def words_in(path: Path) -> str:
    """Every name and every text that a module or SQL file works with, word by word. Examples in comments may
    speak of anything."""
    text = path.read_text()
    if path.suffix == ".sql":
        found = re.sub(r"--.*", "", text)
    else:
        names = (
            each.string for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type == tokenize.NAME
        )
        found = " ".join([*names, *_texts(ast.parse(text))])
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", found)


def _texts(tree: ast.Module) -> Iterator[str]:
    """Literals that are no docstrings."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def crm_words(path: Path) -> list[str]:
    return sorted({each.group().lower() for each in CRM_WORDS.finditer(words_in(path))})


def test_what_is_generated_is_what_the_contract_says() -> None:
    command = [sys.executable, str(ROOT / "proto" / "generate.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", sorted(methods()))
def test_every_rpc_says_who_may_call_it_and_under_which_route(name: str) -> None:
    method = methods()[name]
    allowed = access(method)
    assert allowed is not None, f"{name} has no access option: nobody may call it"
    assert set(allowed.roles) <= set(ROLES)
    assert route_of(method) is not None
    assert Method.of(method).route is not None
    assert method.input_type.full_name.startswith("baton.")


def test_every_rpc_is_documented() -> None:
    described = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    silent = []
    for file in described.file:
        if file.package.startswith("baton."):
            said = {tuple(each.path) for each in file.source_code_info.location if each.leading_comments.strip()}
            for n, service in enumerate(file.service):
                rpcs = enumerate(service.method)
                silent += [f"{service.name}.{rpc.name}" for m, rpc in rpcs if (6, n, 2, m) not in said]
    assert silent == []


def test_every_pattern_is_told_in_words() -> None:
    """Nobody reads a regular expression in an answer."""
    told = {f.full_name: text(f) for f in fields() if text(f).pattern}
    assert told
    assert {name: allowed(rule) for name, rule in told.items() if rule.pattern in allowed(rule)} == {}


def test_names_follow_the_contracts_conventions() -> None:
    described = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    wrong = []
    for file in described.file:
        if not file.package.startswith("baton."):
            continue
        for message in file.message_type:
            wrong += [f"{message.name}.{f.name}" for f in message.field if not re.fullmatch("[a-z][a-z0-9_]*", f.name)]
            wrong += [
                f"{message.name}.{e.name}" for e in message.enum_type if not e.value[0].name.endswith("_UNSPECIFIED")
            ]
    assert wrong == []


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_every_department_has_the_same_rooms(department: str) -> None:
    folder = ROOT / "services" / department
    rooms = {
        path.stem if path.stem in ROOMS else path.stem.rpartition("_")[2]
        for path in folder.iterdir()
        if path.name != "__pycache__"
    }
    assert rooms <= ROOMS, f"services/{department} has rooms of its own: {sorted(rooms - ROOMS)}"


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_every_department_is_built_in_one_short_place(department: str) -> None:
    text = (ROOT / "services" / department / "__main__.py").read_text()
    assert "def build(house: House) -> Department:" in text
    assert len(text.splitlines()) <= 60


def imported_by(path: Path) -> Iterator[str]:
    """Whole names of the modules that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def outside(names: Iterable[str], department: str) -> list[str]:
    allowed = {*sys.stdlib_module_names, "pydantic", "facts", "eventlog.decider", f"services.{department}.domain"}
    return sorted(name for name in names if not any(f"{name}.".startswith(f"{each}.") for each in allowed))


def test_a_domain_that_imports_anything_else_is_found() -> None:
    names = ["datetime", "facts.sales", "services.sales.domain.pipeline", "eventlog.handling", "yaml", "factsheet", "."]
    assert outside([*names, "services.contacts.domain.fields"], "sales") == [
        ".", "eventlog.handling", "factsheet", "services.contacts.domain.fields", "yaml",
    ]  # fmt: skip


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_a_domain_imports_only_what_is_pure(department: str) -> None:
    """An allow-list: what the import rules in pyproject.toml forbid by name, nobody has to think of here."""
    told = {
        str(path.relative_to(ROOT)): wrong
        for path in files(f"services/{department}/domain")
        if (wrong := outside(imported_by(path), department))
    }
    assert told == {}


def test_a_word_of_the_crm_is_found_wherever_it_hides(tmp_path: Path) -> None:
    module, table = tmp_path / "told.py", tmp_path / "told.sql"
    module.write_text(
        '"""About leads."""\nclass LeadCaptured:\n    open_handoffs = f"{1} deals"  # a person\nleader = misleads = 1\n'
    )
    table.write_text("CREATE TABLE people (id text); -- customers")
    assert (crm_words(module), crm_words(table)) == (["deals", "handoffs", "lead"], ["people"])


def test_eventlog_knows_events_and_runtime_knows_processes_and_neither_knows_a_crm() -> None:
    modules = [
        *files("eventlog", "runtime"),
        *(path for each in ("eventlog", "runtime") for path in (ROOT / each).rglob("*.sql")),
    ]
    told = {str(path.relative_to(ROOT)): found for path in modules if (found := crm_words(path))}
    assert {name: words for name, words in told.items() if name not in TOLD_THERE} == {}
    assert told.keys() == TOLD_THERE.keys()


def test_no_module_is_long() -> None:
    long = {
        str(path.relative_to(ROOT)): length
        for path in files("eventlog", "gateway", "runtime", "services", "tools")
        if (length := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_requirements_are_pinned_with_hashes_and_name_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9](?:[^\s\[]|\[.*?\])*", text, re.MULTILINE)
    assert all("==" in pin for pin in pins)
    assert text.count("--hash=sha256:") >= len(pins)
    assert "http" not in re.sub(
        r"^\s*#.*$|^http\S*==.*$|httptools|httpx|httpcore|aiohttp", "", text, flags=re.MULTILINE
    )


@pytest.mark.xdist_group("alone")
def test_what_must_not_run_side_by_side_is_kept_in_its_group(request: pytest.FixtureRequest) -> None:
    """Two clusters at a time are too many for a small machine. Not every pytest-xdist groups with every pytest."""
    in_parallel = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith("@alone") == in_parallel
