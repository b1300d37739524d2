//! Sizes of executables: what Lambda fetches and maps at a cold start.

use crate::Setup;
use crate::function::{self, Function};
use crate::report::{Bar, Measured, Table, figure};

/// DESIGN's bar for each function, in MB.
const MOST: f64 = 9.0;

pub(super) async fn measure(setup: &Setup) -> Measured {
    let stack = setup.start(&[]).await;
    let mut table = Table::new(["function", "MB"]);
    let mut largest = (0.0, String::new());
    for Function { name, executable, .. } in function::functions(&stack) {
        let size = executable.metadata().expect("an executable that runs").len() as f64 / 1e6;
        table.add([name.clone(), figure(size)]);
        if size > largest.0 {
            largest = (size, name);
        }
    }
    Measured {
        title: "Size",
        how: "Executables as they are deployed, stripped, for this machine's processor.".to_owned(),
        table,
        plots: Vec::new(),
        bars: vec![Bar {
            what: format!("largest executable of a function ({})", largest.1),
            measured: largest.0,
            most: MOST,
            unit: " MB",
        }],
    }
}
