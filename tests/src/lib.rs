//! Repository rules, contract tests and the benchmark.
