"""Lets anonymous viewers see the published dashboard and nothing behind it.

Superset's own rule for them is the dataset: who may see a chart may send any query on its dataset.
Here, a request for data of an anonymous viewer is answered only when it is the chart's stored query.
"""

from typing import Any, ClassVar

import guard
from flask import g, has_request_context, request
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.security import SupersetSecurityManager
from superset.utils import json

DATA_ADDRESS = "/api/v1/chart/data"


class SecurityManager(SupersetSecurityManager):
    # Less than Superset's own: none of the older ways to data, of the lists of people and of notes.
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
        """Refuses what is not stored; what is stored runs as it is stored, whatever else was sent."""
        from superset.models.slice import Slice

        body = request.get_json(silent=True) if request.path == DATA_ADDRESS else None
        if not isinstance(body, dict):
            raise refused("only charts of a dashboard are public")
        form_data = query_context.form_data or {}
        chart = self.session.query(Slice).filter_by(id=form_data.get("slice_id")).one_or_none()
        if chart is None or not any(map(self.is_public, chart.dashboards)):
            raise refused("the chart is on no public dashboard")
        stored = json.loads(chart.query_context) if chart.query_context else None
        if (reason := guard.refusal(body, stored)) is not None:
            raise refused(reason)
        replace(query_context, stored)


def replace(query_context: Any, stored: dict[str, Any]) -> None:
    """The form that comes with a query adds columns to it, and other fields go around the cache."""
    from superset.charts.schemas import ChartDataQueryContextSchema

    own = ChartDataQueryContextSchema().load(
        {**stored, "force": False, "result_type": "full", "result_format": "json"}
    )
    for name in ("datasource", "queries", "form_data", "cache_values", "custom_cache_timeout"):
        setattr(query_context, name, getattr(own, name))
    query_context.force = False


def is_anonymous() -> bool:
    """Commands that run on the machine itself are nobody's request."""
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
