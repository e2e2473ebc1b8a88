//! What is measured, and how much of it.

use std::io::{self, Write};

use clap::{Parser, ValueEnum};

use crate::{
    intake, latency,
    mail::{self, Recipients, Relay},
    text,
};

/// How fast what is due leaves, beside the fastest clients there are
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Messages that are due when the daemon starts
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) messages: usize,
    /// Rounds, of which the medians are printed
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) rounds: usize,
    /// How long mails fall due one after the other
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) seconds: usize,
    /// Fail when a figure is worse than it must be
    #[arg(long)]
    pub(crate) strict: bool,
    /// What to measure; everything when left out
    #[arg(value_enum)]
    sections: Vec<Section>,
    /// Cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// Mails to one domain over 32 connections
    Mail,
    /// Mails to 500 domains over 32 connections
    Domains,
    /// Mails over one connection
    OneConnection,
    /// Mails into Postfix
    Postfix,
    /// Text messages over an HTTP gateway
    Text,
    /// From the due instant to the relay, at 100 mails a second
    Latency,
    /// Events from a file and over the API, and planning alone
    Intake,
}

impl Options {
    /// What was asked for, in this order.
    pub(crate) fn sections(&self) -> Vec<Section> {
        if self.sections.is_empty() { Section::value_variants().to_vec() } else { self.sections.clone() }
    }
}

impl Section {
    /// Measures it, prints it, and gives what is worse than it must be. Where messages leave slowly by nature there are
    /// fewer of them.
    pub(crate) fn run(self, options: &Options, out: &mut impl Write) -> io::Result<Vec<String>> {
        let Options { messages, rounds, .. } = *options;
        let mail = |relay, recipients, n_max: usize| mail::compare(relay, recipients, messages.min(n_max), rounds);
        let comparison = match self {
            Self::Mail => mail(Relay::Sink { connections: 32 }, Recipients::OneDomain, usize::MAX),
            Self::Domains => mail(Relay::Sink { connections: 32 }, Recipients::ManyDomains, usize::MAX),
            Self::OneConnection => mail(Relay::Sink { connections: 1 }, Recipients::OneDomain, 2_000),
            Self::Postfix => mail(Relay::Postfix, Recipients::OneDomain, 10_000),
            Self::Text => text::compare(messages, rounds),
            Self::Latency => return Ok(latency::run(options.seconds, out)?.into_iter().collect()),
            Self::Intake => return intake::run(messages, rounds, out).map(|()| Vec::new()),
        };
        comparison.write(out)?;
        Ok(comparison.misses())
    }
}
