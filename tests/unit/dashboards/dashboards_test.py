"""What stands in dashboards/ and deploy/ is what Prometheus and Grafana take, and says what a reader needs.

Usage: dashboards_test.py SOURCE_DIRECTORY
"""

import json
import pathlib
import re
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
DASHBOARDS = sorted((SOURCE / "dashboards").glob("*.json"))
# Grafana's own, in queries.
BUILT_IN_VARIABLES = {"__rate_interval", "__interval", "__range"}


def panels_of(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


class DashboardsTest(unittest.TestCase):
    def each_dashboard(self):
        self.assertTrue(DASHBOARDS)
        for path in DASHBOARDS:
            with self.subTest(dashboard=path.name):
                yield json.loads(path.read_text())

    def test_identities_are_set_and_unique(self):
        uids = [dashboard["uid"] for dashboard in self.each_dashboard()]
        self.assertTrue(all(uids))
        self.assertEqual(len(uids), len(set(uids)))
        for dashboard in self.each_dashboard():
            ids = [panel["id"] for panel in panels_of(dashboard)]
            self.assertEqual(len(ids), len(set(ids)))
            self.assertGreaterEqual(dashboard["schemaVersion"], 36)
            # An id is the database's of one Grafana, and would clash in another.
            self.assertNotIn("id", dashboard)

    def test_every_panel_has_a_title_a_unit_and_a_description(self):
        for dashboard in self.each_dashboard():
            for panel in panels_of(dashboard):
                self.assertTrue(panel["title"])
                if panel["type"] == "row":
                    continue
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])
                self.assertGreater(len(panel["description"]), 20, panel["title"])
                self.assertTrue(panel["targets"], panel["title"])

    def test_every_variable_in_a_query_is_one_of_the_dashboards(self):
        for dashboard in self.each_dashboard():
            known = {variable["name"] for variable in dashboard["templating"]["list"]} | BUILT_IN_VARIABLES
            for panel in panels_of(dashboard):
                for target in panel.get("targets", []):
                    used = re.findall(r"\$\{?(\w+)", target["expr"])
                    self.assertLessEqual(set(used), known, target["expr"])
                    self.assertEqual(target["datasource"]["uid"], "${datasource}")

    def test_panels_lie_beside_each_other_within_the_grid(self):
        for dashboard in self.each_dashboard():
            taken = {}
            for panel in dashboard["panels"]:
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
                for x in range(place["x"], place["x"] + place["w"]):
                    for y in range(place["y"], place["y"] + place["h"]):
                        self.assertIsNone(taken.get((x, y)), f"{panel['title']} lies on {taken.get((x, y))}")
                        taken[x, y] = panel["title"]

    def test_lines_that_an_override_names_exist(self):
        for dashboard in self.each_dashboard():
            for panel in panels_of(dashboard):
                legends = {target["legendFormat"] for target in panel.get("targets", [])}
                for override in panel.get("fieldConfig", {}).get("overrides", []):
                    self.assertIn(override["matcher"]["options"], legends, panel["title"])


class PrometheusFilesTest(unittest.TestCase):
    def test_promtool_accepts_the_configuration_and_the_rules_it_names(self):
        result = run("promtool", "check", "config", SOURCE / "deploy/prometheus/prometheus.yml")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("rule files found", result.stdout)

    def test_the_rules_alert_when_they_should_and_not_before(self):
        result = run("promtool", "test", "rules", SOURCE / "tests/unit/dashboards/memsim_rules_test.yml")
        self.assertEqual(result.returncode, 0, result.stdout)


if __name__ == "__main__":
    unittest.main()
