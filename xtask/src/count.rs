//! Counting what the test runners say they ran, so that the last line can be one total.

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    pub(crate) fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Reads the closing lines of nextest, of cargo's own runner and of pytest.
pub(crate) fn read(output: &str) -> Count {
    let mut sum = Count::default();
    for line in output.lines().filter(|line| is_closing(line)) {
        sum.add(Count {
            passed: before(line, "passed"),
            failed: before(line, "failed")
                + before(line, "timed")
                + before(line, "error")
                + before(line, "errors"),
        });
    }
    sum
}

fn is_closing(line: &str) -> bool {
    let line = line.trim();
    let nextest = line.starts_with("Summary [");
    let cargo = line.starts_with("test result:");
    // `=== 5 passed in 1.20s ===`, or without the rules when the output is quiet.
    let bare = line.trim_matches(['=', ' ']);
    let pytest = bare.contains(" in ")
        && bare.starts_with(|first: char| first.is_ascii_digit())
        && (bare.contains(" passed") || bare.contains(" failed") || bare.contains(" error"));
    nextest || cargo || pytest
}

/// The number that stands before `word`.
fn before(line: &str, word: &str) -> u64 {
    let mut previous = "";
    for token in line
        .split([' ', ',', ';', '='])
        .filter(|token| !token.is_empty())
    {
        if token == word {
            return previous.parse().unwrap_or(0);
        }
        previous = token;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_is_read() {
        let output = "        PASS [   0.004s] x y\n     Summary [   1.250s] 42 tests run: 41 passed (2 slow), 1 failed, 3 skipped\n";
        assert_eq!(
            read(output),
            Count {
                passed: 41,
                failed: 1
            }
        );
    }

    #[test]
    fn cargos_runner_is_summed_over_its_binaries() {
        let output = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured\n\ntest result: FAILED. 2 passed; 1 failed; 0 ignored\n";
        assert_eq!(
            read(output),
            Count {
                passed: 5,
                failed: 1
            }
        );
    }

    #[test]
    fn pytest_is_read_with_and_without_its_rules() {
        assert_eq!(
            read("==== 2 failed, 5 passed, 1 warning in 3.21s ====\n"),
            Count {
                passed: 5,
                failed: 2
            }
        );
        assert_eq!(
            read("7 passed in 0.50s\n"),
            Count {
                passed: 7,
                failed: 0
            }
        );
        assert_eq!(
            read("1 error in 0.50s\n"),
            Count {
                passed: 0,
                failed: 1
            }
        );
    }

    #[test]
    fn a_test_that_talks_about_passing_is_not_counted() {
        assert_eq!(read("the 5 passed through the gate\n"), Count::default());
    }
}
