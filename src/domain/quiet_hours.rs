//! The hours in which the people of a country are used to get messages, beyond what a stage says itself.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::country::Country;
use super::holidays::Holidays;
use super::journey::Channel;
use super::openings::{Opening, Times};
use super::send_window::SendWindow;

/// The hours of one country.
#[derive(Clone, Debug, PartialEq)]
pub struct NationalHours {
    /// When messages may be sent, by the recipient's clock.
    pub window: SendWindow,
    /// Days on which none is.
    pub holidays: Holidays,
}

/// The hours of a channel's messages, by country.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HoursByCountry {
    /// Of these countries.
    pub countries: BTreeMap<Country, NationalHours>,
    /// Of all others, and where the country is not known.
    pub other: Option<NationalHours>,
}

/// The hours of all messages, by country.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuietHours {
    /// Of mails.
    pub email: HoursByCountry,
    /// Of text messages.
    pub sms: HoursByCountry,
}

impl QuietHours {
    /// The hours of a channel's messages.
    pub fn on(&self, channel: Channel) -> &HoursByCountry {
        match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
        }
    }
}

impl HoursByCountry {
    /// Whether there are no hours at all, so that nobody needs to know a country.
    pub fn is_empty(&self) -> bool {
        self.countries.is_empty() && self.other.is_none()
    }

    /// The hours of messages to a country, if there are any.
    pub fn of(&self, country: Option<Country>) -> Option<&NationalHours> {
        country.and_then(|country| self.countries.get(&country)).or(self.other.as_ref())
    }
}

impl NationalHours {
    /// What must be open for somebody who is in one of these zones, nobody knows which: it must be in all of them.
    pub fn in_all(&self, zones: &[Tz]) -> impl Iterator<Item = Opening<'_>> {
        let in_zone = |&zone: &Tz| {
            [Times::Window(self.window), Times::NotOn(&self.holidays)].map(|times| Opening { zone, times })
        };
        zones.iter().flat_map(in_zone)
    }
}
