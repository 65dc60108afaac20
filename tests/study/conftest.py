"""What tests of studies share: small prepared data, and databases of both kinds."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gradbook.study import data, spec
from gradbook.study.data import Prepared
from gradbook.study.samples import Dataset

#: Where a PostgreSQL server listens, with the right to make databases; ``.ci/run`` starts one.
POSTGRES = os.environ.get("GRADBOOK_TEST_DATABASE")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tests run on one thread: results are compared to the bit, and small models are fastest so."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A part of the digits."""
    return data.prepare(spec.Data(limit=201), tmp_path_factory.mktemp("data"), Path())


@pytest.fixture(scope="session")
def dataset(prepared: Prepared) -> Dataset:
    return Dataset(prepared)


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(
                POSTGRES is None, reason="GRADBOOK_TEST_DATABASE names no PostgreSQL server"
            ),
        ),
    ]
)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/studies.db"
        return
    import psycopg.sql

    assert POSTGRES is not None
    name = f"gradbook_{secrets.token_hex(6)}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    yield POSTGRES.rpartition("/")[0] + f"/{name}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(
            psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
        )
