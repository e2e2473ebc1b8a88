//! The product against the servers and readers of mail and SMS that are really used: Postfix, Dovecot, Kannel and others.
//!
//! A fake of ours only ever does what we believe a server does. Here each test starts the real programs of Debian on
//! loopback, in a folder of its own and on free ports, so that tests may run side by side and next to a real
//! installation; they end with the value that started them. `cargo test --test servers` runs these tests, a plain
//! `cargo test` does not: it must pass on a machine where the packages are missing.

#[cfg(test)]
mod wait;

#[cfg(test)]
mod port;

#[cfg(test)]
mod process;

#[cfg(test)]
mod http;

#[cfg(test)]
mod smtp;

#[cfg(test)]
mod postfix;

#[cfg(test)]
mod sink;

#[cfg(test)]
mod local;

#[cfg(test)]
mod relay;

#[cfg(test)]
mod gateway;

#[cfg(test)]
mod phone;

#[cfg(test)]
mod kannel;

#[cfg(test)]
mod product;

#[cfg(test)]
mod mail;

#[cfg(test)]
mod round_trip;

#[cfg(test)]
mod receipts;

#[cfg(test)]
mod replies;

#[cfg(test)]
mod bounces;

#[cfg(test)]
mod dovecot;

#[cfg(test)]
mod bounce_mailbox;

#[cfg(test)]
mod arrivals;

#[cfg(test)]
mod ordeal;

#[cfg(test)]
mod account;

#[cfg(test)]
mod mails;

#[cfg(test)]
mod crash;

#[cfg(test)]
mod backup;

#[cfg(test)]
mod small_disk;

#[cfg(test)]
mod full_disk;

#[cfg(test)]
mod printed_cards;

#[cfg(test)]
mod troubles;

#[cfg(test)]
mod haste;

#[cfg(test)]
mod three_fates;

#[cfg(test)]
mod outage;

#[cfg(test)]
mod inquiry;

#[cfg(test)]
mod encryption;

#[cfg(test)]
mod outbox;

#[cfg(test)]
mod dkim;

#[cfg(test)]
mod spam;

#[cfg(test)]
mod nsd;

#[cfg(test)]
mod doctor;

#[cfg(test)]
mod service;
