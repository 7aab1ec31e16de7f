"""The dashboards as files: `assets/` in the form that Superset imports, and back again.

Superset stores a value for every field, and its own numbers. `complete` adds the fields that a file
leaves out, `reduce` removes them from an export, and `merge` keeps the file where both agree. So an
export after an import changes nothing. Pure but for `read` and `write`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

METADATA = {"version": "1.0.0", "type": "assets", "timestamp": "2000-01-01T00:00:00+00:00"}
KINDS = ("databases", "datasets", "charts", "dashboards", "queries")

# Fields in the order of a new file, each with the value that a file leaves out. Superset leaves a
# field unchanged when a file does not mention it.
FIELDS: dict[str, dict[str, Any]] = {
    "databases": {
        "database_name": ...,
        "sqlalchemy_uri": ...,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "impersonate_user": False,
        "extra": {},
    },
    "datasets": {
        "table_name": ...,
        "catalog": None,
        "schema": None,
        "sql": None,
        "description": None,
        "main_dttm_col": None,
        "currency_code_column": None,
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "folders": None,
        "columns": [],
        "metrics": [],
    },
    "charts": {
        "slice_name": ...,
        "description": None,
        "certified_by": None,
        "certification_details": None,
        "viz_type": ...,
        "params": {},
        "query_context": None,
        "cache_timeout": None,
    },
    "dashboards": {
        "dashboard_title": ...,
        "slug": None,
        "description": None,
        "certified_by": None,
        "certification_details": None,
        "published": False,
        "css": "",
        "metadata": {},
        "position": {},
    },
    "queries": {
        "label": ...,
        "catalog": None,
        "schema": None,
        "description": None,
        "sql": ...,
    },
}
LINKS = ("uuid", "dataset_uuid", "database_uuid", "version")
CHILDREN: dict[str, dict[str, Any]] = {
    "columns": {
        "column_name": ...,
        "verbose_name": None,
        "type": None,
        "is_dttm": False,
        "is_active": True,
        "advanced_data_type": None,
        "groupby": True,
        "filterable": True,
        "expression": None,
        "description": None,
        "python_date_format": None,
        "datetime_format": None,
        "extra": None,
    },
    "metrics": {
        "metric_name": ...,
        "verbose_name": None,
        "metric_type": None,
        "expression": ...,
        "description": None,
        "d3format": None,
        "currency": None,
        "extra": None,
        "warning_text": None,
    },
}
# Fields that the pages derive from the rest each time a dashboard is saved.
DERIVED = {
    "metadata": {
        "chart_configuration",
        "global_chart_configuration",
        "map_label_colors",
        "shared_label_colors",
        "color_scheme_domain",
        "default_filters",
        "positions",
    },
    "params": {"datasource", "slice_id", "dashboards", "url_params", "extra_form_data"},
    "filters": {"chartsInScope", "tabsInScope"},
}
EMPTY = (None, "", [], {})


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """Each file by its name below the folder."""
    files = {}
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] in KINDS:
            files[name] = yaml.safe_load(path.read_text())
    return files


def kind_of(name: str) -> str:
    return name.split("/")[0]


def charts_in(position: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Fields of each chart of a dashboard, in reading order."""
    seen = set()

    def below(key: str) -> Iterator[dict[str, Any]]:
        node = position.get(key)
        if not isinstance(node, dict) or key in seen:
            return
        seen.add(key)
        if node.get("type") == "CHART":
            yield node["meta"]
        for child in node.get("children") or []:
            yield from below(child)

    yield from below("ROOT_ID")
    for key in sorted(position):
        yield from below(key)


