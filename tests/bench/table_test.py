#!/usr/bin/env python3
"""Tests of how figures become rows and verdicts. Measures nothing."""

import unittest

import kernel_table
import report
import rows
import service_table


class RowsTest(unittest.TestCase):
    def test_a_row_has_a_name_a_text_a_unit_a_budget_and_a_ratio(self):
        self.assertEqual(rows.read("# words\n\nfork | of much | us | 1000 | 5\n"), [rows.Row("fork", "of much", "us", 1000, 5)])
        self.assertEqual(rows.read("fork|of much|us|-|-")[0].budget, None)

    def test_a_line_that_is_no_row_is_refused_with_its_number(self):
        for line in ["fork | of much | us | 1000", "fork | of much | miles | 1 | 2", "Fork! | of much | us | 1 | 2"]:
            with self.assertRaisesRegex(ValueError, "line 2"):
                rows.read(f"# words\n{line}")

    def test_every_row_of_the_table_has_a_name_of_its_own(self):
        names = [row.name for row in rows.all_rows()]
        self.assertEqual(len(names), len(set(names)))

    def test_a_figure_is_written_in_the_unit_of_its_row(self):
        self.assertAlmostEqual(rows.Row("a", "", "ns", None, None).in_unit(25e-9), 25)
        self.assertAlmostEqual(rows.Row("a", "", "KiB", None, None).in_unit(2048), 2)
        self.assertEqual([rows.number(value) for value in (1234.5, 12.34, 1.234, None)], ["1,234", "12.3", "1.23", "-"])


class KernelVerdictTest(unittest.TestCase):
    ROW = rows.Row("a", "", "ns", 25.0, 10.0)

    def test_a_figure_at_its_budget_and_ratio_is_ok(self):
        self.assertEqual(kernel_table.verdict(self.ROW, 25.0, 10.0), "ok")

    def test_one_above_its_budget_or_below_its_ratio_is_not(self):
        self.assertEqual(kernel_table.verdict(self.ROW, 25.1, 10.0), "OVER BUDGET")
        self.assertEqual(kernel_table.verdict(self.ROW, 25.0, 9.9), "BELOW RATIO")
        self.assertEqual(kernel_table.verdict(self.ROW, 25.1, 9.9), "OVER BUDGET, BELOW RATIO")

    def test_what_was_not_measured_is_not_ok(self):
        self.assertEqual(kernel_table.verdict(self.ROW, None, None), "NOT MEASURED")
        self.assertEqual(kernel_table.verdict(self.ROW, 25.0, None), "BELOW RATIO")

    def test_a_row_without_demands_has_no_verdict(self):
        self.assertEqual(kernel_table.verdict(rows.Row("a", "", "ns", None, None), 1.0, None), "-")

    def test_a_result_is_the_median_and_says_how_far_the_figures_lie_apart(self):
        result = kernel_table.result(self.ROW, [10e-9, 20e-9, 40e-9], [])
        self.assertAlmostEqual(result["ours"], 20)
        self.assertAlmostEqual(result["spread"], 0.375)
        self.assertIsNone(result["ratio"])
        self.assertIsNone(result["ratio_spread"])

    def test_the_ratio_is_the_median_of_the_turns(self):
        result = kernel_table.result(self.ROW, [10e-9, 20e-9, 40e-9], [200e-9, 200e-9, 480e-9])
        self.assertAlmostEqual(result["host"], 200)
        self.assertAlmostEqual(result["ratio"], 12)
        self.assertAlmostEqual(result["ratio_spread"], (16 - 11) / 2 / 12)


class ServiceVerdictTest(unittest.TestCase):
    def test_the_share_is_the_median_of_the_rounds(self):
        ours = [service_table.Rate(calls, 1.0) for calls in (50.0, 90.0, 99.0)]
        theirs = [service_table.Rate(100.0, 2.0)] * 3
        row = service_table.Row("a", "", ("unary", "pages"), 0.9)
        result = service_table.result(row, ours, theirs)
        self.assertEqual((result["share"], result["verdict"]), (0.9, "ok"))
        self.assertEqual(service_table.result(row, ours[:2], theirs[:2])["verdict"], "BELOW SHARE")

    def test_without_the_other_side_the_verdict_says_what_to_install(self):
        row = service_table.Row("a", "", None, 1.0, "redis", "stream")
        result = service_table.result(row, [service_table.Rate(1.0, 1.0)], [])
        self.assertIn("service_packages.txt", result["verdict"])


class ReportTest(unittest.TestCase):
    def test_texts_stand_left_and_numbers_right(self):
        columns = [report.Column("row", lambda r: r["a"], is_text=True), report.Column("n", lambda r: str(r["b"]))]
        self.assertEqual(report.table(columns, [{"a": "x", "b": 123}, {"a": "long", "b": 1}]), "row     n\n---------\nx     123\nlong    1")


if __name__ == "__main__":
    unittest.main()
