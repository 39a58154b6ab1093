"""What the features with pages share: the browser's cookies, the pages' frame, who is signed in."""

from dataclasses import dataclass
from functools import cached_property

from ..accounts.sessions import BrowserSessions
from ..http.browser import Browsers
from ..http.failures import Page
from ..settings import Settings
from ..web.pages import Pages
from ..web.static_files import StaticFiles
from .services import Services


def failure_page(settings: Settings) -> Page:
    """Make the page that a browser gets where there is none."""
    return Pages(Browsers(settings.is_secure), settings.issuer, StaticFiles()).failure


@dataclass(frozen=True)
class Browsing:
    """One server's browsers, pages and sessions."""

    services: Services

    @cached_property
    def browsers(self) -> Browsers:
        return Browsers(self.services.settings.is_secure)

    @cached_property
    def files(self) -> StaticFiles:
        return StaticFiles()

    @cached_property
    def pages(self) -> Pages:
        return Pages(self.browsers, self.services.issuer, self.files)

    @cached_property
    def sessions(self) -> BrowserSessions:
        services = self.services
        return BrowserSessions(
            services.state.sessions,
            services.database,
            services.clock,
            lifetime=services.settings.session_lifetime,
        )
