"""Which processes make a cluster, and that none is told more than it needs."""

from runtime.cluster.plan import Plan, Planned, names
from runtime.department import DEPARTMENTS
from runtime.settings import Settings

PLAN = Plan(
    databases={name: f"postgresql://{name}:secret@/{name}" for name in DEPARTMENTS},
    keyring="postgresql://keyring:secret@/keyring",
    kafka_bootstrap="127.0.0.1:9092",
    gateway=("0.0.0.0", 8080),
    grpc_ports={name: 7000 + n for n, name in enumerate(DEPARTMENTS)},
    health_ports={name: 7100 + n for n, name in enumerate(names())},
)
PROCESSES = {each.name: each for each in PLAN.processes()}


def settings_of(planned: Planned) -> Settings:
    return Settings.read(planned.settings)


def test_every_department_has_every_role_and_there_is_one_gateway() -> None:
    assert list(PROCESSES) == names()
    assert PROCESSES["sales-relay"].words == ("relay", "sales")
    assert PROCESSES["analytics-stream"].words == ("stream", "analytics")
    assert len(PROCESSES) == 3 * len(DEPARTMENTS) + 2


def test_a_process_is_told_of_its_own_database_alone() -> None:
    for department in DEPARTMENTS:
        for role in ("serve", "project", "relay"):
            told = settings_of(PROCESSES[f"{department}-{role}"])
            assert told.database_url == PLAN.databases[department]
    assert settings_of(PROCESSES["gateway"]).database_url is None


def test_the_keyring_is_for_those_who_open_what_is_sealed() -> None:
    told = {name for name, planned in PROCESSES.items() if settings_of(planned).keyring_url}
    assert told == {f"{department}-{role}" for department in DEPARTMENTS for role in ("serve", "project")}


def test_everybody_finds_the_departments_where_they_serve() -> None:
    for planned in PROCESSES.values():
        assert settings_of(planned).departments == {name: f"127.0.0.1:{port}" for name, port in PLAN.grpc_ports.items()}
    for department in DEPARTMENTS:
        assert settings_of(PROCESSES[f"{department}-serve"]).grpc_port == PLAN.grpc_ports[department]


def test_each_says_at_its_own_port_how_it_is_doing() -> None:
    ports = {name: settings_of(planned).health_port for name, planned in PROCESSES.items()}
    assert ports == PLAN.health_ports
    assert PROCESSES["sales-relay"].health == f"127.0.0.1:{PLAN.health_ports['sales-relay']}"


def test_only_the_gateway_listens_for_others_than_this_machine() -> None:
    open_ones = {name for name, planned in PROCESSES.items() if settings_of(planned).host != "127.0.0.1"}
    assert open_ones == {"gateway"}
    assert PROCESSES["gateway"].health == f"127.0.0.1:{PLAN.health_ports['gateway']}"
