//! The store port: what canvass remembers, and the only way to change it.
//!
//! Rules:
//! 1. Each method that changes something is one whole unit of work, passed as data: all of it happens, or nothing.
//! 2. It returns after the change is on disk. What it returned is there after a crash.
//! 3. Primary records, index entries and rollup counters move together. Only where a window is to end, an entry may say so
//!    of an invitation that has ended otherwise: it is a hint, which is looked at and forgotten.
//! 4. Units of work run one after the other; what one of them reads (a person's history, the suppression list) is
//!    current when it decides.
//! 5. The time is an argument. A lookup of what is not there is `Ok(None)`, not an error.
//!
//! [`work`] holds the units of work, written once over ordered keys; [`memory`] and [`sled`] carry them. `contract.rs`
//! is what every backend must pass.

pub mod dump;
pub mod health;
pub mod keys;
pub mod memory;
pub mod rehearsal;
pub mod sled;

mod backlog;
mod engine;
mod error;
mod migrate;
mod outlook;
mod reads;
mod record;
mod responses;
mod settlement;
mod shared;
mod sizes;
mod view;
mod walk;
mod work;

#[cfg(test)]
pub(crate) mod contract;
#[cfg(test)]
pub(crate) mod mortal;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::watch;

use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::contact::Contact;
use crate::domain::contact_change::{ContactChange, Upserted};
use crate::domain::hold::Hold;
use crate::domain::id::{ContactId, EventId, InvitationId, JourneyId, StageId};
use crate::domain::invitation::{Invitation, Lane, RetryPlan};
use crate::domain::journey::Channel;
use crate::domain::route::{Room, Route};
use crate::domain::scope::Scope;
use crate::domain::seal::Seal;
use crate::domain::suppression::Suppression;
use crate::domain::survey::{Survey, SurveyVersion};
use crate::plan::gate::GateRules;
use crate::plan::spend::Spent;
use crate::plan::{Facts, Plan, RecordedEvent};
use crate::report::tally::{Cell, SurfaceCell, SurfaceTally, Tally};

pub use backlog::{Backlog, ChannelBacklog, Counted};
pub use dump::Dump;
pub use error::StoreError;
pub use health::{Health, ReadOnlyReason};
pub use outlook::{Arrival, Known, LookUp, Outlook};
pub use reads::WaitingPage;
pub use rehearsal::{Rehearsal, Snapshot, Touched};
pub use responses::Responses;
pub use settlement::{DayGrant, Settlement};
pub use sizes::{Compacted, Raw, Sizes};
pub use work::answers::{Extent, InvitationAnswer, Recorded, Refusal, SurfaceAnswer, Way};
pub use work::interventions::{Intervened, Intervention, Wanted};
pub use work::migration::{Migrated, Migration};
pub use work::receipts::{Heard, Inquired, Learnt};
pub use work::suppressions::Suppressed;
pub use work::taps::TapRelease;
pub use work::texts::{About, Inbound, Languages, Meant, Understood};

/// What canvass remembers.
#[async_trait]
pub trait Store: Responses + Send + Sync {
    /// The keyed hash of this store.
    fn seal(&self) -> &Seal;

    /// Whether it takes changes, and every change of that.
    fn health(&self) -> watch::Receiver<Health>;
    /// Returns when all that can be read by now is on disk: what is read may be ahead of the flush. To be called before
    /// somebody is told that a change, found done, is done.
    async fn confirm(&self) -> Result<(), StoreError>;

    /// The contact of that id.
    async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, StoreError>;
    /// Contacts in the order of their ids, after `after`, at most `n_max`.
    async fn contacts_after(&self, after: Option<&ContactId>, n_max: usize) -> Result<Vec<Contact>, StoreError>;
    /// Creates or updates contacts. A recorded refusal is never overturned. With `dry_run` nothing changes.
    async fn put_contacts(&self, changes: Vec<ContactChange>, dry_run: bool) -> Result<Vec<Upserted>, StoreError>;

