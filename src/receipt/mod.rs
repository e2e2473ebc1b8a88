//! What comes back: reads the mails that tell what became of ours, and what providers post about them. Pure: bytes in, a
//! verdict out.
//!
//! **Invariant:** nothing here reads a clock, a store or a network, and nothing here decides what a verdict is good for.
//! Whoever asks opens the claims of a mail with the [seal](crate::domain::seal::Seal) of the store: a mail can claim to be
//! about any attempt, and only a name that this store gave away is believed.
//!
//! **Invariant:** a mail is somebody else's work, and may be broken, endless or malicious. Reading one takes a bounded time
//! and room, never panics, and ends in a verdict, be it that nobody can tell.

pub mod hook;
pub mod mail;
