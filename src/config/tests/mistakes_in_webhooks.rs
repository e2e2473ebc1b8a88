//! Mistakes in `[email.webhooks]`.

use super::*;
use crate::config::settings::Webhook;
use crate::receipt::hook::Provider;

/// `[email.webhooks]` with these tables has these problems, of which the first line is line 8.
#[track_caller]
fn check_webhooks(tables: &str, expected: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|problem| format!("config/canvass.toml:{problem}")).collect();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    check("canvass.toml", &format!("{CANVASS}{tables}"), &expected);
}

#[test]
fn a_provider_is_known_and_so_are_its_keys() {
    check_webhooks(
        "[email.webhooks.sendgird]\n",
        &["8:17: email.webhooks.sendgird: `sendgird` is not a key of [email.webhooks], did you mean `sendgrid`? (its \
           keys: mailgun, postmark, sendgrid, ses)"],
    );
    check_webhooks(
        "[email.webhooks.mailgun]\n",
        &[
            "8:1: email.webhooks.mailgun.signing_key_file: `signing_key_file` is missing: name the file with the secret, or \
           hand it over as systemd credential `mailgun-signing-key`",
        ],
    );
    check_webhooks(
        "[email.webhooks.ses]\ntopic_arn = \"canvass\"\n",
        &["9:13: email.webhooks.ses.topic_arn: this names no topic; write it like \
           `arn:aws:sns:eu-central-1:123456789012:canvass`"],
    );
    check_webhooks(
        "[email.webhooks.postmark]\nuser = \"postmark\"\n",
        &[
            "8:1: email.webhooks.postmark.password_file: `password_file` is missing: name the file with the secret, or \
             hand it over as systemd credential `postmark-password`",
            "8:1: email.webhooks.postmark.username: `username` is missing",
            "9:1: email.webhooks.postmark.user: `user` is not a key of [email.webhooks.postmark], did you mean \
             `username`? (its keys: password_file, username)",
        ],
    );
}

#[test]
fn a_password_stands_in_a_file_or_a_credential() {
    let table = |lines: &str| format!("[email.webhooks.postmark]\nusername = \"postmark\"\n{lines}");
    check_webhooks(
        &table("password = \"hush\"\n"),
        &[
            "10:12: email.webhooks.postmark.password: a secret may not stand in the configuration: put it into a file of \
           its own and name that file with `password_file`, or hand it over as systemd credential `postmark-password`",
        ],
    );
    check_webhooks(
        &table("password_file = \"none\"\n"),
        &["10:17: email.webhooks.postmark.password_file: there is no file `config/none`"],
    );
    check_webhooks(
        &table("password_file = \"none\"\n").replace("\"postmark\"", "\"post:mark\""),
        &[
            "9:12: email.webhooks.postmark.username: the name of a user has no colon",
            "10:17: email.webhooks.postmark.password_file: there is no file `config/none`",
        ],
    );
    let in_file = Sample::sound().and("canvass.toml", &table("password_file = \"secret\"\n")).with("secret", "hush\n");
    let handed_over = Sample::sound()
        .and("canvass.toml", &table(""))
        .env("CREDENTIALS_DIRECTORY", "credentials")
        .with("credentials/postmark-password", "hush");
    for sample in [in_file, handed_over] {
        let webhooks = sample.settings().email.unwrap().webhooks;
        let Some(Webhook::Postmark { username, password }) = webhooks.get(&Provider::Postmark) else { panic!() };
        assert_eq!((username.as_str(), password.expose()), ("postmark", "hush"));
        assert!(!format!("{webhooks:?}").contains("hush"));
    }
}

#[test]
fn a_key_is_one_of_the_curve_that_is_signed_with() {
    let table = |key: &str| format!("[email.webhooks.sendgrid]\npublic_key = \"{key}\"\n");
    let place = "9:14: email.webhooks.sendgrid.public_key";
    let like = "copy the verification key as SendGrid shows it; it begins with `MFkwEwYHKoZIzj0CAQYI`";
    check_webhooks(&table("hush!"), &[&format!("{place}: this is not base 64; {like}")]);
    check_webhooks(&table("aHVzaA=="), &[&format!("{place}: this is no public key on P-256; {like}")]);
    // On P-384.
    let other = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE";
    check_webhooks(&table(other), &[&format!("{place}: this is no public key on P-256; {like}")]);
}
