//! Declarations and messages for the tests of this module.

use super::gateway::{Gateway, GatewayProblem};
use crate::channel::OutboundSms;
use crate::config::settings::Secret;
use crate::domain::contact::Phone;

pub(super) const PASSWORD: &str = "pa ss&word=\"1\"";
pub(super) const ACCOUNT_SID: &str = "AC0123456789abcdef0123456789abcdef";
pub(super) const NUMBER: &str = "+4915112345678";
pub(super) const STATUS_URL: &str = "https://s.sole.example/hooks/sms/main/status?t=7kq2m9xw";

/// The gateway that a declaration declares; both secrets are [`PASSWORD`].
pub(super) fn read(toml: &str) -> Result<Gateway, Vec<GatewayProblem>> {
    Gateway::from_table("main", &toml.parse().unwrap(), &|_| Some(Secret::new(PASSWORD)))
}

/// The same, of a declaration without a problem.
#[track_caller]
pub(super) fn gateway(toml: &str) -> Gateway {
    read(toml).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// A text message that says so.
pub(super) fn message(text: &str) -> OutboundSms {
    OutboundSms {
        n_segments: 1,
        to: Phone::parse(NUMBER, None).unwrap(),
        text: text.to_owned(),
        reference: "inv_01J9Z3-1".to_owned(),
        status_url: STATUS_URL.to_owned(),
    }
}

/// A whole declaration that the tests change.
pub(super) const PLAIN: &str = r#"
    url = "https://sms.example/send"
    body = { form = { to = "{to}", text = "{text}" } }
    success = { status = [200] }
"#;

/// [`PLAIN`] with further lines before it.
pub(super) fn plain_with(lines: &str) -> String {
    format!("{lines}\n{PLAIN}")
}

/// The Twilio preset with everything that it needs.
pub(super) fn twilio(url: Option<&str>) -> Gateway {
    let url = url.map(|url| format!("url = \"{url}/2010-04-01/Accounts/{{account_sid}}/Messages.json\"\n"));
    let url = url.unwrap_or_default();
    gateway(&format!(
        "{url}preset = \"twilio\"\naccount_sid = \"{ACCOUNT_SID}\"\ntoken_file = \"t\"\nfrom = \"+4915799912345\""
    ))
}

/// The Kannel preset with everything that it needs.
pub(super) fn kannel(url: &str) -> Gateway {
    let login = "username = \"survey\"\npassword_file = \"p\"\nfrom = \"SOLE\"";
    gateway(&format!("preset = \"kannel\"\nurl = \"{url}/cgi-bin/sendsms\"\n{login}"))
}

/// A preset that wants a login of any kind, with everything that it needs.
pub(super) fn of_preset(preset: &str) -> Gateway {
    let login = match preset {
        "messagebird" => "token_file = 't'\nsigning_key_file = 's'",
        "plivo" => "username = 'MAXXXXXXXXXXXXXXXXXX'\ntoken_file = 't'",
        "vonage" => "username = 'a1b2c3d4'\npassword_file = 'p'",
        other => panic!("{other} has a function of its own"),
    };
    gateway(&format!("preset = '{preset}'\n{login}\nfrom = 'SOLE'"))
}
