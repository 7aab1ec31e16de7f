"""The requests that a viewer without a login may make, and each way to ask for more."""

import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from guard import Offer, RefusedError, chart_request, filter_request, offer_of

DATASET = {"id": 7, "type": "table"}
LAST_HOUR = {"col": "minute", "op": "TEMPORAL_RANGE", "val": "Last hour"}
CLICKS = {"col": "event_type", "op": "IN", "val": ["click"]}
STORED = {
    "datasource": DATASET,
    "form_data": {"x_axis": "minute"},
    "queries": [
        {
            "metrics": ["events"],
            "columns": ["event_type"],
            "filters": [LAST_HOUR],
            "extras": {"having": "", "where": ""},
            "row_limit": 100,
            "url_params": {},
        }
    ],
}
METADATA = {
    "native_filter_configuration": [
        {
            "id": "types",
            "filterType": "filter_select",
            "targets": [{"datasetId": 7, "column": {"name": "event_type"}}],
            "scope": {"rootPath": ["ROOT_ID"], "excluded": [4]},
        },
        {
            "id": "time",
            "filterType": "filter_time",
            "targets": [{}],
            "scope": {"rootPath": ["ROOT_ID"], "excluded": [4, 5]},
        },
    ]
}
EVERYTHING = Offer(frozenset({"event_type"}), has_time=True)
NOTHING = Offer()


def asked(**changes):
    return {**copy.deepcopy(STORED), "force": False, **changes}


def query(**changes):
    return asked(queries=[{**copy.deepcopy(STORED["queries"][0]), **changes}])


