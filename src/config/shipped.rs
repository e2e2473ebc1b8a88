//! The configuration that comes with the program: what a first run and the demo start from.
//!
//! The files are those of `config/` in the source tree. A new one must be listed here; a test compares the two.

use super::InMemory;

/// The files of `config/`.
pub const SHIPPED: InMemory<'static> = InMemory { name: "config", files: &FILES };

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../config/", $path)))),*]
    };
}

const FILES: [(&str, &str); 10] = shipped![
    "canvass.toml",
    "places.toml",
    "surveys/booking.toml",
    "surveys/delivery.toml",
    "surveys/nps.toml",
    "surveys/table.toml",
    "surveys/visit.toml",
    "journeys/delivery.toml",
    "journeys/dine-in.toml",
    "journeys/regulars.toml",
];
