"""The one way to Redis: bounded in time and number, and failing closed."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    ClusterDownError,
    ConnectionError,  # noqa: A004  # the library's own
    NoScriptError,
    RedisClusterException,
    TimeoutError,  # noqa: A004  # the library's own
    TryAgainError,
)

from ...oauth.errors import TemporarilyUnavailable

T = TypeVar("T")
Value = str | bytes | int | float

# The library's cluster errors are no RedisError, but its Retry takes any exception.
_PASSING: tuple[type[Any], ...] = (
    ConnectionError,
    TimeoutError,
    ClusterDownError,
    TryAgainError,
    RedisClusterException,
)


class Script:
    """A Lua script and the name Redis knows it by."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class Link:
    """Commands and scripts over pooled connections.

    Each may be run again, up to twice, when its reply was lost, perhaps after it was obeyed: what
    is sent must bear that. Scripts that let one caller win know him by a token.
    ``connections``: commands in flight at most. ``patience``: seconds one command may take, its
    place in the queue and its retries included. Every failure raises TemporarilyUnavailable.
    """

    def __init__(self, client: Redis | RedisCluster, *, connections: int, patience: float) -> None:
        self._client = client
        self._places = asyncio.Semaphore(connections)
        self._patience = patience
        self._retry = Retry(ExponentialWithJitterBackoff(cap=0.2, base=0.02), 2, _PASSING)

    async def call(self, *command: Value) -> Any:  # noqa: ANN401  # Redis decides what it answers
        """Run a command."""
        return await self._attempt(lambda: self._execute(command))

    async def run(self, script: Script, keys: tuple[str, ...], *arguments: Value) -> Any:  # noqa: ANN401  # as above
        """Run a script."""
        return await self._attempt(lambda: self._run(script, keys, arguments))

    async def _run(
        self, script: Script, keys: tuple[str, ...], arguments: tuple[Value, ...]
    ) -> Any:  # noqa: ANN401  # as above
        rest = (len(keys), *keys, *arguments)
        try:
            return await self._execute(("EVALSHA", script.sha, *rest))
        except NoScriptError:
            return await self._execute(("EVAL", script.source, *rest))

    async def _execute(self, command: tuple[Value, ...]) -> Any:  # noqa: ANN401  # as above
        # A cluster's client that does not know the slots yet sends a command to any node.
        await self._client.initialize()
        return await self._client.execute_command(*command)

    async def _attempt(self, do: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401  # as above
        try:
            async with asyncio.timeout(self._patience), self._places:
                return await self._retry.call_with_retry(do, _again)
        # Whatever it is: the client has AttributeError, too, for a connection lost at a bad moment.
        except Exception as error:
            raise TemporarilyUnavailable(
                "The server's short-term memory does not answer: try again in a moment",
                part="state",
            ) from error


async def every(operations: Iterable[Awaitable[T]]) -> list[T]:
    """Do all of them at once, to the end, then raise the first failure if there is one."""
    results = await asyncio.gather(*operations, return_exceptions=True)
    done: list[T] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done


async def _again(_: Exception) -> None:
    """Do nothing between two tries: the client drops the broken connection itself."""
