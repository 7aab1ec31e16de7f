"""Settings of Superset, from the environment that `start.ts` makes.

Everything else is Superset's default. Secrets have no default: without them nothing starts.
Everything that grows with use has a bound here, or `server.py` deletes it.
"""

import logging
import os
import ssl
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from posixpath import normpath
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, Response, make_response
from security import SecurityManager, refuse_large_requests, to_tls, without_people
from sqlalchemy.engine.url import URL
from superset.config import THEME_DEFAULT as SUPERSET_THEME
from superset.utils.log import AbstractEventLogger
from trino.auth import BasicAuthentication


def _secret(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"Cannot start Superset: {name} is not set; `bun run up` generates it")
    return value


def _is_on(name: str) -> bool:
    return os.environ.get(name) == "true"


_HOME = Path(_secret("SUPERSET_HOME"))
_IS_PUBLIC = _is_on("SUPERSET_PUBLIC")
_IS_BEHIND_PROXY = _is_on("SUPERSET_BEHIND_PROXY")

APP_NAME = "Real-time data platform"
LOG_LEVEL = logging.DEBUG if os.environ.get("LOG_LEVEL") == "debug" else logging.WARNING

SECRET_KEY = _secret("SUPERSET_SECRET_KEY")
GUEST_TOKEN_JWT_SECRET = _secret("SUPERSET_GUEST_TOKEN_SECRET")
GLOBAL_ASYNC_QUERIES_JWT_SECRET = _secret("SUPERSET_ASYNC_QUERY_SECRET")

SQLALCHEMY_DATABASE_URI = f"postgresql+psycopg2://{_secret('SUPERSET_DATABASE')}"
# A first start would log each of about a hundred steps.
ALEMBIC_SKIP_LOG_CONFIG = True
SQLALCHEMY_ENGINE_OPTIONS = {
    "pool_pre_ping": True,
    "connect_args": {"application_name": "superset"},
}
# Superset would write a file for this, and nothing reads it.
SQLALCHEMY_EXAMPLES_URI = SQLALCHEMY_DATABASE_URI
UPLOAD_FOLDER = f"{_HOME}/uploads/"

_TRINO = urlsplit(_secret("SUPERSET_TRINO"))
_TRINO_AUTHORITY = os.environ.get("SUPERSET_TRINO_AUTHORITY")
if _TRINO_AUTHORITY:
    # These would override the CA file that we pass to the Trino client.
    for _name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ.pop(_name, None)


def DB_CONNECTION_MUTATOR(uri: URL, options: dict[str, Any], *_: Any) -> tuple[URL, dict]:
    """Logs in to the platform's Trino when it takes a password; the records hold none."""
    is_ours = uri.drivername.startswith("trino") and uri.username == "superset"
    if _TRINO.scheme != "https" or not is_ours or uri.host != _TRINO.hostname:
        return uri, options
    login = {
        "http_scheme": "https",
        "auth": BasicAuthentication("superset", _secret("TRINO_SUPERSET_PASSWORD")),
        # This machine may trust more certificates than Python's packages include.
        "verify": _TRINO_AUTHORITY or ssl.get_default_verify_paths().cafile or True,
    }
    return uri, {**options, "connect_args": {**options.get("connect_args", {}), **login}}


# A dashboard that refreshes every ten seconds asks again for data older than this; all its viewers
# together ask Trino once.
DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_DIR": str(_HOME / "cache/data"),
    "CACHE_DEFAULT_TIMEOUT": 4,
    "CACHE_THRESHOLD": 500,
}
# By default these two are in the database, where an entry is deleted only when its key is used
# again.
FILTER_STATE_CACHE_CONFIG = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_DIR": str(_HOME / "cache/filters"),
    "CACHE_DEFAULT_TIMEOUT": int(timedelta(days=7).total_seconds()),
    "CACHE_THRESHOLD": 1_000,
    "REFRESH_TIMEOUT_ON_RETRIEVAL": True,
}
EXPLORE_FORM_DATA_CACHE_CONFIG = {
    **FILTER_STATE_CACHE_CONFIG,
    "CACHE_DIR": str(_HOME / "cache/explore"),
}
# In the memory of the process: it depends on these settings and must not outlive them.
CACHE_CONFIG = {
    "CACHE_TYPE": "SimpleCache",
    "CACHE_DEFAULT_TIMEOUT": 60,
    "CACHE_THRESHOLD": 500,
}


class NoEventLogger(AbstractEventLogger):
    """Superset's own logger writes three rows for each refreshed chart, and deletes none."""

    def log(self, *args: Any, **kwargs: Any) -> None:
        pass

    def log_with_context(self, *args: Any, **kwargs: Any) -> None:
        pass


EVENT_LOGGER = NoEventLogger()
SUPERSET_LOG_VIEW = False

# `force`, the default, would bypass the cache.
DASHBOARD_AUTO_REFRESH_MODE = "fetch"
DASHBOARD_AUTO_REFRESH_INTERVALS = [
    [0, "Don't refresh"],
    [10, "10 seconds"],
    [30, "30 seconds"],
    [60, "1 minute"],
    [300, "5 minutes"],
    [3600, "1 hour"],
]

FEATURE_FLAGS = {
    # Lets a dashboard belong to a role, such as that of viewers without a login.
    "DASHBOARD_RBAC": True,
    # The browser keeps the editor's tabs, so no table grows with them.
    "SQLLAB_BACKEND_PERSISTENCE": False,
    "ALERTS_ATTACH_REPORTS": False,
}

