//! The local stack while nobody talks.

use std::time::{Duration, Instant};

use crate::report::{Bar, Measured, Table, figure};
use crate::samples::{Samples, millis};
use crate::{Setup, usage};

/// DESIGN's bars.
const READY_MS: f64 = 1_000.0;
const MEMORY_MIB: f64 = 100.0;

/// How long it is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(2);

pub(super) async fn measure(setup: &Setup) -> Measured {
    let (mut ready, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..setup.pick(1, 5) {
        let begun = Instant::now();
        let stack = setup.start(&[]).await;
        ready.push(begun.elapsed());
        tokio::time::sleep(REST).await;
        memory.push(usage::memory_of_tree(stack.pid()) as f64 / 1024.0 / 1024.0);
    }
    memory.sort_unstable_by(f64::total_cmp);
    let (ready, memory) = (millis(Samples::of(ready).median()), memory[memory.len() / 2]);
    let mut table = Table::new(["what", "measured"]);
    table.add([
        "from the start to the ready line, with all functions started".into(),
        format!("{} ms", figure(ready)),
    ]);
    table.add(["memory of the whole process tree (PSS)".into(), format!("{} MiB", figure(memory))]);
    Measured {
        title: "The local stack, idle",
        how: "After the build. Medians of a few starts.".to_owned(),
        table,
        plots: Vec::new(),
        bars: vec![
            Bar { what: "local stack, ready".to_owned(), measured: ready, most: READY_MS, unit: " ms" },
            Bar {
                what: "local stack, idle memory".to_owned(),
                measured: memory,
                most: MEMORY_MIB,
                unit: " MiB",
            },
        ],
    }
}
