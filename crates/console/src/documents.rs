//! Documents as pages show them: line by line, with what there is to say about each, edited, and compared.

pub(crate) mod editor;
pub(crate) mod granted;
pub(crate) mod live;

/// Something to say about a line.
pub(crate) struct Remark {
    pub(crate) word: &'static str,
    /// The class of its mark.
    pub(crate) class: &'static str,
    pub(crate) text: String,
}

/// A line of a document.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) remarks: Vec<Remark>,
}

/// The lines of a document, as people read it.
pub(crate) fn lines(document: &str) -> Vec<Line> {
    tidy(document)
        .lines()
        .map(|text| Line {
            text: text.to_owned(),
            remarks: Vec::new(),
        })
        .collect()
}

/// A JSON text that stands on one line, over several; any other as it is. Nothing but white space outside of strings is
/// added or taken away.
pub(crate) fn tidy(text: &str) -> String {
    let trimmed = text.trim();
    if trimmed.contains('\n') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(trimmed.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut rest = trimmed.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(next) = rest.next() {
        if in_string {
            out.push(next);
            in_string = escaped || next != '"';
            escaped = !escaped && next == '\\';
            continue;
        }
        match next {
            ' ' | '\t' | '\r' => {}
            '{' | '[' => {
                out.push(next);
                while rest.peek().is_some_and(char::is_ascii_whitespace) {
                    rest.next();
                }
                if let Some(end) = rest.next_if(|&end| matches!(end, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(next);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => {
                in_string = other == '"';
                out.push(other);
            }
        }
    }
    out
}

/// How a line of one document stands to another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Same,
    Added,
    Removed,
}

/// A line of a comparison.
pub(crate) struct Compared {
    pub(crate) change: Change,
    pub(crate) text: String,
}

/// Most pairs of lines that are compared one by one. Beyond that, what differs is shown as one block.
const MOST_PAIRS: usize = 1 << 20;

/// What leads from one document to another, line by line.
pub(crate) fn compare(from: &str, to: &str) -> Vec<Compared> {
    let (from, to) = (tidy(from), tidy(to));
    let (from, to): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    let head = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let rest = from.len().min(to.len()) - head;
    let tail = (from.iter().rev())
        .zip(to.iter().rev())
        .take(rest)
        .take_while(|(a, b)| a == b)
        .count();
    let middle = |lines: &[&str]| -> Vec<String> {
        let kept = lines.len() - head - tail;
        let lines = lines.iter().skip(head).take(kept);
        lines.map(|&line| line.to_owned()).collect()
    };
    let same = |line: &&str| Compared {
        change: Change::Same,
        text: (*line).to_owned(),
    };
    let mut out: Vec<Compared> = from.iter().take(head).map(same).collect();
    out.extend(between(&middle(&from), &middle(&to)));
    out.extend(from.iter().skip(from.len() - tail).map(same));
    out
}

/// The shortest way from one text to another by taking away and adding lines: along the longest common subsequence.
fn between(from: &[String], to: &[String]) -> Vec<Compared> {
    let width = to.len() + 1;
    let compared = |change, text: &String| Compared {
        change,
        text: text.clone(),
    };
    if from.len().saturating_mul(width) > MOST_PAIRS {
        let gone = from.iter().map(|text| compared(Change::Removed, text));
        let come = to.iter().map(|text| compared(Change::Added, text));
        return gone.chain(come).collect();
    }
    // How much the rests from each pair of lines on have in common.
    let mut common = vec![0_u32; (from.len() + 1) * width];
    let at = |common: &[u32], i: usize, j: usize| common.get(i * width + j).copied().unwrap_or(0);
    for (i, one) in from.iter().enumerate().rev() {
        for (j, other) in to.iter().enumerate().rev() {
            let best = if one == other {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    loop {
        match (from.get(i), to.get(j)) {
            (Some(one), Some(other)) if one == other => {
                out.push(compared(Change::Same, one));
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), other)
                if other.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) =>
            {
                out.push(compared(Change::Removed, one));
                i += 1;
            }
            (_, Some(other)) => {
                out.push(compared(Change::Added, other));
                j += 1;
            }
            _ => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(from: &str, to: &str) -> String {
        compare(from, to)
            .into_iter()
            .map(|line| {
                let sign = match line.change {
                    Change::Same => ' ',
                    Change::Added => '+',
                    Change::Removed => '-',
                };
                format!("{sign}{}\n", line.text)
            })
            .collect()
    }

    #[test]
    fn a_comparison_tells_what_went_and_what_came() {
        assert_eq!(shown("a\nb\nc\nd", "a\nc\nx\nd"), " a\n-b\n c\n+x\n d\n");
        assert_eq!(shown("a\na", "a\na\na"), " a\n a\n+a\n");
        assert_eq!(shown("a\nb", "c\nd"), "-a\n-b\n+c\n+d\n");
        assert_eq!(shown("a\nb", "a\nb"), " a\n b\n");
    }

    #[test]
    fn texts_too_long_to_compare_are_shown_one_after_the_other() {
        let long = |word: &str| format!("{word}\n").repeat(1_100);
        let lines = compare(&long("a"), &long("b"));
        assert_eq!(lines.len(), 2_200);
        let is_gone = |line: &Compared| line.change == Change::Removed;
        assert!(lines.iter().take(1_100).all(is_gone));
    }

    #[test]
    fn tidying_adds_nothing_but_white_space_outside_of_strings() {
        assert_eq!(
            tidy(r#"{"a":[1,{"b":"x, \"{y}\\"}], "c":{ }}"#),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, \\\"{y}\\\\\"\n    }\n  ],\n  \"c\": {}\n}"
        );
        let own = "{\n\"a\": 1\n}";
        assert_eq!(tidy(own), own);
        assert_eq!(tidy("]}x"), "\n]\n}x");
    }
}
