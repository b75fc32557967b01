"""A contact is sent into a journey once, or it is said that nobody knows."""

import pytest

from sync_core.errors import OutcomeUnknown, ThrottledError, TransientError
from sync_core.providers.protocol import Write
from tests.sync_core.providers.mailchimp.conftest import MailchimpAccount
from tests.sync_core.providers.outside import done, read_all, sought_of, write_one

TRIGGERS = "journey_triggers"
PATH = "/3.0/customer-journeys/*"
ANN = "ann@x.example"


def trigger(address: str = ANN, *, step: str = "7") -> Write:
    fields = {"journey_id": "12", "step_id": step, "email_address": address}
    return Write(operation="create", local_id="t1", key="k1", fields=fields)


@pytest.fixture(autouse=True)
def journey(mailchimp: MailchimpAccount) -> None:
    """A journey with a step that waits for the API, and somebody to send."""
    mailchimp.outside.seed("journeys", {"journey_id": 12, "step_id": 7})
    mailchimp.add(ANN)


def entered(mailchimp: MailchimpAccount) -> list[str]:
    return [one["email_address"] for one in mailchimp.outside.objects("journey_triggers")]


def test_a_contact_is_sent_in_once(mailchimp: MailchimpAccount) -> None:
    sent = done(write_one(mailchimp.provider, TRIGGERS, trigger("Ann@X.example")))
    assert (sent.id, entered(mailchimp)) == ("t1", [ANN])


@pytest.mark.parametrize(
    ("kind", "times"),
    [("drop_before", 0), ("drop_after", 1), ("error_after", 1), ("error_before", 0)],
)
def test_a_lost_answer_is_never_a_second_trigger(mailchimp: MailchimpAccount, kind: str, times: int) -> None:
    mailchimp.outside.faults({"kind": kind, "status": 500, "path": PATH, "times": 1})
    with pytest.raises(OutcomeUnknown, match="not known"):
        write_one(mailchimp.provider, TRIGGERS, trigger())
    assert len(entered(mailchimp)) == times
    assert mailchimp.provider.find(TRIGGERS, [sought_of(trigger(), mailchimp.clock)]) == {}


def test_what_was_surely_not_done_is_no_doubt(mailchimp: MailchimpAccount) -> None:
    mailchimp.outside.faults({"kind": "throttle", "path": PATH, "times": 1})
    with pytest.raises(ThrottledError):
        write_one(mailchimp.provider, TRIGGERS, trigger())
    mailchimp.outside.faults({"kind": "error_before", "status": 503})
    with pytest.raises(TransientError):
        write_one(mailchimp.provider, TRIGGERS, trigger())
    assert entered(mailchimp) == []


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned", "archived"])
def test_whoever_takes_no_mail_is_not_sent(mailchimp: MailchimpAccount, status: str) -> None:
    if status == "archived":
        mailchimp.archive(ANN)
    else:
        mailchimp.change(ANN, status=status)
    refusal = write_one(mailchimp.provider, TRIGGERS, trigger())
    assert (refusal.refused_code, status in (refusal.refused_reason or "")) == ("NO_MAIL", True)
    assert entered(mailchimp) == []


def test_a_stranger_and_a_step_that_is_not_there_are_refused(mailchimp: MailchimpAccount) -> None:
    assert write_one(mailchimp.provider, TRIGGERS, trigger("bo@x.example")).refused_code == "NO_CONTACT"
    assert write_one(mailchimp.provider, TRIGGERS, trigger(step="8")).refused_code == "NO_STEP"
    assert write_one(mailchimp.provider, TRIGGERS, trigger("")).refused_code == "NOT_A_TRIGGER"


def test_nothing_of_it_can_be_read(mailchimp: MailchimpAccount) -> None:
    done(write_one(mailchimp.provider, TRIGGERS, trigger()))
    assert read_all(mailchimp.provider, TRIGGERS, None) == ([], {})
    assert [(one.id, one.deleted) for one in mailchimp.provider.fetch(TRIGGERS, ["t1"])] == [("t1", False)]
