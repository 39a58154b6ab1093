"""Sign-in sessions, in every store."""

from .builders import a_hash, a_session
from .conftest import State


async def test_a_session_is_found_as_it_was_put(state: State) -> None:
    key = a_hash()
    await state.sessions.put(key, a_session())
    assert await state.sessions.find(key) == a_session()


async def test_an_unknown_session_is_not_found(state: State) -> None:
    assert await state.sessions.find(a_hash()) is None


async def test_a_session_put_again_is_replaced(state: State) -> None:
    key = a_hash()
    await state.sessions.put(key, a_session())
    await state.sessions.put(key, a_session(csrf="other"))
    assert await state.sessions.find(key) == a_session(csrf="other")


async def test_a_deleted_session_is_gone(state: State) -> None:
    key = a_hash()
    await state.sessions.put(key, a_session())
    await state.sessions.delete(key)
    assert await state.sessions.find(key) is None


async def test_deleting_an_unknown_session_does_nothing(state: State) -> None:
    key = a_hash()
    await state.sessions.delete(key)
    assert await state.sessions.find(key) is None


async def test_all_sessions_of_a_person_are_deleted_and_no_others(state: State) -> None:
    theirs, other = [a_hash() for _ in range(5)], a_hash()
    for key in theirs:
        await state.sessions.put(key, a_session(user_id="one"))
    await state.sessions.put(other, a_session(user_id="two"))
    await state.sessions.delete_all_of("one")
    assert [await state.sessions.find(key) for key in theirs] == [None] * 5
    assert await state.sessions.find(other) is not None


async def test_a_person_without_sessions_has_none_to_delete(state: State) -> None:
    key = a_hash()
    await state.sessions.put(key, a_session(user_id="one"))
    await state.sessions.delete_all_of("two")
    assert await state.sessions.find(key) is not None


async def test_a_person_can_sign_in_again_after_all_sessions_were_deleted(state: State) -> None:
    key = a_hash()
    await state.sessions.delete_all_of("one")
    await state.sessions.put(key, a_session(user_id="one"))
    assert await state.sessions.find(key) == a_session(user_id="one")
