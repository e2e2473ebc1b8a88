//! A mail server and a text message gateway that keep what they are given: for the demo, where nothing may reach a real
//! customer, and for tests of the channels, where they misbehave on command.
//!
//! [`smtp`] and [`sms`] listen where they are told to, which should be loopback; both put what they catch into one
//! [`mailbox::Inbox`]. Nothing is delivered anywhere, and nothing is written to disk.

pub mod mailbox;
pub mod sms;
pub mod smtp;
