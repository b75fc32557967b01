import threading

import pytest

from sync_core.http.calls import CallCount, CallLog, endpoint_of


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("get", "/v1/products?limit=100&starting_after=prod_1", "GET /v1/products"),
        ("POST", "/v1/products/prod_Uae6ZKq4YfmcYb", "POST /v1/products/{id}"),
        ("POST", "/v1/products/vs_0f1e2d3c4b5a69788796a5b4", "POST /v1/products/{id}"),
        ("POST", "/v2/catalog/batch-upsert", "POST /v2/catalog/batch-upsert"),
        ("GET", "/v2/catalog/object/JEFRMDBUKQA4KLDMSTD4RZRM", "GET /v2/catalog/object/{id}"),
        ("GET", "/v1/balance_transactions", "GET /v1/balance_transactions"),
        ("GET", "/3.0/lists/16ed227135/members", "GET /3.0/lists/{id}/members"),
        ("post", "/oauth2/v1/tokens/bearer", "POST /oauth2/v1/tokens/bearer"),
    ],
)
def test_ids_are_replaced_so_that_counts_stay_few(method: str, path: str, template: str):
    assert endpoint_of(method, path) == template


def test_counts_of_many_threads_add_up():
    log = CallLog()

    def work() -> None:
        for _ in range(500):
            log.add("GET /v1/products", CallCount(calls=1, bytes=10))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.add("POST /v1/products", CallCount(calls=1, retries=1))
    snapshot = log.snapshot()
    assert snapshot.by_endpoint["GET /v1/products"] == CallCount(calls=2000, bytes=20000)
    assert snapshot.total == CallCount(calls=2001, retries=1, bytes=20000)


def test_a_snapshot_does_not_change_afterwards():
    log = CallLog()
    before = log.snapshot()
    log.add("GET /v1/products", CallCount(calls=1))
    assert before.total == CallCount()


def test_news_is_told_once_and_the_sums_stay() -> None:
    log = CallLog()
    log.add("GET /v1/products", CallCount(calls=2))
    assert log.news() == {"GET /v1/products": CallCount(calls=2)}
    log.add("GET /v1/products", CallCount(calls=1))
    assert log.news() == {"GET /v1/products": CallCount(calls=1)}
    assert log.news() == {}
    assert log.snapshot().total == CallCount(calls=3)
