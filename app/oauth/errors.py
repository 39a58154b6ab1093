"""One class per registered error code (RFC 6749 §4.1.2.1 §5.2, RFC 6750 §3.1, RFC 8707 §2)."""

from typing import ClassVar


class OAuthError(Exception):
    """A refusal that the client is told about.

    ``description`` is public: it says what was expected and what came, and holds no secret.
    ``replayed`` names what came a second time, where that is the reason; it is only counted.
    """

    error: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, description: str, *, replayed: str | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.replayed = replayed


class InvalidRequest(OAuthError):
    """The request lacks a parameter, repeats one, or is otherwise malformed."""

    error = "invalid_request"


class PayloadTooLarge(InvalidRequest):
    """The body is larger than this server reads."""

    status = 413


class UnsupportedMediaType(InvalidRequest):
    """The body is not application/x-www-form-urlencoded."""

    status = 415


class InvalidClient(OAuthError):
    """Client authentication failed. ``challenge`` is set when the Authorization header was used."""

    error = "invalid_client"
    status = 401

    def __init__(
        self,
        description: str,
        *,
        challenge: str = 'Basic realm="token"',
        replayed: str | None = None,
    ) -> None:
        super().__init__(description, replayed=replayed)
        self.challenge = challenge


class InvalidGrant(OAuthError):
    """The code or refresh token is invalid, expired, revoked, or was issued to another client."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client may not use this grant type or method."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """The server knows no such grant type."""

    error = "unsupported_grant_type"


class UnsupportedResponseType(OAuthError):
    """The server knows no such response type."""

    error = "unsupported_response_type"


class InvalidScope(OAuthError):
    """The scope is unknown, malformed, or more than was granted."""

    error = "invalid_scope"


class InvalidTarget(OAuthError):
    """The resource is unknown or malformed (RFC 8707 §2)."""

    error = "invalid_target"


class InvalidAuthorizationDetails(OAuthError):
    """The authorization details are unknown, do not conform, or are too many (RFC 9396 §5)."""

    error = "invalid_authorization_details"


class AccessDenied(OAuthError):
    """The person or the server said no."""

    error = "access_denied"


class AuthorizationPending(OAuthError):
    """The person has not answered yet: the device goes on polling (RFC 8628 §3.5)."""

    error = "authorization_pending"


class SlowDown(AuthorizationPending):
    """Likewise, and the device polls too fast: its interval grows by five seconds."""

    error = "slow_down"


class ExpiredToken(OAuthError):
    """The device code has expired (RFC 8628 §3.5)."""

    error = "expired_token"


class LoginRequired(OAuthError):
    """prompt=none, and nobody is signed in (OpenID Connect Core §3.1.2.6)."""

    error = "login_required"


class ConsentRequired(OAuthError):
    """prompt=none, and consent is needed (OpenID Connect Core §3.1.2.6)."""

    error = "consent_required"


class UnmetAuthenticationRequirements(OAuthError):
    """The person cannot be made to sign in the way that acr_values asks for (RFC 9470 §5)."""

    error = "unmet_authentication_requirements"


class InvalidRequestObject(InvalidRequest):
    """The request object is malformed, not the client's, or contains invalid data (RFC 9101 §7)."""

    error = "invalid_request_object"


class InvalidRequestUri(InvalidRequest):
    """The request_uri is unknown, expired, used, or another client's (RFC 9101 §7)."""

    error = "invalid_request_uri"


class RequestUriNotSupported(OAuthError):
    """A request_uri that is none of this server's is not fetched (RFC 9101 §7)."""

    error = "request_uri_not_supported"


class InvalidRedirectUri(OAuthError):
    """A redirect URI that no client may register (RFC 7591 §3.2.2)."""

    error = "invalid_redirect_uri"


class InvalidClientMetadata(OAuthError):
    """One of the client metadata fields is invalid, or not for this client (RFC 7591 §3.2.2)."""

    error = "invalid_client_metadata"


class InvalidSoftwareStatement(OAuthError):
    """The software statement is malformed, expired or not its issuer's (RFC 7591 §3.2.2)."""

    error = "invalid_software_statement"


class UnapprovedSoftwareStatement(OAuthError):
    """The software statement's issuer is not trusted here (RFC 7591 §3.2.2)."""

    error = "unapproved_software_statement"


class Forbidden(AccessDenied):
    """The one who asks is known, and may not."""

    status = 403


class InvalidToken(OAuthError):
    """A Bearer credential is missing, wrong, expired or used up (RFC 6750 §3.1)."""

    error = "invalid_token"
    status = 401

    def __init__(self, description: str, *, realm: str, presented: bool) -> None:
        super().__init__(description)
        # RFC 6750 §3.1: if the request lacks any authentication information, the resource server
        # SHOULD NOT include an error code or other error information.
        self.challenge = f'Bearer realm="{realm}"' + (', error="invalid_token"' * presented)


class ServerError(OAuthError):
    """Something unexpected. The public description says nothing of it."""

    error = "server_error"
    status = 500


class TemporarilyUnavailable(OAuthError):
    """A store or key is out of reach: nothing was issued, and trying again may help.

    ``part`` names what failed; it is only counted.
    """

    error = "temporarily_unavailable"
    status = 503

    def __init__(self, description: str, *, retry_after: int = 1, part: str | None = None) -> None:
        super().__init__(description)
        self.retry_after = retry_after
        self.part = part


class TooManyAttempts(OAuthError):
    """Too many wrong credentials for one account or client from one address."""

    error = "temporarily_unavailable"
    status = 429

    def __init__(self, description: str, *, retry_after: int) -> None:
        super().__init__(description)
        self.retry_after = retry_after
