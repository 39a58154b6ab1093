"""The device authorization grant over HTTP (RFC 8628), its codes bound to keys (RFC 9449 §10)."""

import asyncio
import dataclasses
import json
from typing import Any

import pytest

from app.credentials import digest
from app.oauth.client import Client, GrantType
from app.oauth.device.codes import ALPHABET, TOLD_EXPIRED, key_of
from app.oauth.token_family import Status, TokenFamily, family_id_of
from app.state.keys import ATTEMPT_LIMIT, ATTEMPT_WINDOW
from app.telemetry.audit import EventKind
from tests.answers import challenged, is_uncacheable, issued, proof_refused, refused
from tests.builders import ISSUER, DpopKey
from tests.conftest import Start
from tests.device import DEVICE, PATH, allowed, ask, asked, decide, enter, poll
from tests.harness import API, CLIENT_KEY, POSTING, SIGNING, SPA, WEB, Server, asserted
from tests.person import ADA, PASSWORD, Person, forms_of, signed_in
from tests.unit.oauth.token_server import claims_of

ENDPOINT = ISSUER + PATH
LIFETIME = 600
INTERVAL = 5
GONE = "This code is wrong, has expired, or was answered already."


@pytest.fixture
async def server(start: Start) -> Server:
    server = await start()
    await server.add(ADA, DEVICE)
    return server


@pytest.fixture
async def person(server: Server) -> Person:
    """Ada, signed in."""
    return await signed_in(server)


async def family_of(server: Server, device_code: str) -> TokenFamily | None:
    async with server.parts.database.read() as unit:
        return await unit.families.find(family_id_of(digest(device_code)))


def kinds(events: list[Any]) -> list[EventKind]:
    return [event.kind for event in events]


