//! Places on the globe, and the index by which what is nearby is found.
//!
//! A geohash names a rectangle of latitude and longitude, and the names of all that lies in it begin with it.
//! So places sorted by geohash can be searched by range: [`covering`] gives the ranges that hold everything
//! within a circle. They hold more than that; [`Point::distance_m`] decides what is in the circle.

use crate::error::{Error, Result};
use geohash::{Coord, Rect};
use serde::{Deserialize, Serialize};

/// Half the way round the globe, in metres: no two points are further apart.
pub const HALF_CIRCUMFERENCE_M: f64 = std::f64::consts::PI * EARTH_RADIUS_M;
/// At most so many ranges cover a circle. All the globe takes one for each partition of the index.
pub const MAX_RANGES: usize = 32;

/// The mean radius of the Earth.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// The digits of a geohash. Their order as text is their order as numbers.
const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
const BITS_PER_CHAR: usize = 5;
/// A place is at most 1.2 m wide and 0.6 m high. Stored places have this length: another needs a new index.
const PLACE_CHARS: usize = 10;
/// A small part of a place, in degrees. Where latitude 90 and longitude 180 are kept this far inside the
/// globe, they are in its last places; the crate would have them in its first, at -90 and -180.
const INSET: f64 = 1e-6;
/// In degrees, a fraction of a micrometre: kept as 0, as DynamoDB refuses numbers closer to 0 than 1e-130.
const NEXT_TO_NOTHING: f64 = 1e-12;
/// A circle is covered with this much around it: far more than any distance or border is rounded by.
const PAD_M: f64 = 0.01;
/// With more cells than this on the edge of the box, dividing them gains little.
const MAX_EDGE_CELLS: usize = 32;
/// A gap between two ranges is read as well if that adds at most one part in so many to what is read: another
/// query costs more. With 8, circles of up to 1,000 km take 4 queries on average, which read less than twice
/// what is in the box around the circle.
const SMALL_GAP: u64 = 8;

/// A point on the globe, in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Degrees")]
pub struct Point {
    latitude: f64,
    longitude: f64,
}

impl Point {
    /// A point from -90 to 90 degrees north and from -180 to 180 degrees east.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self> {
        // What is not a number is in no range.
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(Error::invalid("invalid_latitude", "latitude must be a number from -90 to 90"));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(Error::invalid("invalid_longitude", "longitude must be a number from -180 to 180"));
        }
        let kept = |degrees: f64| if degrees.abs() < NEXT_TO_NOTHING { 0.0 } else { degrees };
        Ok(Self { latitude: kept(latitude), longitude: kept(longitude) })
    }

    /// Degrees north.
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// The great-circle distance in metres, as if the Earth were a sphere: right to about half a per cent.
    pub fn distance_m(self, other: Self) -> f64 {
        let (here, there) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_turn = (other.longitude - self.longitude).to_radians() / 2.0;
        let shrunk = here.cos() * there.cos();
        // The haversines of the ways to the other point and to its antipode, which make 1 together. Taking
        // one from 1 instead would lose digits where it is small.
        let near = ((there - here) / 2.0).sin().powi(2) + shrunk * half_turn.sin().powi(2);
        let far = ((there + here) / 2.0).sin().powi(2) + shrunk * half_turn.cos().powi(2);
        2.0 * EARTH_RADIUS_M * near.sqrt().atan2(far.sqrt())
    }

    /// The partition of the index that the point is in, one of 32.
    pub fn cell(self) -> String {
        self.geohash(1)
    }

    /// By what the point is sorted within its partition.
    pub fn place(self) -> String {
        self.geohash(PLACE_CHARS)
    }

    fn geohash(self, chars: usize) -> String {
        let inside = Coord { x: self.longitude.min(180.0 - INSET), y: self.latitude.min(90.0 - INSET) };
        geohash::encode(inside, chars).expect("a point is on the globe")
    }
}

/// A [`Point`] as it is stored, before it is known to be on the globe.
#[derive(Deserialize)]
struct Degrees {
    latitude: f64,
    longitude: f64,
}

impl TryFrom<Degrees> for Point {
    type Error = Error;

    fn try_from(stored: Degrees) -> Result<Self> {
        Self::new(stored.latitude, stored.longitude)
    }
}

/// What to read of one partition: the places from `first` to `last`, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The partition, see [`Point::cell`].
    pub cell: String,
    /// The first place, see [`Point::place`].
    pub first: String,
    /// The last place.
    pub last: String,
}

/// At most [`MAX_RANGES`] ranges, sorted and apart, that hold every point within `radius_m` metres of
/// `centre`. Where the box around the circle is much wider in degrees than high, close to a pole, they hold
/// many times what is in it.
pub fn covering(centre: Point, radius_m: f64) -> Vec<Range> {
    let boxes = boxes(centre, radius_m);
    let mut cells = vec![Cell::GLOBE];
    for _ in 0..PLACE_CHARS {
        if cells.iter().filter(|cell| !cell.within).count() > MAX_EDGE_CELLS {
            break;
        }
        cells = cells.iter().flat_map(|cell| cell.divide(&boxes)).collect();
    }
    let mut runs: Vec<Run> = Vec::new();
    for next in cells.iter().map(Cell::run) {
        match runs.last_mut() {
            Some(run) if run.gap(&next) == Some(0) => run.last = next.last,
            _ => runs.push(next),
        }
    }
    close_gaps(&mut runs);
    runs.iter().map(Run::range).collect()
}

