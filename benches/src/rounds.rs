//! Contenders measured in turn, round after round, so that whatever else the machine does befalls all of them alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many rounds are run; the median of them is what counts.
pub const ROUNDS: usize = 11;

/// How long one contender's turn in a round lasts, about.
const TURN: Duration = Duration::from_millis(60);

/// Something whose cost is measured.
pub struct Contender<'a> {
    /// The name in the table.
    pub name: String,
    work: Box<dyn FnMut() + 'a>,
}

impl<'a> Contender<'a> {
    /// A contender that does `work` once a call. What it gives back is kept from the optimizer.
    pub fn new<T>(name: impl Into<String>, mut work: impl FnMut() -> T + 'a) -> Self {
        Self {
            name: name.into(),
            work: Box::new(move || {
                black_box(work());
            }),
        }
    }

    fn turn(&mut self, times: u64) -> Duration {
        let begun = Instant::now();
        for _ in 0..times {
            (self.work)();
        }
        begun.elapsed()
    }

    /// How many calls fill a turn.
    fn calibrate(&mut self) -> u64 {
        let mut times = 1;
        loop {
            let took = self.turn(times);
            if took * 4 >= TURN || times >= 1 << 30 {
                let each = took.as_secs_f64() / times as f64;
                return ((TURN.as_secs_f64() / each) as u64).max(1);
            }
            times *= 2;
        }
    }
}

/// What one contender took.
#[derive(Debug, Clone)]
pub struct Took {
    /// The contender's name.
    pub name: String,
    /// Seconds a call, one a round.
    pub seconds: Vec<f64>,
}

impl Took {
    /// The median round, in seconds a call.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(&self.seconds)
    }
}

/// Lets the contenders work in turn for [`ROUNDS`] rounds.
pub fn run(contenders: &mut [Contender<'_>]) -> Vec<Took> {
    let times: Vec<u64> = contenders.iter_mut().map(Contender::calibrate).collect();
    let mut took: Vec<Took> = contenders
        .iter()
        .map(|contender| Took {
            name: contender.name.clone(),
            seconds: Vec::new(),
        })
        .collect();
    for _ in 0..ROUNDS {
        for ((contender, times), took) in contenders.iter_mut().zip(&times).zip(&mut took) {
            let seconds = contender.turn(*times).as_secs_f64();
            took.seconds.push(seconds / *times as f64);
        }
    }
    took
}

/// The middle of these numbers; of an even count, the mean of the two in the middle. Not a number where there is none.
#[must_use]
pub fn median(numbers: &[f64]) -> f64 {
    quantile(numbers, 0.5)
}

/// The number below which this part of the numbers lies, between two numbers by proportion.
#[must_use]
pub fn quantile(numbers: &[f64], part: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = last as f64 * part;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let (Some(below), Some(above)) = (sorted.get(low), sorted.get(high)) else {
        return f64::NAN;
    };
    below + (above - below) * (place - place.floor())
}

/// The ratios of two contenders, round by round, and their median: a round that the machine disturbed disturbs both.
#[must_use]
pub fn ratio(of: &[f64], to: &[f64]) -> f64 {
    let each: Vec<f64> = of.iter().zip(to).map(|(of, to)| of / to).collect();
    median(&each)
}

/// A duration in the unit that suits it.
#[must_use]
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(quantile(&[0.0, 10.0], 0.9), 9.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        assert_eq!(ratio(&[2.0, 20.0, 6.0], &[1.0, 10.0, 2.0]), 2.0);
    }
}
