//! Plots as SVG: bars in groups, and lines over time.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
/// Around what is plotted: title and key above, names below, numbers on the left.
const TOP: f64 = 80.0;
const BOTTOM: f64 = 50.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 16.0;
/// Apart for people who see colours differently, too (Okabe and Ito).
const COLOURS: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"];
const TICKS: f64 = 5.0;

/// A bar, with a line from its least to its most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub(super) value: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl From<f64> for Bar {
    fn from(value: f64) -> Self {
        Self { value, least: value, most: value }
    }
}

/// Bars of the same colour, one a group.
pub(super) struct Bars {
    pub(super) name: String,
    pub(super) bars: Vec<Bar>,
}

/// Points joined by a line, from left to right.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// A plot of `groups`, each with a bar of each series.
pub(super) fn bars(title: &str, unit: &str, groups: &[String], series: &[Bars]) -> String {
    let most = series.iter().flat_map(|one| &one.bars).map(|bar| bar.most.max(bar.value)).fold(0.0, f64::max);
    let mut plot = Plot::begin(title, unit, series.iter().map(|one| one.name.as_str()), most);
    let group_width = (WIDTH - LEFT - RIGHT) / whole(groups.len().max(1));
    let width = group_width * 0.8 / whole(series.len().max(1));
    for (place, group) in groups.iter().enumerate() {
        let left = LEFT + group_width * whole(place);
        plot.text(left + group_width / 2.0, HEIGHT - BOTTOM + 20.0, "middle", group);
        for (turn, (one, colour)) in series.iter().zip(COLOURS.iter().cycle()).enumerate() {
            let Some(bar) = one.bars.get(place) else { continue };
            let x = left + group_width * 0.1 + width * whole(turn);
            let (y, middle) = (plot.y(bar.value), x + width / 2.0);
            plot.add(format_args!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
                width * 0.92,
                HEIGHT - BOTTOM - y
            ));
            if bar.most > bar.least {
                let (low, high) = (plot.y(bar.least), plot.y(bar.most));
                plot.add(format_args!(
                    "<path d=\"M{middle:.1} {low:.1}V{high:.1}M{:.1} {high:.1}h8M{:.1} {low:.1}h8\" stroke=\"#333\" fill=\"none\"/>",
                    middle - 4.0,
                    middle - 4.0
                ));
            }
            plot.text(middle, y.min(plot.y(bar.most)) - 4.0, "middle", &short(bar.value));
        }
    }
    plot.end()
}

/// A plot of `series` over seconds.
pub(super) fn lines(title: &str, unit: &str, series: &[Line]) -> String {
    let points = || series.iter().flat_map(|one| &one.points);
    let most = points().map(|(_, y)| *y).fold(0.0, f64::max);
    let last = points().map(|(x, _)| *x).fold(0.0, f64::max);
    let mut plot = Plot::begin(title, unit, series.iter().map(|one| one.name.as_str()), most);
    let step = step(last);
    let x = |seconds: f64| LEFT + (WIDTH - LEFT - RIGHT) * seconds / last.max(step);
    let mut tick = 0.0;
    while tick <= last {
        plot.text(x(tick), HEIGHT - BOTTOM + 20.0, "middle", &format!("{} s", short(tick)));
        tick += step;
    }
    for (one, colour) in series.iter().zip(COLOURS.iter().cycle()) {
        let points: Vec<String> =
            one.points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), plot.y(*value))).collect();
        plot.add(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        ));
    }
    plot.end()
}

struct Plot {
    svg: String,
    /// What the top of the scale stands for.
    top: f64,
}

impl Plot {
    fn begin<'n>(title: &str, unit: &str, names: impl Iterator<Item = &'n str>, most: f64) -> Self {
        let step = step(most);
        let mut plot = Self { svg: String::new(), top: step * (most / step).ceil().max(1.0) };
        plot.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\" fill=\"#222\">\n<title>{}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>",
            escaped(title)
        ));
        plot.add(format_args!(
            "<text x=\"{LEFT}\" y=\"24\" font-size=\"16\">{} ({})</text>",
            escaped(title),
            escaped(unit)
        ));
        let (mut left, mut top) = (LEFT, 34.0);
        for (name, colour) in names.zip(COLOURS.iter().cycle()) {
            let width = 34.0 + 6.6 * whole(name.chars().count());
            if left + width > WIDTH {
                (left, top) = (LEFT, top + 18.0);
            }
            plot.add(format_args!(
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>"
            ));
            plot.text(left + 17.0, top + 10.0, "start", name);
            left += width;
        }
        let mut tick = 0.0;
        while tick <= plot.top * 1.001 {
            let y = plot.y(tick);
            plot.add(format_args!(
                "<path d=\"M{LEFT} {y:.1}H{:.1}\" stroke=\"#ccc\" stroke-width=\"1\"/>",
                WIDTH - RIGHT
            ));
            plot.text(LEFT - 6.0, y + 4.0, "end", &short(tick));
            tick += step;
        }
        plot
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - value / self.top)
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escaped(text)));
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.svg, "{element}");
    }

    fn end(self) -> String {
        self.svg + "</svg>\n"
    }
}

/// The step of a scale up to `most`: 1, 2 or 5 times a power of ten.
fn step(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let wanted = most / TICKS;
    let power = 10_f64.powf(wanted.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= wanted).unwrap_or(wanted)
}

/// Three digits, as far as they count.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}").trim_end_matches(".0").to_owned(),
        _ => format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn whole(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_round_steps() {
        for (most, expected) in [(0.0, 1.0), (1.0, 0.2), (7.0, 2.0), (99.0, 20.0), (100.0, 20.0), (450.0, 100.0)] {
            assert!((step(most) - expected).abs() < 1e-9, "{most}: {}", step(most));
        }
        let shown: Vec<String> = [0.0, 0.25, 3.0, 12.5, 12.04, 640.2].into_iter().map(short).collect();
        assert_eq!(shown, ["0", "0.25", "3", "12.5", "12", "640"]);
    }

    #[test]
    fn a_bar_stands_as_high_as_its_value_and_names_are_escaped() {
        let series = [Bars { name: "a < b".to_owned(), bars: vec![Bar { value: 50.0, least: 10.0, most: 100.0 }] }];
        let svg = bars("Times", "ms", &["25".to_owned()], &series);
        // Half of the scale, which ends at 100: (380 - 80 - 50) / 2.
        assert!(svg.contains("height=\"125.0\""), "{svg}");
        assert!(svg.contains("a &lt; b") && !svg.contains("a < b"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn a_line_goes_from_the_left_to_the_right_edge() {
        let series = [Line { name: "CPU".to_owned(), points: vec![(0.0, 0.0), (10.0, 100.0)] }];
        let svg = lines("CPU", "%", &series);
        assert!(svg.contains("points=\"66.0,330.0 744.0,80.0\""), "{svg}");
        assert!(lines("nothing", "%", &[]).contains("nothing"));
    }
}
