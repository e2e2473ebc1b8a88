//! The keys that the design shows are a contract: files written after it load.

use super::*;
use crate::domain::journey::{Ask, Level, Trigger};

const DESIGN_CANVASS: &str = r#"# config/canvass.toml: every key has a default but [public] url and the sender of each channel in use
[daemon]
state_dir = "/var/lib/canvass"        # default: $STATE_DIRECTORY, else ./canvass-state
time_zone = "Europe/Berlin"           # where neither contact nor branch says otherwise

[store]
url = "sled"                          # in state_dir; later also "postgres://..."

[public]
listen = "127.0.0.1:8080"             # or the socket that systemd passes
url = "https://s.sole.example"        # what links begin with

[admin]
listen = "127.0.0.1:8081"
socket = "/run/canvass/canvass.sock"  # default: $RUNTIME_DIRECTORY, else in state_dir

[email]
transport = "smtp"                    # "smtp" | "file" (writes .eml to state_dir/outbox)
from = "Trattoria Sole <hello@sole.example>"
[email.smtp]
host = "127.0.0.1"
port = 25
tls = "none"                          # "implicit" | "starttls" (required, never downgraded) | "none" (loopback only)
username = "canvass"                  # with password_file or the credential smtp-password
connections = 16
rate = "50/s"                         # token bucket; per recipient domain in [email.domains."example.com"]

[sms]
gateway = "kannel"                    # the default; a branch may name another
[sms.gateways.kannel]
preset = "kannel"                     # "twilio" | "kannel" | … ; every key of the preset can be set or replaced
url = "http://127.0.0.1:13013/cgi-bin/sendsms"
username = "survey"
password_file = "kannel.password"
from = "SOLE"

[fatigue]
at_most = 1                           # invitations per person over all journeys and channels
per = "30d"
"#;

const DESIGN_PLACES: &str = r#"# config/places.toml
[branches.mitte]
title = "Sole Mitte"
time_zone = "Europe/Berlin"
open = { mon-fri = "11:00-23:00", sat-sun = "10:00-24:00" }
manager = { name = "Duty manager", email = "mitte@sole.example" }
[branches.mitte.touchpoints]
"table-01" = { title = "Table 1", surface = "card", survey = "table" }
"exit" = { title = "Exit kiosk", surface = "kiosk", survey = "smile" }
"#;

const DESIGN_SURVEY: &str = r#"# config/surveys/visit.toml
[survey]
id = "visit"
title = { en = "Your visit", de = "Ihr Besuch" }

[[question]]
id = "overall"
kind = "csat"                         # nps | csat | ces | smiley | stars | thumbs | choice | multi | matrix | text
scale = { from = 1, to = 5 }          # worst to best; csat: 5, 7 or 10 points; ces: see METRICS.md
key = true                            # the question that makes a response usable
text = { en = "How was your visit?", de = "Wie war Ihr Besuch?" }
ends = { en = ["Very bad", "Very good"], de = ["Sehr schlecht", "Sehr gut"] }

[[question]]
id = "why"
kind = "text"
ask_if = { question = "overall", at_most = 3 }
text = { en = "What went wrong?", de = "Was lief schief?" }
"#;

const DESIGN_JOURNEY: &str = r#"# config/journeys/dine-in.toml
[journey]
id = "dine-in"
title = "Dine-in guest"

[[stage]]
id = "visit"
title = "After the visit"
level = "interaction"
survey = "visit"
on = { event = "visit.completed", where = { covers = { min = 1 } } }
after = "2h"                                  # from the event's own time
send = { between = "10:00-20:00", days = "Mon-Sat" }   # in the contact's time zone, else the branch's
window = "14d"                                # answers count towards the rate until then
line_up = [
  { channel = "email" },
  { channel = "email", after = "3d", kind = "reminder" },
  { channel = "sms", after = "5d", when = "silent" },   # when = "undelivered" | "silent" | "either"
]
sample = 1.0
priority = 5

[[stage]]
id = "loyalty"
level = "relationship"
survey = "nps"
on = { cron = "0 0 9 * * Mon", time_zone = "Europe/Berlin", audience = { seen = "90d" }, spread = "90d" }
line_up = [{ channel = "email" }]
cap = { at_most = 1, per = "90d" }

[[stage]]
id = "table"
level = "interaction"
survey = "table"
surface = "card"

[[test]]                                      # `canvass check` runs these
name = "a late visit is asked the next morning"
event = { type = "visit.completed", at = "2026-03-06T22:30:00+01:00", contact = { email = "a@example.org" } }
expect = { stage = "visit", channel = "email", at = "2026-03-07T10:00:00+01:00" }
"#;

/// Another survey, with one question of this kind.
fn survey(id: &str, kind: &str) -> String {
    SURVEY.replace("\"visit\"", &format!("\"{id}\"")).replace("csat", kind)
}

#[test]
fn the_files_of_the_design_load() {
    let sample = Sample::sound()
        .with("canvass.toml", DESIGN_CANVASS)
        .with("places.toml", DESIGN_PLACES)
        .with("surveys/visit.toml", DESIGN_SURVEY)
        .with("surveys/table.toml", &survey("table", "smiley"))
        .with("surveys/smile.toml", &survey("smile", "smiley"))
        .with("surveys/nps.toml", &survey("nps", "nps"))
        .with("journeys/dine-in.toml", DESIGN_JOURNEY)
        .with("kannel.password", "hush")
        .env("CREDENTIALS_DIRECTORY", "/run/credentials")
        .with("/run/credentials/smtp-password", "hush");
    assert_eq!(sample.problems(), "none");
    let loaded = sample.load().unwrap();
    let stages = &loaded.config.journeys["dine-in"].stages;
    let levels: Vec<_> = stages.iter().map(|stage| (stage.id.as_str(), stage.level)).collect();
    let expected = [("visit", Level::Interaction), ("loyalty", Level::Relationship), ("table", Level::Interaction)];
    assert_eq!(levels, expected);
    let Ask::Push(push) = &stages[1].ask else { panic!("a stage that invites") };
    let Trigger::Cron(cron) = &push.trigger else { panic!("a clock") };
    assert_eq!((cron.seen_within, cron.spread), (Some(chrono::TimeDelta::days(90)), Some(chrono::TimeDelta::days(90))));
    assert_eq!(loaded.tests[0].event.kind, "visit.completed");
}
