//! `[abuse]`: how many answers are believed from whom, where nobody was invited.

use std::net::IpAddr;

use chrono::TimeDelta;
use ipnet::IpNet;

use super::node::Node;
use super::reader::{Field, Reader};
use super::settings::AbuseRules;
use super::{breaker, values};

/// Most answers an hour that a limit may allow.
const PER_HOUR_MAX: u32 = 100_000;
/// Longest time for which a device is known again.
const DEVICE_MAX: TimeDelta = TimeDelta::days(30);

/// Reads the section. Keys that are left out are as usual.
pub(super) fn read(mut section: Reader<'_>) -> AbuseRules {
    const USUAL: AbuseRules = AbuseRules::USUAL;
    let number = |field: Field<'_, '_>| field.read(values::whole(1..=PER_HOUR_MAX));
    let per_network = breaker::or_off(&mut section, "per_network", USUAL.per_network, number);
    let per_code = breaker::or_off(&mut section, "per_code", USUAL.per_code, number);
    let length = |field: Field<'_, '_>| field.read(values::duration(TimeDelta::minutes(1)..=DEVICE_MAX));
    let once_per_device = breaker::or_off(&mut section, "once_per_device", USUAL.once_per_device, length);
    let opening_hours = section.or("opening_hours", USUAL.opening_hours, values::flag);
    section.finish("[abuse]");
    AbuseRules { per_network, per_code, once_per_device, opening_hours }
}

/// An address, or a network of them as in `10.0.0.0/8`.
pub(super) fn network(node: &Node) -> Result<IpNet, String> {
    let given = values::line(node)?;
    let address = |text: &str| text.parse::<IpAddr>().ok().map(IpNet::from);
    given.parse().ok().or_else(|| address(&given)).ok_or_else(|| {
        let given = super::node::shown(&given);
        format!("`{given}` is no address; write one such as `127.0.0.1`, or a network such as `10.0.0.0/8`")
    })
}
