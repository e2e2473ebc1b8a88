//! Look-ups. They run on a snapshot of nothing: each reads what is there, as far as it goes.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::view::{Pairs, Reading};
use super::work::leases::{self, Leases};
use super::work::{addresses, due};
use super::{StoreError, keys, record};
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::contact::Contact;
use crate::domain::hold::{HOLDS_MAX, Hold};
use crate::domain::id::{ContactId, EventId, InvitationId, ResponseId};
use crate::domain::invitation::{Invitation, Lane, State};
use crate::domain::journey::Channel;
use crate::domain::response::Response;
use crate::domain::seal::Seal;
use crate::domain::survey::{Survey, SurveyVersion};
use crate::domain::tap::Taps;
use crate::plan::gate::GateRules;
use crate::plan::{Facts, RecordedEvent};
use crate::report::tally::{Cell, SurfaceCell, SurfaceTally, Tally};

fn get<T>(
    db: &dyn Reading,
    key: &[u8],
    read: impl FnOnce(&[u8]) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    db.get(key)?.map(|value| read(&value)).transpose()
}

/// At most `n_max` records of `kind` after the key `after`.
fn page<T>(
    db: &dyn Reading,
    kind: u8,
    (after, n_max): (Option<Vec<u8>>, usize),
    read: impl Fn(&[u8]) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let pairs = page_of_keys(db, kind, after);
    pairs.take(n_max).map(|pair| pair.and_then(|(_, value)| read(&value))).collect()
}

pub(super) fn page_of_keys(db: &dyn Reading, kind: u8, after: Option<Vec<u8>>) -> Pairs<'_> {
    let from = match after {
        Some(mut key) => {
            key.push(0);
            key
        }
        None => vec![kind],
    };
    db.range(&from, &keys::after_prefix(&[kind]))
}

pub(super) fn contact(db: &dyn Reading, id: &ContactId) -> Result<Option<Contact>, StoreError> {
    get(db, &keys::contact(id), record::contact::read)
}

pub(super) fn contacts_after(
    db: &dyn Reading,
    after: Option<&ContactId>,
    n_max: usize,
) -> Result<Vec<Contact>, StoreError> {
    page(db, keys::kind::CONTACT, (after.map(keys::contact), n_max), record::contact::read)
}

pub(super) fn event(db: &dyn Reading, id: &EventId) -> Result<Option<RecordedEvent>, StoreError> {
    get(db, &keys::event(id), record::event::read)
}

pub(super) fn facts(db: &dyn Reading, seal: &Seal, id: &ContactId) -> Result<Facts, StoreError> {
    let (contact, history) = (contact(db, id)?, invitations_of(db, seal, id)?);
    let Some(known) = &contact else { return Ok(Facts { history, ..Facts::default() }) };
    let marks = marks(seal, known);
    let (suppressed, kin) = (suppressed(db, &marks)?, kin(db, seal, (id, &marks), &mut Leases::default())?);
    Ok(Facts { contact, history, kin, suppressed, ..Facts::default() })
}

/// What the gate has to know beside an invitation, of a contact who was looked up already: their other invitations only
/// where they count.
pub(super) fn facts_beside(
    db: &dyn Reading,
    seal: &Seal,
    (mine, rules): (&Invitation, &GateRules),
    (contact, marks, leases): (Option<Contact>, &Marks, &mut Leases),
) -> Result<Facts, StoreError> {
    let mut facts = Facts { suppressed: suppressed(db, marks)?, ..Facts::default() };
    if rules.count_asks(mine) {
        let own_key = keys::invitation(&mine.id);
        facts.history = invitations_but(db, (&mine.contact, mine.id.contact_half()), Some(&own_key), leases)?;
        facts.kin = kin(db, seal, (&mine.contact, marks), leases)?;
    }
    Ok(Facts { contact, ..facts })
}

/// What a contact's addresses are known by, with the channel of each.
pub(super) type Marks = Vec<(Channel, [u8; 16])>;

pub(super) fn marks(seal: &Seal, contact: &Contact) -> Marks {
    let mark = |channel| Some((channel, seal.address_mark(channel, contact.address(channel)?)));
    Channel::ALL.into_iter().filter_map(mark).collect()
}

/// The invitations of the other contacts that share an address with this one.
fn kin(
    db: &dyn Reading,
    seal: &Seal,
    (contact, marks): (&ContactId, &Marks),
    leases: &mut Leases,
) -> Result<Vec<Invitation>, StoreError> {
    let mut others = BTreeSet::new();
    for (_, mark) in marks {
        others.extend(addresses::holders(db, *mark)?);
    }
    others.remove(contact);
    invitations_of_all(db, seal, &others, leases)
}

