"""dlt's rest_api source pulling the customers of one simulated Stripe account into PostgreSQL.

Runs with the interpreter of `make bench`'s own environment, where dlt is installed; the product does not depend on it.
Called as: python dlt_customers.py <base address> <api key> <database url> <records expected>.
Prints one line of JSON: seconds, records in the table, and the peak memory of the process in MB.
"""

import json
import logging
import resource
import sys
import tempfile
import time
from urllib.parse import urlsplit, urlunsplit

import dlt
import psycopg2
from dlt.sources.rest_api import rest_api_source


def with_host(url: str) -> str:
    """`url` as dlt takes it: with a host and a password, of which libpq uses neither when a socket is named."""
    parts = urlsplit(url)
    return urlunsplit(("postgresql", f"{parts.username}:none@localhost", parts.path, parts.query, ""))


def main() -> None:
    """Extract, normalise, load; then count what is there."""
    base, key, given, expected = sys.argv[1:5]
    database = with_host(given)
    logging.disable(logging.WARNING)
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{base}/v1/",
                "auth": {"type": "bearer", "token": key},
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "data[-1].id",
                    "cursor_param": "starting_after",
                    "has_more_path": "has_more",
                },
            },
            "resources": [
                {
                    "name": "customers",
                    "primary_key": "id",
                    "write_disposition": "merge",
                    "endpoint": {"path": "customers", "params": {"limit": 100}, "data_selector": "data"},
                }
            ],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            pipeline_name="bench",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(database),
            dataset_name="dlt_bench",
            dev_mode=True,  # a schema of its own: a round finds no rows of the one before
        )
        started = time.perf_counter()
        pipeline.run(source)
        seconds = time.perf_counter() - started
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{pipeline.dataset_name}".customers')
        (count,) = cursor.fetchone()
    if count != int(expected):
        raise SystemExit(f"dlt stored {count} of {expected} customers")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "records": count, "peak_mb": peak}))


if __name__ == "__main__":
    main()
