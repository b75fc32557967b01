"""Which specification each provider is held to. They lie beside the repository; without them nothing can be proved."""

from collections.abc import Callable
from pathlib import Path

from tests.conformance.openapi_spec import SQUARE, Dialect, OpenApiSpecification
from tests.conformance.schemas import MAILCHIMP_ANSWER
from tests.conformance.stripe_spec import StripeSpecification
from tests.conformance.violation import Specification
from tests.conformance.xsd_spec import QuickBooksSpecification

FOLDER = Path(__file__).parents[2].parent / "shared" / "specs"
# mailchimp.com/developer, "Rate limits and timeouts": at its edge it answers 429, 403 and 5xx without JSON.
MAILCHIMP = Dialect(answers=MAILCHIMP_ANSWER, edge=frozenset({403, 429, 502, 503, 504}))
ABSENT = "the providers' specifications lie outside the repository, in ../shared/specs"
SPECIFICATIONS: dict[str, Callable[[], Specification]] = {
    "stripe": lambda: StripeSpecification(FOLDER / "stripe" / "stripe-2026-10-28.endive.from-sdk.json"),
    "square": lambda: OpenApiSpecification("square", FOLDER / "square" / "api.json", SQUARE),
    "mailchimp": lambda: OpenApiSpecification(
        "mailchimp", FOLDER / "mailchimp" / "marketing-3.0.85.trim.json", MAILCHIMP
    ),
    "quickbooks": lambda: QuickBooksSpecification(FOLDER / "quickbooks"),
}