/// The invitations of these contacts.
pub(super) fn invitations_of_all(
    db: &dyn Reading,
    seal: &Seal,
    contacts: &BTreeSet<ContactId>,
    leases: &mut Leases,
) -> Result<Vec<Invitation>, StoreError> {
    let mut found = Vec::new();
    for contact in contacts {
        found.extend(invitations_but(db, (contact, seal.contact_half(contact)), None, leases)?);
    }
    Ok(found)
}

/// The channels on which an address is suppressed.
fn suppressed(db: &dyn Reading, marks: &Marks) -> Result<Vec<Channel>, StoreError> {
    let mut suppressed = Vec::new();
    for (channel, mark) in marks {
        if is_suppressed(db, *mark)? {
            suppressed.push(*channel);
        }
    }
    Ok(suppressed)
}

/// Whether the address of this mark is suppressed.
pub(super) fn is_suppressed(db: &dyn Reading, mark: [u8; 16]) -> Result<bool, StoreError> {
    Ok(db.get(&keys::suppressed(mark))?.is_some())
}

pub(super) fn invitation(db: &dyn Reading, id: &InvitationId) -> Result<Option<Invitation>, StoreError> {
    let key = keys::invitation(id);
    let mut found = db.get(&key)?;
    loop {
        let Some(record) = found else { return Ok(None) };
        let seen = Leases::default().see(db, record::invitation::read(&record)?)?;
        if !matches!(seen.state, State::Waiting { .. }) {
            return Ok(Some(seen));
        }
        // Between the two looks its lease may have ended: then it is another one now.
        found = db.get(&key)?;
        if found.as_ref() == Some(&record) {
            return Ok(Some(seen));
        }
    }
}

/// The invitation without a lease that was granted on it.
pub(super) fn stored_invitation(db: &dyn Reading, id: &InvitationId) -> Result<Option<Invitation>, StoreError> {
    get(db, &keys::invitation(id), record::invitation::read)
}

pub(super) fn invitations_of(
    db: &dyn Reading,
    seal: &Seal,
    contact: &ContactId,
) -> Result<Vec<Invitation>, StoreError> {
    invitations_but(db, (contact, seal.contact_half(contact)), None, &mut Leases::default())
}

/// Every invitation of a contact, whose ids begin with this half, but the one under the key `but`.
fn invitations_but(
    db: &dyn Reading,
    (contact, half): (&ContactId, [u8; 8]),
    but: Option<&[u8]>,
    leases: &mut Leases,
) -> Result<Vec<Invitation>, StoreError> {
    let mut found = Vec::new();
    for pair in db.prefix(&keys::invitations_of(half)) {
        let (key, value) = pair?;
        if but == Some(&key[..]) {
            continue;
        }
        let stored = record::invitation::read(&value)?;
        // Two contacts may share a half of 64 bits; their ids tell them apart.
        if stored.contact == *contact {
            found.push(leases.see(db, stored)?);
        }
    }
    Ok(found)
}

pub(super) fn invitations_after(
    db: &dyn Reading,
    after: Option<InvitationId>,
    n_max: usize,
) -> Result<Vec<Invitation>, StoreError> {
    let after = after.map(|id| keys::invitation(&id));
    let stored = page(db, keys::kind::INVITATION, (after, n_max), record::invitation::read)?;
    let mut leases = Leases::default();
    stored.into_iter().map(|stored| leases.see(db, stored)).collect()
}

pub(super) fn unknown_after(
    db: &dyn Reading,
    after: Option<InvitationId>,
    n_max: usize,
) -> Result<Vec<Invitation>, StoreError> {
    let marks = page_of_keys(db, keys::kind::UNKNOWN, after.map(|id| keys::unknown(&id))).take(n_max);
    let ids: Vec<_> = marks
        .map(|pair| {
            let unreadable = || StoreError::Unreadable { kind: 'u', reason: "its key has a wrong length".to_owned() };
            keys::read_number(&pair?.0).map(InvitationId::from_bytes).ok_or_else(unreadable)
        })
        .collect::<Result<_, _>>()?;
    ids.iter().filter_map(|id| invitation(db, id).transpose()).collect()
}

pub(super) fn next_due(db: &dyn Reading, lane: Lane) -> Result<Option<DateTime<Utc>>, StoreError> {
    if lane == Lane::Leased {
        return Ok(leases::claims(db)?.iter().map(|(_, claim)| claim.until).min());
    }
    let prefix = keys::lane(lane);
    let (mut from, end, mut next) = (prefix.clone(), keys::after_prefix(&prefix), None);
    // Rank by rank: within one, what is due first comes first.
    while let Some((key, _)) = db.first(&from, &end)?
        && let Some(((at, _), rank)) = keys::read_due(&key).zip(keys::read_rank(&key))
    {
        next = [next, Some(at)].into_iter().flatten().min();
        from = keys::after_prefix(&keys::at_rank(&prefix, rank));
    }
    Ok(next)
}

