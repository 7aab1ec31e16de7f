"""Superset works with newer packages than it asks for."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]


def run(program: str) -> str:
    """Runs the code in the environment of Superset's programs."""
    environment = {**os.environ, "PYTHONPATH": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout


class SitecustomizeTest(unittest.TestCase):
    def test_numpy_has_the_names_that_superset_uses(self):
        self.assertEqual(run("import numpy; print(numpy.product([2, 3]), numpy.NaN)"), "6 nan\n")

    def test_pandas_asks_a_database_through_the_sqlalchemy_of_superset(self):
        program = """
import pandas, sqlalchemy
with sqlalchemy.create_engine("sqlite://").connect() as connection:
    pandas.DataFrame({"a": [2, 3]}).to_sql("numbers", connection, index=False)
    query = sqlalchemy.text("select sum(a) as total from numbers")
    print(pandas.read_sql_query(sql=query, con=connection).to_dict("list"))
"""
        self.assertEqual(run(program), "{'total': [5]}\n")


if __name__ == "__main__":
    unittest.main()
