#!/usr/bin/env python3
"""Shows that each style check finds what it is for: every test plants a violation in a small tree of its own."""

import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

import commands
import formatting
import includes
import text_rules
import tidy

ROOT = Path(__file__).resolve().parents[2]

GOOD_HEADER = """// A good header.

#ifndef MEMSIM_SERVER_BASE_GOOD_H_
#define MEMSIM_SERVER_BASE_GOOD_H_

namespace memsim {
int Good();
}  // namespace memsim

#endif  // MEMSIM_SERVER_BASE_GOOD_H_
"""


class Tree(unittest.TestCase):
    """A project of a few files, with the real rules."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="memsim_style."))
        self.addCleanup(shutil.rmtree, self.root)
        for name in (includes.RULES_FILE, ".clang-format", ".clang-tidy"):
            self.write(name, (ROOT / name).read_text())
        self.write("server/base/good.h", GOOD_HEADER)

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def assert_finds(self, problems, *words):
        self.assertEqual(len(problems), 1, problems)
        for word in words:
            self.assertIn(word, problems[0])


class Includes(Tree):
    def setUp(self):
        super().setUp()
        self.write("server/kernel/machine.h", "#include <cstdint>\n")

    def includes_of(self, path, *lines):
        self.write(path, "\n".join(["// A file."] + [f"#include {line}" for line in lines]) + "\n")
        return includes.check(self.root)

    def test_what_the_table_allows_passes(self):
        self.write("server/kernel/machine.h", '#include "server/kernel/vm/access.h"\n')
        self.write("server/kernel/vm/access.h", "#include <cstdint>\n")
        self.assertEqual(self.includes_of("server/calls/a.cc", '"server/kernel/machine.h"', '"server/kernel/vm/access.h"',
                                          "<vector>", '"absl/status/status.h"', '"memsim/v1/call.pb.h"'), [])

    def test_an_upward_arrow_is_found_with_its_line(self):
        self.assert_finds(self.includes_of("server/base/a.cc", "<vector>", '"server/host/host.h"'),
                          "server/base/a.cc:3", "server/host/host.h")

    def test_the_kernel_behind_its_machine_is_hidden_from_the_layers_above(self):
        self.assert_finds(self.includes_of("server/host/a.cc", '"server/kernel/vm/vma_tree.h"'), "server/kernel/vm/vma_tree.h")

    def test_of_the_command_line_only_the_local_server_may_include_the_server(self):
        server = '"server/rpc/server.h"'
        self.assertEqual(self.includes_of("client/cli/local_server.cc", '"client/cli/session.h"', server), [])
        self.assert_finds(self.includes_of("client/cli/run_command.cc", '"client/cli/session.h"', server), "client/cli/run_command.cc:3")

    def test_a_lower_part_of_the_kernel_may_not_include_a_higher_one(self):
        self.assert_finds(self.includes_of("server/kernel/physical/a.cc", '"server/kernel/vm/vma.h"'), "physical comes before vm")

    def test_a_higher_part_of_the_kernel_may_include_a_lower_one(self):
        self.assertEqual(self.includes_of("server/kernel/vm/a.cc", '"server/kernel/physical/buddy.h"'), [])

    def test_no_part_of_the_kernel_may_include_the_machine(self):
        self.assert_finds(self.includes_of("server/kernel/procfs/a.cc", '"server/kernel/machine.h"'), "procfs comes before")

    def test_every_part_of_the_kernel_may_include_the_spec(self):
        self.assertEqual(self.includes_of("server/kernel/vm/a.cc", '"server/kernel/machine_spec.h"'), [])

    def test_a_part_of_the_kernel_without_a_place_in_the_order_is_found(self):
        self.assert_finds(self.includes_of("server/kernel/novelty/a.cc", '"server/kernel/vm/vma.h"'), "no place in the order")

    def test_the_kernel_has_no_threads_clocks_chance_or_unordered_containers(self):
        for header in ("<thread>", "<mutex>", "<chrono>", "<random>", "<unordered_map>", "<atomic>", "<ctime>",
                       '"absl/container/flat_hash_map.h"', '"absl/time/clock.h"', '"absl/random/random.h"'):
            with self.subTest(header):
                self.assert_finds(self.includes_of("server/kernel/vm/a.cc", header), "must never include", header[1:-1])

    def test_grpc_stays_in_rpc_and_prometheus_in_metrics(self):
        self.assert_finds(self.includes_of("server/http/a.cc", "<grpcpp/grpcpp.h>"), "grpcpp")
        shutil.rmtree(self.root / "server/http")
        self.assert_finds(self.includes_of("server/rpc/a.cc", "<prometheus/counter.h>"), "prometheus")

    def test_a_plain_mutex_outside_of_base_is_found(self):
        self.assert_finds(self.includes_of("server/host/a.cc", "<mutex>"), "must never include mutex")

    def test_a_folder_that_nobody_gave_a_rule_is_found(self):
        self.assert_finds(self.includes_of("novelty/a.cc", "<vector>"), "no rule for this folder")


class Text(Tree):
    def test_a_good_tree_passes(self):
        self.assertEqual(text_rules.check(self.root), [])

    def test_a_file_past_the_hard_limit_is_found_and_one_at_it_is_not(self):
        self.write("a.cc", "\n" * text_rules.HARD_LINE_LIMIT)
        self.assertEqual(text_rules.check(self.root), [])
        self.write("a.cc", "\n" * (text_rules.HARD_LINE_LIMIT + 1))
        self.assert_finds(text_rules.check(self.root), "a.cc", "lines")

    def test_a_file_past_the_soft_limit_is_remarked(self):
        self.write("a.cc", "\n" * (text_rules.SOFT_LINE_LIMIT + 1))
        self.assertEqual(len(list(text_rules.remarks(self.root))), 1)

    def test_junk_drawers_are_found_and_names_that_merely_contain_one_are_not(self):
        for name in ("string_utils.cc", "common/a.cc", "test_helper.cc", "misc.py", "page_manager.cc"):
            with self.subTest(name):
                path = self.write(name, "")
                self.assert_finds(text_rules.check(self.root), "junk drawer")
                path.unlink()
        self.write("uncommon.cc", "")
        self.assertEqual(text_rules.check(self.root), [])

    def test_unfinished_work_is_found(self):
        for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X"):
            with self.subTest(word):
                self.write("a.md", f"one\n{word}: two\n")
                self.assert_finds(text_rules.check(self.root), "a.md:2")

    def test_paths_of_one_machine_are_found(self):
        for path in ("/wo" + "rk/x", "/ro" + "ot/x", "../" + "shared/x"):
            with self.subTest(path):
                self.write("a.md", f"see {path}\n")
                self.assert_finds(text_rules.check(self.root), "a.md:1", "one machine")

    def test_a_wrong_header_guard_is_found(self):
        self.write("server/base/good.h", GOOD_HEADER.replace("GOOD_H_", "BAD_H_"))
        self.assert_finds(text_rules.check(self.root), "MEMSIM_SERVER_BASE_GOOD_H_")

    def test_a_header_without_an_opening_comment_is_found(self):
        self.write("server/base/good.h", GOOD_HEADER.split("\n", 2)[2])
        self.assert_finds(text_rules.check(self.root), "opens with a comment")

    def test_scripts_that_do_not_parse_are_found(self):
        self.write("a", "#!/usr/bin/env bash\nif true; then\n")
        self.assert_finds(text_rules.check(self.root), "a: ", "syntax error")
        self.write("a", "#!/usr/bin/env python3\ndef f(:\n")
        self.assert_finds(text_rules.check(self.root), "a:2")

    def test_recorded_traces_are_left_alone(self):
        self.write("a.strace", "TO" + "DO\n")
        self.assertEqual(text_rules.check(self.root), [])


class Formatting(Tree):
    def test_a_formatted_file_passes_and_an_unformatted_one_is_found(self):
        self.assertEqual(formatting.check(self.root), [])
        self.write("server/base/good.h", GOOD_HEADER.replace("int Good", "int   Good"))
        self.assert_finds(formatting.check(self.root), "server/base/good.h", "clang-format")


class Commands(Tree):
    def check(self, listed):
        self.write(commands.CALL_PROTO, "message Call {\n  oneof operation {\n    // A.\n    MmapRequest mmap = 1;\n    BrkRequest brk = 2;\n  }\n}\n")
        memsim = self.write("memsim", "#!/bin/sh\n[ $1 != help ] || echo '" + listed + "'\n[ $1 != brk ] || exit 3\n")
        memsim.chmod(0o755)
        return commands.check(self.root, memsim)

    def test_an_operation_that_help_does_not_list_or_that_has_no_help_is_found(self):
        self.assert_finds(self.check("  brk  Moves.\n  mmap  Maps."), "memsim brk --help fails")
        self.assertEqual(self.check("  brk  Moves."), ["memsim help does not list mmap", "memsim brk --help fails"])

    def test_a_call_message_without_operations_is_found(self):
        self.write(commands.CALL_PROTO, "message Call {\n  oneof operation {\n  }\n}\n")
        self.assert_finds(commands.check(self.root, "true"), "no operation found")


class Tidy(Tree):
    MUTEX = "server/base/mutex.h"

    def setUp(self):
        super().setUp()
        self.write(self.MUTEX, (ROOT / self.MUTEX).read_text())

    def check(self, content):
        """A folder of two sources, of which this is the second."""
        entries = []
        for name, source in (("a", "int A() { return 0; }\n"), ("b", content)):
            path = self.write(f"server/base/{name}.cc", source)
            command = f"cmake -E env LAUNCHED=1 ccache c++ -std=c++20 -I{self.root} -Wall -o {name}.o -c {path}"
            entries.append({"directory": str(self.root), "file": str(path), "command": command})
        self.write("build/compile_commands.json", json.dumps(entries))
        return tidy.check(self.root, self.root / "build", jobs=1)

    def test_a_clean_folder_is_looked_at_once(self):
        self.assertEqual(self.check('#include "server/base/good.h"\nint memsim::Good() { return 1; }\n'), [])
        stamps = lambda: len(list((self.root / "build/tidy_cache").iterdir()))
        self.assertEqual(stamps(), 1)
        self.check('#include "server/base/good.h"\nint memsim::Good() { return 1; }\n')
        self.assertEqual(stamps(), 1)
        # Another header makes it another folder.
        self.write("server/base/good.h", GOOD_HEADER + "// Changed.\n")
        self.check('#include "server/base/good.h"\nint memsim::Good() { return 1; }\n')
        self.assertEqual(stamps(), 2)

    def test_a_check_of_clang_tidy_finds_its_violation_each_time(self):
        bad = "#include <string>\n#include <utility>\nstd::string F(std::string a) {\n  std::string b = std::move(a);\n  return b + a;\n}\n"
        for _ in range(2):
            self.assert_finds(self.check(bad), "bugprone-use-after-move")

    def test_the_paths_of_every_source_are_analysed(self):
        self.assert_finds(self.check("int F(bool b) {\n  int* p = nullptr;\n  if (b) return *p;\n  return 0;\n}\n"), "server/base/b.cc:3:", "clang-analyzer-core")

    def test_the_thread_safety_analysis_finds_an_unguarded_read(self):
        self.assert_finds(self.check("""#include "server/base/mutex.h"
class Counter {
 public:
  int value() const { return value_; }

 private:
  mutable memsim::Mutex mutex_;
  int value_ ABSL_GUARDED_BY(mutex_) = 0;
};
int Read(const Counter& counter) { return counter.value(); }
"""), "thread-safety-analysis")


if __name__ == "__main__":
    sys.exit(unittest.main())