    /// What is known of a contact, and which of the addresses on record are suppressed.
    async fn facts(&self, contact: &ContactId) -> Result<Facts, StoreError>;
    /// The event of that id with the decisions that were taken on it.
    async fn event(&self, id: &EventId) -> Result<Option<RecordedEvent>, StoreError>;
    /// What is known of each arrival, in their order: of those that can be planned for now, as many as are wanted, and of
    /// those that were recorded before.
    async fn look_up(&self, request: LookUp) -> Result<Vec<Result<Outlook, StoreError>>, StoreError>;
    /// Stores each plan whole or not at all, whatever becomes of the others; applying one twice is a no-op. Gives for each,
    /// in their order, the event as it was recorded before, if it was. One fails with [`StoreError::Stale`] when its contact
    /// has changed since it was made.
    async fn apply_plans(&self, plans: Vec<Plan>)
    -> Result<Vec<Result<Option<RecordedEvent>, StoreError>>, StoreError>;

    /// Asks the gate about due invitations of a channel and claims those that may leave. Each lease ends by itself.
    async fn lease_due(&self, request: LeaseRequest) -> Result<Leased, StoreError>;
    /// Records what came of leased attempts and sets what follows. Gives, in their order, how the invitations stand then,
    /// or why an outcome cannot be recorded; the others are.
    async fn settle(&self, requests: Arc<[Settlement]>) -> Result<Vec<Result<Invitation, StoreError>>, StoreError>;
    /// Gives back every invitation under a lease that nobody was handed. Gives how many there were.
    async fn give_back(&self, request: GiveBack) -> Result<usize, StoreError>;
    /// Ends the leases that were to end by `before`: what their holders did is unknown. Gives how many.
    async fn expire_leases(&self, request: Expiry) -> Result<usize, StoreError>;
    /// Closes windows that ended, those that are on the due index together all at once, until `n_max` invitations were looked
    /// at. Gives how many were closed. [`next_due`](Self::next_due) tells whether there is more to do.
    async fn close_windows(&self, now: DateTime<Utc>, n_max: usize) -> Result<usize, StoreError>;
    /// What was spent by each of these gateways on a day, in their order; nothing of one without a limit.
    async fn spent(&self, day: NaiveDate, gateways: Vec<String>) -> Result<Vec<Spent>, StoreError>;
    /// When the first thing on a lane is due. A window may be looked at up to a second after its end, and at a time at which
    /// nothing is left to be done, where an answer has come before.
    async fn next_due(&self, lane: Lane) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// How many invitations stand on each lane, in the order of [`Lane::ALL`].
    async fn queue(&self) -> Result<[u64; 4], StoreError>;
    /// What there is to do, and what stands in the way. Looks at no more than `n_max` keys of each kind.
    async fn backlog(&self, now: DateTime<Utc>, n_max: usize) -> Result<Backlog, StoreError>;

    /// The invitation of that id.
    async fn invitation(&self, id: &InvitationId) -> Result<Option<Invitation>, StoreError>;
    /// Every invitation of a contact.
    async fn invitations_of(&self, contact: &ContactId) -> Result<Vec<Invitation>, StoreError>;
    /// Invitations in the order of their ids, after `after`, at most `n_max`.
    async fn invitations_after(&self, after: Option<InvitationId>, n_max: usize)
    -> Result<Vec<Invitation>, StoreError>;
    /// Invitations with an attempt whose outcome is or was unknown, after `after`, at most `n_max`.
    async fn unknown_after(&self, after: Option<InvitationId>, n_max: usize) -> Result<Vec<Invitation>, StoreError>;

    /// Does what an operator wants done by hand, and says of each invitation how it stands then or why it was left out.
    async fn intervene(&self, request: Intervention) -> Result<Vec<Intervened>, StoreError>;

    /// Plans running invitations anew of which nothing was sent yet, and says of each what became of it.
    async fn migrate_plans(&self, request: Migration) -> Result<Vec<Migrated>, StoreError>;

