//! `canvass check`: all problems of a configuration.

use serde_json::json;

use super::args::{CheckOptions, Format};
use super::{Context, Exit, Failure};
use crate::channel::OutboundSms;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::config::settings::SmsTransport;
use crate::daemon::check;
use crate::domain::contact::Phone;

/// Prints every problem, and ends with 78 if there is one.
pub(super) fn check(options: &CheckOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (problems, n_tests) = match check::whole(&context.folder, &context.env, SystemClock.now()) {
        Ok(loaded) => {
            if options.probe_sms {
                probe(&loaded.config, context)?;
            }
            (Vec::new(), loaded.tests.len())
        }
        Err(problems) => (problems, 0),
    };
    match context.format {
        Format::Json => {
            writeln!(context.out, "{:#}", json!({ "problems": problems }))?;
        }
        Format::Table | Format::Csv => {
            for problem in &problems {
                writeln!(context.out, "{problem}")?;
            }
            let folder = context.folder.display();
            match problems.len() {
                0 => writeln!(context.err, "{folder}: no problems; {n_tests} tests hold")?,
                1 => writeln!(context.err, "{folder}: 1 problem")?,
                n => writeln!(context.err, "{folder}: {n} problems")?,
            }
        }
    }
    Ok(if problems.is_empty() { Exit::Ok } else { Exit::Config })
}

/// Prints what each gateway would be sent.
fn probe(config: &Config, context: &mut Context<'_>) -> Result<(), Failure> {
    let Some(SmsTransport::Gateways { gateways, .. }) = config.settings.sms.as_ref().map(|sms| &sms.transport) else {
        writeln!(context.err, "no SMS gateway is configured")?;
        return Ok(());
    };
    // A number of the range that Ofcom keeps free for stories.
    let to = Phone::parse("+44 7700 900123", None).map_err(|err| Failure::of(&err))?;
    for (name, gateway) in gateways {
        let sample = OutboundSms {
            n_segments: 1,
            to: to.clone(),
            text: "How was it? https://s.example/s/…".to_owned(),
            reference: "inv_…-1".to_owned(),
            status_url: format!("{}/hooks/sms/{name}/status/…", config.settings.public.url),
        };
        writeln!(context.out, "# {name}\n{}", gateway.preview(&sample))?;
    }
    Ok(())
}
