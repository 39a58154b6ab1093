"""Adding, changing and removing people in a real database."""

import pytest

from app.accounts.passwords import Passwords
from app.management.errors import NotFound, Refused
from app.management.user_change import UserChange
from app.management.users import UserManagement
from app.management.views import user_view
from app.oauth.token_family import Status, TokenFamily
from app.storage.database import SqlDatabase
from app.telemetry.audit import EventKind
from tests.builders import NOW
from tests.unit.management.conftest import ACTOR, audit

EMAIL = "ann@example.com"
PASSWORD = "correct horse battery staple"
OTHER = "staple battery horse correct"


async def family_of(database: SqlDatabase, user_id: str) -> TokenFamily:
    family = TokenFamily(
        family_id="fam_1",
        client_id="client",
        user_id=user_id,
        scopes=frozenset(),
        resources=(),
        jkt=None,
        auth_time=NOW,
        created_at=NOW,
        expires_at=NOW + 60,
        code_hash="hash",
    )
    async with database.begin() as work:
        await work.families.add(family)
        await work.commit()
    return family


async def status_of(database: SqlDatabase, family: TokenFamily) -> Status:
    async with database.read() as work:
        found = await work.families.find(family.family_id)
    assert found is not None
    return found.status


async def test_a_person_is_stored_with_a_hash_of_the_password(
    users: UserManagement, passwords: Passwords
) -> None:
    ann = await users.add(EMAIL, PASSWORD, display_name="Ann", is_admin=True)
    assert await users.list() == [ann]
    assert (ann.display_name, ann.is_admin, ann.disabled) == ("Ann", True, False)
    assert PASSWORD not in ann.password_hash
    assert (await passwords.verify(ann.password_hash, PASSWORD)).right
    assert ann.password_hash not in str(user_view(ann))


async def test_a_person_without_a_name_is_called_by_the_address(users: UserManagement) -> None:
    ann = await users.add(EMAIL, PASSWORD)
    assert (ann.display_name, ann.is_admin) == ("ann", False)


@pytest.mark.parametrize(
    "email", ["", "ann", "@example.com", "ann@", "a b@example.com", "a@b@c", f"{'a' * 251}@b.c"]
)
async def test_an_address_looks_like_one(users: UserManagement, email: str) -> None:
    with pytest.raises(Refused) as refused:
        await users.add(email, PASSWORD)
    assert refused.value.field == "email"


async def test_an_address_is_taken_once_whatever_its_case(users: UserManagement) -> None:
    await users.add(EMAIL, PASSWORD)
    with pytest.raises(Refused, match="taken"):
        await users.add(EMAIL.upper(), PASSWORD)


async def test_a_weak_password_is_refused_and_not_repeated(users: UserManagement) -> None:
    with pytest.raises(Refused) as refused:
        await users.add(EMAIL, "tooshort")
    assert refused.value.field == "password"
    assert "tooshort" not in str(refused.value)
    await users.add(EMAIL, PASSWORD)
    with pytest.raises(Refused):
        await users.update(EMAIL, UserChange(password="tooshort"))


async def test_a_name_is_short_and_printable(users: UserManagement) -> None:
    with pytest.raises(Refused) as refused:
        await users.add(EMAIL, PASSWORD, display_name="two\nlines")
    assert refused.value.field == "display_name"
    await users.add(EMAIL, PASSWORD)
    with pytest.raises(Refused):
        await users.update(EMAIL, UserChange(display_name="n" * 101))


async def test_a_change_leaves_the_rest_as_it_is(users: UserManagement) -> None:
    before = await users.add(EMAIL, PASSWORD)
    after = await users.update(EMAIL.upper(), UserChange(display_name="Ann", is_admin=True))
    assert (after.display_name, after.is_admin) == ("Ann", True)
    assert (after.user_id, after.password_hash) == (before.user_id, before.password_hash)
    assert await users.list() == [after]


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        (UserChange(password=OTHER), True),
        (UserChange(disabled=True), True),
        (UserChange(display_name="Ann"), False),
    ],
    ids=["password", "disabled", "name"],
)
async def test_a_new_password_and_disabling_end_the_tokens_given_to_clients(
    users: UserManagement, database: SqlDatabase, change: UserChange, *, ends: bool
) -> None:
    family = await family_of(database, (await users.add(EMAIL, PASSWORD)).user_id)
    await users.update(EMAIL, change)
    assert (await status_of(database, family) is Status.REVOKED) is ends


async def test_deleting_a_person_ends_their_tokens(
    users: UserManagement, database: SqlDatabase
) -> None:
    family = await family_of(database, (await users.add(EMAIL, PASSWORD)).user_id)
    await users.delete(EMAIL)
    assert await users.list() == []
    assert await status_of(database, family) is Status.REVOKED


async def test_an_unknown_person_is_named_in_the_refusal(users: UserManagement) -> None:
    for act in (users.update(EMAIL, UserChange(disabled=True)), users.delete(EMAIL)):
        with pytest.raises(NotFound, match=EMAIL):
            await act


async def test_every_change_leaves_its_audit_event(
    users: UserManagement, database: SqlDatabase
) -> None:
    user_id = (await users.add(EMAIL, PASSWORD)).user_id
    await users.update(EMAIL, UserChange(password=OTHER))
    await users.update(EMAIL, UserChange(is_admin=False))
    await users.delete(EMAIL)
    events = await audit(database)
    assert [(each.kind, each.user_id) for each in events] == [
        (EventKind.USER_CREATED, user_id),
        (EventKind.USER_CHANGED, user_id),
        (EventKind.USER_DELETED, user_id),
    ]
    assert {each.details["actor"] for each in events} == {ACTOR}
    assert events[1].details["changed"] == "password"
    assert "argon2" not in str(events)
