//! A `Sample` of `bench/shared/protocol.ts`, as JSON.

use std::time::Duration;

/// Of calls of `entries_per_call` each.
pub fn sample(mut latencies: Vec<Duration>, entries_per_call: usize, seconds: f64) -> String {
    latencies.sort_unstable();
    let at = |percentile: f64| {
        let rank = (latencies.len() as f64 * percentile / 100.0).ceil() as usize;
        latencies[rank.max(1) - 1].as_secs_f64() * 1e6
    };
    let percentiles: Vec<String> = [
        ("p10", 10.0),
        ("p25", 25.0),
        ("p50", 50.0),
        ("p75", 75.0),
        ("p90", 90.0),
        ("p99", 99.0),
        ("p99.9", 99.9),
        ("max", 100.0),
    ]
    .iter()
    .map(|(name, percentile)| format!("\"{name}\":{}", at(*percentile)))
    .collect();
    let entries = latencies.len() * entries_per_call;
    format!(
        "{{\"entries\":{entries},\"seconds\":{seconds},\"latencyUs\":{{{}}}}}",
        percentiles.join(",")
    )
}
