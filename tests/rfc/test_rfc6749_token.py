"""RFC 6749: the token endpoint over HTTP. Client authentication, the grants, the answers.

The error codes of section 5.2 are in test_rfc6749_errors.py.
"""

import dataclasses
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import pytest

from app.credentials import digest
from app.oauth.client import AuthMethod, Client, ClientSecret, GrantType
from app.telemetry.audit import EventKind
from tests.answers import issued, proof_refused, refused
from tests.builders import DpopKey
from tests.harness import (
    CLIENT_KEY,
    FORM,
    POSTING,
    REDIRECT_URI,
    SECRET,
    SIGNING,
    SPA,
    USER,
    VERIFIER,
    WEB,
    Server,
    asserted,
    given,
)
from tests.unit.oauth.token_server import basic, claims_of

OTHER_REDIRECT_URI = "https://client.example/other"
DAY = 24 * 3600
UNREMARKABLE = {"grant_type": "client_credentials"}

Changes = dict[str, Any]


def redemption(code: str, **changes: str | None) -> dict[str, str]:
    """Return the fields that redeem a code, no client authentication among them."""
    valid = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    return given({**valid, **changes})


async def as_nobody(server: Server, key: DpopKey, *headers: tuple[str, str], **fields: str) -> Any:
    """Ask for a token of a client's own, authenticating by these header fields and fields."""
    return await server.post(
        {"grant_type": "client_credentials", **fields}, [("DPoP", server.proof(key)), *headers]
    )


class TestSection23ClientAuthentication:
    @pytest.mark.rfc("6749", "2.3.1")
    @pytest.mark.parametrize("client", [WEB, POSTING, SIGNING], ids=lambda each: each.client_id)
    async def test_each_method_authenticates_its_client(
        self, server: Server, key: DpopKey, client: Client
    ) -> None:
        members = issued(await server.client_credentials(key, client))
        assert claims_of(members["access_token"])["client_id"] == client.client_id

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_basic_credentials_are_form_urlencoded_before_base64(
        self, server: Server, key: DpopKey
    ) -> None:
        client_id, secret = "cli ent:1+%", "pass:word+%2B ü"
        await server.change(WEB, client_id=client_id, secrets=(ClientSecret(digest(secret)),))
        header = ("Authorization", basic(quote_plus(client_id), quote_plus(secret)))
        members = issued(await as_nobody(server, key, header))
        assert claims_of(members["access_token"])["client_id"] == client_id

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_the_scheme_has_no_case(self, server: Server, key: DpopKey) -> None:
        header = basic(WEB.client_id, SECRET).replace("Basic", "bAsIc")
        issued(await as_nobody(server, key, ("Authorization", header)))

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_basic_may_come_with_the_same_client_id_in_the_body(
        self, server: Server, key: DpopKey
    ) -> None:
        issued(await server.client_credentials(key, client_id=WEB.client_id))

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_basic_with_another_client_id_in_the_body_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        refusal = await server.client_credentials(key, client_id=POSTING.client_id)
        assert "client_id" in refused(refusal, "invalid_request")

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_a_secret_in_the_query_is_not_read(self, server: Server, key: DpopKey) -> None:
        query = urlencode({"client_id": POSTING.client_id, "client_secret": SECRET})
        response = await server.http.post(
            f"/token?{query}",
            data={"grant_type": "client_credentials"},
            headers={"DPoP": server.proof(key)},
        )
        refused(response, "invalid_client", status=401)

    @pytest.mark.rfc("6749", "2.3")
    @pytest.mark.parametrize(
        ("client", "fields"),
        [
            (WEB, {"client_secret": SECRET}),
            (WEB, asserted(CLIENT_KEY.assertion(WEB.client_id))),
            (POSTING, asserted(CLIENT_KEY.assertion(POSTING.client_id))),
        ],
        ids=["basic and post", "basic and assertion", "post and assertion"],
    )
    async def test_two_methods_in_one_request_are_refused(
        self, server: Server, key: DpopKey, client: Client, fields: Changes
    ) -> None:
        code = await server.code(client)
        refused(await server.redeem(code, key, client, **fields), "invalid_request")
        issued(await server.redeem(code, key, client))

    @pytest.mark.rfc("6749", "2.3")
    async def test_two_authorization_header_fields_are_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        headers = [("Authorization", basic(WEB.client_id, SECRET))] * 2
        assert "Authorization" in refused(await as_nobody(server, key, *headers), "invalid_request")

    @pytest.mark.rfc("6749", "2.3.1")
    @pytest.mark.parametrize(
        ("registered", "used"),
        [
            (registered, used)
            for registered in (SPA, WEB, POSTING, SIGNING)
            for used in AuthMethod
            if used is not registered.auth_method
        ],
        ids=lambda each: each.client_id if isinstance(each, Client) else str(each),
    )
    async def test_a_method_the_client_is_not_registered_for_is_refused(
        self, server: Server, key: DpopKey, registered: Client, used: AuthMethod
    ) -> None:
        pretender = dataclasses.replace(registered, auth_method=used)
        code = await server.code(registered)
        refused(await server.redeem(code, key, pretender), "invalid_client", status=401)
        issued(await server.redeem(code, key, registered))

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_both_secrets_of_an_overlapping_rotation_work_until_the_old_one_ends(
        self, server: Server, key: DpopKey
    ) -> None:
        ends_at = server.clock.now() + DAY
        secrets = (ClientSecret(digest("new")), ClientSecret(digest(SECRET), ends_at))
        client = await server.change(POSTING, secrets=secrets)
        issued(await server.client_credentials(key, client, client_secret="new"))
        issued(await server.client_credentials(key, client))
        server.clock.advance(DAY)
        issued(await server.client_credentials(key, client, client_secret="new"))
        refused(await server.client_credentials(key, client), "invalid_client", status=401)


