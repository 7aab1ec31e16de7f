"""Decides which query runs for a viewer without a login: only a chart's own, as it is stored.

A viewer may set only the filters that the dashboard offers. The request is compared with the
allowed query, and the allowed query runs. Pure, so that every refusal has a test. `security.py`
calls it for each request for data.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

# Fields of the page's own address, such as `standalone`, which do not affect the query.
WITHOUT_EFFECT = {"url_params"}
TIME_RANGE = re.compile(r"""[\w\s:,.()"'+-]{1,100}""")
VALUES_MAX = 100
VALUE_LENGTH_MAX = 100


class RefusedError(Exception):
    """The reason, for a person."""


@dataclass(frozen=True)
class Offer:
    """The choices that a dashboard offers its viewers for a chart."""

    columns: frozenset[str] = frozenset()
    has_time: bool = False


def offer_of(metadata: dict[str, Any], chart_id: int) -> Offer:
    filters = [
        native
        for native in metadata.get("native_filter_configuration") or []
        if chart_id not in native.get("scope", {}).get("excluded", [])
    ]
    return Offer(
        frozenset(
            target["column"]["name"]
            for native in filters
            if native.get("filterType") == "filter_select"
            for target in native.get("targets", [])
            if "column" in target
        ),
        any(native.get("filterType") == "filter_time" for native in filters),
    )


def chart_request(
    asked: dict[str, Any], stored: dict[str, Any] | None, offer: Offer
) -> dict[str, Any]:
    """Returns the query to run for a request about a chart.

    :raises RefusedError: when the request differs from the stored query and the offered filters
    """
    if not stored or not stored.get("queries"):
        raise RefusedError("the chart has no stored query")
    require_result(asked)
    if asked.get("datasource") != stored.get("datasource"):
        raise RefusedError("the chart has another dataset")
    queries = asked.get("queries")
    if not isinstance(queries, list) or len(queries) != len(stored["queries"]):
        raise RefusedError("the chart has another query")
    permitted = [
        choose(own, query, offer) for own, query in zip(stored["queries"], queries, strict=True)
    ]
    if canonical(permitted) != canonical(queries):
        raise RefusedError("the chart has another query")
    return request(stored, permitted)


def filter_request(
    asked: dict[str, Any], metadata: dict[str, Any], filter_id: str
) -> dict[str, Any]:
    """Returns the query to run for the values of a filter, whatever the request says."""
    require_result(asked)
    for native in metadata.get("native_filter_configuration") or []:
        if native.get("id") != filter_id or native.get("filterType") != "filter_select":
            continue
        for target in native.get("targets", []):
            datasource = {"id": target.get("datasetId"), "type": "table"}
            if asked.get("datasource") == datasource and "column" in target:
                column = target["column"]["name"]
                query = {"columns": [column], "metrics": [], "orderby": [[column, True]]}
                return request({"datasource": datasource}, [{**query, "row_limit": 1000}])
    raise RefusedError("the dashboard has no such filter")


def require_result(asked: dict[str, Any]) -> None:
    if asked.get("result_type") not in (None, "full"):
        raise RefusedError("only the result is public")
    if asked.get("result_format") not in (None, "json"):
        raise RefusedError("only the chart is public")


def request(stored: dict[str, Any], queries: list[dict[str, Any]]) -> dict[str, Any]:
    """Viewers never bypass the cache."""
    rest = {"force": False, "result_type": "full", "result_format": "json"}
    return {
        "datasource": stored["datasource"],
        "form_data": stored.get("form_data") or {},
        "queries": queries,
        **rest,
    }


def choose(own: dict[str, Any], asked: Any, offer: Offer) -> dict[str, Any]:
    """Returns the stored query with the values of the offered filters, nothing else of the request."""
    if not isinstance(asked, dict) or not isinstance(asked.get("filters"), list):
        return own
    filters = list(own.get("filters") or [])
    chosen = dict(own)
    time_range = asked.get("time_range")
    if offer.has_time and is_time_range(time_range):
        chosen["time_range"] = time_range
    filters.extend(
        item for item in asked["filters"] if item not in filters and is_choice(item, offer)
    )
    chosen["filters"] = filters
    return chosen


def is_time_range(value: Any) -> bool:
    return isinstance(value, str) and TIME_RANGE.fullmatch(value) is not None


def is_choice(item: Any, offer: Offer) -> bool:
    return (
        isinstance(item, dict)
        and item.keys() == {"col", "op", "val"}
        and isinstance(item["col"], str)
        and item["col"] in offer.columns
        and item["op"] == "IN"
        and isinstance(item["val"], list)
        and len(item["val"]) <= VALUES_MAX
        and all(isinstance(value, str) and len(value) <= VALUE_LENGTH_MAX for value in item["val"])
    )


def canonical(queries: list[Any]) -> str:
    """The same text for equal queries; the order of their filters does not matter."""
    return json.dumps([comparable(query) for query in queries], sort_keys=True)


def comparable(query: Any) -> Any:
    if not isinstance(query, dict):
        return query
    kept = {key: value for key, value in query.items() if key not in WITHOUT_EFFECT}
    if isinstance(kept.get("filters"), list):
        kept["filters"] = sorted(json.dumps(item, sort_keys=True) for item in kept["filters"])
    return kept
