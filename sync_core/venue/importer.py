"""Importing the real data set into the platform's own tables: one transaction, all of it or nothing.

The set joins TICKIT (venues and events) and Online Retail II (customers, orders, refunds, merchandise). The two have
nothing to do with each other: who buys where is derived by fixed rules, see retail_sales and tickit.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import orjson
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.store import venue_tables as tables
from sync_core.store.venue_rows import (
    Loaded,
    load,
    order_paid_elsewhere,
    replace_rejections,
    rows_from_frame,
    rows_from_records,
    venue_ids,
)
from sync_core.venue.report import ImportReport, OnProgress, Rejection, silent
from sync_core.venue.retail import Retail, read_retail
from sync_core.venue.tickit import CURRENCY, Row, TicketMarket, read_ticket_market


def import_folder(
    database: sa.Engine,
    folder: Path,
    *,
    venues: int = 24,
    providers: Sequence[str] = ("stripe", "square"),
    on_progress: OnProgress = silent,
) -> ImportReport:
    """Import the data set in `folder` into schema `venue`, which must be migrated.

    Args:
        database: where to.
        folder: holds tickit/ (four text files) and online_retail/ (one Parquet file).
        venues: how many of the source's venues to take, the busiest first.
        providers: where orders are paid; each order falls to one of them by a hash of its number.
        on_progress: told in a few words what is being done.

    All venues keep their money in GBP, since the sales are in pounds. The same import may be repeated: rows that did
    not change are not touched, so the next sync stays quiet; stock is only set when a product's stock is new, because
    sales move it from then on. Nothing is deleted.

    Raises:
        ConfigurationError: a file is missing or unreadable, an argument is wrong, or the database holds an import
            with other venues or providers (a customer would end up with two venues).
    """
    started = time.perf_counter()
    if venues < 1 or not providers or len(set(providers)) != len(providers):
        raise ConfigurationError("An import needs at least one venue, and at least one provider, each named once.")
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder: it must hold tickit/ and online_retail/.")
    on_progress("reading venues and events")
    market = read_ticket_market(folder / "tickit", venues=venues)
    if not market.venues:
        raise ConfigurationError(f"{folder / 'tickit'} has no good venue: there is nowhere to import to.")
    chosen = tuple(venue["id"] for venue in market.venues)
    on_progress("reading customers and sales")
    retail = read_retail(folder / "online_retail", venues=chosen, providers=providers, currency=CURRENCY)
    with database.begin() as conn:
        _refuse_another_selection(conn, market, chosen)
        loaded = _load(conn, market, retail, on_progress)
        rejections = [*market.rejections, *retail.rejections]
        sources = (*market.sources, *retail.sources)
        replace_rejections(conn, _rejected(rejections), sources=[source.file for source in sources])
    return ImportReport(chosen, sources, loaded, (*market.notes, *retail.notes), time.perf_counter() - started)


def _refuse_another_selection(conn: sa.Connection, market: TicketMarket, chosen: tuple[str, ...]) -> None:
    there = venue_ids(conn, market.known)
    if there and there != set(chosen):
        raise ConfigurationError(
            f"The database holds an import of {len(there)} venues, not of these {len(chosen)}: "
            "import with the same number of venues, or into an empty database."
        )


def _load(conn: sa.Connection, market: TicketMarket, retail: Retail, on_progress: OnProgress) -> tuple[Loaded, ...]:
    orders = rows_from_frame(tables.orders, retail.sales.orders_with_lines())
    moved = order_paid_elsewhere(conn, orders) if orders.num_rows else None
    if moved is not None:
        raise ConfigurationError(
            f"Order {moved} is paid at another provider in the database: "
            "import with the same providers in the same order, or into an empty database."
        )
    # What the database or a later sync decides is only given to new rows: stock on hand, the time of a refund.
    steps: tuple[tuple[sa.Table, pa.Table, tuple[str, ...]], ...] = (
        (tables.venues, rows_from_records(tables.venues, market.venues), ()),
        (tables.events, rows_from_records(tables.events, market.events), ()),
        (tables.products, _both(tables.products, market.products, retail.products), ()),
        (tables.stock, _both(tables.stock, market.stock, retail.stock), ("quantity",)),
        (tables.customers, rows_from_frame(tables.customers, retail.customers), ()),
        (tables.orders, orders, ()),
        (tables.refunds, rows_from_frame(tables.refunds, retail.sales.refunds), ("refunded_at",)),
    )
    loaded: list[Loaded] = []
    for table, rows, first_only in steps:
        on_progress(f"writing {table.name.replace('_', ' ')} ({rows.num_rows} rows)")
        loaded.append(load(conn, table, rows, first_only=first_only))
    return tuple(loaded)


def _both(table: sa.Table, tickets: Sequence[Row], merchandise: pd.DataFrame) -> pa.Table:
    parts = [rows_from_records(table, tickets), rows_from_frame(table, merchandise)]
    return pa.concat_tables(parts, promote_options="default")


def _rejected(rejections: Sequence[Rejection]) -> pa.Table:
    return rows_from_records(
        tables.import_rejections,
        [
            {"source": one.source, "row": one.row, "reason": one.reason, "content": orjson.dumps(one.content).decode()}
            for one in rejections
        ],
    )