class TestSection231BruteForce:
    """RFC 6749 §2.3.1: the server must protect secrets against brute force attacks."""

    async def _guess(self, server: Server, key: DpopKey, guess: str, address: str) -> Any:
        # Without a network the address is the transport's, so a test may choose it.
        transport = httpx.ASGITransport(server.app, client=(address, 40000))
        fields = {"client_id": POSTING.client_id, "client_secret": guess, **UNREMARKABLE}
        async with httpx.AsyncClient(transport=transport, base_url=server.settings.issuer) as http:
            proof = {"DPoP": server.proof(key)}
            return await http.post("/token", data=fields, headers=proof)

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_after_ten_wrong_secrets_the_next_must_wait(
        self, server: Server, key: DpopKey
    ) -> None:
        for _ in range(10):
            refusal = await self._guess(server, key, "wrong", "192.0.2.1")
            refused(refusal, "invalid_client", status=401)
        refusal = await self._guess(server, key, "wrong", "192.0.2.1")
        refused(refusal, "temporarily_unavailable", status=429)
        assert 0 < int(refusal.headers["retry-after"]) <= 300
        server.clock.advance(int(refusal.headers["retry-after"]))
        refused(await self._guess(server, key, "wrong", "192.0.2.1"), "invalid_client", status=401)

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_nobody_locks_a_client_out_by_guessing(
        self, server: Server, key: DpopKey
    ) -> None:
        for _ in range(11):
            await self._guess(server, key, "wrong", "192.0.2.1")
        issued(await self._guess(server, key, SECRET, "192.0.2.1"))
        refused(await self._guess(server, key, "wrong", "192.0.2.2"), "invalid_client", status=401)


