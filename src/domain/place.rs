//! Places: branches and their touchpoints.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::contact::Email;
use super::holidays::Holidays;
use super::id::{BranchId, SurveyId, TouchpointId};
use super::journey::Channel;
use super::language::{Language, Text};
use super::send_window::{DaySet, OpeningHours};

/// A location or team.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Its id.
    pub id: BranchId,
    /// Its name, as customers know it.
    pub title: String,
    /// What its clocks show.
    pub time_zone: Tz,
    /// The language of what is printed for it.
    pub language: Language,
    /// ISO 3166 alpha-2 code of its country: how numbers in national form are read.
    pub country: Option<String>,
    /// When customers are there.
    pub open: OpeningHours,
    /// Who acts on a bad rating.
    pub staff: Option<Staff>,
    /// The gateway that its text messages go through, where it is not the default.
    pub sms_gateway: Option<String>,
    /// How many people it may ask on one day.
    pub per_day: DayCaps,
    /// The days of its weekend; never the whole week.
    pub weekend: DaySet,
    /// The days on which it rests.
    pub holidays: Holidays,
    /// Where feedback is taken.
    pub touchpoints: BTreeMap<TouchpointId, Touchpoint>,
}

/// How many first messages may leave for a branch on one of its days; no number is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCaps {
    /// On all channels together.
    pub all: Option<u32>,
    /// By mail.
    pub email: Option<u32>,
    /// By text message.
    pub sms: Option<u32>,
}

impl DayCaps {
    /// No limit at all.
    pub const NONE: Self = Self { all: None, email: None, sms: None };

    /// On this channel alone.
    pub fn on(self, channel: Channel) -> Option<u32> {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
        }
    }
}

/// The person in charge of a branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Staff {
    /// What to call them.
    pub name: String,
    /// Where to reach them.
    pub email: Email,
}

/// A place in a branch where customers can answer unasked.
#[derive(Clone, Debug, PartialEq)]
pub struct Touchpoint {
    /// Its id.
    pub id: TouchpointId,
    /// What staff call it: table 12.
    pub title: Text,
    /// How it is answered.
    pub surface: Surface,
    /// What it asks.
    pub survey: SurveyId,
}

/// A pull channel: nobody is invited, the customer comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Surface {
    /// A printed QR code.
    Card,
    /// A tablet that stands there.
    Kiosk,
    /// A link or a frame on a page.
    Web,
}

impl Surface {
    /// Every surface.
    pub const ALL: [Self; 3] = [Self::Card, Self::Kiosk, Self::Web];

    /// The word for it in TOML and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Kiosk => "kiosk",
            Self::Web => "web",
        }
    }
}
