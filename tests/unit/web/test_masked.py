"""What was read of a request is shown without anything that may be a secret."""

from hypothesis import given
from hypothesis import strategies as st

from app.dpop.pasted import read
from app.web import masked

REQUEST = """\
POST /token?access_token=S3CRET HTTP/1.1
Host: as.example
Authorization: Basic S3CRET
Cookie: session=S3CRET
X-Forward-Auth-Secret: S3CRET
DPoP: S3CRET
Content-Type: application/x-www-form-urlencoded

grant_type=authorization_code&code=S3CRET&client_secret=S3CRET&code_verifier=S3CRET\
&refresh_token=S3CRET&client_assertion=S3CRET&client_id=web&unknown=S3CRET
"""


def test_values_that_may_be_secrets_are_counted_and_not_shown() -> None:
    rows = masked.rows(read(REQUEST))
    assert "S3CRET" not in str(rows)
    assert ("request line", "POST /token?(19 characters, not shown)") in rows
    assert ("Authorization", "Basic (6 characters, not shown)") in rows
    assert ("client_secret", "(6 characters, not shown)") in rows


def test_harmless_values_are_shown() -> None:
    rows = dict(masked.rows(read(REQUEST)))
    assert rows["Host"] == "as.example"
    assert rows["grant_type"] == "authorization_code"
    assert rows["client_id"] == "web"


def test_a_body_that_is_no_form_is_not_shown() -> None:
    rows = masked.rows(read("POST / HTTP/1.1\nContent-Type: application/json\n\n{'p': 'S3CRET'}\n"))
    assert rows[-1] == ("body", "(15 characters, not shown)")


def test_an_authorization_field_without_a_scheme_is_not_shown() -> None:
    assert "S3CRET" not in str(masked.rows(read("GET / HTTP/1.1\nAuthorization: S3CRET\n")))


@given(st.text())
def test_any_body_makes_rows_and_not_too_many(body: str) -> None:
    head = "POST / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\n"
    assert len(masked.rows(read(head + body))) <= masked.MAX_ROWS
