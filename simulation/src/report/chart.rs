//! Owns drawings: line and bar charts as SVG that stands inside the page.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;
const COLOURS: [&str; 5] = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df"];

/// A named line.
pub struct Line {
    /// What it shows.
    pub name: &'static str,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// Text that may stand in markup.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A step of 1, 2 or 5 times a power of ten that divides `span` into four to ten parts.
fn step(span: f64) -> f64 {
    let raw = (span / 8.0).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw).unwrap_or(raw)
}

/// A number as short as its axis allows.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{:.1} M", value / 1e6),
        size if size >= 1e4 => format!("{:.0} k", value / 1e3),
        size if size >= 10.0 || size == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

fn open(title: &str, height: f64) -> String {
    format!(
        r##"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{0}"><text class="title" x="{LEFT}" y="18">{0}</text>"##,
        escaped(title)
    )
}

/// A line chart; the axes begin at zero.
pub fn lines(title: &str, x_name: &str, y_name: &str, series: &[Line]) -> String {
    let all = || series.iter().flat_map(|line| line.points.iter());
    let x_max = all().map(|point| point.0).fold(0.0, f64::max).max(1e-9);
    let y_max = all().map(|point| point.1).fold(0.0, f64::max).max(1e-9) * 1.05;
    let x_of = |x: f64| LEFT + x / x_max * (WIDTH - LEFT - RIGHT);
    let y_of = |y: f64| HEIGHT - BOTTOM - y / y_max * (HEIGHT - TOP - BOTTOM);
    let mut svg = open(title, HEIGHT);
    let (mut tick, y_step) = (0.0, step(y_max));
    while tick <= y_max {
        let y = y_of(tick);
        let _ = write!(
            svg,
            r##"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}"/><text class="y" x="{:.1}" y="{:.1}">{}</text>"##,
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0,
            number(tick)
        );
        tick += y_step;
    }
    let (mut tick, x_step) = (0.0, step(x_max));
    while tick <= x_max {
        let _ = write!(
            svg,
            r##"<text class="x" x="{:.1}" y="{:.1}">{}</text>"##,
            x_of(tick),
            HEIGHT - BOTTOM + 16.0,
            number(tick)
        );
        tick += x_step;
    }
    for (index, line) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let points: Vec<_> = line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y))).collect();
        let x = LEFT + 10.0 + 160.0 * index as f64;
        let _ = write!(
            svg,
            r##"<polyline fill="none" stroke="{colour}" points="{}"/><text fill="{colour}" x="{x}" y="{}">{}</text>"##,
            points.join(" "),
            HEIGHT - 6.0,
            escaped(line.name)
        );
    }
    let _ = write!(
        svg,
        r##"<text class="x" x="{:.1}" y="{:.1}">{}</text><text x="4" y="18">{}</text></svg>"##,
        WIDTH - 60.0,
        HEIGHT - 6.0,
        escaped(x_name),
        escaped(y_name)
    );
    svg
}

/// Horizontal bars to both sides of zero; what is above zero is red.
pub fn bars(title: &str, values: &[(&str, f64)]) -> String {
    let most = values.iter().map(|(_, value)| value.abs()).fold(1e-9, f64::max);
    let height = TOP + 24.0 * values.len() as f64 + 10.0;
    let middle = 470.0;
    let mut svg = open(title, height);
    for (index, (name, value)) in values.iter().enumerate() {
        let y = TOP + 24.0 * index as f64;
        let length = value.abs() / most * 170.0;
        let (x, colour) = if *value > 0.0 { (middle, COLOURS[1]) } else { (middle - length, COLOURS[2]) };
        let _ = write!(
            svg,
            r##"<text x="8" y="{0:.1}">{1}</text><rect x="{x:.1}" y="{2:.1}" width="{length:.1}" height="14" fill="{colour}"/><text class="y" x="{3}" y="{0:.1}">{4}</text>"##,
            y + 12.0,
            escaped(name),
            y,
            WIDTH - 4.0,
            number(*value)
        );
    }
    let _ =
        write!(svg, r##"<line class="axis" x1="{middle}" x2="{middle}" y1="{TOP}" y2="{:.1}"/></svg>"##, height - 10.0);
    svg
}
