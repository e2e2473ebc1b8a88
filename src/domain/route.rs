//! Routes: what messages share on their way out, and so what can be too fast, slow or dead for all of them at once.

use std::fmt;

use aws_lc_rs::digest;

use super::journey::Channel;

/// Something that messages share on their way out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// The account at the mail relay: every mail takes it.
    Account,
    /// The domain of a mail's recipient, in lower case.
    Domain(String),
    /// An SMS gateway, by its name.
    Gateway(String),
}

impl Route {
    /// Whose messages take it.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Account | Self::Domain(_) => Channel::Email,
            Self::Gateway(_) => Channel::Sms,
        }
    }

    /// Its room on the due index.
    pub fn room(&self) -> Room {
        match self {
            Self::Account => Room::of("account", ""),
            Self::Domain(name) => Room::of("domain", name),
            Self::Gateway(name) => Room::of("gateway", name),
        }
    }

    /// What to call it where a person reads it who knows the configuration. A recipient's domain can name a person, so
    /// it is left out.
    pub fn label(&self) -> String {
        match self {
            Self::Account => "the mail relay".to_owned(),
            Self::Domain(_) => "a recipient's domain".to_owned(),
            Self::Gateway(name) => format!("gateway {name}"),
        }
    }
}

/// A domain may be a person's own, so `Debug` leaves it out.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}

/// A room beside a lane of the due index: messages wait in it that could leave, were it not for something that concerns
/// them all. What waits in a room is in nobody's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Room([u8; Self::LEN]);

impl Room {
    /// Bytes of a room.
    pub const LEN: usize = 8;

    /// The room of this kind and name. The same for ever: it is part of stored keys.
    pub fn of(kind: &str, name: &str) -> Self {
        let digest = digest::digest(&digest::SHA256, format!("{kind}\0{name}").as_bytes());
        let mut room = [0; Self::LEN];
        room.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Self(room)
    }

    /// The room with these bytes.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_one_name_and_different_kinds_have_rooms_of_their_own() {
        let name = || "sole.example".to_owned();
        assert_ne!(Route::Domain(name()).room(), Route::Gateway(name()).room());
        assert_eq!(Route::Domain(name()).room(), Route::Domain(name()).room());
    }

    #[test]
    fn a_recipients_domain_is_not_shown() {
        let route = Route::Domain("ada-lovelace.example".to_owned());
        assert!(!format!("{route:?} {}", route.label()).contains("ada"));
    }
}
