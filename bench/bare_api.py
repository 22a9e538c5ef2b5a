"""The peer of the REST benchmark: FastAPI and asyncpg with nothing between, the same columns, a token check.

python -m bench.bare_api PORT DSN PUBLIC_KEY_FILE
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import asyncpg
import jwt
import orjson
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

CREATE = """CREATE TABLE IF NOT EXISTS people (
    tenant text, id text, external_id text, given_name text, middle_name text, family_name text, display_name text,
    emails jsonb, phones jsonb, company_id text, job_title text, birthday date, tags text[], branch text,
    responsible text, note text, custom jsonb, create_time timestamptz, update_time timestamptz, version int,
    PRIMARY KEY (tenant, id))"""
INSERT = f"INSERT INTO people VALUES ({', '.join(f'${n}' for n in range(1, 21))})"


class Email(BaseModel):
    address: str
    kind: str = ""


class Phone(BaseModel):
    number: str
    kind: str = ""
    raw: str = ""


class NewPerson(BaseModel):
    """The fields of Baton's person."""

    externalId: str = ""  # noqa: N815
    givenName: str = ""  # noqa: N815
    middleName: str = ""  # noqa: N815
    familyName: str = ""  # noqa: N815
    displayName: str = ""  # noqa: N815
    emails: list[Email] = []
    phones: list[Phone] = []
    companyId: str = ""  # noqa: N815
    jobTitle: str = ""  # noqa: N815
    birthday: datetime | None = None
    tags: list[str] = []
    branch: str = ""
    responsible: str = ""
    note: str = ""
    custom: dict[str, Any] = {}


class Person(NewPerson):
    id: str
    etag: str
    createTime: datetime  # noqa: N815
    updateTime: datetime  # noqa: N815


def app(dsn: str, public_key: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        api.state.pool = await asyncpg.create_pool(dsn, min_size=8, max_size=16)
        await api.state.pool.execute(CREATE)
        yield
        await api.state.pool.close()

    api = FastAPI(lifespan=lifespan)

    @lru_cache(maxsize=1000)
    def verified(token: str) -> dict[str, Any]:
        return jwt.decode(token, public_key, algorithms=["EdDSA"], options={"verify_aud": False})

    def claims(authorization: Annotated[str, Header()]) -> dict[str, Any]:
        try:
            return verified(authorization.removeprefix("Bearer "))
        except jwt.PyJWTError as error:
            raise HTTPException(401) from error

    @api.post("/v1/people", status_code=201)
    async def create(person: NewPerson, who: Annotated[dict[str, Any], Depends(claims)]) -> Person:
        now, id = datetime.now(UTC), str(uuid4())
        listed = person.model_dump()
        values = [listed[name] for name in NewPerson.model_fields]
        for n in (5, 6, 14):
            values[n] = orjson.dumps(values[n]).decode()
        await api.state.pool.execute(INSERT, who["tenant"], id, *values, now, now, 1)
        return Person(**listed, id=id, etag="1", createTime=now, updateTime=now)

    return api


if __name__ == "__main__":
    port, dsn, key_file = sys.argv[1:]
    served = app(dsn, Path(key_file).read_text())
    uvicorn.run(
        served, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", log_level="error", access_log=False
    )
