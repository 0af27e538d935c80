//! Regions: where a node says it stands, where a job wants its work done, and how well the two fit.
//!
//! A region is a `u16`: area x 256 + place. Area 0 is unknown (of a node) or any (of a job), with numbers below 256 that a network may use
//! as it likes and that are near to nothing. Place 0 of an area is the area as a whole. The table is part of the protocol: names may be
//! added, never moved.
//!
//! | asked | offered | fit |
//! |---|---|---|
//! | nothing (0) | anything | 10,000 |
//! | a place | the same place | 10,000 |
//! | an area | any place of it | 10,000 |
//! | a place | elsewhere in its area, or the area as a whole | `near_bps` |
//! | otherwise | | 0, which the race clamps to `race_region_min_bps` |
//!
//! Spheron matches by region, RNP-004 asks for clusters by a mix of locations; neither publishes numbers, so the grades are this
//! project's. Nobody proves where a node stands: the fit is a preference among claims of operators, and no reward depends on it.

use core::fmt;

use crate::amount::WHOLE_BPS;

/// An area of the world and its places by number, from 1.
type Area = (&'static str, &'static [&'static str]);

/// Areas by number, from 1.
const AREAS: [Area; 7] = [
    ("north-america", &["canada-east", "canada-west", "us-east", "us-central", "us-west", "us-south", "mexico"]),
    ("south-america", &["brazil", "argentina", "chile", "colombia", "peru"]),
    (
        "europe",
        &[
            "germany",
            "france",
            "united-kingdom",
            "netherlands",
            "poland",
            "spain",
            "italy",
            "sweden",
            "finland",
            "norway",
            "switzerland",
            "austria",
            "czechia",
            "ireland",
            "portugal",
            "romania",
            "ukraine",
            "slovenia",
            "belgium",
            "denmark",
        ],
    ),
    ("africa", &["south-africa", "nigeria", "kenya", "egypt", "morocco"]),
    ("middle-east", &["israel", "united-arab-emirates", "saudi-arabia", "turkey", "qatar"]),
    (
        "asia",
        &[
            "japan",
            "south-korea",
            "taiwan",
            "hong-kong",
            "singapore",
            "india",
            "indonesia",
            "thailand",
            "vietnam",
            "malaysia",
            "philippines",
            "china",
            "kazakhstan",
        ],
    ),
    ("oceania", &["australia", "new-zealand"]),
];

/// How well a node in `offered` fits a job that asks for `asked`, in bps.
pub fn fit_bps(asked: u16, offered: u16, near_bps: u64) -> u64 {
    let [area, place] = asked.to_be_bytes();
    let [offered_area, _] = offered.to_be_bytes();
    if asked == 0 || asked == offered {
        WHOLE_BPS
    } else if area == 0 || area != offered_area {
        0
    } else if place == 0 {
        WHOLE_BPS
    } else {
        near_bps.min(WHOLE_BPS)
    }
}

/// The number of `any`, of an area like `europe`, or of a place like `europe/germany`; also a number below 65,536 as such.
pub fn parse(text: &str) -> Option<u16> {
    if text == "any" {
        return Some(0);
    }
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (area, place) = match text.split_once('/') {
        Some((area, place)) => (area, Some(place)),
        None => (text, None),
    };
    let (area, (_, places)) = (1_u8..).zip(AREAS.iter()).find(|(_, (name, _))| *name == area)?;
    let place = match place {
        None => 0,
        Some(place) => (1_u8..).zip(places.iter()).find(|(_, name)| **name == place)?.0,
    };
    Some(u16::from_be_bytes([area, place]))
}

/// Every region with a name: each area, followed by its places.
pub fn all() -> impl Iterator<Item = u16> {
    (1_u8..).zip(AREAS.iter()).flat_map(|(area, (_, places))| {
        let places = (1_u8..).zip(places.iter()).map(|(place, _)| place);
        core::iter::once(0).chain(places).map(move |place| u16::from_be_bytes([area, place]))
    })
}

/// A region in words, as [`parse`] reads them; its number where it has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named(pub u16);

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [area, place] = self.0.to_be_bytes();
        let named = |index: u8| usize::from(index).checked_sub(1);
        let Some((area, places)) = named(area).and_then(|index| AREAS.get(index)) else {
            return match self.0 {
                0 => formatter.write_str("any"),
                number => write!(formatter, "{number}"),
            };
        };
        match (place, named(place).and_then(|index| places.get(index))) {
            (0, _) => formatter.write_str(area),
            (_, Some(place)) => write!(formatter, "{area}/{place}"),
            _ => write!(formatter, "{}", self.0),
        }
    }
}
