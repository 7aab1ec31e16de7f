import unittest
from types import SimpleNamespace as Values

from run_table import failures, nodes_of, table


def result_of(*nodes, exception=None):
    results = [
        Values(
            node=Values(name=name, resource_type="test"),
            status=status,
            execution_time=0.25,
            message=message,
        )
        for name, status, message in nodes
    ]
    return Values(result=Values(results=results), exception=exception)


class RunTable(unittest.TestCase):
    def test_nodes_of_gives_the_message_when_a_node_is_not_well_and_only_then(self):
        good, bad = nodes_of(result_of(("a", "pass", "fine"), ("b", "fail", " Got 1 \n")))
        self.assertEqual(good, {"name": "a", "type": "test", "status": "pass", "seconds": 0.25})
        self.assertEqual(bad["message"], "Got 1")

    def test_failures_names_each_failed_node_and_no_other(self):
        result = result_of(("a", "pass", ""), ("b", "fail", ""), ("c", "skipped", ""))
        self.assertEqual(failures([result, result_of(("d", "error", ""))]), "b fail; d error")

    def test_failures_gives_the_exception_when_dbt_ran_nothing(self):
        nothing = Values(result=None, exception=RuntimeError("no profile"))
        self.assertEqual(failures([nothing]), "no profile")

    def test_table_shows_a_line_for_each_node_and_the_message_below_it(self):
        text = table(nodes_of(result_of(("a", "pass", ""), ("long", "fail", "Got 1"))))
        self.assertEqual(
            text,
            "pass        0.25 s  a     test\nfail        0.25 s  long  test\n"
            "                     Got 1",
        )
