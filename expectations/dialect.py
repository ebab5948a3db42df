"""The SQLAlchemy dialect through which Great Expectations pushes its queries into DuckDB.

Belongs here: what differs from `duckdb_engine`, and the dialect's registration. Does not
belong here: GX itself (`runner`).
"""

from __future__ import annotations

from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry

NAME = "tandem_duckdb"


class TandemDialect(duckdb_engine.Dialect):
    """DuckDB without transactions.

    GX closes a connection before it fetches; SQLAlchemy then rolls back, which voids DuckDB's
    pending result. The gates only read, so that no transaction is needed.
    """

    name = NAME
    supports_statement_cache = False

    def connect(self, *_: Any, **parameters: Any) -> Any:
        # Without the user agent that duckdb_engine adds to the configuration: DuckDB refuses a
        # second connection to a database under another configuration.
        return duckdb_engine.ConnectionWrapper(duckdb.connect(parameters["database"]))

    def do_begin(self, connection: Any) -> None: ...

    def do_commit(self, connection: Any) -> None: ...

    def do_rollback(self, connection: Any) -> None: ...


def register() -> None:
    """Make `tandem_duckdb://` known to SQLAlchemy."""
    registry.register(NAME, __name__, TandemDialect.__name__)
