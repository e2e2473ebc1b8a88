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
            config: Arc::clone(&self.config),
            rules: Arc::clone(&self.rules),
            templates: Arc::clone(&self.templates),
            surveys: self.surveys.clone(),
            email,
            sms,
        }
    }

    /// Another configuration as it would be in force, with stand-ins for its transports: none of them is opened.
    pub fn of_stand_ins(config: Config, stand_in: StandIn<'_>) -> Result<Self, LiveError> {
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
