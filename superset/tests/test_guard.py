"""What a viewer without a login may ask for, and each way to ask for more."""

import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from guard import refusal

STORED = {
    "datasource": {"id": 7, "type": "table"},
    "queries": [
        {
            "metrics": ["events"],
            "columns": ["event_type"],
            "filters": [{"col": "minute", "op": "TEMPORAL_RANGE", "val": "Last hour"}],
            "extras": {"having": "", "where": ""},
            "row_limit": 100,
            "url_params": {},
        }
    ],
    "result_type": "full",
    "result_format": "json",
}


def asked(**changes):
    return {**copy.deepcopy(STORED), "force": False, "form_data": {"slice_id": 3}, **changes}


def query(**changes):
    return asked(queries=[{**STORED["queries"][0], **changes}])


class RefusalTest(unittest.TestCase):
    def test_answers_what_is_stored(self):
        self.assertIsNone(refusal(asked(), STORED))

    def test_answers_whatever_the_order_of_the_fields(self):
        reversed_query = dict(reversed(STORED["queries"][0].items()))
        self.assertIsNone(refusal(asked(queries=[reversed_query]), STORED))

    def test_answers_whatever_the_address_of_the_page_carries(self):
        self.assertIsNone(refusal(query(url_params={"standalone": "1"}), STORED))

    def test_refuses_a_chart_without_a_stored_query(self):
        for stored in (None, {}, {"queries": []}):
            self.assertEqual(refusal(asked(), stored), "the chart has no stored query")

    def test_refuses_another_query(self):
        attempts = {
            "raw rows": query(metrics=None, columns=["user_id"]),
            "another column": query(columns=["event_type", "user_id"]),
            "an expression": query(
                metrics=[{"expressionType": "SQL", "sqlExpression": "max(version())", "label": "x"}]
            ),
            "another filter": query(filters=[{"col": "user_id", "op": "==", "val": 1}]),
            "no filter": query(filters=[]),
            "a condition": query(extras={"having": "", "where": "1 = 1"}),
            "more rows": query(row_limit=1_000_000),
            "an offset": query(row_offset=100),
            "a drill": query(is_timeseries=True),
            "a second query": asked(queries=STORED["queries"] * 2),
            "no query": asked(queries=[]),
            "queries of another form": asked(queries={"0": STORED["queries"][0]}),
            "a query of another form": asked(queries=["select 1"]),
            "nothing": asked(queries=None),
        }
        for name, body in attempts.items():
            with self.subTest(name):
                self.assertEqual(refusal(body, STORED), "the chart has another query")

    def test_refuses_another_dataset(self):
        for datasource in (
            {"id": 8, "type": "table"},
            {"id": 7, "type": "query"},
            "7__table",
            None,
        ):
            reason = refusal(asked(datasource=datasource), STORED)
            self.assertEqual(reason, "the chart has another dataset")

    def test_refuses_all_but_the_result(self):
        for kind in ("samples", "query", "results", "columns", "drill_detail", "post_processed"):
            self.assertEqual(refusal(asked(result_type=kind), STORED), "only the result is public")

    def test_refuses_files(self):
        for form in ("csv", "xlsx"):
            self.assertEqual(refusal(asked(result_format=form), STORED), "only the chart is public")


if __name__ == "__main__":
    unittest.main()
