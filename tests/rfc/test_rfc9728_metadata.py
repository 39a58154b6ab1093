"""RFC 9728: metadata of protected resources, this server's own and any other's."""

import pytest

from app.guard.metadata import ResourceMetadata
from tests.builders import ISSUER, DpopKey
from tests.conftest import Start
from tests.harness import Server
from tests.protected_api import challenge_of, serving

DEMO = ISSUER + "/demo/resource"
WELL_KNOWN = "/.well-known/oauth-protected-resource"


def metadata(resource: str, *, allow_bearer: bool = False) -> ResourceMetadata:
    return ResourceMetadata(
        resource=resource,
        authorization_servers=["https://as.example"],
        dpop_algs=["ES256"],
        allow_bearer=allow_bearer,
    )


@pytest.mark.rfc("9728", "2")
class TestTheDocument:
    """§2: protected resource metadata."""

    async def test_the_demo_resource_names_itself_and_this_server(self, server: Server) -> None:
        document = (await server.http.get(WELL_KNOWN + "/demo/resource")).json()
        assert document["resource"] == DEMO
        assert document["authorization_servers"] == [ISSUER]
        assert document["resource_name"] == "Demo resource"

    async def test_it_says_that_only_bound_tokens_are_taken_and_by_which_algorithms(
        self, server: Server
    ) -> None:
        document = (await server.http.get(WELL_KNOWN + "/demo/resource")).json()
        assert document["dpop_bound_access_tokens_required"] is True
        taken = list(server.settings.dpop_algs)
        assert document["dpop_signing_alg_values_supported"] == taken
        assert "bearer_methods_supported" not in document

    def test_where_bearer_is_taken_it_says_how(self) -> None:
        document = metadata("https://a", allow_bearer=True).document()
        assert document["bearer_methods_supported"] == ["header"]
        assert document["dpop_bound_access_tokens_required"] is False


@pytest.mark.rfc("9728", "3.1")
class TestWhereItIs:
    """§3.1: the well-known URI is inserted between the host and the path."""

    @pytest.mark.parametrize(
        ("resource", "path"),
        [
            ("https://a.example", WELL_KNOWN),
            ("https://a.example/", WELL_KNOWN),
            ("https://a.example/one/two", WELL_KNOWN + "/one/two"),
            ("https://a.example/one/", WELL_KNOWN + "/one/"),
            ("https://a.example:8443/one?k=v", WELL_KNOWN + "/one?k=v"),
        ],
    )
    def test_the_path_follows_from_the_identifier(self, resource: str, path: str) -> None:
        found = metadata(resource)
        assert found.path == path
        host = resource.removeprefix("https://").partition("/")[0]
        assert found.url == f"https://{host}{path}"

    @pytest.mark.parametrize("path", ["", "/", "/demo", "/demo/resource/", "/token"])
    async def test_of_what_is_no_resource_there_is_none(self, server: Server, path: str) -> None:
        assert (await server.http.get(WELL_KNOWN + path)).status_code == 404


@pytest.mark.rfc("9728", "3.2")
async def test_the_answer_is_json_for_any_page_to_read_and_cache(server: Server) -> None:
    response = await server.http.get(WELL_KNOWN + "/demo/resource")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "public, max-age=300"


@pytest.mark.rfc("9728", "3.2")
def test_members_without_a_value_are_left_out() -> None:
    document = metadata("https://a").document()
    assert all(value not in (None, [], "") for value in document.values())


@pytest.mark.rfc("9728", "4")
async def test_the_authorization_server_lists_its_own_resources(
    server: Server, start: Start
) -> None:
    path = "/.well-known/oauth-authorization-server"
    assert (await server.http.get(path)).json()["protected_resources"] == [DEMO]
    without = await start(demo_resource="off")
    assert "protected_resources" not in (await without.http.get(path)).json()


@pytest.mark.rfc("9728", "5.1")
async def test_a_challenge_names_the_metadata(server: Server, key: DpopKey) -> None:
    response = await server.http.get("/demo/resource")
    assert response.status_code == 401
    url = challenge_of(response, "DPoP")["resource_metadata"]
    assert (await server.http.get(url)).json()["resource"] == DEMO
    async with serving(resource_metadata=metadata("https://api.example").url) as api:
        parameters = challenge_of(await api.get(key, proof=[]), "DPoP")
        assert parameters["resource_metadata"] == "https://api.example" + WELL_KNOWN
        assert parameters["error"] == "invalid_dpop_proof"
