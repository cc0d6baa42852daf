//! Drives every fuzz body with mutated seeds for `CLAVIGER_FUZZ_SECONDS` (2 by default): what runs where there is no
//! fuzzer, and what keeps the bodies true where there is one.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that stops at what it did not expect"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use claviger_fuzz_bodies::TARGETS;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("every target has a folder of seeds")
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a readable seed"))
        .collect()
}

/// Changes that reach far in texts: flip, insert, delete, repeat, splice with another seed, cut.
fn mutate(input: &mut Vec<u8>, other: &[u8], random: &mut ChaCha8Rng) {
    let mut below = |bound: usize| random.next_u32() as usize % bound.max(1);
    let at = below(input.len() + 1);
    match below(7) {
        0 if !input.is_empty() => {
            let at = at.min(input.len() - 1);
            input[at] ^= 1 << below(8);
        }
        1 => input.insert(at, b"&=%+.*?${}[]\":,/\\ \n\0\xff"[below(21)]),
        2 if !input.is_empty() => {
            let end = (at + 1 + below(8)).min(input.len());
            input.drain(at.min(end)..end);
        }
        3 => {
            let end = (at + below(32)).min(input.len());
            let piece = input[at..end].to_vec();
            for _ in 0..=below(20) {
                input.splice(at..at, piece.iter().copied());
            }
        }
        4 if !other.is_empty() => {
            let from = below(other.len());
            let to = (from + below(64)).min(other.len());
            input.splice(at..at, other[from..to].iter().copied());
        }
        5 => input.truncate(at),
        _ => input.insert(at, below(256) as u8),
    }
    input.truncate(1 << 16);
}

#[test]
fn every_body_survives_its_seeds_and_what_becomes_of_them() {
    let seconds = std::env::var("CLAVIGER_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2);
    for (number, (name, run)) in TARGETS.iter().enumerate() {
        let seeds = seeds(name);
        assert!(seeds.len() >= 3, "`{name}` has too few seeds");
        for seed in &seeds {
            run(seed);
        }
        let mut random = ChaCha8Rng::seed_from_u64(0x5eed + number as u64);
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut runs = 0_u64;
        while Instant::now() < end {
            let mut input = seeds[random.next_u32() as usize % seeds.len()].clone();
            let other = seeds[random.next_u32() as usize % seeds.len()].clone();
            for _ in 0..=random.next_u32() % 6 {
                mutate(&mut input, &other, &mut random);
            }
            run(&input);
            runs += 1;
        }
        assert!(
            runs > 100,
            "`{name}` is too slow: {runs} runs in {seconds} s"
        );
    }
}
