//! The table at the end of a run: what was aimed at, what was measured, whether that is enough.

/// Which side of the target is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// Not more than this.
    AtMost,
    /// Not less than this.
    AtLeast,
}

struct Line {
    what: String,
    aim: Aim,
    target: f64,
    measured: f64,
    unit: &'static str,
}

impl Line {
    fn is_met(&self) -> bool {
        match self.aim {
            Aim::AtMost => self.measured <= self.target,
            Aim::AtLeast => self.measured >= self.target,
        }
    }
}

/// Targets and what was measured.
#[derive(Default)]
pub struct Targets(Vec<Line>);

impl Targets {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line. What could not be measured (not a number) is not met.
    pub fn add(
        &mut self,
        what: impl Into<String>,
        aim: Aim,
        target: f64,
        measured: f64,
        unit: &'static str,
    ) {
        self.0.push(Line {
            what: what.into(),
            aim,
            target,
            measured,
            unit,
        });
    }

    /// The table in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text =
            String::from("\n| what | target | measured | |\n| --- | --- | --- | --- |\n");
        for line in &self.0 {
            let sign = match line.aim {
                Aim::AtMost => "≤",
                Aim::AtLeast => "≥",
            };
            let met = if line.is_met() { "met" } else { "MISSED" };
            text.push_str(&format!(
                "| {} | {sign} {}{} | {}{} | {met} |\n",
                line.what,
                number(line.target),
                line.unit,
                number(line.measured),
                line.unit,
            ));
        }
        text
    }
}

/// Three digits that matter.
fn number(number: f64) -> String {
    let digits = match number.abs() {
        n if n >= 100.0 => 0,
        n if n >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{number:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_whether_the_target_is_met() {
        let mut targets = Targets::new();
        targets.add("speed", Aim::AtLeast, 3.0, 2.9, " ×");
        targets.add("size", Aim::AtMost, 30.0, 12.345, " MiB");
        targets.add("nothing", Aim::AtMost, 1.0, f64::NAN, "");
        let table = targets.table();
        assert!(
            table.contains("| speed | ≥ 3 × | 2.9 × | MISSED |"),
            "{table}"
        );
        assert!(
            table.contains("| size | ≤ 30 MiB | 12.3 MiB | met |"),
            "{table}"
        );
        assert!(
            table.contains("| nothing | ≤ 1 | NaN | MISSED |"),
            "{table}"
        );
    }
}
