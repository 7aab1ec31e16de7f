"""A file with a query becomes a saved query of Superset, and back."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import saved_queries

TEXT = "-- What waits.\n--\n-- And why.\nselect 1\n"


class SavedQueriesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "waiting_events.sql").write_text(TEXT)

    def read(self):
        return saved_queries.read(self.folder, "a-database")

    def test_a_query_has_the_name_and_the_explanation_of_its_file(self):
        query = self.read()["queries/waiting_events.yaml"]
        self.assertEqual(query["label"], "Waiting events")
        self.assertEqual(query["description"], "What waits.")
        self.assertEqual(query["sql"], TEXT)
        self.assertEqual(query["database_uuid"], "a-database")

    def test_a_query_is_the_same_one_when_its_text_changes(self):
        before = self.read()["queries/waiting_events.yaml"]["uuid"]
        (self.folder / "waiting_events.sql").write_text("-- Other.\nselect 2\n")
        self.assertEqual(self.read()["queries/waiting_events.yaml"]["uuid"], before)

    def test_a_file_is_written_only_when_the_text_is_another(self):
        (name, query) = next(iter(self.read().items()))
        self.assertFalse(saved_queries.write(self.folder, name, query))
        self.assertTrue(saved_queries.write(self.folder, name, {"sql": "select 3"}))
        self.assertEqual((self.folder / "waiting_events.sql").read_text(), "select 3\n")

    def test_every_query_of_this_checkout_says_what_it_is_for(self):
        queries = saved_queries.read(saved_queries.FOLDER, "a-database")
        self.assertGreaterEqual(len(queries), 5)
        for name, query in queries.items():
            self.assertTrue(query["sql"].startswith("-- "), name)
            self.assertTrue(query["description"].endswith("."), name)


if __name__ == "__main__":
    unittest.main()
