//! A configuration in force whose messages go nowhere: for rehearsals and simulations.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{FILE_GATEWAY, Live, LiveError, SmsRoutes};
use crate::channel::Transport;
use crate::channel::file::FILES_AT_ONCE;
use crate::config::Config;
use crate::config::settings::{EmailTransport, SmsTransport};
use crate::domain::invitation::AfterUnknown;

/// Makes what stands in for a transport: of its name, and the number of messages that it carries at once.
pub(in crate::daemon) type StandIn<'a> = &'a dyn Fn(&str, usize) -> Arc<dyn Transport>;

impl Live {
    /// This, with stand-ins for its transports.
    #[must_use]
    pub fn with_stand_ins(&self, stand_in: StandIn<'_>) -> Self {
        let stand_in = |transport: &Arc<dyn Transport>| stand_in(transport.name(), transport.connections());
        let email = self.email.as_ref().map(stand_in);
        let sms = self.sms.as_ref().map(|routes| SmsRoutes {
            default: routes.default.clone(),
            transports: routes.transports.iter().map(|(name, real)| (name.clone(), stand_in(real))).collect(),
            after_unknown: routes.after_unknown,
        });
        Self {
            config: unsigned(&self.config),
            rules: Arc::clone(&self.rules),
            templates: Arc::clone(&self.templates),
            surveys: self.surveys.clone(),
            email,
            sms,
            mailbox: None,
        }
    }

    /// Another configuration as it would be in force, with stand-ins for its transports: none of them is opened.
    pub fn of_stand_ins(mut config: Config, stand_in: StandIn<'_>) -> Result<Self, LiveError> {
        do_not_sign(&mut config);
        let email = config.settings.email.as_ref().map(|email| match &email.transport {
            EmailTransport::Smtp(smtp) => stand_in("smtp", smtp.connections),
            EmailTransport::File => stand_in("file", FILES_AT_ONCE),
        });
        let sms = config.settings.sms.as_ref().map(|sms| {
            let (default, transports) = match &sms.transport {
                SmsTransport::Gateways { default, gateways } => {
                    let named = |(name, gateway): (&String, &crate::channel::sms::Gateway)| {
                        (name.clone(), stand_in(name, gateway.connections()))
                    };
                    (default.clone(), gateways.iter().map(named).collect())
                }
                SmsTransport::File => (
                    FILE_GATEWAY.to_owned(),
                    BTreeMap::from([(FILE_GATEWAY.to_owned(), stand_in("file", FILES_AT_ONCE))]),
                ),
            };
            SmsRoutes { default, transports, after_unknown: AfterUnknown::Hold }
        });
        Self::through(config, email, sms)
    }

    /// A configuration in force with these transports in the place of those that it names: mail, and the gateways by name
    /// with the one that branches have which name none.
    #[cfg(test)]
    pub(crate) fn through_these(
        config: Config,
        email: Arc<dyn Transport>,
        (default, transports): (&str, BTreeMap<String, Arc<dyn Transport>>),
    ) -> Result<Self, LiveError> {
        let sms = SmsRoutes { default: default.to_owned(), transports, after_unknown: AfterUnknown::Hold };
        Self::through(config, Some(email), Some(sms))
    }
}

/// The configuration without keys to sign with: what goes nowhere is read by nobody who would check a signature, and a
/// rehearsal writes more messages than a day has.
fn unsigned(config: &Arc<Config>) -> Arc<Config> {
    let mut unsigned = Arc::clone(config);
    if config.settings.email.as_ref().is_some_and(|email| email.dkim.is_some()) {
        do_not_sign(Arc::make_mut(&mut unsigned));
    }
    unsigned
}

fn do_not_sign(config: &mut Config) {
    if let Some(email) = &mut config.settings.email {
        email.dkim = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::email::dkim::Signer;
    use crate::channel::file::FileTransport;
    use crate::config::shipped::SHIPPED;

    #[test]
    fn what_goes_nowhere_is_not_signed() {
        let at = "2026-03-01T12:00:00Z".parse().unwrap();
        let mut config = crate::config::load_from(&SHIPPED, &BTreeMap::new(), at).unwrap().config;
        let signer = Signer::new("sole.example".to_owned(), Vec::new());
        config.settings.email.as_mut().unwrap().dkim = Some(Arc::new(signer));
        let dir = tempfile::tempdir().unwrap();
        let outbox: Arc<dyn Transport> = Arc::new(FileTransport::open(dir.path().to_owned()).unwrap());
        let stand_in = |_: &str, _: usize| Arc::clone(&outbox);
        let real = Live::through(config.clone(), Some(stand_in("", 0)), None).unwrap();
        let is_signed = |live: &Live| live.config.settings.email.as_ref().unwrap().dkim.is_some();
        assert!(is_signed(&real));
        assert!(!is_signed(&real.with_stand_ins(&stand_in)));
        assert!(!is_signed(&Live::of_stand_ins(config, &stand_in).unwrap()));
        assert!(is_signed(&real), "the configuration in force is another one");
    }
}
