"""Fetching from real servers on loopback that behave as badly as they can."""

import asyncio
import gzip
import socket
from ipaddress import ip_address

import pytest

from app.outbound.addresses import LOOPBACK, Reach, networks_of
from app.outbound.errors import BadAnswer, Busy, FetchFailed, NoAddress, NotAllowed, Unreachable
from app.outbound.fetcher import Answer, Fetcher, Limits
from app.outbound.resolver import SystemResolver
from tests.builders import FrozenClock
from tests.unit.outbound.conftest import LOCAL, Fetchers, Names
from tests.web_host import Authority, WebHost, Write, answer, endless, silent, web_host

# For answers that never end: as long as a busy machine takes to connect, and no longer.
HASTY = Limits(seconds=0.5)


async def refusal(fetcher: Fetcher, url: str, max_bytes: int = 1000) -> FetchFailed:
    with pytest.raises(FetchFailed) as refused:
        await fetcher.get(url, max_bytes=max_bytes)
    return refused.value


async def test_a_json_document_is_fetched(fetcher: Fetchers) -> None:
    async with web_host({"/a?b=c": answer({"d": 1}, Cache_Control="max-age=90")}) as host:
        assert await fetcher().get(host.url("/a?b=c"), max_bytes=8) == Answer(b'{"d": 1}', 90)


async def test_the_request_says_who_asks_and_nothing_of_anybody_else(fetcher: Fetchers) -> None:
    async with web_host({"/": answer({}, Set_Cookie="a=b; Path=/")}) as host:
        for _ in range(2):
            await fetcher().get(host.url("/"), max_bytes=100)
        lines = host.requests[1].lower().splitlines()
    assert lines[0] == "get / http/1.1"
    assert sorted(line.partition(":")[0] for line in lines[1:] if line) == [
        "accept",
        "accept-encoding",
        "connection",
        "host",
        "user-agent",
    ]


