//! `canvass doctor`: whether all that canvass needs and does not have in its own hands is in order.
//!
//! It asks from the command line itself, as `check` does, and not through a daemon: it must say what is wrong also before
//! the first start and when none comes up, it reads the configuration as it stands now, and it opens no store. What it
//! sees of the network is what the machine sees, which is what the daemon sees too.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{DoctorOptions, Format};
use super::rows::{self, n_of};
use super::{Context, Exit, Failure};
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::daemon::doctor::{Dns, Finding, Verdict, examine};

/// The columns of a finding as CSV.
const COLUMNS: [&str; 5] = ["group", "check", "state", "found", "advice"];

/// Makes every check, and ends with 1 if there is a problem.
pub(super) async fn doctor(options: &DoctorOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let clock = SystemClock;
    let loaded = config::load(&context.folder, &context.env, clock.now()).map_err(|problems| {
        let message = format!("problems in the configuration: {}; `canvass check` tells them", problems.len());
        Failure::new(Exit::Config, message)
    })?;
    let names = Dns::open(options.resolver).map_err(|error| Failure::of(&error))?;
    let findings = examine(&loaded.config, &names, &clock).await;
    let n_problems = findings.iter().filter(|finding| finding.verdict == Verdict::Problem).count();
    match context.format {
        Format::Json => {
            let checks: Vec<_> = findings.iter().map(row).collect();
            writeln!(context.out, "{:#}", json!({ "checks": checks, "problems": n_problems }))?;
        }
        Format::Csv => {
            let rows: Vec<_> = findings.iter().map(row).collect();
            rows::write(context, (&COLUMNS, &rows), (|_| String::new(), ""))?;
        }
        Format::Table => {
            write!(context.out, "{}", page(&findings))?;
            let problems =
                if n_problems == 0 { "no problems".to_owned() } else { n_of(n_problems, "problem", "problems") };
            writeln!(context.err, "{}: {problems}", context.folder.display())?;
        }
    }
    Ok(if n_problems == 0 { Exit::Ok } else { Exit::Failed })
}

fn row(finding: &Finding) -> Value {
    json!({
        "group": finding.group,
        "check": finding.check,
        "state": finding.verdict.as_str(),
        "found": finding.found,
        "advice": finding.advice,
    })
}

/// What people read: a line for each check under the name of its group, and below it what to do.
fn page(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or_default();
    let (mut page, mut group) = (String::new(), "");
    for finding in findings {
        if finding.group != group {
            group = finding.group;
            page.push_str(group);
            page.push('\n');
        }
        let Finding { check, found, advice, .. } = finding;
        let line = format!("  {:<9}  {check:<width$}  {found}\n", finding.verdict.as_str());
        page.push_str(&line);
        if !advice.is_empty() {
            let indent = "  ".len() + 9 + "  ".len() + width + "  ".len();
            writeln!(page, "{:indent$}→ {advice}", "").expect("a string takes whatever is written");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_stand_under_their_groups_with_what_to_do_below() {
        let finding = |group, check: &str, verdict, advice: &str| Finding {
            group,
            check: check.to_owned(),
            verdict,
            found: format!("found by {check}"),
            advice: advice.to_owned(),
        };
        let page = page(&[
            finding("mail", "smtp", Verdict::Ok, ""),
            finding("mail", "dkim c2026r", Verdict::Problem, "publish it"),
            finding("machine", "disk", Verdict::NotAsked, ""),
        ]);
        let expected = "mail\n  ok         smtp         found by smtp\n  problem    dkim c2026r  found by dkim c2026r\n                          \
                        → publish it\nmachine\n  not asked  disk         found by disk\n";
        assert_eq!(page, expected);
    }
}
