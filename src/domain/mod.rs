//! The nouns: what canvass talks about, and how one noun may become another.
//!
//! Nothing here does I/O, awaits, reads a clock or draws a random number. Types are parsed once, at the edge, and are
//! valid from then on; what must not happen (a sent invitation that was never leased) has no representation.
//! None of them derives serde: what is stored and what goes over the wire have forms of their own, so that renaming a
//! field here can never change a stored byte or an interface.

pub mod country;
pub mod id;
pub mod language;
pub mod seal;

pub mod civil;
pub mod duration;
pub mod holidays;
pub mod openings;
pub mod price;
pub mod quiet_hours;
pub mod schedule;
pub mod send_window;

pub mod answer;
pub mod contact;
pub mod contact_change;
pub mod event;
pub mod journey;
pub mod place;
pub mod route;
pub mod survey;

pub mod attempt;
pub mod card;
pub mod card_code;
pub mod conversation;
pub mod hold;
pub mod invitation;
pub mod operator;
pub mod reason;
pub mod receipt;
pub mod response;
pub mod scope;
pub mod status_code;
pub mod suppression;
pub mod tap;
pub mod text_answer;
pub mod text_turn;
pub mod text_words;
