"""The files of the dashboards on their way into Superset and back."""

import copy
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bundle

ASSETS = Path(__file__).resolve().parents[1] / "assets"
CHART = "charts/events.yaml"
DASHBOARD = "dashboards/live.yaml"
DATASET = "datasets/counts.yaml"

chart = {
    "slice_name": "Events",
    "viz_type": "big_number_total",
    "params": {"metric": "events"},
    "query_context": {"queries": [{"metrics": ["events"], "filters": []}]},
    "uuid": "c1",
    "dataset_uuid": "d1",
    "version": "1.0.0",
}
dataset = {
    "table_name": "counts",
    "schema": "streaming",
    "columns": [
        {"column_name": "event_type", "type": "VARCHAR"},
        {"column_name": "count", "type": "BIGINT"},
    ],
    "uuid": "d1",
    "database_uuid": "b1",
    "version": "1.0.0",
}
dashboard = {
    "dashboard_title": "Live",
    "published": True,
    "metadata": {
        "refresh_frequency": 10,
        "timed_refresh_immune_slices": [2],
        "native_filter_configuration": [{"id": "types", "scope": {"excluded": [2]}}],
    },
    "position": {
        "ROOT_ID": {"type": "ROOT", "children": ["ROW"]},
        "ROW": {"type": "ROW", "children": ["B", "A"]},
        "A": {"type": "CHART", "meta": {"uuid": "a"}},
        "B": {"type": "CHART", "meta": {"uuid": "b"}},
    },
    "uuid": "l1",
    "version": "1.0.0",
}


def in_superset(name: str, file: dict) -> dict:
    """An export after an import: with Superset's own numbers and derived fields."""
    stored = bundle.complete(name, file)
    if name == CHART:
        stored["params"] |= {"datasource": "12__table", "slice_id": 40, "matrixify_enable": False}
        query = json.loads(stored["query_context"])
        query["datasource"] = {"id": 12, "type": "table"}
        query["form_data"]["datasource"] = "12__table"
        stored["query_context"] = json.dumps(query)
    if name == DASHBOARD:
        for meta in bundle.charts_in(stored["position"]):
            meta["chartId"] += 40
        metadata = stored["metadata"]
        metadata["timed_refresh_immune_slices"] = [42]
        metadata["chart_configuration"] = {"41": {}}
        [native] = metadata["native_filter_configuration"]
        native["scope"]["excluded"] = [42]
        native["chartsInScope"] = [41]
    return stored


class BundleTest(unittest.TestCase):
    def test_an_export_after_an_import_changes_nothing(self):
        for name, file in ((CHART, chart), (DATASET, dataset), (DASHBOARD, dashboard)):
            with self.subTest(name):
                self.assertEqual(bundle.merge(name, file, in_superset(name, file)), file)

    def test_nothing_is_changed_in_what_is_given(self):
        for name, file in ((CHART, chart), (DATASET, dataset), (DASHBOARD, dashboard)):
            before = copy.deepcopy(file)
            bundle.merge(name, file, in_superset(name, file))
            self.assertEqual(file, before)

    def test_an_edit_changes_what_was_edited_and_keeps_the_order(self):
        stored = in_superset(CHART, chart)
        stored["slice_name"] = "All events"
        stored["params"]["subtitle"] = "so far"
        merged = bundle.merge(CHART, chart, stored)
        expected = {
            **chart,
            "slice_name": "All events",
            "params": {"metric": "events", "subtitle": "so far"},
        }
        self.assertEqual(merged, expected)
        self.assertEqual(list(merged), list(chart))

    def test_an_edit_of_a_column_leaves_the_others_where_they_are(self):
        stored = in_superset(DATASET, dataset)
        stored["columns"][1]["verbose_name"] = "Events"
        stored["columns"].reverse()
        columns = bundle.merge(DATASET, dataset, stored)["columns"]
        self.assertEqual([column["column_name"] for column in columns], ["event_type", "count"])
        self.assertEqual(columns[1]["verbose_name"], "Events")

    def test_what_was_taken_away_goes(self):
        stored = in_superset(CHART, {**chart, "description": "All of them"})
        stored["description"] = None
        merged = bundle.merge(CHART, {**chart, "description": "All of them"}, stored)
        self.assertEqual(merged, chart)

    def test_charts_are_numbered_as_they_are_read(self):
        position = bundle.complete(DASHBOARD, dashboard)["position"]
        self.assertEqual(position["B"]["meta"]["chartId"], 1)
        self.assertEqual(position["A"]["meta"]["chartId"], 2)

    def test_what_a_file_leaves_out_is_imported_as_empty(self):
        completed = bundle.complete(CHART, chart)
        self.assertIsNone(completed["description"])
        self.assertEqual(json.loads(completed["query_context"])["result_type"], "full")

    def test_a_file_is_written_only_when_it_says_something_else(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "events.yaml")
            path.write_text("# Why it is there.\nslice_name:   Events\n")
            self.assertFalse(bundle.write(path, {"slice_name": "Events"}))
            self.assertTrue(bundle.write(path, {"slice_name": "All"}))
            self.assertEqual(path.read_text(), "# Why it is there.\nslice_name: All\n")

    def test_the_files_of_this_checkout_come_back_as_they_are(self):
        files = bundle.read(ASSETS)
        self.assertTrue(files)
        for name, file in files.items():
            with self.subTest(name):
                self.assertEqual(bundle.merge(name, file, bundle.complete(name, file)), file)


if __name__ == "__main__":
    unittest.main()
