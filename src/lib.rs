//! canvass asks customers how it went at each stage of their journey, and brings the answer to somebody who can act.
//!
//! # The way of the data
//!
//! ```text
//!  journeys, surveys, places (TOML)                     contacts, events (API, CSV, JSONL)   clock
//!            │ config: read, check, all problems at once            │                          │
//!            ▼                                                      ▼                          ▼
//!      checked Config ──────────────────────────────────►  plan: asked or not, when, how, WHY   (pure)
//!                                                                   │
//!                                                                   ▼
//!  store: one unit of work = one atomic, durable change ◄─── invitation (push)      card, kiosk, web (pull)
//!            │ due index                                                                     │
//!            ▼                                                                               │
//!  daemon::dispatcher: lease → gate again → render → channel → record the outcome            │
//!                                                                   ▼                        ▼
//!                                                            web: survey page, one tap, unsubscribe
//!                                                                   │
//!                                                                   ▼
//!                                         store ◄──────────────  response
//!                                           │
//!                                           ▼
//!                                report: rates → table, CSV, JSON, page
//! ```
//!
//! # The rooms
//!
//! From the bottom to the top; a room uses those below it and never one above (a test checks that):
//!
//! - [`domain`]: the nouns and how they change. [`plan`], [`score`], [`report`]: decisions and figures. [`receipt`]: what
//!   mails that come back say, and what providers post. All pure.
//! - [`config`]: what operations wrote. [`store`]: what is remembered. [`render`]: what customers read. [`channel`]: how
//!   messages leave. [`cards`]: what is printed. [`catcher`]: a mail server and an SMS gateway that keep what they get.
//! - [`daemon`]: what runs, and when. [`web`]: the doors for customers and for staff.
//! - [`demo`]: all of it on one machine, with guests who are made up.
//! - [`cli`]: the command line, a client of the admin door.
//!
//! # What must hold
//!
//! - **Invariant:** [`plan`] and [`report`] never sleep, read a clock or touch a store; time and chance are arguments.
//! - **Invariant:** an invitation is unique per contact, journey, stage and occasion: its [id](domain::id::InvitationId) is a
//!   keyed hash of the four, so asking twice is not forbidden but impossible.
//! - **Invariant:** a state changes only through one method of [`store::Store`], which returns after the flush.
//! - **Invariant:** only [`daemon::dispatcher`] calls [`channel::Transport::send`], and only while it holds a lease that
//!   [the gate](plan::gate) granted inside the same unit of work.
//! - **Invariant:** what nobody can know is called [unknown](domain::attempt::Outcome::Unknown), never guessed.
//! - **Invariant:** a pull surface (card, kiosk, link) is never on the due index: it has no [due time](domain::invitation::Due).
//! - **Invariant:** GET and HEAD change no answer, no consent and no ticket.
//! - **Invariant:** no secret, address, number, token or answer reaches a log line; their `Debug` hides them.

pub mod domain;
pub mod plan;
pub mod receipt;
pub mod report;
pub mod score;

pub mod cards;
pub mod catcher;
pub mod channel;
pub mod config;
pub mod render;
pub mod store;

pub mod daemon;
pub mod web;

pub mod demo;

pub mod cli;

pub mod chain;
pub mod clock;
pub mod entropy;