async def test_no_proxy_of_the_environment_is_used(
    fetcher: Fetchers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web_host() as proxy, web_host({"/": answer({})}) as host:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        await fetcher().get(host.url("/"), max_bytes=100)
        assert proxy.requests == []


class TestTls:
    async def test_the_name_is_kept_for_tls_and_for_the_host_header_field(
        self, fetcher: Fetchers, authority: Authority
    ) -> None:
        names = Names(client_example=[["127.0.0.1"]])
        async with web_host({"/": answer({})}, tls=authority.server("client.example")) as host:
            url = host.url("/", "client.example")
            assert (await fetcher(names=names).get(url, max_bytes=100)).body == b"{}"
            assert host.names == ["client.example"]
            assert f"\nHost: {url.split('/')[2]}\r\n" in host.requests[0]

    async def test_a_certificate_for_another_name_is_not_trusted(
        self, fetcher: Fetchers, authority: Authority
    ) -> None:
        names = Names(client_example=[["127.0.0.1"]])
        async with web_host({"/": answer({})}, tls=authority.server("other.example")) as host:
            error = await refusal(fetcher(names=names), host.url("/", "client.example"))
        assert isinstance(error, Unreachable)
        assert "certificate of client.example" in error.sentence
        assert host.requests == []

    async def test_a_certificate_of_nobody_known_is_not_trusted(
        self, authority: Authority, clock: FrozenClock
    ) -> None:
        async with web_host({"/": answer({})}, tls=authority.server("127.0.0.1")) as host:
            error = await refusal(Fetcher(LOCAL, clock), host.url("/"))
        assert "certificate" in error.sentence

    async def test_what_does_not_speak_tls_is_unreachable(self, fetcher: Fetchers) -> None:
        async with web_host({"/": answer({})}) as host:
            error = await refusal(fetcher(), host.url("/").replace("http:", "https:"))
        assert isinstance(error, Unreachable)


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "192.168.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
            "fe80::1%lo",
            "fd00::1",
            "ff02::1",
        ],
    )
    @pytest.mark.parametrize("others", [[], ["1.1.1.1"]])
    async def test_a_name_with_an_address_that_is_not_public_is_never_connected_to(
        self, fetcher: Fetchers, address: str, others: list[str]
    ) -> None:
        names = Names(inner_example=[[*others, address]])
        error = await refusal(fetcher(Reach(), names), "https://inner.example/")
        assert isinstance(error, NoAddress)
        assert error.sentence == "inner.example has no address on the public internet"

    async def test_a_name_that_is_not_there_is_told_alike(self, fetcher: Fetchers) -> None:
        error = await refusal(fetcher(Reach(), Names(inner_example=[[]])), "https://inner.example/")
        assert error.sentence == "inner.example has no address on the public internet"

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "017700000001",
            "0",
            "[::1]",
            "[::ffff:7f00:1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "LOCALHOST.",
        ],
    )
    async def test_no_way_of_writing_loopback_reaches_it(
        self, clock: FrozenClock, host: str
    ) -> None:
        async with web_host({"/": answer({})}) as server:
            port = server.authority.rpartition(":")[2]
            error = await refusal(Fetcher(Reach(), clock), f"https://{host}:{port}/")
            assert isinstance(error, NoAddress)
            assert server.requests == []

    async def test_a_name_that_answers_otherwise_the_second_time_is_asked_for_once(
        self, fetcher: Fetchers
    ) -> None:
        only_two = Reach(networks_of(("127.0.0.2",)), http_on_loopback=True)
        names = Names(localhost=[["127.0.0.2"], ["127.0.0.1"]])
        async with web_host({"/": answer({"which": "checked"})}, address="127.0.0.2") as checked:
            port = int(checked.authority.rpartition(":")[2])
            inner = await asyncio.start_server(_must_not_be_reached, "127.0.0.1", port)
            async with inner:
                url = f"http://localhost:{port}/"
                found = await fetcher(only_two, names).get(url, max_bytes=100)
                assert found.body == b'{"which": "checked"}'
                assert names.asked == 1
                # And now that it points inside, it is refused.
                assert isinstance(await refusal(fetcher(only_two, names), url), NoAddress)

    async def test_http_is_for_this_machine_only_whatever_localhost_resolves_to(
        self, fetcher: Fetchers
    ) -> None:
        reach = Reach(networks_of(("10.0.0.0/8",)), http_on_loopback=True)
        names = Names(localhost=[["10.0.0.1"]])
        assert isinstance(await refusal(fetcher(reach, names), "http://localhost/"), NotAllowed)

    async def test_the_next_address_is_tried_where_nobody_listens(self, fetcher: Fetchers) -> None:
        names = Names(localhost=[["127.0.0.9", "127.0.0.1"]])
        async with web_host({"/": answer({})}) as host:
            found = await fetcher(names=names).get(host.url("/", "localhost"), max_bytes=100)
        assert found.body == b"{}"

    async def test_where_nobody_listens_at_all_the_host_is_unreachable(
        self, fetcher: Fetchers
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        assert isinstance(await refusal(fetcher(), f"http://127.0.0.1:{port}/"), Unreachable)

    async def test_the_systems_resolver_finds_the_addresses_of_this_machine(self) -> None:
        found = await SystemResolver().addresses("localhost", 443)
        assert found
        assert all(any(ip_address(each) in network for network in LOOPBACK) for each in found)


async def _must_not_be_reached(
    _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
) -> None:
    pytest.fail("connected to an address that was not checked")


class TestAnswers:
    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "308 Permanent"])
    async def test_a_redirect_is_not_followed(self, fetcher: Fetchers, status: str) -> None:
        async with web_host({"/there": answer({})}) as host:
            host.answers["/"] = answer({}, status, Location=host.url("/there"))
            error = await refusal(fetcher(), host.url("/"))
            assert len(host.requests) == 1
        assert isinstance(error, BadAnswer)
        assert "redirects are not followed" in error.sentence

    @pytest.mark.parametrize(
        "status", ["201 Created", "204 No Content", "404 Not Found", "410 Gone"]
    )
    async def test_no_status_but_200_is_taken(self, fetcher: Fetchers, status: str) -> None:
        async with web_host({"/": answer(b"", status)}) as host:
            error = await refusal(fetcher(), host.url("/"))
        assert isinstance(error, BadAnswer)
        assert status[:3] in error.sentence

    @pytest.mark.parametrize("status", ["429 Too Many", "500 Broken", "503 Unavailable"])
    async def test_a_host_that_cannot_for_now_may_be_able_later(
        self, fetcher: Fetchers, status: str
    ) -> None:
        async with web_host({"/": answer({}, status)}) as host:
            assert (await refusal(fetcher(), host.url("/"))).is_passing

    @pytest.mark.parametrize(
        "kind",
        ["application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json"],
    )
    async def test_json_by_any_of_its_names_is_taken(self, fetcher: Fetchers, kind: str) -> None:
        async with web_host({"/": answer({}, Content_Type=kind)}) as host:
            assert (await fetcher().get(host.url("/"), max_bytes=2)).body == b"{}"

    @pytest.mark.parametrize(
        "kind", [None, "", "text/html", "text/plain", "application/javascript", "text/json"]
    )
    async def test_another_content_type_is_refused(
        self, fetcher: Fetchers, kind: str | None
    ) -> None:
        async with web_host({"/": answer({}, Content_Type=kind)}) as host:
            error = await refusal(fetcher(), host.url("/"))
        assert isinstance(error, BadAnswer)
        assert "application/json" in error.sentence

    async def test_an_answer_longer_than_it_says_or_says_nothing_of_it_is_cut_off(
        self, fetcher: Fetchers
    ) -> None:
        async with web_host({"/": answer(b" " * 1001), "/endless": endless(b" " * 4096)}) as host:
            for path in ("/", "/endless"):
                error = await refusal(fetcher(), host.url(path))
                assert isinstance(error, BadAnswer)
                assert "1000 bytes" in error.sentence

    async def test_a_compressed_answer_is_refused_before_it_swells(self, fetcher: Fetchers) -> None:
        bomb = gzip.compress(b"{" + b" " * 10_000_000 + b"}")
        async with web_host({"/": answer(bomb, Content_Encoding="gzip")}) as host:
            error = await refusal(fetcher(), host.url("/"), max_bytes=100_000)
            assert "accept-encoding: identity" in host.requests[0].lower()
        assert "Content-Encoding 'gzip'" in error.sentence

    @pytest.mark.parametrize(
        "head",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Type: app",
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        ],
        ids=["nothing", "half a head", "half a body"],
    )
    async def test_an_answer_that_does_not_end_in_time_is_given_up(
        self, fetcher: Fetchers, head: bytes
    ) -> None:
        async with web_host({"/": silent(head)}) as host:
            error = await refusal(fetcher(limits=HASTY), host.url("/"))
        assert isinstance(error, Unreachable)
        assert "0.5 s" in error.sentence

    async def test_an_answer_that_drips_is_given_up_in_the_same_time(
        self, fetcher: Fetchers
    ) -> None:
        async with web_host({"/": endless(b"")}) as host:
            host.answers["/"] = silent(b"HTTP/1.1 103 Hints\r\n\r\n" * 10)
            assert isinstance(await refusal(fetcher(limits=HASTY), host.url("/")), Unreachable)

    @pytest.mark.parametrize("raw", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n: \r\n\r\n"])
    async def test_what_is_no_http_is_unreachable(self, fetcher: Fetchers, raw: bytes) -> None:
        async with web_host({"/": silent(raw)}) as host:
            assert isinstance(await refusal(fetcher(), host.url("/")), Unreachable)


class TestLimits:
    async def test_one_address_is_asked_so_often_and_no_more_whatever_the_urls(
        self, fetcher: Fetchers, clock: FrozenClock
    ) -> None:
        names = Names(localhost=[["127.0.0.1"]])
        async with web_host({"/1": answer({}), "/2": answer({})}) as host:
            limited = fetcher(names=names, limits=Limits(per_minute=2))
            await limited.get(host.url("/1"), max_bytes=100)
            await limited.get(host.url("/2", "localhost"), max_bytes=100)
            error = await refusal(limited, host.url("/2"))
            assert isinstance(error, Busy)
            assert len(host.requests) == 2
            clock.advance(60)
            await limited.get(host.url("/2"), max_bytes=100)

    async def test_only_so_many_are_fetched_at_once(self, fetcher: Fetchers) -> None:
        arrived, let_go = asyncio.Event(), asyncio.Event()

        async def wait(write: Write) -> None:
            arrived.set()
            await let_go.wait()
            await answer({})(write)

        async with web_host({"/": wait}) as host:
            limited = fetcher(limits=Limits(seconds=60, at_once=1))
            asking = [
                asyncio.create_task(limited.get(host.url("/"), max_bytes=9)) for _ in range(3)
            ]
            await arrived.wait()
            assert len(host.requests) == 1
            let_go.set()
            await asyncio.gather(*asking)
            assert len(host.requests) == 3

    async def test_who_waits_too_long_for_a_turn_is_told_so(self, fetcher: Fetchers) -> None:
        limited = fetcher(limits=Limits(seconds=0.1, at_once=0))
        assert isinstance(await refusal(limited, "http://127.0.0.1/"), Busy)


async def test_the_test_host_itself_answers_404_for_what_it_does_not_have(
    fetcher: Fetchers,
) -> None:
    host: WebHost
    async with web_host() as host:
        assert "404" in (await refusal(fetcher(), host.url("/"))).sentence
