//! The figures as people read them.

use std::fmt::Write as _;

use tests::meter::Cost;

use crate::model::dollars_per_million;
use crate::operations::Measured;

/// All figures, a line each; dollars are those of a million times, for DynamoDB alone. Verbose: and a line for each call.
pub(crate) fn render(measured: &[Measured], is_verbose: bool) -> String {
    let mut text = format!(
        "{:<40} {:>5} {:>5} {:>10} {:>11} {:>9}   {}\n",
        "operation",
        "calls",
        "depth",
        "read units",
        "write units",
        "$/million",
        "finding sockets (calls, depth, read units)"
    );
    for Measured { name, calls, .. } in measured {
        let own = Cost::of(calls.iter().filter(|call| !call.finds_sockets()));
        let sockets = Cost::of(calls.iter().filter(|call| call.finds_sockets()));
        let Cost { calls: count, depth, read, write } = own;
        let dollars = dollars_per_million(&Cost::of(calls));
        let _ = write!(text, "{name:<40} {count:>5} {depth:>5} {read:>10} {write:>11} {dollars:>9.2}");
        if sockets.calls > 0 {
            let Cost { calls, depth, read, write } = sockets;
            let _ = write!(text, "   {calls}, {depth}, {read}");
            if write > 0.0 {
                let _ = write!(text, ", and {write} write units");
            }
        }
        text.push('\n');
        if is_verbose {
            let start = calls.iter().map(|call| call.from).min();
            for call in calls {
                let from = start.map_or(0, |start| (call.from - start).as_micros());
                let took = (call.to - call.from).as_micros();
                let (operation, tables) =
                    (&call.operation, call.tables.iter().cloned().collect::<Vec<_>>().join(" "));
                let (read, write) = (call.read, call.write);
                let refused = if call.is_refused { ", refused" } else { "" };
                let _ = writeln!(
                    text,
                    "    {operation:<20} {tables:<24} {read:>5} read {write:>5} write  at {from:>6} µs, {took:>6} µs{refused}"
                );
            }
        }
    }
    text
}

/// What costs more than it may, a line each.
pub(crate) fn over_their_bar(measured: &[Measured]) -> Vec<String> {
    let line = |measured: &Measured| {
        let bar = measured.bar?;
        let cost = Cost::of(measured.calls.iter().filter(|call| !call.finds_sockets()));
        let is_over = cost.read > bar.read || cost.write > bar.write || cost.depth > bar.depth;
        is_over.then(|| format!("over its bar: {}: {cost:?}, may be {bar:?}", measured.name))
    };
    measured.iter().filter_map(line).collect()
}
