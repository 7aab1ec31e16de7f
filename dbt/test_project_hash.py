import tempfile
import unittest
from pathlib import Path

from project_hash import hash_project


class HashProject(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Path(folder.name)
        (self.project / "models").mkdir()
        (self.project / "models" / "a.sql").write_text("select 1")

    def test_hash_project_stays_when_what_decides_nothing_changes(self):
        before = hash_project(self.project)
        (self.project / "transform.py").write_text("")
        (self.project / "target").mkdir()
        self.assertEqual(hash_project(self.project), before)

    def test_hash_project_changes_when_a_model_changes_moves_or_comes(self):
        hashes = [hash_project(self.project)]
        model = self.project / "models" / "a.sql"
        model.write_text("select 2")
        hashes.append(hash_project(self.project))
        model = model.rename(self.project / "models" / "b.sql")
        hashes.append(hash_project(self.project))
        (self.project / "dbt_project.yml").write_text("name: x")
        hashes.append(hash_project(self.project))
        self.assertEqual(len(set(hashes)), 4)
