"""The dance in a real browser: a person opens the page, presses a button, and lands at our callback."""

import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from sync_core.errors import AuthorizationRefused
from sync_core.oauth import Callback, complete
from tests.sync_core.oauth.conftest import SECRETS, Place, account

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="no browser is here: install the packages chromium and chromium-driver, as .ci/run does",
)
# Nothing but this machine can be reached, and nothing is kept.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def landing(place: Place) -> Iterator[str]:
    """Our callback address, as a page that says what came of it."""

    class Landing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            callback = Callback("quickbooks", dict(parse_qsl(urlsplit(self.path).query)), user="ada")
            said = "nothing"
            if callback.parameters:
                try:
                    said = f"connected {complete(place.engine, callback).account.name}"
                except AuthorizationRefused as refused:
                    said = f"refused {refused.code}"
            body = f"<!doctype html><title>Landing</title><p id=said>{said}</p>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Landing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/callback"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def decide(place: Place, browser: webdriver.Chrome, landing: str) -> Callable[[str], str]:
    """Presses a button of QuickBooks' page in the browser; what the landing page says."""
    place.venue("blue-note", "quickbooks")
    place.sim(
        "quickbooks",
        "PUT",
        "applications",
        client_id="id-quickbooks",
        secret=SECRETS["quickbooks"],
        redirect_uris=[landing],
    )

    def press(button: str) -> str:
        browser.get(place.begin("blue-note", "quickbooks", redirect_uri=landing))
        Select(browser.find_element(By.NAME, "account")).select_by_value(account("blue-note"))
        browser.find_element(By.ID, button).click()
        WebDriverWait(browser, 10).until(lambda driver: driver.title == "Landing")
        return browser.find_element(By.ID, "said").text

    return press


def test_a_person_denies_then_allows_in_a_browser(place: Place, decide: Callable[[str], str]) -> None:
    assert decide("deny") == "refused access_denied"
    assert place.connection("blue-note", "quickbooks").status == "disconnected"
    assert decide("allow") == "connected blue-note"
    assert place.connection("blue-note", "quickbooks").status == "connected"
