"""Webhooks as the providers sign them, written from their documentation and not from our own code."""

import base64
import hashlib
import hmac

URL = "https://sync.example/webhooks/square"
NOW = 1_795_176_000


def signed(provider: str, body: bytes, *, secret: str, now: float = NOW, url: str = URL) -> dict[str, str]:
    """The headers of a webhook of `provider` with this body."""
    stamp = str(int(now))
    match provider:
        case "stripe" | "mailchimp":
            mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
            name = "Stripe-Signature" if provider == "stripe" else "X-Mailchimp-Signature"
            return {name: f"t={stamp},v1={mac}"}
        case "square":
            return {"x-square-hmacsha256-signature": _b64(secret.encode(), url.encode() + body)}
        case "quickbooks":
            return {"intuit-signature": _b64(secret.encode(), body)}
        case _:
            key = base64.b64decode(secret.removeprefix("whsec_"))
            mac = _b64(key, f"msg_1.{stamp}.".encode() + body)
            return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{mac}"}


def _b64(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