ROW_LIMIT = 10_000
SAMPLES_ROW_LIMIT = 1_000
FILTER_SELECT_ROW_LIMIT = 1_000
SQL_MAX_ROW = 10_000
DISPLAY_MAX_ROW = 10_000
TABLE_VIZ_MAX_ROW_SERVER = 10_000
DEFAULT_SQLLAB_LIMIT = 1_000
SQLLAB_TIMEOUT = 30
SQLLAB_CTAS_NO_LIMIT = False
SUPERSET_WEBSERVER_TIMEOUT = 60
# Queries run in the web server itself, since no other process could run them.
CELERY_CONFIG = None
RESULTS_BACKEND = None

CUSTOM_SECURITY_MANAGER = SecurityManager
EXTRA_RELATED_QUERY_FILTERS = {"user": without_people, "role": without_people}
PUBLIC_ROLE_LIKE = "Public" if _IS_PUBLIC else None
FAB_API_SWAGGER_UI = False
WTF_CSRF_ENABLED = True
# The default allows the sites of two map providers.
ENABLE_CORS = False
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = "memory://"
RATELIMIT_APPLICATION = "100 per second"
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "10 per minute"

ENABLE_PROXY_FIX = _IS_BEHIND_PROXY
# Only the proxy reaches the port of this machine, so one step of its headers is trusted. The proxy
# passes on the requested `Host`. Cloudflare passes the other headers with an address on as a
# stranger sent them.
PROXY_FIX_CONFIG = {"x_for": 1, "x_proto": 1, "x_host": 0, "x_port": 0, "x_prefix": 0}
SESSION_COOKIE_SECURE = _IS_BEHIND_PROXY
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PREFERRED_URL_SCHEME = "https" if _IS_BEHIND_PROXY else "http"

TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    # Nothing comes from another site: no pictures, fonts, maps or telemetry.
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'self'"],
        "form-action": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "frame_options": "SAMEORIGIN",
    "force_https": False,
    # Subdomains may belong to someone else.
    "strict_transport_security_include_subdomains": False,
    "session_cookie_secure": _IS_BEHIND_PROXY,
}
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []

# Colours of a theme under Ant Design's names; all others are Superset's own.
_COLOURS_LIGHT: dict[str, str] = {"colorPrimary": "#2b6cb0", "colorLink": "#2b6cb0"}
_COLOURS_DARK: dict[str, str] = {"colorPrimary": "#63a4e0", "colorLink": "#63a4e0"}


# Views, clicks and purchases, legible on light and on dark backgrounds.
_LOGO = "data:image/svg+xml," + quote(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 24">'
    '<rect x="1" y="3" width="6" height="20" rx="1.5" fill="#2f6fde"/>'
    '<rect x="10" y="9" width="6" height="14" rx="1.5" fill="#e8a317"/>'
    '<rect x="19" y="15" width="6" height="8" rx="1.5" fill="#1c9d6c"/></svg>'
)

# The package lacks the picture that it shows while it loads, and logs an error with each page.
_SPINNER = """<svg viewBox="0 0 50 50" width="50" height="50" role="img" aria-label="Loading">
<circle cx="25" cy="25" r="20" fill="none" stroke="#8a94a3" stroke-width="4" stroke-dasharray="90 40">
<animateTransform attributeName="transform" type="rotate" from="0 25 25" to="360 25 25" dur="1s"
repeatCount="indefinite"/></circle></svg>"""


def _theme(algorithm: str, colours: dict[str, str]) -> dict[str, Any]:
    own = {"brandAppName": APP_NAME, "brandLogoAlt": APP_NAME, "brandLogoUrl": _LOGO, **colours}
    # A legend of three entries needs no buttons to select all of them or the inverse.
    charts = {"echartsOptionsOverrides": {"legend": {"selector": False}}}
    return {"token": {**SUPERSET_THEME["token"], **own, **charts}, "algorithm": algorithm}


# With both, each viewer gets the theme of their system, and may choose.
THEME_DEFAULT = _theme("default", _COLOURS_LIGHT)
THEME_DARK = _theme("dark", _COLOURS_DARK)
ENABLE_UI_THEME_ADMINISTRATION = False

# The event types come first: view, click, purchase.
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "streaming",
        "label": "Streaming",
        "description": "Views, clicks, purchases; then what is none of them",
        "isDefault": True,
        "colors": [
            *["#2f6fde", "#e8a317", "#1c9d6c"],
            *["#64748b", "#8b6fb3", "#94a3b8", "#b08968", "#475569"],
        ],
    }
]

# The built pages load a picture from the vendor's server to count visits, and only a build option
# turns that off. A transparent dot replaces the picture; the rest of the address is ignored.
_TELEMETRY = b"https://apachesuperset.gateway.scarf.sh/pixel/"
_NO_PICTURE = b"data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7#"


def FLASK_APP_MUTATOR(app: Flask) -> None:
    serve = app.view_functions["static"]

    # At most a few names, since any visitor chooses the name that is asked for.
    @lru_cache(maxsize=8)
    def without_telemetry(filename: str) -> bytes | None:
        path = Path(app.static_folder or "", filename)
        content = path.read_bytes() if path.is_file() else b""
        return content.replace(_TELEMETRY, _NO_PICTURE) if _TELEMETRY in content else None

    def serve_without_telemetry(filename: str) -> Response:
        response = serve(filename=filename)
        # The server has already refused paths outside of its folder.
        if (
            not filename.endswith(".entry.js")
            or (content := without_telemetry(normpath(filename))) is None
        ):
            return response
        response.close()
        changed = make_response(content)
        changed.mimetype = "text/javascript"
        changed.cache_control.max_age = response.cache_control.max_age
        changed.cache_control.public = True
        return changed

    app.view_functions["static"] = serve_without_telemetry
    app.before_request(refuse_large_requests)
    if _IS_BEHIND_PROXY:
        app.before_request(to_tls)