pub(super) fn holds(db: &dyn Reading) -> Result<Vec<Hold>, StoreError> {
    page(db, keys::kind::HOLD, (None, HOLDS_MAX), record::hold::read)
}

/// A page of the messages that wait to be sent.
#[derive(Clone, Debug, Default)]
pub struct WaitingPage {
    /// The invitations, each waiting for its next message.
    pub waiting: Vec<Invitation>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Vec<u8>>,
}

pub(super) fn waiting_after(db: &dyn Reading, after: Option<Vec<u8>>, n_max: usize) -> Result<WaitingPage, StoreError> {
    let (first, end) = keys::messages();
    // A place outside the due index is not looked at.
    let from = after.map_or(first.clone(), |after| [after, vec![0]].concat()).max(first);
    let looked_at: Vec<_> = db.range(&from, &end).take(n_max).collect::<Result<_, _>>()?;
    let mut page = WaitingPage::default();
    for (key, _) in &looked_at {
        let Some((_, id)) = keys::read_due(key) else { continue };
        let Some(found) = invitation(db, &id)? else { continue };
        let own_key = due::key_of(&found);
        // An entry of a room may stand where the invitation is no longer.
        if own_key.is_some() && own_key == keys::on_its_lane(key) {
            page.waiting.push(found);
        }
    }
    page.next = if looked_at.len() < n_max { None } else { looked_at.into_iter().last().map(|(key, _)| key) };
    Ok(page)
}

pub(super) fn queue(db: &dyn Reading) -> Result<[u64; 4], StoreError> {
    Ok(get(db, keys::QUEUE, record::tally::read_queue)?.unwrap_or_default())
}

pub(super) fn survey(db: &dyn Reading, version: SurveyVersion) -> Result<Option<Survey>, StoreError> {
    get(db, &keys::survey(version), record::survey::read)
}

pub(super) fn response(db: &dyn Reading, id: &ResponseId) -> Result<Option<Response>, StoreError> {
    get(db, &keys::response(id), record::response::read)
}

pub(super) fn responses_after(
    db: &dyn Reading,
    after: Option<ResponseId>,
    n_max: usize,
) -> Result<Vec<Response>, StoreError> {
    page(db, keys::kind::RESPONSE, (after.map(|id| keys::response(&id)), n_max), record::response::read)
}

pub(super) fn taps(db: &dyn Reading, invitation: &InvitationId) -> Result<Option<Taps>, StoreError> {
    get(db, &keys::taps(invitation), record::taps::read)
}

pub(super) fn taps_after(db: &dyn Reading, after: Option<InvitationId>, n_max: usize) -> Result<Vec<Taps>, StoreError> {
    page(db, keys::kind::TAPS, (after.map(|id| keys::taps(&id)), n_max), record::taps::read)
}

pub(super) fn card(db: &dyn Reading, code: CardCode) -> Result<Option<Card>, StoreError> {
    get(db, &keys::card(code), record::card::read)
}

pub(super) fn cards_after(db: &dyn Reading, after: Option<CardCode>, n_max: usize) -> Result<Vec<Card>, StoreError> {
    page(db, keys::kind::CARD, (after.map(keys::card), n_max), record::card::read)
}

pub(super) fn tallies(db: &dyn Reading, from: NaiveDate, to: NaiveDate) -> Result<Vec<(Cell, Tally)>, StoreError> {
    let range = db.range(&keys::day(keys::kind::TALLY, from), &keys::day(keys::kind::TALLY, to));
    range
        .map(|pair| {
            let (key, value) = pair?;
            let unreadable = || StoreError::Unreadable { kind: 'r', reason: "its key names no cell".to_owned() };
            Ok((keys::read_tally(&key).ok_or_else(unreadable)?, record::tally::read(&value)?))
        })
        .collect()
}

pub(super) fn surface_tallies(
    db: &dyn Reading,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(SurfaceCell, SurfaceTally)>, StoreError> {
    let range = db.range(&keys::day(keys::kind::SURFACE, from), &keys::day(keys::kind::SURFACE, to));
    range
        .map(|pair| {
            let (key, value) = pair?;
            let unreadable = || StoreError::Unreadable { kind: 'q', reason: "its key names no cell".to_owned() };
            Ok((keys::read_surface(&key).ok_or_else(unreadable)?, record::tally::read_surface(&value)?))
        })
        .collect()
}

pub(super) fn last_fire(db: &dyn Reading, key: &[u8]) -> Result<Option<DateTime<Utc>>, StoreError> {
    get(db, key, |value| {
        let unreadable = || StoreError::Unreadable { kind: 'f', reason: "it is no time".to_owned() };
        let micros = value.try_into().map(i64::from_be_bytes).map_err(|_| unreadable())?;
        DateTime::from_timestamp_micros(micros).ok_or_else(unreadable)
    })
}