    /// Holds messages, from the next lease on. Gives the hold as it stands: there is one for each scope.
    async fn hold(&self, hold: Hold) -> Result<Hold, StoreError>;
    /// Lets go of these scopes. Gives the holds that there were on them.
    async fn release(&self, scopes: Vec<Scope>) -> Result<Vec<Hold>, StoreError>;
    /// Every hold.
    async fn holds(&self) -> Result<Vec<Hold>, StoreError>;
    /// Messages that wait to be sent, wherever they stand on the due index, after the place `after`; looks at `n_max`.
    async fn waiting_after(&self, after: Option<Vec<u8>>, n_max: usize) -> Result<WaitingPage, StoreError>;

    /// Keeps the content of surveys, by version.
    async fn keep_surveys(&self, surveys: Vec<Survey>) -> Result<(), StoreError>;
    /// The content of that version.
    async fn survey(&self, version: SurveyVersion) -> Result<Option<Survey>, StoreError>;
    /// A contact said no, or that the occasion never was: effective for messages already queued.
    async fn refuse(&self, refusal: Refusal) -> Result<(), StoreError>;
    /// The entry of the suppression list with this mark.
    async fn suppressed(&self, mark: [u8; 16]) -> Result<Option<Suppressed>, StoreError>;
    /// The suppression list in the order of its marks, after `after`, at most `n_max`.
    async fn suppressed_after(&self, after: Option<[u8; 16]>, n_max: usize) -> Result<Vec<Suppressed>, StoreError>;
    /// Puts addresses on the suppression list, each known by its mark. Gives how many were not there.
    async fn suppress(&self, entries: Vec<([u8; 16], Suppression)>) -> Result<usize, StoreError>;
    /// Takes an address off the suppression list. Gives the entry, if there was one.
    async fn unsuppress(&self, mark: [u8; 16]) -> Result<Option<Suppressed>, StoreError>;
    /// Takes in a message from a telephone: an answer, or the wish to hear no more. The same message again changes nothing.
    async fn hear_text(&self, inbound: Inbound) -> Result<Understood, StoreError>;
    /// Notes what came back about a message and sets what follows. The same receipts again, in any order, change nothing.
    async fn hear(&self, heard: Heard) -> Result<Learnt, StoreError>;
    /// Notes what a gateway says of a message of unknown outcome, and sets what follows. The same again changes nothing.
    async fn inquired(&self, inquired: Inquired) -> Result<Learnt, StoreError>;

    /// Stores new cards, all or none.
    async fn issue_cards(&self, cards: Vec<Card>) -> Result<(), StoreError>;
    /// The card with that code.
    async fn card(&self, code: CardCode) -> Result<Option<Card>, StoreError>;
    /// Cards in the order of their codes, after `after`, at most `n_max`.
    async fn cards_after(&self, after: Option<CardCode>, n_max: usize) -> Result<Vec<Card>, StoreError>;
    /// Puts a card out of use.
    async fn revoke_card(&self, code: CardCode, now: DateTime<Utc>) -> Result<Card, StoreError>;
    /// Counts that a person opened a surface.
    async fn count_session(&self, cell: SurfaceCell) -> Result<(), StoreError>;

