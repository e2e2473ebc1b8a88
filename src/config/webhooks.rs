//! `[email.webhooks.NAME]`: the providers that post what became of messages, and how each shows that it does.

use std::collections::BTreeMap;

use crate::receipt::hook::Provider;
use crate::receipt::hook::sendgrid::VerificationKey;
use crate::receipt::hook::sns::TopicArn;

use super::reader::Reader;
use super::secrets::Names;
use super::settings::{Secret, Webhook};
use super::settings_file::Surroundings;
use super::values;

/// Reads the tables. One with something wrong in it is left out; it was reported.
pub(super) fn read(mut section: Reader<'_>, surroundings: &Surroundings<'_>) -> BTreeMap<Provider, Webhook> {
    let ses = section.table("ses").and_then(ses);
    let mailgun = section.table("mailgun").and_then(|table| mailgun(table, surroundings));
    let sendgrid = section.table("sendgrid").and_then(sendgrid);
    let postmark = section.table("postmark").and_then(|table| postmark(table, surroundings));
    section.finish("[email.webhooks]");
    let webhooks = [
        (Provider::Ses, ses),
        (Provider::Sendgrid, sendgrid),
        (Provider::Mailgun, mailgun),
        (Provider::Postmark, postmark),
    ];
    webhooks.into_iter().filter_map(|(provider, webhook)| Some((provider, webhook?))).collect()
}

fn ses(mut table: Reader<'_>) -> Option<Webhook> {
    let topic = table.required("topic_arn", values::parsed(TopicArn::parse));
    table.finish("[email.webhooks.ses]");
    topic.map(Webhook::Ses)
}

fn mailgun(mut table: Reader<'_>, surroundings: &Surroundings<'_>) -> Option<Webhook> {
    let names = Names { inline: "signing_key", file: "signing_key_file", credential: "mailgun-signing-key" };
    let key = secret(&mut table, names, surroundings);
    table.finish("[email.webhooks.mailgun]");
    key.map(Webhook::Mailgun)
}

fn sendgrid(mut table: Reader<'_>) -> Option<Webhook> {
    let key = table.required("public_key", values::parsed(VerificationKey::parse));
    table.finish("[email.webhooks.sendgrid]");
    key.map(Webhook::Sendgrid)
}

fn postmark(mut table: Reader<'_>, surroundings: &Surroundings<'_>) -> Option<Webhook> {
    // A colon ends it, where the two stand side by side (RFC 7617 §2).
    let username = table.required("username", |node| {
        let given = values::line(node)?;
        if given.contains(':') { Err("the name of a user has no colon".to_owned()) } else { Ok(given) }
    });
    let names = Names { inline: "password", file: "password_file", credential: "postmark-password" };
    let password = secret(&mut table, names, surroundings);
    table.finish("[email.webhooks.postmark]");
    Some(Webhook::Postmark { username: username?, password: password? })
}

/// A secret that has to be there.
pub(super) fn secret(table: &mut Reader<'_>, names: Names<'_>, surroundings: &Surroundings<'_>) -> Option<Secret> {
    let is_given = table.has(names.inline) || table.has(names.file);
    let found = surroundings.secrets().of(table, names);
    if found.is_none() && !is_given {
        let Names { file, credential, .. } = names;
        let message = format!(
            "`{file}` is missing: name the file with the secret, or hand it over as systemd credential `{credential}`"
        );
        return table.wrong(file, message);
    }
    found
}