def complete(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """The files for Superset's importer."""
    kind = kind_of(name)
    content = json.loads(json.dumps(content))
    for field, default in FIELDS[kind].items():
        # The importer refuses settings of a dataset that it does not know.
        if default is not ... and field not in ("always_filter_main_dttm", "folders"):
            content.setdefault(field, default)
    for children, fields in CHILDREN.items():
        for child in content.get(children, []):
            for field, default in fields.items():
                if default is not ...:
                    child.setdefault(field, default)
    if kind == "charts":
        content["params"]["viz_type"] = content["viz_type"]
        content["query_context"] = complete_query(content)
    if kind == "dashboards":
        number_charts(content["position"])
        # Without this field the pages forget the colours of labels while they draw for the first
        # time.
        metadata = content["metadata"]
        metadata["map_label_colors"] = dict(metadata.get("label_colors", {}))
    content.setdefault("version", METADATA["version"])
    return content


def complete_query(chart: dict[str, Any]) -> str | None:
    """A file has the chart's query as a tree; the rest of a request is the same for all charts."""
    query = chart.get("query_context")
    if isinstance(query, str):
        query = json.loads(query)
    if not query:
        return None
    rest = {
        "datasource": {},
        "force": False,
        "form_data": dict(chart["params"]),
        "result_format": "json",
        "result_type": "full",
    }
    return json.dumps({**rest, **query})


def number_charts(position: dict[str, Any]) -> None:
    """Files number the charts of a dashboard from 1, and references use that number."""
    for number, meta in enumerate(charts_in(position), start=1):
        meta["chartId"] = number


def reduce(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """An equal form of an export and a file that mean the same."""
    kind = kind_of(name)
    content = json.loads(json.dumps(content))
    if kind == "charts":
        reduce_chart(content)
    if kind == "dashboards":
        reduce_dashboard(content)
    if kind == "databases":
        # A file holds placeholders; the real address depends on the machine.
        content.pop("sqlalchemy_uri", None)
        content.pop("password", None)
        content.pop("configuration_method", None)
        if "allow_csv_upload" in content:
            content["allow_file_upload"] = content.pop("allow_csv_upload")
    for children, fields in CHILDREN.items():
        if children in content:
            content[children] = [ordered(child, fields) for child in content[children]]
            content[children].sort(key=lambda child: str(child[next(iter(child))]))
    return ordered(content, FIELDS[kind], LINKS)


def ordered(
    content: dict[str, Any], fields: dict[str, Any], links: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Keeps known fields, in order, without default values."""
    kept = {}
    for field, default in fields.items():
        value = content.get(field, default)
        if value is ... or value == default or (value in EMPTY and default in EMPTY):
            continue
        kept[field] = value
    kept.update({link: str(content[link]) for link in links if link in content})
    return kept


def reduce_chart(chart: dict[str, Any]) -> None:
    params = chart.get("params") or {}
    chart["params"] = {
        key: value
        for key, value in params.items()
        if key not in DERIVED["params"] and key != "viz_type" and value not in EMPTY
    }
    # A grid of copies of the chart: some twenty settings, which are there even without a grid.
    if not params.get("matrixify_enable"):
        for key in [key for key in chart["params"] if key.startswith("matrixify_")]:
            del chart["params"][key]
    query = chart.get("query_context")
    if isinstance(query, str):
        query = json.loads(query)
    chart["query_context"] = {"queries": query["queries"]} if query else None
    for asked in (query or {}).get("queries", []):
        asked.pop("datasource", None)
        asked.pop("url_params", None)  # What the address of the page had that day.


def reduce_dashboard(dashboard: dict[str, Any]) -> None:
    position = dashboard.get("position") or {}
    numbers = {}
    for number, meta in enumerate(charts_in(position), start=1):
        numbers[meta.pop("chartId", None)] = number
        # The name of a chart is in its own file; this is its name on this dashboard.
        if meta.get("sliceNameOverride") in (None, "", meta.get("sliceName")):
            meta.pop("sliceNameOverride", None)
    metadata = dashboard.get("metadata") or {}
    for key in DERIVED["metadata"]:
        metadata.pop(key, None)
    if immune := metadata.get("timed_refresh_immune_slices"):
        metadata["timed_refresh_immune_slices"] = [numbers.get(chart, chart) for chart in immune]
    if expanded := metadata.get("expanded_slices"):
        metadata["expanded_slices"] = {
            str(numbers.get(int(chart), chart)): value for chart, value in expanded.items()
        }
    for native in metadata.get("native_filter_configuration") or []:
        for key in DERIVED["filters"]:
            native.pop(key, None)
        if excluded := native.get("scope", {}).get("excluded"):
            native["scope"]["excluded"] = [numbers.get(chart, chart) for chart in excluded]
    dashboard["metadata"] = {key: value for key, value in metadata.items() if value not in EMPTY}


def merge(name: str, file: dict[str, Any] | None, exported: dict[str, Any]) -> dict[str, Any]:
    """The file with the changes from Superset, each field in its old place."""
    theirs = reduce(name, exported)
    if file is None:
        uri = {"sqlalchemy_uri": exported["sqlalchemy_uri"]} if "sqlalchemy_uri" in exported else {}
        return {**theirs, **uri}
    ours = reduce(name, file)
    merged = {
        field: value
        for field, value in file.items()
        if field in theirs or field not in ours  # Neither says more of it than the other.
    }
    for field, value in theirs.items():
        if field not in ours or ours[field] != value:
            merged[field] = weave(file.get(field), value, ours.get(field))
    return merged


def weave(file: Any, theirs: Any, ours: Any) -> Any:
    """The changes within a tree; lists of named objects are joined by name."""
    if isinstance(file, dict) and isinstance(theirs, dict) and isinstance(ours, dict):
        kept = {key: value for key, value in file.items() if key in theirs or key not in ours}
        for key, value in theirs.items():
            if key not in ours or ours[key] != value:
                kept[key] = weave(file.get(key), value, ours.get(key))
        return kept
    name = next((name for name in ("column_name", "metric_name") if is_named(theirs, name)), None)
    if name and is_named(file, name) and is_named(ours, name):
        of = {child[name]: child for child in theirs}
        own = {child[name]: child for child in ours}
        kept = [
            weave(child, of[child[name]], own[child[name]]) for child in file if child[name] in of
        ]
        return kept + [child for child in theirs if child[name] not in own]
    return theirs


def is_named(children: Any, name: str) -> bool:
    return isinstance(children, list) and all(
        isinstance(child, dict) and name in child for child in children
    )


class Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, and indents lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, represent_text)


def write(path: Path, content: dict[str, Any]) -> bool:
    """Writes a file when its content changes. The first comments stay; comments inside do not."""
    former = path.read_text() if path.exists() else ""
    if former and yaml.safe_load(former) == content:
        return False
    head = []
    for line in former.splitlines(keepends=True):
        if not line.startswith("#"):
            break
        head.append(line)
    text = yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(head) + text)
    return True