class TestSection32TokenEndpoint:
    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"])
    async def test_only_post_is_answered(self, server: Server, method: str) -> None:
        response = await server.http.request(method, "/token")
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"

    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize(
        "name",
        [
            "grant_type",
            "code",
            "redirect_uri",
            "code_verifier",
            "client_id",
            "client_secret",
            "refresh_token",
            "scope",
            "client_assertion",
            "client_assertion_type",
            "unheard_of",
        ],
    )
    async def test_a_parameter_sent_twice_is_refused(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        code = await server.code()
        fields = {"client_id": SPA.client_id, **redemption(code)}
        repeated = [*fields.items(), *[(name, fields.get(name, "x"))] * 2]
        description = refused(
            await server.post(repeated, [("DPoP", server.proof(key))]), "invalid_request"
        )
        assert name in description
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("6749", "3.2")
    async def test_a_parameter_sent_twice_and_empty_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        fields = [*redemption(await server.code()).items(), ("client_id", SPA.client_id)]
        repeated = [*fields, ("scope", ""), ("scope", "")]
        refused(await server.post(repeated, [("DPoP", server.proof(key))]), "invalid_request")

    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize("name", ["nonce", "claims", "DPoP", "x" * 300, "ü", "", "__proto__"])
    async def test_a_parameter_nobody_knows_is_ignored(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        issued(await server.redeem(await server.code(), key, **{name: "wh\x7fatever ü"}))

    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize(
        "name",
        ["grant_type", "code", "redirect_uri", "code_verifier"],
    )
    async def test_an_empty_parameter_is_a_missing_one(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        code = await server.code()
        empty = await server.redeem(code, key, **{name: ""})
        missing = await server.redeem(code, key, **{name: None})
        assert refused(empty, "invalid_request") == refused(missing, "invalid_request")
        assert name in refused(missing, "invalid_request")
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize("name", ["scope", "resource", "client_secret", "client_assertion"])
    async def test_an_optional_parameter_may_be_empty(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        issued(await server.redeem(await server.code(), key, **{name: ""}))

    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize(
        "content_type",
        [FORM + "; charset=UTF-8", FORM.upper(), FORM + " ;charset=utf-8"],
    )
    async def test_the_form_type_may_be_spelt_in_any_way(
        self, server: Server, key: DpopKey, content_type: str
    ) -> None:
        headers = [("Content-Type", content_type)]
        issued(await server.redeem(await server.code(), key, headers=headers))

    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "multipart/form-data; boundary=x", "text/plain", "", FORM + "2", "ü"],
    )
    async def test_another_content_type_is_415(
        self, server: Server, key: DpopKey, content_type: str
    ) -> None:
        code, headers = await server.code(), [("Content-Type", content_type.encode())]
        response = await server.redeem(code, key, headers=headers)
        assert FORM in refused(response, "invalid_request", status=415)
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("6749", "3.2")
    async def test_a_body_over_64_kib_is_413(self, server: Server, key: DpopKey) -> None:
        code = await server.code()
        refusal = await server.redeem(code, key, padding="x" * 64 * 1024)
        assert "64 KiB" in refused(refusal, "invalid_request", status=413)
        issued(await server.redeem(code, key, padding="x" * 60 * 1024))


class TestSection41AuthorizationCode:
    @pytest.mark.rfc("6749", "4.1.3")
    async def test_a_code_is_redeemed_for_an_access_and_a_refresh_token(
        self, server: Server, key: DpopKey
    ) -> None:
        members = issued(await server.redeem(await server.code(), key))
        assert members["refresh_token"].startswith("hf_rt_")
        claims = claims_of(members["access_token"])
        assert (claims["sub"], claims["client_id"]) == (USER.user_id, SPA.client_id)

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_a_client_without_the_refresh_grant_gets_no_refresh_token(
        self, server: Server, key: DpopKey
    ) -> None:
        grants = frozenset({GrantType.AUTHORIZATION_CODE})
        client = await server.change(SPA, grant_types=grants)
        members = issued(await server.redeem(await server.code(client), key, client))
        assert "refresh_token" not in members

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_the_redirect_uri_of_the_request_must_come_again(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code()
        refusal = await server.redeem(code, key, redirect_uri=None)
        assert "redirect_uri" in refused(refusal, "invalid_request")
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("6749", "4.1.3")
    @pytest.mark.parametrize(
        "redirect_uri",
        [OTHER_REDIRECT_URI, REDIRECT_URI + "/", REDIRECT_URI + "?", REDIRECT_URI.upper()],
    )
    async def test_another_redirect_uri_is_refused_and_leaves_the_code_good(
        self, server: Server, key: DpopKey, redirect_uri: str
    ) -> None:
        code = await server.code()
        refusal = await server.redeem(code, key, redirect_uri=redirect_uri)
        description = refused(refusal, "invalid_grant")
        assert redirect_uri in description
        assert REDIRECT_URI in description
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_the_redirect_uri_may_be_left_out_where_the_request_had_none(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code(redirect_uri_sent=False)
        issued(await server.redeem(code, key, redirect_uri=None))

    @pytest.mark.rfc("6749", "4.1.3")
    @pytest.mark.parametrize("thief", [WEB, POSTING, SIGNING], ids=lambda each: each.client_id)
    async def test_another_clients_code_is_refused_and_stays_good(
        self, server: Server, key: DpopKey, thief: Client
    ) -> None:
        code = await server.code(SPA)
        refused(await server.redeem(code, key, thief), "invalid_grant")
        issued(await server.redeem(code, key, SPA))

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_a_public_client_cannot_redeem_another_public_clients_code(
        self, server: Server, key: DpopKey
    ) -> None:
        thief = await server.change(SPA, client_id="thief")
        code = await server.code(SPA)
        refused(await server.redeem(code, key, thief), "invalid_grant")
        issued(await server.redeem(code, key, SPA))

    @pytest.mark.rfc("6749", "4.1.3")
    @pytest.mark.parametrize("code", ["unknown", "hf_ac_" + "A" * 43])
    async def test_a_code_that_was_never_issued_is_refused(
        self, server: Server, key: DpopKey, code: str
    ) -> None:
        refused(await server.redeem(code, key), "invalid_grant")

    @pytest.mark.rfc("6749", "4.1.2")
    @pytest.mark.parametrize(("seconds", "status"), [(59.9, 200), (60, 400), (3600, 400)])
    async def test_a_code_is_good_for_60_seconds(
        self, server: Server, key: DpopKey, seconds: float, status: int
    ) -> None:
        code = await server.code()
        server.clock.advance(seconds)
        assert (await server.redeem(code, key)).status_code == status

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_a_code_of_a_person_who_was_disabled_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code()
        await server.disable(USER)
        refused(await server.redeem(code, key), "invalid_grant")

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_a_client_that_was_disabled_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code()
        await server.change(SPA, disabled=True)
        refused(await server.redeem(code, key), "invalid_client", status=401)

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_the_scope_parameter_has_no_meaning_at_redemption(
        self, server: Server, key: DpopKey
    ) -> None:
        members = issued(await server.redeem(await server.code(), key, scope="admin"))
        assert members["scope"] == "read write"


class TestSection412CodeReplay:
    @pytest.mark.rfc("6749", "4.1.2")
    async def test_a_code_used_twice_is_refused_and_its_tokens_revoked(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code()
        token = issued(await server.redeem(code, key))["refresh_token"]
        refused(await server.redeem(code, key), "invalid_grant")
        assert await server.is_revoked(code)
        refused(await server.refresh(token, key), "invalid_grant")

    @pytest.mark.rfc("6749", "4.1.2")
    async def test_a_replay_by_another_key_revokes_as_well(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await server.code()
        issued(await server.redeem(code, key))
        refused(await server.redeem(code, other_key), "invalid_grant")
        assert await server.is_revoked(code)

    @pytest.mark.rfc("6749", "4.1.2")
    @pytest.mark.parametrize("minutes", [0, 10, 60 * 24])
    async def test_a_replay_is_known_however_late_it_comes(
        self, server: Server, key: DpopKey, minutes: float
    ) -> None:
        code = await server.code()
        issued(await server.redeem(code, key))
        server.clock.advance(minutes * 60)
        refused(await server.redeem(code, key), "invalid_grant")
        assert await server.is_revoked(code)

    @pytest.mark.rfc("6749", "4.1.2")
    async def test_a_successor_dies_with_its_family(self, server: Server, key: DpopKey) -> None:
        code = await server.code()
        first = issued(await server.redeem(code, key))["refresh_token"]
        second = issued(await server.refresh(first, key))["refresh_token"]
        await server.redeem(code, key)
        refused(await server.refresh(second, key), "invalid_grant")

    @pytest.mark.rfc("6749", "4.1.2")
    async def test_another_sign_in_of_the_same_person_lives_on(
        self, server: Server, key: DpopKey
    ) -> None:
        other = (await server.tokens(key))["refresh_token"]
        code = await server.code()
        await server.redeem(code, key)
        await server.redeem(code, key)
        issued(await server.refresh(other, key))

    @pytest.mark.rfc("6749", "4.1.2")
    async def test_a_replay_is_in_the_audit_log(self, server: Server, key: DpopKey) -> None:
        code = await server.code()
        await server.redeem(code, key)
        await server.redeem(code, key)
        assert EventKind.CODE_REPLAYED in [event.kind for event in await server.audit()]

    @pytest.mark.rfc("6749", "10.5")
    @pytest.mark.parametrize(
        ("changes", "minutes"),
        [
            ({"code_verifier": "w" * 43}, 0),
            ({"code_verifier": "w" * 43}, 10),
            ({"code_verifier": None}, 0),
            ({"code_verifier": None}, 10),
            ({"redirect_uri": OTHER_REDIRECT_URI}, 0),
            ({"redirect_uri": OTHER_REDIRECT_URI}, 10),
            ({"redirect_uri": None}, 0),
        ],
    )
    async def test_a_used_code_alone_signs_nobody_out(
        self, server: Server, key: DpopKey, changes: Changes, minutes: float
    ) -> None:
        await server.change(SPA, redirect_uris=(REDIRECT_URI, OTHER_REDIRECT_URI))
        code = await server.code()
        token = issued(await server.redeem(code, key))["refresh_token"]
        server.clock.advance(minutes * 60)
        response = await server.redeem(code, key, **changes)
        assert response.status_code == 400
        issued(await server.refresh(token, key))

    @pytest.mark.rfc("6749", "10.5")
    @pytest.mark.parametrize("minutes", [0, 10])
    async def test_another_clients_use_of_a_used_code_signs_nobody_out(
        self, server: Server, key: DpopKey, minutes: float
    ) -> None:
        code = await server.code()
        token = issued(await server.redeem(code, key))["refresh_token"]
        server.clock.advance(minutes * 60)
        refused(await server.redeem(code, key, WEB), "invalid_grant")
        issued(await server.refresh(token, key))

    @pytest.mark.rfc("6749", "10.5")
    async def test_a_replay_without_authentication_signs_nobody_out(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code(POSTING)
        token = issued(await server.redeem(code, key, POSTING))["refresh_token"]
        refusal = await server.redeem(code, key, POSTING, client_secret="wrong")
        refused(refusal, "invalid_client", status=401)
        issued(await server.refresh(token, key, POSTING))


class TestSection44ClientCredentials:
    @pytest.mark.rfc("6749", "4.4.2")
    async def test_the_token_is_the_clients_own(self, server: Server, key: DpopKey) -> None:
        members = issued(await server.client_credentials(key))
        claims = claims_of(members["access_token"])
        assert claims["sub"] == claims["client_id"] == WEB.client_id
        assert "auth_time" not in claims

    @pytest.mark.rfc("6749", "4.4.3")
    async def test_there_is_no_refresh_token(self, server: Server, key: DpopKey) -> None:
        assert "refresh_token" not in issued(await server.client_credentials(key))

    @pytest.mark.rfc("6749", "4.4")
    async def test_a_public_client_gets_none_even_if_registered_for_the_grant(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(SPA, grant_types=frozenset(GrantType))
        refused(await server.client_credentials(key, client), "unauthorized_client")

    @pytest.mark.rfc("6749", "4.4.2")
    @pytest.mark.parametrize(
        ("asked", "granted"), [(None, "read write"), ("read", "read"), ("write read", "read write")]
    )
    async def test_the_scope_is_what_was_asked_for(
        self, server: Server, key: DpopKey, asked: str | None, granted: str
    ) -> None:
        assert issued(await server.client_credentials(key, scope=asked))["scope"] == granted

    @pytest.mark.rfc("6749", "4.4")
    async def test_nothing_is_stored_for_it(self, server: Server, key: DpopKey) -> None:
        before = server.rows()
        issued(await server.client_credentials(key))
        assert server.rows() == before


class TestSection51Success:
    @pytest.mark.rfc("6749", "5.1")
    async def test_the_answer_has_the_members_of_the_section_and_no_other(
        self, server: Server, key: DpopKey
    ) -> None:
        members = issued(await server.redeem(await server.code(), key))
        assert members.keys() == {
            "access_token",
            "token_type",
            "expires_in",
            "refresh_token",
            "scope",
        }
        assert isinstance(members["expires_in"], int)

    @pytest.mark.rfc("6749", "5.1")
    async def test_expires_in_is_the_life_of_the_token(self, server: Server, key: DpopKey) -> None:
        members = issued(await server.redeem(await server.code(), key))
        claims = claims_of(members["access_token"])
        assert members["expires_in"] == claims["exp"] - int(server.clock.now())

    @pytest.mark.rfc("6749", "5.1")
    async def test_a_client_without_scopes_is_named_none(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(WEB, scopes=frozenset())
        assert "scope" not in issued(await server.client_credentials(key, client))


class TestSection6Refresh:
    @pytest.mark.rfc("6749", "6")
    async def test_a_refresh_token_gives_a_new_access_token(
        self, server: Server, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        server.clock.advance(DAY)
        second = issued(await server.refresh(first["refresh_token"], key))
        assert claims_of(second["access_token"])["sub"] == USER.user_id
        assert second["access_token"] != first["access_token"]

    @pytest.mark.rfc("6749", "6")
    async def test_auth_time_stays_that_of_the_sign_in(self, server: Server, key: DpopKey) -> None:
        first = await server.tokens(key)
        server.clock.advance(DAY)
        second = issued(await server.refresh(first["refresh_token"], key))
        times = [claims_of(each["access_token"])["auth_time"] for each in (first, second)]
        assert times[0] == times[1]

    @pytest.mark.rfc("6749", "6")
    async def test_another_clients_refresh_token_is_refused_and_stays_good(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, WEB))["refresh_token"]
        for thief in (SPA, POSTING, SIGNING):
            refused(await server.refresh(token, key, thief), "invalid_grant")
        issued(await server.refresh(token, key, WEB))

    @pytest.mark.rfc("6749", "6")
    async def test_a_confidential_client_must_authenticate(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, WEB))["refresh_token"]
        pretender = dataclasses.replace(WEB, auth_method=AuthMethod.NONE)
        refused(await server.refresh(token, key, pretender), "invalid_client", status=401)
        issued(await server.refresh(token, key, WEB))

    @pytest.mark.rfc("6749", "6")
    @pytest.mark.parametrize("token", ["unknown", "hf_rt_" + "A" * 43])
    async def test_a_token_that_was_never_issued_is_refused(
        self, server: Server, key: DpopKey, token: str
    ) -> None:
        refused(await server.refresh(token, key), "invalid_grant")

    @pytest.mark.rfc("6749", "6")
    async def test_a_refresh_without_a_token_is_refused(self, server: Server, key: DpopKey) -> None:
        refusal = await server.token(key, grant_type="refresh_token")
        assert "refresh_token" in refused(refusal, "invalid_request")

    @pytest.mark.rfc("6749", "6")
    async def test_neither_an_access_token_nor_a_code_is_a_refresh_token(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code()
        refused(await server.refresh(code, key), "invalid_grant")
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("6749", "6")
    async def test_a_family_ends_30_days_after_its_sign_in_however_often_it_rotates(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        server.clock.advance(29 * DAY)
        token = issued(await server.refresh(token, key))["refresh_token"]
        server.clock.advance(DAY - 0.5)
        token = issued(await server.refresh(token, key))["refresh_token"]
        server.clock.advance(0.5)
        refused(await server.refresh(token, key), "invalid_grant")

    @pytest.mark.rfc("6749", "6")
    async def test_no_access_token_outlives_its_family(self, server: Server, key: DpopKey) -> None:
        token = (await server.tokens(key))["refresh_token"]
        server.clock.advance(30 * DAY - 100)
        assert issued(await server.refresh(token, key))["expires_in"] == 100

    @pytest.mark.rfc("6749", "6")
    async def test_a_person_who_was_disabled_is_refused(self, server: Server, key: DpopKey) -> None:
        token = (await server.tokens(key))["refresh_token"]
        await server.disable(USER)
        refused(await server.refresh(token, key), "invalid_grant")

    @pytest.mark.rfc("6749", "6")
    @pytest.mark.parametrize(
        ("asked", "granted"),
        [(None, "read write"), ("write", "write"), ("read write", "read write")],
    )
    async def test_the_scope_may_be_narrowed(
        self, server: Server, key: DpopKey, asked: str | None, granted: str
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        members = issued(await server.refresh(token, key, scope=asked))
        assert members["scope"] == granted
        assert claims_of(members["access_token"])["scope"] == granted

    @pytest.mark.rfc("6749", "6")
    async def test_a_narrowed_scope_does_not_narrow_the_next(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        successor = issued(await server.refresh(token, key, scope="read"))["refresh_token"]
        assert issued(await server.refresh(successor, key))["scope"] == "read write"

    @pytest.mark.rfc("6749", "6")
    async def test_a_wider_scope_is_refused_and_rotates_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(SPA, scopes=frozenset({"read", "write", "admin"}))
        token = (await server.tokens(key))["refresh_token"]
        before = server.rows()
        refused(await server.refresh(token, key, scope="read admin"), "invalid_scope")
        assert server.rows() == before
        issued(await server.refresh(token, key))


class TestSection6Rotation:
    """RFC 9700 §4.14.2, and the retry of an answer that was lost."""

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_every_refresh_gives_another_refresh_token(
        self, server: Server, key: DpopKey
    ) -> None:
        seen = [(await server.tokens(key))["refresh_token"]]
        for _ in range(3):
            seen.append(issued(await server.refresh(seen[-1], key))["refresh_token"])
        assert len(set(seen)) == 4

    @pytest.mark.rfc("9700", "4.14.2")
    @pytest.mark.parametrize("seconds", [0, 30])
    async def test_a_retry_within_30_seconds_gets_the_same_successor_and_a_new_access_token(
        self, server: Server, key: DpopKey, seconds: float
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        first = issued(await server.refresh(token, key))
        server.clock.advance(seconds)
        second = issued(await server.refresh(token, key))
        assert second["refresh_token"] == first["refresh_token"]
        assert second["access_token"] != first["access_token"]
        issued(await server.refresh(first["refresh_token"], key))

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_retry_may_repeat_itself(self, server: Server, key: DpopKey) -> None:
        token = (await server.tokens(key))["refresh_token"]
        answers = [issued(await server.refresh(token, key)) for _ in range(4)]
        assert len({answer["refresh_token"] for answer in answers}) == 1
        assert server.rows()["refresh_tokens"] == 2

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_retry_by_another_key_is_refused_and_revokes_nothing(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        successor = issued(await server.refresh(token, key))["refresh_token"]
        proof_refused(await server.refresh(token, other_key), "binding", error="invalid_grant")
        issued(await server.refresh(successor, key))

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_confidential_client_may_retry_with_another_key(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        token = (await server.tokens(key, WEB))["refresh_token"]
        first = issued(await server.refresh(token, key, WEB))
        second = issued(await server.refresh(token, other_key, WEB))
        assert second["refresh_token"] == first["refresh_token"]
        assert claims_of(second["access_token"])["cnf"] == {"jkt": other_key.jkt}

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_retry_after_the_successor_was_used_is_refused_and_revokes_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        first = (await server.tokens(key))["refresh_token"]
        second = issued(await server.refresh(first, key))["refresh_token"]
        third = issued(await server.refresh(second, key))["refresh_token"]
        refused(await server.refresh(first, key), "invalid_grant")
        issued(await server.refresh(third, key))
        assert EventKind.SUCCESSOR_USED in [event.kind for event in await server.audit()]

    @pytest.mark.rfc("9700", "4.14.2")
    @pytest.mark.parametrize("is_successor_used", [False, True])
    async def test_a_used_token_after_30_seconds_revokes_the_family(
        self, server: Server, key: DpopKey, *, is_successor_used: bool
    ) -> None:
        code = await server.code()
        first = issued(await server.redeem(code, key))["refresh_token"]
        newest = issued(await server.refresh(first, key))["refresh_token"]
        if is_successor_used:
            newest = issued(await server.refresh(newest, key))["refresh_token"]
        server.clock.advance(30.1)
        refused(await server.refresh(first, key), "invalid_grant")
        assert await server.is_revoked(code)
        refused(await server.refresh(newest, key), "invalid_grant")
        assert EventKind.REFRESH_REPLAYED in [event.kind for event in await server.audit()]

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_used_token_by_another_key_after_30_seconds_revokes_nothing(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        first = (await server.tokens(key))["refresh_token"]
        second = issued(await server.refresh(first, key))["refresh_token"]
        server.clock.advance(31)
        proof_refused(await server.refresh(first, other_key), "binding", error="invalid_grant")
        issued(await server.refresh(second, key))

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_used_token_by_another_client_after_30_seconds_revokes_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        first = (await server.tokens(key, WEB))["refresh_token"]
        second = issued(await server.refresh(first, key, WEB))["refresh_token"]
        server.clock.advance(31)
        refused(await server.refresh(first, key, POSTING), "invalid_grant")
        issued(await server.refresh(second, key, WEB))

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_another_family_of_the_same_person_lives_on(
        self, server: Server, key: DpopKey
    ) -> None:
        other = (await server.tokens(key))["refresh_token"]
        first = (await server.tokens(key))["refresh_token"]
        await server.refresh(first, key)
        server.clock.advance(31)
        refused(await server.refresh(first, key), "invalid_grant")
        issued(await server.refresh(other, key))

    @pytest.mark.rfc("9700", "4.14.2")
    @pytest.mark.parametrize("client", [SPA, WEB], ids=lambda each: each.client_id)
    async def test_a_client_with_rotation_off_keeps_its_token(
        self, server: Server, key: DpopKey, client: Client
    ) -> None:
        client = await server.change(client, rotate_refresh_tokens=False)
        token = (await server.tokens(key, client))["refresh_token"]
        for _ in range(3):
            server.clock.advance(DAY)
            assert issued(await server.refresh(token, key, client))["refresh_token"] == token

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_bound_token_that_does_not_rotate_still_demands_its_key(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        client = await server.change(SPA, rotate_refresh_tokens=False)
        token = (await server.tokens(key, client))["refresh_token"]
        refusal = await server.refresh(token, other_key, client)
        proof_refused(refusal, "binding", error="invalid_grant")

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_rotation_turned_off_leaves_a_used_token_used(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        issued(await server.refresh(token, key))
        client = await server.change(SPA, rotate_refresh_tokens=False)
        server.clock.advance(31)
        refused(await server.refresh(token, key, client), "invalid_grant")
