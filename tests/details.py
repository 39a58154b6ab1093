"""Types of authorization details, and objects of them (RFC 9396), for tests to break."""

import json
from typing import Any

from app.oauth.details_type import DetailsType
from tests.harness import API, FILES

PAYMENT = DetailsType(
    "payment_initiation",
    "Make a payment",
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["instructedAmount", "creditorName"],
        "properties": {
            "actions": {"type": "array", "items": {"enum": ["initiate", "status", "cancel"]}},
            "locations": {"type": "array"},
            "instructedAmount": {
                "title": "Amount",
                "type": "object",
                "additionalProperties": False,
                "required": ["currency", "amount"],
                "properties": {
                    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                    "amount": {"type": "string", "pattern": "^[0-9]{1,12}(\\.[0-9]{2})?$"},
                },
            },
            "creditorName": {"title": "To", "type": "string", "maxLength": 70},
            "creditorAccount": {
                "title": "Account",
                "type": "object",
                "additionalProperties": False,
                "properties": {"iban": {"title": "IBAN", "type": "string"}},
            },
        },
    },
    ask_always=True,
)
ACCOUNTS = DetailsType(
    "https://schemes.example/accounts",
    "See your accounts",
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["actions"],
        "properties": {
            "actions": {"type": "array", "items": {"enum": ["list", "balances", "history"]}},
            "datatypes": {"type": "array"},
            "privileges": {"type": "array"},
            "identifier": {"type": "string"},
            "locations": {"type": "array"},
            "days": {"title": "Days back", "type": "integer", "minimum": 1},
        },
    },
    resource_uri=API.uri,
)
PHOTOS = DetailsType(
    "photos",
    "Use your photos",
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "actions": {"type": "array"},
            "locations": {"type": "array"},
            "keepOriginals": {"type": "boolean"},
            "albums": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"title": {"type": "string"}, "year": {"type": "number"}},
                },
            },
        },
    },
)
TYPES = (PAYMENT, ACCOUNTS, PHOTOS)
NAMES = frozenset(each.type for each in TYPES)

PAY: dict[str, Any] = {
    "type": PAYMENT.type,
    "actions": ["initiate", "status"],
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Merchant A",
    "creditorAccount": {"iban": "DE02100100109307118603"},
}
SEE: dict[str, Any] = {"type": ACCOUNTS.type, "actions": ["list", "balances"], "days": 90}
SHOW: dict[str, Any] = {"type": PHOTOS.type, "actions": ["show"], "locations": [FILES.uri]}
LOOK: dict[str, Any] = {"type": PHOTOS.type, "actions": ["show"]}


def written(*objects: object) -> str:
    """Write the parameter."""
    return json.dumps(objects)
