"""Generates `gen/` from `proto/`: `python proto/generate.py` (or `make proto`); with `--check` it only compares.

Each file is compiled by itself, so one with a mistake is named and the others are still written. Options of Google's
API design (`google/api/*.proto`) come from the package googleapis-common-protos.
"""

import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
GEN = ROOT / "gen"
DESCRIPTORS = "baton/descriptors.binpb"


def includes() -> list[str]:
    """Where imports are looked for: ours, Google's API options, protobuf's own types."""
    google_api = Path(str(files("google.api").joinpath("annotations.proto"))).parent.parent.parent
    return [f"-I{PROTO}", f"-I{google_api}", f"-I{files('grpc_tools').joinpath('_proto')}"]


def compile_all(target: Path) -> list[str]:
    """Compile every file into `target`; the names of those that have mistakes."""
    sources = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.rglob("*.proto"))
    arguments = ["protoc", *includes(), f"--python_out={target}", f"--pyi_out={target}"]
    mistaken = [source for source in sources if protoc.main([*arguments, source]) != 0]
    describe(target / DESCRIPTORS, [source for source in sources if source not in mistaken])
    return mistaken


def describe(target: Path, sources: list[str]) -> None:
    """Write the descriptors with their comments, of which the gateway makes its documentation."""
    protoc.main(["protoc", *includes(), f"--descriptor_set_out={target}", "--include_source_info", *sources])


def generated(folder: Path) -> dict[str, bytes]:
    found = [*folder.rglob("*_pb2.py*"), *folder.glob(DESCRIPTORS)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)
            if "__pycache__" not in path.parts}  # fmt: skip


def stale(fresh: dict[str, bytes], present: dict[str, bytes]) -> list[str]:
    """Files that differ, are missing, or are left over."""
    return sorted(name for name in fresh.keys() | present.keys() if fresh.get(name) != present.get(name))


def write(fresh: dict[str, bytes], present: dict[str, bytes], mistaken: list[str]) -> None:
    for name in stale(fresh, present):
        if name in fresh:
            (GEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GEN / name).write_bytes(fresh[name])
        elif not mistaken:
            (GEN / name).unlink()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        mistaken = compile_all(Path(folder))
        fresh, present = generated(Path(folder)), generated(GEN)
    for name in mistaken:
        sys.stderr.write(f"proto/{name} has mistakes\n")
    differing = stale(fresh, present)
    if "--check" in sys.argv[1:]:
        for name in differing:
            sys.stderr.write(f"gen/{name} is not what proto/ says: run `make proto`\n")
        return 1 if mistaken or differing else 0
    write(fresh, present, mistaken)
    return 1 if mistaken else 0


if __name__ == "__main__":
    sys.exit(main())
