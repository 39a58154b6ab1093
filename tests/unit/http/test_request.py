"""Reading requests."""

import pytest

from app.http.request import (
    FORM,
    MAX_BODY,
    MAX_FIELDS,
    authorization,
    client_address,
    dpop_headers,
    parse_form,
    prefers,
    read_form,
    read_query,
)
from app.oauth.errors import InvalidRequest, OAuthError, PayloadTooLarge, UnsupportedMediaType

from .support import a_request

AS_FORM = [("Content-Type", FORM)]


class TestForms:
    @pytest.mark.rfc("6749", "B")
    @pytest.mark.parametrize(
        ("body", "pairs"),
        [
            (b"a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
            (b"a=&b", [("a", ""), ("b", "")]),
            (b"a=x+y%20z%2B", [("a", "x y z+")]),
            ("a=%C3%BC&ü=%e2%82%ac".encode(), [("a", "ü"), ("ü", "€")]),
            (b"a=1;b=2", [("a", "1;b=2")]),
            (b"a=%zz", [("a", "%zz")]),
            (b"", []),
            (b"&&", []),
        ],
    )
    def test_fields_are_decoded_in_order(self, body: bytes, pairs: list[tuple[str, str]]) -> None:
        assert parse_form(body) == pairs

    @pytest.mark.rfc("6749", "B")
    @pytest.mark.parametrize(
        "body", [b"\xff", b"a=%ff", b"%c3=a", b"a=%ed%a0%80", b"a=%00", b"%00=a", b"\x00"]
    )
    def test_what_is_no_text_is_refused(self, body: bytes) -> None:
        with pytest.raises(InvalidRequest):
            parse_form(body)

    def test_fields_have_an_upper_number(self) -> None:
        assert len(parse_form(b"&".join([b"a=1"] * MAX_FIELDS))) == MAX_FIELDS
        with pytest.raises(InvalidRequest, match=str(MAX_FIELDS)):
            parse_form(b"&".join([b"a=1"] * (MAX_FIELDS + 1)))

    async def test_a_body_is_read_in_its_chunks(self) -> None:
        assert await read_form(a_request(b"a=", b"1", headers=AS_FORM)) == [("a", "1")]

    @pytest.mark.parametrize(
        "content_type", ["", "text/plain", "application/json", FORM + "-not", "multipart/form-data"]
    )
    async def test_only_forms_are_read(self, content_type: str) -> None:
        request = a_request(b"a=1", headers=[("Content-Type", content_type)])
        with pytest.raises(UnsupportedMediaType, match="expected"):
            await read_form(request)

    async def test_a_body_of_64_kib_is_read_and_no_larger_one(self) -> None:
        fits = a_request(b"a=" + b"x" * (MAX_BODY - 2), headers=AS_FORM)
        ((_, value),) = await read_form(fits)
        assert len(value) == MAX_BODY - 2
        with pytest.raises(PayloadTooLarge):
            await read_form(a_request(b"x" * MAX_BODY, b"x", headers=AS_FORM))

    async def test_a_body_that_says_it_is_larger_is_not_read_at_all(self) -> None:
        says = ("Content-Length", str(MAX_BODY + 1))
        with pytest.raises(PayloadTooLarge):
            await read_form(a_request(ends=False, headers=[*AS_FORM, says]))

    async def test_a_body_that_does_not_end_is_the_clients_error(self) -> None:
        with pytest.raises(InvalidRequest, match="ended"):
            await read_form(a_request(b"a=", headers=AS_FORM, ends=False))

    def test_a_query_is_read_alike(self) -> None:
        assert read_query(a_request(query_string=b"a=1&a=%C3%BC")) == [("a", "1"), ("a", "ü")]
        with pytest.raises(InvalidRequest):
            read_query(a_request(query_string=b"a=%ff"))


class TestHeaders:
    @pytest.mark.rfc("9449", "4.3")
    def test_every_dpop_field_line_is_kept_as_it_came(self) -> None:
        request = a_request(headers=[("DPoP", "one, two"), ("dpop", "\xff "), ("x-dpop", "no")])
        assert dpop_headers(request) == ["one, two", "\xff "]
        assert dpop_headers(a_request()) == []

    @pytest.mark.rfc("6749", "2.3")
    def test_authorization_comes_once_or_not_at_all(self) -> None:
        assert authorization(a_request()) is None
        assert authorization(a_request(headers=[("Authorization", "Basic x")])) == "Basic x"
        with pytest.raises(OAuthError, match="2 Authorization"):
            authorization(a_request(headers=[("Authorization", "a"), ("authorization", "b")]))

    def test_the_address_is_the_peers_and_never_that_of_a_header(self) -> None:
        request = a_request(headers=[("X-Forwarded-For", "203.0.113.1")])
        assert client_address(request) == "192.0.2.7"
        assert client_address(a_request(client=None)) == "unknown"


class TestPreferences:
    @pytest.mark.parametrize(
        ("accept", "is_preferred"),
        [
            (["a/b"], True),
            (["A/B ; q=0.1"], True),
            (["c/d, a/b"], True),
            (["c/d", "a/b"], True),
            (["c/d;q=0.3, a/b;q=0.2"], False),
            (["c/d, a/b;q=0.999"], False),
            (["a/b;q=0"], False),
            (["a/b;q=2"], False),
            (["a/b;q=-1"], False),
            (["a/b;q="], False),
            (["a/*"], False),
            (["*/*"], False),
            ([";;,,"], False),
            ([], False),
        ],
    )
    def test_a_media_type_is_preferred_by_name_and_quality(
        self, accept: list[str], *, is_preferred: bool
    ) -> None:
        request = a_request(headers=[("Accept", value) for value in accept])
        assert prefers(request, "a/b", over="c/d") is is_preferred