    /// The counters of the cohorts from `from` to before `to`.
    async fn tallies(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<(Cell, Tally)>, StoreError>;
    /// The counters of surfaces from `from` to before `to`.
    async fn surface_tallies(
        &self,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(SurfaceCell, SurfaceTally)>, StoreError>;

    /// The last fire of a stage's clock that was worked through.
    async fn last_fire(&self, journey: &JourneyId, stage: &StageId) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// Notes that a fire was worked through.
    async fn finish_fire(&self, journey: JourneyId, stage: StageId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Begins a dump of everything, to be taken while the store goes on.
    async fn begin_dump(&self, now: DateTime<Utc>) -> Result<Dump, StoreError>;
    /// The next bytes of a dump; none after its end. They say what was there between two changes at its end.
    async fn next_of_dump(&self, dump: &mut Dump) -> Result<Option<Vec<u8>>, StoreError>;
    /// How much room the store takes, and what was in it when it was last counted.
    async fn sizes(&self) -> Result<Sizes, StoreError>;
    /// Counts what is in the store: reads all of it.
    async fn count(&self) -> Result<Sizes, StoreError>;
    /// Gives back the room that the store has no use for, while it goes on: copies it whole.
    async fn compact(&self) -> Result<Compacted, StoreError>;
    /// The store as it is now, however it changes from then on: to rehearse on.
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError>;

    /// Writes out and closes. Later calls fail with [`StoreError::Closed`].
    async fn close(&self) -> Result<(), StoreError>;
}

/// A request for work.
#[derive(Clone, Debug)]
pub struct LeaseRequest {
    /// Which channel's messages.
    pub channel: Channel,
    /// The time.
    pub now: DateTime<Utc>,
    /// Claim at most so many: never more than can be sent at once.
    pub n_max: usize,
    /// When the leases end by themselves.
    pub until: DateTime<Utc>,
    /// Names this request: the leases that it gives carry it.
    pub lease: u64,
    /// What the gate goes by.
    pub rules: Arc<GateRules>,
    /// How much is under way on each route.
    pub loads: Loads,
}

/// How much is under way on each route of a channel, and how much may be.
#[derive(Clone, Debug)]
pub struct Loads {
    /// The routes on which something is under way, or was not long ago.
    pub busy: BTreeMap<Room, Load>,
    /// How much may be under way on any other.
    pub limit: usize,
}

/// How much is under way on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Messages under way.
    pub n_under_way: usize,
    /// Messages that may be under way at once.
    pub limit: usize,
    /// Whether what is under way takes long, so that what waits for it is in the way of others.
    pub is_slow: bool,
}

/// What a request for work gave.
#[derive(Clone, Debug, Default)]
pub struct Leased {
    /// The claimed invitations.
    pub leases: Vec<Lease>,
    /// How many due invitations the gate put off or dropped instead, or moved out of the way of others.
    pub n_withheld: usize,
    /// How many due invitations were met that wait for something under way on their route.
    pub n_busy: usize,
    /// Whether something due waits for a message that is under way to come to an end, there or in a room.
    pub awaits_an_end: bool,
    /// When to ask again at the latest, as far as the due index and the routes tell; `None` when nothing is due.
    pub next_at: Option<DateTime<Utc>>,
    /// How many due invitations cannot be read, or something of their contact. They come again after an hour.
    pub n_unreadable: usize,
}

/// The right to send one message, for a time.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The invitation, in state [`Sending`](crate::domain::invitation::State::Sending).
    pub invitation: Invitation,
    /// Who is asked, as the gate saw them.
    pub contact: Contact,
    /// The mark of the address that the message goes to.
    pub to: Option<[u8; 16]>,
    /// The routes that the message takes.
    pub routes: Vec<Route>,
    /// Whether something is remembered of them that a success changes.
    pub is_remembered: bool,
    /// What it may take of the day's limit of its gateway, where there is one.
    pub grant: Option<DayGrant>,
    /// What [`Settlement`] must name.
    pub lease: u64,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
}

/// A lease whose request was refused, and may have been granted all the same.
#[derive(Clone, Copy, Debug)]
pub struct GiveBack {
    /// The lease that was asked for.
    pub lease: u64,
    /// The time.
    pub now: DateTime<Utc>,
    /// When to come again.
    pub retry: RetryPlan,
}

/// Which leases to end, and what follows.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// The time.
    pub now: DateTime<Utc>,
    /// Leases that were to end by then; everything, when the daemon starts.
    pub before: DateTime<Utc>,
    /// What follows for a mail.
    pub email: RetryPlan,
    /// What follows for a text message.
    pub sms: RetryPlan,
}