class ChartRequestTest(unittest.TestCase):
    def assert_refused(self, body, reason="the chart has another query", offer=EVERYTHING):
        with self.assertRaises(RefusedError) as refused:
            chart_request(body, STORED, offer)
        self.assertEqual(str(refused.exception), reason)

    def test_runs_what_is_stored(self):
        permitted = chart_request(asked(), STORED, NOTHING)
        self.assertEqual(permitted["queries"], STORED["queries"])
        self.assertEqual(permitted["datasource"], DATASET)

    def test_runs_it_whatever_the_order_of_the_fields(self):
        reversed_query = dict(reversed(STORED["queries"][0].items()))
        chart_request(asked(queries=[reversed_query]), STORED, NOTHING)

    def test_runs_it_whatever_the_address_of_the_page_carries(self):
        permitted = chart_request(query(url_params={"standalone": "1"}), STORED, NOTHING)
        self.assertEqual(permitted["queries"][0]["url_params"], {})

    def test_takes_nothing_else_of_what_was_sent(self):
        body = asked(force=True, custom_cache_timeout=-1, form_data={"tooltip_contents": ["page"]})
        permitted = chart_request(body, STORED, NOTHING)
        self.assertEqual(permitted["form_data"], STORED["form_data"])
        self.assertIs(permitted["force"], False)
        self.assertNotIn("custom_cache_timeout", permitted)

    def test_changes_nothing_that_is_stored(self):
        before = copy.deepcopy(STORED)
        chart_request(query(filters=[CLICKS, LAST_HOUR], time_range="Last day"), STORED, EVERYTHING)
        self.assertEqual(STORED, before)

    def test_runs_offered_filters(self):
        permitted = chart_request(query(filters=[CLICKS, LAST_HOUR]), STORED, EVERYTHING)
        self.assertCountEqual(permitted["queries"][0]["filters"], [LAST_HOUR, CLICKS])
        permitted = chart_request(query(time_range="Last day"), STORED, EVERYTHING)
        self.assertEqual(permitted["queries"][0]["time_range"], "Last day")

    def test_refuses_filters_that_are_not_offered(self):
        self.assert_refused(query(filters=[CLICKS, LAST_HOUR]), offer=NOTHING)
        self.assert_refused(query(time_range="Last day"), offer=NOTHING)
        for changes in (
            {"col": "user_id"},
            {"op": "NOT IN"},
            {"op": "LIKE", "val": "%"},
            {"val": "click"},
            {"val": [1]},
            {"val": ["x" * 101]},
            {"val": ["x"] * 101},
            {"grain": "P1D"},
            {"col": {"expressionType": "SQL", "sqlExpression": "version()", "label": "x"}},
        ):
            with self.subTest(changes):
                self.assert_refused(query(filters=[{**CLICKS, **changes}, LAST_HOUR]))
        for time_range in (["Last day"], "x" * 101, "1; drop table", None):
            with self.subTest(time_range):
                self.assert_refused(query(time_range=time_range))

    def test_refuses_a_filter_in_place_of_a_stored_one(self):
        self.assert_refused(query(filters=[CLICKS]))
        self.assert_refused(query(filters=[{**LAST_HOUR, "val": "No filter"}]))

    def test_refuses_another_query(self):
        expression = {"expressionType": "SQL", "sqlExpression": "max(version())", "label": "x"}
        attempts = {
            "raw rows": query(metrics=None, columns=["user_id"]),
            "another column": query(columns=["event_type", "user_id"]),
            "an expression": query(metrics=[expression]),
            "no filter": query(filters=[]),
            "filters of another form": query(filters={"0": LAST_HOUR}),
            "a condition": query(extras={"having": "", "where": "1 = 1"}),
            "more rows": query(row_limit=1_000_000),
            "an offset": query(row_offset=100),
            "a total": query(is_rowcount=True),
            "a second query": asked(queries=STORED["queries"] * 2),
            "no query": asked(queries=[]),
            "queries of another form": asked(queries={"0": STORED["queries"][0]}),
            "a query of another form": asked(queries=["select 1"]),
            "nothing": asked(queries=None),
        }
        for name, body in attempts.items():
            with self.subTest(name):
                self.assert_refused(body)

    def test_refuses_another_dataset(self):
        for datasource in (
            {"id": 8, "type": "table"},
            {"id": 7, "type": "query"},
            "7__table",
            None,
        ):
            self.assert_refused(asked(datasource=datasource), "the chart has another dataset")

    def test_refuses_all_but_the_result(self):
        for kind in ("samples", "query", "results", "columns", "drill_detail", "post_processed"):
            self.assert_refused(asked(result_type=kind), "only the result is public")

    def test_refuses_files(self):
        for form in ("csv", "xlsx"):
            self.assert_refused(asked(result_format=form), "only the chart is public")

    def test_refuses_a_chart_without_a_stored_query(self):
        for stored in (None, {}, {"queries": []}):
            with self.assertRaisesRegex(RefusedError, "no stored query"):
                chart_request(asked(), stored, EVERYTHING)


class OfferTest(unittest.TestCase):
    def test_offers_the_filters_that_apply_to_the_chart(self):
        self.assertEqual(offer_of(METADATA, 3), EVERYTHING)
        self.assertEqual(offer_of(METADATA, 5), Offer(frozenset({"event_type"})))
        self.assertEqual(offer_of(METADATA, 4), NOTHING)
        self.assertEqual(offer_of({}, 3), NOTHING)


class FilterRequestTest(unittest.TestCase):
    def test_lists_the_values_of_the_column_whatever_was_asked(self):
        body = {"datasource": DATASET, "queries": [{"columns": ["user_id"], "metrics": ["count"]}]}
        [permitted] = filter_request(body, METADATA, "types")["queries"]
        self.assertEqual(permitted["columns"], ["event_type"])
        self.assertEqual(permitted["metrics"], [])

    def test_refuses_a_filter_that_the_dashboard_does_not_have(self):
        others = ({"id": 8, "type": "table"}, {"id": 7, "type": "query"}, "7__table", None)
        tries = [("time", DATASET), ("other", DATASET), *(("types", other) for other in others)]
        for filter_id, datasource in tries:
            with self.assertRaisesRegex(RefusedError, "no such filter"):
                filter_request({"datasource": datasource}, METADATA, filter_id)

    def test_refuses_all_but_the_result(self):
        with self.assertRaisesRegex(RefusedError, "only the result"):
            filter_request({"result_type": "query"}, METADATA, "types")


if __name__ == "__main__":
    unittest.main()
