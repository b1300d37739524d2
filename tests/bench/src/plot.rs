//! Plots: how something grows, on axes where each step is ten times the one before.

use std::path::Path;

use plotters::prelude::*;

const SIZE: (u32, u32) = (760, 420);
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x1f, 0x6f, 0xb4),
    RGBColor(0xd6, 0x5f, 0x0e),
    RGBColor(0x2b, 0x8a, 0x3e),
    RGBColor(0x9c, 0x36, 0xb5),
    RGBColor(0x5f, 0x6b, 0x7a),
    RGBColor(0xc9, 0x2a, 0x2a),
];

/// Some series of points.
#[derive(Debug)]
pub(crate) struct Plot {
    /// The name of its file.
    pub(crate) file: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    /// What grows from left to right.
    pub(crate) x: &'static str,
    /// What grows from below.
    pub(crate) y: &'static str,
    /// The series, each with its name. All values are above 0.
    pub(crate) series: Vec<(String, Vec<(f64, f64)>)>,
}

impl Plot {
    /// Draws it into its file.
    pub(crate) fn draw(&self, folder: &Path) {
        let path = folder.join(self.file);
        let drawn = self.try_draw(&path);
        drawn.unwrap_or_else(|error| panic!("{} cannot be drawn: {error}", path.display()));
    }

    fn try_draw(&self, path: &Path) -> Result<(), Box<dyn std::error::Error + '_>> {
        let root = SVGBackend::new(path, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let points = || self.series.iter().flat_map(|(_, points)| points);
        let (x, y) = (range(points().map(|point| point.0)), range(points().map(|point| point.1)));
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, ("sans-serif", 20))
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d((x.0..x.1).log_scale(), (y.0..y.1).log_scale())?;
        let label = |value: &f64| format!("{value}");
        chart
            .configure_mesh()
            .x_desc(self.x)
            .y_desc(self.y)
            .x_label_formatter(&label)
            .y_label_formatter(&label)
            .light_line_style(RGBColor(0xee, 0xee, 0xee))
            .draw()?;
        for ((name, points), colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            chart
                .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
            chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(0xcc, 0xcc, 0xcc))
            .draw()?;
        root.present()?;
        Ok(())
    }
}

/// From the power of ten below all values to the one above them.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, most) =
        values.fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(value), most.max(value)));
    let power = |value: f64| 10_f64.powf(value);
    (power(least.log10().floor()), power((most.log10() + 0.001).ceil()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_goes_from_one_power_of_ten_to_another() {
        assert_eq!(range([2.0, 300.0].into_iter()), (1.0, 1000.0));
        assert_eq!(range([0.5].into_iter()), (0.1, 1.0));
    }

    #[test]
    fn a_plot_shows_every_series_by_its_name() {
        let plot = Plot {
            file: "bench-plot-test.svg",
            title: "How it grows",
            x: "members",
            y: "ms",
            series: vec![("one".into(), vec![(1.0, 2.0), (100.0, 3.0)]), ("two".into(), vec![(1.0, 20.0)])],
        };
        let folder = std::env::temp_dir();
        plot.draw(&folder);
        let drawn = std::fs::read_to_string(folder.join(plot.file)).expect("a file");
        for part in ["How it grows", "members", "one", "two", "<polyline", "<circle"] {
            assert!(drawn.contains(part), "{part} is not in the plot");
        }
    }
}
