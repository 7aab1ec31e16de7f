"""Lets anonymous viewers see the published dashboard and nothing behind it.

Superset itself checks only the dataset: a viewer of a chart may send any query on its dataset.
Here, an anonymous viewer's request for data is answered only when it is the chart's stored query.
"""

from typing import Any, ClassVar

import guard
import sqlalchemy as sa
from flask import g, has_request_context, redirect, request
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.security import SupersetSecurityManager
from superset.utils import json

DATA_ADDRESS = "/api/v1/chart/data"
ANONYMOUS_BYTES_MAX = 65_536


class SecurityManager(SupersetSecurityManager):
    # Fewer permissions than Superset's own: no older data endpoints, no lists of people or notes.
    PUBLIC_ROLE_PERMISSIONS: ClassVar = {
        ("can_read", "Dashboard"),
        ("can_read", "Chart"),
        ("can_dashboard", "Superset"),
        ("can_read", "DashboardFilterStateRestApi"),
        ("can_write", "DashboardFilterStateRestApi"),
        ("can_read", "DashboardPermalinkRestApi"),
        ("can_time_range", "Api"),
        ("can_read", "Theme"),
        ("can_read", "CurrentUserRestApi"),
    }

    def register_views(self) -> None:
        """Superset limits a view that takes no passwords, and not the two that do."""
        super().register_views()
        for view in self.appbuilder.baseviews:
            if type(view).__name__ in ("AuthDBView", "SecurityApi"):
                self.limiter.limit(self.auth_rate_limit, methods=["POST"])(view.blueprint)

    def raise_for_access(self, *args: Any, **kwargs: Any) -> None:
        super().raise_for_access(*args, **kwargs)
        if not is_anonymous():
            return
        if kwargs.get("viz") is not None:
            raise refused("only charts of a dashboard are public")
        if (dashboard := kwargs.get("dashboard")) is not None and not self.is_public(dashboard):
            raise refused("the dashboard is not public")
        if (query_context := kwargs.get("query_context")) is not None:
            self.confine(query_context)

    def is_public(self, dashboard: Any) -> bool:
        """Without roles, a dashboard that needs no dataset would be open to everyone."""
        return bool(dashboard.published) and self.get_public_role() in dashboard.roles

    def confine(self, query_context: Any) -> None:
        """The request is only compared; the allowed query runs."""
        body = request.get_json(silent=True) if request.path == DATA_ADDRESS else None
        form_data = query_context.form_data
        if not isinstance(body, dict) or not isinstance(form_data, dict):
            raise refused("only charts of a dashboard are public")
        try:
            if form_data.get("type") == "NATIVE_FILTER":
                permitted = self.filter_request(body, form_data)
            else:
                permitted = self.chart_request(body, form_data)
        except guard.RefusedError as error:
            raise refused(str(error)) from error
        replace(query_context, permitted)

    def public_dashboard(self, form_data: dict[str, Any]) -> Any:
        from superset.models.dashboard import Dashboard

        dashboard_id = form_data.get("dashboardId")
        dashboard = self.session.get(Dashboard, dashboard_id) if dashboard_id else None
        if dashboard is None or not self.is_public(dashboard):
            raise guard.RefusedError("the dashboard is not public")
        return dashboard

    def chart_request(self, body: dict[str, Any], form_data: dict[str, Any]) -> dict[str, Any]:
        dashboard = self.public_dashboard(form_data)
        chart_id = form_data.get("slice_id")
        chart = next((chart for chart in dashboard.slices if chart.id == chart_id), None)
        if chart is None:
            raise guard.RefusedError("the chart is not on the dashboard")
        stored = json.loads(chart.query_context) if chart.query_context else None
        metadata = json.loads(dashboard.json_metadata or "{}")
        return guard.chart_request(body, stored, guard.offer_of(metadata, chart.id))

    def filter_request(self, body: dict[str, Any], form_data: dict[str, Any]) -> dict[str, Any]:
        dashboard = self.public_dashboard(form_data)
        metadata = json.loads(dashboard.json_metadata or "{}")
        filter_id = str(form_data.get("native_filter_id"))
        return guard.filter_request(body, metadata, filter_id)


def replace(query_context: Any, permitted: dict[str, Any]) -> None:
    """The form that comes with a query could add columns to it; other fields bypass the cache."""
    from superset.charts.schemas import ChartDataQueryContextSchema

    own = ChartDataQueryContextSchema().load(permitted)
    for name in ("datasource", "queries", "form_data", "cache_values", "custom_cache_timeout"):
        setattr(query_context, name, getattr(own, name))
    query_context.force = False


def refuse_large_requests() -> tuple[str, int] | None:
    """The state of the filters: Superset keeps what a viewer without a login sends for days."""
    # A token is checked where it is used, so its user is not known yet.
    if "Authorization" in request.headers:
        return None
    length = request.content_length
    is_unknown = length is None and "Transfer-Encoding" in request.headers
    if (is_unknown or (length or 0) > ANONYMOUS_BYTES_MAX) and is_anonymous():
        return "Cannot take as much without a login", 413
    return None


def to_tls() -> Any:
    """Without TLS the browser withholds the cookie, and a login fails for no visible reason."""
    # A request that did not come through the proxy has no such header, and stays as it is.
    if request.headers.get("X-Forwarded-Proto") != "http":
        return None
    return redirect(request.url.replace("http:", "https:", 1), code=308)


def without_people(query: Any, *_: Any) -> Any:
    """The lists of possible owners would show everyone the names and addresses of all users."""
    return query.filter(sa.false()) if is_anonymous() else query


def is_anonymous() -> bool:
    """Commands on the machine itself come without a request."""
    if not has_request_context():
        return False
    user = getattr(g, "user", None)
    return user is None or user.is_anonymous


def refused(reason: str) -> SupersetSecurityException:
    return SupersetSecurityException(
        SupersetError(
            error_type=SupersetErrorType.DASHBOARD_SECURITY_ACCESS_ERROR,
            message=f"Cannot answer without a login: {reason}",
            level=ErrorLevel.WARNING,
        )
    )