/// The box around a circle: two where it crosses the 180th meridian, all meridians where a pole is in it.
fn boxes(centre: Point, radius_m: f64) -> Vec<Rect<f64>> {
    let angle = (radius_m.max(0.0) + PAD_M) / EARTH_RADIUS_M;
    let (south, north) = (centre.latitude - angle.to_degrees(), centre.latitude + angle.to_degrees());
    let spans = if south <= -90.0 || north >= 90.0 {
        vec![(-180.0, 180.0)]
    } else {
        // The longitude of the meridians that touch the circle: asin(sin(angle) / cos(latitude)), written so
        // that it keeps its digits near 90 degrees.
        let cosines = south.to_radians().cos() * north.to_radians().cos();
        let reach = angle.sin().atan2(cosines.sqrt()).to_degrees();
        match (centre.longitude - reach, centre.longitude + reach) {
            (west, east) if west < -180.0 => vec![(west + 360.0, 180.0), (-180.0, east)],
            (west, east) if east > 180.0 => vec![(west, 180.0), (-180.0, east - 360.0)],
            span => vec![span],
        }
    };
    let (south, north) = (south.max(-90.0), north.min(90.0));
    spans.into_iter().map(|(west, east)| Rect::new((west, south), (east, north))).collect()
}

fn touches(one: &Rect<f64>, other: &Rect<f64>) -> bool {
    let meet = |low: Coord<f64>, high: Coord<f64>| low.x <= high.x && low.y <= high.y;
    meet(one.min(), other.max()) && meet(other.min(), one.max())
}

fn contains(outer: &Rect<f64>, inner: &Rect<f64>) -> bool {
    let (low, high) = (inner.min(), inner.max());
    outer.min().x <= low.x && outer.min().y <= low.y && high.x <= outer.max().x && high.y <= outer.max().y
}

/// The rectangle that a geohash of `chars` digits names. `code` is their value as a number.
#[derive(Clone, Copy)]
struct Cell {
    code: u64,
    chars: usize,
    /// Whether it is in the box wholly, so that dividing it gains nothing.
    within: bool,
}

impl Cell {
    const GLOBE: Self = Self { code: 0, chars: 0, within: false };

    /// Those of its 32 parts that are in the boxes at least in part, in order.
    fn divide(&self, boxes: &[Rect<f64>]) -> Vec<Self> {
        if self.within {
            return vec![*self];
        }
        let chars = self.chars + 1;
        let part = |digit| {
            let code = (self.code << BITS_PER_CHAR) | digit;
            let area = geohash::decode_bbox(&name(code, chars)).expect("a geohash");
            let within = boxes.iter().any(|around| contains(around, &area));
            boxes.iter().any(|around| touches(around, &area)).then_some(Self { code, chars, within })
        };
        (0..DIGITS.len() as u64).filter_map(part).collect()
    }

    fn run(&self) -> Run {
        let bits = BITS_PER_CHAR * (PLACE_CHARS - self.chars);
        Run { first: self.code << bits, last: ((self.code + 1) << bits) - 1 }
    }
}

/// The geohash of `chars` digits with this value.
fn name(code: u64, chars: usize) -> String {
    let digit = |at| DIGITS[(code >> (BITS_PER_CHAR * at)) as usize % DIGITS.len()];
    (0..chars).rev().map(|at| char::from(digit(at))).collect()
}

/// A [`Range`] in numbers.
struct Run {
    first: u64,
    last: u64,
}

impl Run {
    fn cell(&self) -> u64 {
        self.first >> (BITS_PER_CHAR * (PLACE_CHARS - 1))
    }

    /// How many places are between this one and a later one in the same partition.
    fn gap(&self, next: &Self) -> Option<u64> {
        (self.cell() == next.cell()).then(|| next.first - self.last - 1)
    }

    fn range(&self) -> Range {
        Range {
            cell: name(self.cell(), 1),
            first: name(self.first, PLACE_CHARS),
            last: name(self.last, PLACE_CHARS),
        }
    }
}

/// Joins neighbours in one partition, the closest first, until there are few enough and no gap is small.
fn close_gaps(runs: &mut Vec<Run>) {
    let mut read: u64 = runs.iter().map(|run| run.last - run.first + 1).sum();
    loop {
        let gaps = (1..runs.len()).filter_map(|at| Some((runs[at - 1].gap(&runs[at])?, at)));
        let Some((gap, at)) = gaps.min() else { return };
        if runs.len() <= MAX_RANGES && gap > read / SMALL_GAP {
            return;
        }
        read += gap;
        runs[at - 1].last = runs[at].last;
        runs.remove(at);
    }
}

#[cfg(test)]
mod tests;