@pytest.mark.rfc("8628", "3.1")
class TestTheRequest:
    async def test_a_public_client_names_itself(self, server: Server) -> None:
        assert (await asked(server))["device_code"]

    @pytest.mark.parametrize("client", [WEB, POSTING, SIGNING], ids=lambda each: each.client_id)
    async def test_a_confidential_client_authenticates(
        self, server: Server, client: Client
    ) -> None:
        assert (await asked(server, client))["device_code"]

    async def test_a_client_that_must_authenticate_and_does_not_is_refused(
        self, server: Server
    ) -> None:
        public = dataclasses.replace(DEVICE, client_id=WEB.client_id)
        assert refused(await ask(server, public), "invalid_client", status=401)

    async def test_without_a_client_it_is_refused(self, server: Server) -> None:
        assert refused(await ask(server, client_id=None), "invalid_client", status=401)

    async def test_an_assertion_may_be_for_this_endpoint_and_is_good_once(
        self, server: Server
    ) -> None:
        assertion = asserted(CLIENT_KEY.assertion(SIGNING.client_id, aud=ENDPOINT))
        assert (await ask(server, SIGNING, **assertion)).status_code == 200
        assert refused(await ask(server, SIGNING, **assertion), "invalid_client", status=401)

    async def test_a_client_without_the_grant_is_refused(self, server: Server) -> None:
        assert refused(await ask(server, SPA), "unauthorized_client")

    async def test_scope_may_be_left_out_or_empty(self, server: Server, person: Person) -> None:
        for scope in (None, ""):
            codes = await asked(server, scope=scope)
            page = await enter(person, codes["user_code"])
            assert "<code>read</code>" in page.text
            assert "<code>write</code>" in page.text

    async def test_more_scope_than_the_client_has_is_refused(self, server: Server) -> None:
        assert refused(await ask(server, scope="read admin"), "invalid_scope")

    @pytest.mark.rfc("8707", "2")
    async def test_an_unknown_resource_is_refused(self, server: Server) -> None:
        response = await ask(server, resource="https://unknown.example")
        assert refused(response, "invalid_target")

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_resource_that_knows_none_of_the_scopes_is_refused(
        self, server: Server
    ) -> None:
        response = await ask(server, resource=API.uri, scope="write")
        assert refused(response, "invalid_scope")

    async def test_a_parameter_sent_twice_is_refused(self, server: Server) -> None:
        response = await server.http.post(
            PATH,
            content="client_id=device&scope=read&scope=read",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert refused(response, "invalid_request")

    async def test_unknown_parameters_are_ignored(self, server: Server) -> None:
        assert (await ask(server, device_name="kitchen")).status_code == 200

    async def test_it_is_a_post_of_a_form(self, server: Server) -> None:
        assert (await server.http.get(PATH)).status_code == 405
        response = await server.http.post(PATH, json={"client_id": "device"})
        assert refused(response, "invalid_request", status=415)


@pytest.mark.rfc("8628", "3.2")
class TestTheAnswer:
    async def test_it_has_every_member(self, server: Server) -> None:
        response = await ask(server)
        assert response.headers["content-type"] == "application/json"
        assert is_uncacheable(response)
        members = response.json()
        user_code = members["user_code"]
        assert members == {
            "device_code": members["device_code"],
            "user_code": user_code,
            "verification_uri": ISSUER + "/device",
            "verification_uri_complete": f"{ISSUER}/device?user_code={user_code}",
            "expires_in": LIFETIME,
            "interval": INTERVAL,
        }

    async def test_life_and_interval_are_settings(self, start: Start) -> None:
        server = await start(device_code_lifetime=60, device_poll_interval=2)
        members = await asked(server, WEB)
        assert (members["expires_in"], members["interval"]) == (60, 2)

    @pytest.mark.rfc("8628", "5")
    async def test_a_device_code_holds_256_bits_and_only_its_hash_is_kept(
        self, server: Server
    ) -> None:
        value = (await asked(server))["device_code"]
        assert value.startswith("hf_dc_")
        assert len(value) == len("hf_dc_") + 43
        assert await server.stores.device_codes.find(digest(value))
        assert await server.stores.device_codes.find(value) is None

    @pytest.mark.rfc("8628", "6.1")
    async def test_a_user_code_is_eight_letters_that_make_no_words_in_two_groups(
        self, server: Server
    ) -> None:
        for _ in range(10):
            left, hyphen, right = (await asked(server))["user_code"].partition("-")
            assert (len(left), hyphen, len(right)) == (4, "-", 4)
            assert set(left + right) <= set(ALPHABET)

    async def test_codes_are_new_every_time(self, server: Server) -> None:
        answers = [await asked(server) for _ in range(10)]
        assert len({each["device_code"] for each in answers}) == 10
        assert len({each["user_code"] for each in answers}) == 10

    async def test_a_user_code_that_is_taken_is_not_given_again(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn = iter(["BBBB-BBBB", "BBBB-BBBB", "BBBB-BBBC"])
        monkeypatch.setattr("app.oauth.device.codes.new_user_code", lambda: next(drawn))
        assert [(await asked(server))["user_code"] for _ in range(2)] == ["BBBB-BBBB", "BBBB-BBBC"]


@pytest.mark.rfc("9449", "10")
class TestBinding:
    async def test_a_proof_binds_the_device_code(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await allowed(server, person, DEVICE, key)
        assert proof_refused(await poll(server, code, other_key), "binding", error="invalid_grant")
        assert issued(await poll(server, code, key))

    async def test_dpop_jkt_binds_it_too(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await allowed(server, person, dpop_jkt=key.jkt)
        assert proof_refused(await poll(server, code, other_key), "binding", error="invalid_grant")
        assert issued(await poll(server, code, key))

    async def test_both_may_name_the_same_key(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await allowed(server, person, DEVICE, key, dpop_jkt=key.jkt)
        assert issued(await poll(server, code, key))

    @pytest.mark.rfc("9449", "10.1")
    async def test_both_with_different_keys_are_refused(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        response = await ask(server, DEVICE, key, dpop_jkt=other_key.jkt)
        assert key.jkt in refused(response, "invalid_request")

    async def test_a_thumbprint_that_is_none_is_refused(self, server: Server) -> None:
        assert "dpop_jkt" in refused(await ask(server, dpop_jkt="x" * 42), "invalid_request")

    @pytest.mark.rfc("9449", "4.3")
    async def test_a_proof_for_another_endpoint_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        assert proof_refused(await ask(server, proof=server.proof(key)), "htu")

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_proof_is_good_once(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key, htu=ENDPOINT)
        assert (await ask(server, proof=proof)).status_code == 200
        assert proof_refused(await ask(server, proof=proof), "replay")

    @pytest.mark.rfc("9449", "8")
    async def test_a_nonce_may_be_asked_for_and_is_handed_out(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(DEVICE, dpop_nonce="required")
        nonce = challenged(await ask(server, DEVICE, key))
        proof = server.proof(key, htu=ENDPOINT, nonce=nonce)
        response = await ask(server, proof=proof)
        assert response.status_code == 200
        assert response.headers["dpop-nonce"] == nonce

    @pytest.mark.rfc("8628", "3.5")
    async def test_a_poll_with_the_wrong_key_does_not_count(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = (await asked(server, DEVICE, key))["device_code"]
        assert refused(await poll(server, code, key), "authorization_pending")
        server.clock.advance(INTERVAL - 1)
        assert proof_refused(await poll(server, code, other_key), "binding", error="invalid_grant")
        server.clock.advance(1)
        assert refused(await poll(server, code, key), "authorization_pending")

    @pytest.mark.rfc("9449", "5")
    async def test_tokens_of_an_unbound_code_are_bound_to_the_key_that_redeems_it(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await allowed(server, person)
        token = issued(await poll(server, code, key))["refresh_token"]
        wrong = await server.refresh(token, other_key, DEVICE)
        assert proof_refused(wrong, "binding", error="invalid_grant")
        assert issued(await server.refresh(token, key, DEVICE))


@pytest.mark.rfc("8628", "3.3")
class TestThePage:
    async def test_it_asks_for_a_sign_in_before_a_code_may_be_tried(self, server: Server) -> None:
        codes = await asked(server)
        stranger = Person(server.http)
        for response in (
            await stranger.open("/device"),
            await server.http.post(
                "/device",
                data={"user_code": "nonsense"},
                headers={"Sec-Fetch-Site": "same-origin"},
            ),
        ):
            assert response.status_code == 303
            assert response.headers["location"] == "/login?return_to=%2Fdevice"
        response = await stranger.open(f"/device?user_code={codes['user_code']}")
        page = await stranger.follow(response)
        back = await stranger.sign_in(page)
        assert back.headers["location"] == f"/device?user_code={codes['user_code']}"
        assert codes["user_code"] in (await stranger.follow(back)).text

    @pytest.mark.parametrize(
        "return_to", ["/device/../evil", "/device?user_code=%2e", "/device?x=1", "//device"]
    )
    async def test_a_sign_in_leads_back_to_nothing_else(
        self, server: Server, return_to: str
    ) -> None:
        stranger = Person(server.http)
        page = await stranger.open("/login")
        response = await stranger.submit(
            page, email=ADA.email, password=PASSWORD, return_to=return_to
        )
        assert response.headers["location"] == "/account"

    async def test_it_shows_who_asks_for_what_and_the_code(
        self, server: Server, person: Person
    ) -> None:
        codes = await asked(server, scope="read", resource=API.uri)
        page = await enter(person, codes["user_code"])
        assert page.status_code == 200
        assert "Allow A television on a device?" in page.text
        assert f">{codes['user_code']}<" in page.text
        assert "<code>read</code>" in page.text
        assert "<code>write</code>" not in page.text
        assert API.uri in page.text
        assert ADA.email in page.text

    @pytest.mark.rfc("8628", "5")
    async def test_it_asks_whether_the_device_is_theirs(
        self, server: Server, person: Person
    ) -> None:
        page = await enter(person, (await asked(server))["user_code"])
        assert "Is the device yours, and did you start this yourself, just now?" in page.text
        assert "Compare this code with the one on your device" in page.text

    async def test_a_complete_uri_fills_the_code_in_and_looks_nothing_up(
        self, server: Server, person: Person
    ) -> None:
        codes = await asked(server)
        known = await person.open(codes["verification_uri_complete"].removeprefix(ISSUER))
        unknown = await person.open("/device?user_code=BBBB-BBBB")
        assert forms_of(known)[0].fields["user_code"] == codes["user_code"]
        assert known.text == unknown.text.replace("BBBB-BBBB", codes["user_code"])
        assert "A television" not in known.text
        confirmed = await person.submit(known)
        assert "Allow A television on a device?" in confirmed.text

    async def test_nothing_is_allowed_before_the_person_says_so(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        codes = await asked(server)
        await enter(person, codes["user_code"])
        assert refused(await poll(server, codes["device_code"], key), "authorization_pending")

    @pytest.mark.rfc("8628", "6.1")
    @pytest.mark.parametrize("typed", ["bbbb-cccc", "BBBBCCCC", " bb bb cc cc ", "b.b.b.b/cccc1"])
    async def test_case_and_punctuation_do_not_matter(
        self, server: Server, person: Person, monkeypatch: pytest.MonkeyPatch, typed: str
    ) -> None:
        monkeypatch.setattr("app.oauth.device.codes.new_user_code", lambda: "BBBB-CCCC")
        await asked(server)
        assert "Allow A television on a device?" in (await enter(person, typed)).text

    async def test_wrong_expired_answered_and_others_codes_are_told_alike(
        self, server: Server, person: Person
    ) -> None:
        answered, expired = await asked(server), await asked(server)
        await decide(person, answered["user_code"])
        gone = await asked(server, WEB)
        await server.change(WEB, disabled=True)
        server.clock.advance(1)
        tried = ["BBBB-BBBB", "BBB", answered["user_code"], gone["user_code"]]
        pages = {code: await enter(person, code) for code in tried}
        server.clock.advance(LIFETIME)
        pages[expired["user_code"]] = await enter(person, expired["user_code"])
        assert {page.status_code for page in pages.values()} == {400}
        (text,) = {_without(page.text, code) for code, page in pages.items()}
        assert GONE in text

    @pytest.mark.rfc("8252", "8.6")
    async def test_it_asks_every_time(self, server: Server, person: Person, key: DpopKey) -> None:
        for _ in range(2):
            code = await allowed(server, person)
            assert issued(await poll(server, code, key))

    async def test_the_first_answer_stands(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        codes = await asked(server)
        first, second = [await enter(person, codes["user_code"]) for _ in range(2)]
        assert "The device was refused" in (await person.decide(first, "deny")).text
        late = await person.decide(second, "approve")
        assert late.status_code == 400
        assert GONE in late.text
        assert refused(await poll(server, codes["device_code"], key), "access_denied")

    async def test_of_twenty_answers_at_once_one_stands(
        self, server: Server, person: Person
    ) -> None:
        page = await enter(person, (await asked(server))["user_code"])
        pages = await asyncio.gather(
            *(person.decide(page, ("approve", "deny")[number % 2]) for number in range(20))
        )
        assert sorted(each.status_code for each in pages) == [200] + [400] * 19

    async def test_an_answer_after_the_end_comes_to_nothing(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        codes = await asked(server)
        page = await enter(person, codes["user_code"])
        server.clock.advance(LIFETIME)
        assert (await person.decide(page)).status_code == 400
        assert refused(await poll(server, codes["device_code"], key), "expired_token")

    async def test_the_answer_is_in_the_audit_log_and_the_permission_on_the_account_page(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        await allowed(server, person, DEVICE, key, scope="read")
        await decide(person, (await asked(server))["user_code"], "deny")
        given, denied = [e for e in await server.audit() if e.kind.startswith("consent")]
        assert (given.kind, denied.kind) == (EventKind.CONSENT_GIVEN, EventKind.CONSENT_DENIED)
        assert (given.client_id, given.user_id, given.jkt) == ("device", ADA.user_id, key.jkt)
        assert given.details == {"scope": "read", "grant_type": GrantType.DEVICE_CODE}
        assert "A television" in (await person.open("/account")).text

    async def test_a_refusal_leaves_no_permission(self, server: Server, person: Person) -> None:
        await decide(person, (await asked(server))["user_code"], "deny")
        assert "A television" not in (await person.open("/account")).text

    async def test_a_form_of_another_site_is_refused(self, server: Server, person: Person) -> None:
        headers, codes = {"Sec-Fetch-Site": "cross-site"}, await asked(server)
        page = await person.open("/device")
        sent = await person.submit(page, user_code=codes["user_code"], headers=headers)
        assert sent.status_code == 403
        confirm = await enter(person, codes["user_code"])
        sent = await person.submit(confirm, decision="approve", headers=headers)
        assert sent.status_code == 403

    async def test_only_the_page_that_showed_a_code_can_answer_it(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        shown, other = await asked(server), await asked(server)
        entry, confirm = await person.open("/device"), await enter(person, shown["user_code"])
        for page in (entry, confirm):
            sent = await person.submit(page, user_code=other["user_code"], decision="approve")
            assert sent.status_code == 403
        assert refused(await poll(server, other["device_code"], key), "authorization_pending")

    async def test_neither_yes_nor_no_changes_nothing(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        codes = await asked(server)
        page = await enter(person, codes["user_code"])
        assert (await person.submit(page, decision="perhaps")).status_code == 400
        assert refused(await poll(server, codes["device_code"], key), "authorization_pending")

    async def test_it_may_not_be_framed_cached_or_scripted(
        self, server: Server, person: Person
    ) -> None:
        page = await enter(person, (await asked(server))["user_code"])
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert policy.endswith("form-action 'self'")
        assert is_uncacheable(page)
        assert "<script" not in page.text


def _without(text: str, code: str) -> str:
    """Leave out of a page what was typed, and where the page is because of it."""
    return text.replace(f"%3Fuser_code%3D{code}", "").replace(f'value="{code}"', 'value=""')


@pytest.mark.rfc("8628", "5")
class TestGuessing:
    async def test_ten_tries_in_five_minutes_are_an_accounts_whole_share(
        self, server: Server, person: Person
    ) -> None:
        codes = await asked(server)
        for _ in range(ATTEMPT_LIMIT):
            assert (await enter(person, "BBBB-BBBB")).status_code == 400
        page = await enter(person, codes["user_code"])
        assert page.status_code == 429
        assert int(page.headers["retry-after"]) == ATTEMPT_WINDOW
        assert "Try again in 5 minutes." in page.text
        server.clock.advance(ATTEMPT_WINDOW)
        assert (await enter(person, codes["user_code"])).status_code == 200

    async def test_right_codes_of_ones_own_give_no_further_tries(
        self, server: Server, person: Person
    ) -> None:
        for number in range(ATTEMPT_LIMIT):
            right = (await asked(server))["user_code"]
            await enter(person, right if number % 2 else "BBBB-BBBB")
        assert (await enter(person, "BBBB-BBBB")).status_code == 429

    async def test_twenty_tries_at_once_are_all_counted(self, person: Person) -> None:
        page = await person.open("/device")
        pages = await asyncio.gather(
            *(person.submit(page, user_code="BBBB-BBBB") for _ in range(20))
        )
        statuses = [each.status_code for each in pages]
        assert (statuses.count(400), statuses.count(429)) == (ATTEMPT_LIMIT, 20 - ATTEMPT_LIMIT)

    async def test_another_account_is_not_held_up(self, server: Server, person: Person) -> None:
        codes = await asked(server)
        for _ in range(ATTEMPT_LIMIT + 1):
            await enter(person, "BBBB-BBBB")
        bob = dataclasses.replace(ADA, user_id="usr_bob", email="bob@people.example")
        await server.add(bob)
        server.http.cookies.clear()
        person = await signed_in(server, bob)
        assert (await enter(person, codes["user_code"])).status_code == 200

    async def test_answering_is_no_try(self, server: Server, person: Person) -> None:
        codes = await asked(server)
        page = await enter(person, codes["user_code"])
        for _ in range(ATTEMPT_LIMIT):
            await enter(person, "BBBB-BBBB")
        assert (await person.decide(page)).status_code == 200

    async def test_wrong_tries_are_in_the_audit_log(self, server: Server, person: Person) -> None:
        for _ in range(ATTEMPT_LIMIT + 1):
            await enter(person, "BBBB-BBBB")
        refusals = [e for e in await server.audit() if e.kind is EventKind.USER_CODE_REFUSED]
        assert [e.details["reason"] for e in refusals] == [
            *["unknown code"] * ATTEMPT_LIMIT,
            "too many attempts",
        ]
        assert {e.user_id for e in refusals} == {ADA.user_id}
        assert "BBBB" not in json.dumps([dict(e.details) for e in refusals])


@pytest.mark.rfc("8628", "3.4")
class TestThePoll:
    async def test_a_device_code_is_required(self, server: Server, key: DpopKey) -> None:
        response = await poll(server, "", key)
        assert "device_code" in refused(response, "invalid_request")

    async def test_an_unknown_device_code_is_refused(self, server: Server, key: DpopKey) -> None:
        assert refused(await poll(server, "hf_dc_" + "x" * 43, key), "invalid_grant")

    async def test_another_clients_device_code_is_refused_and_the_poll_does_not_count(
        self, server: Server, key: DpopKey
    ) -> None:
        code = (await asked(server))["device_code"]
        assert refused(await poll(server, code, key, WEB), "invalid_grant")
        assert refused(await poll(server, code, key), "authorization_pending")

    async def test_a_client_that_must_authenticate_and_does_not_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        code = (await asked(server, WEB))["device_code"]
        public = dataclasses.replace(DEVICE, client_id=WEB.client_id)
        assert refused(await poll(server, code, key, public), "invalid_client", status=401)
        assert refused(await poll(server, code, key, WEB), "authorization_pending")

    async def test_a_client_without_the_grant_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        code = (await asked(server))["device_code"]
        assert refused(await poll(server, code, key, SPA), "unauthorized_client")

    @pytest.mark.rfc("9449", "5")
    async def test_a_proof_is_required(self, server: Server) -> None:
        code = (await asked(server))["device_code"]
        assert proof_refused(await poll(server, code, None), "header.present")


@pytest.mark.rfc("8628", "3.5")
class TestTheAnswerToAPoll:
    async def test_it_is_pending_until_the_person_answers(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        codes = await asked(server)
        for _ in range(3):
            response = await poll(server, codes["device_code"], key)
            assert refused(response, "authorization_pending")
            server.clock.advance(INTERVAL)
        await decide(person, codes["user_code"])
        assert issued(await poll(server, codes["device_code"], key))

    async def test_polling_too_fast_makes_the_interval_longer_for_all_polls_to_come(
        self, server: Server, key: DpopKey
    ) -> None:
        code = (await asked(server))["device_code"]
        answers = []
        for wait in (0, 2, 8, 15, 15):
            server.clock.advance(wait)
            answers.append((await poll(server, code, key)).json()["error"])
        # 5 seconds, then 10, then 15.
        assert answers == [
            "authorization_pending",
            "slow_down",
            "slow_down",
            "authorization_pending",
            "authorization_pending",
        ]

    async def test_of_twenty_polls_at_once_one_is_in_time(
        self, server: Server, key: DpopKey
    ) -> None:
        code = (await asked(server))["device_code"]
        answers = await asyncio.gather(*(poll(server, code, key) for _ in range(20)))
        errors = [each.json()["error"] for each in answers]
        assert (errors.count("authorization_pending"), errors.count("slow_down")) == (1, 19)

    async def test_who_polled_too_fast_gets_tokens_as_soon_as_the_person_allows(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        codes = await asked(server)
        for _ in range(3):
            await poll(server, codes["device_code"], key)
        await decide(person, codes["user_code"])
        assert issued(await poll(server, codes["device_code"], key))

    @pytest.mark.rfc("9449", "8")
    async def test_a_poll_that_was_asked_for_a_nonce_does_not_count(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(DEVICE, dpop_nonce="required")
        nonce = challenged(await ask(server, DEVICE, key))
        codes = await asked(server, proof=server.proof(key, htu=ENDPOINT, nonce=nonce))
        challenged(await poll(server, codes["device_code"], key))
        proof = server.proof(key, nonce=nonce)
        response = await poll(server, codes["device_code"], key, proof=proof)
        assert refused(response, "authorization_pending")

    async def test_a_refusal_is_told(self, server: Server, person: Person, key: DpopKey) -> None:
        codes = await asked(server)
        await decide(person, codes["user_code"], "deny")
        for _ in range(2):
            assert refused(await poll(server, codes["device_code"], key), "access_denied")

    async def test_a_device_code_that_expired_is_told_for_a_while(
        self, server: Server, key: DpopKey
    ) -> None:
        code = (await asked(server))["device_code"]
        server.clock.advance(LIFETIME - 0.5)
        assert refused(await poll(server, code, key), "authorization_pending")
        server.clock.advance(0.5)
        assert refused(await poll(server, code, key), "expired_token")
        server.clock.advance(TOLD_EXPIRED)
        assert refused(await poll(server, code, key), "invalid_grant")

    async def test_one_that_was_allowed_expires_too(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await allowed(server, person)
        server.clock.advance(LIFETIME)
        assert refused(await poll(server, code, key), "expired_token")

    @pytest.mark.rfc("6749", "5.1")
    async def test_the_tokens_are_the_persons_for_what_was_allowed(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await allowed(server, person, scope="read", resource=API.uri)
        members = issued(await poll(server, code, key))
        assert members["scope"] == "read"
        claims = claims_of(members["access_token"])
        assert claims["sub"] == ADA.user_id
        assert claims["aud"] == API.uri
        assert claims["client_id"] == "device"
        assert claims["cnf"] == {"jkt": key.jkt}
        assert claims["auth_time"] == server.clock.now()
        assert issued(await server.refresh(members["refresh_token"], key, DEVICE))

    async def test_there_is_no_refresh_token_without_the_grant(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        await server.change(DEVICE, grant_types=frozenset({GrantType.DEVICE_CODE}))
        code = await allowed(server, person)
        assert "refresh_token" not in issued(await poll(server, code, key))

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_poll_may_ask_for_less_but_not_for_more(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await allowed(server, person, resource=API.uri)
        wrong = await poll(server, code, key, resource="https://files.example")
        assert refused(wrong, "invalid_target")
        assert issued(await poll(server, code, key, resource=API.uri))

    async def test_polls_are_not_in_the_audit_log_and_the_tokens_are(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        codes = await asked(server)
        for _ in range(5):
            await poll(server, codes["device_code"], key)
        await decide(person, codes["user_code"])
        await poll(server, codes["device_code"], key)
        events = await server.audit()
        assert EventKind.REQUEST_REFUSED not in kinds(events)
        (event,) = [each for each in events if each.kind is EventKind.TOKEN_ISSUED]
        assert event.details["grant_type"] == GrantType.DEVICE_CODE
        assert event.user_id == ADA.user_id

    async def test_a_person_without_an_active_account_allows_nothing(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await allowed(server, person)
        await server.disable(ADA)
        assert refused(await poll(server, code, key), "invalid_grant")

    async def test_what_the_person_took_back_before_the_device_came_is_not_given(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await allowed(server, person)
        account = await person.open("/account")
        await person.submit(account, client_id="device")
        assert refused(await poll(server, code, key), "access_denied")


@pytest.mark.rfc("8628", "3.5")
@pytest.mark.rfc("6749", "4.1.2")
class TestReplay:
    async def test_a_device_code_is_good_once_and_its_replay_ends_its_tokens(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await allowed(server, person)
        token = issued(await poll(server, code, key))["refresh_token"]
        assert "used before" in refused(await poll(server, code, key), "invalid_grant")
        assert refused(await server.refresh(token, key, DEVICE), "invalid_grant")
        assert EventKind.CODE_REPLAYED in kinds(await server.audit())

    async def test_so_it_is_once_its_store_forgot_it(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await allowed(server, person, DEVICE, key)
        token = issued(await poll(server, code, key))["refresh_token"]
        server.clock.advance(LIFETIME + TOLD_EXPIRED)
        assert "used before" in refused(await poll(server, code, key), "invalid_grant")
        assert refused(await server.refresh(token, key, DEVICE), "invalid_grant")

    @pytest.mark.parametrize("later", [0, LIFETIME + TOLD_EXPIRED])
    async def test_another_client_or_key_does_no_harm_with_it(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey, later: float
    ) -> None:
        code = await allowed(server, person, DEVICE, key)
        token = issued(await poll(server, code, key))["refresh_token"]
        server.clock.advance(later)
        for response in (await poll(server, code, other_key), await poll(server, code, key, WEB)):
            assert response.json()["error"] == "invalid_grant"
        assert issued(await server.refresh(token, key, DEVICE))

    @pytest.mark.parametrize("client", [DEVICE, WEB], ids=lambda each: each.client_id)
    async def test_one_of_twenty_redemptions_wins_and_its_family_ends_revoked(
        self, server: Server, person: Person, key: DpopKey, client: Client
    ) -> None:
        code = await allowed(server, person, client)
        answers = await asyncio.gather(*(poll(server, code, key, client) for _ in range(20)))
        (winner,) = [each for each in answers if each.status_code == 200]
        token = issued(winner)["refresh_token"]
        for loser in answers:
            assert loser is winner or refused(loser, "invalid_grant")
        family = await family_of(server, code)
        assert family is not None
        assert family.status is Status.REVOKED
        assert refused(await server.refresh(token, key, client), "invalid_grant")

    async def test_a_failover_that_brings_a_spent_code_back_redeems_it_no_second_time(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        codes = await asked(server)
        await decide(person, codes["user_code"])
        code_hash = digest(codes["device_code"])
        stored = await server.stores.device_codes.find(code_hash)
        assert stored is not None
        assert stored.decision is not None
        token = issued(await poll(server, codes["device_code"], key))["refresh_token"]
        # As it was before it was redeemed.
        again = key_of("BBBB-BBBB")
        assert await server.stores.device_codes.put(code_hash, again, stored.request)
        assert await server.stores.device_codes.decide(code_hash, stored.decision)
        response = await poll(server, codes["device_code"], key)
        assert "used before" in refused(response, "invalid_grant")
        assert refused(await server.refresh(token, key, DEVICE), "invalid_grant")


@pytest.mark.rfc("8628", "4")
class TestMetadata:
    async def test_it_names_the_endpoint_and_the_grant(self, server: Server) -> None:
        document = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert document["device_authorization_endpoint"] == ENDPOINT
        assert GrantType.DEVICE_CODE in document["grant_types_supported"]
