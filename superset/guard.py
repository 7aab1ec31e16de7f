"""What an anonymous viewer may ask for: the very queries of a chart, as they are stored.

Pure, so that every refusal is a test. Called by `security.py` for each request for data.
"""

import json
from typing import Any

# Without effect on what is queried: what the page's own address carries, such as `standalone`.
WITHOUT_EFFECT = {"url_params"}


def refusal(asked: dict[str, Any], stored: dict[str, Any] | None) -> str | None:
    """Why a request may not be answered, or None when it asks for what is stored and no more."""
    if not stored or not stored.get("queries"):
        return "the chart has no stored query"
    if asked.get("result_type") not in (None, "full"):
        return "only the result is public"
    if asked.get("result_format") not in (None, "json"):
        return "only the chart is public"
    if asked.get("datasource") != stored.get("datasource"):
        return "the chart has another dataset"
    if canonical(asked.get("queries")) != canonical(stored["queries"]):
        return "the chart has another query"
    return None


def canonical(queries: Any) -> str:
    """Equal for queries that are the same."""
    if isinstance(queries, list):
        queries = [
            {key: value for key, value in query.items() if key not in WITHOUT_EFFECT}
            if isinstance(query, dict)
            else query
            for query in queries
        ]
    return json.dumps(queries, sort_keys=True)
