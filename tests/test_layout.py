"""Where things live: imports go down only, each library has one door, and every flow has a deployment that loads."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ringback.settings import CHECKOUT, Settings

ROWS = (
    ("ringback",),
    ("warehouse", "database", "vendors", "sandbox"),
    ("features", "intake"),
    ("scoring", "campaigns", "training", "enrichment"),
    ("monitoring",),
    ("improvement",),
    ("reports",),
    ("flows", "api"),
)
"""From the ground up."""
ROW_OF = {package: row for row, packages in enumerate(ROWS) for package in packages}
DOORS = {
    "duckdb": ("warehouse/",),
    "sqlalchemy": ("database/",),
    "mlflow": ("training/registry.py", "training/runs.py", "training/mlflow_client.py"),
    "evidently": ("monitoring/drift_report.py",),
    "fastapi": ("api/", "sandbox/"),
    "httpx": ("vendors/http.py",),
    "prefect": ("flows/",),
}
HEAVY = frozenset({"pandas", "sklearn", "xgboost", "mlflow", "evidently", "matplotlib", "scipy", "statsmodels"})
MOST_LINES = 350
MOST_LINES_OF = {"ringback/decision_log.py": 480}
"""Other systems copy it, so that it has to be one file."""
READ_THE_CLOCK = frozenset({"ringback/clock.py", "ringback/decision_log.py"})
"""The second is a file that other systems copy: it can import nothing of ours."""
CLOCK = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"})
REGISTRY_HOSTS = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|proxy\.golang|conda\.anaconda|--(?:extra-)?index-url"
)
MACHINE_PATHS = re.compile(r"(?<![\w.<>/*])/(?:root|work|home/\w+)/")

MODULES = sorted(
    file.relative_to(CHECKOUT).as_posix() for package in ROW_OF for file in (CHECKOUT / package).rglob("*.py")
)
FLOW_MODULES = [module for module in MODULES if module.startswith("flows/")]


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse((CHECKOUT / module).read_text())


def imported(tree: ast.Module, in_functions: bool = True) -> Iterator[str]:
    """The full names of modules that a module imports when it runs: a type alone (TYPE_CHECKING) brings nothing in."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not in_functions:
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        waiting += ast.iter_child_nodes(node)


def named(tree: ast.Module) -> Iterator[str]:
    """The full names of all modules that a module names in an import, be it for a type alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def tops(names: Iterator[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module: str) -> None:
    package = module.split("/")[0]
    above = {
        name for name in tops(named(parsed(module)))
        if name in ROW_OF and name != package and ROW_OF[name] >= ROW_OF[package]
    }  # fmt: skip
    assert above == set()


def test_every_folder_of_modules_stands_on_a_row() -> None:
    packages = {file.parent.name for file in CHECKOUT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages == set(ROW_OF)


@pytest.mark.parametrize("module", MODULES)
def test_each_library_comes_in_through_its_door(module: str) -> None:
    elsewhere = {
        library for library in tops(imported(parsed(module))) & DOORS.keys()
        if not module.startswith(DOORS[library])
    }  # fmt: skip
    assert elsewhere == set()


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_are_imported_in_functions_only(module: str) -> None:
    assert tops(imported(parsed(module), in_functions=False)) & HEAVY == set()


@pytest.mark.parametrize("module", [module for module in MODULES if module not in READ_THE_CLOCK])
def test_only_the_clock_reads_the_clock(module: str) -> None:
    tree = parsed(module)
    from_time = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }  # fmt: skip
    read = {
        name for node in ast.walk(tree) if isinstance(node, ast.Attribute)
        for name in [".".join(ast.unparse(node).split(".")[-2:])] if name in CLOCK
    }  # fmt: skip
    assert read | (from_time & {"time", "time_ns"}) == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_read_in_one_sitting(module: str) -> None:
    assert len((CHECKOUT / module).read_text().splitlines()) <= MOST_LINES_OF.get(module, MOST_LINES)


def flows_in(module: str) -> list[str]:
    """Names of the functions that are decorated with @flow."""
    return [
        node.name
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(re.match(r"flow\b", ast.unparse(decorator)) for decorator in node.decorator_list)
    ]


def deployments() -> list[dict[str, Any]]:
    import yaml

    listed: list[dict[str, Any]] = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())["deployments"]
    return listed


@pytest.mark.parametrize("module", [module for module in FLOW_MODULES if flows_in(module)])
def test_every_flow_is_deployed_under_its_own_name(module: str) -> None:
    stem = Path(module).stem
    assert flows_in(module) == [stem]
    assert (stem.replace("_", "-"), f"{module}:{stem}") in {(d["name"], d["entrypoint"]) for d in deployments()}


def test_every_deployment_loads() -> None:
    from prefect import Flow

    listed = deployments()
    assert listed
    for deployment in listed:
        file, function = deployment["entrypoint"].split(":")
        loaded = getattr(import_module(file.removesuffix(".py").replace("/", ".")), function)
        assert isinstance(loaded, Flow), deployment["entrypoint"]
        assert loaded.name == deployment["name"]


def test_no_flow_is_named_like_a_package() -> None:
    """Prefect loads a flow's file under its stem, which would hide a package of that name."""
    assert {Path(module).stem for module in FLOW_MODULES} & ROW_OF.keys() == set()


def kept_files() -> list[Path]:
    """What is committed, or would be: all that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [file for name in listed.stdout.split("\0") if name and (file := CHECKOUT / name).is_file()]


@pytest.mark.parametrize("forbidden", [REGISTRY_HOSTS, MACHINE_PATHS], ids=["registry hosts", "paths of a machine"])
def test_no_kept_file_names(forbidden: re.Pattern[str]) -> None:
    found = [
        f"{file.relative_to(CHECKOUT)}: {match[0]}"
        for file in kept_files()
        if (match := forbidden.search(file.read_bytes().decode("utf-8", errors="replace")))
    ]
    assert found == []


def test_the_example_environment_names_every_setting() -> None:
    text = (CHECKOUT / ".env.example").read_text()
    assert sorted(re.findall(r"^#?\s*(RINGBACK_\w+)\s*=", text, re.MULTILINE)) == sorted(
        f"RINGBACK_{name.upper()}" for name in Settings.model_fields
    )
